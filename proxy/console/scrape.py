"""What a scraper gets: the registry as text, rendered at most once a second.

Knows a registry and the client library's formats; nothing of what is counted. The library writes a
page once; as long as the same series follow each other, later pages are that one with new numbers,
at a quarter of the cost.
"""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

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
        self._forms: dict[str, Form] = {}

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
            form = self._forms.setdefault(content_type, Form(encode))
            page = form.fill(self._registry)
            self._pages[content_type] = (now, page)
        return page, content_type


class Taken(Collector):
    """Families as they were at one moment."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Show them."""
        return self._families


class Form:
    """A page without its numbers, in one format."""

    def __init__(self, encode: Callable[[CollectorRegistry], bytes]) -> None:
        self._encode = encode
        self._series: list[tuple[str, ...]] = []
        """The name and the labels of each number that is to be filled in."""
        self._before: list[str] = []
        """What stands before each of them."""
        self._end = ""

    def fill(self, registry: CollectorRegistry) -> bytes:
        """Return the page with the numbers of now."""
        families = list(registry.collect())
        samples = [sample for family in families for sample in family.samples]
        series = [(sample.name, *sample.labels.values()) for sample in samples]
        numbers = [_number(sample.value) for sample in samples]
        if series == self._series:
            return self._filled(numbers)
        taken = CollectorRegistry()
        taken.register(Taken(families))
        page = self._encode(taken)
        self._cut(page.decode())
        # A page that is more than lines with numbers at their ends is left to the library.
        whole = len(self._before) == len(numbers) and self._filled(numbers) == page
        self._series = series if whole else []
        return page

    def _cut(self, page: str) -> None:
        self._before, before = [], ""
        for line in page.removesuffix("\n").split("\n"):
            if line.startswith("#"):
                before += line + "\n"
            else:
                self._before.append(before + line.rpartition(" ")[0] + " ")
                before = ""
        self._end = before

    def _filled(self, numbers: Sequence[str]) -> bytes:
        pairs = zip(self._before, numbers, strict=True)
        return ("".join([f"{before}{number}\n" for before, number in pairs]) + self._end).encode()


def _number(value: float) -> str:
    written: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return written
