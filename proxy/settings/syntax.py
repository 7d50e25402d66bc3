"""What libyaml's complaints mean for a person who writes a routing table.

Knows the usual slips (a tab, an unquoted reference, a glob that looks like an alias, an open
quote) and says what to write. Pure: a complaint and the text in, a place and a sentence out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from proxy.settings.problem import Code, quote
from proxy.settings.source import Mark, Source, censor, span


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a complaint means, and where."""

    mark: Mark
    code: Code = Code.SYNTAX
    reason: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Complaint:
    """What libyaml said: about which construct (its begin), and where it could not go on."""

    source: Source
    problem: str
    begin: Mark
    at: Mark

    @property
    def before(self) -> str:
        """What stands on the line in front of the place."""
        return self.source.line(self.at.line)[: self.at.column - 1]

    @property
    def rest(self) -> str:
        """What stands on the line from the place on."""
        return self.source.line(self.at.line)[self.at.column - 1 :]


Understand = Callable[[_Complaint], Slip | None]
"""Says what a complaint means; None where it means something else."""


def explain(error: yaml.MarkedYAMLError, source: Source) -> Slip:
    """Say what a complaint of libyaml means."""
    at = _mark(error.problem_mark, source)
    begin = at if error.context_mark is None else _mark(error.context_mark, source)
    problem = f"{error.context or ''}: {error.problem or 'not YAML'}".lstrip(": ")
    complaint = _Complaint(source=source, problem=problem, begin=begin, at=at)
    for words, understand in _SLIPS:
        if words in problem and (slip := understand(complaint)) is not None:
            return slip
    return Slip(mark=at, reason=f"this is not YAML: {problem}")


def _mark(mark: yaml.Mark | None, source: Source) -> Mark:
    line, column = (0, 0) if mark is None else (mark.line, mark.column)
    return source.word(line + 1, column + 1)


def _always(
    reason: str, mend: str, *, code: Code = Code.SYNTAX, at_begin: bool = False
) -> Understand:
    """Make the understanding of a complaint that always means the same."""

    def understand(said: _Complaint) -> Slip:
        return Slip(
            mark=said.begin if at_begin else said.at,
            code=code,
            reason=reason.format(began=said.begin.line),
            mend=mend,
        )

    return understand


def _tab(said: _Complaint) -> Slip | None:
    if not said.rest.startswith("\t"):
        return None
    return Slip(
        mark=said.at,
        code=Code.TAB,
        reason="YAML does not allow a tab in front of a key or a value",
        mend="indent with spaces; most editors can do so for this kind of file",
    )


def _reference(said: _Complaint) -> Slip | None:
    """Find a `${...}` that YAML takes for the begin of a mapping, or whose default has a `: `."""
    line = said.source.line(said.at.line)
    for match in re.finditer(r"\$\{[^}]*\}?", line):
        if match.start() < said.at.column <= match.end():
            reference = censor(match[0])
            shown, quoted = quote(reference), quote(f'"{reference}"')
            return Slip(
                mark=span(said.at.line, *match.span()),
                code=Code.UNQUOTED_REFERENCE,
                reason=f"{shown} needs quotes here: YAML reads its brace or colon as its own",
                mend=f"write it in quotes: {quoted}",
            )
    return None


def _open_quote(said: _Complaint) -> Slip:
    return Slip(
        mark=span(said.begin.line, said.begin.column - 1, said.begin.column),
        reason="this quote is never closed",
        mend="close it on the same line",
    )


def _ipv6(said: _Complaint) -> Slip | None:
    match = re.search(r"\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\](:\d+)?", said.source.line(said.at.line))
    if match is None:
        return None
    return Slip(
        mark=span(said.at.line, *match.span()),
        reason="an address that begins with `[` needs quotes: YAML reads a list",
        mend=f'write `"{match[0]}"`',
    )


