"""Playbooks: weather over providers, and the exact timeline that people read."""

from dataclasses import replace
from itertools import count
from random import Random

import pytest

from proxy.model import (
    GOOD,
    Action,
    Backend,
    Cause,
    Change,
    Fleet,
    HealthChange,
    Instant,
    Scope,
    Seconds,
    Target,
    Verdict,
)
from proxy.report.incident import MOST_PLACES, Impact, Stage
from proxy.report.incidents import ABANDONED, MOST_OPEN, Ledger
from proxy.report.trouble import UNASKED
from tests.policy import build
from tests.report.records import RESCUED, exchange
from tests.report.sky import Cut, Sky, Weather

BACKENDS = {
    name: build.backend(name, provider=provider, cdn=cdn)
    for name, provider, cdn in [
        ("openai", "openai", "cloudflare"),
        ("openai-eu", "openai", "cloudflare"),
        ("anthropic", "anthropic", "cloudflare"),
        ("azure", "azure-openai", None),
    ]
}


def table(*names: str, **backends: Backend) -> Fleet:
    targets = [Target(backend=(BACKENDS | backends)[name]) for name in names]
    route = build.route(*[(target,) for target in targets], patience=Seconds(0.0))
    return build.fleet(route)


def bad(
    cause: Cause, evidence: str, scope: Scope = Scope.BACKEND, cooldown: float | None = None
) -> Verdict:
    told = None if cooldown is None else Seconds(cooldown)
    return Verdict(
        cause=cause, evidence=evidence, scope=scope, action=Action.REROUTE, cooldown=told
    )


EDGE_502 = bad(Cause.CDN_EDGE_TO_ORIGIN, "502 with Cloudflare's page")
OVERLOADED = bad(Cause.CAPACITY, "503 overloaded")
NO_NAME = bad(Cause.DNS, "NXDOMAIN")
LATE = bad(Cause.TIMEOUT, "no first content in 2 min")
BROKEN = Cut(bad(Cause.ORIGIN, "the stream ended without its terminal event"))
EXPIRED = bad(Cause.TLS, "certificate expired")

HOLD = build.fleet().incidents_hold


def watching(what: str) -> str:
    return f"{what} is well again; watching whether that lasts."


def under(fleet: Fleet, *spells: tuple[float, Weather]) -> Sky:
    """Ten good seconds with a request each, then the spells with four a second."""
    sky = Sky(fleet)
    sky.pass_time(10)
    for seconds, weather in spells:
        sky.pass_time(seconds, weather, every=0.25)
    return sky


Timeline = list[tuple[float, str, str]]

