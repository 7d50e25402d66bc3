"""The list of models, as the SDKs of each dialect read it."""

import json

from anthropic.types import ModelInfo
from openai.types import Model

from proxy.dialects.models import model_answer, models_answer
from proxy.model import Dialect

NAMES = ["gpt-5", "openai/gpt-5", "qwen3"]


def test_openai() -> None:
    answer = json.loads(models_answer(Dialect.OPENAI, NAMES))
    assert answer["object"] == "list"
    assert [Model.model_validate(entry).id for entry in answer["data"]] == NAMES


def test_anthropic() -> None:
    answer = json.loads(models_answer(Dialect.ANTHROPIC, NAMES))
    assert [ModelInfo.model_validate(entry).id for entry in answer["data"]] == NAMES
    assert (answer["first_id"], answer["last_id"], answer["has_more"]) == ("gpt-5", "qwen3", False)
    empty = json.loads(models_answer(Dialect.ANTHROPIC, []))
    assert (empty["data"], empty["first_id"], empty["last_id"]) == ([], None, None)


def test_gemini() -> None:
    answer = json.loads(models_answer(Dialect.GEMINI, NAMES))
    names = [entry["name"] for entry in answer["models"]]
    assert names == ["models/gpt-5", "models/openai/gpt-5", "models/qwen3"]


def test_one_model_is_said_as_in_the_list() -> None:
    for dialect, key in [
        (Dialect.OPENAI, "data"),
        (Dialect.ANTHROPIC, "data"),
        (Dialect.GEMINI, "models"),
    ]:
        (entry,) = json.loads(models_answer(dialect, ["m"]))[key]
        assert json.loads(model_answer(dialect, "m")) == entry
