"""What is sent to one target: the path behind the backend's own, the model's name replaced."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.render import Spliced, render
from proxy.model import (
    Api,
    Ask,
    Backend,
    Body,
    Credential,
    CredentialKind,
    Dialect,
    Operation,
    Refusal,
    Splice,
    Target,
    Url,
)


@dataclass(frozen=True)
class Pieces:
    """A body that comes in chunks, in memory or not."""

    pieces: Sequence[bytes]
    in_memory: bool = True
    replayable: bool = True
    refusal: Refusal | None = None
    sized: bool = True

    @property
    def size(self) -> int | None:
        return sum(map(len, self.pieces)) if self.sized else None

    @property
    def data(self) -> bytes | None:
        return b"".join(self.pieces) if self.in_memory else None

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def backend(path: str = "/v1", **models: str) -> Backend:
    return Backend(
        name="b",
        provider="openai",
        dialect=Dialect.OPENAI,
        url=Url(tls=True, host="api.example.com", port=443, path=path),
        credential=Credential(kind=CredentialKind.NONE),
        models=models,
    )


def ask(
    path: str = "/v1/chat/completions",
    dialect: Dialect = Dialect.OPENAI,
    query: str = "",
    model: str | None = "gpt",
    model_at: tuple[int, int] | None = (9, 14),
    model_in_path: bool = False,
) -> Ask:
    return Ask(
        dialect=dialect,
        api=Api.CHAT,
        operation=Operation.GENERATE,
        method="POST",
        path=path,
        query=query,
        model=model,
        model_at=model_at,
        model_in_path=model_in_path,
    )


BODY = b'{"model":"gpt","stream":true}'


def sent(body: Body) -> bytes:
    assert body.data is not None
    return body.data


@pytest.mark.parametrize(
    ("base", "path", "dialect", "target"),
    [
        ("/v1", "/v1/chat/completions", Dialect.OPENAI, b"/v1/chat/completions"),
        ("/openai/v1", "/v1/files/v1/x", Dialect.OPENAI, b"/openai/v1/files/v1/x"),
        ("", "/v1/messages", Dialect.ANTHROPIC, b"/messages"),
        ("/v1beta", "/v1beta/cachedContents", Dialect.GEMINI, b"/v1beta/cachedContents"),
        ("/v1", "/v1beta/files", Dialect.GEMINI, b"/v1/files"),
        ("/v1beta", "/upload/v1beta/files", Dialect.GEMINI, b"/upload/v1beta/files"),
        ("/v1", "/api/hello", Dialect.ANTHROPIC, b"/api/hello"),
        ("/x", "/api/v1/tags", Dialect.OPENAI, b"/api/v1/tags"),
    ],
)
def test_the_path_stands_behind_the_backends_own(
    base: str, path: str, dialect: Dialect, target: bytes
) -> None:
    body = Pieces([BODY])
    rendered = render(ask(path, dialect), body, Target(backend=backend(base)))
    assert rendered.target == target
    assert rendered.body is body


def test_the_query_goes_along() -> None:
    rendered = render(ask(query="beta=true&a=%2F"), Pieces([BODY]), Target(backend=backend()))
    assert rendered.target == b"/v1/chat/completions?beta=true&a=%2F"


@pytest.mark.parametrize(
    ("target", "served"),
    [
        (Target(backend=backend()), "gpt"),
        (Target(backend=backend(), model="gpt"), "gpt"),
        (Target(backend=backend(), model="qwen3-32b"), "qwen3-32b"),
        (Target(backend=backend(gpt="my-deployment")), "my-deployment"),
        (Target(backend=backend(), model='a"b\\\né'), 'a"b\\\né'),
    ],
)
def test_the_model_is_replaced_where_the_target_serves_another(target: Target, served: str) -> None:
    original = Pieces([BODY])
    rendered = render(ask(), original, target)
    assert json.loads(sent(rendered.body)) == {"model": served, "stream": True}
    assert rendered.body.size == len(sent(rendered.body))
    assert (rendered.body is original) is (served == "gpt")


def test_a_body_without_a_model_stays_as_it_is() -> None:
    body = Pieces([BODY])
    target = Target(backend=backend(), model="other")
    assert render(ask(model=None, model_at=None), body, target).body is body
    assert render(ask(model_at=None), body, target).body is body


def test_a_model_in_the_path_is_replaced_there() -> None:
    body = Pieces([BODY])
    path = "/v1beta/models/gemini-2.5-pro:generateContent"
    wanted = ask(path, Dialect.GEMINI, "alt=sse", "gemini-2.5-pro", (15, 29), model_in_path=True)
    rendered = render(wanted, body, Target(backend=backend("/v1"), model="gemini 3?"))
    assert rendered.target == b"/v1/models/gemini%203%3F:generateContent?alt=sse"
    assert rendered.body is body


@given(
    st.lists(st.binary(max_size=5), max_size=8),
    st.binary(max_size=5),
    st.integers(0, 40),
    st.integers(0, 40),
    st.booleans(),
)
async def test_a_spliced_body_is_the_same_in_memory_and_in_chunks(
    pieces: list[bytes], new: bytes, first: int, second: int, in_memory: bool
) -> None:
    whole = b"".join(pieces)
    start, end = sorted((min(first, len(whole)), min(second, len(whole))))
    if start == len(whole):
        return  # a replacement stands inside of a body: it replaces a string
    body = Spliced(Pieces(pieces, in_memory), Splice(start=start, end=end, data=new))
    expected = whole[:start] + new + whole[end:]
    for _ in range(2):
        assert b"".join([chunk async for chunk in body.chunks()]) == expected
    assert body.size == len(expected)
    assert body.data == (expected if in_memory else None)
    assert body.replayable


def test_a_spliced_body_is_no_more_than_its_own() -> None:
    splice = Splice(start=0, end=0, data=b"x")
    body = Spliced(Pieces([b"abc"], in_memory=False, replayable=False, sized=False), splice)
    assert body.size is None
    assert not body.replayable
    assert body.data is None
