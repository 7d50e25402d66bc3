"""Random traffic is answered alike, in the same order, with the shortcut and without."""

import asyncio
from itertools import pairwise
from random import Random

import pytest

from proxy.edge import handler
from proxy.exchange import Downstream
from proxy.model import Ask, Body
from tests.edge.port import STREAM, Answer, echo, get, opened, post, until

CHUNKS = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
)


async def answer(ask: Ask, body: Body, downstream: Downstream) -> None:
    """Say what came: some at once, some later, some as a stream."""
    size = len(ask.path) + (body.size or 0)
    if size % 3 == 0:
        await asyncio.sleep(0.001)
    if size % 4 != 1:
        await echo(ask, body, downstream)
        return
    downstream.begin(200, STREAM, b"data: %d\n\n" % size, last=False)
    for _ in range(size % 6):
        await asyncio.sleep(0)
        downstream.write(b"data: x\n\n")
    downstream.end()


def requests(dice: Random) -> list[bytes]:
    made = []
    for _ in range(dice.randint(3, 10)):
        size = dice.choice([0, 1, 2, 3, 3, 9, 3000, 70_000])
        body = b'{"model":"gpt-5%b"}' % (b"x" * min(size, 9)) + b" " * size
        kinds = {
            "known": post(body),
            "titled": post(body, "X-Title: 1"),
            "messages": post(body, path="/v1/messages"),
            "models": get(),
            "chunked": CHUNKS + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
            "bad": post(b"[1]"),
        }
        (kind,) = dice.choices([*kinds], [9, 2, 2, 1, 1, 1])
        made.append(kinds[kind])
    return made


def pieces(dice: Random, made: list[bytes]) -> list[bytes]:
    """Cut at most ends of requests, behind some heads, and anywhere."""
    data, cuts, at = b"".join(made), set(), 0
    for request in made:
        if dice.random() < 0.4:
            cuts.add(at + request.index(b"\r\n\r\n") + 4)
        at += len(request)
        if dice.random() < 0.7:
            cuts.add(at)
    cuts |= {dice.randrange(1, len(data)) for _ in range(dice.choice([0, 0, 2, 5]))}
    edges = sorted({0, *cuts, len(data)})
    return [data[begin:end] for begin, end in pairwise(edges)]


async def play(seed: int) -> tuple[list[tuple[int, bool, bytes]], int]:
    dice = Random(seed)
    made = requests(dice)
    async with opened(answer) as port:
        client = await port.call()

        async def read() -> list[Answer]:
            return [await client.answer() for _ in made]

        reading = asyncio.create_task(read())
        for piece in pieces(dice, made):
            client.send(piece)
            await asyncio.sleep(dice.choice([0, 0.002, 0.008]))
        answers = [(a.status, a.whole, a.body if a.status == 200 else b"") for a in await reading]
        client.leave()
        await until(lambda: not port.edge._connections._open)
        assert port.edge.in_flight == 0
        return answers, port.seen.begun


async def test_all_traffic_is_answered_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    for seed in range(60):
        shown, begun = await play(seed)
        taken += begun
        with monkeypatch.context() as without:
            without.setattr(handler, "remember", lambda *_: None)
            alone, none = await play(seed)
        assert shown == alone, seed
        assert none == 0
    assert taken > 5
