"""Who may come in: forty Hosts, pages of other origins, tokens."""

import pytest

from proxy.edge.door import ANYONE, IN_QUERY, PAGE, UNKNOWN_CLIENT, WRONG_HOST, Door, Guest
from proxy.edge.fields import Fields
from proxy.model import Address, Fleet, Refusal, Secret
from tests.edge.port import fleet, secrets

PORT = 8080


def door(table: Fleet | None = None) -> Door:
    return Door(table or fleet(hosts=("faultline", "mapped:9000")), {PORT})


def enter(
    fields: Fields | None = None,
    *,
    at: Door | None = None,
    method: str = "POST",
    key: Secret | None = None,
) -> Guest | Refusal:
    return (at or door()).enter(method, {b"host": b"localhost"} | (fields or {}), key)


OURS = [
    b"localhost",
    b"localhost:8080",
    b"LocalHost:8080",
    b"127.0.0.1",
    b"127.0.0.1:8080",
    b"[::1]",
    b"[::1]:8080",
    b"faultline",
    b"FAULTLINE:8080",
    b"mapped:9000",
]
FOREIGN = [
    b"",
    b"evil.example",
    b"evil.example:8080",
    b"localhost.evil.example",
    b"localhost:80",
    b"localhost:18080",
    b"localhost:",
    b"localhost:8080:8080",
    b"localhost.",
    b"localhost/public?",
    b"localhost/",
    b"localhost?",
    b"localhost#",
    b"localhost\\",
    b"localhost@evil.example",
    b"evil.example@localhost",
    b"evil.example#@localhost",
    b"localhost, evil.example",
    b"localhost evil.example",
    b"localhost\tevil.example",
    b"local host",
    b"http://localhost",
    b"//localhost",
    b"127.1",
    b"127.0.0.2",
    b"0.0.0.0",
    b"0.0.0.0:8080",
    b"2130706433",
    b"0x7f.0.0.1",
    b"::1",
    b"[::1",
    b"[0:0:0:0:0:0:0:1]",
    b"[::ffff:127.0.0.1]",
    b"[::1]%lo",
    b"mapped",
    b"mapped:8080:9000",
    b"\xffocalhost",
    b"loca\xe2\x84\x93host",
    b"*",
    b"%6cocalhost",
]


@pytest.mark.parametrize("host", OURS)
def test_it_answers_to_its_own_names(host: bytes) -> None:
    assert enter({b"host": host}) is ANYONE


@pytest.mark.parametrize("host", FOREIGN)
def test_it_answers_to_no_other_name(host: bytes) -> None:
    assert enter({b"host": host}) is WRONG_HOST


def test_a_request_without_a_host_is_for_nobody() -> None:
    assert door().enter("GET", {}, None) is WRONG_HOST


def test_beyond_loopback_the_port_may_be_mapped() -> None:
    table = fleet(listen=Address(host="0.0.0.0", port=PORT), clients=secrets(app="t"))
    token = {b"authorization": b"Bearer t"}
    assert isinstance(enter({b"host": b"localhost:9999"} | token, at=door(table)), Guest)
    for host in (b"evil.example:8080", b"localhost:123456", b"localhost:a", b"localhost:8080:1"):
        assert enter({b"host": host} | token, at=door(table)) is WRONG_HOST


@pytest.mark.parametrize("host", [b"", b"a.b:1", b"[::1]"])
def test_a_unix_socket_needs_no_name(host: bytes) -> None:
    assert enter({b"host": host}, at=Door(fleet(listen=Address(unix="/s")), ())) is ANYONE


@pytest.mark.parametrize("host", [b"a/b", b"a?b", b"a#b", b"a@b", b"a\\b", b"a b", b"a,b"])
def test_not_even_a_unix_socket_takes_nonsense(host: bytes) -> None:
    assert enter({b"host": host}, at=Door(fleet(listen=Address(unix="/s")), ())) is WRONG_HOST


