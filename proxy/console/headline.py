"""The one sentence that matters: what is wrong, and whether the apps are served all the same.

Pure: from what is known at one moment to two sentences and a tone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.console.sources import Look
from proxy.console.standings import SERVING, Standings
from proxy.console.words import SOME, percent
from proxy.model import PLAYED, Route, Scope, Seconds
from proxy.report.incident import Family, Incident
from proxy.report.traffic import Key, Side, Tally
from proxy.report.words import listed

LATELY, MINUTES = Seconds(900.0), 15
"""What is looked back on."""

NOW = Seconds(120.0)
"""How far back an app still feels it as now."""

DOWN, FEW = 0.5, 3
"""Below this part of whole answers, of at least so many just now, apps are down."""

NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The state of the whole."""

    trouble: str
    """What is wrong: it changes with the state only, so that it can be announced."""
    served: str
    """What the apps got; it holds numbers that change."""
    tone: str

    @property
    def sentence(self) -> str:
        """Return all of it."""
        return f"{self.trouble} {self.served}"


def apps(look: Look) -> list[Key]:
    """Return what the apps' answers are counted under: the routes."""
    return [(Side.APPS, route.name) for route in look.fleet.routes]


def headline(look: Look, standings: Standings) -> Headline:
    """Return the state of the whole, the worst first."""
    lately, now = (look.traffic.total(span, apps(look)) for span in (LATELY, NOW))
    trouble, tone = _trouble(look, standings)
    down = now.total >= FEW and now.share < DOWN and tone != "good"
    tone = "bad" if down else tone
    return Headline(trouble=trouble, served=_served(lately, tone), tone=tone)


def _trouble(look: Look, standings: Standings) -> tuple[str, str]:
    unserved = [route for route in look.fleet.routes if not standings.serves(route)]
    going_on = [i for i in look.ledger.open if i.out and not i.drill]
    if unserved:
        return _unserved(unserved, _drilled(look)), "bad"
    if any(incident.family is Family.OURS for incident in going_on):
        return "This machine is cut off: nothing outside answers.", "bad"
    if going_on:
        return f"{_failing(look, going_on)}.", "mid"
    return _lesser(look, standings)


def _drilled(look: Look) -> list[str]:
    """Return the backends that fail on purpose, or did and are not back yet."""
    played = [name for i in look.ledger.open if i.out and i.drill for name in i.backends]
    return list(dict.fromkeys([*(running.backend for running in look.drills), *played]))


def _unserved(routes: Sequence[Route], drilled: Sequence[str]) -> str:
    """Say which routes nothing serves; a person who rehearses is not to be alarmed."""
    there = {stop.backend.name for route in routes for tier in route.tiers for stop in tier}
    played = [name for name in drilled if name in there]
    why = f", {listed(played)} in a drill" if played else ""
    return f"Nothing serves {listed([r.name for r in routes])}: every backend there is out{why}."


def _failing(look: Look, incidents: Sequence[Incident]) -> str:
    """Say how many of what fail: providers, keys, limits, models."""
    backends = look.fleet.backends
    providers = {
        backends[name].vendor
        for incident in incidents
        if incident.family is Family.PROVIDER
        for name in incident.backends
        if name in backends
    }
    kinds = {
        Family.KEY: ("key is refused", "keys are refused"),
        Family.LIMIT: ("limit is reached", "limits are reached"),
        Family.MODEL: ("model is missing", "models are missing"),
    }
    said = [_count(len(providers), "provider is failing", "providers are failing")]
    for family, words in kinds.items():
        said.append(_count(sum(i.family is family for i in incidents), *words))
    first, *others = [each for each in said if each] or ["Something is failing"]
    return listed([first, *(other[0].lower() + other[1:] for other in others)])


def _count(number: int, one: str, many: str) -> str:
    if number == 0:
        return ""
    word = NUMBERS[number] if number < len(NUMBERS) else str(number)
    return f"{word} {one if number == 1 else many}"


def _lesser(look: Look, standings: Standings) -> tuple[str, str]:
    """Say what is no incident, or no longer, or on purpose."""
    drilled = _drilled(look)
    out = [b for b in look.fleet.backends if standings.word(b) not in SERVING and b not in drilled]
    suspects = [
        name
        for name, streak in look.ledger.suspects(look.moment.now).items()
        if name not in drilled and not streak.verdict.evidence.startswith(PLAYED)
    ]
    if out:
        return f"{_each(out, 'is', 'are')} out of rotation.", "mid"
    if suspects:
        return f"{_each(suspects, 'has', 'have')} begun to fail.", "mid"
    if drilled:
        return _rehearsed(look, drilled), "mid"
    return _well(look)


def _rehearsed(look: Look, drilled: Sequence[str]) -> str:
    """Say what fails on purpose, or did."""
    running = [each.backend for each in look.drills]
    if running:
        return f"A drill is under way: {_each(running, 'fails', 'fail')} on purpose."
    return f"A drill is over: {_each(drilled, 'is', 'are')} not back yet."


def _well(look: Look) -> tuple[str, str]:
    models = [r for r in look.rows if r.scope is Scope.MODEL and r.state not in SERVING]
    if look.ledger.open:
        return "It seems to be over: everything answers again.", "good"
    if models:
        without = listed([f"{row.backend} without {row.model}" for row in models])
        return f"All backends are in rotation, {without}.", "mid"
    return "All is well.", "good"


def _each(names: Sequence[str], one: str, many: str) -> str:
    return f"{listed(names)} {one if len(names) == 1 else many}"


def _served(lately: Tally, tone: str) -> str:
    if lately.total == 0:
        return f"No request has come in the last {MINUTES} minutes."
    if tone == "good" and lately.failed == 0:
        return f"Every answer of the last {MINUTES} minutes was whole."
    whole = f"{percent(lately)} whole in the last {MINUTES} minutes."
    if tone == "good":
        return f"Answers were {whole}"
    if tone == "bad":
        return f"Your apps are failing: {whole}" if lately.failed else f"Your apps got {whole}"
    return f"Your apps {'are being served' if lately.share >= SOME else 'feel it'}: {whole}"
