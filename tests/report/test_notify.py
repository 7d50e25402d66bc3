"""Telling people: tried again, in order, bounded, and one who is deaf keeps nobody waiting."""

import asyncio
import json
import sys
import types
from collections.abc import AsyncIterator, Callable
from random import Random

import pytest

from proxy.model import Notify, NotifyKind, Seconds
from proxy.report import notify as module
from proxy.report.incident import Impact
from proxy.report.news import MOST_REMEMBERED, Happening
from proxy.report.notify import MOST_AGE, MOST_PAUSE, MOST_WAITING, Failed, Notifier, Sent, _read
from proxy.report.notify import trial as trial_message
from tests.report.telling import WALL, Ear, message, target


class Told:
    """A notifier, and whom it could not tell."""

    def __init__(self) -> None:
        self.now = WALL
        self.failures: list[tuple[str, str]] = []
        self.notifier = Notifier(
            wall=lambda: self.now,
            dice=Random(1),
            tell=lambda who, why: self.failures.append((who, why)),
        )


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", Seconds(0.01))
    monkeypatch.setattr(module, "MOST_PAUSE", Seconds(0.04))
    monkeypatch.setattr(module, "LAST_TRY", Seconds(0.5))


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    made = Told()
    yield made
    await made.notifier.close()


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    made = Ear()
    runner = await made.listen()
    yield made
    await runner.cleanup()


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - anything may become true
            await asyncio.sleep(0.005)


def hook(ear: Ear, **more: object) -> Notify:
    return target(NotifyKind.WEBHOOK, ear.url, **more)


async def test_everybody_is_told_in_order(told: Told, ear: Ear) -> None:
    told.notifier.adopt([hook(ear)])
    story = [Happening.OPENED, Happening.EXPLAINED, Happening.ENDED]
    told.notifier.hear([message(happening) for happening in story])
    await eventually(lambda: len(ear.heard) == 3)
    assert [json.loads(body)["type"] for _, body in ear.heard] == story
    assert all("Cookie" not in headers for headers, _ in ear.heard)
    assert (told.notifier.dropped, told.failures) == (0, [])


@pytest.mark.parametrize("answer", [500, 503, 429, 408])
async def test_what_may_pass_is_tried_again_under_the_same_id(
    told: Told, ear: Ear, answer: int
) -> None:
    ear.answers = [answer, answer, 204]
    told.notifier.adopt([hook(ear)])
    told.notifier.hear([message()])
    await eventually(lambda: len(ear.heard) == 3)
    assert len({headers["webhook-id"] for headers, _ in ear.heard}) == 1
    assert told.failures == []


@pytest.mark.parametrize("answer", [400, 401, 404, 410, 301, 302, 307])
async def test_a_refusal_is_final_and_a_redirect_one_too(told: Told, ear: Ear, answer: int) -> None:
    ear.answers = [answer, 200]
    told.notifier.adopt([hook(ear)])
    told.notifier.hear([message(), message(Happening.ENDED)])
    await eventually(lambda: len(ear.heard) == 2)
    assert told.failures == [("notify[0] (webhook)", f"it answered {answer}")]
    assert told.notifier.dropped == 1


async def test_nobody_there_is_tried_until_it_is_too_old(told: Told, ear: Ear) -> None:
    told.notifier.adopt([target(NotifyKind.SLACK, "http://127.0.0.1:1/Canary4Hunter2")])
    told.notifier.hear([message(at=WALL - 10 * MOST_AGE)])
    told.now += MOST_AGE
    await asyncio.sleep(0.1)
    assert told.failures == []
    told.now += 1
    await eventually(lambda: bool(told.failures))
    assert told.failures == [("notify[0] (slack)", "it cannot be connected to")]


async def test_one_who_is_deaf_keeps_nobody_waiting(told: Told, ear: Ear) -> None:
    silent = asyncio.Event()
    deaf = Ear(answers=[silent.wait])
    runner = await deaf.listen()
    told.notifier.adopt([hook(deaf), hook(ear)])
    told.notifier.hear([message()] * 5)
    await eventually(lambda: len(ear.heard) == 5)
    assert len(deaf.heard) == 1
    silent.set()
    await told.notifier.close()
    await runner.cleanup()


