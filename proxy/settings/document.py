"""From YAML's events to a tree of nodes: one document of plain mappings, lists and values.

Everything that could make a table mean something else than it shows is refused: anchors, aliases,
merge keys, tags, keys given twice, words that YAML 1.1 and 1.2 read differently. Knows YAML and
nothing of what a table means. Bounded in size and depth, so that no text can take long.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import NoReturn

import yaml

from proxy.settings.findings import Findings
from proxy.settings.nodes import Entry, List, Map, Node, Path, Scalar
from proxy.settings.problem import Code, SettingsError, quote
from proxy.settings.scalars import Trap, understand
from proxy.settings.source import Mark, may_show, span
from proxy.settings.syntax import explain

MOST_BYTES = 256 * 1024
"""Bytes of a table; the largest that people write by hand have a tenth of it."""

MOST_NODES = 10_000
"""Values of a table; one with a hundred backends has a tenth of it."""

DEEPEST = 16
"""Levels of nesting; a table's own depth is 7."""

_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML does not allow in a text."""

_SECRET_KEY = re.compile(r"(?:key|token)[\"']?\s*:")
"""A key on the line of its value; `source` knows how to show such a line."""

_START = span(1, 0, 1)

Hidden = Callable[[Path], bool]
"""Says of which settings the literal values must never be shown."""

Events = Iterator[yaml.Event]


def read(findings: Findings, hidden: Hidden) -> Map:
    """Read the text into a tree; raises SettingsError where no tree can be made of it."""
    _refuse_unreadable(findings)
    reader = _Reader(findings, hidden)
    try:
        root = reader.document(yaml.parse(findings.source.text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        slip = explain(error, findings.source)
        reader.hide_secret(slip.mark.line)
        _stop(findings, slip.mark, slip.code, slip.reason, slip.mend)
    if not isinstance(root, Map):
        reason = "a table is a mapping of `key: value` lines"
        mend = "begin with `version: 1`; `faultline schema` lists all keys"
        _stop(findings, root.mark, Code.WRONG_TYPE, reason, mend)
    return root


def _refuse_unreadable(findings: Findings) -> None:
    source = findings.source
    size = len(source.text.encode(errors="replace"))
    if size > MOST_BYTES:
        reason = f"the table has more than {MOST_BYTES // 1024} KiB; ten pages have 30"
        _stop(findings, _START, Code.TOO_LARGE, reason)
    bad = _UNREADABLE.search(source.text)
    if bad is not None:
        reason = f"the character U+{ord(bad[0]):04X} is not allowed in YAML"
        mend = "delete it; is this file really UTF-8 text?"
        _stop(findings, source.at(bad.start()), Code.NOT_TEXT, reason, mend)


def _stop(findings: Findings, mark: Mark, code: Code, reason: str, mend: str = "") -> NoReturn:
    findings.at_mark(mark, (), code, reason, mend)
    raise SettingsError(findings.problems())


class _Reader:
    """Turns the events of one text into nodes, and tells what it had to refuse."""

    def __init__(self, findings: Findings, hidden: Hidden) -> None:
        self._findings = findings
        self._hidden = hidden
        self._nodes = 0
        self._reading: Path = ()

    def document(self, events: Events) -> Node:
        """Read the one document that a table is."""
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    reason = "a second document begins here; a table is one document"
                    mark = self._word(event)
                    _stop(self._findings, mark, Code.MORE_DOCUMENTS, reason, "delete this line")
                root = self._node(next(events), events, ())
        if root is None:
            mend = "begin with `version: 1`, or copy one of the examples in config/"
            _stop(self._findings, _START, Code.EMPTY_TABLE, "the table is empty", mend)
        return root

    def hide_secret(self, line: int) -> None:
        """Where a secret was being read when YAML broke, show nothing of it.

        Beside its key it is known by the key's name; alone on a line it is not.
        """
        text = self._findings.source.line(line)
        if self._hidden(self._reading) and not _SECRET_KEY.search(text):
            self._findings.source.hide(span(line, 0, len(text)))

    def _node(self, event: yaml.Event, events: Events, path: Path) -> Node:
        if len(path) > DEEPEST:
            reason = f"the table is nested more than {DEEPEST} levels deep"
            _stop(self._findings, _mark(event), Code.TOO_DEEP, reason)
        self._nodes += 1
        if self._nodes > MOST_NODES:
            reason = f"the table has more than {MOST_NODES:,} values"
            _stop(self._findings, _mark(event), Code.TOO_LARGE, reason)
        self._refuse_anchor(event, path)
        match event:
            case yaml.ScalarEvent():
                return self._scalar(event, path)
            case yaml.SequenceStartEvent():
                return self._list(event, events, path)
            case yaml.MappingStartEvent():
                return self._map(event, events, path)
            case _:
                return Scalar(mark=_mark(event), text="", value="")

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Scalar:
        mark = _mark(event)
        if self._hidden(path) and not may_show(event.value):
            self._findings.source.hide(mark)
        value = understand(event.value) if _plain(event) else event.value
        if isinstance(value, Trap):
            self._findings.at_mark(mark, path, value.code, *self._explain(value, path, event.value))
            value = event.value
        return Scalar(mark=mark, text=event.value, value=value)

    def _explain(self, trap: Trap, path: Path, text: str) -> tuple[str, str]:
        """Return reason and mend of a trap, with what its place adds to it."""
        key = path[-1] if path else ""
        if not text and isinstance(key, str) and key:
            mend = "put a space behind the colon" if ":" in key else trap.mend
            return f"{quote(key)} has no value", mend
        if self._hidden(path):
            return "readers of YAML do not read this word alike", "write it in quotes"
        return trap.reason, trap.mend

    def _list(self, event: yaml.Event, events: Events, path: Path) -> List:
        items: list[Node] = []
        for inner in takewhile(lambda inner: not isinstance(inner, yaml.SequenceEndEvent), events):
            items.append(self._node(inner, events, (*path, len(items))))
        return List(mark=_mark(event), items=tuple(items))

    def _map(self, event: yaml.Event, events: Events, path: Path) -> Map:
        entries: dict[str, Entry] = {}
        for inner in takewhile(lambda inner: not isinstance(inner, yaml.MappingEndEvent), events):
            key = self._key(inner, events, path, entries)
            self._reading = (*path, key or "")
            value = self._node(next(events), events, (*path, key or ""))
            if key is not None:
                entries.setdefault(key, Entry(key=_mark(inner), value=value))
        return Map(mark=_mark(event), entries=entries)

    def _key(
        self, event: yaml.Event, events: Events, path: Path, known: Mapping[str, Entry]
    ) -> str | None:
        """Return the next key of a mapping; None where it cannot be one."""
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, events, (*path, ""))
            self._bad_key(event, (*path, ""), "not a list or a mapping")
            return None
        text, inside = event.value, (*path, event.value)
        self._refuse_anchor(event, inside)
        value = understand(text) if _plain(event) else text
        if not isinstance(value, str | Trap):
            self._bad_key(event, inside, f"and {quote(text)} is none unless it has quotes")
            return None
        if isinstance(value, Trap):
            quoted = quote(f'"{text}":')
            mend = f"write {quoted}" if text else "write the name in front of the colon"
            self._findings.at_mark(_mark(event), inside, value.code, value.reason, mend)
        elif text == "<<":
            reason = "`<<` would merge another mapping into this one, and a table has no such keys"
            self._findings.at_mark(_mark(event), inside, Code.MERGE, reason, "write the keys here")
        elif text in known:
            reason = f"{quote(text)} stands here twice, first on line {known[text].key.line}"
            self._findings.at_mark(_mark(event), inside, Code.DUPLICATE_KEY, reason, "keep one")
        return text

    def _bad_key(self, event: yaml.Event, path: Path, because: str) -> None:
        self._findings.at_mark(_mark(event), path, Code.BAD_KEY, f"a key is a word, {because}")

    def _refuse_anchor(self, event: yaml.Event, path: Path) -> None:
        """Refuse aliases, anchors and tags; what they stand at is read on."""
        assert isinstance(event, yaml.NodeEvent)
        tag: str | None = getattr(event, "tag", None)
        code, mend = Code.ALIAS, "delete it, or write the text in quotes"
        if isinstance(event, yaml.AliasEvent):
            shown, kind = f"*{event.anchor}", "an alias"
            mend = f'write what it stands for; a glob needs quotes: `"{shown[:60]}"`'
        elif event.anchor is not None:
            shown, kind = f"&{event.anchor}", "an anchor"
        elif tag is not None:
            code, shown, kind = Code.TAG, tag, "a tag"
        else:
            return
        mark, shown = self._word(event), quote(shown)
        if self._hidden(path):
            self._findings.source.hide(mark)
            shown, mend = "this", "write the text in quotes"
        reason = f"{shown} is {kind} of YAML, and a table has none"
        self._findings.at_mark(mark, path, code, reason, mend)

    def _word(self, event: yaml.Event) -> Mark:
        mark = _mark(event)
        return self._findings.source.word(mark.line, mark.column)


def _plain(event: yaml.ScalarEvent) -> bool:
    return not event.style and event.tag is None


def _mark(event: yaml.Event) -> Mark:
    start, end = event.start_mark, event.end_mark
    assert start is not None
    assert end is not None
    return Mark(
        line=start.line + 1,
        column=start.column + 1,
        end_line=end.line + 1,
        end_column=end.column + 1,
    )
