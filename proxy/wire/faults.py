"""What an exception of the operating system, the resolver or TLS means as a `Fault`.

Knows errnos and the ways in which asyncio, uvloop and aiohappyeyeballs word them. The detail is
short and holds no address, no secret, no URL. Must never know a connection.
"""

import errno
import re
import socket
import ssl

from proxy.model import Fault

_FAULTS = {
    errno.ECONNREFUSED: Fault.REFUSED,
    errno.ENETUNREACH: Fault.UNREACHABLE,
    errno.EHOSTUNREACH: Fault.UNREACHABLE,
    errno.ENETDOWN: Fault.UNREACHABLE,
    errno.EHOSTDOWN: Fault.UNREACHABLE,
    errno.ETIMEDOUT: Fault.CONNECT_TIMEOUT,
    errno.ECONNRESET: Fault.RESET,
    errno.ECONNABORTED: Fault.RESET,
    errno.EPIPE: Fault.RESET,
}
"""All others are our own machine's: EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ..."""
_TELLING = (errno.ECONNREFUSED, errno.ETIMEDOUT)
"""Which of several errnos to believe: addresses that answered tell more than missing routes."""
_GAI_NAMES = {value: name for name, value in vars(socket).items() if name.startswith("EAI_")}


def fault_of(error: OSError) -> tuple[Fault, str]:
    """Return what went wrong before an answer could come, and a short text about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fault.TLS_VERIFY, getattr(error, "verify_message", "") or "certificate refused"
    if isinstance(error, ssl.SSLError):
        return Fault.TLS_HANDSHAKE, _reason_of(error)
    if isinstance(error, socket.gaierror):
        temporary = error.errno == socket.EAI_AGAIN
        name = _GAI_NAMES.get(error.errno or 0, "unknown")
        return Fault.DNS_TEMPORARY if temporary else Fault.DNS, name
    number = _errno_of(error)
    if number is None:
        # asyncio and uvloop raise a bare ConnectionResetError for an EOF inside the handshake.
        reset = isinstance(error, ConnectionError)
        return Fault.RESET if reset else Fault.LOCAL, type(error).__name__
    return _FAULTS.get(number, Fault.LOCAL), errno.errorcode.get(number, str(number))


def loss_of(error: Exception | None) -> tuple[Fault, str]:
    """Return how a connection that was open has ended."""
    if error is None:
        return Fault.EOF, ""
    if isinstance(error, ssl.SSLError):
        return Fault.RESET, _reason_of(error)
    number = error.errno if isinstance(error, OSError) else None
    return Fault.RESET, errno.errorcode.get(number or 0, type(error).__name__)


def _reason_of(error: ssl.SSLError) -> str:
    """Return OpenSSL's word for it; errors that Python itself made have none."""
    return getattr(error, "reason", None) or type(error).__name__


def _errno_of(error: OSError) -> int | None:
    """Return the errno; of several (aiohappyeyeballs then keeps them in the text only) the best."""
    if error.errno is not None:
        return error.errno
    numbers = [int(number) for number in re.findall(r"\[Errno (\d+)\]", str(error))]
    for number in _TELLING:
        if number in numbers:
            return number
    return numbers[0] if numbers else None
