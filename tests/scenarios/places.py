"""What lies between Faultline and a provider, and can fail: names, addresses, certificates."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import trustme

BACKLOG_FILLERS = 4
"""Connections that fill the queue of a listener that accepts none; one or two are enough."""


class Hole:
    """An address that swallows every attempt to connect: its queue is full, SYNs are dropped."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.socket(family)
        self._listener.bind((host, port))
        self._listener.listen(0)
        address = self._listener.getsockname()
        self.port: int = address[1]
        self._fillers = [socket.socket(family) for _ in range(BACKLOG_FILLERS)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex(address)

    def close(self) -> None:
        """Give the address back."""
        for sock in (self._listener, *self._fillers):
            sock.close()


class Names:
    """The world's name service: what a name stands for, or how asking for it fails."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str] | OSError | threading.Event] = {}
        """Addresses, an error, or what has to happen before the answer (nothing) comes."""
        self.asked: list[str] = []

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Have this process ask here for the names that are known here."""
        real = socket.getaddrinfo

        def ask(host: Any, port: Any, *args: Any, **more: Any) -> Any:
            if host not in self.answers:
                return real(host, port, *args, **more)
            self.asked.append(host)
            return self._answer(host, port)

        socket.getaddrinfo = ask
        try:
            yield
        finally:
            socket.getaddrinfo = real
            for answer in self.answers.values():
                if isinstance(answer, threading.Event):
                    answer.set()

    def _answer(self, host: str, port: int) -> list[Any]:
        answer = self.answers[host]
        if isinstance(answer, threading.Event):
            answer.wait()
            answer = unknown()
        if isinstance(answer, OSError):
            raise answer
        stream = socket.SOCK_STREAM
        return [
            (socket.AF_INET6, stream, 6, "", (ip, port, 0, 0))
            if ":" in ip
            else (socket.AF_INET, stream, 6, "", (ip, port))
            for ip in answer
        ]


def unknown() -> OSError:
    """Return what is raised for a name that nobody knows."""
    return socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@cache
def authority() -> trustme.CA:
    """Return the authority that Faultline is told to trust."""
    return trustme.CA()


def server_context(kind: str) -> ssl.SSLContext:
    """Return what a provider shows: a `good` certificate, or one that is `expired`, ..."""
    day = timedelta(days=1)
    match kind:
        case "good":
            cert = authority().issue_cert("127.0.0.1")
        case "expired":
            then = datetime.now(UTC) - day
            cert = authority().issue_cert("127.0.0.1", not_before=then - day, not_after=then)
        case "another host's":
            cert = authority().issue_cert("elsewhere.test")
        case "an unknown authority's":
            cert = trustme.CA().issue_cert("127.0.0.1")
        case _:
            raise ValueError(kind)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    return context
