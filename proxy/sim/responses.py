"""How a simulated provider speaks OpenAI's Responses API.

Pure. The forms are those that the official SDK parses; it must never know what is done to them.
"""

from proxy.sim.answer import Answer, event, streamed, unary
from proxy.sim.openai import CREATED, marks
from proxy.sim.seen import JsonObject
from proxy.sim.speech import Speech


def responses(speech: Speech, payload: JsonObject) -> Answer:
    """Answer a response, whole or as events with running sequence numbers."""
    done = "incomplete" if speech.cut else "completed"
    if not payload.get("stream"):
        return unary(_response(speech, done, [_item(speech, done)]), marks(speech))
    pieces = [*_lead(speech), *_content(speech), *_closing(speech, done)]
    events = [
        event(piece | {"sequence_number": n}, str(piece["type"])) for n, piece in enumerate(pieces)
    ]
    first = len(_lead(speech))
    last = first + len(speech.tokens)
    return streamed(events[:first], events[first:last], events[last:], marks(speech))


def failed(status: int, message: str) -> bytes:
    """Return the event that says that a response failed."""
    code = "rate_limit_exceeded" if status == 429 else "server_error"  # noqa: PLR2004 - HTTP
    body = {"type": code, "code": code, "message": message, "param": None}
    return event({"type": "error", "error": body, "sequence_number": 0}, "error")


def _lead(speech: Speech) -> list[JsonObject]:
    begun = _response(speech, "in_progress", [])
    return [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": _item(speech, "in_progress") | {"content": []},
        },
        _at(speech, "response.content_part.added") | {"part": _part("")},
    ]


def _content(speech: Speech) -> list[JsonObject]:
    delta = _at(speech, "response.output_text.delta") | {"logprobs": []}
    return [delta | {"delta": token} for token in speech.tokens]


def _closing(speech: Speech, done: str) -> list[JsonObject]:
    text = {"text": speech.text, "logprobs": []}
    item = _item(speech, done)
    return [
        _at(speech, "response.output_text.done") | text,
        _at(speech, "response.content_part.done") | {"part": _part(speech.text)},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": f"response.{done}", "response": _response(speech, done, [item])},
    ]


def _at(speech: Speech, kind: str) -> JsonObject:
    item = speech.id("msg_")
    return {"type": kind, "item_id": item, "output_index": 0, "content_index": 0}


def _part(text: str) -> JsonObject:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _item(speech: Speech, status: str) -> JsonObject:
    return {
        "id": speech.id("msg_"),
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [_part(speech.text)],
    }


def _response(speech: Speech, status: str, output: list[JsonObject]) -> JsonObject:
    over = status != "in_progress"
    return {
        "id": speech.id("resp_"),
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": None,
        "metadata": {},
        "model": speech.model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": _usage(speech) if over else None,
    }


def _usage(speech: Speech) -> JsonObject:
    return {
        "input_tokens": speech.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": speech.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": speech.input_tokens + speech.output_tokens,
    }
