"""One request as a simulated provider saw it: the noun of its log, and what answers are made of.

It is filled while things happen: the head first, then the body, then what became of the answer.
It must never know which behaviour is planned, or why.
"""

import json
from dataclasses import dataclass, field
from typing import cast

from proxy.model import Headers, header

JsonObject = dict[str, object]

LARGE = 1024 * 1024
SHORT = 256

CREDENTIALS = (b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key")


@dataclass(slots=True, kw_only=True)
class Seen:
    """One request. Times are of the provider's clock, in seconds."""

    at: float
    """When its head was complete."""
    connection: int
    """Which connection of this provider, counted from 1."""
    index: int = 0
    """Which request on that connection, counted from 0: above 0 the connection was reused."""
    method: str = ""
    target: str = ""
    headers: Headers = ()
    length: int = 0
    """Bytes of the body that have come."""
    sha256: str = ""
    """Of the body, in hex; empty until it is whole."""
    body: bytes = b""
    """A JSON body, or the first bytes of another or a large one (`Provider(keep=...)`)."""
    payload: JsonObject = field(default_factory=dict, repr=False)
    """The body as a JSON object; empty where it is none. Of a large one the short values stay."""
    behaviour: str = ""
    """The name of the behaviour that met it."""
    sent: int = 0
    """Bytes of the answer that were handed to the kernel."""
    answered: bool = False
    """Whether the behaviour came to its end; False while it runs and when the peer left first."""
    ended: float | None = None
    """When the behaviour was over, however it ended."""
    peer_closed: float | None = None
    """When the peer closed the connection, if this was the last request on it."""

    @property
    def path(self) -> str:
        """Return the target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """Return what stands behind the question mark."""
        return self.target.partition("?")[2]

    @property
    def model(self) -> str | None:
        """Return the model that is asked for, from the body or a Gemini path."""
        if "/models/" in self.path:
            return self.path.rpartition("/models/")[2].partition(":")[0]
        model = self.payload.get("model")
        return model if isinstance(model, str) else None

    @property
    def key(self) -> str | None:
        """Return the credential that it carries, without `Bearer`."""
        for name in CREDENTIALS:
            value = header(self.headers, name)
            if value is not None:
                return value.decode("latin-1").removeprefix("Bearer ")
        return None

    def take(self, body: bytes, sha256: str) -> None:
        """Fill in the body, which is whole now."""
        self.body = body
        self.sha256 = sha256
        self.payload = _object(body)

    def trim(self, keep: int) -> None:
        """Forget most of a large body, as the log holds many."""
        if len(self.body) > LARGE:
            self.body = self.body[:keep]
            self.payload = {
                name: value
                for name, value in self.payload.items()
                if isinstance(value, str | int | float) and len(str(value)) <= SHORT
            }


def _object(body: bytes) -> JsonObject:
    try:
        value: object = json.loads(body)
    except ValueError:
        return {}
    return cast("JsonObject", value) if isinstance(value, dict) else {}
