"""The kinds of values that a table's settings have, as pydantic types with their JSON Schema.

Each type reads the table's text into a value of the model. Numbers and truth values may come from
the environment, where everything is text.
"""

import re
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from proxy.model import Address, Seconds, Url
from proxy.settings import units
from proxy.settings.environment import Filled
from proxy.settings.problem import Code

T = TypeVar("T")

REFERENCE = r".*\$\{.*\}.*"
"""What an editor should accept in the place of any value."""

LONGEST_TEXT = 256
"""Characters of a name, a model or a glob; the longest real ones have half of it."""

MOST_STARS = 8
"""Stars of a glob: matching one against a name stays cheap whatever the name."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", re.ASCII)
"""A field name of HTTP (RFC 9110, 5.1)."""

_PORT = re.compile(r":[0-9]{1,5}\Z", re.ASCII)

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

_FRAMING = {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer"}
_CREDENTIALS = {"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"}
_NOT_OURS_TO_SET = _FRAMING | _CREDENTIALS | {"transfer-encoding", "upgrade"}
"""Fields that Faultline writes itself: framing, and the credential of each backend."""


def wrong(code: Code, reason: str, mend: str) -> PydanticCustomError:
    """Say in a table's own words what is wrong with a value."""
    return PydanticCustomError(code.value, "{reason}", {"reason": reason, "mend": mend})


def _reads(parse: Callable[[str], T]) -> Callable[[object], T]:
    """Make a validator of a reader of text; a bare number goes to it too, to be told its unit."""

    def validate(value: object) -> T:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise PydanticKnownError("string_type")
        try:
            return parse(value)
        except units.Wrong as error:
            raise wrong(error.code, error.reason, error.mend) from None

    return validate


def _schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": f"^(?:{pattern}|{REFERENCE})$", "examples": list(examples)}
    )


def _or_none(parse: Callable[[str], T], *words: str) -> Callable[[str], T | None]:
    return lambda text: None if text in words else parse(text)


def _status_page(text: str) -> Url | Literal["auto"] | None:
    if text == "auto":
        return "auto"
    return None if text == "none" else units.url(text)


def _version(number: int) -> int:
    if number != 1:
        raise wrong(Code.VERSION, "is a version of the table that is not known", "write `1`")
    return number


def _name(text: str) -> str:
    if not re.fullmatch(_NAME, text, re.ASCII):
        mend = "letters, digits and `-`, `_`, `.`, at most 64; it becomes a label and a header"
        raise wrong(Code.NAME, "is not a name", mend)
    return text


def _text(text: str) -> str:
    if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        mend = f"1 to {LONGEST_TEXT} printable characters"
        raise wrong(Code.NAME, "is empty, too long or unprintable", mend)
    return text


def _glob(text: str) -> str:
    if text.count("*") > MOST_STARS:
        raise wrong(Code.GLOB, "has too many stars", f"a glob has at most {MOST_STARS}")
    return _text(text)


def _header_name(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise wrong(Code.HEADER, "is not the name of a header", "letters, digits and `-`")
    return text.lower()


def _own_header_name(text: str) -> str:
    name = _header_name(text)
    if name in _NOT_OURS_TO_SET or name.startswith(("proxy-", "x-faultline-")):
        mend = "delete it; a credential belongs under `key`"
        raise wrong(Code.HEADER, "is a header that Faultline writes itself", mend)
    return name


def _header_value(text: str) -> str:
    if not all(" " <= character <= "~" for character in text) or text != text.strip():
        raise wrong(Code.HEADER, "cannot stand in a header", "printable ASCII, no space around it")
    return text


def _host_name(text: str) -> str:
    if not units.is_host(_PORT.sub("", text)):
        mend = "a name without scheme or star; with its port where that is not the listener's own"
        raise wrong(Code.NAME, "is not the name of a host", mend)
    return text.lower()


def _number(value: object) -> object:
    if isinstance(value, Filled) and re.fullmatch(r"-?[0-9]{1,15}", value):
        return int(value)
    return value


def _flag(value: object) -> object:
    if isinstance(value, Filled) and value in {"true", "false"}:
        return value == "true"
    return value


_TIME = r"[0-9]+(\.[0-9]+)?(ms|s|m|h|d)"

Duration = Annotated[Seconds, PlainValidator(_reads(units.duration)), _schema(_TIME, "3s", "90d")]
Limit = Annotated[Seconds, PlainValidator(_reads(units.limit)), _schema(_TIME, "250ms", "2m")]
Size = Annotated[int, PlainValidator(_reads(units.size)), _schema("[0-9]+(B|KiB|MiB|GiB)", "1MiB")]
Percent = Annotated[
    float, PlainValidator(_reads(units.percent)), _schema(r"[0-9]+(\.[0-9]+)?%", "20%")
]
Listen = Annotated[
    Address, PlainValidator(_reads(units.address)), _schema(".+:[0-9]+|unix:/.+", "localhost:8080")
]
Console = Annotated[
    Address | None,
    PlainValidator(_reads(_or_none(units.address, "none"))),
    _schema("none|.+:[0-9]+|unix:/.+", "localhost:8081", "none"),
]
BackendUrl = Annotated[
    Url,
    PlainValidator(_reads(units.url)),
    _schema("https?://[^?#@]+", "https://api.openai.com/v1"),
]
HedgeAfter = Annotated[
    Seconds | None,
    PlainValidator(_reads(_or_none(units.limit, "auto"))),
    _schema(f"auto|{_TIME}", "auto", "10s"),
]
StatusPage = Annotated[
    Url | Literal["auto"] | None,
    PlainValidator(_reads(_status_page)),
    _schema("auto|none|https?://[^?#@]+", "auto", "none", "https://status.openai.com"),
]
ProxyUrl = Annotated[
    Url | None,
    PlainValidator(_reads(_or_none(units.url, "none", ""))),
    _schema("none|http://[^?#@]+", "http://proxy.corp:3128"),
]

Version = Annotated[int, AfterValidator(_version), WithJsonSchema({"const": 1})]
Name = Annotated[str, AfterValidator(_name)]
HostName = Annotated[str, AfterValidator(_host_name)]
Text = Annotated[str, AfterValidator(_text)]
Glob = Annotated[str, AfterValidator(_glob)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
OwnHeaderName = Annotated[str, AfterValidator(_own_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
HeaderPrefix = Annotated[str, Field(pattern=r"^[!-~ ]*$")]

NUMBER = BeforeValidator(_number)
"""Behind the bounds of a whole number: it may come from the environment."""

Flag = Annotated[bool, BeforeValidator(_flag)]
