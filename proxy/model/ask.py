"""What a client wants, as far as routing needs to know it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from proxy.model.base import Headers, Seconds, noun

if TYPE_CHECKING:
    from proxy.model.fleet import Backend
    from proxy.model.record import Refusal


class Dialect(StrEnum):
    """The API family that a client or a backend speaks; the word of the routing table."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"


class Api(StrEnum):
    """The form that an answer takes: which events a stream has, which fields a body has."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    GEMINI = "gemini"
    EMBEDDINGS = "embeddings"
    JSON = "json"
    """A JSON answer of which nothing is known but that it is JSON."""
    OPAQUE = "opaque"
    """Any bytes: audio, files, pages of an unknown path."""


class Operation(StrEnum):
    """What kind of call of a dialect; the word of the routing table."""

    GENERATE = "generate"
    EMBED = "embed"
    COUNT_TOKENS = "count_tokens"
    LIST_MODELS = "list_models"
    STATEFUL = "stateful"
    """Bound to the account that holds the object: files, batches, `previous_response_id`."""
    OTHER = "other"
    """An unknown path: passed to the first backend of the dialect, without failover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """A replacement of the bytes `start` to `end` (exclusive): the one change a body may see."""

    start: int
    end: int
    data: bytes


class Passed(dict[tuple[str, bool], "tuple[Backend, Headers, Headers]"]):
    """What became of a head's fields, by the name of the backend and whether to stream.

    Beside the result stand the very backend and the very fields that it was made of. The one value
    of this room that grows; it holds keys, so it never shows.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


@noun
class Ask:
    """What the client wants, as far as routing needs to know it.

    `path` is normal: percent-decoded nowhere, exactly one `/v1` (or Gemini's `/v1beta`) in
    front. `model_at` is where the model's JSON string stands in the body (quotes included), or
    in `path` (for Gemini, no quotes); None when it was not found.
    """

    dialect: Dialect
    api: Api
    operation: Operation
    method: str
    path: str
    query: str = ""
    """Without the question mark and without a client's credential."""
    headers: Headers = ()
    client: str = ""
    """The name of the client whose token was shown; empty where no token is needed."""
    model: str | None = None
    model_at: tuple[int, int] | None = None
    model_in_path: bool = False
    stream: bool = False
    size: int = 0
    """Bytes of the body."""
    sticky: str | None = None
    """What ties calls of one conversation together, where the client says it."""
    timeout: Seconds | None = None
    """How long the client says that it will wait in all."""
    read_timeout: Seconds | None = None
    """How long a silence the client says that it will bear."""
    resend: int = 0
    """How often the client's SDK has sent this call before."""
    no_failover: bool = False
    backend: str | None = None
    """The one backend that the client demands (`x-faultline-backend`)."""
    choices: int = 1
    """How many answers it asks for (`n`): a stream is whole when each of them is."""
    passed: Passed | None = None
    """Where its head comes again and again: what became of the fields for each backend. It lives
    with the head, on one connection."""


class Body(Protocol):
    """A request's body. It can be sent as often as `replayable` says."""

    @property
    def size(self) -> int | None:
        """Bytes in all; None while a `Once` body of unknown length is still coming."""

    @property
    def replayable(self) -> bool:
        """Whether the body can be read again from its start."""

    @property
    def data(self) -> bytes | None:
        """The whole body where it lies in memory, else None: then `chunks` is the way."""

    @property
    def refusal(self) -> "Refusal | None":
        """What to tell a client that did not deliver the body as it should, once that is known."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Read the body from its start. Raises OSError when its store or the client fails."""
