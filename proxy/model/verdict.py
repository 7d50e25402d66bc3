"""What an outcome means: cause, layer, scope, action."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from proxy.model.base import Seconds, noun


class Cause(StrEnum):
    """Why an attempt was bad: stable codes, used in logs, metrics, headers and the README."""

    AUTH = "auth"
    BAD_REQUEST = "bad_request"
    CAPACITY = "capacity"
    CDN_EDGE = "cdn_edge"
    CDN_EDGE_TO_ORIGIN = "cdn_edge_to_origin"
    CLIENT_CANCEL = "client_cancel"
    CONTENT_POLICY = "content_policy"
    CONTEXT_LENGTH = "context_length"
    DNS = "dns"
    GEO = "geo"
    LOCAL_NETWORK = "local_network"
    LOCAL_PROXY = "local_proxy"
    MODEL_NOT_FOUND = "model_not_found"
    NONE = "none"
    ORIGIN = "origin"
    PROTOCOL = "protocol"
    QUOTA = "quota"
    RATE_LIMIT = "rate_limit"
    TCP = "tcp"
    TIMEOUT = "timeout"
    TLS = "tls"


class Layer(StrEnum):
    """Where on the way the failure stands."""

    API = "api"
    APPLICATION = "application"
    CDN_EDGE = "cdn_edge"
    DNS = "dns"
    GATEWAY = "gateway"
    HTTP_WIRE = "http_wire"
    LOCAL_NETWORK = "local_network"
    LOCAL_PROXY = "local_proxy"
    STREAM = "stream"
    TCP = "tcp"
    TLS = "tls"


class Scope(StrEnum):
    """What a verdict condemns."""

    BACKEND = "backend"
    MODEL = "model"
    KEY = "key"
    REQUEST = "request"


class Action(StrEnum):
    """What a verdict asks for."""

    REROUTE = "reroute"
    RETRY_SAME = "retry_same"
    PASS_THROUGH = "pass_through"  # noqa: S105 - an action's name, not a password


_NONE = Cause.NONE
"""Looked up once: in Python 3.11 a member of an enum costs 0.1 us, and everybody asks."""


@noun
class Verdict:
    """What an outcome means."""

    cause: Cause
    layer: Layer = Layer.APPLICATION
    scope: Scope = Scope.REQUEST
    action: Action = Action.PASS_THROUGH
    cooldown: Seconds | None = None
    """How long the provider told to stay away; None: it told nothing."""
    evidence: str = ""
    """One sentence made of what was matched; never a raw body, a secret or a prompt."""
    transient: bool = False
    """Whether one quick retry of the same target is worth its cost."""
    billed: bool = False
    """Whether the provider may have charged for it."""
    signature: str = ""
    """The id of the entry that matched."""

    @property
    def good(self) -> bool:
        """Whether nothing went wrong."""
        return self.cause is _NONE


GOOD = Verdict(cause=Cause.NONE)


PLAYED = "drill ("
"""How the evidence of a failure begins that a drill has played: it stays with whatever is kept."""


PROXY_STATUS: Mapping[Cause, str] = MappingProxyType(
    {
        Cause.AUTH: "http_request_denied",
        Cause.BAD_REQUEST: "http_request_error",
        Cause.CAPACITY: "connection_limit_reached",
        Cause.CDN_EDGE: "destination_unavailable",
        Cause.CDN_EDGE_TO_ORIGIN: "destination_unavailable",
        Cause.CLIENT_CANCEL: "http_request_error",
        Cause.CONTENT_POLICY: "http_request_denied",
        Cause.CONTEXT_LENGTH: "http_request_error",
        Cause.DNS: "dns_error",
        Cause.GEO: "http_request_denied",
        Cause.LOCAL_NETWORK: "destination_ip_unroutable",
        Cause.LOCAL_PROXY: "proxy_internal_error",
        Cause.MODEL_NOT_FOUND: "destination_not_found",
        Cause.NONE: "",
        Cause.ORIGIN: "destination_unavailable",
        Cause.PROTOCOL: "http_protocol_error",
        Cause.QUOTA: "http_request_denied",
        Cause.RATE_LIMIT: "connection_limit_reached",
        Cause.TCP: "connection_terminated",
        Cause.TIMEOUT: "http_response_timeout",
        Cause.TLS: "tls_protocol_error",
    }
)
"""Each cause's error type for machines that know RFC 9209, section 2.3."""
