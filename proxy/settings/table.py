"""The routing table as a person writes it: every key, its kind, its default, its description.

The docstrings are what editors show: they become the JSON Schema's descriptions. Strict: an unknown
key or a value of another kind is an error. Knows no provider, no environment and no file.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from proxy.model import (
    Address,
    Balance,
    Bodies,
    BudgetRule,
    Dialect,
    Ejection,
    Fleet,
    NotifyKind,
    Operation,
    Replay,
    Rung,
    Seconds,
)
from proxy.settings import fields as f
from proxy.settings.entry import Entry, Key, MaybeToken, Token
from proxy.settings.problem import Code


class ClientEntry(Entry):
    """An app that may use this Faultline."""

    token: Token
    """What the app shows as its API key: `"${APP_TOKEN}"` or `{file: /run/secrets/app}`."""


class BackendEntry(Entry):
    """One place to send: URL, dialect and credential."""

    provider: f.Text
    """The vendor behind it: `openai`, `anthropic`, `gemini`, `azure-openai`, ..., or
    `openai-compatible` for anything else that speaks its dialect."""
    dialect: Annotated[Dialect, Field(strict=False)] | None = None
    """The API it speaks; the provider's own where it is not given."""
    url: f.BackendUrl | None = None
    """Where it is; the provider's own where it is not given. Without a path it gets `/v1`."""
    key: Key
    """`"${OPENAI_API_KEY}"`, `{file: /run/secrets/key}`, `client` (pass the app's own key on, to
    here only) or `none`."""
    account: f.Name | None = None
    """Backends of one account share its rate limits; each its own where it is not given."""
    models: dict[f.Text, f.Text] = Field(default_factory=dict)
    """The model that is asked for: the name under which this backend serves it."""
    headers: dict[f.OwnHeaderName, f.HeaderValue] = Field(default_factory=dict)
    """Fields to add to every request to this backend."""
    max_in_flight: Annotated[int, Field(ge=1, le=100_000), f.NUMBER] | None = None
    """How many requests may run here at once."""
    weight: Annotated[int, Field(ge=1, le=1000), f.NUMBER] = 1
    """Its share where a tier is balanced by `spread`."""
    proxy: f.ProxyUrl = None
    """An HTTP proxy to reach it through, or `none`."""
    ca: f.Text | None = None
    """A file of certificates to trust instead of the system's."""
    private: f.Flag = False
    """Whether the host's name may resolve to a private address."""
    status_page: f.StatusPage = None
    """What the provider says of itself, to be shown beside what is seen: `auto` (where the provider
    is known to say it), the URL of its status page or feed, or `none`."""


class TargetEntry(Entry):
    """A backend and the model to ask it for; `backend/model` in short."""

    backend: f.Name
    """The name of a backend."""
    model: f.Text | None = None
    """The model to ask for; the one that the app asks for where it is not given."""
    context_window: Annotated[int, Field(ge=1, le=1_000_000_000), f.NUMBER] | None = None
    """Tokens. A request that was too long elsewhere is rerouted to a larger one only."""
    prefill: f.Flag = False
    """Whether the model continues an assistant turn that it is given."""


class StaticText(Entry):
    """An answer of the table's own."""

    text: f.Text
    """What the app's user reads."""


class StaticEntry(Entry):
    """A text that answers where every backend has failed; alone in the last tier."""

    static: StaticText
    """The answer: `{text: "We are sorry, ..."}`."""


def _target(value: object) -> object:
    if not isinstance(value, str):
        return value
    backend, slash, model = value.partition("/")
    if not backend or (slash and not model):
        mend = "`backend`, or `backend/model`: what stands in front of the first slash is a backend"
        raise f.wrong(Code.NO_BACKEND, f"names no {'model' if backend else 'backend'}", mend)
    return {"backend": backend, "model": model} if slash else {"backend": backend}


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _form(value: object) -> str:
    static = isinstance(value, StaticEntry) or (isinstance(value, dict) and "static" in value)
    return "<static>" if static else "<target>"


TargetForms = Annotated[
    Annotated[TargetEntry, Tag("<target>")] | Annotated[StaticEntry, Tag("<static>")],
    Discriminator(_form),
    BeforeValidator(_target, json_schema_input_type=f.Text | TargetEntry | StaticEntry),
]
Tier = Annotated[
    list[TargetForms],
    Field(min_length=1),
    BeforeValidator(_as_list, json_schema_input_type=TargetForms | list[TargetForms]),
]


