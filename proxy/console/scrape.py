"""What a scraper gets: the registry as text, rendered at most once a second.

Knows a registry and the client library's formats; nothing of what is counted.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from proxy.model import Instant, Seconds

FRESH = Seconds(1.0)
"""How old a page may be: however many scrape, each format is rendered once a second. Prometheus
itself scrapes every 15 s, or 5 s where it is in a hurry."""

OPENMETRICS = "application/openmetrics-text"


class Scrape:
    """Renders a registry for whoever asks."""

    def __init__(self, registry: CollectorRegistry, now: Callable[[], Instant]) -> None:
        self._registry = registry
        self._now = now
        self._pages: dict[str, tuple[Instant, bytes]] = {}

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return the page and its content type, in the format that `accept` prefers.

        Of what the client sends only the choice is taken: the library would put its version
        into the answer as it came.
        """
        wanted = f"{OPENMETRICS}; version=1.0.0" if OPENMETRICS in accept else ""
        encode, content_type = choose_encoder(wanted)
        now = self._now()
        made, page = self._pages.get(content_type, (Instant(0.0), b""))
        if not page or now - made > FRESH:
            page = encode(self._registry)
            self._pages[content_type] = (now, page)
        return page, content_type
