"""The post-mortem of an incident, as far as facts go; what needs a person is marked.

The form is that of the SRE book (Google, 2016, appendix D). Pure: from an incident, the table and
the wall clock's offset to Markdown. Text from outside is escaped, so that it stays text.
"""

import re
from collections.abc import Sequence

from proxy.model import Fleet
from proxy.report import tale
from proxy.report.incident import Impact, Incident
from proxy.report.moment import Moment
from proxy.report.words import CAUSES, counted, listed, span

MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&])")

PERSON = "**To be written by a person:**"

FELT = {
    Impact.NONE: "None: every request concerned was answered whole.",
    Impact.MINOR: "Minor: few requests failed.",
    Impact.MAJOR: "Major: more than one request in a hundred failed.",
    Impact.CRITICAL: "Critical: more than one request in five failed.",
}


def postmortem(incident: Incident, fleet: Fleet, moment: Moment) -> str:
    """Return the document, in Markdown."""
    lasted = (incident.ended or moment.now) - incident.opened
    parts = [
        f"# Post-mortem: {escaped(tale.title(incident, fleet))}",
        _facts(incident, moment),
        f"## Summary\n\n{escaped(_summary(incident, fleet, moment))}",
        f"## Impact\n\n{FELT[incident.impact]} In all: {tale.toll(incident)}.",
        f"## Root cause\n\n{_cause(incident, fleet)}\n\n{PERSON} why that could happen.",
        f"## Trigger\n\n{escaped(incident.updates[0].text)}\n\n{PERSON} what set it off.",
        f"## Detection\n\n{_detection(incident)}",
        f"## Resolution\n\n{_resolution(incident, lasted)}",
        f"## Timeline (UTC)\n\n{_timeline(incident, moment)}",
        f"## Numbers\n\n{_numbers(incident, lasted)}",
        f"## Lessons\n\n{PERSON} what went well, what went wrong, where we were lucky.",
        f"## Action items\n\n{PERSON} what is done about it, by whom, until when.",
    ]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Return text that no reader of Markdown takes for markup, on one line."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def _facts(incident: Incident, moment: Moment) -> str:
    opened, ended = moment.at(incident.opened), incident.ended
    end = f"to {moment.at(ended):%Y-%m-%d %H:%M:%S} UTC" if ended is not None else "on; not over"
    return "\n".join(
        [
            f"- Incident: {incident.id}",
            f"- Date: {opened:%Y-%m-%d}",
            f"- From {opened:%Y-%m-%d %H:%M:%S} UTC {end}",
            f"- Status: {incident.stage}, as of {moment.at(moment.now):%Y-%m-%d %H:%M:%S} UTC",
            f"- Authors: Faultline; {PERSON} who else.",
        ]
    )


def _summary(incident: Incident, fleet: Fleet, moment: Moment) -> str:
    began = f"{moment.at(incident.opened):%H:%M:%S} UTC"
    concerned = tale.extent(incident, fleet)
    lasted = "" if incident.ended is None else f" for {span(incident.ended - incident.opened)}"
    why, toll = CAUSES[incident.cause], tale.toll(incident)
    return f"From {began} on {concerned} failed{lasted}: {why}. What apps felt: {toll}."


def _cause(incident: Incident, fleet: Fleet) -> str:
    """Say what the timeline explained last, or what is known where nothing was explained yet."""
    said = [u.text for u in incident.updates if u.text.startswith(tale.CAUSE)]
    return escaped(said[-1] if said else tale.explanation(incident, fleet, ()))


def _detection(incident: Incident) -> str:
    took = incident.noticed - incident.opened
    return (
        f"Faultline saw it in the traffic itself, {span(took)} after the first failure; "
        f"{PERSON} who noticed otherwise, and when."
    )


def _resolution(incident: Incident, lasted: float) -> str:
    if incident.resolved is None:
        return f"It is not over: it has lasted {span(lasted)} so far."
    times = f" It came back {counted(incident.reopened, 'time')}." if incident.reopened else ""
    return f"{escaped(incident.updates[-1].text)}{times}\n\n{PERSON} what ended it."


def _timeline(incident: Incident, moment: Moment) -> str:
    rows = [
        f"| {moment.at(update.at):%H:%M:%S} | {update.stage} | {escaped(update.text)} |"
        for update in incident.updates
    ]
    return "\n".join(["| time | stage | what happened |", "|---|---|---|", *rows])


def _numbers(incident: Incident, lasted: float) -> str:
    table: Sequence[tuple[str, object]] = [
        ("lasted", span(lasted)),
        ("backends concerned", escaped(listed(incident.backends)) or "our own network"),
        ("requests on the routes concerned", incident.whole + incident.failed),
        ("answered whole", incident.whole),
        ("of these rescued", incident.rescued),
        ("failed", incident.failed),
        ("failures, all attempts", incident.causes.total()),
        *((f"of these {cause}", number) for cause, number in incident.causes.most_common()),
        ("came back", incident.reopened),
    ]
    return "\n".join(["| what | value |", "|---|---|", *(f"| {k} | {v} |" for k, v in table)])
