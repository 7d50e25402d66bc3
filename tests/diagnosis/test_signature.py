"""What an entry says."""

from proxy.diagnosis.signature import Signature, Then, When
from proxy.model import Action, Cause, Layer, Scope

THEN = Then(
    cause=Cause.ORIGIN, layer=Layer.API, scope=Scope.MODEL, action=Action.REROUTE, cooldown=None
)


def test_a_condition_that_is_not_named_says_nothing() -> None:
    assert When() == When(status=None, header=(), says=())


def test_where_it_was_seen_does_not_make_an_entry() -> None:
    one = Signature(id="a", name="A", when=When(), then=THEN, source="here")
    assert one == Signature(id="a", name="A", when=When(), then=THEN, source="there")
