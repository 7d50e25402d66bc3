"""Backends as the page shows them."""

from datetime import UTC, datetime

import pytest

from proxy.console.lines import Line, line
from proxy.model import Backend, Cause, Instant, Scope, Seconds, Verdict
from proxy.policy.standing import Row, Word
from proxy.report.feeds.said import Said, Says
from proxy.report.moment import Moment
from proxy.report.trouble import Streak
from tests.report.records import BAD_GATEWAY, backend, row

NOW = Moment(now=Instant(1000.0), wall=1_700_000_000.0)
CAPACITY = Verdict(cause=Cause.CAPACITY, evidence="529 overloaded_error")
OPENAI = backend("openai")


def shown(of: Row, known: Backend | None = OPENAI, streak: Streak | None = None) -> Line:
    return line(known, of, NOW, {} if streak is None else {"openai": streak})


def test_it_says_why_since_when_and_what_comes_next() -> None:
    found = shown(
        row(
            "openai",
            Word.EJECTED,
            since=Instant(640.0),
            until=Instant(1007.2),
            verdict=CAPACITY,
            in_flight=2,
        )
    )
    assert (found.name, found.detail, found.part) == ("openai", "openai.test", False)
    assert found.sign.word == "out of rotation"
    assert found.since == datetime(2023, 11, 14, 22, 7, 20, tzinfo=UTC)
    assert (found.ago, found.why) == ("6 min", "the provider is out of capacity")
    assert found.evidence == "529 overloaded_error"
    assert (found.next.what, found.next.left) == ("probe", "8 s")
    assert found.next.at == pytest.approx(1_700_000_007.2)
    assert (found.in_flight, found.most) == (2, None)


@pytest.mark.parametrize(
    ("state", "until", "what", "left"),
    [
        (Word.EJECTED, None, "probe with the next request", ""),
        (Word.EJECTED, 999.9, "probe with the next request", ""),
        (Word.COOLING, 1030.0, "back", "30 s"),
        (Word.COOLING, None, "back now", ""),
        (Word.PROBING, None, "probe under way", ""),
        (Word.SLOW_START, None, "traffic grows by steps", ""),
        (Word.CLOSED, None, "", ""),
    ],
)
def test_every_state_says_what_comes_next(
    state: Word, until: float | None, what: str, left: str
) -> None:
    at = None if until is None else Instant(until)
    found = shown(row("openai", state, until=at)).next
    assert (found.what, found.left) == (what, left)


def test_a_key_and_a_model_are_parts_of_their_backend() -> None:
    key = shown(row("openai", Word.COOLING, scope=Scope.KEY))
    model = shown(row("openai", Word.EJECTED, scope=Scope.MODEL, model="gpt-5"))
    assert (key.name, key.part, key.detail) == ("its key", True, "")
    assert (model.name, model.part) == ("gpt-5", True)


def test_a_backend_says_its_provider_and_its_ceiling() -> None:
    spare = backend("spare", provider="azure-openai", max_in_flight=200)
    found = shown(row("spare"), spare)
    assert (found.detail, found.most) == ("azure-openai, spare.test", 200)


def test_a_row_of_a_backend_that_has_just_gone_is_still_a_line() -> None:
    assert shown(row("gone"), None).detail == ""


def test_what_returns_is_not_said_to_fail() -> None:
    since = Instant(980.0)
    found = shown(row("openai", Word.SLOW_START, since=since, verdict=CAPACITY))
    assert (found.sign.word, found.since, found.why) == ("returning", None, "")


def test_what_was_never_out_has_no_past() -> None:
    found = shown(row("openai"))
    assert (found.since, found.ago, found.why, found.evidence) == (None, "", "", "")


def test_what_has_begun_to_fail_is_said_before_it_is_out() -> None:
    streak = Streak(Instant(997.0), BAD_GATEWAY, last=Instant(999.0))
    found = shown(row("openai"), streak=streak)
    assert (found.sign.word, found.ago) == ("failing", "3 s")
    assert found.why == "the network edge cannot reach the provider"
    assert found.evidence == "502 with Cloudflare's page"
    out = row("openai", Word.EJECTED, since=Instant(640.0), verdict=CAPACITY)
    assert shown(out, streak=streak).sign.word == "out of rotation"


def test_what_the_provider_says_stands_beside_the_backend_only() -> None:
    said = Said(says=Says.OPERATIONAL, detail="", age=Seconds(120.0))
    assert line(OPENAI, row("openai"), NOW, {}, said).says == "operational (2 min ago)"
    key = row("openai", Word.EJECTED, scope=Scope.KEY)
    assert line(OPENAI, key, NOW, {}, said).says == ""
    assert shown(row("openai")).says == ""
