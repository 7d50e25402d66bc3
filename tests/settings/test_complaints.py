"""Pydantic's complaints in plain words."""

import pytest

from proxy.settings.complaints import tell
from proxy.settings.document import read
from proxy.settings.problem import Code
from tests.settings.tables import BACKENDS, GOOD, findings, only, place, problems


@pytest.mark.parametrize(
    ("more", "needle", "reason", "mend"),
    [
        ("budgets: {}", "budgets", "a key of the table", "did you mean `budget`?"),
        ("bodies: {limt: 1MiB}", "limt", "a key of `bodies`", "did you mean `limit`?"),
        ("log: {colour: x}", "colour", "a key of `log`", "its keys: format, level"),
        ("defaults: {limits: {first_contnt: 2m}}", "first_contnt", "`limits`", "`first_content`?"),
        ("defaults: {limits: {head: {steam: 2m}}}", "steam", "`head`", "did you mean `stream`?"),
        ("defaults: {hedge: {aftr: 2s}}", "aftr", "`hedge`", "did you mean `after`?"),
        ("clients: {a: {token: {fil: x}}}", "fil", "`token`", "did you mean `file`?"),
        ("clients: {a: {tokn: x}}", "tokn", "a key of client `a`", "did you mean `token`?"),
    ],
)
def test_an_unknown_key_is_told_at_its_place(
    more: str, needle: str, reason: str, mend: str
) -> None:
    text = f"{GOOD}{more}\n"
    problem = next(p for p in problems(text) if p.code is Code.UNKNOWN_KEY)
    assert reason in problem.reason
    assert mend in problem.mend
    where = text.rindex(needle)
    assert (problem.line, problem.column) == (8, where - text[:where].rfind("\n"))


def test_an_unknown_key_of_a_backend_a_route_and_a_target() -> None:
    text = GOOD.replace("openai, key", "openai, acount: x, key", 1).replace(
        "tiers: [openai, spare]", "tirs: [], tiers: [openai, {backend: spare, modle: x}]"
    )
    assert [(p.reason, p.mend) for p in problems(text)] == [
        ("`acount` is not a key of backend `openai`", "did you mean `account`?"),
        ("`tirs` is not a key of route `all`", "did you mean `tiers`?"),
        ("`modle` is not a key of this target", "did you mean `model`?"),
    ]


@pytest.mark.parametrize(
    ("text", "reason", "mend", "where"),
    [
        (GOOD[11:], "the table lacks the key `version`", "add `version: 1`", "version"),
        ("version: 1\n" + BACKENDS, "the table lacks the key `routes`", "add `routes: [", "routes"),
        (
            GOOD.replace("provider: anthropic, ", ""),
            "backend `claude` lacks the key `provider`",
            "add `provider: openai-compatible`",
            "backends.claude.provider",
        ),
        (
            GOOD.replace('provider: anthropic, key: "${KEY}"', "provider: anthropic"),
            "backend `claude` lacks the key `key`",
            'add `key: "${CLAUDE_API_KEY}"`, or `key: none`',
            "backends.claude.key",
        ),
        (
            GOOD.replace("name: all, ", ""),
            "route 1 lacks the key `name`",
            "add `name: chat`",
            "routes.0.name",
        ),
        (
            GOOD.replace(", tiers: [openai, spare]", ""),
            "route `all` lacks the key `tiers`",
            "add `tiers: [backend]`",
            "routes.all.tiers",
        ),
        (
            f"{GOOD}clients: {{app: {{}}}}\n",
            "client `app` lacks the key `token`",
            'add `token: "${APP_TOKEN}"`',
            "clients.app.token",
        ),
        (
            GOOD.replace("[openai, spare]", "[openai, spare, {model: x}]"),
            "this target lacks the key `backend`",
            "add `backend: openai`",
            "routes.all.tiers.2.backend",
        ),
    ],
)
def test_a_missing_key_is_told_with_an_example(
    text: str, reason: str, mend: str, where: str
) -> None:
    problem = next(p for p in problems(text) if p.code is Code.MISSING_KEY)
    assert (problem.reason, problem.where) == (reason, where)
    assert mend in problem.mend


def test_a_missing_key_is_told_where_it_belongs() -> None:
    text = GOOD.replace("provider: anthropic, ", "")
    assert (only(text).line, only(text).column) == place(text, "claude")


@pytest.mark.parametrize(
    ("more", "reason", "mend"),
    [
        ("defaults: {balance: lest}", "`lest` is not `first`, `spread` or `least`", "`least`?"),
        ("defaults: {sticky: off-ish}", "`off-ish` is not `auto` or `none`", ""),
        ("defaults: {resume: [alig]}", "`alig` is not `align`, `prefill` or `anchor`", "`align`?"),
        ("log: {level: warn}", "`warn` is not `debug`, `info`, `warning` or `error`", "`warning`?"),
        ("defaults: {attempts: 0}", "`0` is too small", "it must be at least 1"),
        ("defaults: {attempts: 21}", "`21` is too large", "it must be at most 20"),
        ("hosts: x", "the text `x` stands where a list should", "put it in brackets"),
        ("hosts: {a: b}", "a mapping stands where a list should", "put it in brackets"),
        ("log: [x]", "a list stands where a mapping (`key: value` lines) should", ""),
        ("log: x", "the text `x` stands where a mapping", ""),
        ("clients: 5", "`5` stands where a mapping (`name: value` lines) should", ""),
        ("clients: {a: {token: none}}", "this is not a token", '`"${NAME}"` or `{file: path}`'),
        ("clients: {a: {token: 5}}", "this is not a token", "`{file: path}`"),
        ("clients: {a: {token: [x]}}", "this is not a token", "`{file: path}`"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(more: str, reason: str, mend: str) -> None:
    problem = only(f"{GOOD}{more}\n")
    assert reason in problem.reason
    assert mend in problem.mend


def test_a_version_of_the_future_is_not_known() -> None:
    problem = only(GOOD.replace("version: 1", "version: 2"))
    assert problem.reason == "`2` is a version of the table that is not known"
    assert problem.mend == "write `1`"


@pytest.mark.parametrize("version", ["true", "1.0", "'1'"])
def test_a_version_is_a_whole_number(version: str) -> None:
    problem = only(GOOD.replace("version: 1", f"version: {version}"))
    assert problem.code is Code.WRONG_TYPE


def test_a_key_that_is_a_number_is_no_key() -> None:
    text = GOOD.replace('"${SPARE}"', "12345")
    assert only(text).reason == "this is not a key"


def test_a_complaint_of_a_kind_to_come_is_told_in_pydantics_words() -> None:
    found = findings("a: 1")
    found.root = read(found, hidden=lambda _: False)
    tell({"type": "new", "loc": ("a",), "msg": "Input should be odd", "input": None}, found)
    assert found.problems()[0].reason == "`1`: Input should be odd"


def test_where_a_trap_was_told_nothing_more_is_said() -> None:
    text = GOOD.replace('"${SPARE}"', '"${SPARE}", private: on, weight: 012')
    assert [p.code for p in problems(text)] == [Code.AMBIGUOUS_WORD, Code.AMBIGUOUS_NUMBER]
