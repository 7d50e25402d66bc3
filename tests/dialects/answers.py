"""Streams of Responses as OpenAI sends them, and what a strict client makes of one."""

import json
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

LEAD = 4
"""Events before the first text."""
CLOSING = 4
"""Events behind the last text."""


def part(text: str, **more: object) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []} | more


def item(name: str, *parts: Json, status: str = "completed") -> Json:
    said = {"id": f"msg_{name}", "type": "message", "role": "assistant", "status": status}
    return said | {"content": list(parts)}


def response(name: str, *items: Json, status: str = "completed", **more: object) -> Json:
    made = {"id": f"resp_{name}", "object": "response", "created_at": len(name), "error": None}
    usage = {"input_tokens": 30, "output_tokens": 5, "total_tokens": 35}
    told = {"status": status, "model": f"m-{name}", "output": list(items), "usage": usage}
    return made | told | {"max_output_tokens": 100} | more


def at(kind: str, name: str, **more: object) -> Json:
    place = {"item_id": f"msg_{name}", "output_index": 0, "content_index": 0}
    return {"type": f"response.{kind}", **place, **more}


def payloads(name: str, texts: Sequence[str], done: str = "completed") -> list[Json]:
    text = "".join(texts)
    begun = response(name, status="in_progress", usage=None)
    whole = item(name, part(text), status=done)
    deltas = [at("output_text.delta", name, delta=one, logprobs=[]) for one in texts]
    pieces: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": item(name, status="in_progress"),
        },
        at("content_part.added", name, part=part("")),
        *(one | {"obfuscation": "xK3f"} for one in deltas),
        at("output_text.done", name, text=text, logprobs=[]),
        at("content_part.done", name, part=part(text)),
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
        {"type": f"response.{done}", "response": response(name, whole, status=done)},
    ]
    return [piece | {"sequence_number": number} for number, piece in enumerate(pieces)]


def event(payload: Json) -> bytes:
    return f"event: {payload['type']}\ndata: {json.dumps(payload)}\n\n".encode()


def stream(name: str, texts: Sequence[str], done: str = "completed") -> list[bytes]:
    return [event(payload) for payload in payloads(name, texts, done)]


def told(data: bytes) -> list[Json]:
    """Return what the events say, the error at the end apart."""
    lines = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: {")]
    found = [json.loads(line) for line in lines]
    return [one for one in found if one["type"] not in {"error", "response.failed"}]


def said(data: bytes) -> str:
    """Return the text as it came piece by piece."""
    events = told(data)
    return "".join(one["delta"] for one in events if one["type"] == "response.output_text.delta")


def heard(data: bytes) -> str:
    """Return the text, of a stream which must be one: numbers, ids, no second event of a kind."""
    events = told(data)
    kinds = [one["type"] for one in events if one["type"] != "response.output_text.delta"]
    text = said(data)
    assert [one["sequence_number"] for one in events] == list(range(len(events)))
    assert len(set(kinds)) == len(kinds), kinds
    answers = [one["response"] for one in events if "response" in one]
    assert len({(one["id"], one["created_at"], one["max_output_tokens"]) for one in answers}) == 1
    items = [one["item"] for one in events if "item" in one]
    items += [one for answer in answers for one in answer["output"]]
    named = {one["item_id"] for one in events if "item_id" in one}
    assert len(named | {one["id"] for one in items}) == 1
    assert wholes(events, items) <= {text}
    return text


def wholes(events: list[Json], items: list[Json]) -> set[str]:
    """Return the texts that are told as whole ones."""
    parts = [one["part"] for one in events if one["type"] == "response.content_part.done"]
    parts += [part for one in items if one["status"] != "in_progress" for part in one["content"]]
    return {one["text"] for one in [*events, *parts] if "text" in one}
