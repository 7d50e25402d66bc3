"""What physically happened to an attempt."""

from enum import IntEnum, StrEnum

from proxy.model.ask import Api, Dialect, Operation
from proxy.model.base import Headers, Seconds, noun


class Phase(StrEnum):
    """How far an attempt has come."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    WRITE = "write"
    HEAD = "head"
    FIRST_CONTENT = "first_content"
    CONTENT = "content"
    END = "end"


class Sent(IntEnum):
    """How much the backend may have seen of us, or we of it; ordered."""

    NOT_SENT = 0
    MAYBE_SENT = 1
    HEAD_SEEN = 2
    CONTENT_SEEN = 3


class Fault(StrEnum):
    """What physically went wrong; None in an outcome where a whole answer came."""

    DNS = "dns"
    DNS_TEMPORARY = "dns_temporary"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    """The name resolved to an address where a key must never go."""
    CONNECT_TIMEOUT = "connect_timeout"
    PROXY_REFUSED = "proxy_refused"
    """The corporate proxy did not open the tunnel."""
    TLS_VERIFY = "tls_verify"
    TLS_HANDSHAKE = "tls_handshake"
    TLS_TIMEOUT = "tls_timeout"
    RESET = "reset"
    EOF = "eof"
    """The connection ended before the answer did."""
    PROTOCOL = "protocol"
    """Not HTTP, or HTTP that must not be trusted."""
    TOO_LARGE = "too_large"
    SILENCE = "silence"
    """A limit passed without a head, or without first content; the phase says which."""
    STALL = "stall"
    """Content came, then nothing more for too long."""
    FAILED_EVENT = "failed_event"
    """The stream said that it failed; the event is in the outcome."""
    GARBLED = "garbled"
    """The stream's first event, or too many, cannot be read."""
    UNTERMINATED = "unterminated"
    """The bytes ended cleanly, the answer did not."""
    EMPTY = "empty"
    """The stream came to its proper end and had said nothing, for no reason that it gave."""
    LOCAL = "local"
    """Our own machine: no descriptors, no ports, no disk."""
    CLIENT_GONE = "client_gone"
    UPLOAD = "upload"
    """The client did not deliver its body: too large, too slow, or broken."""


class Drill(StrEnum):
    """The fault that a drill plays: what a person rehearses on the live path."""

    CDN_502 = "cdn_502"
    """Cloudflare's own page for a broken origin."""
    RESET = "reset"
    SILENCE = "silence"
    SLOW = "slow"
    """First content comes late."""
    CUT = "cut"
    GARBAGE = "garbage"
    """Bytes that are not HTTP."""


@noun
class Head:
    """The status line and fields of an answer."""

    status: int
    headers: Headers
    reused: bool = False
    """Whether the connection had served before."""


@noun
class Ending:
    """How the bytes of an attempt ended, as the wire saw it."""

    phase: Phase
    """Where it stood when it ended; END with no fault is a whole answer."""
    fault: Fault | None = None
    detail: str = ""
    """A short text without secrets: an errno's name, the reason of a refused certificate."""
    sent: Sent = Sent.MAYBE_SENT
    reused: bool = False
    bytes_out: int = 0
    bytes_in: int = 0


@noun
class Outcome:
    """What physically happened to an attempt: all that a verdict may rest on."""

    dialect: Dialect
    api: Api
    stream: bool
    """Whether a stream was asked for."""
    operation: Operation = Operation.GENERATE
    provider: str = ""
    phase: Phase = Phase.END
    fault: Fault | None = None
    detail: str = ""
    status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    """As it came, possibly encoded; of an error at most 64 KiB, of a good answer all."""
    event: bytes | None = None
    """The payload of the stream's event that failed or could not be read."""
    sent: Sent = Sent.NOT_SENT
    reused: bool = False
    own_key: bool = True
    """Whether the credential was Faultline's; a client's own key is the client's business."""
    elapsed: Seconds = Seconds(0.0)
    drill: Drill | None = None
    """The drill that this attempt fell into."""
