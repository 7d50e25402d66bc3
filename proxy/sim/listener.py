"""A port that can be shut and opened again without losing its number.

Shut, it refuses connections, as the port of a dead process does. It must never know who is served.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine

BACKLOG = 1024


class Listener:
    """One TCP port on this machine."""

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        serve: Callable[[], asyncio.Protocol],
    ) -> None:
        self._host = host
        self._tls = tls
        self._serve = serve
        # Bound, never listening: it keeps the number while the port is shut.
        self._place = self._bind(port)
        self.port: int = self._place.getsockname()[1]
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None

    def open(self) -> Coroutine[None, None, None]:
        """Listen from this moment; connections are served once the result is awaited."""
        sock = self._socket = self._bind(self.port)
        sock.listen(BACKLOG)
        return self._accept(sock)

    def shut(self) -> None:
        """Refuse connections from now on."""
        self._socket = None
        if self._server is not None:
            self._server.close()
            self._server = None

    def close(self) -> None:
        """Give the port back."""
        self.shut()
        self._place.close()

    async def _accept(self, sock: socket.socket) -> None:
        if self._socket is not sock:  # shut before it began
            sock.close()
            return
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._serve, sock=sock, ssl=self._tls, backlog=BACKLOG)
        if self._socket is sock:
            self._server = server
        else:
            server.close()

    def _bind(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # asyncio turns off Nagle's waiting only on sockets that name their protocol.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((self._host, port))
        return sock
