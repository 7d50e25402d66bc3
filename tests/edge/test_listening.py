"""Sockets that listen."""

import errno
import socket
import stat
from pathlib import Path

import pytest

from proxy.edge import listening
from proxy.edge.listening import listen, local_address
from proxy.model import Address


def close(*socks: socket.socket) -> None:
    for sock in socks:
        sock.close()


@pytest.mark.parametrize("host", ["", "localhost"])
def test_localhost_is_both_loopbacks_at_one_port(host: str) -> None:
    socks = listen(Address(host=host))
    addresses = [local_address(sock) for sock in socks]
    assert [address.host for address in addresses] == ["127.0.0.1", "::1"][: len(socks)]
    assert len({address.port for address in addresses}) == 1
    close(*socks)


def test_one_loopback_does_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = listening._listen_tcp

    def without_ipv6(family: int, host: str, port: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return real(family, host, port)

    monkeypatch.setattr(listening, "_listen_tcp", without_ipv6)
    (sock,) = listen(Address())
    assert local_address(sock).host == "127.0.0.1"
    close(sock)


def test_a_port_that_another_has_on_one_loopback_is_refused() -> None:
    taken = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with pytest.raises(OSError, match="in use"):
        listen(Address(port=taken.getsockname()[1]))
    close(taken)


def test_a_free_port_is_looked_for_until_both_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = listening._listen_tcp
    refused: list[int] = []

    def busy(family: int, host: str, port: int) -> socket.socket:
        if family == socket.AF_INET6 and len(refused) < 3:
            refused.append(port)
            raise OSError(errno.EADDRINUSE, "in use")
        return real(family, host, port)

    monkeypatch.setattr(listening, "_listen_tcp", busy)
    close(*listen(Address()))
    assert len(refused) == 3


def test_an_address_is_listened_on_as_it_stands() -> None:
    for host in ("127.0.0.1", "0.0.0.0", "::1"):
        socks = listen(Address(host=host))
        assert [local_address(sock).host for sock in socks] == [host]
        close(*socks)


def test_a_unix_socket_replaces_a_dead_one_and_no_living_one(tmp_path: Path) -> None:
    path = tmp_path / "s"
    address = Address(unix=str(path))
    (first,) = listen(address)
    assert local_address(first) == address
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(OSError, match="in use"):
        listen(address)
    first.close()
    (second,) = listen(address)
    second.close()


def test_a_file_in_the_way_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        listen(Address(unix=str(path)))
    assert path.read_text() == "mine"
