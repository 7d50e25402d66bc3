"""Models that go on with a turn which another began: handed to them as theirs, or by an anchor.

What they go on with is what they would have said themselves, so that a test can tell a mended
answer from one that is glued. Pure; this module must never know a connection.
"""

from collections.abc import Iterator
from dataclasses import replace

from proxy.sim.bad_answers import status
from proxy.sim.behaviour import Behaviour, Step
from proxy.sim.seen import JsonObject
from proxy.sim.speech import LIMITS
from proxy.sim.voice import Voice

ANCHOR = 48
"""Characters of the begun turn that an anchored request repeats at its end."""


def continuing(*, prefill: bool = True) -> Behaviour:
    """Answer well, and go on where a turn was begun.

    Without `prefill` a request that ends with the model's own turn is refused with a 400; asked by
    an anchor, the model repeats it and goes on.
    """

    def play(voice: Voice) -> Iterator[Step]:
        turns = _turns(voice.seen.payload)
        begun = _said(turns[-1]) if turns else None
        if begun is not None and not prefill:
            yield from status(400, message="the last turn must be the user's").play(voice)
            return
        if begun is not None:
            voice = _after(voice, turns[:-1], len(begun))
        elif len(turns) > 1 and (anchored := _said(turns[-2])) is not None:
            anchor = anchored[-ANCHOR:]
            if str(turns[-1].get("content")).endswith(anchor):
                voice = _after(voice, turns[:-2], len(anchored) - len(anchor))
        answer = voice.answer()
        yield answer.begin() + answer.frame(*answer.events) + answer.end()

    return Behaviour(name="continuing" if prefill else "continuing(no prefill)", play=play)


def _turns(payload: JsonObject) -> list[JsonObject]:
    turns = payload.get(_key(payload))
    return [turn for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []


def _said(turn: JsonObject) -> str | None:
    """Return what the model has said in a turn of its own; None where the turn is not its own."""
    content = turn.get("content")
    return content if turn.get("role") == "assistant" and isinstance(content, str) else None


def _after(voice: Voice, turns: list[JsonObject], begin: int) -> Voice:
    """Return the voice that answers `turns` as it always would, from that character on."""
    kept = {key: value for key, value in voice.seen.payload.items() if key not in LIMITS}
    seen = replace(voice.seen, payload=kept | {_key(kept): turns})
    return replace(voice, seen=seen, begin=begin)


def _key(payload: JsonObject) -> str:
    """Return the key of the turns: Responses calls them its input."""
    return "input" if "input" in payload else "messages"
