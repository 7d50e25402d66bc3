"""The nouns of Faultline: what the rooms hand to each other.

Everything here is a frozen value or an enum; nothing acts. The words are those of the design's
glossary, and a word has one meaning in the whole house. This file knows the standard library
only: no clock, no socket, no HTTP library, no settings format.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import NewType, Protocol

Seconds = NewType("Seconds", float)
"""A length of time."""
Instant = NewType("Instant", float)
"""A point on the monotonic clock, in seconds; only differences mean anything."""
Headers = tuple[tuple[bytes, bytes], ...]
"""Header fields in their order, as they came; names keep their letter case."""

NO_LABELS: Mapping[str, str] = MappingProxyType({})


def header(headers: Headers, name: bytes) -> bytes | None:
    """Return the first value of the field `name` (given in lower case), or None."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


# --- what a client wants ---------------------------------------------------------------------


class Dialect(StrEnum):
    """The API family that a client or a backend speaks; the word of the routing table."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"


class Api(StrEnum):
    """The form that an answer takes: which events a stream has, which fields a body has."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    GEMINI = "gemini"
    EMBEDDINGS = "embeddings"
    JSON = "json"
    """A JSON answer of which nothing is known but that it is JSON."""
    OPAQUE = "opaque"
    """Any bytes: audio, files, pages of an unknown path."""


class Operation(StrEnum):
    """What kind of call of a dialect; the word of the routing table."""

    GENERATE = "generate"
    EMBED = "embed"
    COUNT_TOKENS = "count_tokens"
    LIST_MODELS = "list_models"
    STATEFUL = "stateful"
    """Bound to the account that holds the object: files, batches, `previous_response_id`."""
    OTHER = "other"
    """An unknown path: passed to the first backend of the dialect, without failover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """A replacement of the bytes `start` to `end` (exclusive): the one change a body may see."""

    start: int
    end: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the client wants, as far as routing needs to know it.

    `path` is normal: percent-decoded nowhere, exactly one `/v1` (or Gemini's `/v1beta`) in
    front. `model_at` is where the model's JSON string stands in the body (quotes included), or
    in `path` (for Gemini, no quotes); None when it was not found.
    """

    dialect: Dialect
    api: Api
    operation: Operation
    method: str
    path: str
    query: str = ""
    """Without the question mark and without a client's credential."""
    headers: Headers = ()
    client: str = ""
    """The name of the client whose token was shown; empty where no token is needed."""
    model: str | None = None
    model_at: tuple[int, int] | None = None
    model_in_path: bool = False
    stream: bool = False
    size: int = 0
    """Bytes of the body."""
    sticky: str | None = None
    """What ties calls of one conversation together, where the client says it."""
    timeout: Seconds | None = None
    """How long the client says that it will wait in all."""
    read_timeout: Seconds | None = None
    """How long a silence the client says that it will bear."""
    resend: int = 0
    """How often the client's SDK has sent this call before."""
    no_failover: bool = False
    backend: str | None = None
    """The one backend that the client demands (`x-faultline-backend`)."""


class Body(Protocol):
    """A request's body. It can be sent as often as `replayable` says."""

    @property
    def size(self) -> int | None:
        """Bytes in all; None while a `Once` body of unknown length is still coming."""

    @property
    def replayable(self) -> bool:
        """Whether the body can be read again from its start."""

    @property
    def data(self) -> bytes | None:
        """The whole body where it lies in memory, else None: then `chunks` is the way."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Read the body from its start. Raises OSError when its store fails."""


# --- where it may be sent --------------------------------------------------------------------


