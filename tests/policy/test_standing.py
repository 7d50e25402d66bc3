from proxy.model import Cause, Credential, CredentialKind, Scope, Sent
from proxy.policy.decision import Failed
from proxy.policy.standing import Row, Standing, Word
from tests.policy.build import Fixed, World, ask, at, bad, fleet, route, sends, target

A, B = target("a"), target("b")


def rows(world: World, now: float) -> list[tuple[str, Scope, str | None, Word]]:
    return [(r.backend, r.scope, r.model, r.state) for r in world.standing.view(at(now))]


def test_a_line_for_each_backend_and_for_what_is_not_well() -> None:
    world = World(route((A,), (B,)))
    well = [(n, Scope.BACKEND, None, Word.CLOSED) for n in ("a", "b")]
    assert rows(world, 0.0) == well
    world.eject("a", verdict=bad(scope=Scope.MODEL))
    world.cool("b", 0.0, 9.0)
    assert rows(world, 0.1) == [
        well[0],
        ("a", Scope.MODEL, "gpt-5", Word.EJECTED),
        well[1],
        ("b", Scope.KEY, None, Word.COOLING),
    ]
    assert rows(world, 9.0)[2:] == [well[1]]


def test_the_words_of_a_recovery() -> None:
    world = World(route((A,)))
    words = []
    world.eject("a")
    words.append(rows(world, 0.5)[0][3])
    probe = world.exchange(1.0)
    words.append(rows(world, 1.0)[0][3])
    probe.succeeds(1.5)
    words += [rows(world, now)[0][3] for now in (1.5, 31.4, 31.5)]
    assert words == [Word.EJECTED, Word.PROBING, Word.SLOW_START, Word.SLOW_START, Word.CLOSED]


def test_a_line_says_since_when_until_when_and_why() -> None:
    world = World(route((A,)))
    assert world.standing.view(at(0.0)) == (
        Row(
            backend="a",
            scope=Scope.BACKEND,
            model=None,
            state=Word.CLOSED,
            since=None,
            until=None,
            verdict=world.standing.view(at(0.0))[0].verdict,
            in_flight=0,
        ),
    )
    assert world.standing.view(at(0.0))[0].verdict.good
    going = world.exchange()
    world.eject("a", 5.0)
    (row,) = world.standing.view(at(5.5))
    assert (row.since, row.until, row.verdict.cause, row.in_flight) == (5.0, 6.0, Cause.ORIGIN, 1)
    assert world.standing.view(at(6.0))[0].until is None
    going.close()


def test_a_model_counts_its_own_attempts() -> None:
    world = World(route((A,)))
    world.eject("a", verdict=bad(scope=Scope.MODEL))
    world.exchange(1.0)
    world.exchange(1.0, model="other")
    assert [row.in_flight for row in world.standing.view(at(1.0))] == [2, 1]


def test_a_shared_key_shows_at_each_backend_that_has_it() -> None:
    twin = target("twin", account="a", credential=A.backend.credential)
    world = World(route((A, twin)))
    world.eject("a", verdict=bad(Cause.AUTH, scope=Scope.KEY))
    keys = [row[0] for row in rows(world, 0.1) if row[1] is Scope.KEY]
    assert keys == ["a", "twin"]


def test_clients_keys_are_shown_too() -> None:
    world = World(route((target("c", credential=Credential(kind=CredentialKind.CLIENT)),)))
    world.cool("c", 0.0, 9.0)
    assert rows(world, 0.1)[1] == ("c", Scope.KEY, None, Word.COOLING)


def test_nobody_is_charged_for_being_slow_while_our_loop_lags() -> None:
    world = World(route((A,)))
    world.lagging = True
    world.eject("a", verdict=bad(Cause.TIMEOUT))
    assert rows(world, 0.0)[0][3] is Word.CLOSED
    world.lagging = False
    world.eject("a", verdict=bad(Cause.TIMEOUT))
    assert rows(world, 0.0)[0][3] is Word.EJECTED


def test_a_reload_keeps_the_standing_and_forgets_routes_that_are_gone() -> None:
    world = World(route((A,)))
    world.eject("a")
    world.exchange(0.1).fails(0.1, 1)
    world.standing.adopt(fleet(world.route), at(0.2))
    assert rows(world, 0.2)[0][3] is Word.EJECTED
    assert sends(world.exchange(0.2).first) == []
    other = route((A,), name="other")
    world.standing.adopt(fleet(other), at(0.3))
    assert world.standing._shared.early == {}


def test_a_reload_grants_no_second_early_probe_to_what_no_route_names() -> None:
    world = World(route((A,)))
    world.eject("a")
    direct = route((A,), name="")
    assert world.exchange(0.1, of=direct).fails(0.2, 1)
    world.standing.adopt(fleet(world.route), at(0.3))
    assert sends(world.exchange(0.4, of=direct).first) == []
    assert len(sends(world.exchange(0.4).first)) == 1, "another route has its own"


def test_a_standing_needs_no_listener() -> None:
    only = route((A,))
    standing = Standing(fleet(only), rng=Fixed())
    for _ in range(6):
        failover = standing.begin(ask(resend=1), only, at(0.0))
        failover.begin(at(0.0))
        failover.on(Failed(number=1, verdict=bad(), sent=Sent.HEAD_SEEN), at(0.0))
        failover.close(at(0.0))
    assert standing.view(at(0.1))[0].state is not Word.COOLING
