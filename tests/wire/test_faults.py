"""What exceptions mean."""

import errno
import os
import socket
import ssl

import pytest

from proxy.model import Fault
from proxy.wire.faults import fault_of, loss_of


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ECONNREFUSED, Fault.REFUSED),
        (errno.ENETUNREACH, Fault.UNREACHABLE),
        (errno.EHOSTUNREACH, Fault.UNREACHABLE),
        (errno.ETIMEDOUT, Fault.CONNECT_TIMEOUT),
        (errno.ECONNRESET, Fault.RESET),
        (errno.EPIPE, Fault.RESET),
        (errno.EADDRNOTAVAIL, Fault.LOCAL),
        (errno.EMFILE, Fault.LOCAL),
        (errno.ENFILE, Fault.LOCAL),
        (errno.ENOBUFS, Fault.LOCAL),
        (errno.ENOSPC, Fault.LOCAL),
    ],
)
def test_errnos(number: int, fault: Fault) -> None:
    error = OSError(number, f"Connect call failed ('10.1.2.3', 443) {os.strerror(number)}")
    assert fault_of(error) == (fault, errno.errorcode[number])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Multiple exceptions: [Errno 113] Connect call failed, [Errno 111] ...", Fault.REFUSED),
        ("Multiple exceptions: [Errno 101] unreachable, [Errno 110] ...", Fault.CONNECT_TIMEOUT),
        ("Multiple exceptions: [Errno 101] unreachable, [Errno 113] ...", Fault.UNREACHABLE),
        ("something else", Fault.LOCAL),
    ],
)
def test_of_several_addresses_the_one_that_answered_tells_most(text: str, fault: Fault) -> None:
    assert fault_of(OSError(text))[0] is fault


def test_names() -> None:
    assert fault_of(socket.gaierror(socket.EAI_AGAIN, "x")) == (Fault.DNS_TEMPORARY, "EAI_AGAIN")
    assert fault_of(socket.gaierror(socket.EAI_NONAME, "x")) == (Fault.DNS, "EAI_NONAME")
    assert fault_of(socket.gaierror(12345, "x")) == (Fault.DNS, "unknown")


def test_tls() -> None:
    refused = ssl.SSLCertVerificationError(1, "[SSL] secret path")
    refused.verify_message = "certificate has expired"
    assert fault_of(refused) == (Fault.TLS_VERIFY, "certificate has expired")
    assert fault_of(ssl.SSLCertVerificationError("x"))[0] is Fault.TLS_VERIFY
    assert fault_of(ssl.SSLError(1, "x")) == (Fault.TLS_HANDSHAKE, "SSLError")


def test_an_end_inside_the_handshake_has_no_errno() -> None:
    assert fault_of(ConnectionResetError()) == (Fault.RESET, "ConnectionResetError")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, (Fault.EOF, "")),
        (ConnectionResetError(errno.ECONNRESET, "x"), (Fault.RESET, "ECONNRESET")),
        (TimeoutError(errno.ETIMEDOUT, "x"), (Fault.RESET, "ETIMEDOUT")),
        (ssl.SSLError(1, "bad record"), (Fault.RESET, "SSLError")),
        (RuntimeError("x"), (Fault.RESET, "RuntimeError")),
    ],
)
def test_how_an_open_connection_ends(error: Exception | None, told: tuple[Fault, str]) -> None:
    assert loss_of(error) == told
