"""What each cause means to a person: the README's table and the words of `faultline diagnose`.

Knows the enum of causes and plain English; which answers lead to which cause is not known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from proxy.model import Cause

BEGIN, END = "<!-- causes -->", "<!-- /causes -->"
"""Between these lines the README has the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One cause in a person's words; each of them half a sentence."""

    meaning: str
    fault: str
    """Whose fault it is."""
    done: str
    """What Faultline does about it."""


MEANINGS: Mapping[Cause, Meaning] = MappingProxyType(
    {
        Cause.AUTH: Meaning(
            meaning="the key is refused, or may not use the model",
            fault="whoever set the key",
            done="takes the key out at once and reroutes; an app's own key is the app's business",
        ),
        Cause.BAD_REQUEST: Meaning(
            meaning="the request cannot be answered as it is",
            fault="the app",
            done="hands the answer to the app, byte for byte",
        ),
        Cause.CAPACITY: Meaning(
            meaning="the provider has no room for anybody",
            fault="the provider",
            done="reroutes; comes back when told to, or after a backoff",
        ),
        Cause.CDN_EDGE: Meaning(
            meaning="the CDN or firewall before the provider refused or failed by itself",
            fault="the provider's edge",
            done="reroutes; never takes it for a bad key",
        ),
        Cause.CDN_EDGE_TO_ORIGIN: Meaning(
            meaning="the CDN is up, and cannot reach the provider's servers behind it",
            fault="the provider",
            done="reroutes and ejects the backend if it goes on",
        ),
        Cause.CLIENT_CANCEL: Meaning(
            meaning="the app left before the answer was whole",
            fault="nobody",
            done="ends the call at the provider and blames nobody",
        ),
        Cause.CONTENT_POLICY: Meaning(
            meaning="the provider declines the content",
            fault="the app",
            done="hands the answer to the app; never routes around it",
        ),
        Cause.CONTEXT_LENGTH: Meaning(
            meaning="the request is longer than the model's context",
            fault="the app",
            done="reroutes to a later target with a larger `context_window`, else hands it over",
        ),
        Cause.DNS: Meaning(
            meaning="the provider's name does not resolve",
            fault="the provider, or your resolver",
            done="uses the last good address for a while, tries once more, reroutes",
        ),
        Cause.GEO: Meaning(
            meaning="the provider does not serve this place",
            fault="nobody here",
            done="reroutes and stays away for an hour",
        ),
        Cause.LOCAL_NETWORK: Meaning(
            meaning="your own machine or network is at fault",
            fault="your network",
            done="ejects nobody, and says so where nothing else is left",
        ),
        Cause.LOCAL_PROXY: Meaning(
            meaning="a proxy between you and the provider refused, failed or broke TLS open",
            fault="your network",
            done="reroutes and never blames the provider",
        ),
        Cause.MODEL_NOT_FOUND: Meaning(
            meaning="this backend does not serve the model",
            fault="whoever wrote the routing table",
            done="reroutes and asks this backend for this model no more for a while",
        ),
        Cause.NONE: Meaning(
            meaning="nothing went wrong",
            fault="nobody",
            done="relays the answer",
        ),
        Cause.ORIGIN: Meaning(
            meaning="the provider's own servers failed, or cut the answer",
            fault="the provider",
            done="tries once more where that is cheap, reroutes, ejects if it goes on",
        ),
        Cause.PROTOCOL: Meaning(
            meaning="what came is not an answer: no HTTP, no JSON, or no content",
            fault="the provider, or what stands before it",
            done="reroutes and never shows it to the app",
        ),
        Cause.QUOTA: Meaning(
            meaning="money, credit or a long allowance is used up",
            fault="whoever pays",
            done="leaves the key or model alone for up to an hour and reroutes",
        ),
        Cause.RATE_LIMIT: Meaning(
            meaning="too many requests or tokens in a short time",
            fault="the traffic",
            done="cools exactly what is limited, as long as told, and reroutes meanwhile",
        ),
        Cause.TCP: Meaning(
            meaning="no connection: refused, reset or not answered",
            fault="the provider, or a server that is down",
            done="repeats a stale connection once, else reroutes and ejects if it goes on",
        ),
        Cause.TIMEOUT: Meaning(
            meaning="an answer did not come, or fell silent, within its limit",
            fault="the provider",
            done="reroutes; a target that stayed silent is not asked again for this request",
        ),
        Cause.TLS: Meaning(
            meaning="no secure connection: the certificate or the handshake failed",
            fault="the provider, or your clock",
            done="sends no key, reroutes",
        ),
    }
)


def causes_table() -> str:
    """Return the README's table of causes, in the order of the enum."""
    lines = ["| cause | meaning | whose fault | what Faultline does |", "|---|---|---|---|"]
    for cause in Cause:
        said = MEANINGS[cause]
        lines.append(f"| `{cause}` | {said.meaning} | {said.fault} | {said.done} |")
    return "\n".join(lines) + "\n"


def table_in(readme: str) -> str:
    """Return what a README has between its two lines. Raises ValueError where they are missing."""
    begin, end = readme.index(BEGIN) + len(BEGIN), readme.index(END)
    return readme[begin:end].lstrip("\n")
