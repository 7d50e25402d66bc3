"""What a scenario needs, and the routing table that follows from it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

VERSIONS = {"openai-compatible": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a scenario needs. The table's parts are YAML, as a person would write them."""

    providers: tuple[str, ...] = ("p", "s")
    provider: str = "openai-compatible"
    """The vendor of all backends, as the table names it."""
    tiers: str = "[[p, s]]"
    route: str = ""
    """More of the route: `patience: 3s, hedge: {after: 10s}`."""
    limits: str = ""
    """Of the route: `head: 30s, stall: 10s`."""
    routes: str = ""
    """Routes before that one: lines of a list."""
    extra: str = ""
    """More of the table: whole lines."""
    backends: Mapping[str, str] = field(default_factory=dict)
    """More of a backend: `p: "account: a"`; or a whole backend of another provider."""
    also: Mapping[str, str] = field(default_factory=dict)
    """Further backends: the name, and the provider that it is at."""
    url: Mapping[str, str] = field(default_factory=dict)
    """Another address of a backend; `{port}` is its provider's, `{tap}` leads to Faultline."""
    elsewhere: tuple[str, ...] = ()
    """Backends that are not at their provider because of that."""
    key: Mapping[str, str] = field(default_factory=dict)
    """`client` or `none` instead of a key."""
    holes: tuple[str, ...] = ()
    """Providers in whose place there is a black hole."""
    names: Mapping[str, list[str] | OSError] = field(default_factory=dict)
    """What the world's name service says at the beginning."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of this process, while Faultline lives."""
    tokens: int = 12
    stamp: bool = True
    """Whether each token carries its provider's name; without, all say the same."""
    keep_alive: float | None = None
    tls: Mapping[str, str] = field(default_factory=dict)
    """Providers that speak TLS, and what kind of certificate they show."""
    resumes: bool = False

    @property
    def owner(self) -> dict[str, str]:
        """Each backend's provider."""
        return {name: name for name in self.providers} | dict(self.also)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where everything is, once it is there."""

    ports: Mapping[str, int]
    """Of each provider, or of the hole in its place."""
    tap: int
    """The port that leads to Faultline."""
    ca: str
    """The file of the authority that is trusted."""


def table(setup: Setup, places: Places) -> str:
    """Return the routing table; each backend's key is in the environment."""
    lines = [
        "version: 1",
        'listen: "127.0.0.1:0"',
        'console: "127.0.0.1:0"',
        f'hosts: ["127.0.0.1:{places.tap}"]',
        "backends:",
        *(f"  {name}: {{{_backend(setup, places, name)}}}" for name in setup.owner),
        setup.extra,
        "routes:",
        setup.routes,
        f"  - {{name: all, tiers: {setup.tiers}, limits: {{{setup.limits}}}, {setup.route}}}",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _backend(setup: Setup, places: Places, name: str) -> str:
    provider, more = setup.owner[name], setup.backends.get(name, "")
    secure = provider in setup.tls
    scheme = "https" if secure else "http"
    url = setup.url.get(name, scheme + "://127.0.0.1:{port}" + VERSIONS[setup.provider])
    url = url.format(port=places.ports[provider], tap=places.tap)
    key = setup.key.get(name, f"${{{key_name(name)}}}")
    kind = "" if "provider:" in more else f"provider: {setup.provider}, "
    ca = f'ca: "{places.ca}", ' if secure else ""
    return f'{kind}url: "{url}", key: "{key}", {ca}{more}'


def key_name(backend: str) -> str:
    """Return the environment variable that holds a backend's key."""
    return f"{backend.upper()}_KEY"
