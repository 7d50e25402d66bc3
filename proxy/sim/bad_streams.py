"""Answers that begin well and go wrong: late, stalled, cut, garbled, failing inside a 200.

Each function makes a `Behaviour`. Counts are of content events (tokens), whatever the dialect
sends before the first of them. What is done to a stream is done to the one event of a unary
answer too: it is cut or stalls in the middle of its body.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import repeat

from proxy.sim.answer import Answer
from proxy.sim.behaviour import SETTLE, Behaviour, Close, Reset, Silence, Step, Wait
from proxy.sim.openai import DONE
from proxy.sim.voice import Voice

OVERLOADED = 503
FLOOD_EVENTS = 256
"""Events of a flood that go out in one write."""


class Cut(StrEnum):
    """How a connection ends before its answer does."""

    RST = "rst"
    FIN = "fin"
    """In order, between two chunks, without the final one."""
    CHUNK = "chunk"
    """In order, in the middle of a chunk."""
    CLEAN = "clean"
    """With the final chunk: only the dialect's terminal event is missing."""


def slow_first_token(seconds: float) -> Behaviour:
    """Send the head and all before the first token at once, the rest after `seconds`."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.lead)
        yield Wait(seconds)
        yield good.frame(*good.content, *good.closing) + good.end()

    return Behaviour(name=f"slow_first_token({seconds})", play=play)


def slow_head(seconds: float) -> Behaviour:
    """Give the good answer at once, but only after `seconds`."""

    def play(voice: Voice) -> Iterator[Step]:
        yield Wait(seconds)
        good = voice.answer()
        yield good.begin() + good.frame(*good.events) + good.end()

    return Behaviour(name=f"slow_head({seconds})", play=play)


def head_then_silence() -> Behaviour:
    """Send the head and nothing more."""

    def play(voice: Voice) -> Iterator[Step]:
        yield voice.answer().begin()
        yield Silence()

    return Behaviour(name="head_then_silence", play=play)


def pings_only(every: float = 1.0) -> Behaviour:
    """Send the head and all before the first token, then nothing but pings, for ever."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.lead)
        for ping in repeat(good.frame(voice.ping())):
            yield Wait(every)
            yield ping

    return Behaviour(name=f"pings_only({every})", play=play)


def error_first_event(code: int = OVERLOADED, message: str = "Overloaded") -> Behaviour:
    """Say inside a 200, before any token, that it failed."""
    return error_event_after(0, code, message)


def error_event_after(
    tokens: int, code: int = OVERLOADED, message: str = "Overloaded"
) -> Behaviour:
    """Say inside a 200, after some tokens, that it failed."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        error = voice.error_event(code, message)
        if not good.stream:
            good = replace(good, content=(voice.error(code, message),))
            yield good.begin() + good.frame(*good.content)
            return
        yield good.begin() + good.frame(*good.first(tokens), error) + good.end()

    return Behaviour(name=f"error_event_after({tokens}, {code})", play=play)


def cut_after(tokens: int, how: Cut | str = Cut.RST) -> Behaviour:
    """End the connection after some tokens."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.first(tokens))
        match Cut(how):
            case Cut.RST:
                yield SETTLE
                yield Reset()
            case Cut.FIN:
                yield Close()
            case Cut.CHUNK:
                yield _half_a_chunk(good, tokens)
                yield Close()
            case Cut.CLEAN:
                yield good.end()
                yield Close()

    return Behaviour(name=f"cut_after({tokens}, {Cut(how)})", play=play)


def _half_a_chunk(good: Answer, tokens: int) -> bytes:
    chunk = good.frame(*good.content[tokens : tokens + 1] or good.closing[:1])
    return chunk[: len(chunk) // 2] if good.stream else b""


def stall_after(tokens: int, seconds: float | None = None) -> Behaviour:
    """Fall silent after some tokens: for ever, or for `seconds` and then close."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.first(tokens))
        yield Silence() if seconds is None else Wait(seconds)
        yield Close()

    return Behaviour(name=f"stall_after({tokens})", play=play)


def garbled_event(token: int) -> Behaviour:
    """Give the good answer, but for one event (counted from 0) whose JSON is broken."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        content = list(good.content)
        broken = content[token] if good.stream else content.pop()
        content[token : token + 1] = [_broken(broken, good.stream)]
        good = replace(good, content=tuple(content))
        yield good.begin() + good.frame(*good.events) + good.end()

    return Behaviour(name=f"garbled_event({token})", play=play)


def _broken(piece: bytes, stream: bool) -> bytes:
    half = piece[: len(piece) * 2 // 3]
    return half + b"\n\n" if stream else half


def no_done() -> Behaviour:
    """Give the good answer without OpenAI's `[DONE]`."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        good = replace(good, closing=tuple(e for e in good.closing if e != DONE))
        yield good.begin() + good.frame(*good.events) + good.end()

    return Behaviour(name="no_done", play=play)


def no_terminal() -> Behaviour:
    """Give every token, then end cleanly without what closes the answer."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.lead, *good.content) + good.end()

    return Behaviour(name="no_terminal", play=play)


def terminal_then(how: Cut | str = Cut.RST) -> Behaviour:
    """Give the whole stream, its terminal event too, then cut before the final chunk."""
    steps = (SETTLE, Reset()) if how == Cut.RST else (Close(),)
    return _after_terminal(f"terminal_then({Cut(how)})", *steps)


def terminal_then_silence() -> Behaviour:
    """Give the whole stream, its terminal event too, and leave the connection open."""
    return _after_terminal("terminal_then_silence", Silence())


def _after_terminal(name: str, *steps: Step) -> Behaviour:
    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.events)
        yield from steps

    return Behaviour(name=name, play=play)


def drip(every: float = 1.0, size: int = 1) -> Behaviour:
    """Give the good answer `size` bytes at a time (slowloris)."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        yield good.begin()
        body = good.frame(*good.events) + good.end()
        for start in range(0, len(body), size):
            yield body[start : start + size]
            yield Wait(every)

    return Behaviour(name=f"drip({every})", play=play)


def flood(size: int) -> Behaviour:
    """Repeat the first token to at least `size` bytes as fast as they are read, then end well."""

    def play(voice: Voice) -> Iterator[Step]:
        good = voice.answer()
        yield good.begin() + good.frame(*good.lead)
        block = good.frame(good.content[0]) * FLOOD_EVENTS
        yield from repeat(block, size // len(block) + 1)
        yield good.frame(*good.closing) + good.end()

    return Behaviour(name=f"flood({size})", play=play)
