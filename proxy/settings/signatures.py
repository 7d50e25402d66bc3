"""The failure signatures: from the package's YAML file to values for the diagnosis.

Strict: an unknown key, a pattern that is not plain, an id given twice, or an entry without a
condition is a `ValueError` that names the entry. Knows the file's form; what is done with the
entries is not known here.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

import msgspec
import yaml

from proxy.diagnosis.pattern import Pattern, compile_pattern, word
from proxy.diagnosis.signature import Answer, Form, Signature, Then, When
from proxy.model import Action, Api, Cause, Fault, Layer, Operation, Phase, Scope, Seconds

STATUSES = range(600)
"""Statuses that an entry may name; 0 is an error that names none, `none` in the file."""

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader where it is built: a start must not take a second."""

VERDICT = (Cause, Layer, Scope, Action)
"""What an entry's `then` names, in this order."""

Words = list[str]
Patterns = list[str]


class WhenEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The `when` of an entry, as it is written."""

    status: list[int | str] | None = None
    provider: Words | None = None
    fault: list[Fault] | None = None
    phase: list[Phase] | None = None
    api: list[Api] | None = None
    operation: list[Operation] | None = None
    stream: bool | None = None
    reused: bool | None = None
    form: list[Form] | None = None
    answer: list[Answer] | None = None
    finish: Words | None = None
    header: dict[str, str | Patterns] = {}
    lacks: list[str] = []
    word: Words | None = None
    also: Words | None = None
    says: Patterns = []
    silent: Patterns = []
    title: Patterns = []
    markup: Patterns = []


class Entry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One entry, as it is written."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: Annotated[str, msgspec.Meta(min_length=3)]
    when: WhenEntry
    then: str
    """Cause, layer, scope, action, in this order."""
    transient: bool = False
    cooldown: Annotated[float, msgspec.Meta(ge=1, le=3600)] | None = None
    """Seconds to stay away where the answer does not tell it."""
    source: Annotated[str, msgspec.Meta(min_length=3)]


@cache
def signatures() -> tuple[Signature, ...]:
    """Return the package's own signatures, in their order of judgement; they are read once."""
    return parse_signatures(files("proxy.settings").joinpath("signatures.yaml").read_text("utf-8"))


def parse_signatures(text: str) -> tuple[Signature, ...]:
    """Return the signatures of a file's text. Raises ValueError."""
    try:
        tree = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader in C
        entries = msgspec.convert(tree, list[Entry])
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ValueError(f"signatures: {error}") from error
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            raise ValueError(f"signature {entry.id}: the id is given twice")
        seen.add(entry.id)
    return tuple(_signature(entry) for entry in entries)


def _signature(entry: Entry) -> Signature:
    try:
        when, then = _when(entry.when), _then(entry)
    except ValueError as error:
        raise ValueError(f"signature {entry.id}: {error}") from error
    if when == When():
        raise ValueError(f"signature {entry.id}: it has no condition")
    return Signature(id=entry.id, name=entry.name, when=when, then=then, source=entry.source)


def _then(entry: Entry) -> Then:
    """Read `capacity api model reroute`."""
    parts = entry.then.split()
    if len(parts) != len(VERDICT):
        raise ValueError("`then` names cause, layer, scope and action")
    return Then(
        cause=Cause(parts[0]),
        layer=Layer(parts[1]),
        scope=Scope(parts[2]),
        action=Action(parts[3]),
        transient=entry.transient,
        cooldown=None if entry.cooldown is None else Seconds(entry.cooldown),
    )


def _when(entry: WhenEntry) -> When:
    return When(
        status=None if entry.status is None else frozenset(_statuses(entry.status)),
        provider=_words(entry.provider),
        fault=None if entry.fault is None else frozenset(entry.fault),
        phase=None if entry.phase is None else frozenset(entry.phase),
        api=None if entry.api is None else frozenset(entry.api),
        operation=None if entry.operation is None else frozenset(entry.operation),
        stream=entry.stream,
        reused=entry.reused,
        form=None if entry.form is None else frozenset(entry.form),
        answer=None if entry.answer is None else frozenset(entry.answer),
        finish=_words(entry.finish),
        header=tuple((_field(name), _alternatives(told)) for name, told in entry.header.items()),
        lacks=tuple(_field(name) for name in entry.lacks),
        word=_words(entry.word),
        also=_words(entry.also),
        says=_patterns(entry.says),
        silent=_patterns(entry.silent),
        title=_patterns(entry.title),
        markup=_patterns(entry.markup),
    )


def _statuses(written: Iterable[int | str]) -> Iterator[int]:
    """Yield what `503`, `5xx`, `520-527` and `none` stand for."""
    for item in written:
        text = str(item)
        if text == "none":
            yield 0
        elif text.endswith("xx") and text[:-2] in {"1", "2", "3", "4", "5"}:
            yield from range(int(text[0]) * 100, int(text[0]) * 100 + 100)
        else:
            first, _, last = text.partition("-")
            if not (first.isdecimal() and (last or first).isdecimal()):
                raise ValueError(f"{text!r} is no status")
            yield from range(int(first), int(last or first) + 1)


def _field(name: str) -> str:
    if name != name.lower() or not name.strip("*"):
        raise ValueError(f"{name!r} is no lower-case field name")
    return name


def _words(written: Words | None) -> frozenset[str] | None:
    if written is None:
        return None
    found = frozenset(word(item) for item in written)
    if not all(found):
        raise ValueError("an empty word")
    return found


def _alternatives(written: str | Patterns) -> tuple[Pattern, ...]:
    """Return a field's patterns; `*` alone is any value."""
    if written == "*":
        return ()
    return _patterns([written] if isinstance(written, str) else written)


def _patterns(written: Patterns) -> tuple[Pattern, ...]:
    return tuple(compile_pattern(item) for item in written)
