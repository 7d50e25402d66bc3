"""A. Connecting, resolving, TLS: what goes wrong before a byte of the request has gone."""

import asyncio
import os
import resource
import socket
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from proxy import sim
from proxy.model import Cause, Change, Sent
from tests.scenarios.crossing import End
from tests.scenarios.pace import Pace
from tests.scenarios.places import Hole, unknown
from tests.scenarios.scenario import scenario
from tests.scenarios.witness import Witness
from tests.scenarios.world import World

P_BY_NAME: dict[str, Any] = {
    "url": {"p": "http://p.test:{port}/v1"},
    "backends": {"p": "private: true"},
    "names": {"p.test": ["127.0.0.1"]},
}


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Have this process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(fd) for fd in os.listdir("/proc/self/fd"))  # noqa: PTH208 - numbers
    fillers = [os.dup(0)]
    while fillers[-1] < highest:
        fillers.append(os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (fillers[-1] + 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in fillers:
            os.close(filler)


@contextmanager
def under_tls(provider: Witness) -> Iterator[socket.socket]:
    """Give the socket of a provider's one connection, past what encrypts."""
    (connection,) = provider._connections
    with socket.socket(fileno=os.dup(connection._writer.get_extra_info("socket").fileno())) as sock:
        yield sock


def causes(world: World, backend: str) -> set[Cause]:
    return {r.verdict.cause for _, r in world.told.attempts if r.backend == backend}


@scenario()
async def test_A1_a_closed_port_costs_five_attempts_and_no_time(world: World) -> None:
    good = await world.load(20, at_once=1)
    usual = statistics.median(call.took for call in good)
    world.p.plan(sim.refuse())
    await asyncio.sleep(31)  # so that no connection waits
    calls = [await world.ask() for _ in range(50)]
    assert all(call.complete and call.backend == "s" for call in calls)
    assert statistics.median(call.took for call in calls[:5]) - usual <= 0.02
    tried = [record for _, record in world.told.attempts if record.backend == "p"][20:]
    assert len(tried) == 5
    assert {record.sent for record in tried} == {Sent.NOT_SENT}
    assert len(world.changes(Change.EJECTED, "p")) == 1
    await asyncio.sleep(4)
    await world.load(50, at_once=5)
    after = [record for _, record in world.told.attempts if record.backend == "p"][25:]
    assert [record.probe for record in after] == [True]


@scenario(holes=("p",))
async def test_A2_a_black_hole_costs_the_connect_limit_until_it_is_out(world: World) -> None:
    calls = [await world.ask() for _ in range(10)]
    assert all(call.complete and call.backend == "s" for call in calls)
    assert [round(call.took) for call in calls] == [3, 3, *[0] * 8]
    assert statistics.median(call.took for call in calls[2:]) <= 0.01


@scenario(url={"p": "https://127.0.0.1:{port}/v1"})
async def test_A3_a_port_that_never_answers_tls_costs_the_tls_limit(world: World) -> None:
    world.p.plan(sim.silent(sim.Moment.CONNECT))
    calls = [await world.ask() for _ in range(3)]
    assert all(call.complete and call.backend == "s" for call in calls)
    assert [round(call.took) for call in calls] == [5, 5, 0]
    assert causes(world, "p") <= {Cause.TLS, Cause.TIMEOUT}
    await world.until(lambda: world.p.live == 0, 1.0)


@pytest.mark.parametrize(
    "tls", [{"p": "expired"}, {"p": "another host's"}, {"p": "an unknown authority's"}], ids=repr
)
@scenario()
async def test_A4_a_wrong_certificate_gets_no_byte_of_a_key(
    world: World, tls: dict[str, str]
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the provider's own alarm
    call = await world.ask()
    assert call.complete
    assert call.backend == "s"
    assert world.p.log == []
    ((_, tried), *_) = world.told.attempts
    assert tried.sent is Sent.NOT_SENT
    assert len(world.told.attempts) == 2
    assert tried.verdict.cause in {Cause.TLS, Cause.LOCAL_PROXY}
    assert "certificate" in tried.verdict.evidence
    await world.load(40, at_once=1)
    assert len([r for _, r in world.told.attempts if r.backend == "p"]) <= 5


@scenario(tls={"p": "good"}, tiers="[[p]]")
async def test_A5_tls_that_ends_without_a_word_is_a_cut(world: World) -> None:
    until_eof = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
    world.p.plan(sim.raw(until_eof + b'{"choices":[', "until eof"))
    client = await world.connect()
    call = world.send(client, world.chat())
    await world.seen(world.p)
    await asyncio.sleep(0.1)
    with under_tls(world.p) as sock:
        sock.shutdown(socket.SHUT_WR)
    await client.answer(call)
    assert call.status == 503
    assert causes(world, "p") & {Cause.ORIGIN, Cause.TCP, Cause.TLS, Cause.PROTOCOL}


@scenario(tls={"p": "good"}, limits="stall: 10s")
async def test_A6_junk_in_tls_cuts_the_stream_at_once(world: World) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    world.p.plan(sim.stall_after(3))
    client = await world.connect()
    call = world.send(client, world.chat(stream=True))
    await world.until(lambda: call.first_at is not None)
    with under_tls(world.p) as sock:
        sock.send(b"\x17\x03\x03\x00\x20" + b"j" * 32)
    await client.answer(call)
    assert call.end is End.CUT
    assert call.took < 1
    assert b"Faultline" in call.answer


@scenario(**P_BY_NAME | {"names": {"p.test": unknown()}})
async def test_A7_an_unknown_name_is_asked_for_once_in_five_seconds(world: World) -> None:
    calls = [await world.ask() for _ in range(4)]
    assert all(call.complete and call.backend == "s" for call in calls)
    assert max(call.took for call in calls) <= 0.1 + world.late
    assert causes(world, "p") == {Cause.DNS}
    assert len(world.names.asked) == 1
    world.names.answers["p.test"] = ["127.0.0.1"]
    await asyncio.sleep(6)
    assert (await world.ask()).backend == "p"


@scenario(**P_BY_NAME, keep_alive=0.5)
async def test_A8_a_name_service_that_flaps_keeps_the_old_answer(world: World) -> None:
    for _ in range(60):
        flap: list[OSError | list[str]] = [unknown(), ["127.0.0.1"]]
        world.names.answers["p.test"] = world.dice.choice(flap)
        if not world.p.log:
            world.names.answers["p.test"] = ["127.0.0.1"]
        call = await world.ask()
        assert call.complete
        assert call.backend == "p"
        await asyncio.sleep(2)
    assert len(world.names.asked) >= 10


@scenario(
    url={"p": "http://p.test:{port}/v1", "s": "http://s.test:{port}/v1"},
    backends={"p": "private: true", "s": "private: true"},
    names={"s.test": ["127.0.0.1"]},
)
async def test_A9_a_name_service_that_hangs_holds_up_no_other_name(world: World) -> None:
    world.names.answers["p.test"] = threading.Event()
    calls = await world.load(20, at_once=20)
    assert all(call.complete and call.backend == "s" for call in calls)
    assert max(call.took for call in calls) <= 3.1
    assert (await world.ask()).took <= 0.1 + world.late
    assert world.names.asked.count("p.test") == 1


@scenario(**P_BY_NAME, keep_alive=0.5)
async def test_A10_a_new_address_is_found_when_the_old_one_is_dead(world: World) -> None:
    assert (await world.ask()).backend == "p"
    moved = Witness("p", tokens=12, stamp_text=True)
    await moved.start("::1", world.p.port)
    world.providers["moved"] = moved
    try:
        world.names.answers["p.test"] = ["::1"]
        world.p.plan(sim.refuse())
        await asyncio.sleep(11)
        calls = [await world.ask() for _ in range(3)]
        assert all(call.complete for call in calls)
        assert {call.backend for call in calls} == {"p"}
        assert len(moved.log) == 3
    finally:
        await world.leave()
        await moved.close()


@scenario(**P_BY_NAME)
async def test_A11_a_dead_ipv6_costs_a_quarter_of_a_second(world: World) -> None:
    hole = Hole("::1", world.p.port)
    try:
        world.names.answers["p.test"] = ["::1", "127.0.0.1"]
        call = await world.ask()
        assert call.backend == "p"
        assert 0.2 <= call.took <= 0.35 + world.late
    finally:
        hole.close()


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1"]
)
@scenario(url={"p": "http://api.provider.test:{port}/v1"})
async def test_A12_a_public_name_must_not_lead_inside(world: World, address: str) -> None:
    world.names.answers["api.provider.test"] = [address]
    call = await world.ask()
    assert call.complete
    assert call.backend == "s"
    assert world.p.accepted == 0
    assert causes(world, "p") == {Cause.DNS}


@scenario(tls={"p": "good"}, tiers="[[p]]")
async def test_A13_a_cold_start_does_not_stall_the_loop(world: World, pace: Pace) -> None:
    count = 500 if pace.name == "real" else 150
    calls = await world.load(count, at_once=count)
    assert all(call.complete for call in calls)
    assert world.faultline._lag.worst <= 0.25


@scenario()
async def test_A14_our_own_want_of_descriptors_is_nobodys_fault(world: World) -> None:
    client = await world.connect()
    await asyncio.sleep(0.1)
    with no_more_descriptors():
        calls = [await world.ask(client=client) for _ in range(8)]
    assert {call.status for call in calls} == {503}
    assert all(int(call.fields["retry-after"]) >= 1 for call in calls)
    assert causes(world, "p") == {Cause.LOCAL_NETWORK}
    assert world.told.changes == []
    assert (await world.ask(client=client)).backend == "p"


NOWHERE = "http://127.0.0.1:9"


@scenario(
    environment={
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "ALL_PROXY": NOWHERE,
        "http_proxy": NOWHERE,
        "NETRC": "/dev/null",
    }
)
async def test_A15_the_environments_proxy_and_netrc_are_not_looked_at(world: World) -> None:
    call = await world.ask()
    assert call.complete
    assert call.backend == "p"
    assert world.p.log[0].key == world.keys["p"]
