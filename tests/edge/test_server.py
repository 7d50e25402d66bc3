"""The data port: where it listens, how it counts, how it drains."""

import asyncio
import socket
import stat
from pathlib import Path

import pytest

from proxy.edge import server
from proxy.exchange import Downstream
from proxy.model import Address, Ask, Body, Seconds
from tests.edge.port import STREAM, WITHIN, fleet, opened, post, until


async def test_it_listens_on_both_loopbacks_at_one_port() -> None:
    async with opened() as port:
        hosts = {address.host for address in port.edge.addresses}
        assert hosts == ({"127.0.0.1", "::1"} if socket.has_ipv6 else {"127.0.0.1"})
        assert len({address.port for address in port.edge.addresses}) == 1
        answer = await port.ask(post(host=f"localhost:{port.number}"))
        assert answer.status == 200


async def test_a_unix_socket_is_its_owners_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    path = tmp_path / "faultline.sock"
    async with opened(table=fleet(listen=Address(unix=str(path)))) as port:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (await port.ask(post(host="whatever"))).status == 200
    assert not path.exists()


async def stuck(ask: Ask, body: Body, downstream: Downstream) -> None:
    await asyncio.Event().wait()


async def half(ask: Ask, body: Body, downstream: Downstream) -> None:
    downstream.begin(200, STREAM, b"data: 1\n\n", last=False)
    await asyncio.Event().wait()


class Gate:
    """An exchange that answers when it is let."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, ask: Ask, body: Body, downstream: Downstream) -> None:
        await self.open.wait()
        downstream.begin(200, STREAM, b"late", last=True)


async def test_draining_lets_what_runs_finish_and_closes_its_connection() -> None:
    gate = Gate()
    async with opened(gate) as port:
        client = await port.call()
        client.send(post())
        await until(lambda: port.edge.in_flight == 1)
        drained = asyncio.create_task(port.edge.drain(Seconds(WITHIN)))
        await until(lambda: port.edge._connections.draining)
        gate.open.set()
        answer = await client.answer()
        await drained
        assert (answer.status, answer.body) == (200, b"late")
        assert answer.fields["connection"] == "close"
        assert await client.closed()
        assert port.edge.in_flight == 0


async def test_draining_takes_no_new_connection() -> None:
    async with opened(stuck) as port:
        client = await port.call()
        client.send(post())
        await until(lambda: port.edge.in_flight == 1)
        drained = asyncio.create_task(port.edge.drain(Seconds(0.2)))
        await until(lambda: port.edge._connections.draining)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await port.ask(post())
        await drained


async def test_a_kept_connection_gets_a_refusal_while_draining() -> None:
    gate = Gate()
    gate.open.set()
    async with opened(gate) as port:
        kept = await port.call()
        assert (await kept.ask(post())).status == 200
        await port.edge.drain(Seconds(0.0))
        answer = await kept.ask(post())
        assert (answer.status, answer.code) == (503, "draining")
        assert answer.fields["connection"] == "close"
        assert port.told.codes == ["draining"]
        assert await kept.closed()


async def test_what_outlives_the_drain_is_refused_or_cut_so_that_it_shows() -> None:
    async with opened(stuck) as port:
        client = await port.call()
        client.send(post())
        await until(lambda: port.edge.in_flight == 1)
        await port.edge.drain(Seconds(0.05))
        assert (await client.answer()).status == 503
        assert port.seen.cancelled == 1
    async with opened(half) as port:
        client = await port.call()
        client.send(post(b'{"model":"gpt-5","stream":true}'))
        await until(lambda: port.edge.in_flight == 1)
        await port.edge.drain(Seconds(0.05))
        answer = await client.answer()
        assert not answer.whole
        assert b"data: 1\n\n" in answer.body
        assert b"shutting down" in answer.body


async def test_closing_does_not_wait_for_a_client_that_does_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(ask: Ask, body: Body, downstream: Downstream) -> None:
        downstream.begin(200, STREAM, b"x" * 32 * 1024 * 1024, last=True)

    monkeypatch.setattr(server, "LAST_WORDS", Seconds(0.05))
    async with opened(script) as port:
        client = await port.call(receive=4096)
        client.send(post())
        await until(lambda: len(port.seen.asks) == 1)
        await port.edge.close()
        await until(lambda: not port.edge._connections._open)


async def test_closing_ends_idle_connections() -> None:
    async with opened() as port:
        client = await port.call()
        assert (await client.ask(post())).status == 200
        await port.edge.close()
        assert await client.closed()
