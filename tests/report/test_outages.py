"""Reading histories of outages."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.model import Cause
from proxy.report.outages import HistoryError, Outage, apart, published, read_history, spans

HEAD = "provider,started_at,minutes\n"


def test_the_published_ones_come_with_their_source() -> None:
    history = published()
    assert len(history.outages) == 253
    assert "ICPE 2025" in history.source
    assert {outage.provider for outage in history.outages} == {"openai", "anthropic"}
    assert history.outages[0] == Outage(
        provider="openai",
        started=datetime(2021, 3, 2, 2, 7, tzinfo=UTC),
        lasted=600.0,  # type: ignore[arg-type]
    )


def test_a_file_of_the_same_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("minutes,note,provider,started_at\n1.5,x,a,2024-01-01T00:00:00+00:00\n")
    history = read_history(path)
    assert history.source == "mine.csv"
    assert [(outage.provider, outage.lasted) for outage in history.outages] == [("a", 90.0)]


def test_spans_are_those_of_a_provider_and_a_cause(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    rows = ("A,2024-01-01T00:00Z,1,tcp", "a,2024-01-01T00:00Z,2,", "a,2024-01-01T00:00Z,3,dns")
    path.write_text(
        "\n".join(["provider,started_at,minutes,cause", *rows, rows[0].replace("A", "b")])
    )
    history = read_history(path)
    assert list(spans(history, "a", Cause.TCP)) == [60.0, 120.0]
    assert list(spans(history, "a", None)) == [60.0, 120.0, 180.0]
    assert not spans(history, "c", None)


def test_what_is_known_already_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        HEAD
        + "openai,2021-03-02T03:07+01:00,11\nopenai,2021-03-02T02:07Z,7\na,2021-03-02T02:07Z,3\n"
    )
    new = apart(read_history(path), published())
    assert [each.provider for each in new.outages] == ["a"]
    assert new.source == "mine.csv"
    assert not apart(published(), published()).outages


def test_a_spreadsheets_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(HEAD + "a,2024-01-01T00:00Z,3\n", encoding="utf-8-sig")
    assert len(read_history(path).outages) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the first line has no column provider, started_at, minutes"),
        ("provider,minutes\na,1\n", "the first line has no column started_at"),
        (HEAD + "a,2024-01-01T00:00Z,long\n", "line 2: could not convert"),
        (HEAD + "a,yesterday,1\n", "line 2: Invalid isoformat"),
        (HEAD + "a,2024-01-01T00:00Z,1\nb,2024-01-01T00:00Z\n", "line 3 has no minutes"),
        ("minutes,started_at,provider\n1,2024-01-01T00:00Z\n", "line 2 has no provider"),
        (HEAD + "\n\n,2024-01-01T00:00Z,1\n", "line 4 has no provider"),
        (HEAD + "a,2024-01-01T00:00Z,0\n", "line 2: an outage has a start"),
        (HEAD + "a,2024-01-01T00:00Z,-5\n", "line 2: an outage has a start"),
        (HEAD + "a,2024-01-01T00:00Z,nan\n", "line 2: an outage has a start"),
        (HEAD + "a,2024-01-01T00:00Z,inf\n", "line 2: an outage has a start"),
        (HEAD + "a,2024-01-01T00:00,1\n", "line 2: an outage has a start"),
        ("cause," + HEAD + "gremlins,a,2024-01-01T00:00Z,1\n", "line 2: 'gremlins' is not"),
        (HEAD + "\udcff,2024-01-01T00:00Z,1\n", "can't decode"),
    ],
)
def test_a_file_that_is_none_says_where(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(HistoryError, match=reason) as told:
        read_history(path)
    assert str(told.value).startswith(str(path))


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_history(tmp_path / "none.csv")
