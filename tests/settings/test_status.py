"""Which status feed is read: none unless asked for, the known one, or the one that is named."""

import pytest

from proxy.model import StatusFeed
from proxy.settings.catalogue import providers
from proxy.settings.problem import Code
from tests.settings.tables import GOOD, fleet, only


def table(page: str, provider: str = "anthropic") -> str:
    return GOOD.replace("provider: anthropic", f"provider: {provider}, status_page: {page}")


def test_nobody_is_asked_unless_the_table_says_so() -> None:
    assert [each.status_feed for each in fleet(GOOD).backends.values()] == [None, None, None]
    assert fleet(table("none")).backends["claude"].status_feed is None


@pytest.mark.parametrize(
    ("page", "feed"),
    [
        (
            "auto",
            StatusFeed(url="https://status.claude.com/api/v2/summary.json", component="Claude API"),
        ),
        (
            "https://status.example",
            StatusFeed(url="https://status.example/api/v2/summary.json"),
        ),
        ("https://status.example/", StatusFeed(url="https://status.example/api/v2/summary.json")),
        ("https://status.example/feed.atom", StatusFeed(url="https://status.example/feed.atom")),
    ],
)
def test_auto_or_a_url(page: str, feed: StatusFeed) -> None:
    assert fleet(table(page)).backends["claude"].status_feed == feed


def test_auto_needs_a_provider_that_is_known_to_say_it() -> None:
    problem = only(table("auto", "mistral"))
    assert problem.code is Code.CONTRADICTION
    assert problem.where == "backends.claude.status_page"


def test_a_wrong_url_is_told() -> None:
    assert only(table("ftp://x")).code is Code.URL


def test_the_catalogues_feeds_are_encrypted() -> None:
    feeds = [each.status_feed for each in providers().values() if each.status_feed]
    assert len(feeds) >= 8
    assert all(feed.url.startswith("https://") for feed in feeds)
