"""The bytes that are sent and answered: a chat of about 1 KB, a JSON answer, one event a token."""

import json

MODEL_UNARY = "bench-unary"
MODEL_STREAM = "bench-stream"
PATH = "/v1/chat/completions"
EVERY = "x-bench-every"
"""Request header that tells the stream upstream the seconds between two events."""
KIND = "x-bench"
"""Request header that names the upstream, for proxies that cannot read a model: unary, stream."""

PROMPT = "Tell me how a bridge holds, stone by stone, as if I had never seen one before. " * 11


def chat(model: str, *, stream: bool) -> bytes:
    messages = [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": PROMPT},
    ]
    body = {"model": model, "messages": messages, "stream": stream, "temperature": 0.2}
    return json.dumps(body).encode()


def answer() -> str:
    message = {"role": "assistant", "content": "Every stone leans on the next. " * 8}
    return json.dumps(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1767225600,
            "model": MODEL_UNARY,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 56, "total_tokens": 256},
        }
    )


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": MODEL_STREAM,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def events(count: int) -> list[bytes]:
    """A whole stream of `count` events."""
    words = [event({"content": " stone"})] * (count - 3)
    return [event({"role": "assistant", "content": ""}), *words, event({}, "stop"), DONE]


DONE = b"data: [DONE]\n\n"


def stream_request(port: int, every: float) -> bytes:
    body = chat(MODEL_STREAM, stream=True)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Accept: text/event-stream\r\nAuthorization: Bearer bench\r\n{KIND}: stream\r\n"
        f"{EVERY}: {every}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
