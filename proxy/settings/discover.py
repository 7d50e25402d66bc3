"""A routing table for somebody who has none, made of the usual keys in the environment.

Also the lines that point an app at it. Knows the catalogue; the table that it writes is a text as
a person would write it, and goes through the same loader. Sends nothing anywhere that the app
would not have sent there itself: a fallback is only where two providers serve the same models.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from proxy.model import Dialect, Fleet
from proxy.settings.catalogue import Provider, providers
from proxy.settings.load import loads
from proxy.settings.problem import SettingsError, Severity

_HEAD = (
    "# Made by Faultline of the keys in the environment; save it as faultline.yaml to change it.",
    "version: 1",
    "backends:",
)

_BASE_URLS = {
    Dialect.OPENAI: ("OPENAI_BASE_URL", "/v1"),
    Dialect.ANTHROPIC: ("ANTHROPIC_BASE_URL", ""),
    Dialect.GEMINI: ("GOOGLE_GEMINI_BASE_URL", ""),
}
"""The variable that each dialect's official SDK reads, and what it wants behind the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A provider whose key is in the environment."""

    name: str
    provider: Provider
    variable: str
    line: str
    """How a table writes it as a backend."""


def discover(env: Mapping[str, str]) -> str | None:
    """Return the text of a table that loads with this environment; None if there is no key."""
    usable, remarks = [], []
    for found in _candidates(env):
        flaw = _flaw(found, env)
        if flaw is None:
            usable.append(found)
        else:
            remarks.append(f"# {found.variable} is left out: {flaw}")
    if not usable:
        return None
    routes: list[str] = []
    for dialect in Dialect:
        speakers = [found for found in usable if found.provider.dialect is dialect]
        named, left = _routes(dialect, speakers)
        routes += named
        remarks += [f"# {found.name} is in no route yet: add one that names it" for found in left]
    backends = [found.line for found in usable]
    return "\n".join([*_HEAD, *backends, "routes:", *routes, *remarks, ""])


def exports(fleet: Fleet) -> list[str]:
    """Return the lines that point each dialect's SDK at this Faultline; none for a unix socket."""
    if fleet.listen.unix is not None:
        return []
    everywhere = fleet.listen.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    place = f"localhost:{fleet.listen.port}" if everywhere else str(fleet.listen)
    served = {route.match.dialect for route in fleet.routes}
    return [
        f"export {variable}=http://{place}{path}"
        for dialect, (variable, path) in _BASE_URLS.items()
        if dialect in served
    ]


def _candidates(env: Mapping[str, str]) -> Iterator[_Found]:
    for name, provider in providers().items():
        key = next((variable for variable in provider.env if env.get(variable)), None)
        url = next((variable for variable in provider.url_env if env.get(variable)), None)
        if key is None or (provider.url is None and url is None):
            continue
        place = f'url: "${{{url}}}", ' if url else ""
        line = f'  {name}: {{provider: {name}, {place}key: "${{{key}}}"}}'
        yield _Found(name=name, provider=provider, variable=key, line=line)


def _flaw(found: _Found, env: Mapping[str, str]) -> str | None:
    """Say why a table with this backend alone would not load."""
    route = f"routes: [{{name: all, tiers: [{found.name}]}}]"
    text = "\n".join([*_HEAD, found.line, route])
    try:
        loads(text, name=found.name, env=env, base=Path())
    except SettingsError as error:
        return next(p.reason for p in error.problems if p.severity is Severity.ERROR)
    return None


def _routes(dialect: Dialect, speakers: list[_Found]) -> tuple[list[str], list[_Found]]:
    """Return a dialect's routes, the narrow ones first, and the providers that are in none.

    The first provider takes all models that no other one's names tell apart.
    """
    if not speakers:
        return [], []
    first, *others = speakers
    twins = [found for found in others if found.provider.twin == first.name]
    narrow: dict[str, _Found] = {}
    for found in others:
        glob = found.provider.models
        if glob is not None and glob != first.provider.models:
            narrow.setdefault(glob, found)
    placed = [first, *twins, *narrow.values()]
    lines = [
        f'  - {{name: {found.name}, match: {{model: "{glob}"}}, tiers: [{found.name}]}}'
        for glob, found in sorted(narrow.items(), key=lambda item: -len(item[0]))
    ]
    tiers = ", ".join(found.name for found in (first, *twins))
    lines.append(f"  - {{name: {dialect}, match: {{dialect: {dialect}}}, tiers: [{tiers}]}}")
    return lines, [found for found in speakers if found not in placed]