class MatchEntry(Entry):
    """Which requests a route takes: all that is given must fit; nothing given takes all."""

    model: f.Glob | None = None
    """A glob of the model that is asked for: `gpt-5*`."""
    dialect: Annotated[Dialect, Field(strict=False)] | None = None
    """The API that the app speaks; that of the route's targets where it is not given."""
    operation: Annotated[Operation, Field(strict=False)] | None = None
    """The kind of call."""
    path: f.Glob | None = None
    """A glob of the path: `/v1/chat/completions`."""
    header: dict[f.HeaderName, f.HeaderValue] = Field(default_factory=dict)
    """Fields and the exact values that they must have."""


class ByKind(Entry):
    """A limit that is different for streams and for answers that come in one piece."""

    stream: f.Limit | None = None
    """For streamed answers."""
    unary: f.Limit | None = None
    """For answers that come in one piece."""


def _both(value: object) -> object:
    return value if isinstance(value, dict) else {"stream": value, "unary": value}


Phase = Annotated[ByKind, BeforeValidator(_both, json_schema_input_type=f.Limit | ByKind)]


class LimitsEntry(Entry):
    """How long each phase may take: one value, or `{stream: ..., unary: ...}`."""

    connect: Phase = ByKind()
    """To look up the host and connect (3s)."""
    tls: Phase = ByKind()
    """To agree on encryption (5s)."""
    head: Phase = ByKind()
    """Until the answer begins (30s for streams, 10m in one piece)."""
    first_content: Phase = ByKind()
    """Until the first word of the answer (2m)."""
    stall: Phase = ByKind()
    """Between two pieces of an answer (2m)."""
    total: Phase = ByKind()
    """Until the first byte goes to the app, all attempts together (10m)."""
    client_stall: Phase = ByKind()
    """While the app does not read (2m)."""


class HedgeEntry(Entry):
    """A second attempt beside a slow first one."""

    after: f.HedgeAfter = None
    """When it starts; `auto` learns it from the backend's own times."""


def _or_nothing(value: object) -> object:
    return None if value == "none" else value


Hedge = Annotated[
    HedgeEntry | None,
    BeforeValidator(_or_nothing, json_schema_input_type=HedgeEntry | Literal["none"]),
]


class Manner(Entry):
    """How a route treats its requests; what a route leaves out comes from `defaults`."""

    balance: Annotated[Balance, Field(strict=False)] = Balance.FIRST
    """Among the equals of a tier: `first` that is well, `spread` by weight, or `least` busy."""
    sticky: Literal["auto", "none"] = "auto"
    """Whether one conversation stays with one target of a tier."""
    limits: LimitsEntry = LimitsEntry()
    """How long each phase may take."""
    attempts: Annotated[int, Field(ge=1, le=20), f.NUMBER] = 4
    """How many attempts one request may cost in all."""
    patience: f.Duration = Seconds(3.0)
    """What may be waited before a tier is left."""
    replay: Annotated[Replay, Field(strict=False)] = Replay.ALWAYS
    """Which attempts may be repeated elsewhere: `always`, `unsent` or `never`."""
    hedge: Hedge = None
    """A second attempt beside a slow first one: `{after: 10s}`, or `none`."""
    resume: list[Annotated[Rung, Field(strict=False)]] = Field(default_factory=list)
    """How a cut stream may go on, in this order: `[align, prefill, anchor]`, or `[]`."""


class RouteEntry(Manner):
    """A match, its tiers of targets, and how it treats its requests. The first match wins."""

    name: f.Name
    """Its name in logs, metrics and this table's errors."""
    match: MatchEntry = MatchEntry()
    """Which requests it takes; all of its targets' dialect where it is not given."""
    tiers: Annotated[list[Tier], Field(min_length=1)]
    """Lists of equally good targets; the next tier is for when the one before is spent."""


class RatioEntry(Entry):
    """Ejection by the share of failures."""

    failures: f.Percent = Ejection().ratio
    """The share of failures that ejects (40%)."""
    window: f.Limit = Ejection().window
    """Over how long it is counted (10s)."""
    minimum: Annotated[int, Field(ge=1, le=1_000_000), f.NUMBER] = Ejection().minimum
    """How many requests it takes to count at all (20)."""


class BackoffEntry(Entry):
    """How long a backend stays out of rotation."""

    first: f.Limit = Ejection().first
    """The first time (1s); it doubles."""
    most: f.Limit = Ejection().most
    """The longest (15s)."""
    flapping: f.Limit = Ejection().flapping
    """The longest hold of a backend that comes and goes (5m)."""