PLAYBOOKS: dict[str, tuple[tuple[str, ...], Weather, Impact, Timeline]] = {
    "one backend answers 502 at the edge": (
        ("openai", "anthropic", "azure"),
        {"openai": EDGE_502},
        Impact.NONE,
        [
            (
                10.0,
                "investigating",
                (
                    "First failure, openai: the network edge cannot reach the provider"
                    " (502 with Cloudflare's page)."
                ),
            ),
            (
                11.0,
                "investigating",
                "openai is out of rotation; its requests go to anthropic and azure.",
            ),
            (
                13.0,
                "identified",
                (
                    "Cause, with high confidence: the network edge cannot reach the provider"
                    " (6 of 6 failures; 502 with Cloudflare's page). Concerned: openai."
                    " anthropic, behind the same network edge, answers."
                ),
            ),
            (73.0, "monitoring", watching("openai")),
            (131.0, "resolved", "Over after 1 min: 11 rescued, 0 failed, of 484 requests."),
        ],
    ),
    "all of a provider is out of capacity": (
        ("openai", "openai-eu", "azure"),
        {"openai": OVERLOADED, "openai-eu": OVERLOADED},
        Impact.MINOR,
        [
            (
                10.0,
                "investigating",
                "First failure, openai: the provider is out of capacity (503 overloaded).",
            ),
            (
                11.0,
                "investigating",
                "openai is out of rotation; its requests go to openai-eu and azure.",
            ),
            (11.0, "investigating", "openai-eu is out of rotation; its requests go to azure."),
            (12.0, "investigating", "Apps feel it: 3 rescued, 2 failed, of 8 requests."),
            (
                13.0,
                "identified",
                (
                    "Cause, with high confidence: the provider is out of capacity"
                    " (7 of 7 failures; 503 overloaded)."
                    " Concerned: all of openai (openai and openai-eu)."
                ),
            ),
            (13.0, "identified", "Apps feel it more: 3 rescued, 3 failed, of 12 requests."),
            (71.0, "identified", "openai is well again."),
            (122.0, "monitoring", watching("All of it")),
            (180.0, "resolved", "Over after 1 min: 7 rescued, 4 failed, of 680 requests."),
        ],
    ),
    "a key is revoked": (
        ("openai", "azure"),
        {"openai": bad(Cause.AUTH, "401 invalid_api_key", Scope.KEY)},
        Impact.NONE,
        [
            (
                10.0,
                "investigating",
                "First failure, the key of openai: it refuses our key (401 invalid_api_key).",
            ),
            (
                10.0,
                "investigating",
                "The key of openai is out of rotation; its requests go to azure.",
            ),
            (
                12.0,
                "identified",
                (
                    "Cause, with high confidence: it refuses our key"
                    " (2 of 2 failures; 401 invalid_api_key). Concerned: the key of openai."
                ),
            ),
            (72.0, "monitoring", watching("The key of openai")),
            (130.0, "resolved", "Over after 1 min: 7 rescued, 0 failed, of 480 requests."),
        ],
    ),
    "a quota is spent": (
        ("openai", "azure"),
        {"openai": bad(Cause.QUOTA, "429 insufficient_quota", Scope.KEY)},
        Impact.NONE,
        [
            (
                10.0,
                "investigating",
                "First failure, the key of openai: our quota is used up (429 insufficient_quota).",
            ),
            (
                10.0,
                "investigating",
                "The key of openai is out of rotation; its requests go to azure.",
            ),
            (
                12.0,
                "identified",
                (
                    "Cause, with high confidence: our quota is used up"
                    " (2 of 2 failures; 429 insufficient_quota). Concerned: the key of openai."
                ),
            ),
            (72.0, "monitoring", watching("The key of openai")),
            (130.0, "resolved", "Over after 1 min: 7 rescued, 0 failed, of 480 requests."),
        ],
    ),
    "only a model is unknown": (
        ("openai", "azure"),
        {"openai": bad(Cause.MODEL_NOT_FOUND, "404 model_not_found", Scope.MODEL)},
        Impact.NONE,
        [
            (
                10.0,
                "investigating",
                "First failure, gpt-5 at openai: it does not know the model (404 model_not_found).",
            ),
            (
                10.0,
                "investigating",
                "gpt-5 at openai is out of rotation; its requests go to azure.",
            ),
            (
                12.0,
                "identified",
                (
                    "Cause, with high confidence: it does not know the model"
                    " (2 of 2 failures; 404 model_not_found). Concerned: gpt-5 at openai."
                ),
            ),
            (72.0, "monitoring", watching("gpt-5 at openai")),
            (130.0, "resolved", "Over after 1 min: 7 rescued, 0 failed, of 480 requests."),
        ],
    ),
    "our own network is gone": (
        ("openai", "azure"),
        {"openai": NO_NAME, "azure": NO_NAME},
        Impact.CRITICAL,
        [
            (
                10.0,
                "investigating",
                (
                    "This machine is cut off, so no backend is blamed: openai and azure are"
                    " unrelated and fail alike (azure: its name cannot be resolved (NXDOMAIN))."
                ),
            ),
            (11.0, "investigating", "Apps feel it: 0 rescued, 4 failed, of 4 requests."),
            (
                12.0,
                "identified",
                "Cause, with high confidence: our own network is down. Nothing outside answers.",
            ),
            (13.0, "identified", "Apps feel it more: 0 rescued, 12 failed, of 12 requests."),
            (72.0, "monitoring", watching("Our own network")),
            (130.0, "resolved", "Over after 1 min: 0 rescued, 240 failed, of 480 requests."),
        ],
    ),
    "a backend is silent": (
        ("openai", "azure"),
        {"openai": LATE},
        Impact.NONE,
        [
            (
                10.0,
                "investigating",
                "First failure, openai: it does not answer in time (no first content in 2 min).",
            ),
            (10.2, "investigating", "openai is out of rotation; its requests go to azure."),
            (
                13.0,
                "identified",
                (
                    "Cause, with high confidence: it does not answer in time"
                    " (3 of 3 failures; no first content in 2 min). Concerned: openai."
                ),
            ),
            (73.0, "monitoring", watching("openai")),
            (131.0, "resolved", "Over after 1 min: 8 rescued, 0 failed, of 484 requests."),
        ],
    ),
    "streams are cut": (
        ("openai", "azure"),
        {"openai": BROKEN},
        Impact.MAJOR,
        [
            (
                10.0,
                "investigating",
                (
                    "First failure, openai: the provider's servers fail"
                    " (the stream ended without its terminal event)."
                ),
            ),
            (11.0, "investigating", "openai is out of rotation; its requests go to azure."),
            (12.0, "investigating", "Apps feel it: 0 rescued, 5 failed, of 8 requests."),
            (
                13.0,
                "identified",
                (
                    "Cause, with high confidence: the provider's servers fail (9 of 9 failures;"
                    " the stream ended without its terminal event). Concerned: openai."
                ),
            ),
            (13.0, "identified", "Apps feel it more: 0 rescued, 9 failed, of 12 requests."),
            (81.0, "monitoring", watching("openai")),
            (139.0, "resolved", "Over after 1 min: 0 rescued, 30 failed, of 516 requests."),
        ],
    ),
}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_minute_of_trouble_is_one_incident_with_its_timeline(name: str) -> None:
    names, weather, impact, timeline = PLAYBOOKS[name]
    sky = under(table(*names), (60, weather), (150, {}))
    assert sky.timeline() == timeline
    assert sky.ledger.open == []
    (incident,) = sky.ledger.past
    assert incident.impact is impact


