"""The kinds of values: what each takes, what it says of others, numbers from the environment."""

import pytest

from proxy.settings.problem import Code
from tests.settings.tables import ENV, GOOD, fleet, only, place, problems


def with_backend(more: str) -> str:
    return GOOD.replace('key: "${SPARE}"', f'key: "${{SPARE}}", {more}')


@pytest.mark.parametrize(
    ("text", "needle", "code", "reason"),
    [
        (f"{GOOD}drain: 25\n", "25", Code.DURATION, "`25` is not a length of time"),
        (f"{GOOD}drain: [1s]\n", "[1s]", Code.WRONG_TYPE, "a list stands where text should"),
        (f"{GOOD}drain: true\n", "true", Code.WRONG_TYPE, "`true` stands where text should"),
        (f"{GOOD}bodies: {{limit: 1}}\n", "1}", Code.SIZE, "`1` is not a size"),
        (f"{GOOD}budget: {{extra: 0.2}}\n", "0.2", Code.PERCENT, "`0.2` is not a percentage"),
        (f"{GOOD}console: here\n", "here", Code.ADDRESS, "`here` is not an address"),
        (f"{GOOD}hosts: [a b]\n", "a b", Code.NAME, "`a b` is not the name of a host"),
        (f"{GOOD}hosts: ['*.x']\n", "'*.x'", Code.NAME, "`*.x` is not the name of a host"),
        (f"{GOOD}hosts: ['x:y']\n", "'x:y'", Code.NAME, "`x:y` is not the name of a host"),
        (with_backend("weight: 0"), "0}", Code.RANGE, "`0` is too small"),
        (with_backend("weight: 9999"), "9999", Code.RANGE, "`9999` is too large"),
        (with_backend("weight: 1.5"), "1.5", Code.WRONG_TYPE, "a whole number should"),
        (with_backend("account: a b"), "a b", Code.NAME, "`a b` is not a name"),
        (with_backend("account: 5"), "5}", Code.WRONG_TYPE, "`5` stands where text should"),
        (with_backend("private: 'true'"), "'true'", Code.WRONG_TYPE, "the text `true` stands"),
        (
            with_backend("headers: {a b: x}"),
            "a b",
            Code.HEADER,
            "`a b` is not the name of a header",
        ),
        (with_backend('headers: {a: "x\\n"}'), '"x', Code.HEADER, "cannot stand in a header"),
        (with_backend('headers: {a: "é"}'), '"é', Code.HEADER, "cannot stand in a header"),
        (with_backend('headers: {a: " x"}'), '" x', Code.HEADER, "cannot stand in a header"),
        (with_backend("headers: {Authorization: x}"), "Auth", Code.HEADER, "writes itself"),
        (with_backend("headers: {Host: x}"), "Host", Code.HEADER, "writes itself"),
        (with_backend("headers: {proxy-auth: x}"), "proxy-a", Code.HEADER, "writes itself"),
        (with_backend("headers: {x-faultline-y: z}"), "x-fault", Code.HEADER, "writes itself"),
        (with_backend('models: {a: ""}'), '""', Code.NAME, "is empty, too long or unprintable"),
        (with_backend(f"models: {{a: {'x' * 257}}}"), "xxx", Code.NAME, "is empty, too long"),
        (with_backend('models: {a: "\\t"}'), '"\\t"', Code.NAME, "is empty, too long"),
    ],
)
def test_each_kind_says_what_it_is_not(text: str, needle: str, code: Code, reason: str) -> None:
    problem = next(p for p in problems(text) if p.code is code)
    assert reason in problem.reason
    where = text.index(needle)
    assert (problem.line, problem.column) == (
        text[:where].count("\n") + 1,
        where - text[:where].rfind("\n"),
    )


def test_a_glob_has_few_stars() -> None:
    text = GOOD.replace("tiers:", f'match: {{model: "{"a*" * 9}"}}, tiers:')
    assert only(text).code is Code.GLOB
    fleet(text.replace("a*" * 9, "a*" * 8))


def test_a_host_may_carry_the_port_that_leads_here() -> None:
    text = f"{GOOD}hosts: [Faultline, 'mapped:9000', '127.0.0.1:9001']\n"
    assert fleet(text).hosts == ("faultline", "mapped:9000", "127.0.0.1:9001")


def test_names_become_labels_and_headers() -> None:
    text = GOOD.replace("name: all", "name: a/b")
    problem = only(text)
    assert problem.code is Code.NAME
    assert (problem.line, problem.column) == place(text, "a/b")
    bad = GOOD.replace("  spare:", "  sp are:").replace("[openai, spare]", "[openai, claude]")
    assert next(p for p in problems(bad) if p.code is Code.NAME).where == "backends.sp are"


def test_numbers_and_truth_values_may_come_from_the_environment() -> None:
    env = ENV | {"N": "7", "YES": "true", "NO": "false"}
    text = with_backend('weight: "${N}", max_in_flight: ${UNSET:-9}, private: "${YES}"')
    text = text.replace(", max_in_flight: ${UNSET:-9}", ', max_in_flight: "${UNSET:-9}"')
    spare = fleet(text, env).backends["spare"]
    assert (spare.weight, spare.max_in_flight, spare.private) == (7, 9, True)
    assert fleet(with_backend('private: "${NO}"'), env).backends["spare"].private is False


@pytest.mark.parametrize("value", ["many", "0x7", "1.5", "99999999999999999999", ""])
def test_what_comes_from_the_environment_is_not_quoted(value: str) -> None:
    problem = only(with_backend('weight: "${N}"'), ENV | {"N": value})
    assert problem.reason.startswith("the value of `${N}` in the environment stands where a whole")


def test_a_quoted_number_is_told_to_lose_its_quotes() -> None:
    assert only(with_backend('weight: "7"')).mend == "write it without quotes: `7`"
    assert only(with_backend("account: 5")).mend == 'write it in quotes: `"5"`'
