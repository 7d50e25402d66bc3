"""What an entry of the signature file says: what it matches, and what that means.

Values only. An entry matches when each of the conditions that it names holds; within one
condition, one of the alternatives is enough. This module never learns where the entries come from
or how they are matched.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from proxy.diagnosis.pattern import Pattern
from proxy.model import Action, Api, Cause, Fault, Layer, Operation, Phase, Scope, Seconds


class Form(StrEnum):
    """What an answer's body is, whatever its Content-Type claims."""

    EMPTY = "empty"
    JSON = "json"
    BROKEN_JSON = "broken_json"
    """It begins as JSON and cannot be read: cut, or shortened."""
    XML = "xml"
    """An API's answer in XML."""
    MARKUP = "markup"
    """A page for people."""
    TEXT = "text"
    BINARY = "binary"


class Answer(StrEnum):
    """What a 2xx answer, or an event of a stream, holds instead of what was asked for."""

    GOOD = "good"
    ERROR = "error"
    """An error object."""
    EMPTY = "empty"
    """An answer that ended well and says nothing."""
    UNFINISHED = "unfinished"
    """Content without a reason why it ended."""
    STRANGE = "strange"
    """It ended for a reason that means a failure, or for an unknown one and says nothing."""
    NEW = "new"
    """It says something and ended for a reason that is not known: providers invent new ones."""
    NO_RESULT = "no_result"
    """JSON that holds neither an answer nor an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The conditions of an entry; None or empty says nothing."""

    status: frozenset[int] | None = None
    """Judged statuses: the answer's, or the one that its error object names."""
    provider: frozenset[str] | None = None
    """Without style: `llamacpp`."""
    fault: frozenset[Fault] | None = None
    phase: frozenset[Phase] | None = None
    api: frozenset[Api] | None = None
    operation: frozenset[Operation] | None = None
    stream: bool | None = None
    """Whether a stream was asked for."""
    reused: bool | None = None
    """Whether the connection had served before."""
    form: frozenset[Form] | None = None
    answer: frozenset[Answer] | None = None
    finish: frozenset[str] | None = None
    """Reasons why an answer ended, without style."""
    header: tuple[tuple[str, tuple[Pattern, ...]], ...] = ()
    """Fields that must be there; no patterns: with any value."""
    lacks: tuple[str, ...] = ()
    """Fields that must not be there; a name ending in `*` is a prefix."""
    word: frozenset[str] | None = None
    """Types, codes and reasons of the error object, without style; these or `says`."""
    says: tuple[Pattern, ...] = ()
    """In the message, the page's visible text, or the transport's detail; these or `word`."""
    also: frozenset[str] | None = None
    """Further words, of which one must be there too."""
    silent: tuple[Pattern, ...] = ()
    """None of these may be said."""
    title: tuple[Pattern, ...] = ()
    markup: tuple[Pattern, ...] = ()
    """In the page's source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """The verdict of an entry."""

    cause: Cause
    layer: Layer
    scope: Scope
    action: Action
    transient: bool = False
    cooldown: Seconds | None = None
    """How long to stay away where the answer does not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One entry."""

    id: str
    name: str
    """What was seen, for a person: the head of the evidence."""
    when: When
    then: Then
    source: str = field(default="", compare=False)