def _open_bracket(said: _Complaint) -> Slip:
    opening = said.source.line(said.begin.line)[said.begin.column - 1 : said.begin.column]
    closing = {"{": "}", "[": "]"}.get(opening, "}")
    if said.begin.line != said.at.line:
        return Slip(
            mark=span(said.begin.line, said.begin.column - 1, said.begin.column),
            reason=f"this `{opening}` is not closed where its content ends, on line {said.at.line}",
            mend=f"close it with `{closing}`, or put a comma between its entries",
        )
    return Slip(
        mark=said.at,
        reason=f"in front of this a `,` or the closing `{closing}` is missing",
        mend="a value with a brace, a bracket or a comma in it needs quotes",
    )


def _after_quote(said: _Complaint) -> Slip | None:
    if not said.before.rstrip().endswith(('"', "'")):
        return None
    return Slip(
        mark=said.at,
        reason="something follows the closing quote",
        mend="put the quotes around the whole value; a `'` within '...' is written twice",
    )


def _no_key(said: _Complaint) -> Slip | None:
    if not said.rest.startswith(":"):
        return None
    return Slip(
        mark=said.at,
        reason="in front of this colon a key is missing",
        mend="write its name in front of the colon",
    )


def _no_colon(said: _Complaint) -> Slip:
    shown = censor(said.source.line(said.begin.line).strip())
    return Slip(
        mark=said.begin,
        reason=f"{quote(shown)} is neither `key: value` nor `- item`",
        mend="a key ends with a colon and a space",
    )


def _bad_start(said: _Complaint) -> Slip:
    first = said.rest[:1]
    if not first:
        return Slip(
            mark=said.at,
            reason="the table ends where a value should stand",
            mend="is a `[`, a `{` or a quote above left open?",
        )
    percent = "; a percentage is written `20%`" if first == "%" else ""
    return Slip(
        mark=said.at,
        reason=f"{quote(first)} cannot begin a value without quotes",
        mend=f"write the value in quotes{percent}",
    )


_alias = _always(
    "a word that begins with `*` is an alias of YAML, not a glob",
    'write the glob in quotes: `"*"`, `"*-mini"`',
    code=Code.ALIAS,
    at_begin=True,
)
_anchor = _always(
    "a word that begins with `&` is an anchor of YAML",
    "write the text in quotes",
    code=Code.ALIAS,
    at_begin=True,
)
_block_text = _always(
    "a value that begins with `|` or `>` is a block of text on the lines below",
    "write the value in quotes",
    at_begin=True,
)
_misfit = _always(
    "this line does not fit the mapping that began on line {began}",
    "indent it exactly as the other keys of its mapping",
)
_no_dash = _always(
    "the list that began on line {began} goes on here without a `-`",
    "begin the line with `- `, or indent it as what it belongs to",
)
_colon_inside = _always(
    "this colon would begin a mapping where none can begin",
    "write a value with `: ` in it in quotes; or is the line indented too far?",
)
_escape = _always(
    "within double quotes a backslash begins an escape, and this one is unknown",
    "write the text in single quotes, or the backslash twice",
)
_list_on_line = _always(
    "a list of `-` items cannot begin here",
    "put each `- item` on a line of its own, or write `[item, item]`",
)
_after_end = _always(
    "the table has ended here, but the file goes on",
    "a bracket too many, or lines that are indented less than the first one?",
)

_SLIPS: tuple[tuple[str, Understand], ...] = (
    ("cannot start any token", _tab),
    ("", _reference),
    ("scanning an alias", _alias),
    ("scanning an anchor", _anchor),
    ("quoted scalar: found unexpected end", _open_quote),
    ("did not find expected node content", _ipv6),
    ("did not find expected ','", _ipv6),
    ("did not find expected key", _ipv6),
    ("did not find expected ','", _open_bracket),
    ("did not find expected key", _after_quote),
    ("did not find expected key", _no_key),
    ("did not find expected key", _misfit),
    ("did not find expected '-' indicator", _no_dash),
    ("mapping values are not allowed", _colon_inside),
    ("could not find expected ':'", _no_colon),
    ("cannot start any token", _bad_start),
    ("did not find expected node content", _no_key),
    ("did not find expected node content", _bad_start),
    ("did not find expected comment or line break", _block_text),
    ("unknown escape character", _escape),
    ("block sequence entries are not allowed", _list_on_line),
    ("did not find expected <document start>", _after_end),
)
"""Words of libyaml 0.2.5 and what to make of them, in this order; None tries the next."""
