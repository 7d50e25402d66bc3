"""The table of calls against OpenAI's own and the tables' own rules."""

from proxy.dialects.paths import FAMILIES, GEMINI_METHODS, POSTS, UNKNOWN
from proxy.model import Api, Operation


def test_paths_stand_without_version_and_closing_slash() -> None:
    assert all(path.startswith("/") and not path.endswith("/") for path in POSTS)
    assert not any(path.startswith("/v1") for path in POSTS)
    assert all("/" not in name for name in (*FAMILIES, *GEMINI_METHODS))


def test_a_known_call_has_a_dialect_and_is_known() -> None:
    for call in (*POSTS.values(), *GEMINI_METHODS.values()):
        assert call.dialect is not None
        assert call.operation is not Operation.OTHER


def test_families_are_objects_that_an_account_holds() -> None:
    for call in FAMILIES.values():
        assert (call.operation, call.api) == (Operation.STATEFUL, Api.OPAQUE)
        assert not call.reads_body


def test_an_unknown_call_may_answer_anything() -> None:
    assert (UNKNOWN.operation, UNKNOWN.api, UNKNOWN.dialect) == (Operation.OTHER, Api.OPAQUE, None)
