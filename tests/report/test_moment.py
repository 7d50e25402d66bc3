"""Both clocks at once."""

from datetime import UTC, datetime

from proxy.model import Instant
from proxy.report.moment import Moment

NOW = Moment(now=Instant(1000.0), wall=1_700_000_000.0)


def test_instants_are_told_by_the_wall_clock() -> None:
    assert NOW.epoch(Instant(1000.0)) == 1_700_000_000.0
    assert NOW.epoch(Instant(990.5)) == 1_699_999_990.5
    assert NOW.at(Instant(1001.0)) == datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC)
