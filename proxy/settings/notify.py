"""From the table's `notify` to whom to tell: secrets read, addresses looked at.

Never says a word of an address: who has it can write into somebody's channel.
"""

from importlib.util import find_spec
from urllib.parse import urlsplit

from proxy.model import Notify, NotifyKind, Secret
from proxy.settings.nodes import Path
from proxy.settings.problem import Code
from proxy.settings.table import NotifyEntry, Table
from proxy.settings.workshop import Workshop

_ONLY = {"secret": NotifyKind.WEBHOOK, "url": NotifyKind.PAGERDUTY}
"""Keys that mean something for one kind only."""


def build_notify(table: Table, shop: Workshop) -> tuple[Notify, ...]:
    """Build all that can be built; tell what is wrong with the others."""
    built = [_notify(("notify", i), entry, shop) for i, entry in enumerate(table.notify)]
    return tuple(each for each in built if each is not None)


def _notify(path: Path, entry: NotifyEntry, shop: Workshop) -> Notify | None:
    _check_kind(path, entry, shop)
    to = shop.secret(entry.to, (*path, "to"))
    secret = None if entry.secret is None else shop.secret(entry.secret, (*path, "secret"))
    if to is None:
        return None
    if entry.kind in {NotifyKind.WEBHOOK, NotifyKind.SLACK} and not _is_url(to):
        reason = "this is not the URL of a webhook"
        shop.findings.error((*path, "to"), Code.URL, reason, "`https://` and a host")
    url = None if entry.url is None else str(entry.url)
    return Notify(kind=entry.kind, to=to, secret=secret, url=url, impact=entry.impact)


def _check_kind(path: Path, entry: NotifyEntry, shop: Workshop) -> None:
    for key, kind in _ONLY.items():
        if key in entry.model_fields_set and entry.kind is not kind:
            reason = f"`{key}` means something with `kind: {kind}` only"
            shop.findings.error((*path, key), Code.CONTRADICTION, reason, "delete it")
    if entry.kind is NotifyKind.APPRISE and find_spec("apprise") is None:
        reason = "apprise is not installed"
        mend = "`pip install 'faultline[notify]'`"
        shop.findings.error((*path, "kind"), Code.CONTRADICTION, reason, mend)


def _is_url(to: Secret) -> bool:
    try:
        parts = urlsplit(to.reveal())
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
