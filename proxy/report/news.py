"""What is worth telling someone of an incident: that it opened, is explained, worsens, has ended.

Hears every line of every timeline and lets most of them pass: one message for each of these, and
for each step by which apps feel it more. Knows incidents and the table's names; nothing of who is
told, nor how. Pure, but for what it remembers of the incidents it told.
"""

from dataclasses import dataclass
from enum import StrEnum

from proxy.model import Fleet, Seconds
from proxy.report import tale
from proxy.report.incident import Impact, Incident, Stage, Update
from proxy.report.moment import Moment

MOST_REMEMBERED = 1000
"""Incidents; ten times as many as can be open at once."""

GRAVITY = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


class Happening(StrEnum):
    """What has become of an incident; the `event` of a webhook's message."""

    OPENED = "incident.opened"
    EXPLAINED = "incident.explained"
    WORSENED = "incident.worsened"
    ENDED = "incident.ended"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to tell. Times are seconds since the epoch."""

    id: str
    """Of this message: it stays the same however often it is sent."""
    happening: Happening
    incident: str
    """The incident's id."""
    title: str
    text: str
    """The line of the timeline."""
    stage: Stage
    impact: Impact
    backends: tuple[str, ...]
    opened: float
    at: float
    lasted: Seconds
    rescued: int
    failed: int
    link: str
    """Where the incident stands; empty without a console."""

    @property
    def over(self) -> bool:
        """Whether the incident has ended."""
        return self.happening is Happening.ENDED


def weighs(impact: Impact, least: Impact) -> bool:
    """Say whether an impact is at least so grave."""
    return GRAVITY.index(impact) >= GRAVITY.index(least)


@dataclass(slots=True)
class _Told:
    """What has been told of an incident."""

    impact: Impact
    explained: bool = False


class News:
    """Decides which lines are news."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def hear(
        self, incident: Incident, update: Update, fleet: Fleet, moment: Moment, console: str
    ) -> list[Message]:
        """Return what to tell of a new line; `console` is where the status page is, if anywhere."""

        def message(happening: Happening, name: str = incident.id) -> Message:
            return Message(
                id=f"{name}-{len(incident.updates)}-{happening.rpartition('.')[2]}",
                happening=happening,
                incident=name,
                title=tale.title(incident, fleet),
                text=update.text,
                stage=update.stage,
                impact=incident.impact,
                backends=tuple(filter(None, incident.backends)),
                opened=moment.epoch(incident.opened),
                at=moment.epoch(update.at),
                lasted=Seconds((incident.ended or update.at) - incident.opened),
                rescued=incident.rescued,
                failed=incident.failed,
                link=f"{console}/incidents/{incident.id}" if console else "",
            )

        swallowed = [name for name in incident.absorbed if self._told.pop(name, None)]
        messages = [message(Happening.ENDED, name) for name in swallowed]
        happening = self._happening(incident, update)
        return messages if happening is None else [*messages, message(happening)]

    def _happening(self, incident: Incident, update: Update) -> Happening | None:
        told = self._told.get(incident.id)
        if update.stage is Stage.RESOLVED:
            self._told.pop(incident.id, None)
            return Happening.ENDED
        if told is None:
            self._remember(incident)
            return Happening.OPENED
        explains = update.text.startswith(tale.CAUSE) and not told.explained
        told.explained |= explains
        if not weighs(told.impact, incident.impact):
            told.impact = incident.impact
            return Happening.WORSENED
        return Happening.EXPLAINED if explains else None

    def _remember(self, incident: Incident) -> None:
        if len(self._told) >= MOST_REMEMBERED:
            del self._told[next(iter(self._told))]
        # One that comes back has been explained already.
        self._told[incident.id] = _Told(incident.impact, explained=incident.reopened > 0)
