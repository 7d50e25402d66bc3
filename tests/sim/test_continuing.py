import json

import pytest

from proxy.sim import Behaviour, continuing, ok
from proxy.sim.voice import Voice
from tests.sim.talk import chat, steps, voice

USER = {"role": "user", "content": "hi"}


def said(behaviour: Behaviour, *turns: dict[str, str], path: str = "/v1/chat/completions") -> str:
    asked: Voice = voice(path, chat(stream=False, messages=list(turns), max_tokens=99))
    data = b"".join(step for step in steps(behaviour, asked) if isinstance(step, bytes))
    body = json.loads(data.partition(b"\r\n\r\n")[2])
    if path.endswith("/messages"):
        return str(body["content"][0]["text"])
    return str(body["choices"][0]["message"]["content"])


def own(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


WHOLE = said(ok(), USER)


def test_asked_as_always_it_answers_as_always() -> None:
    assert said(continuing(), USER) == WHOLE
    assert said(continuing(), USER, own("x"), USER) == said(ok(), USER, own("x"), USER)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("at", [1, 7, len(WHOLE) - 1])
def test_it_goes_on_with_a_turn_that_was_begun(path: str, at: int) -> None:
    assert WHOLE[:at] + said(continuing(), USER, own(WHOLE[:at]), path=path) == WHOLE


def test_it_repeats_the_anchor_and_goes_on() -> None:
    at = len(WHOLE) - 4
    anchor = WHOLE[:at][-48:]
    asked = {"role": "user", "content": f"Go on:\n{anchor}"}
    answer = said(continuing(prefill=False), USER, own(WHOLE[:at]), asked)
    assert answer == anchor + WHOLE[at:]


def test_it_goes_on_with_a_response_by_its_anchor() -> None:
    def respond(asked: object) -> str:
        data = steps(continuing(), voice("/v1/responses", {"input": asked, "model": "m"}))[0]
        assert isinstance(data, bytes)
        body = json.loads(data.partition(b"\r\n\r\n")[2])
        return str(body["output"][0]["content"][0]["text"])

    whole = respond("hi")
    begun, anchor = whole[:-4], whole[:-4][-48:]
    asked = {"role": "user", "content": f"Go on:\n{anchor}"}
    assert respond([USER, own(begun), asked]) == anchor + whole[-4:]


def test_a_prefill_can_be_refused() -> None:
    asked = voice(payload=chat(messages=[USER, own("x")]))
    (step,) = steps(continuing(prefill=False), asked)
    assert isinstance(step, bytes)
    assert step.startswith(b"HTTP/1.1 400 ")
    assert str(continuing(prefill=False)) == "continuing(no prefill)"


def test_what_has_no_turns_is_answered_as_always() -> None:
    asked = voice("/v1/completions", {"prompt": "hi", "model": "m"})
    assert steps(continuing(), asked) == steps(ok(), asked)
