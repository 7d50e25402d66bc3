"""Where a key may go: which addresses a name may stand for.

A provider's name that suddenly points into the local network is an attack or a broken resolver;
either way the key must stay here. Knows IP addresses only, must never resolve or connect.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Ip = IPv4Address | IPv6Address

_NAT64 = ip_network("64:ff9b::/96")
"""The well-known prefix under which DNS64 shows IPv4 addresses (RFC 6052)."""
_METADATA = frozenset({ip_address("fd00:ec2::254"), ip_address("100.100.100.200")})
"""Metadata services that are not link-local: AWS on IPv6, Alibaba Cloud."""


def is_literal(host: str) -> bool:
    """Say whether the host is an address itself: then someone wrote it down on purpose."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def may_reach(address: str, *, host: str, private: bool) -> bool:
    """Say whether the name `host` may stand for `address`.

    Link-local and metadata addresses are for no name; other addresses that are not public need
    `private`, but for localhost's own loopback.
    """
    ip = _inner(ip_address(address))
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA:
        return False
    return private or ip.is_global or (ip.is_loopback and _is_localhost(host))


def _is_localhost(host: str) -> bool:
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def _inner(ip: Ip) -> Ip:
    """Return the IPv4 address that an IPv6 address carries, where it carries one."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
