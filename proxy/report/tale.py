"""The sentences of an incident: what happened, why, whom it concerned, what speaks against it.

Pure: from an incident, the table and what else is known to be well, to plain words. It decides
nothing.
"""

from collections.abc import Collection

from proxy.model import Backend, Fleet, Instant, Route, Verdict
from proxy.report.incident import EDGE, OUR_NETWORK, Family, Incident, Place
from proxy.report.words import CAUSES, counted, listed, span

SURE, LIKELY = 0.8, 0.5
"""Parts of the failures that say the same: from here on the confidence is high, medium."""

ENOUGH = 3
"""Failures without which nothing is sure."""

CAUSE = "Cause, with"
"""How every explanation begins."""

ABANDONED = "No request has come this way for an hour: closed, though not proven to be over."


def title(incident: Incident, fleet: Fleet) -> str:
    """Say where and what, in a headline."""
    drill = "drill at " if incident.drill else ""
    what = CAUSES[incident.cause]
    match incident.family:
        case Family.OURS:
            return what
        case Family.KEY | Family.LIMIT:
            # The cause names the key, or what it may spend.
            return f"{drill}{listed(incident.backends)}: {what}"
        case Family.PROVIDER | Family.MODEL:
            return f"{drill}{extent(incident, fleet)}: {what}"


def extent(incident: Incident, fleet: Fleet) -> str:
    """Say how far it reaches: a model, a key, a backend, a provider, a network edge, ourselves."""
    if len(incident.places) == 1 or incident.family is not Family.PROVIDER:
        return listed([str(place) for place in incident.places])
    concerned = _known(incident.backends, fleet)
    providers = {backend.vendor for backend in concerned}
    if len(providers) == 1 and len(concerned) > 1:
        (provider,) = providers
        all_of_it = [b.name for b in fleet.backends.values() if b.vendor == provider]
        if set(all_of_it) == set(incident.backends):
            return f"all of {provider} ({listed(incident.backends)})"
    edges = {backend.cdn for backend in concerned}
    if len(providers) > 1 and len(edges) == 1:
        return f"{edges.pop()}, in front of {listed(incident.backends)}"
    return listed([str(place) for place in incident.places])


def first_seen(place: Place, verdict: Verdict) -> str:
    """Say what the first failure was."""
    if place == OUR_NETWORK:
        return f"This machine is cut off, so no backend is blamed: {verdict.evidence}."
    return f"First failure, {place}: {reason(verdict)}."


def out(place: Place, fleet: Fleet, troubled: Collection[str]) -> str:
    """Say that a place is out of rotation, and where its requests go."""
    routes = [route for route in fleet.routes if place.backend in _names(route)]
    spares = [name for route in routes for name in _names(route) if name not in troubled]
    if spares:
        others = listed(list(dict.fromkeys(spares)))
        return _sentence(f"{place} is out of rotation; its requests go to {others}.")
    without = f"; nothing else serves {listed([r.name for r in routes])}" if routes else ""
    return _sentence(f"{place} is out of rotation{without}.")


def failing(place: Place, bad: int, total: int) -> str:
    """Say that a place fails often without being out of rotation."""
    return f"{place} fails often: {bad} of the last {total} attempts."


def exhausted(place: Place, route: str) -> str:
    """Say that a place is among those that left nothing for a route's requests."""
    return _sentence(f"{place} failed request after request on {route}, and nothing else was left.")


def paused(place: Place, verdict: Verdict) -> str:
    """Say that a provider asks to stay away from a place."""
    return _sentence(f"{place} is left alone as long as the provider asks: {reason(verdict)}.")


def absorbed(incident: Incident) -> str:
    """Say who was suspected before our own network was found out."""
    return f"{listed(incident.backends)} had been suspected."


def again(place: Place, verdict: Verdict) -> str:
    """Say that a place fails while it was being watched."""
    return _sentence(f"{place} fails again: {reason(verdict)}.")


def back(incident: Incident, after: float) -> str:
    """Say that an incident has come back."""
    times = "" if incident.reopened == 1 else f"; {incident.reopened} times now: it flaps"
    return f"It is back {span(after)} after it was closed{times}."


