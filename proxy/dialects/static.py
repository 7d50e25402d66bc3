"""Say a text of the routing table's own as the answer, in the client's own API.

Knows how each API says a whole answer, in one piece and as a stream, where nobody has thought
about it: no tokens, no time, and a model that calls itself what it is. When that is due is not
known here.
"""

from collections.abc import Iterable

import msgspec

from proxy.model import Api, Ask, Headers

MODEL = "faultline/static"
"""What the answer calls its model: none has said it, so none is named."""
_MESSAGE = "msg_faultline_static"

Json = dict[str, object]


def static_answer(ask: Ask, text: str) -> tuple[Headers, bytes] | None:
    """Return header fields and body of an answer that says `text`; None where an API has no text.

    The fields carry no framing.
    """
    said = _say(ask, text)
    if said is None:
        return None
    kind = b"text/event-stream" if ask.stream else b"application/json"
    return ((b"content-type", kind), (b"cache-control", b"no-store")), said


def _say(ask: Ask, text: str) -> bytes | None:
    match ask.api:
        case Api.CHAT:
            return _chat(ask, text)
        case Api.COMPLETIONS:
            return _completions(ask, text)
        case Api.RESPONSES:
            return _responses(text, stream=ask.stream)
        case Api.MESSAGES:
            return _messages(text, stream=ask.stream)
        case Api.GEMINI:
            answer = _gemini(text)
            return _events([answer]) if ask.stream else msgspec.json.encode(answer)
        case Api.EMBEDDINGS | Api.JSON | Api.OPAQUE:
            return None


def _chat(ask: Ask, text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    every = range(ask.choices)
    if not ask.stream:
        answer = _openai("chat.completion", [_choice(n, "stop", message=message) for n in every])
        return msgspec.json.encode(answer | {"usage": _no_tokens("prompt", "completion")})
    kind = "chat.completion.chunk"
    content = [_openai(kind, [_choice(n, None, delta=message)]) for n in every]
    closing = [_openai(kind, [_choice(n, "stop", delta={})]) for n in every]
    return _events([*content, *closing], done=True)


def _completions(ask: Ask, text: str) -> bytes:
    answer = _openai("text_completion", [_choice(n, "stop", text=text) for n in range(ask.choices)])
    if ask.stream:
        return _events([answer], done=True)
    return msgspec.json.encode(answer | {"usage": _no_tokens("prompt", "completion")})


def _openai(kind: str, choices: list[Json]) -> Json:
    answer: Json = {"id": "chatcmpl-faultline-static", "object": kind, "created": 0}
    return answer | {"model": MODEL, "choices": choices}


def _choice(index: int, reason: str | None, **said: object) -> Json:
    return {"index": index, **said, "logprobs": None, "finish_reason": reason}


def _responses(text: str, *, stream: bool) -> bytes:
    part: Json = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    item: Json = {"id": _MESSAGE, "type": "message", "role": "assistant"}
    done = item | {"status": "completed", "content": [part]}
    whole = _response("completed", [done])
    if not stream:
        return msgspec.json.encode(whole)
    begun = _response("in_progress", [])
    at: Json = {"item_id": _MESSAGE, "output_index": 0, "content_index": 0}
    said: Json = at | {"logprobs": []}
    added: Json = item | {"status": "in_progress", "content": []}
    pieces: list[tuple[str, Json]] = [
        ("created", {"response": begun}),
        ("in_progress", {"response": begun}),
        ("output_item.added", {"output_index": 0, "item": added}),
        ("content_part.added", at | {"part": part | {"text": ""}}),
        ("output_text.delta", said | {"delta": text}),
        ("output_text.done", said | {"text": text}),
        ("content_part.done", at | {"part": part}),
        ("output_item.done", {"output_index": 0, "item": done}),
        ("completed", {"response": whole}),
    ]
    return _events(
        {"type": f"response.{kind}", "sequence_number": number, **fields}
        for number, (kind, fields) in enumerate(pieces)
    )


def _response(status: str, output: list[Json]) -> Json:
    details: Json = {
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return {
        "id": "resp_faultline_static",
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": MODEL,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": _no_tokens("input", "output") | details if status == "completed" else None,
    }


def _messages(text: str, *, stream: bool) -> bytes:
    usage = {"input_tokens": 0, "output_tokens": 0}
    begun: Json = {"id": _MESSAGE, "type": "message", "role": "assistant", "model": MODEL}
    reason: Json = {"stop_reason": "end_turn", "stop_sequence": None}
    if not stream:
        content = [{"type": "text", "text": text}]
        return msgspec.json.encode(begun | {"content": content} | reason | {"usage": usage})
    nothing: Json = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    block = {"type": "text", "text": ""}
    delta = {"type": "text_delta", "text": text}
    return _events(
        [
            {"type": "message_start", "message": begun | nothing},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": reason, "usage": {"output_tokens": 0}},
            {"type": "message_stop"},
        ]
    )


def _gemini(text: str) -> Json:
    content = {"role": "model", "parts": [{"text": text}]}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0},
        "modelVersion": MODEL,
    }


def _no_tokens(asked: str, said: str) -> Json:
    return {f"{asked}_tokens": 0, f"{said}_tokens": 0, "total_tokens": 0}


def _events(payloads: Iterable[Json], *, done: bool = False) -> bytes:
    """Return a stream; an event is named where its payload says its type."""
    frames = [_event(payload) for payload in payloads]
    return b"".join([*frames, b"data: [DONE]\n\n"] if done else frames)


def _event(payload: Json) -> bytes:
    kind = payload.get("type")
    line = b"" if kind is None else f"event: {kind}\n".encode()
    return line + b"data: " + msgspec.json.encode(payload) + b"\n\n"
