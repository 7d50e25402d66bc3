"""As much of a table as has the right shape is checked further."""

import pytest

from proxy.settings.problem import Code
from tests.settings.tables import BACKENDS, GOOD, ROUTES, codes, only, place


def test_a_wrong_key_hides_nothing_else_of_its_backend() -> None:
    text = GOOD.replace("provider: openai, key", "provider: azure-openai, acount: x, key", 1)
    assert codes(text) == [Code.NO_URL, Code.UNKNOWN_KEY]


def test_a_wrong_key_hides_nothing_else_of_its_route() -> None:
    text = GOOD.replace("[openai, spare]", "[openai, openai], attempts: many")
    assert set(codes(text)) == {Code.WRONG_TYPE, Code.SAME_TARGET, Code.NO_FALLBACK}


def test_a_lost_backend_is_known_by_its_name() -> None:
    text = GOOD.replace('provider: openai, key: "${SPARE}"', "provider: openai, url: x, key: none")
    assert codes(text) == [Code.URL]


def test_a_lost_route_keeps_the_others_in_their_places() -> None:
    text = f"{GOOD}  - {{tiers: [spare]}}\n  - word\n  - {{name: x, tiers: [openai, spare]}}\n"
    assert codes(text) == [Code.MISSING_KEY, Code.WRONG_TYPE, Code.UNREACHABLE]


def test_a_lost_section_leaves_the_rest() -> None:
    assert set(codes(f"{GOOD}drain: x\nlog: {{level: x}}\nlisten: 0.0.0.0:80\n")) == {
        Code.DURATION,
        Code.WRONG_WORD,
        Code.EXPOSED,
    }


def test_a_bad_name_of_a_backend_leaves_the_rest() -> None:
    text = GOOD.replace("routes:", "  b d: {provider: openai, key: none}\nroutes:") + "listen: x\n"
    assert codes(text) == [Code.NAME, Code.ADDRESS]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"version: 1\nbackends: {{}}\n{ROUTES}", "backends"),
        (f"version: 1\n{BACKENDS}routes: []\n", "routes"),
    ],
)
def test_a_table_without_backends_or_routes_has_nothing_to_do(text: str, key: str) -> None:
    assert Code.NOTHING_TO_DO in codes(text)


@pytest.mark.parametrize("routes", ["routes: word", "routes: {a: b}", "routes: [5, [x]]"])
def test_routes_that_are_none_do_no_harm(routes: str) -> None:
    assert Code.WRONG_TYPE in codes(f"version: 1\n{BACKENDS}{routes}\n")


@pytest.mark.parametrize("backends", ["backends: word", "backends: [a]", "backends: {a: 5}"])
def test_backends_that_are_none_do_no_harm(backends: str) -> None:
    assert Code.WRONG_TYPE in codes(f"version: 1\n{backends}\n{ROUTES}")


def test_an_unknown_backend_is_told_at_the_word() -> None:
    text = GOOD.replace("[openai, spare]", "[[openai, spar], {backend: 'opena'}, spare]")
    told = codes(text)
    assert told == [Code.UNKNOWN_BACKEND, Code.UNKNOWN_BACKEND]
    text = GOOD.replace("[openai, spare]", "[openai, {model: x, backend: 'opena'}]")
    assert (only(text).line, only(text).column) == place(text, "'opena'")
