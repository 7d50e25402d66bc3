"""JSON as most clients read it."""

import pytest

from proxy.diagnosis.tree import parse_json


def test_what_servers_get_wrong_is_read_all_the_same() -> None:
    assert parse_json('{"a": "\\ud83d", "b": NaN}') is not None


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "NaN" + "[" * 100_000, "nope", "[NaN"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_json(text)
