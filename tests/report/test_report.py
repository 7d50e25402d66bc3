"""The report tells every listener everything."""

from proxy.exchange import Events
from proxy.model import AttemptRecord, ExchangeRecord, HealthChange
from proxy.report.report import Report
from tests.report.records import BAD_ATTEMPT, EJECTED, WHOLE


class Listener(Events):
    def __init__(self) -> None:
        self.heard: list[object] = []

    def attempt_ended(self, exchange_id: str, route: str, record: AttemptRecord) -> None:
        self.heard.append((exchange_id, route, record))

    def health_changed(self, change: HealthChange) -> None:
        self.heard.append(change)

    def budget_refused(self, backend: str) -> None:
        self.heard.append(backend)

    def turned_away(self, code: str) -> None:
        self.heard.append(code)

    def ended(self, record: ExchangeRecord) -> None:
        self.heard.append(record)


def test_every_listener_hears_everything_in_order() -> None:
    listeners = [Listener(), Listener()]
    report = Report(*listeners)
    report.attempt_ended("req-1", "chat", BAD_ATTEMPT)
    report.health_changed(EJECTED)
    report.budget_refused("openai")
    report.turned_away("unauthorized")
    report.ended(WHOLE)
    for listener in listeners:
        assert listener.heard == [
            ("req-1", "chat", BAD_ATTEMPT),
            EJECTED,
            "openai",
            "unauthorized",
            WHOLE,
        ]


def test_the_protocol_has_no_event_that_is_not_passed_on() -> None:
    events = {name for name in vars(Events) if not name.startswith("_")}
    assert events == {name for name in vars(Report) if not name.startswith("_")} - {"joined"}