def test_what_stands_behind_one_network_edge_can_fail_together() -> None:
    sky = under(
        table("openai", "anthropic", "azure"), (30, {"openai": EDGE_502, "anthropic": EDGE_502})
    )
    (incident,) = sky.ledger.open
    assert incident.backends == ["openai", "anthropic"]
    assert "cloudflare, in front of openai and anthropic" in sky.timeline()[4][2]


def test_two_causes_are_two_incidents() -> None:
    sky = under(
        table("openai", "anthropic", "azure"), (30, {"openai": OVERLOADED, "anthropic": EXPIRED})
    )
    assert [(i.backends, i.cause) for i in sky.ledger.open] == [
        (["openai"], Cause.CAPACITY),
        (["anthropic"], Cause.TLS),
    ]


def test_two_causes_at_one_backend_are_one_incident_that_is_less_sure() -> None:
    by_turns = (verdict for _ in count() for verdict in (EDGE_502, EDGE_502, EXPIRED))

    def weather(_: Target) -> Verdict:
        return next(by_turns)

    sky = under(table("openai", "azure"), (30, {"openai": weather}))
    (incident,) = sky.ledger.open
    explained = next(text for _, stage, text in sky.timeline() if stage == "identified")
    assert explained == (
        "Cause, with medium confidence: the network edge cannot reach the provider (4 of 6"
        " failures; 502 with Cloudflare's page). 2 of them say otherwise: no secure connection to"
        " it is possible. Concerned: openai."
    )
    assert incident.cause is Cause.CDN_EDGE_TO_ORIGIN


def test_the_whole_table_down_is_critical() -> None:
    sky = under(table("openai", "azure"), (60, {"openai": OVERLOADED, "azure": EXPIRED}))
    assert [i.impact for i in sky.ledger.open] == [Impact.CRITICAL, Impact.CRITICAL]
    said = "azure failed request after request on chat, and nothing else was left."
    assert said in [text for _, _, text in sky.timeline(1)]


def test_an_app_that_asks_seldom_is_told_all_the_same() -> None:
    sky = Sky(table("openai", "azure"))
    sky.pass_time(50, every=10)
    sky.pass_time(10, {"openai": EDGE_502, "azure": OVERLOADED}, every=10)
    assert not sky.ledger.open, "once may be chance"
    sky.pass_time(20, every=10)
    assert [incident.backends for incident in sky.ledger.open] == [["openai"], ["azure"]]
    assert sky.timeline(1)[:2] == [
        (
            50.0,
            "investigating",
            "First failure, azure: the provider is out of capacity (503 overloaded).",
        ),
        (
            60.0,
            "investigating",
            "azure failed request after request on chat, and nothing else was left.",
        ),
    ]
    sky.pass_time(200, {}, every=10)
    assert [incident.backends for incident in sky.ledger.past] == [["openai"]]
    assert [incident.backends for incident in sky.ledger.open] == [["azure"]], "nobody asks it"
    sky.pass_time(800, every=10)
    assert sky.timeline(1)[-1] == (
        970.0,
        "resolved",
        "No request has gone to azure for 15 min: closed, though not proven to be over.",
    )