PAGES: list[Fields] = [
    {b"origin": b"https://evil.example"},
    {b"origin": b"null"},
    {b"origin": b""},
    {b"origin": b"http://localhost:3000"},
    {b"origin": b"https://localhost:8080"},
    {b"origin": b"http://localhost:8080.evil.example"},
    {b"origin": b"file://"},
    {b"sec-fetch-site": b"cross-site"},
    {b"sec-fetch-site": b"same-site"},
    {b"sec-fetch-site": b"Cross-Site"},
    {b"sec-fetch-mode": b"no-cors"},
    {b"sec-fetch-site": b"none", b"sec-fetch-mode": b"no-cors"},
    {b"origin": b"http://localhost:8080", b"content-type": b"text/plain;charset=UTF-8"},
    {b"sec-fetch-site": b"same-origin", b"content-type": b"multipart/form-data; boundary=b"},
    {b"sec-fetch-site": b"none", b"content-type": b"application/x-www-form-urlencoded"},
]


@pytest.mark.parametrize("fields", PAGES, ids=str)
def test_no_page_comes_in(fields: Fields) -> None:
    assert enter(fields) is PAGE


def test_no_page_may_ask_whether_it_may() -> None:
    assert enter(method="OPTIONS") is PAGE


@pytest.mark.parametrize(
    "fields",
    [
        {b"origin": b"http://localhost:8080", b"content-type": b"application/json"},
        {b"origin": b"http://127.0.0.1:8080"},
        {b"sec-fetch-site": b"same-origin"},
        {b"sec-fetch-site": b"none", b"sec-fetch-mode": b"navigate"},
        {b"sec-fetch-mode": b"cors", b"content-type": b"multipart/form-data; boundary=b"},
        {b"content-type": b"text/plain"},
    ],
    ids=str,
)
def test_programs_and_its_own_origin_come_in(fields: Fields) -> None:
    """Node's fetch says `sec-fetch-mode: cors`, and uploads files."""
    assert enter(fields) is ANYONE


def guarded() -> Door:
    return door(fleet(clients=secrets(app="t0ken", other="s3cret")))


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({b"authorization": b"Bearer t0ken"}, "app"),
        ({b"authorization": b"bearer  s3cret "}, "other"),
        ({b"x-api-key": b"t0ken"}, "app"),
        ({b"api-key": b"t0ken"}, "app"),
        ({b"x-goog-api-key": b"s3cret"}, "other"),
        ({b"authorization": b"Bearer sk-own", b"x-api-key": b"t0ken"}, "app"),
    ],
)
def test_a_token_names_its_client_and_goes_no_further(fields: Fields, name: str) -> None:
    guest = enter(fields, at=guarded())
    assert isinstance(guest, Guest)
    assert guest.name == name
    shown = {field for field, value in fields.items() if value.strip()[-5:] in {b"t0ken", b"3cret"}}
    assert guest.shown_in == shown


def test_a_token_may_stand_in_the_url() -> None:
    guest = enter(at=guarded(), key=Secret("t0ken"))
    assert guest == Guest("app", frozenset({IN_QUERY}))


@pytest.mark.parametrize(
    "value", [b"", b"t0keN", b"t0ken2", b"t0ke", b"Bearer", b"\xff\xfe", "t0k\u00e9n".encode()]
)
def test_any_other_token_is_unknown(value: bytes) -> None:
    for name in (b"authorization", b"x-api-key"):
        assert enter({name: value}, at=guarded()) is UNKNOWN_CLIENT
    assert enter(at=guarded()) is UNKNOWN_CLIENT
    assert enter(at=guarded(), key=Secret("t0k\u00e9n")) is UNKNOWN_CLIENT


@pytest.mark.parametrize("code", range(256))
def test_no_byte_upsets_the_comparison(code: int) -> None:
    assert enter({b"authorization": b"Bearer " + bytes([code])}, at=guarded()) is UNKNOWN_CLIENT


def test_without_clients_nobody_is_asked() -> None:
    guest = enter({b"authorization": b"Bearer sk-own"})
    assert guest == Guest("", frozenset())
