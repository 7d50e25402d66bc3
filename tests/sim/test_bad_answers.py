import gzip
import json

import pytest

from proxy import sim
from tests.sim.talk import CHAT, chat, meet, request, talk


@pytest.mark.parametrize(
    ("behaviour", "status", "within"),
    [
        (sim.status(503), 503, b'"server_is_overloaded"'),
        (sim.status(500, "html"), 500, b"<center>nginx</center>"),
        (sim.status(502, sim.Form.EMPTY), 502, b"content-length: 0"),
        (sim.status(429, retry_after=20), 429, b"retry-after: 20\r\n"),
        (sim.status(429, retry_after="soon"), 429, b"retry-after: soon\r\n"),
        (sim.status(401, headers=((b"x-mark", b"1"),)), 401, b"x-mark: 1\r\n"),
        (sim.overload(), 529, b"Overloaded"),
        (sim.cdn_502(), 502, b"cf-ray: 9ed5826068e1c9e3-FRA"),
        (sim.html_200(), 200, b"Sign in to the network"),
        (sim.empty_200(), 200, b"content-length: 0"),
        (sim.redirect("http://evil.example/"), 307, b"location: http://evil.example/"),
        (sim.switching_protocols(), 101, b"upgrade: websocket"),
        (sim.unary_for_stream(), 200, b"application/json"),
        (sim.early_answer(413), 413, b"answered before"),
    ],
    ids=str,
)
async def test_the_answer_is_what_its_name_says(
    behaviour: sim.Behaviour, status: int, within: bytes
) -> None:
    heard = await meet(behaviour)
    assert heard.data.startswith(b"HTTP/1.1 %d " % status)
    assert within in heard.data
    assert not heard.reset


async def test_an_error_is_said_in_the_dialect() -> None:
    heard = await meet(sim.status(529), request("/v1/messages", chat()))
    assert json.loads(heard.body)["error"]["type"] == "overloaded_error"


async def test_an_early_answer_comes_before_the_body() -> None:
    raw = b"POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nonly this"
    heard = await meet(sim.early_answer(401, close=True), raw)
    assert heard.data.startswith(b"HTTP/1.1 401 ")


async def test_after_an_early_answer_the_body_is_still_read() -> None:
    async with sim.Provider("alpha") as alpha:
        alpha.plan_next(sim.early_answer(413))
        two = request(payload=chat(), close=False) + request(payload=chat(stream=False))
        heard = await talk(alpha, two)
        assert heard.data.count(b"HTTP/1.1 ") == 2
        assert [a.index for a in alpha.attempts] == [0, 1]


async def test_a_label_can_be_wrong() -> None:
    heard = await meet(sim.wrong_content_type("text/html"))
    assert b"content-type: text/html" in heard.head
    assert heard.whole


async def test_a_head_can_be_huge() -> None:
    heard = await meet(sim.huge_head(9000, 150))
    assert heard.head.count(b"x-padding-") == 150
    assert len(heard.head) > 9000
    assert heard.whole


def test_a_small_body_becomes_a_large_one() -> None:
    size = 8 * 1024 * 1024
    (answer,) = sim.gzip_bomb(500, size).play(None)  # type: ignore[arg-type]
    assert isinstance(answer, bytes)
    body = answer.partition(b"\r\n\r\n")[2]
    assert len(body) < size / 500
    assert gzip.decompress(body) == bytes(size)


def test_the_names_tell_the_numbers() -> None:
    assert str(sim.status(429, retry_after=20)) == "status(429, json, 20)"
    assert str(sim.early_answer(413)) == "early_answer(413)"
    assert CHAT in request().decode()
