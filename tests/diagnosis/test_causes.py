"""What each cause means to a person: the enum, the README and the pages agree."""

import re
from pathlib import Path

import pytest

from proxy.diagnosis.causes import MEANINGS, causes_table, table_in
from proxy.model import Cause

ROOT = Path(__file__).parent.parent.parent
PAGES = (ROOT / "docs" / "causes.md").read_text("utf-8")
HEADINGS = re.findall(r"^## (\w+)$", PAGES, re.MULTILINE)


def test_every_cause_has_a_meaning() -> None:
    assert list(MEANINGS) == list(Cause)


def test_the_readme_has_the_table() -> None:
    assert table_in((ROOT / "README.md").read_text("utf-8")) == causes_table()


def test_a_readme_without_its_lines_is_told() -> None:
    with pytest.raises(ValueError, match="not found"):
        table_in("# Faultline\n")


def test_every_cause_has_a_page_and_no_page_is_left_over() -> None:
    assert [str(cause) for cause in Cause] == HEADINGS


@pytest.mark.parametrize("cause", Cause)
def test_a_page_says_what_it_means_what_is_done_and_what_to_do(cause: Cause) -> None:
    page = PAGES.split(f"\n## {cause}\n")[1].split("\n## ")[0]
    for part in ("**Means.**", "**Faultline**", "**You**"):
        assert page.count(part) == 1, part
