"""Pydantic's complaints about a table in plain words, each at its place.

Knows the schema's keys and how to speak of a table; decides nothing.
"""

from pydantic_core import ErrorDetails

from proxy.settings.environment import hidden, secret, variable
from proxy.settings.findings import Findings
from proxy.settings.nodes import List, Map, Node, Path, Scalar, key_mark, name_of, reach
from proxy.settings.problem import Code, closest, either, quote, suggest
from proxy.settings.scalars import understand
from proxy.settings.schema import keys_at
from proxy.settings.source import censor

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "dict_type": "a mapping (`name: value` lines)",
    "model_type": "a mapping (`key: value` lines)",
    "model_attributes_type": "a mapping (`key: value` lines)",
}
"""What each complaint about a type wanted."""

EXAMPLES = {
    "version": "version: 1",
    "backends": 'backends: {openai: {provider: openai, key: "${OPENAI_API_KEY}"}}',
    "routes": "routes: [{name: all, tiers: [openai]}]",
    "provider": "provider: openai-compatible",
    "key": 'key: "${NAME}"`, or `key: none',
    "token": 'token: "${NAME}"',
    "name": "name: chat",
    "tiers": "tiers: [backend]",
    "backend": "backend: openai",
    "file": "file: /run/secrets/key",
    "kind": "kind: slack",
    "to": 'to: "${NAME}"',
}
"""How a key that must be there is written."""


def tell(complaint: ErrorDetails, findings: Findings) -> None:
    """Tell of one complaint, unless its place is known to be broken already."""
    path, kind = complaint["loc"], complaint["type"]
    walked, node = reach(findings.tree, path)
    if findings.broken(path) or findings.broken(walked):
        return
    if kind == "extra_forbidden":
        _unknown_key(path, findings)
    elif kind == "missing":
        _missing_key(path, findings)
    elif path[-1] == "[key]":
        findings.key_error(path[:-1], *_say(complaint, quote(str(path[-2])), node))
    else:
        subject = "this" if hidden(walked) else _subject(node)
        findings.error(path, *_say(complaint, subject, node))


def _unknown_key(path: Path, findings: Findings) -> None:
    key, above = str(path[-1]), _above(path, findings)
    mend = suggest(key, keys_at(above), "its keys")
    reason = f"{quote(key)} is not a key of {_owner(above, findings)}"
    findings.key_error((*above, key), Code.UNKNOWN_KEY, reason, mend)


def _missing_key(path: Path, findings: Findings) -> None:
    key, above = str(path[-1]), _above(path, findings)
    mend = f"add `{EXAMPLES[key]}`" if key in EXAMPLES else ""
    if secret(path):
        mend = mend.replace("NAME", variable(path))
    mark = key_mark(findings.tree, above)
    reason = f"{_owner(above, findings)} lacks the key {quote(key)}"
    findings.at_mark(mark, (*above, key), Code.MISSING_KEY, reason, mend)


def _above(path: Path, findings: Findings) -> Path:
    """Return the mapping that a key is of, without the schema's own steps."""
    return reach(findings.tree, path[:-1])[0]


def _owner(path: Path, findings: Findings) -> str:
    """Name a mapping for a sentence: `limits`, "route `chat`", "the table"."""
    match path:
        case ():
            return "the table"
        case ("backends", str(name)):
            return f"backend {quote(name)}"
        case ("clients", str(name)):
            return f"client {quote(name)}"
        case ("notify", int(index)):
            return f"entry {index + 1} of `notify`"
        case ("routes", int(index)):
            called = name_of(reach(findings.tree, path)[1])
            return f"route {quote(called) if called else index + 1}"
        case (*_, str(name)):
            return quote(name)
        case _:
            return "this target"


def _subject(node: Node) -> str:
    """Quote a value as it stands in the table; where it came from elsewhere, say so."""
    match node:
        case Scalar(text=text) if "${" in text:
            return f"the value of {quote(censor(text))} in the environment"
        case Scalar(text=text):
            return quote(censor(text))
        case List():
            return "a list"
        case Map():
            return "a mapping"


def _say(complaint: ErrorDetails, subject: str, node: Node) -> tuple[Code, str, str]:
    """Return code, reason and mend of a complaint about a value."""
    kind, context = complaint["type"], complaint.get("ctx", {})
    match kind:
        case _ if kind in set(Code):
            subject = subject if isinstance(node, Scalar) else "this"
            return Code(kind), f"{subject} {context['reason']}", str(context["mend"])
        case _ if kind in _WANTED:
            return _say_type(kind, subject, node)
        case "enum" | "literal_error":
            return _say_word(str(context["expected"]), subject, node)
        case "greater_than_equal":
            return Code.RANGE, f"{subject} is too small", f"it must be at least {context['ge']}"
        case "less_than_equal":
            return Code.RANGE, f"{subject} is too large", f"it must be at most {context['le']}"
        case "too_short":
            return Code.WRONG_TYPE, "this list is empty", "it needs at least one item"
        case _:
            return Code.WRONG_TYPE, f"{subject}: {complaint['msg']}", ""


def _say_type(kind: str, subject: str, node: Node) -> tuple[Code, str, str]:
    if isinstance(node, Scalar) and isinstance(node.value, str) and "${" not in node.text:
        subject = f"the text {subject}"
    reason = f"{subject} stands where {_WANTED[kind]} should"
    return Code.WRONG_TYPE, reason, _retype(kind, node)


def _say_word(expected: str, subject: str, node: Node) -> tuple[Code, str, str]:
    """Speak of a word that is not one of a few; pydantic lists them as `'a', 'b' or 'c'`."""
    words = expected.replace(" or ", ", ").replace("'", "").split(", ")
    guess = closest(node.text, words) if isinstance(node, Scalar) else None
    mend = f"did you mean {quote(guess)}?" if guess else ""
    return Code.WRONG_WORD, f"{subject} is not {either(words)}", mend


def _retype(kind: str, node: Node) -> str:
    """Say how a value of another type is written, where that is likely to be the slip."""
    if kind == "list_type":
        return "put it in brackets, or write it on lines that begin with `- `"
    if not isinstance(node, Scalar):
        return ""
    if kind == "string_type" and not isinstance(node.value, str):
        return f'write it in quotes: `"{node.text}"`'
    if type(understand(node.text)) is {"int_type": int, "bool_type": bool}.get(kind):
        return f"write it without quotes: `{node.text}`"
    return ""
