"""What backends say in the dialogues."""

import json


def event(payload: object) -> bytes:
    return f"data: {json.dumps(payload)}\n\n".encode()


def delta(content: str | None, reason: str | None = None, **more: object) -> bytes:
    told = {} if content is None else {"content": content}
    return event({"choices": [{"index": 0, "delta": told | more, "finish_reason": reason}]})


ROLE = delta("", role="assistant")
HELLO = delta("hello")
WORLD = delta(" world")
STOP = delta(None, "stop")
USAGE = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
DONE = b"data: [DONE]\n\n"
ERROR = event({"error": {"message": "overloaded", "type": "server_error", "code": "overloaded"}})
WHOLE = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hello"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
).encode()
