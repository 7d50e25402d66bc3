"""From the shape of a table to the one immutable Fleet.

The order of the work: backends, clients, routes, then whether it all makes sense together.
"""

from types import MappingProxyType

from proxy.model import Bodies, BudgetRule, Ejection, Fleet, Secret
from proxy.settings.backends import build_backends
from proxy.settings.checks import check_routes
from proxy.settings.nodes import dotted, walk
from proxy.settings.notify import build_notify
from proxy.settings.routes import build_routes
from proxy.settings.sections import check_sections
from proxy.settings.shapes import Draft
from proxy.settings.table import Table
from proxy.settings.workshop import Workshop


def assemble(draft: Draft, shop: Workshop) -> Fleet:
    """Build the fleet as far as it goes; tell what is wrong with it."""
    table, findings = draft.table, shop.findings
    check_sections(draft, findings)
    backends = build_backends(table, shop)
    clients = _clients(table, shop)
    placed = build_routes(draft, backends, findings)
    check_routes(placed, findings)
    return Fleet(
        backends=MappingProxyType(backends),
        routes=tuple(route.route for route in placed),
        listen=table.listen,
        console=table.console,
        hosts=tuple(table.hosts),
        clients=MappingProxyType(clients),
        ejection=_ejection(table),
        budget=BudgetRule(
            extra=table.budget.extra, floor=table.budget.floor, hedges=table.budget.hedges
        ),
        bodies=Bodies(
            limit=table.bodies.limit, memory=table.bodies.memory, spool=table.bodies.spool
        ),
        drain=table.drain,
        log_level=table.log.level,
        log_format=table.log.format,
        incidents_store=_store(table, shop),
        incidents_keep=table.incidents.keep,
        incidents_hold=table.incidents.hold,
        notify=build_notify(table, shop),
        origins=MappingProxyType(_origins(shop)),
        files=tuple(shop.files),
    )


def _clients(table: Table, shop: Workshop) -> dict[str, Secret]:
    tokens = {
        name: shop.secret(entry.token, ("clients", name, "token"))
        for name, entry in table.clients.items()
    }
    return {name: token for name, token in tokens.items() if token is not None}


def _store(table: Table, shop: Workshop) -> str | None:
    """Return the file that incidents are kept in; it is not watched, for Faultline writes it."""
    name = table.incidents.store
    return None if name == "none" else str(shop.base / name)


def _ejection(table: Table) -> Ejection:
    rule = table.ejection
    return Ejection(
        consecutive=rule.consecutive,
        silences=rule.silences,
        ratio=rule.ratio.failures,
        window=rule.ratio.window,
        minimum=rule.ratio.minimum,
        first=rule.backoff.first,
        most=rule.backoff.most,
        flapping=rule.backoff.flapping,
    )


def _origins(shop: Workshop) -> dict[str, str]:
    """Say of every setting in which line it stands."""
    root = shop.findings.tree
    name = shop.findings.source.name
    return {dotted(root, path): f"{name}:{mark.line}" for path, mark in walk(root)}
