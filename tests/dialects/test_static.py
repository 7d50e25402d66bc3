import json

import pytest

from proxy.dialects.gate import State, gate_for
from proxy.dialects.static import MODEL, static_answer
from proxy.model import Api, Ask, Dialect, Head, Operation

TEXT = 'We are\n"sorry" \u2028 \U0001f614'
DIALECTS = {
    Api.CHAT: Dialect.OPENAI,
    Api.COMPLETIONS: Dialect.OPENAI,
    Api.RESPONSES: Dialect.OPENAI,
    Api.MESSAGES: Dialect.ANTHROPIC,
    Api.GEMINI: Dialect.GEMINI,
}


def ask(api: Api, *, stream: bool = False, choices: int = 1) -> Ask:
    return Ask(
        dialect=DIALECTS.get(api, Dialect.OPENAI),
        api=api,
        operation=Operation.GENERATE,
        method="POST",
        path="/v1/any",
        stream=stream,
        choices=choices,
    )


@pytest.mark.parametrize("api", DIALECTS)
@pytest.mark.parametrize("choices", [1, 2])
def test_a_stream_is_whole_by_our_own_measure(api: Api, choices: int) -> None:
    asked = ask(api, stream=True, choices=choices)
    answer = static_answer(asked, TEXT)
    assert answer is not None
    headers, body = answer
    gate = gate_for(asked, Head(status=200, headers=headers))
    assert gate.feed(body) is State.READY
    assert gate.watch is not None
    assert gate.watch.terminal
    assert gate.watch.failed is None
    assert gate.watch.garbled == 0
    assert json.dumps(TEXT, ensure_ascii=False).encode() in body
    assert MODEL.encode() in body


@pytest.mark.parametrize("api", DIALECTS)
def test_an_answer_in_one_piece_is_json(api: Api) -> None:
    answer = static_answer(ask(api), TEXT)
    assert answer is not None
    headers, body = answer
    assert dict(headers) == {b"content-type": b"application/json", b"cache-control": b"no-store"}
    assert TEXT in str(json.loads(body)) or json.dumps(TEXT, ensure_ascii=False).encode() in body


def test_every_choice_says_it() -> None:
    answer = static_answer(ask(Api.CHAT, choices=3), TEXT)
    assert answer is not None
    choices = json.loads(answer[1])["choices"]
    assert [(c["index"], c["message"]["content"]) for c in choices] == [(n, TEXT) for n in range(3)]


@pytest.mark.parametrize("api", [Api.EMBEDDINGS, Api.JSON, Api.OPAQUE])
def test_where_an_api_has_no_text_there_is_no_answer(api: Api) -> None:
    assert static_answer(ask(api), TEXT) is None
