"""From a backend of the table to one of the model: URL, dialect, credential.

Knows the catalogue of providers; never opens a connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.model import Backend, Credential, CredentialKind, Dialect, Url
from proxy.settings import catalogue
from proxy.settings.catalogue import Provider
from proxy.settings.hosts import check_host, check_loop
from proxy.settings.nodes import Path
from proxy.settings.problem import Code, quote, suggest
from proxy.settings.status import status_feed
from proxy.settings.table import BackendEntry, Table
from proxy.settings.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One backend to build."""

    path: Path
    entry: BackendEntry
    provider: Provider
    shop: Workshop

    @property
    def dialect(self) -> Dialect:
        return self.entry.dialect or self.provider.dialect


def build_backends(table: Table, shop: Workshop) -> Mapping[str, Backend]:
    """Build all backends that can be built; tell what is wrong with the others."""
    backends = {}
    for name, entry in table.backends.items():
        backend = _backend(name, entry, table, shop)
        if backend is not None:
            backends[name] = backend
    return backends


def _backend(name: str, entry: BackendEntry, table: Table, shop: Workshop) -> Backend | None:
    path: Path = ("backends", name)
    provider = _provider(entry, path, shop)
    if provider is None:
        return None
    order = _Order(path=path, entry=entry, provider=provider, shop=shop)
    credential = _credential(order)
    url = _url(order)
    ca = shop.certificates(entry.ca, (*path, "ca")) if entry.ca else None
    _check_proxy(order)
    if url is None or credential is None:
        return None
    check_host(url, private=entry.private, path=(*path, "url"), findings=shop.findings)
    check_loop(url, (table.listen, table.console), (*path, "url"), shop.findings)
    return Backend(
        name=name,
        provider=entry.provider,
        dialect=order.dialect,
        url=url,
        credential=credential,
        account=entry.account or name,
        models=entry.models,
        headers=tuple((k.encode(), v.encode()) for k, v in entry.headers.items()),
        max_in_flight=entry.max_in_flight,
        weight=entry.weight,
        proxy=entry.proxy,
        ca=ca,
        private=entry.private,
        cdn=_cdn(url, provider),
        status_page=provider.status_page,
        status_feed=status_feed(entry.status_page, provider, (*path, "status_page"), shop.findings),
    )


def _provider(entry: BackendEntry, path: Path, shop: Workshop) -> Provider | None:
    known = catalogue.providers()
    if entry.provider not in known:
        guess = suggest(entry.provider, known, "known")
        mend = f"{guess}\nfor any other: `provider: openai-compatible` and its `url`"
        place = (*path, "provider")
        reason = f"the catalogue has no provider {shop.findings.called(place, entry.provider)}"
        shop.findings.error(place, Code.UNKNOWN_PROVIDER, reason, mend)
    return known.get(entry.provider)


def _credential(order: _Order) -> Credential | None:
    key = order.entry.key
    auth = catalogue.auth(order.provider, order.dialect)
    header, prefix = auth.header.encode(), auth.prefix.encode()
    if isinstance(key, str):
        return Credential(kind=CredentialKind(key), header=header, prefix=prefix)
    secret = order.shop.secret(key, (*order.path, "key"))
    if secret is None:
        return None
    return Credential(kind=CredentialKind.OWN, header=header, prefix=prefix, secret=secret)


def _url(order: _Order) -> Url | None:
    given, provider, dialect = order.entry.url, order.provider, order.dialect
    if given is None and provider.url is not None and dialect is provider.dialect:
        return provider.url
    if given is None:
        path = catalogue.path(provider, dialect)
        reason = f"backend {quote(str(order.path[-1]))} lacks a `url`, which differs for each user"
        mend = f"add `url: https://host{path}`"
        order.shop.findings.key_error(order.path, Code.NO_URL, reason, mend)
        return None
    path = given.path or catalogue.path(provider, dialect)
    return Url(tls=given.tls, host=given.host, port=given.port, path=path)


def _check_proxy(order: _Order) -> None:
    proxy = order.entry.proxy
    if proxy is not None and (proxy.tls or proxy.path):
        reason = "a proxy is reached over plain HTTP, and has no path"
        mend = "write `http://host:port`; what goes through its tunnel is encrypted all the same"
        order.shop.findings.error((*order.path, "proxy"), Code.URL, reason, mend)


def _cdn(url: Url, provider: Provider) -> str | None:
    """Return the provider's CDN, unless the URL is of somebody else, a gateway perhaps."""
    own = provider.url is not None and url.host.endswith(provider.url.host)
    return provider.cdn if own else None
