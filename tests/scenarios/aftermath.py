"""What is left when nobody asks any more, and what Faultline shows of it all."""

import asyncio
import os
from contextlib import suppress
from typing import Any

import aiohttp

from proxy.policy.breaker import State
from tests.scenarios.world import World

QUIET_WITHIN = 2.0
"""Seconds after which nothing of a load may be left (I-8)."""


async def leftovers(world: World) -> list[str]:
    """Wait until a load is over, as long as that may take, and return what is still there."""
    try:
        await world.until(lambda: not _held(world), QUIET_WITHIN)
    except TimeoutError:
        return _held(world)
    return []


def _held(world: World) -> list[str]:
    """Return what Faultline still holds although nobody asks any more."""
    faultline = world.faultline
    held = {
        "exchanges in flight": faultline.edge.in_flight,
        "connections in use": faultline.transport.open - faultline.transport.idle,
        "bytes in the spool": faultline.edge._spool.used,
    }
    health = faultline.standing._health
    for name, member in health.members.items():
        held[f"attempts at {name}"] = member.in_flight
        held[f"waiting for {name}"] = member.waiting + member.queued
        for breaker in health.all_breakers(member):
            held[f"running in a breaker of {name}"] = breaker.running
            held[f"leases of {name}"] = int(breaker.state is State.PROBING)
    return [f"{count} {what}" for what, count in held.items() if count]


async def surfaces(world: World) -> dict[str, bytes]:
    """Return all that the console shows."""
    runner = world.faultline.console._runner
    assert runner is not None
    paths = [resource.canonical for resource in runner.app.router.resources()]
    shown = {}
    async with aiohttp.ClientSession() as session:
        for path in paths:
            if "{" in path:
                continue
            async with session.get(world.faultline.console_url + path) as answer:
                shown[path] = await _beginning(answer)
    return shown


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """Read a page, or what a page that never ends says in a second."""
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            while part := await answer.content.readany():
                said += part
    return said


def resources() -> tuple[set[str], set[asyncio.Task[Any]]]:
    """Return what this process has open, and what runs."""
    files = set()
    for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208 - a number is all that is wanted
        try:
            file = os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115
        except OSError:
            continue
        if file != "/dev/null":  # libuv keeps one open, for when there are no more
            files.add(f"{fd} {file}")
    return files, asyncio.all_tasks()


async def gone(before: tuple[set[str], set[asyncio.Task[Any]]]) -> list[str]:
    """Wait until all that was not there before is gone; return what is not."""
    loop = asyncio.get_running_loop()
    late = loop.time() + QUIET_WITHIN
    while True:
        files, tasks = resources()
        rest = [f"a file: {file}" for file in files - before[0]]
        rest += [f"a task: {task!r}" for task in tasks - before[1]]
        if not rest or loop.time() > late:
            return rest
        await asyncio.sleep(0.01)
