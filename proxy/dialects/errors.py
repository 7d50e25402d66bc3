"""Say inside a stream that it broke, so that the client's SDK raises.

Knows how each API reports an error after the head has gone: beside the comment at a seam this is
the one thing that Faultline itself ever says in a stream. What broke, and whether anything can be
done, is not known here.
"""

import msgspec

from proxy.model import Api

INTERRUPTED = "faultline_stream_interrupted"
"""The code of a stream that broke after its commit."""


def error_event(api: Api, message: str, *, code: str = INTERRUPTED) -> bytes:
    """Return the event to write before the connection is cut; empty where the API has none.

    JSON escapes every line break of `message`: it cannot end the event early.
    """
    match api:
        case Api.CHAT | Api.COMPLETIONS:
            return _event("", {"error": _openai(message, code)})
        case Api.RESPONSES:
            return _responses(message, code)
        case Api.MESSAGES:
            error = {"type": "overloaded_error", "message": message}
            return _event("error", {"type": "error", "error": error})
        case Api.GEMINI:
            # google-genai looks for a payload that begins with `{"error":`, without a space.
            return _event("", {"error": {"code": 503, "message": message, "status": "UNAVAILABLE"}})
        case Api.EMBEDDINGS | Api.JSON | Api.OPAQUE:
            return b""


def _openai(message: str, code: str) -> dict[str, object]:
    return {"message": message, "type": "server_error", "param": None, "code": code}


def _responses(message: str, code: str) -> bytes:
    """Say it twice: openai-python raises on `error`, Codex retries on `response.failed`."""
    response = {
        "id": "resp_faultline",
        "object": "response",
        "created_at": 0,
        "status": "failed",
        "error": {"code": "server_error", "message": message},
        "output": [],
    }
    return _event("error", {"type": "error", "error": _openai(message, code)}) + _event(
        "response.failed", {"type": "response.failed", "response": response}
    )


def _event(name: str, payload: dict[str, object]) -> bytes:
    line = f"event: {name}\n".encode() if name else b""
    return line + b"data: " + msgspec.json.encode(payload) + b"\n\n"
