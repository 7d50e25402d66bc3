"""What happened to an attempt."""

from proxy.model import Sent


def test_how_much_was_sent_is_ordered() -> None:
    assert sorted(Sent) == [Sent.NOT_SENT, Sent.MAYBE_SENT, Sent.HEAD_SEEN, Sent.CONTENT_SEEN]
