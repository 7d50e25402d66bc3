"""`faultline diagnose`: what an answer means, who is to blame, and what Faultline would do.

Takes the answer from `--status`, `--header`, `--body`, or from a file or standard input that holds
a raw HTTP answer (`curl -i`) or an entry of a HAR file. Exit codes: 0 with a verdict, 2 for a
wrong command line or what is no answer.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer
import yaml

from proxy.cli import cli
from proxy.diagnosis.causes import MEANINGS
from proxy.diagnosis.cooldown import http_date
from proxy.diagnosis.judge import Diagnosis
from proxy.diagnosis.recorded import NotAnAnswerError, corpus_answer, har_answer, raw_answer
from proxy.diagnosis.transcript import Transcript, outcome_of
from proxy.model import (
    Action,
    Backend,
    Credential,
    CredentialKind,
    Dialect,
    Instant,
    Scope,
    Url,
    Verdict,
    header,
)
from proxy.settings.signatures import signatures

RECORDED = Backend(
    name="recorded",
    provider="",
    dialect=Dialect.OPENAI,
    url=Url(tls=True, host="recorded.invalid", port=443, path=""),
    credential=Credential(kind=CredentialKind.NONE),
    account="recorded",
)
"""The backend of a recorded answer: nothing is known of it."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader where it is built: a corpus has thousands of lines."""
ACTIONS = {
    Action.REROUTE: "sends the request to the next target",
    Action.RETRY_SAME: "tries the same target once more, then the next",
    Action.PASS_THROUGH: "hands the answer to the app as it came",
}
SCOPES = {
    Scope.BACKEND: "the backend",
    Scope.MODEL: "this model at this backend",
    Scope.KEY: "the key",
    Scope.REQUEST: "nothing",
}


@cli.command()
def diagnose(  # noqa: PLR0913, PLR0917 - a command's parameters are its options
    answer: Annotated[
        Path | None, typer.Argument(help="A raw HTTP answer or a HAR entry; `-` is stdin.")
    ] = None,
    status: Annotated[int | None, typer.Option(help="The answer's status.")] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="A field: 'server: cloudflare'.")
    ] = None,
    body: Annotated[Path | None, typer.Option(help="The answer's body; `-` is stdin.")] = None,
    provider: Annotated[str, typer.Option(help="The vendor: openai, anthropic, ...")] = "",
    stream: Annotated[bool, typer.Option(help="Whether a stream was asked for.")] = False,
    corpus: Annotated[
        Path | None, typer.Option(help="Judge every case of a failure corpus (YAML) instead.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for machines.")] = False,
) -> None:
    """Explain an answer. What broke, whose fault it is, what Faultline would do."""
    if corpus is not None:
        _print_corpus(judge_corpus(_read_cases(corpus)), as_json=as_json)
        return
    if status is not None or body is not None or header:
        record = Transcript(
            status=status,
            headers=tuple(_field(line) for line in header or ()),
            body=_read(body),
            provider=provider,
            stream=stream,
        )
    else:
        record = _recorded(_read(answer or Path("-")), provider, stream=stream)
    verdict = Desk().judge(record)
    typer.echo(json.dumps(for_machines(verdict)) if as_json else for_people(verdict))


class Desk:
    """Where recorded answers are judged; an answer's own `Date` is the time."""

    def __init__(self) -> None:
        self._wall = 0.0
        self._diagnosis = Diagnosis(signatures(), wall=lambda: self._wall)

    def judge(self, record: Transcript) -> Verdict:
        """Return the verdict on one answer; it has no bearing on the next."""
        date = header(record.headers, b"date")
        self._wall = (http_date(date.decode("latin-1")) if date is not None else None) or 0.0
        return self._diagnosis(outcome_of(record), RECORDED, Instant(0.0))


