"""Who may come in: the Host header, browsers, the clients' tokens.

A port on localhost is within reach of every page that a browser shows (DNS rebinding, cross-site
requests), and this one holds keys. All is decided on raw header bytes, before a body is read, and
never on a URL that a library has put together from them. Pure; what a request asks for is not
its business.
"""

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from proxy.edge.fields import CREDENTIALS, Fields
from proxy.model import Fleet, Refusal, Secret

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
SANE_HOST = re.compile(rb"[A-Za-z0-9.:\[\]_-]*", re.ASCII)
"""What a Host may be on a unix socket, where no browser comes and any name will do."""
PORT = re.compile(rb":\d{1,5}\Z")
FOREIGN_SITES = frozenset({b"cross-site", b"same-site"})
SIMPLE_TYPES = (b"text/plain", b"multipart/form-data", b"application/x-www-form-urlencoded")
"""What a page may send anywhere without asking first (Fetch, "CORS-safelisted")."""

WRONG_HOST = Refusal(
    status=HTTPStatus.MISDIRECTED_REQUEST,
    code="wrong_host",
    message=(
        "Faultline: the host in this request is not one of its own: localhost, 127.0.0.1 and "
        "[::1] at its own port. Add other names, with their port where it differs, under `hosts` "
        "in the routing table."
    ),
    close=True,
)
PAGE = Refusal(
    status=HTTPStatus.FORBIDDEN,
    code="browser",
    message=(
        "Faultline: web pages are not served, for that would lend them its keys. Call it from a "
        "server or a command line, without Origin and Sec-Fetch headers of another site."
    ),
)
UNKNOWN_CLIENT = Refusal(
    status=HTTPStatus.UNAUTHORIZED,
    code="unauthorized",
    message=(
        "Faultline: this client's token is not known. Give one of the tokens under `clients` in "
        "the routing table as the API key."
    ),
)


@dataclass(frozen=True, slots=True)
class Guest:
    """Who has come in, and the fields that showed the token: they go no further."""

    name: str = ""
    shown_in: frozenset[bytes] = frozenset()


ANYONE = Guest()
IN_QUERY = b"?"
"""Where a token was shown that stood in the URL."""


class Door:
    """Lets requests in by the rules of one routing table."""

    __slots__ = ("_any_port", "_hosts", "_names", "_origins", "_tokens", "_unix", "fleet")

    def __init__(self, fleet: Fleet, ports: Collection[int]) -> None:
        """Take the table, and the ports that are listened on (none on a unix socket)."""
        self.fleet = fleet
        self._names = {name.lower().encode() for name in (*LOCAL_NAMES, *fleet.hosts)}
        self._hosts = self._names | {
            b"%b:%d" % (name, port) for name in self._names for port in ports
        }
        self._origins = frozenset(b"http://" + host for host in self._hosts)
        self._tokens = [(name, token.reveal().encode()) for name, token in fleet.clients.items()]
        self._unix = fleet.listen.unix is not None
        # Beyond loopback the port may be mapped (a container's), and a token is asked for anyway.
        self._any_port = not fleet.listen.loopback

    def enter(self, method: str, fields: Fields, key: Secret | None) -> Guest | Refusal:
        """Say who comes in, or why not. `key` is the credential that stood in the URL."""
        if not self._knows(fields.get(b"host", b"").lower()):
            return WRONG_HOST
        if method == "OPTIONS" or self._from_page(fields):
            return PAGE
        if not self._tokens:
            return ANYONE
        shown = {name: _bare(fields[name]) for name in CREDENTIALS if name in fields}
        if key is not None:
            shown[IN_QUERY] = key.reveal().encode()
        return self._recognise(shown) or UNKNOWN_CLIENT

    def _knows(self, host: bytes) -> bool:
        if host in self._hosts:
            return True
        if self._unix:
            return SANE_HOST.fullmatch(host) is not None
        return self._any_port and PORT.sub(b"", host) in self._names

    def _from_page(self, fields: Fields) -> bool:
        """Whether a page of another origin has made this request."""
        origin = fields.get(b"origin")
        return (
            (origin is not None and origin.lower() not in self._origins)
            or fields.get(b"sec-fetch-site", b"").lower() in FOREIGN_SITES
            or fields.get(b"sec-fetch-mode", b"").lower() == b"no-cors"
            or _is_disguised(fields)
        )

    def _recognise(self, shown: Mapping[bytes, bytes]) -> Guest | None:
        """Compare all with all, whatever was found before: the time tells nothing."""
        guest = None
        for name, token in self._tokens:
            found = [field for field, value in shown.items() if hmac.compare_digest(value, token)]
            if found:
                guest = Guest(name, frozenset(found))
        return guest


def _is_disguised(fields: Fields) -> bool:
    """Whether a browser sends a body under a type for which it need not ask (CSRF).

    Sec-Fetch-Mode alone does not tell a browser: fetch of Node.js sends it too.
    """
    return (b"origin" in fields or b"sec-fetch-site" in fields) and fields.get(
        b"content-type", b""
    ).lower().startswith(SIMPLE_TYPES)


def _bare(value: bytes) -> bytes:
    """Return a credential without its scheme."""
    return value[7:].strip() if value[:7].lower() == b"bearer " else value
