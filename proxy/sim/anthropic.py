"""How a simulated provider speaks Anthropic: messages, count_tokens, models, errors.

Pure. The forms are those that the official SDK parses; it must never know what is done to them.
"""

from proxy.model import Headers
from proxy.sim.answer import Answer, event, streamed, unary
from proxy.sim.seen import JsonObject
from proxy.sim.speech import Speech

CREATED = "2026-01-01T00:00:00Z"
PING = event({"type": "ping"}, "ping")
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def messages(speech: Speech, payload: JsonObject) -> Answer:
    """Answer a message."""
    if not payload.get("stream"):
        content = [{"type": "text", "text": speech.text}]
        return unary(_message(speech, content, _stop(speech), speech.output_tokens), _marks(speech))
    lead = [
        _event("message_start", message=_message(speech, [], None, 1)),
        _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        PING,
    ]
    deltas = [{"type": "text_delta", "text": token} for token in speech.tokens]
    content_events = [_event("content_block_delta", index=0, delta=delta) for delta in deltas]
    end = {"stop_reason": _stop(speech), "stop_sequence": None}
    closing = [
        _event("content_block_stop", index=0),
        _event("message_delta", delta=end, usage={"output_tokens": speech.output_tokens}),
        _event("message_stop"),
    ]
    return streamed(lead, content_events, closing, _marks(speech))


def count_tokens(speech: Speech) -> Answer:
    """Count the prompt's tokens."""
    return unary({"input_tokens": speech.input_tokens}, _marks(speech))


def models(names: tuple[str, ...]) -> Answer:
    """List the models."""
    data = [
        {"type": "model", "id": name, "display_name": name, "created_at": CREATED} for name in names
    ]
    return unary({"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]})


def error(status: int, message: str) -> JsonObject:
    """Return the body of an error, which is also the payload of an `error` event."""
    kind = ERRORS.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_sim"}


def _event(kind: str, **fields: object) -> bytes:
    return event({"type": kind, **fields}, kind)


def _message(
    speech: Speech, content: list[dict[str, str]], stop: str | None, output_tokens: int
) -> JsonObject:
    return {
        "id": speech.id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": speech.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": speech.input_tokens, "output_tokens": output_tokens},
    }


def _stop(speech: Speech) -> str:
    return "max_tokens" if speech.cut else "end_turn"


def _marks(speech: Speech) -> Headers:
    return (
        (b"request-id", speech.id("req_").encode()),
        (b"anthropic-organization-id", b"org-%b" % speech.provider.encode()),
    )