def for_machines(verdict: Verdict) -> dict[str, object]:
    """Return the verdict and the words that go with its cause."""
    said = MEANINGS[verdict.cause]
    return {
        "cause": verdict.cause,
        "layer": verdict.layer,
        "scope": verdict.scope,
        "action": verdict.action,
        "cooldown_s": verdict.cooldown,
        "transient": verdict.transient,
        "billed": verdict.billed,
        "evidence": verdict.evidence,
        "signature": verdict.signature,
        "meaning": said.meaning,
        "fault": said.fault,
    }


def for_people(verdict: Verdict) -> str:
    """Return the verdict in five lines."""
    said = MEANINGS[verdict.cause]
    lines = [
        f"{verdict.cause}: {said.meaning}",
        f"  to blame   {said.fault}",
        f"  Faultline  {_doing(verdict)}",
    ]
    if verdict.evidence:
        lines.append(f"  because    {verdict.evidence}")
    if verdict.signature:
        lines.append(f"  signature  {verdict.signature}")
    return "\n".join(lines)


def _doing(verdict: Verdict) -> str:
    if verdict.good:
        return "relays it"
    doing = ACTIONS[verdict.action]
    if verdict.cooldown is not None:
        doing += f", and leaves {SCOPES[verdict.scope]} alone for {verdict.cooldown:g} s"
    elif verdict.scope is not Scope.REQUEST:
        doing += f", and holds it against {SCOPES[verdict.scope]}"
    return doing


def judge_corpus(cases: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """Judge the cases of a corpus; `total` counts those that can be judged, the rest `skipped`."""
    desk = Desk()
    found: list[dict[str, object]] = []
    right = {"action": 0, "scope": 0, "cause": 0, "all": 0}
    skipped = 0
    for case in cases:
        record = corpus_answer(case)
        if record is None:
            skipped += 1
            continue
        verdict = desk.judge(record)
        got = {"action": verdict.action, "scope": verdict.scope, "cause": verdict.cause}
        want = _wanted(case)
        for name, value in got.items():
            right[name] += value == want[name]
        right["all"] += got == want
        found.append(
            {"id": case.get("id"), "want": want, "got": got, "signature": verdict.signature}
        )
    return {"total": len(found), "skipped": skipped, **right, "cases": found}


def _wanted(case: Mapping[str, object]) -> dict[str, object]:
    verdict = case.get("verdict")
    told = verdict if isinstance(verdict, dict) else {}
    return {"action": told.get("action"), "scope": told.get("scope"), "cause": case.get("cause")}


def _print_corpus(result: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    cases = result["cases"]
    for case in cases if isinstance(cases, list) else []:
        if case["want"] != case["got"]:
            want, got = (" ".join(map(str, case[side].values())) for side in ("want", "got"))
            typer.echo(f"{case['id']}: {got}, not {want} ({case['signature']})")
    counts = ", ".join(f"{name} {result[name]}" for name in ("action", "scope", "cause", "all"))
    typer.echo(f"Of {result['total']} cases right: {counts}. Skipped: {result['skipped']}.")


def _read_cases(path: Path) -> list[dict[str, object]]:
    try:
        tree = yaml.load(path.read_text("utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise typer.BadParameter(str(error), param_hint="--corpus") from None
    cases = tree.get("cases") if isinstance(tree, dict) else None
    if not isinstance(cases, list):
        raise typer.BadParameter("it has no list of `cases`", param_hint="--corpus")
    return [case for case in cases if isinstance(case, dict)]


def _recorded(data: bytes, provider: str, *, stream: bool) -> Transcript:
    try:
        if data.lstrip().startswith(b"{"):
            return har_answer(json.loads(data), provider)
        return raw_answer(data, provider, stream=stream)
    except (NotAnAnswerError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="ANSWER") from None


def _field(line: str) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise typer.BadParameter(f"{line!r} is no field such as `server: cloudflare`")
    return name.strip().encode(), value.strip().encode()


def _read(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        said = f"{path} cannot be read: {error.strerror}"
        raise typer.BadParameter(said) from None
