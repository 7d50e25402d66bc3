"""What one simulated provider has to say to one request, in the dialect of its path.

Pure: it chooses among the dialects' forms. It must never know whether it will be let finish.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from proxy.model import header
from proxy.sim import anthropic, gemini, openai, responses
from proxy.sim.answer import Answer, event, unary
from proxy.sim.seen import JsonObject, Seen
from proxy.sim.speech import Speech, speak

MODELS = ("sim-large", "sim-small")

SPOKEN: dict[str, Callable[[Speech, JsonObject], Answer]] = {
    "/chat/completions": openai.chat,
    "/completions": openai.completions,
    "/responses": responses.responses,
    "/embeddings": openai.embeddings,
    "/messages": anthropic.messages,
    "/messages/count_tokens": lambda speech, _: anthropic.count_tokens(speech),
    ":generateContent": lambda speech, _: gemini.generate(speech, stream=False),
    ":streamGenerateContent": lambda speech, _: gemini.generate(speech, stream=True),
    ":countTokens": lambda speech, _: gemini.count_tokens(speech),
    ":embedContent": lambda _, payload: gemini.embed(payload),
    ":batchEmbedContents": lambda _, payload: gemini.embed(payload),
}
"""How the path of a POST ends: who answers it. The first that fits."""


class Tongue(Enum):
    """The form in which errors are said."""

    OPENAI = "openai"
    RESPONSES = "responses"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One provider's words for one request."""

    provider: str
    seen: Seen
    tokens: int
    """How long an answer is, unless the request asks for less."""
    stamp: bool = False
    """Whether each token carries the provider's name."""
    begin: int = 0
    """The character of the answer at which it begins: another has said what stands before."""

    def answer(self) -> Answer:
        """Return the good answer."""
        seen = self.seen
        if seen.method == "POST":
            for ending, say in SPOKEN.items():
                if seen.path.endswith(ending):
                    return say(self._speech(), seen.payload)
        if seen.method == "GET" and seen.path.endswith("/models"):
            return self._models()
        mark = ((b"x-request-id", b"req_%b" % self.provider.encode()),)
        return (
            Answer(headers=mark, content=()) if seen.method == "HEAD" else unary(self._echo(), mark)
        )

    def error(self, status: int, message: str) -> bytes:
        """Return the body of an error."""
        return json.dumps(self._error(status, message)).encode()

    def error_event(self, status: int, message: str) -> bytes:
        """Return the event by which a stream says that it failed."""
        match self.tongue:
            case Tongue.RESPONSES:
                return responses.failed(status, message)
            case Tongue.ANTHROPIC:
                return event(anthropic.error(status, message), "error")
            case Tongue.OPENAI | Tongue.GEMINI:
                return event(self._error(status, message))

    def ping(self) -> bytes:
        """Return an event that says nothing but that the connection lives."""
        return anthropic.PING if self.tongue is Tongue.ANTHROPIC else b": keep-alive\n\n"

    @property
    def tongue(self) -> Tongue:
        """Return the form in which errors are said to this request."""
        path, headers = self.seen.path, self.seen.headers
        if ":" in path or header(headers, b"x-goog-api-key") is not None:
            return Tongue.GEMINI
        if "/messages" in path or header(headers, b"anthropic-version") is not None:
            return Tongue.ANTHROPIC
        return Tongue.RESPONSES if path.endswith("/responses") else Tongue.OPENAI

    def _speech(self) -> Speech:
        return speak(
            self.seen.payload,
            provider=self.provider,
            model=self.seen.model or MODELS[0],
            tokens=self.tokens,
            stamp=self.stamp,
        ).after(self.begin)

    def _error(self, status: int, message: str) -> JsonObject:
        match self.tongue:
            case Tongue.ANTHROPIC:
                return anthropic.error(status, message)
            case Tongue.GEMINI:
                return gemini.error(status, message)
            case Tongue.OPENAI | Tongue.RESPONSES:
                return openai.error(status, message)

    def _models(self) -> Answer:
        match self.tongue:
            case Tongue.ANTHROPIC:
                return anthropic.models(MODELS)
            case Tongue.GEMINI:
                return gemini.models(MODELS)
            case Tongue.OPENAI | Tongue.RESPONSES:
                return openai.models(self.provider, MODELS)

    def _echo(self) -> JsonObject:
        seen = self.seen
        content_type = header(seen.headers, b"content-type") or b""
        return {
            "id": f"echo-{self.provider}",
            "object": "echo",
            "provider": self.provider,
            "method": seen.method,
            "path": seen.path,
            "query": seen.query,
            "content_type": content_type.decode("latin-1"),
            "length": seen.length,
            "sha256": seen.sha256 or hashlib.sha256(b"").hexdigest(),
        }
