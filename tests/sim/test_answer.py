from proxy.sim import answer
from proxy.sim.answer import Answer

STREAM = answer.streamed([b"L"], [b"1", b"2", b"3"], [b"C"], ((b"x-id", b"7"),))
UNARY = answer.unary({"a": "bcdef"})


def test_a_stream_is_chunked() -> None:
    assert b"transfer-encoding: chunked" in STREAM.begin()
    assert b"content-length" not in STREAM.begin()
    assert STREAM.frame(b"ab", b"c") == b"2\r\nab\r\n1\r\nc\r\n"
    assert STREAM.end() == b"0\r\n\r\n"


def test_a_unary_answer_has_a_length() -> None:
    assert b"content-length: 14" in UNARY.begin()
    assert UNARY.frame(*UNARY.events) == b'{"a": "bcdef"}'
    assert UNARY.end() == b""


def test_fields_can_be_added() -> None:
    assert STREAM.begin((b"x-more", b"1")).endswith(b"x-more: 1\r\n\r\n")
    assert b"x-id: 7" in STREAM.begin()


def test_the_first_tokens_come_with_what_leads_to_them() -> None:
    assert STREAM.first(0) == (b"L",)
    assert STREAM.first(2) == (b"L", b"1", b"2")
    assert UNARY.first(2) == (b'{"a": "',)


def test_a_label_is_replaced() -> None:
    labelled = STREAM.labelled(b"text/plain")
    assert [v for k, v in labelled.headers if k == b"content-type"] == [b"text/plain"]
    assert isinstance(labelled, Answer)


def test_an_event_has_a_name_where_it_is_given_one() -> None:
    assert answer.event({"a": 1}) == b'data: {"a":1}\n\n'
    assert answer.event({"a": 1}, "ping") == b'event: ping\ndata: {"a":1}\n\n'
