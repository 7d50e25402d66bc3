"""A client that hides nothing: it writes bytes, and says what came back and how it ended."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from proxy.sim import Behaviour, Moment, Provider, Step
from proxy.sim.seen import Seen
from proxy.sim.voice import Voice

CHAT = "/v1/chat/completions"
WITHIN = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    data: bytes
    reset: bool

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def whole(self) -> bool:
        return self.body.endswith(b"0\r\n\r\n")


def request(
    path: str = CHAT,
    payload: Mapping[str, object] | None = None,
    *,
    method: str = "POST",
    close: bool = True,
    fields: Mapping[str, str] | None = None,
) -> bytes:
    body = b"" if payload is None else json.dumps(payload).encode()
    ending = "close" if close else "keep-alive"
    extra = "".join(f"{name}: {value}\r\n" for name, value in (fields or {}).items())
    return (
        f"{method} {path} HTTP/1.1\r\nhost: sim\r\nconnection: {ending}\r\n{extra}"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body


def chat(stream: bool = True, **fields: object) -> dict[str, object]:
    return {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": stream,
        **fields,
    }


class Line(asyncio.Protocol):
    """One connection. It keeps what came before a reset, which asyncio's streams do not."""

    def __init__(self) -> None:
        self.data = b""
        self.changed = asyncio.Event()
        self.ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(exc is not None)

    async def until(self, data: bytes) -> None:
        async with asyncio.timeout(WITHIN):
            while data not in self.data:
                self.changed.clear()
                await self.changed.wait()

    async def hear(self) -> Heard:
        reset = await asyncio.wait_for(asyncio.shield(self.ended), WITHIN)
        return Heard(data=self.data, reset=reset)

    async def close(self) -> None:
        self.transport.close()
        await self.hear()


async def dial(provider: Provider, raw: bytes = b"", tls: ssl.SSLContext | None = None) -> Line:
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(Line, "127.0.0.1", provider.port, ssl=tls)
    line.transport.write(raw)
    return line


async def talk(provider: Provider, raw: bytes, tls: ssl.SSLContext | None = None) -> Heard:
    line = await dial(provider, raw, tls)
    try:
        return await line.hear()
    finally:
        await line.close()


async def meet(behaviour: Behaviour, raw: bytes | None = None, tokens: int = 6) -> Heard:
    """What one request hears from a provider that does this; by default a streamed chat."""
    async with Provider("alpha", tokens=tokens) as alpha:
        alpha.plan(behaviour)
        return await talk(alpha, raw if raw is not None else request(payload=chat()))


def seen(path: str = CHAT, payload: Mapping[str, object] | None = None, **fields: object) -> Seen:
    whole: dict[str, object] = {"method": "POST", "target": path, **fields}
    one = Seen(at=0.0, connection=1, **whole)  # type: ignore[arg-type]
    if payload is not None:
        one.take(json.dumps(payload).encode(), one.sha256)
    return one


def voice(path: str = CHAT, payload: Mapping[str, object] | None = None, **fields: object) -> Voice:
    return Voice(provider="alpha", seen=seen(path, payload, **fields), tokens=6)


def steps(behaviour: Behaviour, said: Voice | None = None) -> list[Step]:
    assert behaviour.moment is not Moment.CONNECT
    return list(behaviour.play(said or voice(payload=chat())))


def events(body: bytes) -> list[dict[str, object]]:
    """The JSON payloads of an event stream."""
    lines = [line.removeprefix(b"data: ") for line in body.split(b"\n") if line.startswith(b"data")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]
