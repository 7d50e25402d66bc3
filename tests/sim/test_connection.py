import hashlib

import pytest

from proxy import sim
from tests.sim.talk import chat, dial, request, talk

CHUNKED = (
    b"POST /v1/files HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
)


async def test_requests_on_one_connection_are_counted() -> None:
    async with sim.Provider("alpha") as alpha:
        await talk(alpha, request(payload=chat(), close=False) + request(payload=chat()))
        await talk(alpha, request(payload=chat()))
        assert [(a.connection, a.index) for a in alpha.attempts] == [(1, 0), (1, 1), (2, 0)]
        assert alpha.accepted == 2


async def test_a_body_is_hashed_however_it_comes() -> None:
    async with sim.Provider("alpha") as alpha:
        heard = await talk(alpha, CHUNKED)
        (seen,) = alpha.attempts
        assert seen.sha256 == hashlib.sha256(b"abcde").hexdigest()
        assert (seen.length, seen.body) == (5, b"abcde")
        assert seen.sha256.encode() in heard.body


async def test_of_a_body_that_is_not_json_only_its_beginning_is_kept() -> None:
    async with sim.Provider("alpha", keep=2) as alpha:
        await talk(alpha, CHUNKED)
        assert alpha.attempts[0].body == b"ab"


async def test_json_is_kept_whole_for_the_answer() -> None:
    async with sim.Provider("alpha", keep=2) as alpha:
        heard = await talk(alpha, request(payload=chat(pad="x" * 300_000)))
        assert heard.whole
        assert alpha.attempts[0].length > 300_000


async def test_the_log_tells_what_was_sent_and_that_it_was_all() -> None:
    async with sim.Provider("alpha") as alpha:
        heard = await talk(alpha, request(payload=chat()))
        (seen,) = alpha.attempts
        assert seen.sent == len(heard.data)
        assert seen.answered
        assert seen.ended is not None
        assert seen.peer_closed is None
        assert seen.behaviour == "ok"


async def test_the_log_tells_when_the_peer_left() -> None:
    async with sim.Provider("alpha") as alpha:
        alpha.plan(sim.ok(first=0.0, every=30.0))
        line = await dial(alpha, request(payload=chat()))
        await line.until(b"content")
        left = alpha.clock.now()
        await line.close()
        await alpha.until(lambda: alpha.in_flight == 0)
        (seen,) = alpha.attempts
        assert seen.peer_closed is not None
        assert 0 <= seen.peer_closed - left < 1
        assert not seen.answered


async def test_a_peer_that_leaves_in_the_body_is_no_whole_request() -> None:
    async with sim.Provider("alpha") as alpha:
        line = await dial(
            alpha, b"POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc"
        )
        await alpha.until(lambda: alpha.in_flight == 1)
        await line.close()
        await alpha.until(lambda: alpha.in_flight == 0)
        assert alpha.attempts[0].sha256 == ""


async def test_an_idle_connection_is_closed() -> None:
    async with sim.Provider("alpha", keep_alive=0.02) as alpha:
        line = await dial(alpha, request(payload=chat(), close=False))
        assert (await line.hear()).whole
        await line.close()


async def test_what_is_not_http_ends_the_connection() -> None:
    async with sim.Provider("alpha") as alpha:
        assert (await talk(alpha, b"\x16\x03\x01\r\n\r\n")).data == b""
        assert alpha.attempts == []


async def test_a_fault_in_a_behaviour_comes_out_at_the_close() -> None:
    def play(_: object) -> sim.Step:  # not an iterator
        raise LookupError("bug")

    alpha = await sim.Provider("alpha").start()
    alpha.plan(sim.Behaviour(name="bug", play=play))  # type: ignore[arg-type]
    await talk(alpha, request(payload=chat()))
    with pytest.raises(LookupError, match="bug"):
        await alpha.close()
