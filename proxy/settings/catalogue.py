"""The catalogue of providers: data that comes with Faultline, read once and strictly.

Knows what is the same for everybody who uses a provider; never a key.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field, TypeAdapter

from proxy.model import Dialect
from proxy.settings import fields as f
from proxy.settings.document import read
from proxy.settings.entry import Entry
from proxy.settings.environment import fill
from proxy.settings.findings import Findings
from proxy.settings.source import Source

FILE = "providers.yaml"


class Auth(Entry):
    """The header that carries a key, and what stands in front of the key."""

    header: f.HeaderName
    prefix: f.HeaderPrefix


class Feed(Entry):
    """Where a provider says how it is, for machines."""

    url: f.Text
    component: str = ""


class Provider(Entry):
    """What a backend of one provider has where its table says nothing else."""

    dialect: Annotated[Dialect, Field(strict=False)]
    url: f.BackendUrl | None = None
    path: str | None = None
    auth: Auth | None = None
    env: list[str] = Field(default_factory=list)
    url_env: list[str] = Field(default_factory=list)
    models: f.Glob | None = None
    twin: str | None = None
    cdn: str | None = None
    status_page: str | None = None
    status_feed: Feed | None = None
    note: str | None = None


_AUTH = {
    Dialect.OPENAI: Auth(header="authorization", prefix="Bearer "),
    Dialect.ANTHROPIC: Auth(header="x-api-key", prefix=""),
    Dialect.GEMINI: Auth(header="x-goog-api-key", prefix=""),
}
"""How each dialect's own SDK sends its key."""

_PATHS = {Dialect.OPENAI: "/v1", Dialect.ANTHROPIC: "/v1", Dialect.GEMINI: "/v1beta"}
"""What stands in front of each dialect's operations."""


@cache
def providers() -> Mapping[str, Provider]:
    """Return the catalogue, in its order of preference."""
    text = files("proxy.settings").joinpath(FILE).read_text(encoding="utf-8")
    findings = Findings(Source(FILE, text))
    data = fill(read(findings, hidden=lambda _: False), {}, findings)
    findings.stop_at_errors()
    return TypeAdapter(dict[str, Provider]).validate_python(data)


def auth(provider: Provider, dialect: Dialect) -> Auth:
    """Return how a key is sent to a backend that speaks `dialect`."""
    own = provider.auth if dialect is provider.dialect else None
    return own or _AUTH[dialect]


def path(provider: Provider, dialect: Dialect) -> str:
    """Return what a backend's URL without a path gets."""
    own = provider.path if dialect is provider.dialect else None
    return own or _PATHS[dialect]