def unasked(place: Place, silence: float) -> str:
    """Say that nobody has asked a place for long."""
    where = f"No request has gone to {place} for {span(silence)}"
    return f"{where}: closed, though not proven to be over."


def well(place: Place) -> str:
    """Say that one of several places is well again."""
    return _sentence(f"{place} is well again.")


def all_well(incident: Incident) -> str:
    """Say that nothing is wrong any more, for now."""
    who = str(incident.places[0]) if len(incident.places) == 1 else "all of it"
    return _sentence(f"{who} is well again; watching whether that lasts.")


def felt(incident: Incident, *, more: bool) -> str:
    """Say that apps feel it, or feel it more than was told before."""
    return f"Apps feel it{' more' if more else ''}: {toll(incident)}."


def explanation(incident: Incident, fleet: Fleet, well: Collection[str]) -> str:
    """Say the root cause, how sure that is, how far it reaches, and what speaks against more."""
    said = [f"{CAUSE} {confidence(incident)} confidence: {CAUSES[incident.cause]}"]
    if incident.family is Family.OURS:
        return f"{said[0]}. Nothing outside answers."
    total = incident.causes.total()
    evidence = f"; {incident.evidence}" if incident.evidence else ""
    said[0] += f" ({incident.causes[incident.cause]} of {counted(total, 'failure')}{evidence})."
    said += [
        f"{number} of them {'says' if number == 1 else 'say'} otherwise: {CAUSES[cause]}."
        for cause, number in incident.causes.most_common()[1:]
    ]
    said.append(f"Concerned: {extent(incident, fleet)}.")
    return " ".join([*said, *_against(incident, fleet, well)])


def confidence(incident: Incident) -> str:
    """Say how sure the cause is: by how many failures there are, and how many agree."""
    total = incident.causes.total()
    share = incident.causes[incident.cause] / total if total else 0.0
    if share >= SURE and (total >= ENOUGH or incident.family is not Family.PROVIDER):
        return "high"
    return "medium" if share >= LIKELY else "low"


def resolved(incident: Incident, at: Instant) -> str:
    """Say how long it was, and what the apps felt."""
    return f"Over after {span(at - incident.opened)}: {toll(incident)}."


def toll(incident: Incident) -> str:
    """Say what became of the requests."""
    if incident.whole + incident.failed == 0:
        return "no request was concerned"
    requests = counted(incident.whole + incident.failed, "request")
    return f"{incident.rescued} rescued, {incident.failed} failed, of {requests}"


def reason(verdict: Verdict) -> str:
    """Say a verdict's cause, and what it was seen by."""
    evidence = f" ({verdict.evidence})" if verdict.evidence else ""
    return f"{CAUSES[verdict.cause]}{evidence}"


def _against(incident: Incident, fleet: Fleet, well: Collection[str]) -> list[str]:
    """Say who is well although a wider fault would have hit it."""
    concerned = _known(incident.backends, fleet)
    others = [b for b in _known(well, fleet) if b.name not in incident.backends]
    providers = {backend.vendor for backend in concerned}
    edges = {backend.cdn for backend in concerned} - {None}
    said = []
    same = [b.name for b in others if b.vendor in providers]
    if same:
        said.append(f"{listed(same)}, of the same provider, {_answers(same)}.")
    behind = [b.name for b in others if b.cdn in edges and b.vendor not in providers]
    if behind and incident.cause in EDGE:
        said.append(f"{listed(behind)}, behind the same network edge, {_answers(behind)}.")
    return said


def _sentence(text: str) -> str:
    """Begin with a capital, unless a name does."""
    return text[0].upper() + text[1:] if text.startswith(("the ", "our ", "all ")) else text


def _answers(names: Collection[str]) -> str:
    return "answers" if len(names) == 1 else "answer"


def _known(names: Collection[str], fleet: Fleet) -> list[Backend]:
    return [fleet.backends[name] for name in names if name in fleet.backends]


def _names(route: Route) -> list[str]:
    return [target.backend.name for tier in route.tiers for target in tier]
