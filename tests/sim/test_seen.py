import pytest

from tests.sim.talk import seen


def test_target_comes_apart() -> None:
    one = seen("/v1/messages?beta=true")
    assert (one.path, one.query) == ("/v1/messages", "beta=true")


def test_only_an_object_is_a_payload() -> None:
    one = seen()
    for body, payload in ((b'{"a": 1}', {"a": 1}), (b"[1]", {}), (b"\xff{", {})):
        one.take(body, "hash")
        assert (one.payload, one.body, one.sha256) == (payload, body, "hash")


def test_of_a_large_body_the_log_keeps_little() -> None:
    small = {"model": "m", "stream": True, "messages": [1]}
    large = seen(payload={**small, "pad": "x" * 2_000_000})
    large.trim(10)
    assert large.body == b'{"model": '
    assert large.payload == {"model": "m", "stream": True}
    assert large.model == "m"
    other = seen(payload=small)
    other.trim(10)
    assert other.payload == small


def test_the_model_stands_in_the_body_or_the_path() -> None:
    assert seen(payload={"model": "m"}).model == "m"
    assert seen("/v1beta/models/gemini-x:generateContent", {}).model == "gemini-x"
    assert seen(payload={"model": 1}).model is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Authorization", b"Bearer k"),
        (b"x-api-key", b"k"),
        (b"X-Goog-Api-Key", b"k"),
        (b"api-key", b"k"),
    ],
)
def test_the_key_stands_in_any_of_the_vendors_fields(name: bytes, value: bytes) -> None:
    assert seen(headers=((name, value),)).key == "k"


def test_no_key() -> None:
    assert seen().key is None
