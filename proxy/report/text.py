"""One line of the journal as text for people (`log.format: text`).

Knows the same records as the JSON form and says the same truths in fewer words. Whatever is not
printable is escaped. Pure.
"""

from collections.abc import Sequence

from proxy.model import AttemptRecord, ExchangeRecord
from proxy.report.lines import Entry, clip, instant, level_of


def text_lines(items: Sequence[ExchangeRecord | Entry], offset: float) -> bytes:
    """Return the lines as text, each with its line end."""
    return b"".join([to_text(item, offset) for item in items])


def to_text(item: ExchangeRecord | Entry, offset: float) -> bytes:
    """Return the line as text with its line end."""
    if isinstance(item, ExchangeRecord):
        at, level, said = item.ended, level_of(item), exchange_text(item)
    else:
        at, level, said = item.at, item.level, entry_text(item)
    clock = instant(at, offset).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"{clock}Z {level.name:<7} {printable(said)}\n".encode()


def exchange_text(record: ExchangeRecord) -> str:
    """Say what was asked, who answered how, and what went wrong before."""
    asked = f"{record.route or 'no route'}: {clip(record.model or record.path)}"
    answered = f" -> {record.backend}" if record.backend else ""
    if record.served_model not in (None, record.model):
        answered += f"/{clip(record.served_model or '')}"
    spent = f" in {seconds(record.ended - record.started)}"
    if record.committed is not None and record.stream:
        spent += f" (first content {seconds(record.committed - record.started)})"
    tries = "; ".join(attempt_text(a) for a in record.attempts if not a.verdict.good)
    return (
        f"{asked}{answered} {record.status} {record.result}{spent}"
        f"{f' after {tries}' if tries else ''} [{record.id}]"
    )


def attempt_text(record: AttemptRecord) -> str:
    """Say which backend failed, why, and on what evidence."""
    evidence = f" ({clip(record.verdict.evidence)})" if record.verdict.evidence else ""
    return f"{record.backend} {record.verdict.cause}{evidence}"


def entry_text(entry: Entry) -> str:
    """Say the event and its fields, each as `name=value`."""
    return " ".join([entry.event, *(f"{name}={value}" for name, value in entry.fields.items())])


def seconds(span: float) -> str:
    """Return a length of time with three digits that matter."""
    return f"{span * 1000:.0f} ms" if span < 1 else f"{span:.3g} s"


def printable(text: str) -> str:
    """Escape what is not printable the way Python does."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
