"""Whether the sections of a table that are not routes make sense: ports, backoff, bodies.

Pure: a table in, problems out.
"""

from proxy.model import Address
from proxy.settings.findings import Findings
from proxy.settings.nodes import Path
from proxy.settings.problem import Code, quote
from proxy.settings.shapes import Draft
from proxy.settings.table import Table

_LET_IN = """\
let apps show a token:
  clients:
    app: {token: "${APP_TOKEN}"}
or listen on `localhost` only"""


def check_sections(draft: Draft, findings: Findings) -> None:
    """Tell what is wrong with the table as a whole."""
    _check_ports(draft.table, findings)
    _check_numbers(draft.table, findings)


def _check_ports(table: Table, findings: Findings) -> None:
    ports: tuple[tuple[Path, Address | None], ...] = (
        (("listen",), table.listen),
        (("console",), table.console),
    )
    clients = findings.given(("clients",))
    for path, address in ports:
        if address is not None and not address.loopback and not clients:
            reason = f"other machines can reach {quote(str(address))}, and would use your keys"
            findings.error(path, Code.EXPOSED, reason, _LET_IN)
    sure = not any(findings.broken(path) for path, _ in ports)
    if sure and table.console is not None and _collide(table.listen, table.console):
        at = "console" if "console" in table.model_fields_set else "listen"
        reason = f"apps and the console cannot both have {quote(str(table.console))}"
        findings.error((at,), Code.SAME_PORT, reason, "give one another port, or `console: none`")


def _collide(one: Address, other: Address) -> bool:
    if one.unix is not None or other.unix is not None:
        return one.unix == other.unix
    return one.port == other.port != 0


def _check_numbers(table: Table, findings: Findings) -> None:
    backoff = table.ejection.backoff
    if backoff.first > backoff.most:
        reason = "the first time out of rotation is longer than the longest"
        place = "first" if "first" in backoff.model_fields_set else "most"
        path = ("ejection", "backoff", place)
        findings.error(path, Code.CONTRADICTION, reason, "`first` doubles up to `most`")
    if table.bodies.memory > table.bodies.limit:
        reason = "more of a body would be kept in memory than a body may have"
        place = "memory" if "memory" in table.bodies.model_fields_set else "limit"
        mend = "`memory` is at most `limit`"
        findings.error(("bodies", place), Code.CONTRADICTION, reason, mend)
