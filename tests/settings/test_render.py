"""What a person sees in a terminal."""

from proxy.settings.problem import Code, Problem, Severity
from proxy.settings.render import count, render, render_all
from tests.settings.tables import GOOD, only, problems


def test_a_problem_shows_its_place_its_line_and_its_mend() -> None:
    problem = only(GOOD + "    limits: {first_contnt: 2m}\n".replace("    ", "defaults:\n  ", 1))
    assert render(problem) == (
        "error[FL200]: `first_contnt` is not a key of `limits`\n"
        " --> t.yaml:9:12  (defaults.limits.first_contnt)\n"
        "  |\n"
        "9 |   limits: {first_contnt: 2m}\n"
        "  |            ^^^^^^^^^^^^\n"
        "  = help: did you mean `first_content`?"
    )


def test_the_gutter_is_as_wide_as_the_line_number() -> None:
    shown = render(only(GOOD + "#\n" * 4 + "budgets: {}\n")).splitlines()
    assert shown[1].startswith("  --> t.yaml:12:1")
    assert shown[3] == "12 | budgets: {}"
    assert shown[4] == "   | ^^^^^^^"


def test_a_mend_of_several_lines_is_indented() -> None:
    shown = render(only(GOOD + "listen: 0.0.0.0:8080\n")).splitlines()
    assert shown[-4:] == [
        "  = help: let apps show a token:",
        "            clients:",
        '              app: {token: "${APP_TOKEN}"}',
        "          or listen on `localhost` only",
    ]


def test_wide_characters_do_not_move_the_caret() -> None:
    shown = render(only(GOOD + 'defaults: {"日本e\u0301": 1}\n')).splitlines()
    assert shown[3].index('"日本') == 15
    assert shown[4] == "  | " + " " * 11 + "^" * 7


def test_a_file_as_a_whole_has_no_line() -> None:
    problem = Problem(
        code=Code.UNREADABLE, severity=Severity.ERROR, file="t.yaml", reason="it cannot be read"
    )
    assert render(problem) == "error[FL100]: it cannot be read\n--> t.yaml"


def test_colour_is_there_when_asked_for_and_changes_no_word() -> None:
    problem = only(GOOD + "budgets: {}\n")
    coloured = render(problem, colour=True)
    assert "\x1b[1;31merror[FL200]\x1b[0m" in coloured
    for code in ("1", "1;31", "1;33", "1;34", "1;36", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == render(problem)


def test_all_are_shown_and_counted() -> None:
    found = problems(GOOD.replace("[openai, spare]", "[openai]") + "budgets: {}\ndrain: 1\n")
    shown = render_all(found)
    assert shown.count("-->") == 3
    assert shown.endswith("\n\n2 errors, 1 warning")
    assert count(found[:1]) == "1 warning"
    assert count(()) == ""
