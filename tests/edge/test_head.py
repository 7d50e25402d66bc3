"""The head of an answer: framing, what never passes, the cage for pages."""

import pytest

from proxy.edge.head import Framing, Head, render_head
from proxy.model import Headers

JSON = (b"Content-Type", b"application/json; charset=utf-8")


def head(
    headers: Headers = (JSON,),
    *,
    status: int = 200,
    size: int | None = None,
    bodiless: bool = False,
    chunks: bool = True,
    keep: bool = True,
) -> Head:
    return render_head(status, headers, size=size, bodiless=bodiless, chunks=chunks, keep=keep)


def lines(made: Head) -> list[bytes]:
    assert made.data.endswith(b"\r\n\r\n")
    return made.data[:-4].split(b"\r\n")


def test_fields_pass_as_they_came_and_in_their_order() -> None:
    made = head((JSON, (b"X-Request-ID", b"a: b"), (b"x-two", b""), (b"x-two", b"2")), size=3)
    assert lines(made) == [
        b"HTTP/1.1 200 OK",
        b"Content-Type: application/json; charset=utf-8",
        b"X-Request-ID: a: b",
        b"x-two: ",
        b"x-two: 2",
        b"content-length: 3",
    ]
    assert made.keep


@pytest.mark.parametrize(
    ("status", "line"), [(429, b"HTTP/1.1 429 Too Many Requests"), (529, b"HTTP/1.1 529 ")]
)
def test_the_reason_is_ours(status: int, line: bytes) -> None:
    assert lines(head(status=status))[0] == line


@pytest.mark.parametrize(
    ("told", "kind", "framing", "length", "line"),
    [
        (None, {"size": 5}, Framing.LENGTH, 5, b"content-length: 5"),
        (b"9", {"size": 5}, Framing.LENGTH, 5, b"content-length: 5"),
        (b"9", {}, Framing.LENGTH, 9, b"content-length: 9"),
        (b"0", {}, Framing.LENGTH, 0, b"content-length: 0"),
        (b"-9", {}, Framing.CHUNKED, 0, b"transfer-encoding: chunked"),
        (None, {}, Framing.CHUNKED, 0, b"transfer-encoding: chunked"),
        (None, {"chunks": False}, Framing.CLOSE, 0, b"connection: close"),
        (b"9", {"bodiless": True}, Framing.NONE, 0, b"content-length: 9"),
        (b"9", {"status": 304}, Framing.NONE, 0, b"content-length: 9"),
    ],
)
def test_a_body_is_framed(
    told: bytes | None, kind: dict[str, int], framing: Framing, length: int, line: bytes
) -> None:
    headers = (JSON,) if told is None else (JSON, (b"Content-Length", told))
    made = head(headers, **kind)  # type: ignore[arg-type]
    assert (made.framing, made.length) == (framing, length)
    assert lines(made)[-1] == line
    assert made.data.lower().count(b"content-length") <= 1


def test_no_content_has_no_length() -> None:
    made = head((JSON, (b"content-length", b"0")), status=204)
    assert made.framing is Framing.NONE
    assert b"content-length" not in made.data


@pytest.mark.parametrize(
    "name", [b"Transfer-Encoding", b"Keep-Alive", b"TE", b"Trailer", b"Upgrade", b"Connection"]
)
def test_what_belongs_to_one_connection_stays_there(name: bytes) -> None:
    made = head((JSON, (name, b"chunked")), size=0)
    assert name.lower() + b":" not in made.data.lower()
    assert made.keep


def test_an_answer_may_be_its_connections_last() -> None:
    assert lines(head(keep=False, size=0))[-1] == b"connection: close"
    made = head((JSON, (b"Connection", b"Close")), size=0)
    assert not made.keep
    assert lines(made)[-1] == b"connection: close"


@pytest.mark.parametrize("code", [*range(9), *range(10, 32), 127])
def test_a_control_character_never_passes(code: int) -> None:
    bad = b"a" + bytes([code]) + b"b"
    made = head((JSON, (b"x-bad", bad), (b"x-" + bytes([code]), b"b"), (b"x-good", b"c")), size=0)
    assert lines(made)[1:] == [
        b"Content-Type: application/json; charset=utf-8",
        b"x-good: c",
        b"content-length: 0",
    ]


def test_a_field_cannot_smuggle_a_line_in() -> None:
    made = head((JSON, (b"x-bad", b"a\r\nset-cookie: b")), size=0)
    assert b"set-cookie" not in made.data


@pytest.mark.parametrize(
    ("types", "caged"),
    [
        ([b"application/json"], False),
        ([b"Application/JSON"], False),
        ([b"text/event-stream; charset=utf-8"], False),
        ([b"audio/mpeg"], False),
        ([b"text/html"], True),
        ([b"image/svg+xml"], True),
        ([b"application/octet-stream"], True),
        ([], True),
        ([b"application/json", b"text/html"], True),
        ([b"text/html", b"application/json"], True),
    ],
)
def test_a_page_of_an_upstream_is_caged(types: list[bytes], caged: bool) -> None:
    made = head(tuple((b"content-type", value) for value in types), size=0)
    assert (b"content-security-policy: sandbox" in lines(made)) is caged
    assert (b"x-content-type-options: nosniff" in lines(made)) is caged
