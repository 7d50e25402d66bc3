"""Where the console listens, and that it leaves nothing behind."""

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop

from proxy.model import Address, Secret
from tests.console.looking import Answer, Scene, talk
from tests.report.records import fleet


async def test_it_listens_on_both_loopbacks() -> None:
    async with Scene().open() as scene:
        hosts = [address.host for address in scene.console.addresses]
        assert hosts[0] == "127.0.0.1"
        assert len({address.port for address in scene.console.addresses}) == 1
        for address in scene.console.addresses:
            request = f"GET /livez HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
            assert Answer(await talk(address, request.encode())).status == 200


async def test_without_a_console_nothing_listens() -> None:
    async with Scene(fleet=fleet("openai", console=None)).open() as scene:
        assert scene.console.addresses == ()


async def test_a_port_that_is_taken_is_told() -> None:
    async with Scene().open() as scene:
        taken = fleet("openai", console=Address(port=scene.console.addresses[0].port))
        with pytest.raises(OSError, match="in use"):
            await Scene(fleet=taken).console.start()


async def test_a_unix_socket_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "console.sock"
    async with Scene(
        fleet=fleet("openai", "azure", console=Address(unix=str(path)))
    ).open() as scene:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (await scene.get("/livez", host="anything")).status == 200
        assert (await scene.get("/", host="anything")).status == 200
    assert not path.exists()


async def test_closed_it_answers_no_more_and_can_be_closed_again() -> None:
    scene = Scene()
    async with scene.open():
        (address, *_) = scene.console.addresses
        assert (await scene.get("/livez")).status == 200
    with pytest.raises(ConnectionRefusedError):
        await talk(address, b"GET /livez HTTP/1.1\r\n\r\n")
    await scene.console.close()


async def test_names_and_tokens_are_those_of_the_table_of_the_moment() -> None:
    wide = fleet("openai", "azure", console=Address(host="0.0.0.0", port=0))
    async with Scene(fleet=wide).open() as scene:
        assert (await scene.get("/", authorization="Bearer one")).status == 401
        assert (await scene.get("/livez", host="added")).status == 421
        scene.fleet = replace(wide, hosts=("added",), clients={"a": Secret("one")})
        assert (await scene.get("/", authorization="Bearer one")).status == 200
        assert (await scene.get("/livez", host="added")).status == 200


async def test_a_connection_that_says_nothing_keeps_nothing_waiting() -> None:
    scene = Scene()
    async with scene.open():
        (address, *_) = scene.console.addresses
        _, writer = await asyncio.open_connection(address.host, address.port)
        assert (await scene.get("/livez")).status == 200
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nhost: evil.example\r\nhost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.0\r\nhost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\nhost: localhost\n\n",
    ],
)
async def test_a_doubtful_head_is_refused(head: bytes) -> None:
    async with Scene().open() as scene:
        answer = Answer(await talk(scene.console.addresses[0], head))
        assert answer.status in {400, 421}


def test_it_runs_on_uvloop_as_well(tmp_path: Path) -> None:
    async def look() -> None:
        for address in (Address(port=0), Address(unix=str(tmp_path / "console.sock"))):
            async with Scene(fleet=fleet("openai", "azure", console=address)).open() as scene:
                assert (await scene.get("/livez", host="localhost")).status == 200

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(look())