def test_flapping_is_one_incident_that_takes_longer_to_be_over() -> None:
    spell: list[tuple[float, Weather]] = [(20, {"openai": EDGE_502}), (100, {})]
    sky = under(table("openai", "azure"), *(spell * 3), (200, {}))
    (incident,) = sky.ledger.past
    again = (
        "openai fails again: the network edge cannot reach the provider"
        " (502 with Cloudflare's page)."
    )
    assert [(stage, text) for _, stage, text in sky.timeline()][3:] == [
        ("monitoring", watching("openai")),
        ("resolved", "Over after 31 s: 9 rescued, 0 failed, of 364 requests."),
        ("identified", "It is back 30 s after it was closed."),
        ("monitoring", watching("openai")),
        ("identified", again),
        ("monitoring", watching("openai")),
        ("resolved", sky.timeline()[-1][2]),
    ]
    assert incident.reopened == 1
    last, monitoring = incident.updates[-1].at, incident.updates[-2].at
    assert last - monitoring == pytest.approx(2 * HOLD - 2, abs=1)


def test_a_pause_that_a_provider_asks_for_once_is_no_incident() -> None:
    limited = bad(Cause.RATE_LIMIT, "429", Scope.KEY, cooldown=5)
    sky = under(table("openai", "azure"), (3, {"openai": limited}), (60, {}))
    assert not sky.ledger.open
    assert not sky.ledger.past


def test_one_pause_after_the_other_is() -> None:
    limited = bad(Cause.RATE_LIMIT, "429", Scope.KEY, cooldown=5)
    sky = under(table("openai", "azure"), (30, {"openai": limited}))
    assert [text for _, _, text in sky.timeline()][:2] == [
        "First failure, the key of openai: our rate limit is reached (429).",
        (
            "The key of openai is left alone as long as the provider asks:"
            " our rate limit is reached (429)."
        ),
    ]


def test_failing_often_is_trouble_even_if_nothing_leaves_the_rotation() -> None:
    calm = replace(
        table("openai", "azure"),
        ejection=replace(build.fleet().ejection, consecutive=1000, minimum=1000),
    )
    dice = Random(7)
    weather = {"openai": lambda _: OVERLOADED if dice.random() < 0.3 else GOOD}
    sky = under(calm, (60, weather), (200, {}))
    (incident,) = sky.ledger.past
    texts = [text for _, _, text in sky.timeline()]
    assert texts[1].startswith("openai fails often: 10 of the last ")
    assert incident.stage is Stage.RESOLVED
    assert incident.failed == 0


def test_the_clients_own_faults_are_no_incident() -> None:
    mistaken = Verdict(cause=Cause.BAD_REQUEST, evidence="400", action=Action.PASS_THROUGH)
    sky = under(table("openai", "azure"), (60, {"openai": mistaken, "azure": mistaken}))
    sky.ledger.turned_away("unauthorized")
    sky.ledger.budget_refused("openai")
    assert not sky.ledger.open
    assert not sky.ledger.past


def test_a_quiet_day_with_stray_failures_opens_no_incident() -> None:
    dice = Random(2026)

    def stray(_: Target) -> Verdict:
        return dice.choice((OVERLOADED, EDGE_502, LATE)) if dice.random() < 0.005 else GOOD

    sky = Sky(table("openai", "anthropic", "azure"))
    sky.pass_time(86_400, dict.fromkeys(BACKENDS, stray))
    assert not sky.ledger.open
    assert not sky.ledger.past


def test_what_nobody_asks_any_more_is_closed_but_not_proven_over() -> None:
    sky = under(table("openai", "azure"), (5, {"openai": EDGE_502}))
    sky.ledger.tick(Instant(sky.now + UNASKED - 1))
    assert sky.ledger.open
    sky.ledger.tick(Instant(sky.now + UNASKED + 60))
    (incident,) = sky.ledger.past
    assert incident.updates[-1].text == (
        "No request has gone to openai for 15 min: closed, though not proven to be over."
    )


def test_a_network_that_nobody_uses_any_more_is_closed_after_an_hour() -> None:
    sky = under(table("openai", "azure"), (5, dict.fromkeys(BACKENDS, NO_NAME)))
    sky.ledger.tick(Instant(sky.now + ABANDONED + 1))
    (incident,) = sky.ledger.past
    assert incident.updates[-1].text == (
        "No request has come this way for an hour: closed, though not proven to be over."
    )


