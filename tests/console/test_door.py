"""Who may look: a table of hosts, browsers and tokens."""

import base64

import pytest

from proxy.console.door import Door
from proxy.model import Address, Secret
from tests.report.records import fleet

TOKENS = {"search": Secret("token-of-search"), "ops": Secret("tökén-of-ops")}
TABLE = fleet("openai", hosts=("faultline",), clients=TOKENS)
LOOPBACK = Door(TABLE, Address(port=8081), {8081})
WIDE = Door(TABLE, Address(host="0.0.0.0", port=8081), {8081})
SOCKET = Door(TABLE, Address(unix="/run/faultline.sock"), ())


def code(door: Door, path: str = "/", method: str = "GET", **fields: bytes | str) -> str | None:
    raw = {b"host": b"localhost:8081"}
    for name, value in fields.items():
        raw[name.replace("_", "-").encode()] = value.encode() if isinstance(value, str) else value
    refusal = door.refusal(method, path, raw)
    return None if refusal is None else refusal.code


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8081",
        "LOCALHOST:8081",
        "127.0.0.1:8081",
        "[::1]:8081",
        "faultline:8081",
        "faultline",
    ],
)
def test_its_own_names_are_known(host: str) -> None:
    assert code(LOOPBACK, host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8081",
        "localhost.evil.example:8081",
        "localhost:8081.evil.example",
        "localhost:80",
        "localhost:8081/",
        "localhost@evil.example:8081",
        "evil.example?localhost:8081",
        "evil.example#localhost",
        "localhost\\evil.example",
        "127.0.0.1.nip.io:8081",
        "10.0.0.7:8081",
        "0.0.0.0:8081",
        "[::ffff:127.0.0.1]:8081",
        b"localhost:8081\xff",
    ],
)
def test_a_name_that_may_have_been_rebound_is_not(host: str | bytes) -> None:
    assert code(LOOPBACK, host=host) == "wrong_host"


@pytest.mark.parametrize("host", ["10.0.0.7:8081", "10.0.0.7", "[fd00::7]:30081", "faultline:80"])
def test_beyond_loopback_addresses_and_mapped_ports_are_known(host: str) -> None:
    assert code(WIDE, "/livez", host=host) is None


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.7.evil.example", "[fd00::7", "300.1.1.1"])
def test_beyond_loopback_strange_names_are_not(host: str) -> None:
    assert code(WIDE, "/livez", host=host) == "wrong_host"


@pytest.mark.parametrize(("host", "expected"), [("x", None), ("a/b", "wrong_host")])
def test_on_a_socket_any_sane_name_will_do(host: str, expected: str | None) -> None:
    assert code(SOCKET, host=host) == expected


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_nothing_can_be_changed(method: str) -> None:
    assert code(LOOPBACK, method=method) == "method_not_allowed"


@pytest.mark.parametrize(
    "fields",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"},
        {"sec_fetch_site": "same-site", "sec_fetch_mode": "cors", "sec_fetch_dest": "empty"},
        {"sec_fetch_site": "cross-site"},
    ],
)
def test_pages_of_others_cannot_read_or_embed(fields: dict[str, str]) -> None:
    assert code(LOOPBACK, **fields) == "browser"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"origin": "http://localhost:8081"},
        {"sec_fetch_site": "none", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"},
        {"sec_fetch_site": "same-origin", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "style"},
        {
            "sec_fetch_site": "cross-site",
            "sec_fetch_mode": "navigate",
            "sec_fetch_dest": "document",
        },
    ],
)
def test_a_person_may_follow_a_link(fields: dict[str, str]) -> None:
    assert code(LOOPBACK, **fields) is None


def basic(user: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


@pytest.mark.parametrize(
    "shown",
    [
        b"Bearer token-of-search",
        b"bearer  token-of-search ",
        "Bearer tökén-of-ops".encode(),
        basic("anyone", "token-of-search"),
        basic("", "tökén-of-ops"),
    ],
)
def test_beyond_loopback_a_token_opens(shown: bytes) -> None:
    assert code(WIDE, authorization=shown) is None


@pytest.mark.parametrize(
    "shown",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer token-of-searcH",
        b"token-of-search",
        b"Basic token-of-search",
        b"Basic !!!!",
        b"Basic " + base64.b64encode(b"token-of-search"),
        b"Bearer \xff\xfe",
        basic("token-of-search", "wrong"),
    ],
)
def test_anything_else_does_not(shown: bytes) -> None:
    assert code(WIDE, authorization=shown) == "unauthorized"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_probes_need_no_token(path: str) -> None:
    assert code(WIDE, path) is None


def test_without_clients_nobody_looks_from_beyond() -> None:
    door = Door(fleet("openai"), Address(host="0.0.0.0", port=8081), {8081})
    assert code(door, authorization=b"Bearer ") == "unauthorized"


def test_on_loopback_no_token_is_asked_for() -> None:
    assert code(LOOPBACK, "/metrics") is None
