"""Each kind's form, and a signature that anybody's verifier would accept."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from proxy.model import NotifyKind, Secret
from proxy.report.incident import Impact, Stage
from proxy.report.news import Happening
from proxy.report.posts import HEADLINES, MOST_SUMMARY, PAGERDUTY, SEVERITY, Post, _signed, post
from tests.report.telling import MESSAGE, WALL, message, target

URL = "https://hooks.example/T0"
SLACK = target(NotifyKind.SLACK, URL)
PAGER = target(NotifyKind.PAGERDUTY, "routing-key-1")


def test_a_webhook_hears_everything_as_json() -> None:
    made = post(target(NotifyKind.WEBHOOK, URL), MESSAGE, WALL)
    assert made.url == Secret(URL)
    assert made.headers == {
        "Content-Type": "application/json",
        "User-Agent": "faultline",
        "webhook-id": MESSAGE.id,
        "webhook-timestamp": "1800000060",
    }
    assert json.loads(made.body) == {
        "type": "incident.opened",
        "timestamp": "2027-01-15T08:01:00Z",
        "data": {
            "incident": "a1b2c3d4",
            "title": "openai: the provider's servers fail",
            "text": MESSAGE.text,
            "status": "investigating",
            "impact": "minor",
            "backends": ["openai"],
            "started_at": "2027-01-15T08:00:00Z",
            "lasted_s": 60.0,
            "rescued": 412,
            "failed": 3,
            "url": MESSAGE.link,
        },
    }


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """Its own example (https://www.standardwebhooks.com, the reference libraries' tests)."""
    plain = Post(url=Secret(URL), body=b'{"test": 2432232314}', headers={})
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = _signed(plain, secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330)
    assert made.headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("secret", ["any words", "whsec_not base64!"])
def test_any_secret_signs(secret: str) -> None:
    made = post(target(NotifyKind.WEBHOOK, URL, secret=Secret(secret)), MESSAGE, WALL)
    signed = f"{MESSAGE.id}.1800000060.".encode() + made.body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    assert made.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_slack_hears_text_in_which_nothing_is_markup() -> None:
    assert json.loads(post(SLACK, MESSAGE, WALL).body) == {
        "text": "*New incident: openai: the provider's servers fail*\n"
        "First failure, openai: 502 &lt;b&gt;&amp;amp;&lt;/b&gt;.\n"
        "Since 1 min. Impact on apps: minor (412 rescued, 3 failed).\n" + MESSAGE.link
    }


def test_what_is_over_needs_no_further_word() -> None:
    over = message(Happening.ENDED, stage=Stage.RESOLVED, text="Over after 1 min.", link="")
    assert json.loads(post(SLACK, over, WALL).body) == {
        "text": "*Over: openai: the provider's servers fail*\nOver after 1 min."
    }


def test_pagerduty_is_triggered_and_resolved_under_one_key() -> None:
    made = post(PAGER, MESSAGE, WALL)
    assert made.url == Secret(PAGERDUTY)
    event = json.loads(made.body)
    assert (event["routing_key"], event["event_action"]) == ("routing-key-1", "trigger")
    assert event["payload"]["severity"] == "warning"
    assert event["payload"]["source"] == "openai"
    assert event["links"] == [{"href": MESSAGE.link, "text": "The incident in Faultline"}]
    over = json.loads(post(PAGER, message(Happening.ENDED), WALL).body)
    assert over == {
        "routing_key": "routing-key-1",
        "event_action": "resolve",
        "dedup_key": event["dedup_key"],
    }


def test_pagerduty_takes_neither_an_empty_source_nor_a_long_summary() -> None:
    ours = message(backends=(), title="x" * 5000, link="")
    event = json.loads(post(PAGER, ours, WALL).body)
    assert event["payload"]["source"] == "faultline"
    assert len(event["payload"]["summary"]) == MOST_SUMMARY
    assert event["links"] == []


def test_pagerduty_has_other_addresses() -> None:
    there = replace(PAGER, url="https://events.eu.pagerduty.com/v2/enqueue")
    assert post(there, MESSAGE, WALL).url == Secret("https://events.eu.pagerduty.com/v2/enqueue")


def test_there_are_words_for_everything() -> None:
    assert set(SEVERITY) == set(Impact)
    assert set(HEADLINES) == set(Happening)


def test_no_address_is_ever_shown() -> None:
    assert URL not in repr(post(SLACK, MESSAGE, WALL))