class Secret:
    """A string that never shows itself: `repr`, `str` and formats give `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; call it only where it goes onto the wire."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        raise TypeError("a Secret is not pickled")


class CredentialKind(StrEnum):
    """Whose key opens a backend."""

    OWN = "own"
    """Faultline's own, from the routing table."""
    CLIENT = "client"
    """The app's own, passed to this backend only."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The key of a backend and the header that carries it."""

    kind: CredentialKind
    header: bytes = b"authorization"
    prefix: bytes = b"Bearer "
    secret: Secret | None = None

    def headers(self) -> Headers:
        """Return the fields to add; empty unless the key is our own."""
        if self.secret is None:
            return ()
        return ((self.header, self.prefix + self.secret.reveal().encode()),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A backend's address, taken apart once when the table is loaded."""

    tls: bool
    host: str
    port: int
    path: str
    """What stands before every operation's path: `/v1`, or `/openai/v1`; no slash at the end."""

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One place to send: URL, dialect and credential; the provider is the vendor behind it."""

    name: str
    provider: str
    dialect: Dialect
    url: Url
    credential: Credential
    account: str = ""
    """Backends of one account share rate limits; never empty (a table's loader fills it)."""
    models: Mapping[str, str] = NO_LABELS
    """The model that is asked for: the name under which this backend serves it."""
    headers: Headers = ()
    max_in_flight: int | None = None
    weight: int = 1
    proxy: Url | None = None
    """An HTTP proxy to CONNECT through."""
    ca: str | None = None
    """A file with the certificates to trust instead of the system's."""
    private: bool = False
    """Whether the host's name may resolve to a private address."""
    cdn: str | None = None
    """The CDN known to stand in front: failures of one CDN are correlated."""
    status_page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A backend and the model to ask it for."""

    backend: Backend
    model: str | None = None
    """The model that the table names here; None: the one that is asked for."""
    context_window: int | None = None
    """Tokens; None is not declared, which counts as smaller than any declared one."""
    prefill: bool = False
    """Whether the model continues an assistant turn that it is given."""

    def served_model(self, asked: str | None) -> str | None:
        """Return the name to send: the target's own, the backend's for it, or the asked one."""
        model = self.model if self.model is not None else asked
        return model if model is None else self.backend.models.get(model, model)

    def __str__(self) -> str:
        return self.backend.name if self.model is None else f"{self.backend.name}/{self.model}"


# --- the routing table -----------------------------------------------------------------------


class Balance(StrEnum):
    """How a target is chosen among the equals of a tier."""

    FIRST = "first"
    SPREAD = "spread"
    LEAST = "least"


class Replay(StrEnum):
    """Which attempts may be repeated elsewhere."""

    ALWAYS = "always"
    UNSENT = "unsent"
    """Only those that provably did not reach the backend."""
    NEVER = "never"


class Rung(StrEnum):
    """A way to go on with a cut stream."""

    ALIGN = "align"
    PREFILL = "prefill"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long each phase of one exchange may take."""

    connect: Seconds
    tls: Seconds
    head: Seconds
    first_content: Seconds
    stall: Seconds
    total: Seconds
    client_stall: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which asks a route takes; None matches all. `model` and `path` are globs (`*`, `?`)."""

    model: str | None = None
    dialect: Dialect | None = None
    operation: Operation | None = None
    path: str | None = None
    headers: tuple[tuple[bytes, str], ...] = ()
    """Lower-case names and the exact values that must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """When a second runner starts; None is learned from the backend's own p95."""

    after: Seconds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A match, its tiers of targets, and its limits."""

    name: str
    match: Match
    tiers: tuple[tuple[Target, ...], ...]
    stream: Limits
    unary: Limits
    balance: Balance = Balance.FIRST
    sticky: bool = True
    attempts: int = 4
    patience: Seconds = Seconds(3.0)
    replay: Replay = Replay.ALWAYS
    hedge: Hedge | None = None
    resume: tuple[Rung, ...] = ()

    def limits(self, stream: bool) -> Limits:
        """Return the limits for a streamed or a unary exchange."""
        return self.stream if stream else self.unary


@dataclass(frozen=True, slots=True, kw_only=True)
class Ejection:
    """When a target leaves the rotation, and for how long (defaults: design, "Numbers")."""

    consecutive: int = 5
    silences: int = 2
    ratio: float = 0.4
    window: Seconds = Seconds(10.0)
    minimum: int = 20
    first: Seconds = Seconds(1.0)
    most: Seconds = Seconds(15.0)
    flapping: Seconds = Seconds(300.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRule:
    """What pays for retries, further reroutes and hedges."""

    extra: float = 0.2
    floor: int = 3
    hedges: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """How request bodies are kept for a replay; sizes in bytes."""

    limit: int = 128 * 1024 * 1024
    memory: int = 1024 * 1024
    spool: str = "auto"
    """`auto` (the system's temporary directory), `none`, or a directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a port listens: `host` and `port`, or the path of a unix socket.

    An empty host is both loopbacks.
    """

    host: str = ""
    port: int = 0
    unix: str | None = None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        local = self.host in {"", "localhost", "::1"} or self.host.startswith("127.")
        return self.unix is not None or local

    def __str__(self) -> str:
        if self.unix is not None:
            return f"unix:{self.unix}"
        host = self.host or "localhost"
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The whole routing table: one immutable snapshot, swapped whole on reload."""

    backends: Mapping[str, Backend]
    routes: tuple[Route, ...]
    listen: Address = Address(port=8080)
    console: Address | None = Address(port=8081)
    hosts: tuple[str, ...] = ()
    clients: Mapping[str, Secret] = field(default_factory=dict)
    ejection: Ejection = Ejection()
    budget: BudgetRule = BudgetRule()
    bodies: Bodies = Bodies()
    drain: Seconds = Seconds(25.0)
    log_level: str = "info"
    log_format: str = "json"
    incidents_store: str | None = None
    incidents_keep: Seconds = Seconds(90 * 86400.0)
    notify: tuple[Mapping[str, str], ...] = ()
    origins: Mapping[str, str] = NO_LABELS
    """Dotted name of a setting: `file:line` where it stands; absent for defaults."""
    files: tuple[str, ...] = ()
    """The files that this table was made of, secrets included: watched for changes."""


# --- what happened to an attempt -------------------------------------------------------------


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
    LOCAL = "local"
    """Our own machine: no descriptors, no ports, no disk."""
    CLIENT_GONE = "client_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The status line and fields of an answer."""

    status: int
    headers: Headers
    reused: bool = False
    """Whether the connection had served before."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What physically happened to an attempt: all that a verdict may rest on."""

    dialect: Dialect
    api: Api
    stream: bool
    """Whether a stream was asked for."""
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


# --- what it means, and what is done ---------------------------------------------------------


class Cause(StrEnum):
    """Why an attempt was bad: stable codes, used in logs, metrics, headers and the README."""

    AUTH = "auth"
    BAD_REQUEST = "bad_request"
    CAPACITY = "capacity"
    CDN_EDGE = "cdn_edge"
    CDN_EDGE_TO_ORIGIN = "cdn_edge_to_origin"
    CLIENT_CANCEL = "client_cancel"
    CONTENT_POLICY = "content_policy"
    CONTEXT_LENGTH = "context_length"
    DNS = "dns"
    GEO = "geo"
    LOCAL_NETWORK = "local_network"
    LOCAL_PROXY = "local_proxy"
    MODEL_NOT_FOUND = "model_not_found"
    NONE = "none"
    ORIGIN = "origin"
    PROTOCOL = "protocol"
    QUOTA = "quota"
    RATE_LIMIT = "rate_limit"
    TCP = "tcp"
    TIMEOUT = "timeout"
    TLS = "tls"


class Layer(StrEnum):
    """Where on the way the failure stands."""

    API = "api"
    APPLICATION = "application"
    CDN_EDGE = "cdn_edge"
    DNS = "dns"
    GATEWAY = "gateway"
    HTTP_WIRE = "http_wire"
    LOCAL_NETWORK = "local_network"
    LOCAL_PROXY = "local_proxy"
    STREAM = "stream"
    TCP = "tcp"
    TLS = "tls"


class Scope(StrEnum):
    """What a verdict condemns."""

    BACKEND = "backend"
    MODEL = "model"
    KEY = "key"
    REQUEST = "request"


class Action(StrEnum):
    """What a verdict asks for."""

    REROUTE = "reroute"
    RETRY_SAME = "retry_same"
    PASS_THROUGH = "pass_through"  # noqa: S105 - an action's name, not a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an outcome means."""

    cause: Cause
    layer: Layer = Layer.APPLICATION
    scope: Scope = Scope.REQUEST
    action: Action = Action.PASS_THROUGH
    cooldown: Seconds | None = None
    """How long the provider told to stay away; None: it told nothing."""
    evidence: str = ""
    """One sentence made of what was matched; never a raw body, a secret or a prompt."""
    transient: bool = False
    """Whether one quick retry of the same target is worth its cost."""
    billed: bool = False
    """Whether the provider may have charged for it."""
    signature: str = ""
    """The id of the entry that matched."""

    @property
    def good(self) -> bool:
        """Whether nothing went wrong."""
        return self.cause is Cause.NONE


GOOD = Verdict(cause=Cause.NONE)

PROXY_STATUS: Mapping[Cause, str] = MappingProxyType(
    {
        Cause.AUTH: "http_request_denied",
        Cause.BAD_REQUEST: "http_request_error",
        Cause.CAPACITY: "connection_limit_reached",
        Cause.CDN_EDGE: "destination_unavailable",
        Cause.CDN_EDGE_TO_ORIGIN: "destination_unavailable",
        Cause.CLIENT_CANCEL: "http_request_error",
        Cause.CONTENT_POLICY: "http_request_denied",
        Cause.CONTEXT_LENGTH: "http_request_error",
        Cause.DNS: "dns_error",
        Cause.GEO: "http_request_denied",
        Cause.LOCAL_NETWORK: "destination_ip_unroutable",
        Cause.LOCAL_PROXY: "proxy_internal_error",
        Cause.MODEL_NOT_FOUND: "destination_not_found",
        Cause.NONE: "",
        Cause.ORIGIN: "destination_unavailable",
        Cause.PROTOCOL: "http_protocol_error",
        Cause.QUOTA: "http_request_denied",
        Cause.RATE_LIMIT: "connection_limit_reached",
        Cause.TCP: "connection_terminated",
        Cause.TIMEOUT: "http_response_timeout",
        Cause.TLS: "tls_protocol_error",
    }
)
"""Each cause's error type for machines that know RFC 9209, section 2.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that a provider says it has counted."""

    input: int = 0
    output: int = 0


class Result(StrEnum):
    """How an exchange ended for the client; the `result` label of the metrics."""

    WHOLE = "whole"
    CLIENT_ERROR = "client_error"
    """The provider's answer said that the client is at fault, and was passed through."""
    REFUSED = "refused"
    """Every target failed or was out: the client got a refusal in its dialect."""
    CUT = "cut"
    """The stream broke after the commit."""
    CANCELLED = "cancelled"
    """The client went away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One try at one target, told when it is over. Instants are monotonic."""

    number: int
    backend: str
    provider: str
    model: str | None
    started: Instant
    ended: Instant
    verdict: Verdict
    phase: Phase
    sent: Sent
    status: int | None = None
    reused: bool = False
    probe: bool = False
    hedge: bool = False
    bytes_out: int = 0
    bytes_in: int = 0
    times: tuple[tuple[Phase, Seconds], ...] = ()
    """When each phase was reached, in seconds since the start."""
    garbled: int = 0
    """Events that were dropped because they could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRecord:
    """The whole story of one exchange, told when its last byte went."""

    id: str
    client: str
    dialect: Dialect
    api: Api
    operation: Operation
    method: str
    path: str
    model: str | None
    stream: bool
    route: str
    """Empty where no route matched."""
    result: Result
    status: int
    """What the client saw; 0 when it saw nothing."""
    started: Instant
    committed: Instant | None
    ended: Instant
    attempts: tuple[AttemptRecord, ...]
    backend: str = ""
    """Which one answered; empty in a refusal."""
    served_model: str | None = None
    bytes_up: int = 0
    """Bytes of the client's body."""
    bytes_down: int = 0
    usage: Usage | None = None
    waited: Seconds = Seconds(0.0)
    """Time that Faultline waited on purpose: patience, backoff."""
    resend: int = 0

    @property
    def rescued(self) -> bool:
        """Whether it met a bad verdict and was still whole for the client."""
        return self.result is Result.WHOLE and any(not a.verdict.good for a in self.attempts[:-1])


class Change(StrEnum):
    """What happened to the standing of a backend, a model or a key."""

    EJECTED = "ejected"
    COOLED = "cooled"
    PROBING = "probing"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChange:
    """A change of standing, told when it happens."""

    change: Change
    scope: Scope
    backend: str
    model: str | None = None
    verdict: Verdict = GOOD
    at: Instant
    until: Instant | None = None
    """When it may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that Faultline gives itself, to be said in the client's own dialect."""

    status: int
    code: str
    """A stable word: `all_backends_failed`, `unauthorized`, `bad_request`, ..."""
    message: str
    """For a person; Claude Code and others show it as it is."""
    retry_after: Seconds | None = None
    should_retry: bool = False
    """Whether a provider told a time within 60 s: only then is a re-send worth it."""
    attempts: tuple[AttemptRecord, ...] = ()
    close: bool = False
    """Whether the client's connection must end with this answer."""
