"""The calls of each dialect: method and path to what kind of call it is. Data only.

Paths stand without their version (`/v1`, `/v1beta`). New calls appear every month; what is not
here passes too, as an unknown one: to the first backend of its dialect, without failover.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.model import Api, Dialect, Operation


@dataclass(frozen=True, slots=True)
class Call:
    """What kind of call a path is. A `dialect` of None is told by the header fields."""

    dialect: Dialect | None
    api: Api
    operation: Operation
    reads_body: bool = False
    """Whether its JSON body names a model and says whether to stream."""
    stream: bool = False


_OPENAI, _ANTHROPIC, _GEMINI = Dialect.OPENAI, Dialect.ANTHROPIC, Dialect.GEMINI
_GENERATE, _COUNT = Operation.GENERATE, Operation.COUNT_TOKENS

POSTS: Mapping[str, Call] = {
    "/chat/completions": Call(_OPENAI, Api.CHAT, _GENERATE, reads_body=True),
    "/completions": Call(_OPENAI, Api.COMPLETIONS, _GENERATE, reads_body=True),
    "/responses": Call(_OPENAI, Api.RESPONSES, _GENERATE, reads_body=True),
    "/responses/compact": Call(_OPENAI, Api.JSON, _GENERATE, reads_body=True),
    "/responses/input_tokens": Call(_OPENAI, Api.JSON, _COUNT, reads_body=True),
    "/embeddings": Call(_OPENAI, Api.EMBEDDINGS, Operation.EMBED, reads_body=True),
    "/moderations": Call(_OPENAI, Api.JSON, _GENERATE, reads_body=True),
    "/images/generations": Call(_OPENAI, Api.JSON, _GENERATE, reads_body=True),
    "/images/edits": Call(_OPENAI, Api.JSON, _GENERATE, reads_body=True),
    "/audio/speech": Call(_OPENAI, Api.OPAQUE, _GENERATE, reads_body=True),
    "/messages": Call(_ANTHROPIC, Api.MESSAGES, _GENERATE, reads_body=True),
    "/messages/count_tokens": Call(_ANTHROPIC, Api.JSON, _COUNT, reads_body=True),
}
"""By the whole path."""

GEMINI_METHODS: Mapping[str, Call] = {
    "generateContent": Call(_GEMINI, Api.GEMINI, _GENERATE, reads_body=True),
    "streamGenerateContent": Call(_GEMINI, Api.GEMINI, _GENERATE, reads_body=True, stream=True),
    "countTokens": Call(_GEMINI, Api.JSON, _COUNT, reads_body=True),
    "embedContent": Call(_GEMINI, Api.JSON, Operation.EMBED),
    "batchEmbedContents": Call(_GEMINI, Api.JSON, Operation.EMBED),
    "predict": Call(_GEMINI, Api.JSON, _GENERATE),
    "batchGenerateContent": Call(_GEMINI, Api.OPAQUE, Operation.STATEFUL),
    "asyncBatchEmbedContent": Call(_GEMINI, Api.OPAQUE, Operation.STATEFUL),
    "predictLongRunning": Call(_GEMINI, Api.OPAQUE, Operation.STATEFUL),
}
"""By what stands behind the colon of `/models/{model}:{method}`."""

_EITHER = Call(None, Api.OPAQUE, Operation.STATEFUL)
_OPENAI_STATE = Call(_OPENAI, Api.OPAQUE, Operation.STATEFUL)
_ANTHROPIC_STATE = Call(_ANTHROPIC, Api.OPAQUE, Operation.STATEFUL)
_GEMINI_STATE = Call(_GEMINI, Api.OPAQUE, Operation.STATEFUL)

FAMILIES: Mapping[str, Call] = {
    "files": _EITHER,
    "skills": _EITHER,
    "batches": _OPENAI_STATE,
    "assistants": _OPENAI_STATE,
    "chat": _OPENAI_STATE,
    "chatkit": _OPENAI_STATE,
    "containers": _OPENAI_STATE,
    "conversations": _OPENAI_STATE,
    "evals": _OPENAI_STATE,
    "fine_tuning": _OPENAI_STATE,
    "realtime": _OPENAI_STATE,
    "responses": _OPENAI_STATE,
    "threads": _OPENAI_STATE,
    "uploads": _OPENAI_STATE,
    "vector_stores": _OPENAI_STATE,
    "videos": _OPENAI_STATE,
    "agents": _ANTHROPIC_STATE,
    "environments": _ANTHROPIC_STATE,
    "messages": _ANTHROPIC_STATE,
    "sessions": _ANTHROPIC_STATE,
    "cachedContents": _GEMINI_STATE,
    "corpora": _GEMINI_STATE,
    "fileSearchStores": _GEMINI_STATE,
    "operations": _GEMINI_STATE,
    "tunedModels": _GEMINI_STATE,
    "upload": _GEMINI_STATE,
}
"""By the path's first part, where the whole path is not known: objects that an account holds."""

MODELS = Call(None, Api.JSON, Operation.LIST_MODELS)
"""`GET /models` and `GET /models/{model}`."""
UNKNOWN = Call(None, Api.OPAQUE, Operation.OTHER)