async def test_what_waits_is_bounded_and_the_oldest_goes(told: Told, ear: Ear) -> None:
    told.notifier.adopt([hook(ear)])
    told.notifier.hear([message(id=str(n)) for n in range(MOST_WAITING + 7)])
    assert told.notifier.dropped == 7
    await eventually(lambda: len(ear.heard) == MOST_WAITING)
    assert ear.heard[0][0]["webhook-id"] == "7"


async def test_only_what_is_grave_enough_and_its_end(told: Told, ear: Ear) -> None:
    told.notifier.adopt([hook(ear, impact="major")])
    told.notifier.hear(
        [
            message(impact=Impact.NONE),
            message(Happening.WORSENED, impact=Impact.CRITICAL),
            message(Happening.ENDED, impact=Impact.MINOR),
            message(Happening.OPENED, incident="other", impact=Impact.MINOR),
            message(Happening.ENDED, incident="other", impact=Impact.MINOR),
        ]
    )
    await eventually(lambda: len(ear.heard) == 2)
    types = [json.loads(body)["type"] for _, body in ear.heard]
    assert types == ["incident.worsened", "incident.ended"]


async def test_what_it_has_heard_of_is_bounded(told: Told, ear: Ear) -> None:
    told.notifier.adopt([hook(ear)])
    (box,) = told.notifier._waiting.values()
    for n in range(MOST_REMEMBERED + 5):
        assert box.wants(message(incident=str(n)), Impact.NONE)
    assert len(box._heard) == MOST_REMEMBERED


async def test_a_reload_keeps_what_waits_for_who_stays(told: Told, ear: Ear) -> None:
    ear.answers = [500, 200]
    gone, stays = target(NotifyKind.SLACK, "http://127.0.0.1:1/x"), hook(ear)
    told.notifier.adopt([gone, stays])
    told.notifier.hear([message()])
    told.notifier.adopt([stays])
    assert told.notifier.dropped == 1
    await eventually(lambda: len(ear.heard) == 2)
    assert list(told.notifier._waiting) == [stays]


async def test_the_end_tries_once_more_and_does_not_wait(told: Told, ear: Ear) -> None:
    ear.answers = [500]
    told.notifier.adopt([hook(ear)])
    told.notifier.hear([message(), message()])
    await eventually(lambda: bool(ear.heard))
    async with asyncio.timeout(2):
        await told.notifier.close()
    assert told.notifier.dropped == 2


async def test_a_test_goes_to_each_once_and_says_what_became_of_it(told: Told, ear: Ear) -> None:
    ear.answers = [200, 500]
    good, nobody = hook(ear), target(NotifyKind.SLACK, "http://127.0.0.1:1/Canary4Hunter2")
    results = await told.notifier.test([good, nobody], trial_message(WALL))
    assert results == {good: Sent(), nobody: Failed("it cannot be connected to")}
    assert len(ear.heard) == 1


async def test_a_proxy_of_the_environment_is_not_asked(
    told: Told, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    results = await told.notifier.test([hook(ear)], message())
    assert list(results.values()) == [Sent()]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # it looks for pgp at import
async def test_apprise_carries_it_and_never_shows_an_address(
    told: Told, ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    """The real one, which connects, and would log, by itself."""
    known = target(NotifyKind.APPRISE, ear.url.replace("http://", "json://"))
    unknown = target(NotifyKind.APPRISE, "nothing://Canary4Hunter2")
    ear.answers = [200, 500]
    results = await told.notifier.test([known, unknown], message())
    assert results[known] == Sent()
    assert results[unknown] == Failed("apprise does not know such an address", again=False)
    ((_, body),) = ear.heard
    said = json.loads(body)
    assert said["title"] == "New incident: openai: the provider's servers fail"
    assert "412 rescued, 3 failed" in said["message"]
    again = await told.notifier.test([known], message())
    assert again[known] == Failed("apprise could not deliver it")
    assert "Canary4Hunter2" not in caplog.text


async def test_a_librarys_bug_is_no_end(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", types.ModuleType("apprise"))
    broken = target(NotifyKind.APPRISE, "json://Canary4Hunter2")
    assert (await told.notifier.test([broken], message()))[broken] == Failed(
        "ImportError", again=False
    )


def test_how_long_to_wait_is_heard_up_to_a_bound() -> None:
    assert _read(429, "0") == Failed("it answered 429")
    assert _read(503, "9" * 30) == Failed("it answered 503", again=True, after=module.MOST_PAUSE)
    assert _read(503, "tomorrow") == Failed("it answered 503")
    assert MOST_PAUSE == 60.0
