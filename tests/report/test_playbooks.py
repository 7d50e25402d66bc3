"""Playbooks of what is entangled: drills, two causes, keys and limits, returns, restarts, sleep.

Those of single troubles stand in `test_incidents.py`. Each asserts the timeline that people read.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, pairwise
from pathlib import Path

import pytest

from proxy.model import GOOD, PLAYED, Cause, Instant, Scope, Seconds, Target
from proxy.report import tale
from proxy.report.archive import CUT_SHORT, Archive, copy
from proxy.report.incident import Impact, Place
from proxy.report.incidents import ABANDONED
from proxy.report.moment import Moment
from proxy.report.trouble import UNASKED
from tests.report.sky import Answer, Sky
from tests.report.test_incidents import (
    BACKENDS,
    BROKEN,
    EDGE_502,
    EXPIRED,
    OVERLOADED,
    bad,
    table,
    under,
    watching,
)

REFUSED = bad(Cause.AUTH, "401 invalid_api_key", Scope.KEY)
SPENT = bad(Cause.QUOTA, "429 insufficient_quota", Scope.KEY)
EDGE = "the network edge cannot reach the provider (502 with Cloudflare's page)."
FIRST_502 = f"First failure, openai: {EDGE}"
OUT = "openai is out of rotation; its requests go to azure."


def by_turns(*answers: Answer) -> Callable[[Target], Answer]:
    turn = cycle(answers)
    return lambda _: next(turn)


def explained(of: str, where: str = "openai") -> str:
    return f"Cause, with high confidence: {of}. Concerned: {where}."


def test_a_drill_is_told_as_one_from_its_title_to_its_end() -> None:
    played = bad(Cause.CDN_EDGE_TO_ORIGIN, f"{PLAYED}cdn_502): 502 with Cloudflare's page")
    sky = under(table("openai", "azure"), (30, {"openai": played}), (100, {}))
    said = "the network edge cannot reach the provider"
    assert sky.timeline() == [
        (10.0, "investigating", f"First failure, openai: {said} ({played.evidence})."),
        (11.0, "investigating", OUT),
        (13.0, "identified", explained(f"{said} (6 of 6 failures; {played.evidence})")),
        (43.0, "monitoring", watching("openai")),
        (101.0, "resolved", "Over after 31 s: 9 rescued, 0 failed, of 364 requests."),
    ]
    (incident,) = sky.ledger.past
    assert tale.title(incident, sky.fleet) == f"drill at openai: {said}"


def test_two_causes_at_once_are_two_incidents_each_with_its_timeline() -> None:
    weather = {"openai": OVERLOADED, "anthropic": EXPIRED}
    sky = under(table("openai", "anthropic", "azure"), (60, weather), (150, {}))
    capacity, tls = "the provider is out of capacity", "no secure connection to it is possible"
    assert sky.timeline(0) == [
        (10.0, "investigating", f"First failure, openai: {capacity} (503 overloaded)."),
        (
            11.0,
            "investigating",
            "openai is out of rotation; its requests go to anthropic and azure.",
        ),
        (12.0, "investigating", "Apps feel it: 3 rescued, 2 failed, of 8 requests."),
        (13.0, "identified", explained(f"{capacity} (6 of 6 failures; 503 overloaded)")),
        (13.0, "identified", "Apps feel it more: 3 rescued, 3 failed, of 12 requests."),
        (73.0, "monitoring", watching("openai")),
        (131.0, "resolved", "Over after 1 min: 7 rescued, 4 failed, of 484 requests."),
    ]
    assert sky.timeline(1) == [
        (10.0, "investigating", f"First failure, anthropic: {tls} (certificate expired)."),
        (11.0, "investigating", "anthropic is out of rotation; its requests go to azure."),
        (12.0, "investigating", "Apps feel it: 3 rescued, 2 failed, of 8 requests."),
        (
            13.0,
            "identified",
            explained(f"{tls} (6 of 6 failures; certificate expired)", "anthropic"),
        ),
        (13.0, "identified", "Apps feel it more: 3 rescued, 3 failed, of 12 requests."),
        (122.0, "monitoring", watching("anthropic")),
        (180.0, "resolved", "Over after 1 min: 7 rescued, 4 failed, of 680 requests."),
    ]


def test_f4_flapping_is_told_once_and_again() -> None:
    spells = [(20, {"openai": EDGE_502}), (100, {})] * 3
    sky = under(table("openai", "azure"), *spells, (200, {}))
    fails_again = f"openai fails again: {EDGE}"
    assert sky.timeline() == [
        (10.0, "investigating", FIRST_502),
        (11.0, "investigating", OUT),
        (13.0, "identified", sky.timeline()[2][2]),
        (43.0, "monitoring", watching("openai")),
        (101.0, "resolved", "Over after 31 s: 9 rescued, 0 failed, of 364 requests."),
        (131.0, "identified", "It is back 30 s after it was closed."),
        (164.0, "monitoring", watching("openai")),
        (251.0, "identified", fails_again),
        (286.0, "monitoring", watching("openai")),
        (404.0, "resolved", "Over after 4 min: 27 rescued, 0 failed, of 1460 requests."),
    ]


def test_what_fails_often_without_leaving_the_rotation_is_an_incident_that_counts_each_once() -> (
    None
):
    weather = {"openai": by_turns(GOOD, GOOD, OVERLOADED)}
    sky = under(table("openai", "azure"), (40, weather), (150, {}))
    capacity = "the provider is out of capacity"
    assert sky.timeline() == [
        (17.2, "investigating", f"First failure, openai: {capacity} (503 overloaded)."),
        (17.2, "investigating", "openai fails often: 10 of the last 40 attempts."),
        (20.0, "identified", explained(f"{capacity} (4 of 4 failures; 503 overloaded)")),
        (104.0, "monitoring", watching("openai")),
        (162.0, "resolved", "Over after 1 min: 44 rescued, 0 failed, of 579 requests."),
    ]
    (incident,) = sky.ledger.past
    assert incident.causes.total() == incident.rescued == 44


def test_a_key_of_one_account_is_one_incident_wherever_it_is_used() -> None:
    shared = {name: replace(BACKENDS[name], account="acme") for name in ("openai", "openai-eu")}
    sky = under(
        table("openai", "openai-eu", "azure", **shared), (5, dict.fromkeys(shared, REFUSED))
    )
    where = "the key of openai and the key of openai-eu"
    said = "it refuses our key (3 of 3 failures; 401 invalid_api_key)"
    assert sky.timeline()[-1] == (12.0, "identified", explained(said, where))
    (incident,) = sky.ledger.open
    assert tale.title(incident, sky.fleet) == "openai and openai-eu: it refuses our key"


def test_keys_of_two_accounts_are_two_incidents() -> None:
    weather = dict.fromkeys(("openai", "openai-eu"), REFUSED)
    sky = under(table("openai", "openai-eu", "azure"), (5, weather))
    assert [each.backends for each in sky.ledger.open] == [["openai"], ["openai-eu"]]


def test_a_spent_quota_and_a_refused_key_are_told_apart() -> None:
    spells = [(20, {"openai": SPENT}), (20, {"openai": REFUSED}), (100, {})]
    sky = under(table("openai", "azure"), *spells)
    out = "The key of openai is out of rotation; its requests go to azure."
    back = (57.0, "monitoring", watching("The key of openai"))
    quota, key = "our quota is used up", "it refuses our key"
    where = "the key of openai"
    assert sky.timeline(0) == [
        (10.0, "investigating", f"First failure, {where}: {quota} ({SPENT.evidence})."),
        (10.0, "investigating", out),
        (12.0, "identified", explained(f"{quota} (2 of 2 failures; {SPENT.evidence})", where)),
        back,
        (115.0, "resolved", "Over after 45 s: 6 rescued, 0 failed, of 420 requests."),
    ]
    assert sky.timeline(1) == [
        (40.0, "investigating", f"First failure, {where}: {key} ({REFUSED.evidence})."),
        (40.0, "investigating", out),
        (42.0, "identified", explained(f"{key} (1 of 1 failure; {REFUSED.evidence})", where)),
        back,
        (115.0, "resolved", "Over after 15 s: 1 rescued, 0 failed, of 300 requests."),
    ]


def test_a_model_without_room_is_no_backend_without_room() -> None:
    busy = bad(Cause.CAPACITY, "529 overloaded", Scope.MODEL)
    sky = under(table("openai", "azure"), (15, {"openai": busy}), (100, {}))
    where, said = "gpt-5 at openai", "the provider is out of capacity"
    assert sky.timeline() == [
        (10.0, "investigating", f"First failure, {where}: {said} (529 overloaded)."),
        (11.0, "investigating", f"{where} is out of rotation; its requests go to azure."),
        (13.0, "identified", explained(f"{said} (6 of 6 failures; 529 overloaded)", where)),
        (28.0, "monitoring", watching(where)),
        (86.0, "resolved", sky.timeline()[-1][2]),
    ]
    (incident,) = sky.ledger.past
    assert tale.title(incident, sky.fleet) == f"{where}: {said}"


def test_one_of_two_comes_back_first() -> None:
    both = {"openai": OVERLOADED, "openai-eu": OVERLOADED}
    sky = under(
        table("openai", "openai-eu", "azure"), (20, both), (60, {"openai": OVERLOADED}), (100, {})
    )
    assert sky.timeline()[-3:] == [
        (41.0, "identified", "openai-eu is well again."),
        (103.0, "monitoring", watching("All of it")),
        (161.0, "resolved", "Over after 1 min: 9 rescued, 4 failed, of 604 requests."),
    ]


@pytest.mark.parametrize(
    ("cut_every", "impact"),
    [(None, Impact.NONE), (150, Impact.MINOR), (30, Impact.MAJOR), (3, Impact.CRITICAL)],
)
def test_the_impact_is_what_apps_felt_whatever_the_provider_did(
    cut_every: int | None, impact: Impact
) -> None:
    spare = [GOOD] if cut_every is None else [*[GOOD] * (cut_every - 1), BROKEN]
    weather: dict[str, Callable[[Target], Answer] | Answer] = {
        "openai": EDGE_502,
        "azure": by_turns(*spare),
    }
    sky = under(table("openai", "azure"), (120, weather))
    assert sky.ledger.open[0].backends == ["openai"]
    assert sky.ledger.open[0].impact is impact


def test_an_incident_goes_on_after_a_restart(tmp_path: Path) -> None:
    before = under(table("openai", "azure"), (20, {"openai": EDGE_502}))
    archive = Archive(tmp_path / "incidents.db", patience=Seconds(1.0))
    stopped = Moment(now=Instant(before.now), wall=1_800_000_000.0)
    archive.write([copy(before.ledger.open[0], stopped)], [])

    after = Sky(table("openai", "azure"))
    after.now = 1000.0  # another boot's clock, half a minute later
    past = archive.read(Moment(now=Instant(after.now), wall=stopped.wall + 30)).incidents
    archive.close()
    after.ledger.past.extend(past)
    after.pass_time(10, {"openai": EDGE_502}, every=0.25)
    after.pass_time(200, {})
    (incident,) = after.ledger.past
    assert incident.id == before.ledger.open[0].id
    said = "the network edge cannot reach the provider"
    assert after.timeline() == [
        (950.0, "investigating", FIRST_502),
        (951.0, "investigating", OUT),
        (953.0, "identified", explained(f"{said} (6 of 6 failures; {EDGE_502.evidence})")),
        (966.0, "resolved", CUT_SHORT),
        (1001.0, "identified", "It is back 35 s after it was closed."),
        (1002.0, "identified", explained(f"{said} (14 of 14 failures; {EDGE_502.evidence})")),
        (1018.0, "monitoring", watching("openai")),
        (1136.0, "resolved", "Over after 1 min: 17 rescued, 0 failed, of 246 requests."),
    ]


def test_a_reload_that_removes_the_backend_ends_it() -> None:
    sky = under(table("openai", "azure"), (20, {"openai": EDGE_502}))
    sky.ledger.adopt(table("azure"), Instant(sky.now))
    for second in range(70):
        sky.ledger.tick(Instant(sky.now + second))
    assert sky.timeline()[-2:] == [
        (32.0, "monitoring", watching("openai")),
        (90.0, "resolved", "Over after 20 s: 9 rescued, 0 failed, of 80 requests."),
    ]


def test_g1_a_machine_that_slept_has_not_seen_an_outage_of_a_night() -> None:
    sky = under(table("openai", "azure"), (20, {"openai": EDGE_502}))
    last = sky.ledger.open[0].news
    sky.now = last + 8 * ABANDONED
    sky.ledger.tick(Instant(sky.now))
    sky.pass_time(5, {"openai": EDGE_502}, every=0.25)
    ended, stage, text = sky.timeline(0)[-1]
    assert last + UNASKED <= ended < last + UNASKED + 60
    assert (stage, text) == ("resolved", tale.unasked(Place(Scope.BACKEND, "openai"), UNASKED))
    assert sky.timeline(1)[0] == (sky.now - 5, "investigating", FIRST_502)


def test_g1_the_wall_clock_may_jump_and_no_line_moves_against_another() -> None:
    sky = under(table("openai", "azure"), (20, {"openai": EDGE_502}))
    ats = [update.at for update in sky.ledger.open[0].updates]
    for wall in (1_800_000_000.0, 1_799_996_400.0):
        moment = Moment(now=Instant(sky.now), wall=wall)
        shown = [moment.at(at) for at in ats]
        assert [(b - a).total_seconds() for a, b in pairwise(shown)] == [
            b - a for a, b in pairwise(ats)
        ]
