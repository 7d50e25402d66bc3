"""The judge of all scenarios: what must hold in every run, whatever was done to it.

It looks at one `Story` from outside and knows nothing of how Faultline works. Each rule yields what
it found wrong; their numbers are those under which the behaviour is specified.
"""

import base64
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from urllib.parse import quote

from proxy.model import AttemptRecord, Change, HealthChange, Resumed, Scope, Sent
from proxy.sim.seen import Seen
from tests.scenarios import reading
from tests.scenarios.crossing import Call, End
from tests.scenarios.story import Attempt, Story

CLOSED_WITHIN = 0.05
"""Seconds in which an upstream connection ends when its client has gone (I-7)."""
PIECE = 8
"""Characters of a key that give it away (I-9)."""
MOST_READ = 64 * 1024
"""Bytes at either end of an answer in which a key is looked for (I-9)."""
BUDGET, FLOOR, SPAN = 0.2, 3, 10.0
"""What may be repeated at a backend in 10 s (I-6)."""

Rule = Callable[[Story], Iterator[str]]


def judge(story: Story) -> list[str]:
    """Return all that is wrong with a run."""
    return [f"{name}: {what}" for name, rule in RULES.items() for what in rule(story)]


def one_outcome(story: Story) -> Iterator[str]:
    """Each call ends in exactly one way, and is told exactly once."""
    for call in story.calls:
        if call.end is None:
            yield f"call {call.number} has no end"
        if len(call.statuses) > 1:
            yield f"call {call.number} got {len(call.statuses)} status lines: {call.statuses}"
        if call.trouble:
            yield f"call {call.number}: {call.trouble}"
    told = len(story.told.records) + len(story.told.codes)
    asked = sum(1 for call in story.calls if call.method)
    if told != asked:
        yield f"{asked} calls, but {told} told"
    for number, record in story.record_of.items():
        if record.status != (status := story.calls[number].status):
            yield f"call {number} saw {status}, told is {record.status}"


def provenance(story: Story) -> Iterator[str]:
    """A client sees the bytes of one provider, and of its own request."""
    for call in story.calls:
        record = story.record_of.get(call.number)
        if record is None or call.backend in story.unseen:
            continue
        stamps = reading.stamps(bytes(call.answer))
        owner = story.owner.get(call.backend)
        if owner is None:
            if stamps:
                yield f"call {call.number}: a refusal with the words of {stamps}"
        elif not any(_joined(attempt) for attempt in record.attempts):
            yield from _from_one(story, call, owner, stamps)
        elif not any(attempt.garbled for attempt in record.attempts):
            yield from _gone_on_with(story, call)


def _from_one(story: Story, call: Call, owner: str, stamps: set[str]) -> Iterator[str]:
    if stamps - {owner}:
        yield f"call {call.number}: words of {stamps}, answered by {owner}"
    wrong = [_unlike(call, a) for a in story.attempts_of[call.number] if a.provider == owner]
    if all(wrong):
        yield f"call {call.number}: {wrong[0] if wrong else f'{owner} never saw it'}"


def _gone_on_with(story: Story, call: Call) -> Iterator[str]:
    """An answer of two parts reads as if it were one: all providers have the same words."""
    if not call.path.endswith("/chat/completions"):
        return  # the scenario looks at the others
    shown, said = reading.chat_text(bytes(call.answer)), story.speech(call)
    if shown != said if call.end is End.COMPLETE else not said.startswith(shown):
        yield f"call {call.number}: {shown!r} was put together of {said!r}"


def _joined(record: AttemptRecord) -> bool:
    return record.resumption is not None and record.resumption.result is Resumed.JOINED


def _unlike(call: Call, attempt: Attempt) -> str:
    """Say how a client's answer differs from what a provider has said."""
    said = reading.read(attempt.said)
    if said is None:
        return "answered from no answer"
    if said.status != call.status:
        return f"status {call.status} from {said.status}"
    shown = bytes(call.answer)
    if not attempt.said_all:
        shown = shown[: len(said.body)]
    if call.streamed:
        whole = call.end is End.COMPLETE and attempt.said_all
        return reading.difference(shown, said.body, whole=whole)
    if call.end is End.COMPLETE and attempt.said_all:
        return "" if shown == said.body else f"{shown[:120]!r} from {said.body[:120]!r}"
    return "" if said.body.startswith(shown) else f"{shown[:120]!r} from {said.body[:120]!r}"


def no_false_whole(story: Story) -> Iterator[str]:
    """An answer that its provider has not finished never looks finished."""
    for call in story.calls:
        if not call.complete:
            continue
        if call.streamed and not reading.is_terminated(call.path, bytes(call.answer)):
            yield f"call {call.number} ended properly without the end of its answer"
        if call.backend and not call.streamed:
            said = [reading.read(attempt.said) for attempt in story.attempts_of[call.number]]
            whole = any(answer is not None and answer.complete for answer in said)
            if not whole and all(attempt.said_all for attempt in story.attempts_of[call.number]):
                yield f"call {call.number} ended properly, but no provider finished"


