"""Streams cut anywhere, a thousand seeds: the whole answer, or an error and nothing foreign."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from proxy.model import Ask, Fault, Phase, Rung
from tests.dialects import answers
from tests.exchange.stage import ScriptedCall, chat
from tests.exchange.test_resume import (
    ALL,
    FOREIGN,
    Scene,
    another_block,
    ask_messages,
    ask_responses,
    body,
    ended_as_cut,
    messages,
    rungs,
    said,
    shown,
    stream,
)

SEEDS = 1000
APIS = (
    (chat(stream=True), stream, shown),
    (ask_messages(), messages, said),
    (ask_responses(), answers.stream, answers.heard),
)
READ_ANY = (shown, said, answers.said)
"""What is read of a stream that is not plain."""
CLOSING = (2, 3, answers.CLOSING)
"""Events behind the last text."""
LETTERS = "abcdefgh  \n\t.,-\u00e9\u6f22\U0001f642\"\\'{}<"

Say = Callable[[str, list[str]], list[bytes]]
Read = Callable[[bytes], str]
Answer = Callable[[random.Random, str, str, Rung], str]
"""What the other says: of the whole text, what the client has of it, and the rung."""


def faithful(rng: random.Random, text: str, had: str, rung: Rung) -> str:
    """Go on as asked; a prefilled one sometimes starts over."""
    match rung:
        case Rung.ALIGN:
            return text
        case Rung.PREFILL:
            return text if rng.random() < 0.2 else text[len(had.rstrip()) :]
        case Rung.ANCHOR:
            return had[-48:] + text[len(had) :]


def unfaithful(rng: random.Random, text: str, had: str, rung: Rung) -> str:
    """Say something else somewhere before the seam."""
    match rung:
        case Rung.ALIGN | Rung.PREFILL:
            at = rng.randrange(0 if rung is Rung.ALIGN else 4, len(had))
            return f"{had[:at]}#{text[at + 1 :]}"
        case Rung.ANCHOR:
            solid = [at for at, letter in enumerate(had[-48:]) if not letter.isspace()]
            at = rng.choice(solid or [0])
            return f"{had[-48:][:at]}#{had[-48:][at + 1 :]}{text[len(had) :]}"


def pieces(rng: random.Random, text: str) -> list[str]:
    found = [text[:8]]  # of less it could not be told whether an answer starts over
    text = text[8:]
    while text:
        size = rng.randint(1, 12)
        found.append(text[:size])
        text = text[size:]
    return found


def tell(call: ScriptedCall, data: bytes, step: int) -> None:
    """Send a stream in pieces, as long as anybody listens."""
    call.head(200, "text/event-stream")
    for at in range(0, len(data), step):
        if call.open:
            call.data(data[at : at + step])


async def play(rng: random.Random, answer: Answer, **form: object) -> str:
    """Cut a stream anywhere; the other answers. Return how it ended."""
    ask, say, read = rng.choice(APIS)
    rung = rng.choice(ALL)
    text = "WXYZ" + "".join(rng.choices(LETTERS, k=rng.randint(8, 160)))
    scene = Scene(rungs(rung), ask, body(model=ask.model, input="hi", **form))
    first = b"".join(say("p", pieces(rng, text)))
    committed = first.index(b"\n\n", first.index(b"WXYZ")) + 2
    async with scene.open() as client:
        call = scene.call(0)
        tell(call, first[: rng.randint(committed, len(first))], rng.randint(1, 400))
        if call.open:
            call.fail(rng.choice([Fault.RESET, Fault.EOF]), Phase.CONTENT)
        had = read(client.body)
        assert had
        assert text.startswith(had)
        others = scene.stage.upstream.calls[1:]
        for other in others:
            second = b"".join(say("s", pieces(rng, answer(rng, text, had, rung))))
            tell(other, second, rng.randint(1, 200))
            if other.open:
                other.end()
    saw = read(client.body)
    assert client.whole or ended_as_cut(client)
    assert saw == (text if client.whole else had), (rung, text, had, saw)
    if others:
        return "resumed" if client.whole else "failed"
    return "whole" if client.whole else "not asked"


async def test_a_faithful_other_makes_the_answer_whole() -> None:
    ends: Counter[str] = Counter()
    for seed in range(SEEDS):
        ends[await play(random.Random(seed), faithful)] += 1
    assert ends["failed"] == 0, ends
    assert ends["resumed"] > SEEDS / 2, ends


async def test_an_unfaithful_other_is_never_heard() -> None:
    ends: Counter[str] = Counter()
    for seed in range(SEEDS):
        ends[await play(random.Random(seed), unfaithful)] += 1
    assert ends["resumed"] == 0, ends
    assert ends["failed"] > SEEDS / 2, ends


async def test_json_mode_is_never_gone_on_with() -> None:
    for seed in range(SEEDS):
        assert await play(
            random.Random(seed), faithful, response_format={"type": "json_object"}
        ) in {"whole", "not asked"}


@pytest.mark.parametrize(("ask", "say", "read"), APIS, ids=["chat", "messages", "responses"])
async def test_a_stream_cut_at_any_byte_goes_on(ask: Ask, say: Say, read: Read) -> None:
    text = "WXYZ A bridge holds because"
    parts = [text[at : at + 6] for at in range(0, len(text), 6)]
    first = b"".join(say("p", parts))
    for cut in range(first.index(b"\n\n", first.index(b"WXYZ")) + 2, len(first)):
        scene = Scene(rungs(Rung.ALIGN), ask, body(model=ask.model, input="hi"))
        async with scene.open() as client:
            tell(scene.call(0), first[:cut], cut)
            if scene.call(0).open:
                scene.call(0).fail(Fault.RESET, Phase.CONTENT)
            for other in scene.stage.upstream.calls[1:]:
                tell(other, b"".join(say("s", parts)), 100)
                if other.open:
                    other.end()
        assert client.whole, cut
        assert read(client.body) == text, cut


def another_item(item: answers.Json) -> list[bytes]:
    """Return how a response goes over from its text to something else."""
    added = {"type": "response.output_item.added", "output_index": 1, "item": item}
    return [answers.event(added)]


OPEN: dict[str, tuple[int, list[bytes]]] = {
    "a tool call": (0, [FOREIGN["tool"]]),
    "a function call": (0, [FOREIGN["function"]]),
    "a refusal": (0, [FOREIGN["refusal"]]),
    "reasoning": (0, [FOREIGN["thinking"]]),
    "a tool's block": (1, another_block({"type": "tool_use", "id": "t", "name": "f", "input": {}})),
    "a thinking block": (1, another_block({"type": "thinking", "thinking": ""})),
    "a call": (2, another_item({"type": "function_call", "id": "c", "name": "f", "arguments": ""})),
    "a reasoning item": (2, another_item({"type": "reasoning", "id": "r", "summary": []})),
    "a second message": (2, another_item(answers.item("second"))),
    "a refusing part": (2, [answers.event(answers.at("refusal.delta", "p", delta="no"))]),
}
"""What may have begun when a stream is cut, and in which of the APIs."""


@pytest.mark.parametrize(("api", "begun"), OPEN.values(), ids=OPEN.keys())
async def test_what_is_no_plain_text_is_cut_as_it_was(api: int, begun: list[bytes]) -> None:
    ask, say, _ = APIS[api]
    read, closing = READ_ANY[api], CLOSING[api]
    for seed in range(SEEDS // len(OPEN) + 1):
        rng = random.Random(seed)
        text = "WXYZ" + "".join(rng.choices(LETTERS, k=rng.randint(8, 60)))
        events = say("p", pieces(rng, text))
        at = next(n for n, one in enumerate(events) if b"WXYZ" in one) + 1
        at = rng.randint(at, len(events) - closing)
        rest = b"".join(events[at : len(events) - closing])
        before = b"".join(events[:at] + begun)
        scene = Scene(rungs(*ALL), ask, body(model=ask.model, input="hi"))
        async with scene.open() as client:
            first = before + rest
            tell(scene.call(0), first[: rng.randint(len(before), len(first))], rng.randint(1, 400))
            scene.call(0).fail(rng.choice([Fault.RESET, Fault.EOF]), Phase.CONTENT)
        assert ended_as_cut(client)
        assert text.startswith(read(client.body))
        assert len(scene.stage.upstream.calls) == 1
