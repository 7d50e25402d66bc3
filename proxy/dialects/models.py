"""The list of models in each dialect's own form, made of the routing table's names.

Knows the three list formats. Of a model it knows its name only: dates and owners are placeholders.
"""

from collections.abc import Sequence

import msgspec

from proxy.model import Dialect

_EPOCH = "1970-01-01T00:00:00Z"
"""Anthropic's own word for a date that is not known."""
_METHODS = ("generateContent", "streamGenerateContent", "countTokens", "embedContent")


def models_answer(dialect: Dialect, models: Sequence[str]) -> bytes:
    """Return the body of the answer to "which models are there?"."""
    entries = [_entry(dialect, model) for model in models]
    match dialect:
        case Dialect.OPENAI:
            return msgspec.json.encode({"object": "list", "data": entries})
        case Dialect.ANTHROPIC:
            first, last = (models[0], models[-1]) if models else (None, None)
            page = {"data": entries, "has_more": False, "first_id": first, "last_id": last}
            return msgspec.json.encode(page)
        case Dialect.GEMINI:
            return msgspec.json.encode({"models": entries})


def model_answer(dialect: Dialect, model: str) -> bytes:
    """Return the body of the answer to "what is this model?"."""
    return msgspec.json.encode(_entry(dialect, model))


def _entry(dialect: Dialect, model: str) -> dict[str, object]:
    match dialect:
        case Dialect.OPENAI:
            return {"id": model, "object": "model", "created": 0, "owned_by": "faultline"}
        case Dialect.ANTHROPIC:
            return {
                "type": "model",
                "id": model,
                "display_name": model,
                "created_at": _EPOCH,
                "lifecycle": "active",
            }
        case Dialect.GEMINI:
            return {
                "name": f"models/{model}",
                "displayName": model,
                "supportedGenerationMethods": _METHODS,
            }
