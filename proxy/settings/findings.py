"""All that has been found wrong with one table so far.

The one stateful object of a load: every reader tells it what it found and goes on, so that a
person sees all problems of a file at once.
"""

from proxy.settings.nodes import Map, Node, Path, Scalar, dotted, key_mark, reach
from proxy.settings.problem import Code, Problem, SettingsError, Severity, quote
from proxy.settings.source import Mark, Source, censor

MOST = 100
"""Errors, and warnings, that are told of one table: a page full helps, a flood does not."""


class Findings:
    """The problems of one table."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.root: Node | None = None
        """The tree, once it is read."""
        self._problems: dict[tuple[int, int, Code, str], Problem] = {}
        self._broken: set[Path] = set()
        self._told = dict.fromkeys(Severity, 0)

    @property
    def tree(self) -> Node:
        """The tree, for those who come after it was read."""
        assert self.root is not None
        return self.root

    def at_mark(self, mark: Mark, path: Path, code: Code, reason: str, mend: str = "") -> None:
        """Take note of an error at a piece of the text."""
        self._broken.add(path)
        self._note(mark, path, Severity.ERROR, (code, reason, mend))

    def error(self, path: Path, code: Code, reason: str, mend: str = "") -> None:
        """Take note of an error of the setting at `path`, at its value."""
        walked, node = reach(self.tree, path)
        self.at_mark(node.mark, walked, code, reason, mend)

    def key_error(self, path: Path, code: Code, reason: str, mend: str = "") -> None:
        """Take note of an error of the setting at `path`, at its key."""
        self.at_mark(key_mark(self.tree, path), path, code, reason, mend)

    def warning(self, path: Path, code: Code, reason: str, mend: str = "") -> None:
        """Take note of something that works, but hardly as it was meant."""
        walked, node = reach(self.tree, path)
        self._note(node.mark, walked, Severity.WARNING, (code, reason, mend))

    def called(self, path: Path, name: str) -> str:
        """Quote a name that was read at `path`; one from the environment is not repeated."""
        node = reach(self.tree, path)[1]
        if isinstance(node, Scalar) and "${" in node.text:
            return f"of the name in {quote(censor(node.text))}"
        return quote(name)

    def line(self, path: Path) -> int:
        """Return the line in which a setting stands."""
        return reach(self.tree, path)[1].mark.line

    def given(self, path: Path) -> bool:
        """Whether something stands at `path`, be it right or wrong; an empty mapping is nothing."""
        walked, node = reach(self.tree, path)
        return walked == path and not (isinstance(node, Map) and not node.entries)

    @property
    def full(self) -> bool:
        """Whether no further error would be told."""
        return self._told[Severity.ERROR] >= MOST

    def broken(self, path: Path) -> bool:
        """Whether an error is known at `path` or above it."""
        return any(path[:depth] in self._broken for depth in range(len(path) + 1))

    def problems(self) -> tuple[Problem, ...]:
        """Return all, in the order of the text."""
        return tuple(sorted(self._problems.values(), key=lambda p: (p.line, p.column)))

    def stop_at_errors(self) -> None:
        """Raise what was found, unless it is warnings only."""
        if self._told[Severity.ERROR]:
            raise SettingsError(self.problems())

    def _note(
        self, mark: Mark, path: Path, severity: Severity, said: tuple[Code, str, str]
    ) -> None:
        code, reason, mend = said
        identity = (mark.line, mark.column, code, reason)
        if identity in self._problems or self._told[severity] >= MOST:
            return
        self._told[severity] += 1
        excerpt = self.source.excerpt(mark)
        self._problems[identity] = Problem(
            code=code,
            severity=severity,
            file=self.source.name,
            line=mark.line,
            column=mark.column,
            where=dotted(self.root, path),
            reason=reason,
            mend=mend,
            source=excerpt.text,
            caret=excerpt.caret,
            length=excerpt.length,
        )
