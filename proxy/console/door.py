"""Who may look: the Host header, browsers, the clients' tokens.

The rules of the data port, with four differences. GET and HEAD change nothing, so a link from
another site may lead here (from a chat, during an outage), but nothing may be embedded. The one
thing that can be changed is which drills run: from no browser, and with a bearer token only, which
none sends by itself, even on loopback. Beyond loopback an address is a good Host too: orchestrators
and scrapers come by address, and DNS rebinding needs a name. And a token may come as a browser's
password.
Pure; it decides on raw header bytes.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from ipaddress import ip_address

from proxy.edge.door import FOREIGN_SITES, LOCAL_NAMES, SANE_HOST
from proxy.model import Address, Fleet, Refusal

OPEN_PATHS = frozenset({"/livez", "/readyz", "/healthz"})
"""Probes carry no token."""

PORT = re.compile(rb":\d{1,5}\Z")

DRILLS = "/api/drills"
CHANGES = frozenset({"POST", "DELETE"})
BROWSERS = (b"origin", b"referer", b"sec-fetch-mode", b"sec-fetch-site")
"""Fields of which a browser adds at least one to whatever it sends with these methods."""

WRONG_METHOD = Refusal(
    status=HTTPStatus.METHOD_NOT_ALLOWED,
    code="method_not_allowed",
    message="Nothing can be changed here: only GET and HEAD are served.",
)
NO_BROWSER = Refusal(
    status=HTTPStatus.FORBIDDEN,
    code="browser",
    message="Faultline: a drill is never begun or ended by a web page; use `faultline drill`.",
)
NO_TOKENS = Refusal(
    status=HTTPStatus.FORBIDDEN,
    code="drills_closed",
    message=(
        "Faultline: a drill needs a token, and the routing table has none: add an app with a "
        "token under `clients`."
    ),
)
NO_JSON = Refusal(
    status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    code="not_json",
    message="Faultline: a drill is asked for as application/json.",
)
NO_BEARER = Refusal(
    status=HTTPStatus.UNAUTHORIZED,
    code="unauthorized",
    message="Faultline: a drill needs one of the tokens under `clients`, as a bearer token.",
)
WRONG_HOST = Refusal(
    status=HTTPStatus.MISDIRECTED_REQUEST,
    code="wrong_host",
    message=(
        "Faultline's console does not answer to this host name. Add it under `hosts` in the "
        "routing table, or use localhost."
    ),
)
PAGE = Refusal(
    status=HTTPStatus.FORBIDDEN,
    code="browser",
    message="Faultline's console cannot be embedded or read by the pages of another site.",
)
UNKNOWN = Refusal(
    status=HTTPStatus.UNAUTHORIZED,
    code="unauthorized",
    message=(
        "Faultline's console is open beyond this machine, so it asks for a token: give one of "
        "those under `clients` in the routing table as the password, or as a bearer token."
    ),
)


class Door:
    """Lets people and machines look, by the rules of one routing table."""

    def __init__(self, fleet: Fleet, address: Address, ports: Collection[int]) -> None:
        """Take the table, where the console listens, and the ports there (none on a socket)."""
        self.fleet = fleet
        names = {name.lower().encode() for name in (*LOCAL_NAMES, *fleet.hosts)}
        self._names = names
        self._hosts = names | {b"%b:%d" % (name, port) for name in names for port in ports}
        self._unix = address.unix is not None
        self._wide = not address.loopback
        # An empty list refuses all: beyond loopback nobody looks without a token.
        self._tokens = [(name, token.reveal().encode()) for name, token in fleet.clients.items()]

    def refusal(self, method: str, path: str, fields: Mapping[bytes, bytes]) -> Refusal | None:
        """Say why not; None lets in. `fields` has lower-case names."""
        changes = method in CHANGES and (path == DRILLS or path.startswith(f"{DRILLS}/"))
        if method not in {"GET", "HEAD"} and not changes:
            return WRONG_METHOD
        host = fields.get(b"host", b"").lower()
        if not self._knows(host):
            return WRONG_HOST
        if changes:
            return self._bars(method, fields)
        if _embedded(fields, host):
            return PAGE
        if self._wide and path not in OPEN_PATHS and not self.client(fields):
            return UNKNOWN
        return None

    def client(self, fields: Mapping[bytes, bytes]) -> str:
        """Return whose token was shown, as a bearer's or as a password; empty: nobody's.

        Compares with all, whatever was found before: the time tells nothing.
        """
        shown = _token(fields.get(b"authorization", b""))
        found = [name for name, token in self._tokens if hmac.compare_digest(shown, token)]
        return found[0] if found else ""

    def _bars(self, method: str, fields: Mapping[bytes, bytes]) -> Refusal | None:
        """Say why a drill may be neither begun nor ended."""
        if any(name in fields for name in BROWSERS):
            return NO_BROWSER
        if not self._tokens:
            return NO_TOKENS
        kind = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if method == "POST" and kind != b"application/json":
            return NO_JSON
        # A password would be sent by a browser that knows it, whoever made it ask.
        bearer = fields.get(b"authorization", b"")[:7].lower() == b"bearer "
        return None if bearer and self.client(fields) else NO_BEARER

    def _knows(self, host: bytes) -> bool:
        if host in self._hosts:
            return True
        if self._unix:
            return SANE_HOST.fullmatch(host) is not None
        if not self._wide:
            return False
        # The port may be mapped, a container's for one.
        name = PORT.sub(b"", host)
        return name in self._names or _is_address(name)


def _embedded(fields: Mapping[bytes, bytes], host: bytes) -> bool:
    """Whether a page of another origin has made this request, other than by a link to here."""
    origin = fields.get(b"origin")
    if origin is not None and origin.lower() not in {b"http://" + host, b"https://" + host}:
        return True
    if fields.get(b"sec-fetch-site", b"").lower() not in FOREIGN_SITES:
        return False
    return fields.get(b"sec-fetch-dest", b"").lower() != b"document"


def _is_address(name: bytes) -> bool:
    try:
        ip_address(name.decode("ascii").removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _token(authorization: bytes) -> bytes:
    """Return what was shown, as a bearer token or as the password of any user."""
    scheme, _, value = authorization.partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip()
    if scheme.lower() != b"basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
