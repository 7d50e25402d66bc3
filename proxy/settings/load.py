"""From a file of YAML to one immutable Fleet, or to all that is wrong with it.

The steps, each in its own file: text to nodes (`document`), nodes to data (`environment`), data to
the table's shape (`shapes`), shape to fleet (`assemble`). The only I/O is reading the files that
are named; the environment is an argument.
"""

import os.path
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proxy.model import Fleet
from proxy.settings.assemble import assemble
from proxy.settings.document import MOST_BYTES, read
from proxy.settings.environment import fill, hidden
from proxy.settings.findings import Findings
from proxy.settings.problem import Code, Problem, SettingsError, Severity
from proxy.settings.secrets import why
from proxy.settings.shapes import shape
from proxy.settings.source import Source
from proxy.settings.workshop import Workshop

VARIABLE = "FAULTLINE_CONFIG"
"""Names the table, where a command line does not."""

PLACES = (Path("faultline.yaml"), Path("/etc/faultline/faultline.yaml"))
"""Where a table is looked for that nobody names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A table that can be used."""

    fleet: Fleet
    warnings: tuple[Problem, ...]


def default_path(env: Mapping[str, str]) -> Path | None:
    """Return the table that the environment names, be it there or not; else the first that is."""
    if env.get(VARIABLE):
        return Path(env[VARIABLE])
    # os.path, because Path.is_file raises where a folder may not be looked into.
    return next((path for path in PLACES if os.path.isfile(path)), None)  # noqa: PTH113


def load(path: Path, env: Mapping[str, str]) -> Loaded:
    """Load the table in a file; raises SettingsError with all that is wrong with it."""
    findings = Findings(Source(str(path), _text(path)))
    return _load(Workshop(findings=findings, base=path.parent, files=[str(path)]), env)


def loads(text: str, *, name: str, env: Mapping[str, str], base: Path) -> Loaded:
    """Load a table from a text; `name` stands for the file, `base` is where its files are."""
    return _load(Workshop(findings=Findings(Source(name, text)), base=base), env)


def _load(shop: Workshop, env: Mapping[str, str]) -> Loaded:
    findings = shop.findings
    try:
        root = findings.root = read(findings, hidden)
        data = fill(root, env, findings)
        fleet = assemble(shape(data, findings), shop)
        findings.stop_at_errors()
    except SettingsError as error:
        error.files = tuple(shop.files)
        raise
    return Loaded(fleet=fleet, warnings=findings.problems())


def _text(path: Path) -> str:
    """Read a table's text; one that is far too large is not read to its end."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        mend = "name the file with --config or $FAULTLINE_CONFIG; may Faultline's user read it?"
        raise _unreadable(path, Code.UNREADABLE, f"cannot be read: {why(error)}", mend) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) > MOST_BYTES:
            return data.decode("latin-1")
        reason = f"is not UTF-8 text: byte {error.start} is not"
        raise _unreadable(path, Code.NOT_TEXT, reason, "save it as UTF-8") from None


def _unreadable(path: Path, code: Code, reason: str, mend: str) -> SettingsError:
    return SettingsError(
        [
            Problem(
                code=code,
                severity=Severity.ERROR,
                file=str(path),
                reason=f"the table {reason}",
                mend=mend,
            )
        ]
    )
