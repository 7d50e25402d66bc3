"""Through a corporate proxy: CONNECT, spoken on the bare socket before anything else.

Knows the one answer that CONNECT gets; must never know what goes through the tunnel.
"""

import asyncio
import re
import socket

from proxy.model import Url
from proxy.wire.rules import MOST_HEAD

_OPENED = re.compile(rb"HTTP/1\.[01] 2\d\d[ \r]")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


async def open_tunnel(sock: socket.socket, url: Url) -> str:
    """Have the proxy connect the socket to `url`; return why it did not, or an empty string.

    Raises OSError when the connection breaks.
    """
    loop = asyncio.get_running_loop()
    host = f"[{url.host}]" if ":" in url.host else url.host
    authority = f"{host}:{url.port}"
    request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
    await loop.sock_sendall(sock, request.encode())
    head = b""
    while b"\r\n\r\n" not in head:
        part = await loop.sock_recv(sock, 4096)
        head += part
        if not part or len(head) > MOST_HEAD:
            return "the proxy gave no answer"
    if _OPENED.match(head) and head.endswith(b"\r\n\r\n"):
        return ""
    status = _STATUS.match(head)
    return f"the proxy answered {status[1].decode()}" if status else "the proxy is none"
