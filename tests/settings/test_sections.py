"""Ports that strangers could reach (S1), and sections that contradict themselves."""

import pytest

from proxy.settings.problem import Code, Severity
from tests.settings.tables import GOOD, codes, only, place

CLIENTS = 'clients: {app: {token: "${TOKEN}"}}\n'


@pytest.mark.parametrize("key", ["listen", "console"])
@pytest.mark.parametrize("address", ["0.0.0.0:9000", '"[::]:9000"', "10.0.0.7:9000"])
def test_s1_a_port_for_others_needs_clients(key: str, address: str) -> None:
    text = f"{GOOD}{key}: {address}\n"
    problem = only(text)
    assert (problem.code, problem.severity) == (Code.EXPOSED, Severity.ERROR)
    assert (problem.line, problem.column) == place(text, address)
    assert "clients:" in problem.mend
    assert "localhost" in problem.mend
    assert codes(text + CLIENTS) == []


@pytest.mark.parametrize(
    "address", ["localhost:9000", "127.0.0.1:9000", '"[::1]:9000"', "unix:/run/x.sock"]
)
def test_s1_this_machine_needs_no_client(address: str) -> None:
    assert codes(f"{GOOD}listen: {address}\n") == []


def test_s1_clients_that_are_wrong_are_not_no_clients() -> None:
    assert codes(f"{GOOD}listen: 0.0.0.0:9000\nclients: {{app: {{token: 5}}}}\n") == [
        Code.WRONG_TYPE
    ]
    assert codes(f"{GOOD}listen: 0.0.0.0:9000\nclients: {{}}\n") == [Code.EXPOSED]


@pytest.mark.parametrize(
    "ports",
    [
        "console: localhost:8080",
        "listen: localhost:8081",
        "listen: 127.0.0.1:9000\nconsole: localhost:9000",
        "listen: unix:/run/a\nconsole: unix:/run/a",
    ],
)
def test_two_ports_have_two_places(ports: str) -> None:
    text = f"{GOOD}{ports}"
    problem = only(text)
    assert problem.code is Code.SAME_PORT
    assert problem.line == text.count("\n") + 1
    assert problem.where == ports.splitlines()[-1].partition(":")[0]


@pytest.mark.parametrize(
    "ports",
    [
        "listen: localhost:0\nconsole: localhost:0",
        "console: none",
        "listen: unix:/run/a",
        "listen: unix:/run/a\nconsole: unix:/run/b",
    ],
)
def test_these_do_not_collide(ports: str) -> None:
    assert codes(f"{GOOD}{ports}\n") == []


def test_ports_that_are_wrong_are_not_compared() -> None:
    assert codes(f"{GOOD}listen: localhost:8081\nconsole: here\n") == [Code.ADDRESS]


@pytest.mark.parametrize(
    ("section", "needle"),
    [
        ("ejection: {backoff: {first: 20s}}", "20s"),
        ("ejection: {backoff: {most: 500ms}}", "500ms"),
        ("bodies: {memory: 1GiB}", "1GiB"),
        ("bodies: {limit: 64KiB}", "64KiB"),
    ],
)
def test_sections_that_contradict_themselves(section: str, needle: str) -> None:
    text = f"{GOOD}{section}\n"
    problem = only(text)
    assert problem.code is Code.CONTRADICTION
    assert (problem.line, problem.column) == place(text, needle)
