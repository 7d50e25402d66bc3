"""Peek at a request's body: model, streaming, state; nothing else is read."""

from dataclasses import dataclass

import msgspec

from proxy.model import Headers, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Peeked:
    """What the top level of a body says."""

    model: str | None = None
    model_at: tuple[int, int] | None = None
    """Where the model's JSON string stands in the body, quotes included."""
    stream: bool = False
    stateful: bool = False
    """Whether it names state that one account holds."""
    cache_key: str | None = None
    choices: int = 1
    """How many answers are asked for (`n`)."""


class Peek:
    """Looks at one body as it comes. `headers` tell its encoding."""

    def __init__(self, headers: Headers = ()) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._pieces.append(data)

    def finish(self) -> Peeked | Refusal:
        """Say what the body says, or why it is refused."""
        data = b"".join(self._pieces)
        try:
            body = msgspec.json.decode(data, type=dict[str, object])
        except msgspec.DecodeError:
            return Refusal(status=400, code="bad_request", message="The body is not a JSON object.")
        model = body.get("model")
        at = data.find(msgspec.json.encode(model)) if isinstance(model, str) else -1
        return Peeked(
            model=model if isinstance(model, str) else None,
            model_at=(at, at + len(msgspec.json.encode(model))) if at >= 0 else None,
            stream=body.get("stream") is True,
            stateful=bool(body.get("previous_response_id")) or body.get("background") is True,
        )
