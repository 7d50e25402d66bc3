"""Every entry of the file can be reached, and every pattern can be found.

For each entry an outcome is made of its own conditions. The verdict must be this entry's, or that
of one before it with the same cause: an entry that can never speak is a mistake.
"""

from dataclasses import replace

import pytest

from proxy.diagnosis.index import Index
from proxy.diagnosis.pattern import Pattern, compile_pattern
from proxy.diagnosis.phrases import Phrases
from proxy.diagnosis.reading import Reading
from proxy.diagnosis.signature import Answer, Form, Signature, When
from proxy.model import Api, Operation, Phase
from tests.diagnosis.desk import entries

INDEX = Index(entries())
FORMS = [Form.JSON, Form.MARKUP, Form.TEXT, Form.EMPTY, Form.BINARY, Form.XML]


def written(pattern: Pattern) -> str:
    """A text that the pattern is in."""
    return " x ".join(piece.strip() for piece in pattern.pieces)


def texts(patterns: tuple[Pattern, ...]) -> list[str]:
    return [written(pattern) for pattern in patterns] or [""]


def made(when: When, status: int, text: str, words: set[str]) -> Reading:
    """What an answer that meets the conditions would say."""
    formed = next((form for form in FORMS if when.form is None or form in when.form), Form.JSON)
    return Reading(
        status=status,
        http=status or 200,
        provider=min(when.provider or {"nobody"}),
        fault=min(when.fault) if when.fault else None,
        phase=min(when.phase or {Phase.END}),
        api=min(when.api or {Api.CHAT}),
        operation=min(when.operation or {Operation.GENERATE}),
        stream=when.stream is True,
        reused=when.reused is True,
        headers={name: texts(patterns)[0] for name, patterns in when.header},
        form=formed,
        answer=min(when.answer) if when.answer else None,
        text=text,
        words=words | ({min(when.also)} if when.also else set()),
        finish={min(when.finish)} if when.finish else set(),
        title=texts(when.title)[0],
        source=texts(when.markup)[0],
    )


def readings(when: When) -> list[Reading]:
    """One for each status; and one for each pattern and word, with each of the first statuses."""
    statuses = sorted(when.status) if when.status else [503, 400, 200, 0]
    said, words = texts(when.says), sorted(when.word or ())
    first_words = set() if when.says or not words else {words[0]}
    found = [made(when, status, said[0], set(first_words)) for status in statuses]
    found += [made(when, status, text, set()) for text in said for status in statuses[:60]]
    return found + [made(when, status, "", {word}) for word in words for status in statuses[:60]]


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_an_entry_can_speak(entry: Signature) -> None:
    spoke = [INDEX.find(reading) for reading in readings(entry.when)]
    assert entry.id in {other.id for other in spoke if other is not None}


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_every_word_and_pattern_leads_somewhere_fitting(entry: Signature) -> None:
    """Each alternative alone must be able to reach this entry, or an earlier one of its cause."""
    when = entry.when
    alone = [replace(when, says=(pattern,), word=None) for pattern in when.says]
    alone += [replace(when, says=(), word=frozenset({word})) for word in when.word or ()]
    for one in alone:
        causes = {found.then.cause for reading in readings(one) if (found := INDEX.find(reading))}
        assert entry.then.cause in causes, one.says or one.word


def test_every_pattern_can_be_found() -> None:
    patterns = {
        pattern for entry in entries() for pattern in (*entry.when.says, *entry.when.silent)
    }
    phrases = Phrases(patterns)
    lost = [one.text for one in patterns if one.text not in phrases.said_in(written(one))]
    assert not lost
    assert len(patterns) > 500


def test_a_made_up_reading_fits_its_conditions() -> None:
    when = When(says=(compile_pattern("a * b"),), answer=frozenset({Answer.EMPTY}))
    (reading, *_) = readings(when)
    assert (reading.text, reading.answer) == ("a x b", Answer.EMPTY)
