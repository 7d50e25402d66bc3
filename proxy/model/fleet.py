"""The routing table: backends, targets, routes, limits; one immutable snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from proxy.model.ask import Dialect, Operation
from proxy.model.base import NO_LABELS, Headers, Seconds, Secret


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
class StatusFeed:
    """Where a provider says how it is."""

    url: str
    component: str = ""
    """The part of its name that the component or product has which is meant; all without one."""


GENERIC = frozenset(
    {"openai-compatible", "anthropic-compatible", "gemini-compatible", "vllm", "ollama", "lmstudio"}
)
"""Providers that are a way of speaking and no vendor: two of them have nothing else in common."""


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
    models: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    """The model that is asked for: the name under which this backend serves it."""
    headers: Headers = field(default=(), repr=False)
    """Added to each request. Any of them may hold a secret: they never show."""
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
    """Where people read what the provider says of itself."""
    status_feed: StatusFeed | None = None
    """Where Faultline reads it; None unless the table asks for it."""

    @property
    def vendor(self) -> str:
        """Who stands behind it, for telling related failures from unrelated ones."""
        return self.url.authority if self.provider in GENERIC else self.provider


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
    static: str | None = None
    """What is answered where nothing else is left: the table's last tier, which is no backend's."""

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


class NotifyKind(StrEnum):
    """How someone is told."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"
    APPRISE = "apprise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Someone to tell of incidents."""

    kind: NotifyKind
    to: Secret
    """The URL, or PagerDuty's routing key."""
    secret: Secret | None = None
    """What signs a webhook's messages."""
    url: str | None = None
    """PagerDuty's address, where it is not the common one."""
    impact: str = "none"
    """From which impact on: `none`, `minor`, `major`, `critical`."""


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
    incidents_hold: Seconds = Seconds(60.0)
    """How long all must be well before an incident is over."""
    notify: tuple[Notify, ...] = ()
    origins: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    """Dotted name of a setting: `file:line` where it stands; absent for defaults."""
    files: tuple[str, ...] = ()
    """The files that this table was made of, secrets included: watched for changes."""
