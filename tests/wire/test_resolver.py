"""Names to addresses, with a resolver that flaps and hangs."""

import asyncio
import socket
import threading
from collections.abc import Callable

import pytest

from proxy.wire import resolver
from proxy.wire.resolver import NEGATIVE_TTL, STALE, TTL, AddressInfo, Resolver, look_up, numeric
from tests.wire.peer import LIMIT, Time, until


def info(address: str, port: int = 443) -> AddressInfo:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))


class Dns:
    """A name server whose answers can be changed, held back, and counted."""

    def __init__(self) -> None:
        self.answers: dict[str, list[AddressInfo] | OSError] = {"a": [info("192.0.2.1")]}
        self.asked: list[str] = []
        self.hanging: dict[str, threading.Event] = {}

    def __call__(self, host: str, port: int) -> list[AddressInfo]:
        self.asked.append(host)
        if host in self.hanging:
            assert self.hanging[host].wait(LIMIT)
        answer = self.answers.get(host, socket.gaierror(socket.EAI_NONAME, "unknown"))
        if isinstance(answer, OSError):
            raise answer
        return answer

    def hang(self, host: str) -> Callable[[], None]:
        event = self.hanging[host] = threading.Event()
        return event.set


def made(dns: Dns) -> tuple[Resolver, Time]:
    time = Time()
    return Resolver(time, dns), time


async def addresses(of: Resolver, host: str = "a") -> list[str]:
    async with asyncio.timeout(LIMIT):
        return [found[4][0] for found in await of.resolve(host, 443)]


async def test_an_answer_serves_for_its_time_and_then_a_new_one_does() -> None:
    dns = Dns()
    names, time = made(dns)
    assert await addresses(names) == ["192.0.2.1"]
    dns.answers["a"] = [info("192.0.2.2"), info("192.0.2.2")]
    time.at += TTL - 1
    assert await addresses(names) == ["192.0.2.1"]
    time.at += 1
    assert await addresses(names) == ["192.0.2.2"]
    assert dns.asked == ["a", "a"]


async def test_a_failure_serves_for_its_time() -> None:
    dns = Dns()
    names, time = made(dns)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await addresses(names, "none")
    assert dns.asked == ["none"]
    time.at += NEGATIVE_TTL
    dns.answers["none"] = [info("192.0.2.9")]
    assert await addresses(names, "none") == ["192.0.2.9"]


async def test_an_answer_of_nothing_is_a_failure() -> None:
    dns = Dns()
    dns.answers["a"] = []
    with pytest.raises(socket.gaierror):
        await addresses(made(dns)[0])


async def test_an_old_answer_serves_while_lookups_fail_but_not_for_ever() -> None:
    dns = Dns()
    names, time = made(dns)
    await addresses(names)
    dns.answers["a"] = socket.gaierror(socket.EAI_AGAIN, "flapping")
    for _ in range(3):
        time.at += TTL
        assert await addresses(names) == ["192.0.2.1"]
    assert len(dns.asked) == 4
    time.at += STALE
    with pytest.raises(socket.gaierror):
        await addresses(names)


async def test_many_ask_once() -> None:
    dns = Dns()
    release = dns.hang("a")
    names, _ = made(dns)
    asking = [asyncio.ensure_future(addresses(names)) for _ in range(20)]
    await asyncio.sleep(0)
    release()
    assert await asyncio.gather(*asking) == [["192.0.2.1"]] * 20
    assert dns.asked == ["a"]


async def test_a_lookup_that_hangs_holds_only_those_who_want_its_name() -> None:
    dns = Dns()
    releases = [dns.hang(f"slow{n}") for n in range(20)]
    names, _ = made(dns)
    slow = [asyncio.ensure_future(addresses(names, f"slow{n}")) for n in range(20)]
    await asyncio.sleep(0)
    assert await addresses(names) == ["192.0.2.1"]
    for release in releases:
        release()
    failures = await asyncio.gather(*slow, return_exceptions=True)
    assert all(isinstance(failure, socket.gaierror) for failure in failures)


async def test_who_waits_may_give_up_and_the_answer_still_comes_in() -> None:
    dns = Dns()
    release = dns.hang("a")
    names, _ = made(dns)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await names.resolve("a", 443)
    release()
    assert await addresses(names) == ["192.0.2.1"]
    assert dns.asked == ["a"]


async def test_an_old_answer_serves_while_a_lookup_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "STALE_AFTER", 0.01)
    dns = Dns()
    names, time = made(dns)
    await addresses(names)
    release = dns.hang("a")
    dns.answers["a"] = [info("192.0.2.2")]
    time.at += TTL
    assert await addresses(names) == ["192.0.2.1"]
    monkeypatch.setattr(resolver, "STALE_AFTER", LIMIT)
    assert await addresses(names) == ["192.0.2.1"]
    release()
    await until(lambda: names._entries["a", 443].flight is None)
    assert await addresses(names) == ["192.0.2.2"]


async def test_it_remembers_only_so_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "MOST_NAMES", 2)
    dns = Dns()
    dns.answers |= {"b": [info("192.0.2.3")], "c": [info("192.0.2.4")]}
    names, _ = made(dns)
    for host in ("a", "b", "c", "c", "a"):
        await addresses(names, host)
    assert dns.asked == ["a", "b", "c", "a"]


async def test_a_thread_that_cannot_start_is_an_error_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    names, _ = made(Dns())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(OSError, match="thread"):
            await addresses(names)
    assert await addresses(names) == ["192.0.2.1"]


def test_an_answer_that_comes_after_the_loop_is_harmless() -> None:
    dns = Dns()
    release = dns.hang("a")

    async def ask() -> None:
        names, _ = made(dns)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await names.resolve("a", 443)

    asyncio.run(ask())
    release()
    for thread in threading.enumerate():
        if thread.name == "resolve a":
            thread.join(LIMIT)


def test_an_address_that_is_written_asks_nobody() -> None:
    assert [found[4] for found in numeric("192.0.2.1", 80)] == [("192.0.2.1", 80)]
    assert [found[4][0] for found in numeric("2001:db8::1", 80)] == ["2001:db8::1"]


def test_the_system_knows_itself_and_not_everything() -> None:
    assert look_up("127.0.0.1", 80)[0][4] == ("127.0.0.1", 80)
    with pytest.raises(socket.gaierror):
        look_up("a" * 70 + ".example", 80)
