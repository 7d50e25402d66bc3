"""One sentence of what was matched.

Made of our own words (the entry's name, its pattern, its code), of numbers, and of two header
fields whose form is checked. Never of a body: that may echo a key, a prompt, or prose addressed to
whoever reads it.
"""

import re
from collections.abc import Iterable

from proxy.diagnosis.reading import ERROR, Reading
from proxy.diagnosis.signature import Signature
from proxy.model import Phase

RAY = re.compile(r"[0-9a-f]{16,20}(?:-[A-Z]{3})?")
"""A Cloudflare ray: its data centre is behind the dash."""
PHASES = {
    Phase.RESOLVE: "while resolving the name",
    Phase.CONNECT: "while connecting",
    Phase.TLS: "while negotiating TLS",
    Phase.WRITE: "while sending the request",
    Phase.HEAD: "before an answer",
    Phase.FIRST_CONTENT: "before first content",
    Phase.CONTENT: "in the middle of the answer",
    Phase.END: "at the end of the answer",
}
LEGS = (("host", "cf-host-status"), ("cloudflare", "cf-cloudflare-status"))


def evidence(reading: Reading, signature: Signature) -> str:
    """Return the sentence for an entry that matched."""
    parts = [signature.name, *_where(reading), *_matched(reading, signature), *_edge(reading)]
    return "; ".join(parts)


def _where(reading: Reading) -> Iterable[str]:
    if reading.http is not None:
        yield f"status {reading.http}"
    if reading.status not in {reading.http or ERROR, ERROR}:
        yield f"judged as {reading.status}"
    if reading.fault is not None:
        yield PHASES[reading.phase]


def _matched(reading: Reading, signature: Signature) -> Iterable[str]:
    when = signature.when
    codes = sorted((when.word or frozenset()) & reading.words)
    if codes:
        yield f"code {codes[0]}"
    ended = sorted((when.finish or frozenset()) & reading.finish)
    if ended:
        yield f"finish reason {ended[0]}"
    for pattern in when.says:
        if pattern.text in reading.said:
            yield f"says '{pattern.text.strip('^$').replace('*', '...')}'"
            break


def _edge(reading: Reading) -> Iterable[str]:
    ray = reading.headers.get("cf-ray", "")
    if "cf-error-source" in reading.source:
        yield f"failing leg: {_leg(reading.source)}"
    if RAY.fullmatch(ray):
        yield f"ray {ray}"


def _leg(source: str) -> str:
    """Return which of Cloudflare's three boxes is marked as the failing one."""
    marked = source.find("cf-error-source")
    before = [(source.rfind(box, 0, marked), leg) for leg, box in LEGS]
    return max(before)[1] if max(before)[0] >= 0 else "client"
