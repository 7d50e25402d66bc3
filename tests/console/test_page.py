"""The whole page, before it is laid out."""

from datetime import UTC, datetime

from proxy.console.page import BARS, FEW_BARS, page
from proxy.policy.standing import Word
from tests.console.looking import Scene
from tests.report.records import row


def test_it_holds_everything_of_one_moment() -> None:
    scene = Scene()
    scene.break_down()
    scene.rows = (row("openai", Word.EJECTED, in_flight=1), row("azure", in_flight=2))
    said = page(scene.look())
    assert said.headline.trouble == "One provider is failing."
    assert [card.id for card in said.open] == ["inc-1"]
    assert [line.name for line in said.lines] == ["openai", "azure"]
    assert [lane.name for lane in said.lanes] == ["chat"]
    assert said.days == ()
    assert said.in_flight == 3
    assert abs((datetime.now(UTC) - said.at).total_seconds()) < 5


def test_what_apps_saw_stands_beside_what_backends_did() -> None:
    scene = Scene()
    scene.serve(5)
    scene.break_down()
    record = page(scene.look()).record
    assert (record.apps.name, record.apps.detail) == ("Your apps", "through Faultline")
    assert record.apps.share == "90.0 %"
    assert [(strip.name, strip.share, strip.detail) for strip in record.backends] == [
        ("openai", "0.0 %", "by itself"),
        ("azure", "100 %", "by itself"),
    ]
    rows = [[slot.tally.total for slot in row] for _, row in record.rows]
    assert [sum(column) for column in zip(*rows, strict=True)] == [10, 5, 9]


def test_a_young_record_is_short() -> None:
    scene = Scene()
    record = page(scene.look()).record
    assert (record.number, record.unit, len(record.apps.slots)) == (FEW_BARS, "minute", FEW_BARS)
    assert record.rows == ()
    scene.traffic.since -= 40 * 60
    assert page(scene.look()).record.number == BARS
    scene.traffic.since -= 100 * 86400
    assert page(scene.look()).record.unit == "day"
