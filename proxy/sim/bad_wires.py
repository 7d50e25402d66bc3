"""Connections that fail below the answer: refused, reset, silent, not HTTP, or lying HTTP.

Each function makes a `Behaviour`.
"""

from collections.abc import Iterator

from proxy.sim import framing
from proxy.sim.behaviour import SETTLE, Behaviour, Close, Moment, Reset, Silence, Step
from proxy.sim.voice import Voice

HALF_A_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: applica"
TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
"""Fatal alert `protocol_version`: what a TLS port says to plain HTTP."""


def refuse() -> Behaviour:
    """Let nobody listen: connecting is refused, and what was open is reset."""
    return _steps("refuse", listening=False)


def silent(moment: Moment = Moment.BODY) -> Behaviour:
    """Accept, read up to `moment`, and never answer."""
    return _steps("silent", Silence(), moment=moment)


def reset_on_connect() -> Behaviour:
    """Reset the connection as soon as it stands."""
    return _steps("reset_on_connect", Reset(), moment=Moment.CONNECT)


def reset_before_head() -> Behaviour:
    """Read the request, then reset without one byte back."""
    return _steps("reset_before_head", Reset())


def close_before_head() -> Behaviour:
    """Read the request, then close without one byte back."""
    return _steps("close_before_head", Close())


def reset_mid_head() -> Behaviour:
    """Reset in the middle of a header field."""
    return _steps("reset_mid_head", HALF_A_HEAD, SETTLE, Reset())


def close_mid_head() -> Behaviour:
    """Close in the middle of a header field."""
    return _steps("close_mid_head", HALF_A_HEAD, Close())


def garbage(data: bytes = TLS_ALERT) -> Behaviour:
    """Answer with bytes that are not HTTP."""
    return _steps("garbage", data, Close())


def interim(count: int, *, then_answer: bool = False) -> Behaviour:
    """Send `count` interim answers (103), then the good one or nothing more."""

    def play(voice: Voice) -> Iterator[Step]:
        yield framing.head(103, ((b"link", b"</a>; rel=preload"),)) * count
        if not then_answer:
            yield Close()
            return
        good = voice.answer()
        yield good.begin() + good.frame(*good.events) + good.end()

    return Behaviour(name=f"interim({count})", play=play)


def length_and_chunked() -> Behaviour:
    """Declare Content-Length and Transfer-Encoding in one head (request smuggling's tool)."""
    headers = ((b"content-length", b"2"), (b"transfer-encoding", b"chunked"))
    return _lie("length_and_chunked", 200, headers, framing.chunk(b"{}") + framing.LAST_CHUNK)


def two_lengths() -> Behaviour:
    """Declare two different lengths."""
    headers = ((b"content-length", b"2"), (b"content-length", b"4"))
    return _lie("two_lengths", 200, headers, b"{}{}")


def surplus() -> Behaviour:
    """Send more bytes than the declared length, shaped like another answer."""
    smuggled = framing.reply(200, (), b'{"id":"smuggled"}')
    return _lie("surplus", 200, ((b"content-length", b"2"),), b"{}" + smuggled)


def body_on_204() -> Behaviour:
    """Send a body with a status that has none."""
    return _lie("body_on_204", 204, ((b"content-length", b"2"),), b"{}")


def _lie(
    name: str, status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes
) -> Behaviour:
    head = framing.head(status, ((b"content-type", b"application/json"), *headers))
    return _steps(name, head + body)


def _steps(
    name: str, *steps: Step, moment: Moment = Moment.BODY, listening: bool = True
) -> Behaviour:
    return Behaviour(name=name, play=lambda _: iter(steps), moment=moment, listening=listening)
