"""How a simulated provider speaks Gemini: generateContent, countTokens, embedContent, errors.

Pure. The forms are those that the official SDK parses; it must never know what is done to them.
"""

from proxy.sim.answer import Answer, event, streamed, unary
from proxy.sim.seen import JsonObject
from proxy.sim.speech import Speech

EMBEDDING = {"values": [0.25, 0.5, 0.75]}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def generate(speech: Speech, stream: bool) -> Answer:
    """Answer with content; a stream ends with a `finishReason`, it has no sentinel."""
    finish = "MAX_TOKENS" if speech.cut else "STOP"
    if not stream:
        return unary(_piece(speech, speech.text, finish))
    content = [event(_piece(speech, token, None)) for token in speech.tokens]
    return streamed((), content, [event(_piece(speech, "", finish))], ())


def count_tokens(speech: Speech) -> Answer:
    """Count the prompt's tokens."""
    return unary({"totalTokens": speech.input_tokens})


def embed(payload: JsonObject) -> Answer:
    """Answer one embedding, or one for each request of a batch."""
    batch = payload.get("requests")
    if isinstance(batch, list):
        return unary({"embeddings": [EMBEDDING for _ in batch]})
    return unary({"embedding": EMBEDDING})


def models(names: tuple[str, ...]) -> Answer:
    """List the models."""
    return unary({"models": [{"name": f"models/{name}", "displayName": name} for name in names]})


def error(status: int, message: str) -> JsonObject:
    """Return the body of an error, which is also what a failing stream says."""
    word = STATUSES.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": message, "status": word}}


def _piece(speech: Speech, text: str, finish: str | None) -> JsonObject:
    candidate: JsonObject = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
    if finish is not None:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": speech.input_tokens,
            "candidatesTokenCount": speech.output_tokens,
            "totalTokenCount": speech.input_tokens + speech.output_tokens,
        },
        "modelVersion": speech.model,
        "responseId": speech.id(""),
    }
