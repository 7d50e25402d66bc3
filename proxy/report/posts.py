"""What is sent to whom: a message in the form that each kind of target understands.

Pure: from a message and a target to one HTTP POST. Sources: standardwebhooks.com (signatures),
Slack's incoming webhooks, PagerDuty's Events API v2.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.model import Notify, NotifyKind, Secret
from proxy.report.incident import Impact
from proxy.report.news import Happening, Message
from proxy.report.words import span

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"

MOST_SUMMARY = 1024
"""Characters of PagerDuty's summary; longer ones are refused."""

SEVERITY = {
    Impact.NONE: "info",
    Impact.MINOR: "warning",
    Impact.MAJOR: "error",
    Impact.CRITICAL: "critical",
}
"""PagerDuty's words for how apps feel it."""

HEADLINES = {
    Happening.OPENED: "New incident",
    Happening.EXPLAINED: "Explained",
    Happening.WORSENED: "Worse",
    Happening.ENDED: "Over",
    Happening.TEST: "Test",
}

SIGNER = "whsec_"
"""In front of a secret that is written in base64."""

NAME = "faultline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One HTTP POST of JSON."""

    url: Secret
    body: bytes
    headers: Mapping[str, str]


def post(target: Notify, message: Message, now: float) -> Post:
    """Return what to send to a target that takes HTTP; `now` is seconds since the epoch."""
    match target.kind:
        case NotifyKind.SLACK:
            return _post(target.to, _slack(message))
        case NotifyKind.PAGERDUTY:
            return _post(Secret(target.url or PAGERDUTY), _pagerduty(message, target.to))
        case NotifyKind.WEBHOOK | NotifyKind.APPRISE:
            plain = _post(target.to, _webhook(message))
            return _signed(plain, target.secret, message.id, int(now))


def headline(message: Message) -> str:
    """Say in one line what it is about."""
    return f"{HEADLINES[message.happening]}: {message.title}"


def details(message: Message) -> str:
    """Say the rest in plain words: the line of the timeline, what apps feel, where to read more."""
    toll = f"{message.rescued} rescued, {message.failed} failed"
    felt = f"Since {span(message.lasted)}. Impact on apps: {message.impact} ({toll})."
    said = [message.text] if message.over else [message.text, felt]
    return "\n".join([*said, *filter(None, [message.link])])


def _post(url: Secret, content: Mapping[str, object]) -> Post:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", "User-Agent": NAME}
    return Post(url=url, body=body, headers=headers)


def _signed(plain: Post, secret: Secret | None, name: str, now: int) -> Post:
    headers = {**plain.headers, "webhook-id": name, "webhook-timestamp": str(now)}
    if secret is not None:
        signed = b".".join([name.encode(), str(now).encode(), plain.body])
        digest = hmac.digest(_signing_key(secret), signed, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return Post(url=plain.url, body=plain.body, headers=headers)


def _signing_key(secret: Secret) -> bytes:
    text = secret.reveal()
    if text.startswith(SIGNER):
        try:
            return base64.b64decode(text.removeprefix(SIGNER), validate=True)
        except binascii.Error:
            pass  # someone's own word that only begins like it
    return text.encode()


def _webhook(message: Message) -> dict[str, object]:
    return {
        "type": message.happening,
        "timestamp": _time(message.at),
        "data": {
            "incident": message.incident,
            "title": message.title,
            "text": message.text,
            "status": message.stage,
            "impact": message.impact,
            "backends": message.backends,
            "started_at": _time(message.opened),
            "lasted_s": round(message.lasted, 1),
            "rescued": message.rescued,
            "failed": message.failed,
            "url": message.link or None,
        },
    }


def _slack(message: Message) -> dict[str, object]:
    escaped = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    title, rest = headline(message).translate(escaped), details(message).translate(escaped)
    return {"text": f"*{title}*\n{rest}"}


def _pagerduty(message: Message, key: Secret) -> dict[str, object]:
    event: dict[str, object] = {
        "routing_key": key.reveal(),
        "event_action": "resolve" if message.over else "trigger",
        "dedup_key": f"{NAME}-{message.incident}",
    }
    if message.over:
        return event
    links = [{"href": message.link, "text": "The incident in Faultline"}] if message.link else []
    return event | {
        "client": NAME,
        "links": links,
        "payload": {
            "summary": message.title[:MOST_SUMMARY],
            "source": ", ".join(message.backends) or NAME,
            "severity": SEVERITY[message.impact],
            "timestamp": _time(message.at),
            "component": NAME,
            "custom_details": {
                "text": message.text,
                "status": message.stage,
                "impact": message.impact,
                "rescued": message.rescued,
                "failed": message.failed,
            },
        },
    }


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
