"""Where each request is booked in and out."""

import asyncio
import logging

import pytest

from proxy.edge.desk import Desk
from proxy.edge.downstream import Reply
from proxy.model import Fleet, Refusal
from tests.edge.port import Scripted, Seen, Told, echo, fleet
from tests.edge.test_visit import Line

REFUSAL = Refusal(status=503, code="spool_full", message="Faultline: no.")


class Office:
    """A desk, and what it is told of."""

    def __init__(self) -> None:
        self.table: Fleet = fleet()
        self.told = Told()
        self.desk = Desk(
            exchanges=Scripted(echo, Seen()),
            fleet=lambda: self.table,
            new_id=lambda: "id-1",
            events=self.told,
        )

    def reply(self) -> tuple[Reply, Line]:
        line = Line()
        return Reply(line, bodiless=False, chunks=True, keep=True), line  # type: ignore[arg-type]


async def test_those_in_flight_are_counted() -> None:
    office = Office()
    desk = office.desk
    visits = [desk.book_in(office.reply()[0]) for _ in range(2)]
    assert desk.in_flight == 2
    quiet = asyncio.ensure_future(desk.quiet())
    for visit in visits:
        await asyncio.sleep(0)
        assert not quiet.done()
        desk.turn_away(visit, REFUSAL)
        desk.book_out(visit)
    await asyncio.wait_for(quiet, 1)
    assert desk.in_flight == 0
    assert office.told.codes == ["spool_full", "spool_full"]


async def test_a_door_lasts_as_long_as_its_table() -> None:
    office = Office()
    door = office.desk.door
    assert office.desk.door is door
    office.table = fleet(hosts=("other",))
    assert office.desk.door is not door
    assert office.desk.door.fleet is office.table


async def test_an_end_without_an_answer_is_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    reply, line = office.reply()
    office.desk.book_out(office.desk.book_in(reply))
    assert line.written.startswith(b"HTTP/1.1 500 ")
    assert "a bug: Unanswered" in caplog.text


async def test_a_bug_is_logged_by_its_place_only(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    reply, line = office.reply()
    visit = office.desk.book_in(reply)
    nobody: dict[str, str] = {}
    try:
        nobody["s3cret"]
    except KeyError as bug:
        office.desk.book_out(visit, bug)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "test_desk.py" in record.getMessage()
    assert "s3cret" not in caplog.text
    assert b"s3cret" not in line.written


async def test_who_has_left_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    reply, line = office.reply()
    visit = office.desk.book_in(reply)
    line.transport = None  # type: ignore[assignment]
    office.desk.book_out(visit)
    assert line.written == b""
    assert not caplog.records
