"""What the edge answers itself."""

import json

from proxy.edge.visit import Visit, reply_to
from proxy.model import Dialect, Refusal
from tests.edge.test_fields import message

REFUSAL = Refusal(status=503, code="draining", message="Faultline: going.")


class Line:
    """A connection that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.cuts: list[bool] = []
        self.can_go_on = True
        self.full = False
        self.transport = self

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        self.written += data

    def cut(self, *, framed: bool) -> None:
        self.cuts.append(framed)


def visit(start: str = "POST /v1/messages HTTP/1.1", *lines: str) -> tuple[Visit, Line]:
    line = Line()
    reply = reply_to(line, message(*lines, start=start))  # type: ignore[arg-type]
    return Visit("id-1", reply), line


def test_a_refusal_is_said_in_the_dialect_that_is_known_by_then() -> None:
    made, line = visit()
    made.dialect = Dialect.ANTHROPIC
    made.refuse(REFUSAL)
    head, _, body = line.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"x-faultline-request-id: id-1" in head
    assert json.loads(body)["type"] == "error"
    assert made.reply.keep


def test_json_is_told_with_its_request_id() -> None:
    made, line = visit()
    made.tell(b'{"a":1}')
    assert line.written.endswith(b'\r\n\r\n{"a":1}')
    assert b"x-faultline-request-id: id-1" in line.written


def test_what_has_no_end_is_refused_before_its_head_and_cut_after_it() -> None:
    made, line = visit()
    made.break_off(REFUSAL)
    assert line.written.startswith(b"HTTP/1.1 503 ")
    assert line.cuts == []
    made, line = visit()
    made.reply.begin(200, (), b"", last=False)
    made.break_off(REFUSAL)
    assert line.cuts == [True]
    assert not line.written.endswith(b"0\r\n\r\n")


def test_only_a_modern_client_that_asks_for_nothing_else_is_kept() -> None:
    assert visit()[0].reply.keep
    assert not visit("POST / HTTP/1.1", "Connection: close")[0].reply.keep
    assert not visit("POST / HTTP/1.0", "Connection: keep-alive")[0].reply.keep
    assert not visit("POST / HTTP/1.1", "Connection: Upgrade", "Upgrade: h2c")[0].reply.keep
    assert not reply_to(Line(), REFUSAL).keep  # type: ignore[arg-type]
