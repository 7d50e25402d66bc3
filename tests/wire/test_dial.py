"""From an order to a connection, and all that can go wrong on the way."""

import asyncio
import errno
import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohappyeyeballs
import pytest
import trustme

from proxy.exchange import Call
from proxy.model import Fault, Phase
from proxy.wire import connection as connection_room
from proxy.wire.resolver import AddressInfo
from tests.wire.names import SHORT, answering, at, closed_port, failing, fate, plain
from tests.wire.peer import (
    LIMIT,
    OK,
    Line,
    Peer,
    Told,
    always,
    backend,
    exchange,
    order,
    silent,
    transport,
    until,
)
from tests.wire.tls import AUTHORITY, secure, server


@contextmanager
def black_hole(address: str = "127.0.0.1") -> Iterator[int]:
    """Yield a port that swallows every SYN: its queue is full."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as hole, socket.socket(family) as filler:
        hole.bind((address, 0))
        hole.listen(0)
        filler.connect(hole.getsockname())
        yield hole.getsockname()[1]


# Resolving.


async def test_phases_are_told_as_they_begin() -> None:
    async with Peer(always(OK)) as peer:
        lookup = answering(at("127.0.0.1", peer.port))
        async with transport(lookup=lookup) as wire:
            told = await exchange(wire, order(backend(plain("localhost"))))
            assert told.phases == [Phase.RESOLVE, Phase.CONNECT, Phase.HEAD]
            again = await exchange(wire, order(backend(plain("localhost"))))
            assert again.phases == [Phase.HEAD]


@pytest.mark.parametrize(
    ("number", "fault"),
    [(socket.EAI_NONAME, Fault.DNS), (socket.EAI_AGAIN, Fault.DNS_TEMPORARY)],
)
async def test_a_name_that_is_not_found(number: int, fault: Fault) -> None:
    async with transport(lookup=failing(socket.gaierror(number, "secret"))) as wire:
        ending = await fate(wire, plain("api.example"))
        assert (ending.phase, ending.fault) == (Phase.RESOLVE, fault)
        assert ending.detail.startswith("EAI_")


async def test_a_lookup_that_hangs_meets_the_limit_and_stalls_nobody_else() -> None:
    hanging = threading.Event()

    async with Peer(always(OK)) as peer:

        def lookup(host: str, port: int) -> list[AddressInfo]:
            if host == "slow.example":
                hanging.wait(LIMIT)
            return [at("127.0.0.1", peer.port)]

        async with transport(lookup=lookup) as wire:
            slow = [Told() for _ in range(20)]
            for told in slow:
                wire.start(order(backend(plain("slow.example")), connect=SHORT), told)
            good = await exchange(wire, order(backend(plain("fast.example"), private=True)))
            assert good.body == b"hi"
            for told in slow:
                ending = await told.end()
                assert (ending.phase, ending.fault) == (Phase.RESOLVE, Fault.CONNECT_TIMEOUT)
            hanging.set()


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("169.254.169.254", True),
        ("fd00:ec2::254", True),
    ],
)
async def test_a_name_that_points_where_a_key_must_not_go(address: str, private: bool) -> None:
    async with transport(lookup=answering(at(address, 80))) as wire:
        ending = await fate(wire, plain("api.example"), private=private)
        assert (ending.phase, ending.fault) == (Phase.RESOLVE, Fault.BLOCKED)
        assert address not in ending.detail


async def test_only_the_addresses_that_are_allowed_are_dialled() -> None:
    async with Peer(always(OK)) as peer, Peer(always(OK)) as trap:
        lookup = answering(at("127.0.0.1", trap.port), at("127.0.0.1", peer.port))
        async with transport(lookup=lookup) as wire:
            ending = await fate(wire, plain("api.example"))
            assert ending.fault is Fault.BLOCKED
        lookup = answering(at("169.254.1.1", trap.port), at("127.0.0.1", peer.port))
        async with transport(lookup=lookup) as wire:
            told = await exchange(wire, order(backend(plain("vllm"), private=True)))
            assert told.body == b"hi"


# Connecting.


async def test_a_port_where_nobody_listens() -> None:
    async with transport() as wire:
        ending = await fate(wire, plain("127.0.0.1", closed_port()))
        assert (ending.phase, ending.fault, ending.detail) == (
            Phase.CONNECT,
            Fault.REFUSED,
            "ECONNREFUSED",
        )


async def test_a_black_hole_meets_the_limit() -> None:
    with black_hole() as port:
        async with transport() as wire:
            ending = await fate(wire, plain("127.0.0.1", port), connect=SHORT)
            assert (ending.phase, ending.fault) == (Phase.CONNECT, Fault.CONNECT_TIMEOUT)


async def test_a_black_holed_address_costs_a_quarter_second_and_no_more() -> None:
    with black_hole("::1") as hole:
        async with Peer(always(OK)) as peer:
            lookup = answering(at("::1", hole), at("127.0.0.1", peer.port))
            async with transport(lookup=lookup) as wire:
                began = time.monotonic()
                told = await exchange(wire, order(backend(plain("localhost"))))
                assert told.body == b"hi"
                assert time.monotonic() - began < 1
                assert wire.open == 1


async def test_of_a_refusal_and_a_missing_route_the_refusal_is_told() -> None:
    lookup = answering(at("255.255.255.255", 80), at("127.0.0.1", closed_port()))
    async with transport(lookup=lookup) as wire:
        ending = await fate(wire, plain("vllm"), private=True)
        assert (ending.fault, ending.detail) == (Fault.REFUSED, "ECONNREFUSED")


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS])
async def test_what_our_own_machine_lacks_is_local(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start_connection(*_: object, **__: object) -> socket.socket:
        raise OSError(number, "x")

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", start_connection)
    async with transport() as wire:
        ending = await fate(wire, plain("127.0.0.1"))
        assert (ending.fault, ending.detail) == (Fault.LOCAL, errno.errorcode[number])


async def test_a_bug_while_dialling_is_told_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start_connection(*_: object, **__: object) -> socket.socket:
        raise RuntimeError("File descriptor 7 is used by transport")

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", start_connection)
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    async with transport() as wire:
        ending = await fate(wire, plain("127.0.0.1"))
        assert (ending.fault, ending.detail) == (Fault.LOCAL, "RuntimeError")
        assert len(reported) == 1


async def test_the_system_watches_over_the_connection() -> None:
    async with Peer(always(OK)) as peer, transport() as wire:
        await exchange(wire, order(backend(peer.url)))
        (made,) = wire._connections
        sock = made.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# TLS.


async def test_over_tls(ca: str) -> None:
    async with Peer(always(OK), server()) as peer, transport() as wire:
        to = backend(secure(peer), ca=ca)
        told = await exchange(wire, order(to))
        assert told.phases == [Phase.RESOLVE, Phase.CONNECT, Phase.TLS, Phase.HEAD]
        assert told.body == b"hi"
        assert (await exchange(wire, order(to))).ending.reused
        tls = peer.lines[0].writer.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "http/1.1"


def expired() -> trustme.LeafCert:
    return AUTHORITY.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("cert", "word"),
    [
        (expired, "expired"),
        (lambda: AUTHORITY.issue_cert("other.example"), "mismatch"),
        (lambda: trustme.CA().issue_cert("127.0.0.1"), "issuer"),
    ],
    ids=["expired", "another's", "unknown"],
)
async def test_a_certificate_that_is_refused(
    ca: str, cert: Callable[[], trustme.LeafCert], word: str
) -> None:
    read: list[bytes] = []

    async def script(line: Line) -> None:
        read.append(await line.reader.read())

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the peer's own alarm
    async with Peer(script, server(cert())) as peer, transport() as wire:
        ending = await fate(wire, secure(peer), ca=ca)
        assert (ending.phase, ending.fault) == (Phase.TLS, Fault.TLS_VERIFY)
        assert word in ending.detail
        assert read in ([], [b""])
        assert wire.open == 0


async def test_the_name_is_checked_not_the_address(ca: str) -> None:
    async with Peer(always(OK), server(AUTHORITY.issue_cert("api.example"))) as peer:
        lookup = answering(at("127.0.0.1", peer.port))
        async with transport(lookup=lookup) as wire:
            to = backend(secure(peer, "api.example"), ca=ca, private=True)
            assert (await exchange(wire, order(to))).body == b"hi"


async def junk(line: Line) -> None:
    await line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await line.gone()


async def hang_up(line: Line) -> None:
    await line.reader.read(1)


async def reset(line: Line) -> None:
    await line.reader.read(1)
    line.reset()


@pytest.mark.parametrize(
    ("script", "fault"),
    [(junk, Fault.TLS_HANDSHAKE), (hang_up, Fault.RESET), (reset, Fault.RESET)],
)
async def test_a_handshake_that_fails(
    ca: str, script: Callable[[Line], object], fault: Fault
) -> None:
    async with Peer(script) as peer, transport() as wire:  # type: ignore[arg-type]
        ending = await fate(wire, secure(peer), ca=ca)
        assert (ending.phase, ending.fault) == (Phase.TLS, fault)
        assert ending.detail
        assert wire.open == 0


async def test_a_peer_that_never_shakes_hands_meets_the_limit(ca: str) -> None:
    async with Peer(silent) as peer, transport() as wire:
        ending = await fate(wire, secure(peer), ca=ca, tls=SHORT)
        assert (ending.phase, ending.fault) == (Phase.TLS, Fault.TLS_TIMEOUT)
        await peer.lines[0].ended
        assert wire.open == 0


async def test_a_ca_file_that_cannot_be_used_is_our_own_fault(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    async with Peer(silent) as peer, transport() as wire:
        ending = await fate(wire, secure(peer), ca=str(file))
        assert (ending.fault, ending.detail) == (Fault.LOCAL, "the file of certificates: ENOENT")
        file.write_text("no certificate")
        ending = await fate(wire, secure(peer), ca=str(file))
        assert ending.fault is Fault.LOCAL
        for line in peer.lines:
            await line.ended


async def test_only_so_many_handshakes_at_a_time(ca: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_room, "MOST_HANDSHAKES", 2)
    shaking: list[bytes] = []

    async def script(line: Line) -> None:
        shaking.append(await line.reader.read(3))
        await line.gone()

    async with Peer(script) as peer, transport() as wire:
        to = backend(secure(peer), ca=ca)
        first = [Told() for _ in range(2)]
        calls = [wire.start(order(to), told) for told in first]
        await until(lambda: shaking == [b"\x16\x03\x01"] * 2)
        waiting = await fate(wire, secure(peer), ca=ca, tls=SHORT)
        assert waiting.fault is Fault.TLS_TIMEOUT
        calls[0].cancel()
        third = Told()
        wire.start(order(to), third)
        await until(lambda: len([hello for hello in shaking if hello]) >= 3)
        assert shaking.count(b"") == 1


# Cancelling.


async def spin(loops: int) -> None:
    for _ in range(loops):
        await asyncio.sleep(0)


@pytest.mark.parametrize("tls", [False, True])
async def test_cancelled_after_any_number_of_steps_nothing_stays_open(ca: str, tls: bool) -> None:
    script = silent
    async with Peer(script, server() if tls else None) as peer, transport() as wire:
        to = backend(secure(peer) if tls else peer.url, ca=ca)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the peer's handshakes
        for steps in range(30):
            told = Told()
            call: Call = wire.start(order(to), told)
            await spin(steps)
            call.cancel()
            call.cancel()
            await spin(3)
            assert not told.endings
        async with asyncio.timeout(LIMIT):
            await until(lambda: not wire.open and not len(wire._tasks))
            for line in peer.lines:
                await line.ended
    gc.collect()


@pytest.mark.parametrize("last", [Phase.TLS, Phase.HEAD])
async def test_cancelled_in_its_last_phase_the_peer_sees_it_at_once(ca: str, last: Phase) -> None:
    async with Peer(silent) as peer, transport() as wire:
        to = backend(secure(peer) if last is Phase.TLS else peer.url, ca=ca)
        told = Told()
        call = wire.start(order(to), told)
        await told.until(lambda: last in told.phases)
        await until(lambda: peer.lines)
        began = time.monotonic()
        call.cancel()
        await peer.lines[0].ended
        assert time.monotonic() - began < 0.05
        assert not told.endings
