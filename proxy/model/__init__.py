"""The nouns of Faultline: what the rooms hand to each other.

Everything here is a frozen value or an enum; nothing acts. The words are those of the design's
glossary, and a word has one meaning in the whole house. This room knows the standard library
only: no clock, no socket, no HTTP library, no settings format. Import from `proxy.model`.
"""

from proxy.model.ask import Api, Ask, Body, Dialect, Operation, Splice
from proxy.model.base import NO_LABELS, Headers, Instant, Seconds, Secret, header, noun
from proxy.model.fleet import (
    Address,
    Backend,
    Balance,
    Bodies,
    BudgetRule,
    Credential,
    CredentialKind,
    Ejection,
    Fleet,
    Hedge,
    Limits,
    Match,
    Replay,
    Route,
    Rung,
    Target,
    Url,
)
from proxy.model.outcome import Ending, Fault, Head, Outcome, Phase, Sent
from proxy.model.record import (
    AttemptRecord,
    Change,
    Degraded,
    ExchangeRecord,
    HealthChange,
    Refusal,
    Result,
    Usage,
)
from proxy.model.verdict import GOOD, PROXY_STATUS, Action, Cause, Layer, Scope, Verdict

__all__ = [
    "GOOD",
    "NO_LABELS",
    "PROXY_STATUS",
    "Action",
    "Address",
    "Api",
    "Ask",
    "AttemptRecord",
    "Backend",
    "Balance",
    "Bodies",
    "Body",
    "BudgetRule",
    "Cause",
    "Change",
    "Credential",
    "CredentialKind",
    "Degraded",
    "Dialect",
    "Ejection",
    "Ending",
    "ExchangeRecord",
    "Fault",
    "Fleet",
    "Head",
    "Headers",
    "HealthChange",
    "Hedge",
    "Instant",
    "Layer",
    "Limits",
    "Match",
    "Operation",
    "Outcome",
    "Phase",
    "Refusal",
    "Replay",
    "Result",
    "Route",
    "Rung",
    "Scope",
    "Seconds",
    "Secret",
    "Sent",
    "Splice",
    "Target",
    "Url",
    "Usage",
    "Verdict",
    "header",
    "noun",
]
