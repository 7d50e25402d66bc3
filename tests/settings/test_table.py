"""The table's own defaults are the model's, and every key says what it is for."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from proxy.model import Bodies, BudgetRule, Ejection, Fleet
from proxy.settings.entry import Entry, SecretFile
from proxy.settings.table import Table
from tests.settings.tables import GOOD, fleet


def entries(kind: type[BaseModel] = Entry) -> Iterator[type[BaseModel]]:
    for inner in kind.__subclasses__():
        if inner.__module__ in {Table.__module__, SecretFile.__module__}:
            yield inner
            yield from entries(inner)


def test_without_a_word_the_models_defaults_hold() -> None:
    bare = fleet(GOOD)
    model = Fleet(backends=bare.backends, routes=bare.routes)
    for name in ("listen", "console", "hosts", "drain", "log_level", "log_format", "notify"):
        assert getattr(bare, name) == getattr(model, name), name
    assert (bare.incidents_store, bare.incidents_keep) == (None, model.incidents_keep)
    assert bare.incidents_hold == model.incidents_hold == 60.0
    assert dict(bare.clients) == {}
    assert bare.ejection == Ejection()
    assert bare.budget == BudgetRule()
    assert bare.bodies == Bodies()


@pytest.mark.parametrize("entry", list(entries()), ids=lambda entry: entry.__name__)
def test_every_key_says_what_it_is_for(entry: type[BaseModel]) -> None:
    assert entry.__doc__
    assert [name for name, field in entry.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("entry", list(entries()), ids=lambda entry: entry.__name__)
def test_every_mapping_is_strict_and_closed(entry: type[BaseModel]) -> None:
    assert entry.model_config.get("extra") == "forbid"
    assert entry.model_config.get("strict")
    assert entry.model_config.get("frozen")
