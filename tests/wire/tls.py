"""Certificates for peers, and who vouches for them."""

import ssl

import trustme

from proxy.model import Url
from tests.wire.peer import Peer

AUTHORITY = trustme.CA()


def server(cert: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (cert or AUTHORITY.issue_cert("127.0.0.1", "api.example")).configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def secure(peer: Peer, host: str = "127.0.0.1") -> Url:
    return Url(tls=True, host=host, port=peer.port, path="/v1")
