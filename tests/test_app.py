"""The composition root: what it builds, starts, reloads and leaves behind."""

import asyncio
import logging
import os
import resource
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy import sim
from proxy.app import DESCRIPTORS, Faultline, LoopClock, harden, stamps
from proxy.model import Instant
from proxy.report.traffic import Side
from proxy.settings.load import Loaded, load, loads
from proxy.settings.problem import SettingsError
from tests.e2e.process import get, post

TABLE = """\
version: 1
listen: "127.0.0.1:0"
console: "127.0.0.1:0"
backends:
  p: {{provider: openai-compatible, url: "{url}/v1", key: none}}
routes:
  - name: {name}
    tiers: [p]
"""
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def loading(text: str) -> Callable[[], Loaded]:
    return lambda: loads(text, name="test.yaml", env={}, base=Path())


def belongings() -> tuple[set[asyncio.Task[object]], int]:
    """Return the tasks that live and how many descriptors are open."""
    return set(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir()))


async def shows(served: Faultline, line: str) -> None:
    """Wait until the metrics, which are a moment old, show a line."""
    async with asyncio.timeout(5):
        while line not in (await get(f"{served.console_url}/metrics"))[1]:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.05)


async def test_it_serves_and_leaves_no_task_and_no_descriptor_behind() -> None:
    async with sim.Provider("p") as p:
        before = belongings()
        served = Faultline(loading(TABLE.format(url=p.url, name="all")))
        await served.start()
        assert (await post(f"{served.url}/v1/chat/completions", CHAT))[0] == 200
        status, page = await get(f"{served.console_url}/")
        assert status == 200
        assert "p" in page
        assert all(served.checks().values())
        await served.close()
        assert not served.checks()["not draining"]
        await p.until(lambda: p.live == 0)
        async with asyncio.timeout(5):
            while belongings() != before:  # noqa: ASYNC110 - bounded, and nothing tells
                await asyncio.sleep(0.01)


async def test_a_bad_table_keeps_the_old_one_and_is_told() -> None:
    async with sim.Provider("p") as p:
        tables = [TABLE.format(url=p.url, name="first")]
        served = Faultline(lambda: loads(tables[-1], name="test.yaml", env={}, base=Path()))
        await served.start()
        tables.append("nonsense: true\n" + tables[0])
        error = served.reload()
        assert isinstance(error, SettingsError)
        assert served.fleet.routes[0].name == "first"
        await shows(served, "faultline_settings_reload_success 0.0")
        tables.append(TABLE.format(url=p.url, name="second"))
        assert served.reload() is None
        assert served.fleet.routes[0].name == "second"
        await shows(served, "faultline_settings_reload_success 1.0")
        await served.close()


async def test_what_was_counted_outlives_the_process(tmp_path: Path) -> None:
    async with sim.Provider("p") as p:
        text = TABLE.format(url=p.url, name="all") + "incidents: {store: i.db}\n"
        for run in (1, 2):
            served = Faultline(lambda: loads(text, name="test.yaml", env={}, base=tmp_path))
            await served.start()
            assert (await post(f"{served.url}/v1/chat/completions", CHAT))[0] == 200
            await served.close()
            assert served.news.traffic.total(3600, [(Side.APPS, "all")]).good == run
            assert served.outside.dropped == 0


async def test_a_folder_that_goes_and_comes_back_is_watched_again(tmp_path: Path) -> None:
    text = TABLE.format(url="http://127.0.0.1:1", name="all")
    table = tmp_path / "etc" / "table.yaml"
    table.parent.mkdir()
    table.write_text(text)
    served = Faultline(lambda: load(table, {}))
    await served.start()
    stop = asyncio.Event()
    watching = asyncio.create_task(served.watch(stop))
    await asyncio.sleep(0)  # it begins
    try:
        shutil.rmtree(table.parent)
        await shows(served, "faultline_settings_reload_success 0.0")
        assert not watching.done()
        table.parent.mkdir()
        table.write_text(text)
        await shows(served, "faultline_settings_reload_success 1.0")
    finally:
        stop.set()
        await watching
        await served.close()


