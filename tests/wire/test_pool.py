"""Which connection serves next, and which must not."""

import gc
from dataclasses import replace

import pytest

from proxy.model import Backend, Credential, CredentialKind, Seconds, Secret, Url
from proxy.wire import pool as room
from proxy.wire.connection import Connection, Lane
from proxy.wire.pool import IDLE, Pool
from tests.wire.peer import Time, backend, order
from tests.wire.pipe import piped

URL = Url(tls=True, host="api.example", port=443, path="/v1")


def connection(lane: Lane) -> Connection:
    made, _ = piped(lane)
    return made


def closed(made: Connection) -> bool:
    return made.transport.is_closing()


def setup(to: Backend | None = None) -> tuple[Pool, Time, Lane]:
    time = Time()
    pool = Pool(time)
    return pool, time, pool.lane(order(to or backend(URL)))


def own(key: str) -> Credential:
    return Credential(kind=CredentialKind.OWN, secret=Secret(key))


def test_the_last_one_in_is_the_first_one_out() -> None:
    pool, _, lane = setup()
    first, second = connection(lane), connection(lane)
    pool.give(first)
    pool.give(second)
    assert len(pool) == 2
    assert pool.take(lane) is second
    assert pool.take(lane) is first
    assert pool.take(lane) is None
    assert len(pool) == 0


def test_what_waited_too_long_does_not_serve() -> None:
    pool, time, lane = setup()
    old = connection(lane)
    pool.give(old)
    time.at += IDLE
    assert pool.take(lane) is None
    assert closed(old)


def test_what_is_closing_does_not_serve() -> None:
    pool, _, lane = setup()
    good, dying = connection(lane), connection(lane)
    pool.give(good)
    pool.give(dying)
    dying.transport.abort()
    assert pool.take(lane) is good


def test_reaping_closes_what_waited_too_long_and_says_when_to_come_back() -> None:
    pool, time, lane = setup()
    assert pool.reap() is None
    old, young = connection(lane), connection(lane)
    pool.give(old)
    time.at += 10
    pool.give(young)
    assert pool.reap() == IDLE - 10
    time.at += IDLE - 10
    assert pool.reap() == Seconds(10)
    assert closed(old)
    assert not closed(young)
    time.at += 10
    assert pool.reap() is None
    assert len(pool) == 0


def test_over_the_cap_the_one_that_waited_longest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_IDLE", 2)
    pool, _, lane = setup()
    made = [connection(lane) for _ in range(3)]
    for each in made:
        pool.give(each)
    assert [closed(each) for each in made] == [True, False, False]
    assert pool.take(lane) is made[2]


def test_one_that_its_peer_closed_is_forgotten() -> None:
    pool, _, lane = setup()
    gone = connection(lane)
    pool.forget(gone)
    pool.give(gone)
    pool.forget(gone)
    assert len(pool) == 0
    assert pool.take(lane) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "b"},
        {"url": Url(tls=False, host="api.example", port=443, path="/v1")},
        {"url": Url(tls=True, host="api.example", port=444, path="/v1")},
        {"credential": own("b")},
        {"proxy": URL},
        {"ca": "b.pem"},
        {"private": True},
    ],
    ids=str,
)
def test_what_differs_in_anything_shares_nothing(changes: dict[str, object]) -> None:
    first = backend(URL, credential=own("a"))
    pool, _, lane = setup(first)
    other = replace(first, **changes)  # type: ignore[arg-type]
    assert pool.lane(order(other)) is not lane


def test_what_agrees_in_all_shares_a_lane_across_a_reload() -> None:
    pool, _, lane = setup(backend(URL, credential=own("a")))
    again = backend(URL, credential=own("a"), weight=7, models={"x": "y"})
    assert pool.lane(order(again)) is lane
    assert lane.authority == b"api.example"


def test_clients_with_keys_of_their_own_share_nothing() -> None:
    theirs = backend(URL, credential=Credential(kind=CredentialKind.CLIENT))
    pool, _, _ = setup(theirs)

    def lane(name: bytes, value: bytes) -> Lane:
        return pool.lane(order(theirs, headers=((b"x-other", b"1"), (name, value))))

    first = lane(b"Authorization", b"Bearer a")
    assert lane(b"authorization", b"Bearer a") is first
    assert lane(b"authorization", b"Bearer b") is not first
    assert lane(b"x-api-key", b"Bearer a") is not first
    assert b"Bearer a" not in repr(first.key).encode()


def test_a_lane_that_nobody_needs_is_gone() -> None:
    theirs = backend(URL, credential=Credential(kind=CredentialKind.CLIENT))
    pool, _, _ = setup(theirs)
    for number in range(100):
        pool.lane(order(theirs, headers=((b"authorization", b"%d" % number),)))
    gc.collect()
    assert len(pool._lanes) <= 2


def test_tables_that_come_and_go_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_KNOWN", 10)
    pool = Pool(Time())
    for number in range(50):
        pool.lane(order(backend(URL, name=str(number))))
    assert len(pool._known) <= 10


def test_a_new_table_closes_what_it_no_longer_has() -> None:
    kept, dropped = backend(URL), backend(URL, name="b", credential=own("old"))
    pool, _, lane = setup(kept)
    gone = pool.lane(order(dropped))
    staying, leaving, busy = connection(lane), connection(gone), connection(gone)
    pool.give(staying)
    pool.give(leaving)
    pool.adopt([kept, backend(URL, name="b", credential=own("new"))])
    assert (closed(staying), closed(leaving)) == (False, True)
    pool.give(busy)
    assert closed(busy)
    assert len(pool) == 1
    late = connection(pool.lane(order(dropped)))
    pool.give(late)
    assert closed(late)
    pool.adopt([kept, dropped])
    back = connection(pool.lane(order(dropped)))
    pool.give(back)
    assert not closed(back)


def test_closing_leaves_nothing_and_lets_nothing_wait() -> None:
    pool, _, lane = setup()
    waiting, busy = connection(lane), connection(lane)
    pool.give(waiting)
    pool.close()
    pool.give(busy)
    assert closed(waiting)
    assert closed(busy)
    assert len(pool) == 0
