from proxy.sim.seen import JsonObject
from proxy.sim.speech import Speech, speak

PROMPT: JsonObject = {"model": "a", "messages": [{"role": "user", "content": "hi"}]}


def say(payload: JsonObject, provider: str = "alpha", *, stamp: bool = False) -> Speech:
    return speak(payload, provider=provider, model="m", tokens=8, stamp=stamp)


def test_two_providers_say_the_same_to_one_prompt() -> None:
    assert say(PROMPT).text == say(PROMPT | {"model": "b", "stream": True}, "beta").text
    assert say(PROMPT).text != say(PROMPT | {"messages": "else"}).text


def test_an_input_is_a_text_or_the_turn_that_says_it() -> None:
    turn: JsonObject = {"role": "user", "content": "hi"}
    assert say({"input": "hi"}) == say({"input": [turn]})
    assert say({"input": "hi"}) != say({"input": [turn | {"content": "else"}]})
    assert say({"input": "hi"}) != say({"input": [turn | {"role": "system"}]})
    assert say({"input": "hi"}) != say({"input": [turn, turn]})


def test_ids_carry_the_provider() -> None:
    assert say(PROMPT).id("msg_").startswith("msg_alpha-")


def test_each_token_can_carry_the_provider() -> None:
    assert all(token.endswith("@alpha") for token in say(PROMPT, stamp=True).tokens)


def test_the_requests_limit_cuts() -> None:
    assert not say(PROMPT).cut
    for limit in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        speech = say(PROMPT | {limit: 3})
        assert speech.cut
        assert speech.output_tokens == 3
    assert say(PROMPT | {"generationConfig": {"maxOutputTokens": 2}}).output_tokens == 2
    assert not say(PROMPT | {"max_tokens": 8}).cut


def test_the_prompt_is_counted() -> None:
    assert say(PROMPT | {"messages": "x" * 400}).input_tokens > 100
