"""Answers as bytes: taken apart as far as a judge needs it, lenient towards what is broken."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

STAMP = re.compile(rb"[a-z]@([a-z][a-z0-9]*)")
"""A token of a simulated provider that stamps what it says."""

TERMINALS = {
    "/chat/completions": re.compile(rb'"finish_reason":\s*"'),
    "/completions": re.compile(rb'"finish_reason":\s*"'),
    "/responses": re.compile(rb'"type":\s*"response\.(completed|incomplete)"'),
    "/messages": re.compile(rb'"type":\s*"message_stop"'),
    ":streamGenerateContent": re.compile(rb'"finishReason":\s*"'),
}
"""What only a whole stream has, by the end of the path."""

DONE = b"data: [DONE]"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A provider's answer."""

    status: int
    body: bytes
    complete: bool
    """Whether its framing came to its end."""


class Numbers:
    """The metrics of one moment."""

    def __init__(self, page: str) -> None:
        families = text_string_to_metric_families(page)
        self.samples = [sample for family in families for sample in family.samples]

    def sum(self, name: str, **labels: str) -> float:
        """Return the sum of all samples with these labels."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def read(said: bytes) -> Answer | None:
    """Return the final answer in the bytes that a provider said; None where there is none."""
    while True:
        head, found, rest = said.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
        if not found or status is None:
            return None
        if int(status[1]) >= 200:
            break
        said = rest
    if int(status[1]) in {204, 304}:
        return Answer(status=int(status[1]), body=b"", complete=True)
    body, complete = _unframed(head.lower(), rest)
    return Answer(status=int(status[1]), body=body, complete=complete)


def _unframed(head: bytes, rest: bytes) -> tuple[bytes, bool]:
    if b"transfer-encoding: chunked" in head:
        return _dechunked(rest)
    length = re.search(rb"content-length: (\d+)", head)
    if length is None:
        return rest, True
    wanted = int(length[1])
    return rest[:wanted], len(rest) >= wanted


def _dechunked(data: bytes) -> tuple[bytes, bool]:
    body: list[bytes] = []
    at = 0
    while (end := data.find(b"\r\n", at)) >= 0:
        length = int(data[at:end], 16)
        start = end + 2
        if length == 0:
            return b"".join(body), data.startswith(b"\r\n", start)
        body.append(data[start : start + length])
        at = start + length + 2
    return b"".join(body), False


def events(body: bytes) -> list[bytes]:
    """Return the events of a stream; what stands behind the last empty line is one too."""
    parts = re.split(rb"\r\n\r\n|\n\n|\r\r", body)
    return [part for part in parts if part.strip()]


def is_readable(event: bytes) -> bool:
    """Tell whether an event's payload can be read; one without a payload can."""
    lines = [line[5:].strip() for line in event.splitlines() if line.startswith(b"data:")]
    payload = b"\n".join(lines)
    if not payload or payload == b"[DONE]":
        return True
    try:
        json.loads(payload)
    except ValueError:
        return False
    return True


def is_terminated(path: str, body: bytes) -> bool:
    """Tell whether a stream holds what only a whole one has."""
    for end, terminal in TERMINALS.items():
        if path.endswith(end):
            return terminal.search(body) is not None
    return True


def stamps(body: bytes) -> set[str]:
    """Return the names of the providers whose tokens are in it."""
    return {name.decode() for name in STAMP.findall(body)}


def chat_text(body: bytes) -> str:
    """Return the text of a streamed chat completion."""
    text = ""
    for event in events(body):
        if event.startswith(b"data: {"):
            for choice in json.loads(event[6:]).get("choices", ()):
                text += choice["delta"].get("content") or ""
    return text


def difference(shown: bytes, said: bytes, *, whole: bool) -> str:
    """Say what a client was shown of a stream that its provider has not said; empty: nothing.

    Two rules may change a stream: an event that cannot be read is dropped, and so is an end marker
    that proves nothing. Faultline's own error may stand at the end; what is not whole may end in
    the middle of an event.
    """
    theirs = events(said)
    at = 0
    ours: list[bytes] = events(shown)
    while ours and b"Faultline: " in ours[-1]:
        ours.pop()
    for number, event in enumerate(ours, 1):
        while at < len(theirs) and theirs[at] != event:
            if number == len(ours) and not whole and theirs[at].startswith(event):
                break  # torn
            if is_readable(theirs[at]) and not theirs[at].startswith(DONE):
                return f"shown {event[:120]!r} where {theirs[at][:120]!r} was said"
            at += 1
        if at == len(theirs):
            return f"shown {event[:120]!r}, which was never said"
        at += 1
    return _missing(theirs[at:]) if whole else ""


def _missing(rest: Sequence[bytes]) -> str:
    """Say what a whole answer lacks; behind an end marker nothing goes on."""
    for event in rest:
        if event.startswith(DONE):
            break
        if is_readable(event):
            return f"{event[:120]!r} is missing at the end"
    return ""
