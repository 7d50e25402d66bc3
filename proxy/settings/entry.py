"""What all mappings of the table have in common, and how a secret stands in one.

Strict: an unknown key or a value of another kind is an error. Knows no setting by name.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, InstanceOf, Tag, WithJsonSchema

from proxy.model import Secret
from proxy.settings import fields as f
from proxy.settings.problem import Code


class Entry(BaseModel):
    """A mapping of the table."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class SecretFile(Entry):
    """A secret that stands in a file, alone; it is read again when the file changes."""

    file: f.Text
    """The file's path, from the table's folder."""


def _kind(value: object) -> str | None:
    match value:
        case Secret():
            return "<secret>"
        case dict():
            return "<file>"
        case "client" | "none":
            return "<word>"
        case _:
            return None


def _kind_of_token(value: object) -> str | None:
    kind = _kind(value)
    return None if kind == "<word>" else kind


def _kind_if_any(value: object) -> str | None:
    return "<nothing>" if value is None else _kind_of_token(value)


def _by_kind(kind: Callable[[object], str | None], reason: str, mend: str) -> Discriminator:
    context: dict[str, str | int | float] = {"reason": reason, "mend": mend}
    return Discriminator(kind, Code.WRONG_TYPE.value, "{reason}", context)


_SecretText = Annotated[
    InstanceOf[Secret],
    WithJsonSchema({"type": "string", "examples": ["${OPENAI_API_KEY}"]}),
    Tag("<secret>"),
]
_File = Annotated[SecretFile, Tag("<file>")]
_Word = Annotated[Literal["client", "none"], Tag("<word>")]

Key = Annotated[
    _SecretText | _File | _Word,
    _by_kind(_kind, "is not a key", '`"${NAME}"`, `{file: path}`, `client` or `none`'),
]
Token = Annotated[
    _SecretText | _File,
    _by_kind(_kind_of_token, "is not a token", '`"${NAME}"` or `{file: path}`'),
]
MaybeToken = Annotated[
    _SecretText | _File | Annotated[None, Tag("<nothing>")],
    _by_kind(_kind_if_any, "is not a secret", '`"${NAME}"` or `{file: path}`'),
]
"""A token that need not be there. (`Token | None` cannot be hashed, so it is no type.)"""
