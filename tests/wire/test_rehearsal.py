"""What each drill looks like to whoever makes the attempt."""

from dataclasses import replace
from itertools import pairwise

import pytest

from proxy.exchange import Call, Order
from proxy.model import Drill, Ending, Fault, Head, Phase, Seconds, Sent
from proxy.sim.faults import FAULTS
from proxy.wire.rehearsal import EVENTS, LATE, Rehearsal
from tests.exchange.stage import Bytes, FakeClock, ScriptedCall, ScriptedUpstream, backend

PAGE = (502, ((b"server", b"cloudflare"),), b"<html>502</html>")


class Heard:
    """A receiver that keeps what it hears."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self.heads: list[Head] = []
        self.body = b""
        self.ends: list[Ending] = []
        self.call: Call | None = None
        self.leaves_at: str | None = None

    def on_phase(self, phase: Phase) -> None:
        self.phases.append(phase)
        self._leave(phase)

    def on_head(self, head: Head) -> None:
        self.heads.append(head)
        self._leave("on_head")

    def on_data(self, data: bytes) -> None:
        assert data
        assert not self.ends
        self.body += data
        self._leave("on_data")

    def on_end(self, ending: Ending) -> None:
        self.ends.append(ending)

    def _leave(self, where: str) -> None:
        if where == self.leaves_at:
            assert self.call is not None
            self.call.cancel()

    @property
    def faults(self) -> list[Fault | None]:
        return [ending.fault for ending in self.ends]


class Stage:
    def __init__(self, drill: Drill | None) -> None:
        self.clock = FakeClock()
        self.upstream = ScriptedUpstream()
        self.heard = Heard()
        order = Order(
            backend=backend("p"),
            method=b"POST",
            target=b"/v1/chat/completions",
            headers=(),
            body=Bytes(),
            connect=Seconds(1.0),
            tls=Seconds(1.0),
            drill=drill,
        )
        self.call = Rehearsal(self.upstream, self.clock, PAGE).start(order, self.heard)
        self.heard.call = self.call

    @property
    def real(self) -> ScriptedCall:
        (call,) = self.upstream.calls
        return call


def test_the_words_are_those_of_the_simulated_providers() -> None:
    assert {str(drill) for drill in Drill} == set(FAULTS)


def test_without_a_drill_the_real_upstream_has_the_order() -> None:
    stage = Stage(None)
    assert stage.call is stage.real
    assert stage.real.receiver is stage.heard


@pytest.mark.parametrize("drill", [Drill.CDN_502, Drill.RESET, Drill.SILENCE, Drill.GARBAGE])
def test_what_needs_no_backend_never_reaches_it(drill: Drill) -> None:
    stage = Stage(drill)
    assert stage.heard.phases == []  # nothing from inside `start`
    stage.clock.advance(0)
    assert stage.upstream.calls == []
    assert stage.heard.phases == [Phase.WRITE, Phase.HEAD]
    stage.call.pause()
    stage.call.resume()
    stage.call.finish()
    assert stage.clock.armed == 0


def test_the_page_of_a_gateway_is_a_whole_answer() -> None:
    stage = Stage(Drill.CDN_502)
    stage.clock.advance(0)
    (head,), (end,) = stage.heard.heads, stage.heard.ends
    assert (head.status, head.headers, stage.heard.body) == PAGE
    assert (end.phase, end.fault) == (Phase.END, None)


@pytest.mark.parametrize(
    ("drill", "fault"), [(Drill.RESET, Fault.RESET), (Drill.GARBAGE, Fault.PROTOCOL)]
)
def test_a_broken_connection_ends_before_the_head(drill: Drill, fault: Fault) -> None:
    stage = Stage(drill)
    stage.clock.advance(0)
    (end,) = stage.heard.ends
    assert (end.phase, end.fault, end.sent) == (Phase.HEAD, fault, Sent.MAYBE_SENT)
    assert end.detail == "played by a drill"


def test_silence_lasts() -> None:
    stage = Stage(Drill.SILENCE)
    stage.clock.advance(3600)
    assert (stage.heard.heads, stage.heard.ends) == ([], [])


@pytest.mark.parametrize("drill", [Drill.CDN_502, Drill.RESET])
@pytest.mark.parametrize("where", [None, Phase.WRITE, Phase.HEAD, "on_head", "on_data"])
def test_who_leaves_hears_nothing_more(drill: Drill, where: str | None) -> None:
    stage = Stage(drill)
    stage.heard.leaves_at = where
    if where is None:
        stage.call.cancel()
    stage.clock.advance(0)
    left = where is None or drill is Drill.CDN_502 or isinstance(where, Phase)
    assert (stage.heard.ends == []) is left
    if where is Phase.WRITE:
        assert stage.heard.phases == [Phase.WRITE]


# slow


def test_first_content_comes_late_and_the_backend_waits() -> None:
    stage = Stage(Drill.SLOW)
    stage.real.stream(b"data: a\n\n")
    assert len(stage.heard.heads) == 1
    assert stage.real.paused
    stage.clock.advance(LATE - 0.1)
    assert stage.heard.body == b""
    stage.clock.advance(0.2)
    assert stage.heard.body == b"data: a\n\n"
    assert stage.real.reading
    stage.real.data(b"data: b\n\n")
    stage.real.end()
    assert stage.heard.body == b"data: a\n\ndata: b\n\n"
    assert stage.heard.faults == [None]


def test_an_answer_that_is_over_before_comes_late_and_whole() -> None:
    stage = Stage(Drill.SLOW)
    stage.real.unary(b"{}")
    assert stage.heard.ends == []
    stage.clock.advance(LATE)
    assert (stage.heard.body, stage.heard.faults) == (b"{}", [None])


def test_what_fails_before_its_first_byte_fails_at_once() -> None:
    stage = Stage(Drill.SLOW)
    stage.real.fail(Fault.REFUSED)
    assert stage.heard.faults == [Fault.REFUSED]
    assert stage.clock.armed == 0


def test_a_client_that_does_not_read_keeps_the_backend_waiting() -> None:
    stage = Stage(Drill.SLOW)
    stage.real.stream(b"data: a\n\n")
    stage.call.resume()
    assert stage.real.paused  # too early
    stage.call.pause()
    stage.clock.advance(LATE)
    assert stage.real.paused
    stage.call.resume()
    assert not stage.real.paused


@pytest.mark.parametrize("how", ["cancel", "finish"])
def test_a_late_answer_that_nobody_wants_leaves_nothing_behind(how: str) -> None:
    stage = Stage(Drill.SLOW)
    stage.real.stream(b"data: a\n\n")
    getattr(stage.call, how)()
    assert stage.clock.armed == 0
    stage.clock.advance(LATE)
    assert stage.heard.body == b""
    assert (stage.real.cancelled, stage.real.finished) == (how == "cancel", how == "finish")


def test_who_leaves_with_the_late_bytes_is_not_resumed() -> None:
    stage = Stage(Drill.SLOW)
    stage.real.stream(b"data: a\n\n")
    stage.heard.leaves_at = "on_data"
    stage.clock.advance(LATE)
    assert stage.real.cancelled
    assert stage.real.paused


# cut


@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_a_stream_is_cut_behind_the_same_byte_however_it_is_read(line: bytes) -> None:
    event = b"data: x" + line * 2
    text = event * 20
    for size in (1, 2, 3, 7, 1000):
        stage = Stage(Drill.CUT)
        stage.real.head(200, "text/event-stream")
        for begin, end in pairwise([*range(0, len(text), size), len(text)]):
            if stage.real.open:
                stage.real.data(text[begin:end])
        assert stage.heard.body == event * EVENTS
        assert stage.real.cancelled
        (end_told,) = stage.heard.ends
        assert (end_told.fault, end_told.phase) == (Fault.RESET, Phase.CONTENT)
        assert end_told.bytes_in == len(stage.heard.body)
        assert end_told.sent is Sent.CONTENT_SEEN


def test_an_answer_in_one_piece_breaks_at_its_end() -> None:
    stage = Stage(Drill.CUT)
    stage.real.unary(b'{"a": 1}')
    assert stage.heard.faults == [Fault.RESET]


def test_an_error_comes_as_it_is() -> None:
    stage = Stage(Drill.CUT)
    stage.real.unary(b"\n\n" * 20, 429)
    assert (stage.heard.body, stage.heard.faults) == (b"\n\n" * 20, [None])


def test_a_failure_of_its_own_stays_what_it_is() -> None:
    stage = Stage(Drill.CUT)
    stage.real.stream(b"data: a\n\n")
    stage.real.fail(Fault.EOF, Phase.CONTENT)
    assert stage.heard.faults == [Fault.EOF]


def test_who_leaves_with_the_last_event_is_told_nothing() -> None:
    stage = Stage(Drill.CUT)
    stage.heard.leaves_at = "on_data"
    stage.real.stream(b"data: x\n\n" * 20)
    assert stage.heard.ends == []
    assert stage.real.cancelled


@pytest.mark.parametrize("how", ["pause", "resume", "finish"])
def test_the_rest_is_passed_on_to_the_real_attempt(how: str) -> None:
    stage = Stage(Drill.CUT)
    stage.call.pause()
    getattr(stage.call, how)()
    assert (stage.real.paused, stage.real.finished) == (how != "resume", how == "finish")
    if how == "finish":
        stage.real.finished = False
        stage.real.receiver.on_phase(Phase.HEAD)
        stage.real.receiver.on_head(Head(status=200, headers=()))
        stage.real.receiver.on_data(b"late")
        assert (stage.heard.phases, stage.heard.heads, stage.heard.body) == ([], [], b"")


def test_phases_are_passed_on() -> None:
    stage = Stage(Drill.CUT)
    stage.real.head()
    assert stage.heard.phases == [Phase.WRITE, Phase.HEAD]
    assert replace(stage.heard.heads[0], headers=()) == Head(status=200, headers=())
