"""Whom to tell: each kind with what it needs, and not a word of any address."""

import sys
from pathlib import Path

import pytest

from proxy.model import Notify, NotifyKind, Secret
from proxy.settings.problem import Code, Severity
from tests.settings.tables import ENV, GOOD, codes, fleet, only

URL = "https://hooks.example/T0/Canary4Hunter2?x=1"
WITH = ENV | {"URL": URL, "SIGNER": "whsec_MfKQ", "BAD": "Canary4Hunter2"}


def table(*entries: str) -> str:
    return f"{GOOD}notify: [{', '.join(entries)}]\n"


def test_every_kind_arrives() -> None:
    made = fleet(
        table(
            '{kind: webhook, to: "${URL}", secret: "${SIGNER}"}',
            '{kind: slack, to: "${URL}", impact: major}',
            '{kind: pagerduty, to: "${KEY}", url: "https://events.eu.pagerduty.com/v2/enqueue"}',
        ),
        WITH,
    )
    assert made.notify == (
        Notify(kind=NotifyKind.WEBHOOK, to=Secret(URL), secret=Secret("whsec_MfKQ")),
        Notify(kind=NotifyKind.SLACK, to=Secret(URL), impact="major"),
        Notify(
            kind=NotifyKind.PAGERDUTY,
            to=Secret(ENV["KEY"]),
            url="https://events.eu.pagerduty.com/v2/enqueue",
        ),
    )
    assert "Canary" not in repr(made)


def test_an_address_may_stand_in_a_file_that_is_watched(tmp_path: Path) -> None:
    (tmp_path / "slack").write_text(f"{URL}\n")
    (tmp_path / "slack").chmod(0o600)
    made = fleet(table("{kind: slack, to: {file: slack}}"), base=tmp_path)
    assert made.notify[0].to == Secret(URL)
    assert made.files == (str(tmp_path / "slack"),)
    assert codes(table("{kind: slack, to: {file: none}}"), base=tmp_path) == [Code.UNREADABLE_FILE]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ('{kind: slack, to: "${BAD}"}', Code.URL),
        ('{kind: webhook, to: "ftp://${BAD}"}', Code.URL),
        ('{kind: webhook, to: "https://[${BAD}"}', Code.URL),
        ('{kind: slack, to: "${URL}", secret: "${KEY}"}', Code.CONTRADICTION),
        ('{kind: slack, to: "${URL}", url: https://x.example}', Code.CONTRADICTION),
        ('{kind: smoke, to: "${URL}"}', Code.WRONG_WORD),
        ('{kind: slack, to: "${URL}", impact: huge}', Code.WRONG_WORD),
        ("{kind: slack}", Code.MISSING_KEY),
        ('{kind: slack, to: "${NOPE}"}', Code.MISSING_VARIABLE),
    ],
)
def test_what_cannot_be_told_is_an_error(entry: str, code: Code) -> None:
    problem = only(table(entry), WITH)
    assert (problem.code, problem.severity) == (code, Severity.ERROR)
    assert "Canary" not in repr(problem)


@pytest.mark.parametrize("installed", [True, False])
def test_apprise_is_an_extra_that_must_be_there(
    installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = table('{kind: apprise, to: "${URL}"}')
    if installed:
        (made,) = fleet(entry, WITH).notify
        assert made.to == Secret(URL)
        return
    monkeypatch.setitem(sys.modules, "apprise", None)
    problem = only(entry, WITH)
    assert (problem.code, problem.severity) == (Code.CONTRADICTION, Severity.ERROR)
    assert "faultline[notify]" in problem.mend


def test_an_address_in_the_table_itself_is_warned_of_and_not_shown() -> None:
    problem = only(table(f"{{kind: slack, to: '{URL}'}}"))
    assert (problem.code, problem.severity) == (Code.LITERAL_KEY, Severity.WARNING)
    assert "${NOTIFY_TO}" in problem.mend
    assert "Canary" not in repr(problem)
