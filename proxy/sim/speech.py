"""What a simulated model says: words that follow from the prompt alone.

Two providers that are asked the same say the same, so a test can tell a whole answer from a
mended one. Pure; it must never know a dialect.
"""

import hashlib
import json
import re
from dataclasses import dataclass, replace

from proxy.sim.seen import JsonObject

TEXT = (
    "a bridge holds because every stone leans on the next and none of them asks who laid it "
    "first rain finds the lowest path through grass while the old mill keeps turning for grain "
    "that nobody has brought yet so the river waits under a pale sky where swallows write long "
    "lines and morning comes over the hill with bread salt and a quiet word"
)
WORDS = tuple(TEXT.split())

PROMPTS = ("system", "instructions", "messages", "input", "prompt", "contents")
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")

CHARACTERS_PER_TOKEN = 4  # the usual rule of thumb for English


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What is said to one request, before a dialect gives it a form."""

    provider: str
    model: str
    mark: str
    """A short hash of the prompt, for ids."""
    tokens: tuple[str, ...]
    """Every token but the first begins with a space."""
    cut: bool
    """Whether the request's own limit ended it."""
    input_tokens: int

    @property
    def text(self) -> str:
        """Return all of it."""
        return "".join(self.tokens)

    @property
    def output_tokens(self) -> int:
        """Return how many tokens are said."""
        return len(self.tokens)

    def after(self, begin: int) -> "Speech":
        """Return what is left to say behind the first `begin` characters."""
        if not begin:
            return self
        return replace(self, tokens=tuple(re.findall(r"\s*\S+", self.text[begin:])))

    def id(self, prefix: str) -> str:
        """Return an id that carries the provider's name."""
        return f"{prefix}{self.provider}-{self.mark}"


def speak(payload: JsonObject, *, provider: str, model: str, tokens: int, stamp: bool) -> Speech:
    """Answer `payload` with at most `tokens` tokens; `stamp` puts the provider into each."""
    asked = payload | {"input": _input(payload.get("input"))}
    prompt = json.dumps([asked.get(key) for key in PROMPTS], sort_keys=True)
    digest = hashlib.sha256(prompt.encode()).digest()
    count = min(tokens, _limit(payload) or tokens)
    return Speech(
        provider=provider,
        model=model,
        mark=digest.hex()[:12],
        tokens=tuple(_tokens(digest[0], count, f"@{provider}" if stamp else "")),
        cut=count < tokens,
        input_tokens=max(1, len(prompt) // CHARACTERS_PER_TOKEN),
    )


def _input(asked: object) -> object:
    """Return what Responses are asked: one turn of the user's is the same as its text alone."""
    match asked:
        case [{"role": "user", "content": str(text), **more}] if not more:
            return text
    return asked


def _tokens(start: int, count: int, stamp: str) -> list[str]:
    words = [WORDS[(start + n) % len(WORDS)] + stamp for n in range(count)]
    return words[:1] + [f" {word}" for word in words[1:]]


def _limit(payload: JsonObject) -> int | None:
    config = payload.get("generationConfig")
    if isinstance(config, dict):
        payload = {"max_tokens": config.get("maxOutputTokens")}
    limits = [payload.get(key) for key in LIMITS]
    return next((limit for limit in limits if isinstance(limit, int) and limit > 0), None)
