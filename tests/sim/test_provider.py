import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import trustme
import uvloop

from proxy import sim
from proxy.exchange import Timer
from proxy.model import Instant
from tests.sim.talk import chat, dial, request, talk


@dataclass
class Due:
    when: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class HandClock:
    """Time goes when `pass_` says so."""

    time: float = 100.0
    due: list[Due] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> Instant:
        return Instant(self.time)

    def call_at(self, when: Instant, callback: Callable[[], None]) -> Timer:
        self.due.append(Due(when, callback))
        self.asked.set()
        return self.due[-1]

    def pass_(self, seconds: float) -> None:
        self.time += seconds
        ready = [d for d in self.due if d.when <= self.time]
        self.due = [d for d in self.due if d.when > self.time]
        for one in sorted(ready, key=lambda d: d.when):
            if not one.cancelled:
                one.callback()


async def ask(alpha: sim.Provider, model: str = "m") -> bytes:
    heard = await talk(alpha, request(payload=chat() | {"model": model}))
    return heard.head.split(b" ")[1]


async def test_it_has_a_url_and_answers_at_it() -> None:
    async with sim.Provider("alpha") as alpha:
        assert alpha.url == f"http://127.0.0.1:{alpha.port}"
        assert await ask(alpha) == b"200"
        await alpha.until(lambda: alpha.live == 0)


async def test_plans_for_all_for_some_and_for_the_next() -> None:
    async with sim.Provider("alpha") as alpha:
        alpha.plan(sim.status(500))
        alpha.plan(sim.status(404), when=lambda seen: seen.model == "gone")
        alpha.plan_next(sim.status(429))
        assert [await ask(alpha) for _ in range(2)] == [b"429", b"500"]
        assert await ask(alpha, "gone") == b"404"
        assert [a.behaviour for a in alpha.attempts][:1] == ["status(429, json)"]
        alpha.forget()
        assert alpha.attempts == []


async def test_a_script_goes_by_the_clock() -> None:
    clock = HandClock()
    alpha = await sim.Provider("alpha").start(clock=clock)
    alpha.script([(0.0, sim.ok()), (4.0, sim.cdn_502()), (12.0, sim.ok())])
    answers = []
    for seconds in (0.0, 3.9, 0.2, 7.8, 0.1):
        clock.pass_(seconds)
        answers.append(await ask(alpha))
    assert answers == [b"200", b"200", b"502", b"502", b"200"]
    assert alpha.attempts[0].at == 100.0
    await alpha.close()


async def test_a_plan_ends_a_script() -> None:
    clock = HandClock()
    alpha = await sim.Provider("alpha").start(clock=clock)
    alpha.script([(4.0, sim.cdn_502())])
    alpha.plan(sim.status(503))
    clock.pass_(5.0)
    assert await ask(alpha) == b"503"
    await alpha.close()


async def test_waits_go_by_the_clock() -> None:
    clock = HandClock()
    alpha = await sim.Provider("alpha").start(clock=clock)
    alpha.plan(sim.slow_head(3600.0))
    line = await dial(alpha, request(payload=chat()))
    await alpha.until(lambda: alpha.in_flight == 1)
    await asyncio.wait_for(clock.asked.wait(), 5)
    clock.pass_(3600.0)
    assert (await line.hear()).whole
    await line.close()
    await alpha.close()


async def test_refuse_can_be_planned_before_the_start() -> None:
    alpha = sim.Provider("alpha")
    alpha.plan(sim.refuse())
    await alpha.start()
    with pytest.raises(ConnectionRefusedError):
        await ask(alpha)
    alpha.plan(sim.ok())
    assert await ask(alpha) == b"200"
    await alpha.close()


async def test_the_most_at_one_time() -> None:
    async with sim.Provider("alpha") as alpha:
        alpha.plan(sim.slow_head(0.05))
        await asyncio.gather(*(ask(alpha) for _ in range(7)))
        assert alpha.peak == 7
        assert alpha.in_flight == 0
        assert alpha.accepted == 7


async def test_until_gives_up() -> None:
    async with sim.Provider("alpha") as alpha:
        with pytest.raises(TimeoutError):
            await alpha.until(lambda: False, within=0.01)


async def test_close_ends_what_is_open() -> None:
    alpha = await sim.Provider("alpha").start()
    alpha.plan(sim.silent())
    line = await dial(alpha, request(payload=chat()))
    await alpha.until(lambda: alpha.in_flight == 1)
    await alpha.close()
    assert (await line.hear()).reset
    await line.close()


async def test_it_has_no_clock_before_it_starts() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        _ = sim.Provider("alpha").clock


async def over_tls() -> None:
    authority = trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    alpha = await sim.Provider("alpha").start(tls=theirs)
    assert alpha.url.startswith("https://")
    alpha.plan_next(sim.ok(), sim.cut_after(2))
    for reset in (False, True):
        heard = await talk(alpha, request(payload=chat()), ours)
        assert heard.head.startswith(b"HTTP/1.1 200 ")
        assert heard.reset is reset
    await alpha.close()


async def test_tls() -> None:
    await over_tls()


def test_it_runs_on_uvloop_too() -> None:
    async def scene() -> None:
        async with sim.Provider("alpha") as alpha:
            alpha.plan_next(sim.ok(), sim.cut_after(2))
            assert (await talk(alpha, request(payload=chat()))).whole
            assert (await talk(alpha, request(payload=chat()))).reset
            alpha.plan(sim.refuse())
            with pytest.raises(ConnectionRefusedError):
                await ask(alpha)

    uvloop.run(scene())
    uvloop.run(over_tls())


def test_a_connection_that_has_just_broken_can_be_ended() -> None:
    async def scene() -> None:
        authority = trustme.CA()
        theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert("127.0.0.1").configure_cert(theirs)
        authority.configure_trust(ours)
        alpha = await sim.Provider("alpha").start(tls=theirs)
        alpha.plan(sim.silent())
        line = await dial(alpha, request(payload=chat()), ours)
        await alpha.until(lambda: alpha.in_flight == 1)
        (connection,) = alpha._connections
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        await alpha.close()
        await line.close()

    uvloop.run(scene())
