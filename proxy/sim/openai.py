"""How a simulated provider speaks OpenAI: chat, completions, responses, embeddings, models, errors.

Pure. The forms are those that the official SDK parses; it must never know what is done to them.
"""

import base64
import hashlib
import struct
from collections.abc import Iterator

from proxy.model import Headers
from proxy.sim.answer import Answer, event, streamed, unary
from proxy.sim.seen import JsonObject
from proxy.sim.speech import Speech

CREATED = 1_767_225_600
"""2026-01-01: answers do not change with the day."""
DONE = b"data: [DONE]\n\n"
DIMENSIONS = 8
ERRORS = {
    400: ("invalid_request_error", "invalid_value"),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    503: ("service_unavailable_error", "server_is_overloaded"),
}


def chat(speech: Speech, payload: JsonObject) -> Answer:
    """Answer a chat completion, with as many choices as `n` asks for."""
    wanted = payload.get("n")
    choices = range(wanted if isinstance(wanted, int) else 1)
    if not payload.get("stream"):
        message = {"role": "assistant", "content": speech.text, "refusal": None}
        body = [_choice(n, "message", message, _finish(speech)) for n in choices]
        return unary(
            _chat(speech, "chat.completion", body) | {"usage": _usage(speech)}, marks(speech)
        )

    def say(delta: JsonObject, finish: str | None = None) -> Iterator[bytes]:
        for n in choices:
            yield event(_chunk(speech, [_choice(n, "delta", delta, finish)]))

    closing = list(say({}, _finish(speech)))
    options = payload.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        closing.append(event(_chunk(speech, []) | {"usage": _usage(speech)}))
    content = [piece for token in speech.tokens for piece in say({"content": token})]
    return streamed(
        say({"role": "assistant", "content": ""}), content, [*closing, DONE], marks(speech)
    )


def _chat(speech: Speech, kind: str, choices: list[JsonObject]) -> JsonObject:
    return {
        "id": speech.id("chatcmpl-"),
        "object": kind,
        "created": CREATED,
        "model": speech.model,
        "system_fingerprint": f"fp_{speech.provider}",
        "choices": choices,
    }


def _chunk(speech: Speech, choices: list[JsonObject]) -> JsonObject:
    return _chat(speech, "chat.completion.chunk", choices)


def _choice(index: int, field: str, value: object, finish: str | None) -> JsonObject:
    return {"index": index, field: value, "logprobs": None, "finish_reason": finish}


def completions(speech: Speech, payload: JsonObject) -> Answer:
    """Answer a legacy text completion."""

    def body(text: str, finish: str | None) -> JsonObject:
        return _chat(speech, "text_completion", [_choice(0, "text", text, finish)])

    if not payload.get("stream"):
        return unary(body(speech.text, _finish(speech)) | {"usage": _usage(speech)}, marks(speech))
    content = [event(body(token, None)) for token in speech.tokens]
    return streamed((), content, [event(body("", _finish(speech))), DONE], marks(speech))


def embeddings(speech: Speech, payload: JsonObject) -> Answer:
    """Answer with one short vector an input; base64 where the SDK asks for it."""
    asked = payload.get("input")
    inputs = asked if isinstance(asked, list) else [asked]
    packed = payload.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": n, "embedding": _vector(str(text), packed)}
        for n, text in enumerate(inputs)
    ]
    usage = {"prompt_tokens": speech.input_tokens, "total_tokens": speech.input_tokens}
    body = {"object": "list", "model": speech.model, "data": data, "usage": usage}
    return unary(body, marks(speech))


def _vector(text: str, packed: bool) -> list[float] | str:
    digest = hashlib.sha256(text.encode()).digest()
    vector = [byte / 255 for byte in digest[:DIMENSIONS]]
    return base64.b64encode(struct.pack(f"<{DIMENSIONS}f", *vector)).decode() if packed else vector


def models(provider: str, names: tuple[str, ...]) -> Answer:
    """List the models."""
    data = [
        {"id": name, "object": "model", "created": CREATED, "owned_by": provider} for name in names
    ]
    return unary({"object": "list", "data": data})


def error(status: int, message: str) -> JsonObject:
    """Return the body of an error."""
    kind, code = ERRORS.get(status, ("server_error", None))
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def marks(speech: Speech) -> Headers:
    """Return the fields that show that the origin answered, not an edge."""
    return (
        (b"x-request-id", speech.id("req_").encode()),
        (b"openai-version", b"2020-10-01"),
        (b"openai-processing-ms", b"42"),
    )


def _finish(speech: Speech) -> str:
    return "length" if speech.cut else "stop"


def _usage(speech: Speech) -> JsonObject:
    return {
        "prompt_tokens": speech.input_tokens,
        "completion_tokens": speech.output_tokens,
        "total_tokens": speech.input_tokens + speech.output_tokens,
    }
