"""Streams followed: the same at every split, and as an independent parser reads them."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.watch import MOST_EVENT, EventWatch, Watch, watch
from proxy.model import Api, Usage


@dataclass(frozen=True)
class Story:
    """All that a watch says of a stream."""

    out: bytes
    progress: bool
    content: bool
    terminal: bool
    done: bool
    failed: bytes | None
    garbled: int
    overflow: bool
    usage: Usage | None


def follow(api: Api, *pieces: bytes, choices: int = 1) -> Story:
    watched = watch(api, choices)
    out = b"".join([watched.feed(piece) for piece in pieces if piece]) + watched.end()
    return Story(
        out=out,
        progress=watched.progress > 0,
        content=watched.content,
        terminal=watched.terminal,
        done=watched.done,
        failed=watched.failed,
        garbled=watched.garbled,
        overflow=watched.overflow,
        usage=watched.usage,
    )


def events_of(stream: bytes) -> list[tuple[str, str]]:
    """An independent parser: the algorithm of the HTML standard, on the whole text at once."""
    events: list[tuple[str, str]] = []
    name, data = "", list[str]()
    text = stream.decode(errors="replace").removeprefix("\ufeff")
    for line in re.split("\r\n|\r|\n", text)[:-1]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data and "\n".join(data):
                events.append((name, "\n".join(data)))
            name, data = "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
    return events


def chat(delta: str = "{}", finish: str = "null", index: int = 0, more: str = "") -> str:
    return f'{{"choices":[{{"index":{index},"delta":{delta},"finish_reason":{finish}}}]{more}}}'


def event(data: str, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()


HELLO = event(chat('{"content":"héllo"}'))
ROLE = event(chat('{"role":"assistant","content":""}'))
STOP = event(chat(finish='"stop"'))
USAGE = event('{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}')
DONE = event("[DONE]")
GARBLED = event('{"choices":[{"index":0,"delta"')
COMMENT = b": keep-alive\n\n"
DELTA = event(
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}',
    "content_block_delta",
)
TEXT = event('{"type":"response.output_text.delta","delta":"hi"}', "response.output_text.delta")
REASON = event(
    '{"type":"response.reasoning_text.delta","delta":"x"}', "response.reasoning_text.delta"
)
PART = event('{"candidates":[{"content":{"parts":[{"text": "hi"}]},"index":0}]}')

FRAMES: dict[Api, list[bytes]] = {
    Api.CHAT: [
        ROLE, HELLO, HELLO, HELLO, event(chat('{"content": "a\\n\\"b"}')), USAGE,
        event('{"id":"","choices":[],"prompt_filter_results":[]}'), event(chat('{"content":""}')),
        event(chat('{"content":"\\ud83d"}')),
    ],
    Api.MESSAGES: [
        event('{"type":"message_start","message":{"usage":{"input_tokens":3}}}', "message_start"),
        event('{"type": "ping"}', "ping"), DELTA, DELTA, DELTA,
        event('{"type":"content_block_start","content_block":{"text":""}}', "content_block_start"),
        event('{"type":"message_delta","usage":{"output_tokens":9}}', "message_delta"),
    ],
    Api.RESPONSES: [
        event('{"type":"response.created","response":{"error":null}}', "response.created"),
        TEXT, TEXT, TEXT, REASON, REASON, event('{"type":"keepalive"}', "keepalive"),
    ],
    Api.GEMINI: [
        PART, PART, PART, event('{"usageMetadata":{"promptTokenCount":4}}'),
        event('{"candidates":[{"content":{"parts":[{"text":""}]}}]}'),
    ],
}  # fmt: skip
LASTS: dict[Api, list[bytes]] = {
    Api.CHAT: [STOP + USAGE + DONE, STOP, event('{"error":{"message":"x"}}') + DONE, DONE, b""],
    Api.MESSAGES: [
        event('{"type":"message_stop"}', "message_stop"),
        event('{"type":"error","error":{}}', "error"),
        b"",
    ],
    Api.RESPONSES: [
        event('{"type":"response.completed","response":{}}', "response.completed"),
        event('{"type":"error","code":"x"}', "error"),
        event('{"type":"response.failed","response":{}}', "response.failed"),
        b"",
    ],
    Api.GEMINI: [
        event('{"candidates":[{"content":{},"finishReason":"STOP"}]}'),
        b'{"error": {"code": 503}}\n\n',
        b"",
    ],
}
ODD = [
    COMMENT, b"\n", b"\r\n", b"\n\n", b"data:\n\n", b"data: \n\n", b"id: 1\nretry: 5\n\n", GARBLED,
    b"data: \xff\n\n", b'data: "x"\n\n', b"data: nothing\n\n", b"event: ping\n\n", b": \xff\n\n",
]  # fmt: skip
APIS = sorted(FRAMES)


@st.composite
def streams(draw: st.DrawFn) -> tuple[Api, bytes]:
    api = draw(st.sampled_from(APIS))
    frames = draw(st.lists(st.sampled_from(FRAMES[api] * 3 + ODD), max_size=14))
    stream = b"".join(frames) + draw(st.sampled_from(LASTS[api]))
    ending = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
    stream = stream.replace(b"\n", ending)
    if draw(st.booleans()):
        stream = stream.replace(b"data: ", b"data:")
    if draw(st.booleans()):
        stream = b"\xef\xbb\xbf" + stream
    return api, stream[: len(stream) - draw(st.sampled_from([0, 0, 0, 1, 2, 9]))]


@given(streams(), st.data())
def test_a_split_changes_nothing(made: tuple[Api, bytes], data: st.DataObject) -> None:
    api, stream = made
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert follow(api, *pieces) == follow(api, stream)
    assert follow(api, *(stream[i : i + 1] for i in range(len(stream)))) == follow(api, stream)


def is_readable(data: str) -> bool:
    try:
        return isinstance(json.loads(data), dict) and "\ufffd" not in data
    except ValueError:
        return False


@given(streams())
def test_the_client_sees_the_events_that_an_independent_parser_sees(
    made: tuple[Api, bytes],
) -> None:
    api, stream = made
    story = follow(api, stream)
    came, went = events_of(stream), events_of(story.out)
    proven = story.terminal or story.failed is not None
    readable = [
        (name, data)
        for name, data in came
        if (data.startswith("[DONE]") and proven)
        or name == "error"
        or not data.strip()
        or is_readable(data)
    ]
    marks = [place for place, (_, data) in enumerate(readable) if data.startswith("[DONE]")]
    if story.done and marks:
        readable = readable[: marks[0] + 1]
    assert went == readable


def test_the_bytes_of_a_whole_stream_go_on_as_they_came() -> None:
    stream = b"\xef\xbb\xbf" + COMMENT + ROLE + HELLO * 3 + b"\n\r\n" + STOP + USAGE + DONE
    story = follow(Api.CHAT, stream)
    assert story.out == stream
    assert (story.content, story.terminal, story.done) == (True, True, True)
    assert (story.garbled, story.failed) == (0, None)
    assert story.usage == Usage(input=7, output=2)


@pytest.mark.parametrize(
    ("stream", "progress", "content"),
    [
        (COMMENT, False, False),
        (event('{"choices":[]}'), False, False),
        (ROLE, True, False),
        (ROLE + HELLO, True, True),
        (event("  "), False, False),
    ],
)
def test_comments_feed_no_limit_but_the_transports(
    stream: bytes, progress: bool, content: bool
) -> None:
    story = follow(Api.CHAT, stream)
    assert (story.progress, story.content) == (progress, content)


@pytest.mark.parametrize("read", [HELLO, HELLO * 3, HELLO + COMMENT, COMMENT + HELLO, ROLE, STOP])
def test_each_read_that_brings_an_event_is_progress(read: bytes) -> None:
    watched = watch(Api.CHAT)
    for piece in (ROLE, HELLO, HELLO, read, read):
        before = watched.progress
        watched.feed(piece)
        assert watched.progress > before


def test_comments_between_content_are_no_progress() -> None:
    watched = watch(Api.CHAT)
    watched.feed(ROLE + HELLO + HELLO)
    before = watched.progress
    watched.feed(COMMENT)
    assert watched.progress == before


def test_a_garbled_event_is_dropped_and_counted() -> None:
    story = follow(Api.CHAT, HELLO + GARBLED + HELLO + STOP + DONE)
    assert story.out == HELLO + HELLO + STOP + DONE
    assert (story.garbled, story.terminal, story.done) == (1, True, True)


def test_a_garbled_first_event_is_told() -> None:
    watched = watch(Api.CHAT)
    assert watched.feed(COMMENT + GARBLED) == COMMENT
    assert (watched.garbled, watched.content) == (1, False)


@pytest.mark.parametrize(
    "payload", [b"\xff", b'{"choices":5}', b'{"choices":["x"]}', b"[]", b"1", b"<html>", b'{"a":1']
)
def test_what_cannot_be_read_is_garbled(payload: bytes) -> None:
    assert follow(Api.CHAT, HELLO + b"data: " + payload + b"\n\n" + HELLO).garbled == 1
    assert follow(Api.CHAT, b"data: " + payload + b"\n\n").garbled == 1


def test_half_a_surrogate_pair_is_no_reason_to_drop_text() -> None:
    half = event(chat('{"content":"\\ud83d"}'))
    assert follow(Api.CHAT, HELLO + half * 2).out == HELLO + half * 2


def test_done_alone_is_no_proof_and_does_not_go_on() -> None:
    story = follow(Api.CHAT, ROLE + HELLO + DONE + DONE)
    assert story.out == ROLE + HELLO
    assert (story.terminal, story.done) == (False, False)


def test_done_after_an_error_goes_on() -> None:
    error = event('{"error":{"message":"x"}}')
    story = follow(Api.CHAT, HELLO + error + DONE)
    assert story.out == HELLO + error + DONE
    assert (story.failed, story.done) == (b'{"error":{"message":"x"}}', False)


def test_nothing_goes_on_behind_the_end_marker() -> None:
    watched = watch(Api.CHAT)
    assert watched.feed(HELLO + STOP + DONE + DONE + HELLO) == HELLO + STOP + DONE
    assert watched.feed(HELLO) == b""
    assert watched.end() == b""


def test_a_missing_done_is_no_cut() -> None:
    story = follow(Api.CHAT, HELLO + STOP)
    assert (story.terminal, story.done) == (True, False)


def test_each_choice_must_finish() -> None:
    first, second = event(chat(finish='"stop"')), event(chat(finish='"length"', index=1))
    assert follow(Api.CHAT, HELLO + first).terminal
    assert not follow(Api.CHAT, HELLO + first, choices=2).terminal
    assert follow(Api.CHAT, HELLO + first + second, choices=2).terminal
    assert not follow(Api.CHAT, HELLO + event(chat('{"content":"x"}', index=1)) + first).terminal
    assert follow(Api.CHAT, HELLO + first + DONE, choices=2).done  # a backend that ignores `n`


@pytest.mark.parametrize(
    ("tail", "out", "terminal"),
    [
        (STOP[:-1], STOP[:-1], True),
        (STOP[:-2], STOP[:-2], True),
        (STOP[:-3], b"", False),
        (HELLO[:-2], b"", False),
        (b": keep", b"", False),
        (b"data: {", b"", False),
    ],
)
def test_a_torn_tail_goes_on_where_it_completes_the_answer(
    tail: bytes, out: bytes, terminal: bool
) -> None:
    story = follow(Api.CHAT, HELLO + tail)
    assert story.out == HELLO + out
    assert (story.terminal, story.garbled) == (terminal, 0)


def test_the_tail_of_done_goes_on() -> None:
    assert follow(Api.CHAT, HELLO + STOP + DONE[:-1]).out == HELLO + STOP + DONE[:-1]


@pytest.mark.parametrize(
    ("api", "frame"),
    [
        (Api.CHAT, b'error: {"code":500,"message":"x"}\n\n'),
        (Api.CHAT, b"event: error\ndata: Internal Server Error\n\n"),
        (Api.MESSAGES, b"event: error\ndata: x\n\n"),
        (Api.RESPONSES, b"event: error\ndata: x\n\n"),
        (Api.GEMINI, b"event: error\ndata: x\n\n"),
        (Api.GEMINI, b'[{"error": {"code": 503}}]\r\n\r\n'),
        (Api.GEMINI, b'{\n "error": {"code": 503}\n}\n'),
        (Api.CHAT, b'{"error":{"message":"x"}}'),
    ],
)
def test_inventions_that_say_that_it_failed(api: Api, frame: bytes) -> None:
    before = FRAMES[api][1]
    for pieces in ([frame], [before, frame], [before, frame[:5], frame[5:]]):
        assert follow(api, *pieces).failed is not None


def test_bare_json_that_says_nothing_bad_passes() -> None:
    story = follow(Api.CHAT, b'{"choices":[]}\n\n' + HELLO)
    assert (story.failed, story.garbled) == (None, 0)


def test_an_event_across_many_reads_costs_one_look() -> None:
    text = "x" * 700_000
    stream = HELLO + event(chat(json.dumps({"content": text}))) + STOP
    pieces = [stream[i : i + 1000] for i in range(0, len(stream), 1000)]
    assert follow(Api.CHAT, *pieces) == follow(Api.CHAT, stream)
    assert follow(Api.CHAT, *pieces).out == stream


def test_an_event_without_end_is_not_kept_for_ever() -> None:
    watched = watch(Api.CHAT)
    assert watched.feed(HELLO) == HELLO
    for _ in range(MOST_EVENT // 65_536 + 1):
        assert watched.feed(b"data: " + b"x" * 65_530) == b""
    assert watched.overflow
    assert watched.feed(HELLO) == watched.end() == b""
    assert follow(Api.CHAT, b"data: " + b"x" * MOST_EVENT + b"\n\n").overflow


def crowd(*frames: bytes) -> bytes:
    one = b"".join(frames)
    return one * (256 * 1024 // len(one))


@pytest.mark.parametrize(
    "stream",
    [
        crowd(b"data: {}\n\n"),
        crowd(b'data: {"choices":[{}]}\n\n', b"data: {}\n\n"),
        crowd(b":\n\n"),
        crowd(b'data: {"choices":[{}]}\n\n') + b"data: {\ndata: }\n\n",
        crowd(b"data: {\n\n"),
    ],
    ids=["empty", "changing", "comments", "odd last", "garbled"],
)
def test_no_read_holds_the_loop_up(stream: bytes) -> None:
    watched = watch(Api.CHAT)
    watched.feed(HELLO)
    begun = time.process_time()
    watched.feed(stream)
    assert time.process_time() - begun < 3  # 0.2 s where nothing is looked at twice; 30 s elsewise


@pytest.mark.parametrize("api", [Api.JSON, Api.OPAQUE, Api.EMBEDDINGS])
def test_of_other_streams_all_bytes_are_content(api: Api) -> None:
    watched = watch(api)
    assert not watched.proves
    assert type(watched) is Watch
    assert watched.feed(b"\x00data: {") == b"\x00data: {"
    assert (watched.content, watched.progress) == (True, 1)
    assert (watched.terminal, watched.end()) == (False, b"")


def test_every_api_of_events_can_prove_its_end() -> None:
    apis: Sequence[Api] = [api for api in Api if isinstance(watch(api), EventWatch)]
    assert set(apis) == {Api.CHAT, Api.COMPLETIONS, Api.RESPONSES, Api.MESSAGES, Api.GEMINI}
    assert all(watch(api).proves for api in apis)
