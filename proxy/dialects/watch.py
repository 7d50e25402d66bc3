"""Follow the bytes of one streamed answer."""

from proxy.model import Api, Usage


class Watch:
    """Follows the bytes of one streamed answer; see the attributes."""

    def __init__(self, api: Api, choices: int = 1) -> None:
        self.alive = 0
        """Frames of any kind so far."""
        self.progress = 0
        """Events so far that are progress or content."""
        self.content = False
        """Whether something came that a client shows or acts on."""
        self.terminal = False
        """Whether the dialect's proof of completeness has come."""
        self.done = False
        """Whether nothing more is to come: terminal, and the end marker has come too."""
        self.failed: bytes | None = None
        """The payload of the event that says that the answer failed."""
        self.garbled = 0
        """Events that were dropped because they could not be read."""
        self.overflow = False
        """Whether one event is larger than 8 MiB."""
        self.usage: Usage | None = None

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that may go on: whole events only."""
        self.content = True
        self.progress += 1
        return data

    def end(self) -> bytes:
        """Take note that no more bytes come; return the tail that may still go on."""
        return b""


def watch(api: Api, choices: int = 1) -> Watch:
    """Return a watch for one answer of `api`; `choices` is how many answers were asked for."""
    return Watch(api, choices)
