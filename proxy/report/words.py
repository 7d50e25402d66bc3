"""Causes, lengths of time and lists as a person would say them.

One table for the causes; every one has its words (a test sees to it). Pure.
"""

from collections.abc import Sequence

from proxy.model import Cause

CAUSES: dict[Cause, str] = {
    Cause.AUTH: "it refuses our key",
    Cause.BAD_REQUEST: "it does not accept the request",
    Cause.CAPACITY: "the provider is out of capacity",
    Cause.CDN_EDGE: "the network edge in front of the provider fails",
    Cause.CDN_EDGE_TO_ORIGIN: "the network edge cannot reach the provider",
    Cause.CLIENT_CANCEL: "the client left",
    Cause.CONTENT_POLICY: "its content policy forbids the request",
    Cause.CONTEXT_LENGTH: "the request is too long for the model",
    Cause.DNS: "its name cannot be resolved",
    Cause.GEO: "it refuses our region",
    Cause.LOCAL_NETWORK: "our own network is down",
    Cause.LOCAL_PROXY: "our own proxy does not let us out",
    Cause.MODEL_NOT_FOUND: "it does not know the model",
    Cause.NONE: "",
    Cause.ORIGIN: "the provider's servers fail",
    Cause.PROTOCOL: "what it sends is no valid answer",
    Cause.QUOTA: "our quota is used up",
    Cause.RATE_LIMIT: "our rate limit is reached",
    Cause.TCP: "it cannot be connected to",
    Cause.TIMEOUT: "it does not answer in time",
    Cause.TLS: "no secure connection to it is possible",
}

MOST_UNITS = 2
UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def span(seconds: float) -> str:
    """Say a length of time in at most two units: `8 s`, `3 min`, `2 h 5 min`, `4 d 1 h`."""
    whole = max(0, round(seconds))
    said: list[str] = []
    for size, unit in UNITS:
        if whole >= size and len(said) < MOST_UNITS:
            said.append(f"{whole // size} {unit}")
            whole %= size
        elif said:
            break
    return " ".join(said) or f"{whole} s"


def counted(number: int, what: str) -> str:
    """Say how many there are: `1 request`, `2 requests`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def listed(names: Sequence[str]) -> str:
    """Say a list: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
