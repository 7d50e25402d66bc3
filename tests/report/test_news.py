"""Which lines are news: the opening, the explanation, each step for the worse, the end."""

from dataclasses import replace

import pytest

from proxy.model import Cause, Instant
from proxy.report.incident import Impact, Incident, Stage, Update
from proxy.report.news import GRAVITY, MOST_REMEMBERED, Happening, Message, News, weighs
from tests.report.keeping import NOW, incident
from tests.report.records import fleet
from tests.report.sky import Sky
from tests.report.test_incidents import LATE, OVERLOADED, table

FLEET = fleet("openai", "azure")
CONSOLE = "http://localhost:8081"


class Reader:
    """Writes lines of an incident and reads the news of it."""

    def __init__(self) -> None:
        self.news = News()
        self.incident = replace(
            incident(over=False), updates=[], whole=0, failed=0, rescued=0, reopened=0, absorbed=[]
        )

    def say(self, text: str, stage: Stage = Stage.IDENTIFIED) -> list[Message]:
        update = self.incident.say(Instant(960.0), text, stage)
        assert update is not None
        return self.news.hear(self.incident, update, FLEET, NOW, CONSOLE)

    def happenings(self, text: str, stage: Stage = Stage.IDENTIFIED) -> list[Happening]:
        return [message.happening for message in self.say(text, stage)]


def test_the_first_line_opens_the_explanation_explains_the_rest_passes() -> None:
    reader = Reader()
    assert reader.happenings("First failure.", Stage.INVESTIGATING) == [Happening.OPENED]
    assert reader.happenings("Out of rotation.", Stage.INVESTIGATING) == []
    assert reader.happenings("Cause, with high confidence: x.") == [Happening.EXPLAINED]
    assert reader.happenings("Cause, with high confidence: x, at two places.") == []
    assert reader.happenings("All is well.", Stage.MONITORING) == []
    assert reader.happenings("Over.", Stage.RESOLVED) == [Happening.ENDED]


def test_each_step_for_the_worse_is_told_once() -> None:
    reader = Reader()
    reader.say("First failure.", Stage.INVESTIGATING)
    reader.incident.failed = 1
    assert reader.happenings("Apps feel it.") == [Happening.WORSENED]
    assert reader.happenings("More.") == []
    reader.incident.failed = 50
    assert reader.happenings("Cause, with high confidence: x.") == [Happening.WORSENED]
    assert reader.happenings("Cause, with high confidence: x, at two places.") == []
    reader.incident.whole = 5000
    assert reader.happenings("Better.") == []
    reader.incident.failed = 100_000
    assert reader.happenings("As bad as before.") == []


def test_what_comes_back_is_told_as_new_and_not_explained_again() -> None:
    reader = Reader()
    reader.say("First failure.", Stage.INVESTIGATING)
    reader.say("Over.", Stage.RESOLVED)
    reader.incident.reopened = 1
    assert reader.happenings("It is back.") == [Happening.OPENED]
    assert reader.happenings("Cause, with high confidence: x.") == []


def test_what_was_part_of_another_ends_once() -> None:
    reader, ours = Reader(), Reader()
    reader.incident.id = "0badcafe"
    ours.news = reader.news
    reader.say("First failure.", Stage.INVESTIGATING)
    ours.say("This machine is cut off.", Stage.INVESTIGATING)
    ours.incident.absorbed = ["0badcafe", "never-told"]
    (message,) = ours.say("openai had been suspected.")
    assert (message.happening, message.incident) == (Happening.ENDED, "0badcafe")
    assert ours.say("More.") == []


def test_the_end_of_what_a_former_run_told_is_told() -> None:
    assert Reader().happenings("Faultline was stopped.", Stage.RESOLVED) == [Happening.ENDED]


def test_a_message_says_it_all() -> None:
    reader = Reader()
    reader.incident.causes.update({Cause.CDN_EDGE: 9})
    (message,) = reader.say("First failure.", Stage.INVESTIGATING)
    assert message.title.endswith("the network edge in front of the provider fails")
    assert message.link == f"{CONSOLE}/incidents/{reader.incident.id}"
    assert message.backends == ("openai", "azure")
    assert NOW.wall - message.opened == NOW.now - reader.incident.opened
    assert message.lasted == 60.0
    update = Update(at=Instant(960.0), stage=Stage.RESOLVED, text="Over.")
    (over,) = reader.news.hear(reader.incident, update, FLEET, NOW, "")
    assert over.over
    assert over.link == ""
    assert over.lasted == 60.0
    reader.incident.resolved, reader.incident.quiet_since = update.at, Instant(930.0)
    (over,) = reader.news.hear(reader.incident, update, FLEET, NOW, "")
    assert over.lasted == 30.0  # not until it was closed
    assert over.id != message.id


def test_what_is_remembered_is_bounded() -> None:
    reader = Reader()
    for number in range(MOST_REMEMBERED + 10):
        reader.incident.id = str(number)
        assert reader.happenings("First failure.", Stage.INVESTIGATING) == [Happening.OPENED]
        reader.incident.updates.clear()
    assert len(reader.news._told) == MOST_REMEMBERED


@pytest.mark.parametrize("least", list(Impact))
def test_a_gravity_weighs_as_much_as_itself(least: Impact) -> None:
    assert set(GRAVITY) == set(Impact)
    assert weighs(least, least)
    assert weighs(Impact.CRITICAL, least)
    assert weighs(Impact.NONE, least) == (least is Impact.NONE)


def test_an_outage_is_told_in_three_or_four_messages() -> None:
    told: list[tuple[str, Happening]] = []
    news, sky = News(), Sky(table("openai", "openai-eu", "azure"))

    def hear(each: Incident, update: Update) -> None:
        told.extend((m.incident, m.happening) for m in news.hear(each, update, sky.fleet, NOW, ""))

    sky.ledger._news = hear
    sky.pass_time(10)
    sky.pass_time(60, {"openai": OVERLOADED, "openai-eu": LATE}, every=0.25)
    sky.pass_time(200, {}, every=0.25)
    happenings = [happening for _, happening in told]
    assert len({name for name, _ in told}) == 1
    assert happenings[0] is Happening.OPENED
    assert happenings[-1] is Happening.ENDED
    assert sorted(set(happenings)) == sorted(happenings)
