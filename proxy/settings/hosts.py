"""Whether a backend's host is one that a key and a prompt may go to.

Pure, and about what is written in the table only: what a name resolves to is the wire's business.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

from proxy.model import Address, Url
from proxy.settings.findings import Findings
from proxy.settings.nodes import Path
from proxy.settings.problem import Code, quote

_METADATA = frozenset({"metadata.google.internal", "100.100.100.200", "fd00:ec2::254"})
"""Names and addresses of clouds' metadata services that are not link-local."""

_LOCAL_ENDS = (".local", ".internal", ".lan", ".home.arpa", ".svc", ".localdomain")
"""Ends of names that no public resolver knows (RFC 6762, RFC 8375, Kubernetes)."""


def check_host(url: Url, *, private: bool, path: Path, findings: Findings) -> None:
    """Tell what is wrong with the host of a backend's URL."""
    ip = _ip(url.host)
    if url.host in _METADATA or (ip is not None and (ip.is_link_local or ip.is_multicast)):
        reason = f"{quote(url.host)} is no place for a key"
        mend = "link-local and multicast addresses and clouds' metadata services are refused"
        findings.error(path, Code.FORBIDDEN_HOST, reason, mend)
    elif ip is not None and ip.is_unspecified:
        reason = f"{quote(url.host)} is an address to listen on, not one to send to"
        findings.error(path, Code.FORBIDDEN_HOST, reason, "for this machine write `localhost`")
    elif ip is None and _is_local_name(url.host) and not private:
        reason = f"{quote(url.host)} looks like a name of the local network, which needs a word"
        mend = "add `private: true` to this backend; else its private address is refused"
        findings.warning(path, Code.NEEDS_PRIVATE, reason, mend)
    elif not url.tls and not private and _is_public(url.host, ip):
        reason = f"keys and prompts go to {quote(url.host)} in the clear"
        mend = "use `https://`, or `private: true` if the name is of your own network"
        findings.warning(path, Code.PLAIN_HTTP, reason, mend)


def check_loop(url: Url, ports: tuple[Address | None, ...], path: Path, findings: Findings) -> None:
    """Tell of a backend that is this Faultline itself."""
    for address in ports:
        if address is not None and address.port == url.port and _is_loopback(url.host):
            reason = f"{quote(url.authority)} is this Faultline itself"
            mend = "give one of the two another port"
            findings.error(path, Code.FORBIDDEN_HOST, reason, mend)


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    ip = _ip(host)
    return ip.is_loopback if ip is not None else _is_localhost(host)


def _is_localhost(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _is_local_name(host: str) -> bool:
    return not _is_localhost(host) and ("." not in host or host.endswith(_LOCAL_ENDS))


def _is_public(host: str, ip: IPv4Address | IPv6Address | None) -> bool:
    return not _is_localhost(host) if ip is None else ip.is_global
