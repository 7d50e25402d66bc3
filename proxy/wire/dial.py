"""From an order to an open connection: resolve, connect, tunnel, TLS.

Knows sockets and the order's limits. What can go wrong comes back as a `Failure`; only cancellation
passes through, and then nothing stays open. Must never know the pool or an answer.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import aiohappyeyeballs

from proxy.exchange import Order
from proxy.model import Fault, Phase, Seconds, Url
from proxy.wire.connection import Connection
from proxy.wire.egress import is_literal, may_reach
from proxy.wire.faults import fault_of
from proxy.wire.resolver import Addresses, Resolver, numeric
from proxy.wire.trust import Trust
from proxy.wire.tunnel import open_tunnel

EYEBALLS = Seconds(0.25)
"""Head start of each address over the next (RFC 8305, 5: Connection Attempt Delay)."""
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 60, "TCP_KEEPCNT": 5}
"""Seconds, seconds (macOS's name), seconds, probes: as Anthropic's SDK sets them."""
_SPARE = Seconds(1.0)
"""The loop's own limit of a handshake stands this much behind ours. A connection is never said
farewell to, but by the loop itself, when a cancel crosses the end of the handshake: that may take
as long."""
_PROXYS_OWN = frozenset(
    {Fault.DNS, Fault.DNS_TEMPORARY, Fault.REFUSED, Fault.UNREACHABLE, Fault.BLOCKED, Fault.RESET}
)
"""Faults that are the corporate proxy's where one stands between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no connection; not one byte of the request has gone."""

    phase: Phase
    fault: Fault
    detail: str = ""


class _Refused(Exception):  # noqa: N818 - never leaves this file
    """Carries a fault that is no exception of the system."""

    def __init__(self, fault: Fault, detail: str) -> None:
        self.fault = fault
        self.detail = detail


class Dialer:
    """Opens connections."""

    def __init__(self, resolver: Resolver, trust: Trust) -> None:
        self._resolver = resolver
        self._trust = trust

    async def dial(
        self,
        order: Order,
        handshakes: asyncio.Semaphore,
        make: Callable[[], Connection],
        reach: Callable[[Phase], None],
    ) -> Connection | Failure:
        """Open a connection that `make` has made; `reach` hears of each phase as it begins."""
        phase = Phase.RESOLVE

        def enter(new: Phase) -> None:
            nonlocal phase
            phase = new
            reach(new)

        try:
            async with asyncio.timeout(order.connect):
                sock = await self._open(order, enter)
            if order.backend.url.tls:
                return await self._secure(order, sock, handshakes, make, enter)
            _, connection = await asyncio.get_running_loop().create_connection(make, sock=sock)
        except _Refused as refused:
            return Failure(phase=phase, fault=refused.fault, detail=refused.detail)
        except TimeoutError:
            fault = Fault.TLS_TIMEOUT if phase is Phase.TLS else Fault.CONNECT_TIMEOUT
            return Failure(phase=phase, fault=fault)
        except OSError as error:
            return _failure(order, phase, error)
        return connection

    async def _open(self, order: Order, enter: Callable[[Phase], None]) -> socket.socket:
        """Return a socket that leads to the backend; behind a proxy, that resolves its name."""
        backend = order.backend
        hop = backend.proxy or backend.url
        enter(Phase.RESOLVE)
        private = backend.private or backend.proxy is not None
        addresses = await self._addresses(hop, private=private)
        enter(Phase.CONNECT)
        sock = await aiohappyeyeballs.start_connection(
            addresses, happy_eyeballs_delay=EYEBALLS, interleave=1
        )
        with ExitStack() as undo:
            undo.callback(sock.close)
            _keep_alive(sock)
            if backend.proxy is not None:
                problem = await open_tunnel(sock, backend.url)
                if problem:
                    raise _Refused(Fault.PROXY_REFUSED, problem)
            undo.pop_all()
        return sock

    async def _addresses(self, hop: Url, *, private: bool) -> Addresses:
        """Return where the hop is: an address that is written is its own, a name needs leave."""
        if is_literal(hop.host):
            return numeric(hop.host, hop.port)
        found = await self._resolver.resolve(hop.host, hop.port)
        allowed = tuple(
            info for info in found if may_reach(info[4][0], host=hop.host, private=private)
        )
        if not allowed:
            raise _Refused(Fault.BLOCKED, "the name resolved to an address that is not allowed")
        return allowed

    async def _secure(
        self,
        order: Order,
        sock: socket.socket,
        handshakes: asyncio.Semaphore,
        make: Callable[[], Connection],
        enter: Callable[[Phase], None],
    ) -> Connection:
        """Shake hands. Waiting for a turn counts: a queue behind a silent peer must not grow."""
        with ExitStack() as undo:
            undo.callback(sock.close)
            enter(Phase.TLS)
            async with asyncio.timeout(order.tls), handshakes:
                context = await self._context(order.backend.ca)
                undo.pop_all()  # from here on the loop owns the socket
                _, connection = await asyncio.get_running_loop().create_connection(
                    make,
                    sock=sock,
                    ssl=context,
                    server_hostname=order.backend.url.host,
                    ssl_handshake_timeout=order.tls + _SPARE,
                    ssl_shutdown_timeout=_SPARE,
                )
        return connection

    async def _context(self, ca: str | None) -> ssl.SSLContext:
        try:
            return await self._trust.context(ca)
        except OSError as error:
            _, reason = fault_of(error)
            raise _Refused(Fault.LOCAL, f"the file of certificates: {reason}") from error


def _keep_alive(sock: socket.socket) -> None:
    """Have the system find out about a peer that is gone without a word."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _failure(order: Order, phase: Phase, error: OSError) -> Failure:
    fault, detail = fault_of(error)
    if order.backend.proxy is not None and phase is not Phase.TLS and fault in _PROXYS_OWN:
        fault = Fault.PROXY_REFUSED
    return Failure(phase=phase, fault=fault, detail=detail)
