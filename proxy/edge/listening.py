"""Sockets that listen: both loopbacks, an address, or a unix socket that only its owner may use.

It knows sockets and nothing of what is said on them.
"""

import errno
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from proxy.model import Address

BACKLOG = 1024
"""Connections that wait to be accepted; the kernel has its own ceiling (`somaxconn`)."""
NO_IPV6 = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
OWNER_ONLY = 0o177
"""A umask that leaves a socket's owner reading and writing."""
TRIES = 10
"""For a free port that is free on both loopbacks."""


def listen(address: Address) -> list[socket.socket]:
    """Return the listening sockets of an address. Raises OSError when one cannot be had."""
    if address.unix is not None:
        return [_listen_unix(Path(address.unix))]
    if address.host in {"", "localhost"}:
        return _listen_loopbacks(address.port)
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return [_listen_tcp(family, str(where[0]), int(where[1])) for family, _, _, _, where in found]


def local_address(sock: socket.socket) -> Address:
    """Return where a socket listens, its port known."""
    if sock.family == socket.AF_UNIX:
        return Address(unix=sock.getsockname())
    host, port = sock.getsockname()[:2]
    return Address(host=host, port=port)


def _listen_tcp(family: int, host: str, port: int) -> socket.socket:
    both = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)


def _listen_loopbacks(port: int) -> list[socket.socket]:
    """Listen on both, as far as there are two: `localhost` means either, as the app resolves it."""
    for left in reversed(range(TRIES)):
        first = _listen_tcp(socket.AF_INET, "127.0.0.1", port)
        try:
            return [first, _listen_tcp(socket.AF_INET6, "::1", first.getsockname()[1])]
        except OSError as error:
            if error.errno in NO_IPV6:
                return [first]
            first.close()
            if port or not left:
                raise
    raise AssertionError


def _listen_unix(path: Path) -> socket.socket:
    _remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(OWNER_ONLY)
    try:
        sock.bind(str(path))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(mask)
    return sock


def _remove_stale(path: Path) -> None:
    """Remove the socket of a process that is gone; a living one keeps its place."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