def same_body(story: Story) -> Iterator[str]:
    """Every attempt carries the client's bytes, but for the model's name."""
    for attempt in story.attempts:
        seen = attempt.seen
        known = not seen.length or not seen.sha256 or seen.sha256 in story.by_body
        if not known and story.by_turn(seen) is None:
            yield f"{attempt.backend} got a body that no client sent: {seen.body[:120]!r}"


def honest_attempts(story: Story) -> Iterator[str]:
    """What is told to have been sent is what the providers saw."""
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for _, record in story.told.attempts:
        least[record.backend] += record.sent >= Sent.HEAD_SEEN
        most[record.backend] += record.sent >= Sent.MAYBE_SENT
    saw = Counter(attempt.backend for attempt in story.attempts)
    for backend in {*most, *saw} - story.unseen:
        if not least[backend] <= saw[backend] <= most[backend]:
            told = f"{least[backend]} to {most[backend]}"
            yield f"{backend} saw {saw[backend]} requests, told are {told}"
    for number, exchange in story.record_of.items():
        said = int(story.calls[number].fields.get("x-faultline-attempts", "0"))
        made = len(exchange.attempts)
        late = sum(a.hedge or a.resumption is not None for a in exchange.attempts)
        if not said - late <= made <= said + late:
            yield f"call {number} was told {said} attempts, there were {made}"


def bounded(story: Story) -> Iterator[str]:
    """No exchange tries more than the table allows, and no backend is stormed."""
    for record in story.told.records:
        if len(record.attempts) > story.most_attempts:
            yield f"{record.id} made {len(record.attempts)} attempts"
    calls = sorted(call.began for call in story.calls)
    attempts = sorted(attempt.seen.at for attempt in story.attempts)
    for index, at in enumerate(attempts[::50]):
        since = at - SPAN
        made = sum(1 for other in attempts[: index * 50 + 1] if other > since)
        asked = sum(1 for began in calls if since - SPAN < began <= at)
        paid = sum(max(FLOOR, math.ceil(BUDGET * asked)) for _ in story.keys)
        if made > 2 * asked + paid:
            yield f"{made} attempts for {asked} calls in {SPAN:g} s"


def cancelled_at_once(story: Story) -> Iterator[str]:
    """When a client goes, so does all that was under way for it, and nothing new begins."""
    took, within = [], CLOSED_WITHIN + story.late
    for call in story.calls:
        if call.end is not End.LEFT or call.ended is None:
            continue
        for attempt in story.attempts_of[call.number]:
            seen = attempt.seen
            if seen.at > call.ended + within:
                yield f"{attempt.backend} got call {call.number} after its client had left"
            elif not _was_over(seen, call.ended, within):
                took.append((seen.peer_closed or math.inf) - call.ended)
    took.sort()
    if took and (late := took[math.ceil(len(took) * 0.99) - 1]) > within:
        yield f"upstream closed {late * 1000:.0f} ms after the client (p99 of {len(took)})"


def _was_over(seen: Seen, left: float, within: float) -> bool:
    """Tell whether there was nothing to close: the whole answer was there, or crossed the leaving.

    Its connection waits for the next request then.
    """
    if seen.ended is None:
        return False
    crossed = seen.answered and seen.peer_closed is None
    return seen.ended < left + (within if crossed else 0.0)


def nothing_left(story: Story) -> Iterator[str]:
    """What was taken is given back."""
    yield from story.left_behind


def kept_secrets(story: Story) -> Iterator[str]:
    """A backend's key is nowhere but at its own provider, and no app's key is anywhere."""
    shown = dict(story.surfaces)
    for call in story.calls:
        head, tail = call.answer[:MOST_READ], call.answer[MOST_READ:][-MOST_READ:]
        shown[f"call {call.number}"] = bytes(head + tail) + repr(call.fields).encode()
    at: dict[str, list[bytes]] = defaultdict(list)
    for attempt in story.attempts:
        seen = attempt.seen
        told = b"".join(name + b":" + value + b"\n" for name, value in seen.headers)
        at[attempt.provider].append(seen.target.encode() + told + seen.body)
    heard = {f"provider {name}": b"".join(parts) for name, parts in at.items()}
    for backend, key in story.keys.items():
        own = f"provider {story.owner[backend]}"
        foreign = {name: text for name, text in heard.items() if name != own}
        yield from _shows(f"the key of {backend}", key, shown | foreign)
    if story.app_key:
        yield from _shows("the app's key", story.app_key, shown | heard)


def _shows(whose: str, key: str, texts: dict[str, bytes]) -> Iterator[str]:
    known = forms(key)
    # Every piece has one of these in it, and they are fewer.
    half = PIECE // 2
    hints = {form[at : at + half] for form in known for at in range(0, len(form) - half + 1, half)}
    pieces = {form[at : at + PIECE] for form in known for at in range(len(form) - PIECE + 1)}
    for name, text in texts.items():
        if any(hint in text for hint in hints) and (found := [p for p in pieces if p in text]):
            yield f"{whose} is in {name}: {found[0]!r}"