class EjectionEntry(Entry):
    """When a backend leaves the rotation, and for how long."""

    consecutive: Annotated[int, Field(ge=1, le=1000), f.NUMBER] = Ejection().consecutive
    """Failures in a row."""
    silences: Annotated[int, Field(ge=1, le=1000), f.NUMBER] = Ejection().silences
    """Attempts in a row without an answer."""
    ratio: RatioEntry = RatioEntry()
    """The share of failures."""
    backoff: BackoffEntry = BackoffEntry()
    """How long it stays out."""


class BudgetEntry(Entry):
    """What retries and reroutes may cost on top of normal traffic."""

    extra: f.Percent = BudgetRule().extra
    """Of a backend's requests of the last 10 s (20%)."""
    floor: Annotated[int, Field(ge=0, le=1000), f.NUMBER] = BudgetRule().floor
    """What is always allowed at once (3)."""
    hedges: f.Percent = BudgetRule().hedges
    """Of them, for hedges (5%)."""


class BodiesEntry(Entry):
    """How request bodies are kept, so that they can be sent again."""

    limit: f.Size = Bodies().limit
    """The largest body that is accepted (128MiB)."""
    memory: f.Size = Bodies().memory
    """What is kept in memory (1MiB); more goes to the spool."""
    spool: f.Text = Bodies().spool
    """`auto` (the system's temporary folder), `none`, or a folder."""


class LogEntry(Entry):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """How much."""
    format: Literal["json", "text"] = "json"
    """For machines or for people."""


class IncidentsEntry(Entry):
    """Where incidents are kept, and when they are over."""

    store: f.Text = "none"
    """A file, from the table's folder, or `none`: in memory only."""
    keep: f.Limit = Fleet(backends={}, routes=()).incidents_keep
    """For how long (90d)."""
    hold: f.Limit = Fleet(backends={}, routes=()).incidents_hold
    """How long all must be well before an incident is over (60s); trouble that comes back within
    ten times this is the same incident, and must then be well for twice as long."""


class NotifyEntry(Entry):
    """Someone to tell of incidents."""

    kind: Annotated[NotifyKind, Field(strict=False)]
    """How: `webhook` (signed JSON), `slack` (and what understands the same), `pagerduty`, or
    `apprise` (a hundred others; needs `pip install 'faultline[notify]'`)."""
    to: Token
    """Whom: the URL, or PagerDuty's routing key; a secret: `"${SLACK_URL}"` or `{file: path}`."""
    secret: MaybeToken = None
    """What signs a webhook's messages, as standardwebhooks.com has it."""
    url: f.BackendUrl | None = None
    """PagerDuty's address, where it is not the common one."""
    impact: Literal["none", "minor", "major", "critical"] = "none"
    """From which impact on apps: `none` tells of incidents that no app feels, too."""


class Table(Entry):
    """The routing table of Faultline."""

    version: f.Version
    """The version of this format: 1."""
    listen: f.Listen = Address(port=8080)
    """Where apps reach Faultline: `localhost:8080`, `0.0.0.0:8080`, `unix:/run/faultline.sock`."""
    console: f.Console = Address(port=8081)
    """Where people reach the status page, metrics and health; or `none`."""
    hosts: list[f.HostName] = Field(default_factory=list)
    """Names that apps may call Faultline by, beside localhost: `[faultline]`; with a port where
    another one leads here: `["localhost:9000"]`."""
    clients: dict[f.Name, ClientEntry] = Field(default_factory=dict)
    """Apps and their tokens; needed unless both ports are for this machine only."""
    backends: dict[f.Name, BackendEntry] = Field(json_schema_extra={"minProperties": 1})
    """The places to send to, by name."""
    defaults: Manner = Manner()
    """What routes do that say nothing else."""
    routes: list[RouteEntry] = Field(json_schema_extra={"minItems": 1})
    """Which requests go where; the first match wins."""
    ejection: EjectionEntry = EjectionEntry()
    """When a backend leaves the rotation, and for how long."""
    budget: BudgetEntry = BudgetEntry()
    """What retries and reroutes may cost."""
    bodies: BodiesEntry = BodiesEntry()
    """How request bodies are kept."""
    drain: f.Duration = Seconds(25.0)
    """How long running requests may take to finish when Faultline is stopped."""
    log: LogEntry = LogEntry()
    """What is logged."""
    incidents: IncidentsEntry = IncidentsEntry()
    """Where incidents are kept, and when they are over."""
    notify: list[NotifyEntry] = Field(default_factory=list)
    """Whom to tell of incidents."""