async def test_a_missing_file_that_comes_after_its_table_was_refused_mends_it(
    tmp_path: Path,
) -> None:
    text = TABLE.format(url="http://127.0.0.1:1", name="all")
    assert "key: none" in text
    table, secret = tmp_path / "table.yaml", tmp_path / "secrets" / "key"
    table.write_text(text)
    secret.parent.mkdir()
    served = Faultline(lambda: load(table, {}))
    await served.start()
    stop = asyncio.Event()
    watching = asyncio.create_task(served.watch(stop))
    await asyncio.sleep(0)  # it begins
    try:
        table.write_text(text.replace("key: none", "key: {file: secrets/key}"))
        await shows(served, "faultline_settings_reload_success 0.0")
        secret.write_text("sk-late")
        await shows(served, "faultline_settings_reload_success 1.0")
        assert "sk-late" not in repr(served.fleet)
    finally:
        stop.set()
        await watching
        await served.close()


async def test_health_survives_a_reload() -> None:
    async with sim.Provider("p") as p:
        p.plan(sim.status(503))
        served = Faultline(loading(TABLE.format(url=p.url, name="all")))
        await served.start()
        for _ in range(6):
            assert (await post(f"{served.url}/v1/chat/completions", CHAT))[0] == 503
        states = [row.state for row in served.standing.view(served.clock.now())]
        assert served.reload() is None
        assert [row.state for row in served.standing.view(served.clock.now())] == states
        assert "ejected" in states
        await served.close()


async def test_what_libraries_log_goes_to_the_journal(tmp_path: Path) -> None:
    async with sim.Provider("p") as p:
        fd = os.open(tmp_path / "journal", os.O_WRONLY | os.O_CREAT)
        served = Faultline(loading(TABLE.format(url=p.url, name="all")), journal=fd)
        handlers = logging.getLogger().handlers[:]
        try:
            await served.start()
            logging.getLogger("library").warning("something %s", "odd")
            await served.close()
        finally:
            logging.getLogger().handlers[:] = handlers
            os.close(fd)
    text = (tmp_path / "journal").read_text()
    assert '"something odd"' in text
    assert '"stopped"' in text


async def test_the_clock_is_the_loops() -> None:
    clock = LoopClock()
    rung = asyncio.Event()
    clock.call_at(Instant(clock.now() + 0.001), rung.set)
    async with asyncio.timeout(1):
        await rung.wait()


def test_the_process_writes_no_core_and_may_open_many_files() -> None:
    limits = (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)
    before = [resource.getrlimit(limit) for limit in limits]
    try:
        harden()
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft == (DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard))
    finally:
        for limit, value in zip(limits, before, strict=True):
            resource.setrlimit(limit, value)


async def test_an_address_that_is_taken_is_an_os_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f'"127.0.0.1:{taken.getsockname()[1]}"'
        table = TABLE.format(url="http://127.0.0.1:9", name="all")
        served = Faultline(loading(table.replace('"127.0.0.1:0"', address, 1)))
        with pytest.raises(OSError, match="in use"):
            await served.start()
        await served.close()


def test_a_file_has_another_stamp_when_it_is_written_replaced_or_gone(tmp_path: Path) -> None:
    table, link = tmp_path / "1.yaml", tmp_path / "table.yaml"
    table.write_text("one")
    link.symlink_to(table)
    files = [str(link)]
    seen = [stamps(files)]
    table.write_text("first")
    seen.append(stamps(files))
    (tmp_path / "2.yaml").write_text("other")
    link.unlink()
    seen.append(stamps(files))
    link.symlink_to(tmp_path / "2.yaml")  # as Kubernetes does
    seen.append(stamps(files))
    assert len(set(map(tuple, seen))) == len(seen)
    (tmp_path / "journal").write_text("a line")
    assert stamps(files) == seen[-1]