def forms(key: str) -> set[bytes]:
    """Return all that a key may look like: as it is, URL-encoded, in base64 at any offset."""
    raw = key.encode()
    found = {raw, quote(key, safe="").encode()}
    for start in range(3):
        encoded = base64.b64encode(raw[start:]).rstrip(b"=")[:-1]
        found |= {encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def safe_breakers(story: Story) -> Iterator[str]:
    """Out of rotation there is one probe at a time, and only a good one leads back."""
    yield from _ways_back(story)
    yield from _probes(story)
    yield from _barred(story)


def _ways_back(story: Story) -> Iterator[str]:
    """Only a probe or the end of a cooldown leads back, and only who is out is probed."""
    last: dict[tuple[object, ...], HealthChange] = {}
    for change in story.told.changes:
        who = (change.scope, change.backend, change.model)
        before = last.get(who)
        if change.change is Change.RECOVERED and (
            before is None or before.change not in {Change.PROBING, Change.COOLED}
        ):
            yield f"{who} recovered from {before and before.change}"
        if change.change is Change.PROBING and before is None:
            yield f"{who} is probed and never was out"
        last[who] = change


def _probes(story: Story) -> Iterator[str]:
    """One probe at a time."""
    probes: dict[str, list[AttemptRecord]] = defaultdict(list)
    for _, record in story.told.attempts:
        if record.probe:
            probes[record.backend].append(record)
    for backend, records in probes.items():
        records.sort(key=lambda record: record.started)
        for one, other in pairwise(records):
            if other.started < _decided(one) - 1e-6 and one.model == other.model:
                yield f"two probes of {backend} at once"


def _decided(record: AttemptRecord) -> float:
    """Return when a probe had its result: with the first content, or with its end."""
    times = {phase.value: after for phase, after in record.times}
    after = times.get("content", times.get("end"))
    return record.ended if after is None else record.started + after


def _barred(story: Story) -> Iterator[str]:
    """While a backend is ejected, nothing begins there but probes."""
    out: dict[str, float] = {}
    spans: list[tuple[str, float, float]] = []
    for change in story.told.changes:
        if change.scope is not Scope.BACKEND:
            continue
        if change.change is Change.EJECTED:
            out.setdefault(change.backend, change.at)
        elif change.change is Change.RECOVERED and change.backend in out:
            spans.append((change.backend, out.pop(change.backend), change.at))
    spans += [(backend, at, math.inf) for backend, at in out.items()]
    for _, record in story.told.attempts:
        for backend, start, end in spans:
            inside = start < record.started < end
            if record.backend == backend and inside and not record.probe and not record.hedge:
                yield f"an attempt at {backend} began while it was out, {record.started - start} s"


def honest_numbers(story: Story) -> Iterator[str]:
    """What the metrics say at the end is what happened."""
    if (page := story.surfaces.get("/metrics")) is None:
        return
    numbers = reading.Numbers(page.decode())
    asked = sum(1 for call in story.calls if call.method)
    if (shown := numbers.sum("faultline_requests_total")) != asked:
        yield f"{asked} calls, shown are {shown:g}"
    made = Counter(record.backend for _, record in story.told.attempts)
    for backend in story.owner:
        shown = numbers.sum("faultline_attempts_total", backend=backend)
        if shown != made[backend]:
            yield f"{made[backend]} attempts at {backend}, shown are {shown:g}"
    rescued = sum(record.rescued for record in story.told.records)
    if (shown := numbers.sum("faultline_rescued_total")) != rescued:
        yield f"{rescued} rescued, shown are {shown:g}"
    yield from _rescues(story)
    yield from _standing(story, numbers)


def _rescues(story: Story) -> Iterator[str]:
    """Rescued is whose client has a whole answer, and was told of a failure before it."""
    for number, record in story.record_of.items():
        call = story.calls[number]
        if record.rescued and not call.complete and call.end is not End.LEFT:
            yield f"call {number} is told as rescued, and was not whole"
        helped = call.complete and call.backend and "x-faultline-reason" in call.fields
        if helped and not record.rescued:
            yield f"call {number} was rescued, and is not told so"


def _standing(story: Story, numbers: reading.Numbers) -> Iterator[str]:
    last = {c.backend: c.change for c in story.told.changes if c.scope is Scope.BACKEND}
    for backend in story.owner:
        shown = numbers.sum("faultline_backend_state", backend=backend)
        if last.get(backend) is Change.EJECTED and shown != 0:
            yield f"{backend} is ejected, shown is {shown:g}"
        if not story.told.changes and shown != 1:
            yield f"{backend} never left the rotation, shown is {shown:g}"


RULES: dict[str, Rule] = {
    "I-1": one_outcome,
    "I-2": provenance,
    "I-3": no_false_whole,
    "I-4": same_body,
    "I-5": honest_attempts,
    "I-6": bounded,
    "I-7": cancelled_at_once,
    "I-8": nothing_left,
    "I-9": kept_secrets,
    "I-12": safe_breakers,
    "I-13": honest_numbers,
}
