"""The public form of Statuspage v2, as its own documentation and its pages have it.

Written from the public status API's pages (https://www.githubstatus.com/api/v2), not from our code:
every field that such a page answers with must be there, of its type, and none beside them.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, HttpUrl

ComponentStatus = Literal[
    "operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"
]
Impact = Literal["none", "minor", "major", "critical", "maintenance"]
IncidentStatus = Literal["investigating", "identified", "monitoring", "resolved", "postmortem"]
Text = Annotated[str, BeforeValidator(lambda value: value or None)]
"""Never empty."""


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Page(Form):
    id: Text
    name: Text
    url: HttpUrl
    time_zone: Text
    updated_at: datetime


class Component(Form):
    id: Text
    name: Text
    status: ComponentStatus
    created_at: datetime
    updated_at: datetime
    position: int
    description: str | None
    showcase: bool
    start_date: str | None
    group_id: str | None
    page_id: Text
    group: bool
    only_show_if_degraded: bool
    components: list[str] | None = None
    """Of a group only."""


class Affected(Form):
    code: Text
    name: Text
    old_status: ComponentStatus
    new_status: ComponentStatus


class Update(Form):
    id: Text
    status: IncidentStatus
    body: Text
    incident_id: Text
    created_at: datetime
    updated_at: datetime
    display_at: datetime
    affected_components: list[Affected] | None
    deliver_notifications: bool
    custom_tweet: str | None
    tweet_id: int | None


class Incident(Form):
    id: Text
    name: Text
    status: IncidentStatus
    created_at: datetime
    updated_at: datetime
    monitoring_at: datetime | None
    resolved_at: datetime | None
    impact: Impact
    shortlink: HttpUrl
    started_at: datetime
    page_id: Text
    incident_updates: list[Update]
    components: list[Component]
    reminder_intervals: str | None


class Overall(Form):
    indicator: Impact
    description: Text


class Answer(Form):
    page: Page


class Status(Answer):
    status: Overall


class Components(Answer):
    components: list[Component]


class Incidents(Answer):
    incidents: list[Incident]


class Maintenances(Answer):
    scheduled_maintenances: list[Incident]


class Summary(Components, Status, Incidents, Maintenances):
    pass


FORMS: dict[str, type[Answer]] = {
    "summary.json": Summary,
    "status.json": Status,
    "components.json": Components,
    "incidents.json": Incidents,
    "incidents/unresolved.json": Incidents,
    "scheduled-maintenances.json": Maintenances,
    "scheduled-maintenances/upcoming.json": Maintenances,
    "scheduled-maintenances/active.json": Maintenances,
}
