"""`faultline explain`: what would become of a request, and why; nothing is sent.

Exit codes: 0 a backend (or the table's static text) would answer, 1 the request would be refused,
2 a wrong command line or no table.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from proxy.cli import cli
from proxy.cli.explanation import DEFAULT, Asked, Explanation, Left, Step, explain, read
from proxy.cli.table import BAD_TABLE, complain, loader_for
from proxy.model import Fleet, Headers, Refusal
from proxy.settings.problem import SettingsError, quote, suggest

REFUSED = 1
IN_A_LINE = 5
TONES = {"answers": "green", "fails": "red", "spare": None}


@cli.command("explain")
def command(  # noqa: PLR0913, PLR0917 - one for each option
    model: Annotated[str | None, typer.Option(help="The model that is asked for.")] = None,
    path: Annotated[str, typer.Option(help="As the app has it.")] = "/v1/chat/completions",
    method: Annotated[str, typer.Option(help="The request's method.")] = "POST",
    down: Annotated[
        list[str] | None, typer.Option(help="A backend that is down; give it again for more.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="A field `name: value` of the request; again for more.")
    ] = None,
    stream: Annotated[bool, typer.Option("--stream/--unary", help="How it is asked.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="The routing table.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for machines.")] = False,
) -> None:
    """Say what would become of a request. Which route, which backends in which order, and why."""
    fleet = _fleet(config)
    headers = _headers(header or [])
    ask = read(method.upper(), path, headers, model, stream=stream)
    if isinstance(ask, Refusal):
        why = ask.message.removeprefix("Faultline: ")
        typer.echo(f"faultline: this request would be refused: {why}", err=True)
        raise typer.Exit(REFUSED)
    found = explain(fleet, ask, _known(down or [], fleet))
    typer.echo(json.dumps(asdict(found), indent=2) if as_json else "\n".join(screen(found)))
    raise typer.Exit(REFUSED if found.refused and not found.static else 0)


def _fleet(config: Path | None) -> Fleet:
    try:
        return loader_for(config)().fleet
    except SettingsError as error:
        complain(error.problems)
        raise typer.Exit(BAD_TABLE) from None


def _headers(given: Sequence[str]) -> Headers:
    fields = [(b"content-type", b"application/json")]
    for text in given:
        name, colon, value = text.partition(":")
        if not colon or not name.strip() or not text.isprintable():
            raise typer.BadParameter(f"{text!r} is not `name: value`", param_hint="--header")
        fields.append((name.strip().encode(), value.strip().encode()))
    return tuple(fields)


def _known(down: Sequence[str], fleet: Fleet) -> Sequence[str]:
    for name in down:
        if name not in fleet.backends:
            mend = suggest(name, fleet.backends, "known")
            raise typer.BadParameter(f"no backend {quote(name)}; {mend}", param_hint="--down")
    return down


# The screen.


def screen(found: Explanation) -> Iterator[str]:
    """Lay it out for a person."""
    how = "stream" if found.stream else "unary"
    model = found.model or "no model"
    yield f"{_bold(f'{found.method} {found.path}')}  {model}, {how}"
    yield _dim(f"read as {found.operation} of the {found.dialect} dialect")
    yield from _routes(found)
    if found.steps or found.left:
        yield from _targets(found.steps, found.left)
    if found.refused:
        yield ""
        yield typer.style(f"Refused: {found.refused}.", fg="red")
    if found.static:
        yield typer.style(f"Answered instead, as a static text: {found.static}", fg="yellow")
    for step in found.steps:
        if step.fate == "answers":
            yield from _request(step, found.model)
    if found.settings:
        yield from _settings(found)


def _routes(found: Explanation) -> Iterator[str]:
    yield ""
    yield _bold("Route")
    yield from _table([_route_row(asked) for asked in found.asked])
    if found.route == "":
        yield "  no route knows it: to the first backend of its dialect, without failover"
    elif found.route is None:
        yield "  no route takes it"


def _route_row(asked: Asked) -> tuple[str, ...]:
    if not asked.mismatch:
        return ("✓", asked.route, "takes it", asked.origin)
    wants = f" {asked.wants}" if asked.wants else ""
    return ("-", asked.route, f"does not: it wants {asked.mismatch}{wants}", asked.origin)


def _targets(steps: Sequence[Step], left: Sequence[Left]) -> Iterator[str]:
    yield ""
    yield _bold("Targets")
    rows = [
        (str(number), step.target, step.fate, _why(step), step.origin)
        for number, step in enumerate(steps, 1)
    ]
    rows += [("-", one.target, "never", f"tier {one.tier}: {one.why}", one.origin) for one in left]
    lines = list(_table(rows))
    for line, row in zip(lines, rows, strict=True):
        yield typer.style(line, fg=TONES.get(row[2]))


def _why(step: Step) -> str:
    waited = f", after {step.waited:.1f} s of patience" if step.waited else ""
    return f"tier {step.tier}: {step.why}{waited}"


def _request(step: Step, asked: str | None) -> Iterator[str]:
    yield ""
    yield _bold(f"Request to {step.target}")
    rows = [("", step.method, step.url)]
    if step.model is not None:
        instead = f", where {asked} is asked for" if step.model != asked else ""
        rows.append(("", "model", f"{step.model}{instead}"))
    rows.append(("", "removes", ", ".join(step.removed) or "nothing"))
    labels = ["adds"] + [""] * len(step.added)
    rows += [
        ("", label, f"{name}: {value}")
        for label, (name, value) in zip(labels, step.added, strict=False)
    ]
    yield from _table(rows)


def _settings(found: Explanation) -> Iterator[str]:
    yield ""
    yield _bold(f"Limits of a {'streamed' if found.stream else 'unary'} answer")
    told = [s for s in found.settings if s.origin != DEFAULT]
    yield from _table([("", s.name, s.value, s.origin) for s in told])
    usual = [f"{s.name} {s.value}" for s in found.settings if s.origin == DEFAULT]
    for number, group in groupby(enumerate(usual), key=lambda pair: pair[0] // IN_A_LINE):
        label = "defaults  " if number == 0 else " " * 10
        yield _dim(f"  {label}{', '.join(text for _, text in group)}")


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Set rows in columns; the last one may be as wide as it likes."""
    if not rows:
        return
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, wide, strict=True) if width)
        yield "  " + "  ".join(cells).rstrip()


def _bold(text: str) -> str:
    return typer.style(text, bold=True)


def _dim(text: str) -> str:
    return typer.style(text, dim=True)
