"""Badges."""

from xml.etree import ElementTree as ET

import pytest

from proxy.console.badge import COLOURS, badge


@pytest.mark.parametrize("tone", COLOURS)
def test_a_badge_says_its_word_in_text_and_for_readers(tone: str) -> None:
    picture = ET.fromstring(badge("faultline", "well", tone))
    assert picture.get("aria-label") == "faultline: well"
    assert [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")] == [
        "faultline",
        "well",
    ]


def test_long_words_make_it_wide_and_hostile_ones_do_nothing() -> None:
    short, long = badge("a", "b", "good"), badge("a" * 50, "<script>&\"'\x00", "bad")
    assert int(ET.fromstring(short).get("width", "")) < int(ET.fromstring(long).get("width", ""))
    assert "<script" not in long


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", COLOURS.values())
def test_white_can_be_read_on_every_colour(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5
