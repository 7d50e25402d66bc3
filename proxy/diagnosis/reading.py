"""An outcome, read once: status, header fields, form, texts, words, finish.

Everything that a signature may ask for is worked out here, without an opinion on what it means.
Never raises, whatever the bytes are; never reads more of a body than `MOST_BODY`.
"""

import re
from dataclasses import dataclass, field

from proxy.diagnosis.answer import Reply, read_reply
from proxy.diagnosis.envelope import MOST_CODED, Envelope, code_of, quoted_json, unwrap
from proxy.diagnosis.page import Page, looks_like_markup, looks_like_xml, read_page
from proxy.diagnosis.pattern import coded_words, names, plain, word
from proxy.diagnosis.signature import Answer, Form
from proxy.diagnosis.tree import parse_json
from proxy.dialects.encoding import bounded_decode
from proxy.model import Api, Fault, Headers, Operation, Outcome, Phase

MOST_BODY = 64 * 1024
"""Decoded bytes of an error's body that are read."""
MOST_ANSWER = 8 * 1024 * 1024
"""Decoded bytes of a good answer that are read: as many as a gate holds."""
MOST_TEXT = 4 * 1024
"""Characters of a plain text that are read; error texts have a few hundred."""
CODE_FIELDS = names(
    "x-amzn-errortype cf-error-type x-ms-error-code x-vercel-error ngrok-error-code x-error-code"
)
"""Header fields that carry an error's code."""
ERROR_NUMBER = re.compile(r"\berror (?:code:? )?(\d{3,5})\b")
"""The number that a page or a text gives itself."""
FAILING = frozenset({Answer.ERROR, Answer.STRANGE})
ANY_FORM = frozenset({Api.JSON, Api.OPAQUE})
"""APIs of whose answers no form is known."""
ERROR = 0
"""The judged status of an error that names none."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """What an outcome says."""

    status: int
    """The status to judge by: the answer's own, or what its error names; `ERROR` where neither."""
    http: int | None
    provider: str
    fault: Fault | None
    phase: Phase
    api: Api
    operation: Operation
    stream: bool
    reused: bool
    headers: dict[str, str]
    form: Form = Form.EMPTY
    answer: Answer | None = None
    text: str = ""
    """Plain: the message, the page's visible text, or the transport's detail."""
    said: frozenset[str] = frozenset()
    """The patterns that are in the text, once they were looked for."""
    words: set[str] = field(default_factory=set)
    finish: set[str] = field(default_factory=set)
    title: str = ""
    source: str = ""
    waits: list[tuple[str, float]] = field(default_factory=list)


def read_outcome(outcome: Outcome, provider: str) -> Reading:
    """Read an outcome."""
    headers = fields(outcome.headers)
    reading = Reading(
        status=outcome.status or ERROR,
        http=outcome.status,
        provider=word(provider),
        fault=outcome.fault,
        phase=outcome.phase,
        api=outcome.api,
        operation=outcome.operation,
        stream=outcome.stream,
        reused=outcome.reused,
        headers=headers,
        text=plain(outcome.detail),
    )
    for name in CODE_FIELDS & headers.keys():
        reading.words.add(word(code_of(headers[name])))
    if outcome.event is not None:
        _read_body(reading, outcome.event, event=True)
    elif outcome.fault is None or not _is_success(outcome.status or 200):
        limit = MOST_ANSWER if outcome.fault is None and _is_success(reading.status) else MOST_BODY
        body = bounded_decode(outcome.headers, outcome.body, limit)
        _read_body(reading, outcome.body if body is None else body, event=False)
    return reading


def fields(headers: Headers) -> dict[str, str]:
    """Return header fields by lower-case name; of a repeated one the first counts."""
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())
    return found


def _read_body(reading: Reading, body: bytes, *, event: bool) -> None:
    text = body.decode("utf-8-sig", "replace").lstrip()
    start = text[:256]
    if not start:
        reading.form = Form.EMPTY
    elif looks_like_markup(start):
        reading.form = Form.XML if looks_like_xml(start) else Form.MARKUP
        _read_page(reading, read_page(text))
    elif start[0] in '{["':
        _read_json(reading, text, event=event)
    else:
        _read_text(reading, text)


def _read_page(reading: Reading, page: Page) -> None:
    reading.title, reading.text, reading.source = page.title, page.text, page.source
    reading.words |= {word(code) for code in page.codes}
    reading.words.update(ERROR_NUMBER.findall(page.text[:MOST_CODED]))


def _read_text(reading: Reading, text: str) -> None:
    reading.form = Form.BINARY if "\0" in text[:1024] else Form.TEXT
    quoted = quoted_json(text)
    if quoted is not None:
        _take(reading, unwrap(quoted))
    reading.text = plain(text[:MOST_TEXT])
    reading.words |= coded_words(text[:MOST_CODED])
    reading.words.update(ERROR_NUMBER.findall(reading.text[:MOST_CODED]))


def _read_json(reading: Reading, text: str, *, event: bool) -> None:
    try:
        tree = parse_json(text)
    except ValueError:
        _read_text(reading, text)
        reading.form = Form.BROKEN_JSON
        return
    reading.form = Form.JSON
    if reading.http is not None and not _is_success(reading.http):
        envelope = unwrap(tree)
        _take(reading, envelope)
        reading.status = envelope.inner or reading.status
        return
    reply = read_reply(tree, event=event)
    if event and reading.fault is not None and reply.answer not in FAILING:
        reply = Reply(answer=Answer.ERROR, finish=reply.finish, error=tree)
    reading.answer, reading.finish = reply.answer, reply.finish
    if reply.error is None:
        return
    envelope = unwrap(reply.error)
    _take(reading, envelope)
    if reply.answer is not Answer.NO_RESULT or (reading.api not in ANY_FORM and envelope.texts):
        reading.status = envelope.inner or envelope.status or ERROR


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - HTTP's success class


def _take(reading: Reading, envelope: Envelope) -> None:
    reading.text = plain(" | ".join(envelope.texts))
    reading.words |= envelope.words
    reading.waits = envelope.waits
