"""Where a backend's provider says how it is: what the catalogue knows, or what the table names.

Nothing is read unless the table asks for it. Never opens a connection.
"""

from typing import Literal

from proxy.model import StatusFeed, Url
from proxy.settings.catalogue import Provider
from proxy.settings.findings import Findings
from proxy.settings.nodes import Path
from proxy.settings.problem import Code

SUMMARY = "/api/v2/summary.json"
"""Where Statuspage, and those who do as it does, have it: a page's URL without a path means this
(https://www.atlassian.com/software/statuspage/api)."""


def status_feed(
    given: Url | Literal["auto"] | None, provider: Provider, path: Path, findings: Findings
) -> StatusFeed | None:
    """Return what to read; None where the table does not ask for it."""
    match given:
        case Url():
            return StatusFeed(url=str(given) if given.path else f"{given}{SUMMARY}")
        case "auto" if provider.status_feed is not None:
            known = provider.status_feed
            return StatusFeed(url=known.url, component=known.component)
        case "auto":
            reason = "the catalogue knows no status feed of this provider"
            mend = "write the URL of its status page, of its feed, or `none`"
            findings.error(path, Code.CONTRADICTION, reason, mend)
            return None
        case None:
            return None
