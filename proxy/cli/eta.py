"""`faultline eta`: how much longer an outage of a provider will last, by what is known of others.

Exit codes: 0 with an estimate or an honest "unknown", 2 a wrong command line or history.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from proxy.cli import cli
from proxy.model import Cause, Seconds
from proxy.report.estimate import NOTHING, Estimate, Seen, Unknown, remaining
from proxy.report.outages import History, HistoryError, apart, published, read_history, spans
from proxy.report.words import span
from proxy.settings.units import Wrong, duration


def time_of(text: str, option: str | None = None) -> Seconds:
    """Return a length of time as a person writes it: 90s, 15m, 2h; `option` is whose it is."""
    try:
        return duration(text)
    except Wrong as wrong:
        raise typer.BadParameter(
            f"{text!r} {wrong.reason}: {wrong.mend}", param_hint=option
        ) from None


@cli.command()
def eta(
    provider: Annotated[str, typer.Option(help="Who is down: openai, anthropic, ...")],
    elapsed: Annotated[
        Seconds, typer.Option(parser=time_of, metavar="TIME", help="Since when: 90s, 15m, 2h.")
    ],
    cause: Annotated[Cause | None, typer.Option(help="What broke, where that is known.")] = None,
    told: Annotated[
        Seconds | None,
        typer.Option(parser=time_of, metavar="TIME", help="What its Retry-After says: 30s."),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(help="Your own record of its failures (CSV: provider, started_at, minutes)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for machines.")] = False,
) -> None:
    """Estimate when an outage will be over. A range and its basis, never a promise."""
    provider = provider.lower()
    known = published()
    seen = None
    if history is not None:
        own = apart(_read(history), known)
        seen = Seen(spans=spans(own, provider, cause), source=own.source, outage=True)
    estimate = remaining(known, provider, elapsed, cause, seen, told or NOTHING)
    typer.echo(json.dumps(for_machines(estimate)) if as_json else for_people(estimate))


def _read(path: Path) -> History:
    try:
        return read_history(path)
    except HistoryError as error:
        why = str(error)
    except OSError as error:
        why = f"{path}: {error.strerror}"
    raise typer.BadParameter(why, param_hint="--history")


def for_machines(estimate: Estimate | Unknown) -> dict[str, float | str | None]:
    """Return seconds that remain; nothing where nobody can tell."""
    match estimate:
        case Estimate():
            return {
                "low_s": round(estimate.low, 1),
                "median_s": round(estimate.median, 1),
                "high_s": round(estimate.high, 1),
                "confidence": estimate.confidence,
                "basis": estimate.basis,
            }
        case Unknown():
            nothing = dict.fromkeys(("low_s", "median_s", "high_s", "confidence"))
            return {**nothing, "basis": estimate.basis}


def for_people(estimate: Estimate | Unknown) -> str:
    """Say it in a sentence, with what it rests on."""
    match estimate:
        case Estimate():
            return (
                f"Over in {span(estimate.low)} to {span(estimate.high)} "
                f"({estimate.confidence:.0%} sure); half of such outages in "
                f"{span(estimate.median)}.\nBasis: {estimate.basis}."
            )
        case Unknown():
            return f"Unknown: {estimate.basis}."
