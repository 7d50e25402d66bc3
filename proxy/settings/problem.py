"""What can be wrong with a table, said so that a person can mend it.

A `Problem` points at one place of one file and carries a stable code. It never holds a secret: its
excerpt has been cleaned by `source`, and its reason quotes the table's text, never the environment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum, unique

MOST_NAMED = 12
"""How many known names a mend lists before it says that there are more."""


class Severity(StrEnum):
    """Whether the table can be used all the same."""

    ERROR = "error"
    WARNING = "warning"


@unique
class Code(StrEnum):
    """The stable codes of all problems: 1 the file and its YAML, 2 shapes, 3 secrets, 4 sense."""

    UNREADABLE = "FL100"
    TOO_LARGE = "FL101"
    NOT_TEXT = "FL102"
    SYNTAX = "FL103"
    TAB = "FL104"
    TOO_DEEP = "FL105"
    MORE_DOCUMENTS = "FL106"
    ALIAS = "FL107"
    MERGE = "FL108"
    TAG = "FL109"
    DUPLICATE_KEY = "FL110"
    AMBIGUOUS_WORD = "FL111"
    AMBIGUOUS_NUMBER = "FL112"
    UNQUOTED_REFERENCE = "FL113"
    BAD_KEY = "FL114"
    EMPTY_TABLE = "FL115"
    EMPTY_VALUE = "FL116"

    UNKNOWN_KEY = "FL200"
    MISSING_KEY = "FL201"
    WRONG_TYPE = "FL202"
    WRONG_WORD = "FL203"
    DURATION = "FL204"
    SIZE = "FL205"
    PERCENT = "FL206"
    ADDRESS = "FL207"
    URL = "FL208"
    NAME = "FL209"
    RANGE = "FL210"
    HEADER = "FL211"
    GLOB = "FL213"
    VERSION = "FL214"

    MISSING_VARIABLE = "FL300"
    BAD_REFERENCE = "FL301"
    UNREADABLE_FILE = "FL302"
    EMPTY_KEY = "FL303"
    UNSENDABLE_KEY = "FL304"
    LITERAL_KEY = "FL305"
    OPEN_KEY = "FL306"
    BAD_CERTIFICATES = "FL307"

    UNKNOWN_BACKEND = "FL400"
    NO_BACKEND = "FL401"
    UNREACHABLE = "FL402"
    MIXED_DIALECTS = "FL403"
    NO_URL = "FL404"
    DUPLICATE_NAME = "FL405"
    EXPOSED = "FL406"
    SAME_PORT = "FL407"
    NOTHING_TO_DO = "FL408"
    FORBIDDEN_HOST = "FL409"
    CONTRADICTION = "FL410"
    UNKNOWN_PROVIDER = "FL411"

    PLAIN_HTTP = "FL420"
    LIMIT_WITHOUT_EFFECT = "FL421"
    NO_FALLBACK = "FL422"
    SAME_ACCOUNT = "FL423"
    SAME_TARGET = "FL424"
    NEEDS_PRIVATE = "FL426"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, where it stands, and how to mend it."""

    code: Code
    severity: Severity
    file: str
    line: int = 0
    """From 1; 0 where the file as a whole is meant."""
    column: int = 0
    """From 1, in characters."""
    where: str = ""
    """The dotted name of the setting: `routes.chat.limits.head`."""
    reason: str
    mend: str = ""
    """What to write instead; may have several lines."""
    source: str = ""
    """The line of the table, shortened around the place, secrets struck out."""
    caret: int = 0
    """Where in `source` the place begins, from 0, in characters."""
    length: int = 1
    """How many characters of `source` are meant."""


class SettingsError(Exception):
    """A table that cannot be used, with all that is wrong with it (warnings too), in its order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        self.files: tuple[str, ...] = ()
        """The files that were read for it, or could not be: a change of one may mend it."""
        super().__init__("\n".join(headline(problem) for problem in self.problems))


def headline(problem: Problem) -> str:
    """Say a problem in one line, as compilers do: `file:line:column: error FL200: reason`."""
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    where = f" ({problem.where})" if problem.where else ""
    return f"{place}: {problem.severity} {problem.code}: {problem.reason}{where}"


def quote(text: str, most: int = 60) -> str:
    """Quote a piece of the table within a sentence: short, on one line, nothing unprintable."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:most])
    return f"`{shown}{'…' if len(text) > most else ''}`"


def either(words: Iterable[str]) -> str:
    """List words for a sentence: `a`, `b` or `c`."""
    *first, last = [quote(word) for word in words]
    return f"{', '.join(first)} or {last}" if first else last


def closest(word: str, known: Iterable[str], alike: float = 0.66) -> str | None:
    """Guess which known name was meant; `alike` is how sure to be, from 0 to 1."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word[:80].lower(), by_lower, n=1, cutoff=alike)
    return by_lower[close[0]] if close else None


def suggest(word: str, known: Iterable[str], kind: str) -> str:
    """Ask whether a known name was meant; else list them. `kind` says what they are."""
    names = sorted(known)
    guess = closest(word, names)
    if guess is not None:
        return f"did you mean {quote(guess)}?"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{kind}: {', '.join(names[:MOST_NAMED])}{more}" if names else ""