def test_what_was_suspected_before_our_network_was_found_out_is_taken_back() -> None:
    sky = under(table("openai", "anthropic", "azure"), (1.25, {"openai": NO_NAME}))
    assert [i.backends for i in sky.ledger.open] == [["openai"]]
    sky.pass_time(1, dict.fromkeys(BACKENDS, NO_NAME), every=0.25)
    sky.pass_time(1, every=0.25)
    (incident,) = sky.ledger.open
    assert incident.opened == 10.0
    assert "openai had been suspected." in [text for _, _, text in sky.timeline()]
    (ours,) = sky.ledger.open
    assert [sky.ledger.find(former) for former in ours.absorbed] == [ours]


def test_trouble_at_a_backend_that_leaves_the_table_is_over() -> None:
    sky = under(table("openai", "azure"), (5, {"openai": EDGE_502}))
    sky.ledger.adopt(table("azure"), Instant(sky.now))
    for second in range(70):
        sky.ledger.tick(Instant(sky.now + second))
    assert [incident.stage for incident in sky.ledger.past] == [Stage.RESOLVED]


def test_open_incidents_are_bounded() -> None:
    names = [f"b{number}" for number in range(MOST_OPEN + 20)]
    backends = {name: build.backend(name) for name in names}
    ids = count()
    ledger = Ledger(table(*names, **backends), new_id=lambda: str(next(ids)))
    for name in names:
        ledger.health_changed(
            HealthChange(
                change=Change.EJECTED,
                scope=Scope.BACKEND,
                backend=name,
                verdict=OVERLOADED,
                at=Instant(1.0),
            )
        )
    assert [incident.backends for incident in ledger.open] == [[n] for n in names[-MOST_OPEN:]]


def test_an_incident_names_no_more_places_than_a_person_would_read() -> None:
    sky = under(table("openai", "azure"), (5, {"openai": EDGE_502}))
    for number in range(2 * MOST_PLACES):
        sky.ledger.health_changed(
            HealthChange(
                change=Change.EJECTED,
                scope=Scope.MODEL,
                backend="openai",
                model=f"m{number}",
                verdict=EDGE_502,
                at=Instant(sky.now),
            )
        )
    (incident,) = sky.ledger.open
    assert len(incident.places) == len(incident.out) == MOST_PLACES


def test_only_routes_that_are_concerned_count() -> None:
    sky = under(table("openai", "azure"), (5, {"openai": EDGE_502}))
    (incident,) = sky.ledger.open
    before = (incident.whole, incident.rescued, incident.failed)
    sky.ledger.ended(exchange(route="another"))
    assert (incident.whole, incident.rescued, incident.failed) == before
    sky.ledger.ended(RESCUED)
    assert (incident.whole, incident.rescued) == (before[0] + 1, before[1] + 1)


def test_each_line_is_news_as_it_is_said() -> None:
    told: list[tuple[str, str, str]] = []
    sky = Sky(table("openai", "azure"))
    sky.ledger._news = lambda incident, update: told.append(
        (incident.id, update.stage, update.text)
    )
    sky.pass_time(10, {"openai": EDGE_502}, every=0.25)
    sky.pass_time(120, {})
    (incident,) = sky.ledger.past
    assert told == [(incident.id, update.stage, update.text) for update in incident.updates]


def test_an_incident_is_found_by_its_id_whatever_became_of_it() -> None:
    sky = under(table("openai", "azure"), (10, {"openai": EDGE_502}))
    (incident,) = sky.ledger.open
    assert sky.ledger.find(incident.id) is incident
    sky.pass_time(120, {})
    assert sky.ledger.find(incident.id) is incident
    assert sky.ledger.latest() == [incident]
    incident.absorbed.append("former")
    assert sky.ledger.find("former") is incident
    assert sky.ledger.find("unknown") is None


def test_the_past_of_a_former_run_is_known() -> None:
    before = under(table("openai", "azure"), (10, {"openai": EDGE_502}), (120, {})).ledger.past
    ledger = Ledger(table("openai", "azure"), new_id=lambda: "new", past=before)
    assert ledger.latest() == list(before)


def test_a_backend_is_suspected_from_its_first_failure_on_and_not_for_long() -> None:
    sky = under(table("openai", "azure"))
    assert sky.ledger.suspects(Instant(sky.now)) == {}
    sky.pass_time(0.25, {"openai": EDGE_502}, every=0.25)
    assert list(sky.ledger.suspects(Instant(sky.now))) == ["openai"]
    assert sky.ledger.suspects(Instant(sky.now + 61)) == {}
    sky.pass_time(1, {})
    assert sky.ledger.suspects(Instant(sky.now)) == {}
