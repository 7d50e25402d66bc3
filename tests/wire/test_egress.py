"""Where a key may go."""

import pytest

from proxy.wire.egress import is_literal, may_reach

PUBLIC = ["93.184.215.14", "2606:4700::6812:1", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "::1",
    "fd00::1",
    "100.64.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
]
NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "fe80::1",
    "fe80::1%2",
    "fd00:ec2::254",
    "100.100.100.200",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_name_may_stand_for_a_public_address(address: str) -> None:
    assert may_reach(address, host="api.example", private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_for_a_private_one_only_where_the_table_says_so(address: str) -> None:
    assert not may_reach(address, host="api.example", private=False)
    assert may_reach(address, host="vllm", private=True)


@pytest.mark.parametrize("address", NEVER)
def test_for_these_never(address: str) -> None:
    assert not may_reach(address, host="api.example", private=False)
    assert not may_reach(address, host="vllm", private=True)
    assert not may_reach(address, host="localhost", private=False)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost"])
def test_localhost_is_loopback_and_nothing_else(host: str) -> None:
    assert may_reach("127.0.0.1", host=host, private=False)
    assert may_reach("::1", host=host, private=False)
    assert not may_reach("10.0.0.1", host=host, private=False)
    assert not may_reach("127.0.0.1", host="notlocalhost", private=False)


def test_an_address_is_literal_only_in_its_full_form() -> None:
    assert is_literal("10.0.0.1")
    assert is_literal("fd00::1")
    for host in ("127.1", "2130706433", "0x7f.1", "api.example", ""):
        assert not is_literal(host)
