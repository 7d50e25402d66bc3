"""Pydantic's complaints about a table in plain words, each at its place.

Knows the schema's keys and how to speak of a table; decides nothing.
"""

from pydantic_core import ErrorDetails

from proxy.settings.environment import secret, variable
from proxy.settings.findings import Findings
from proxy.settings.nodes import List, Map, Node, Path, Scalar, child, key_mark, reach
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
}
"""How a key that must be there is written."""


def tell(complaint: ErrorDetails, findings: Findings) -> None:
    """Tell of one complaint, unless its place is known to be broken already."""
    root, path, kind = findings.root, complaint["loc"], complaint["type"]
    assert root is not None
    if findings.broken(path) or findings.broken(reach(root, path)[0]):
        return
    if kind == "extra_forbidden":
        _unknown_key(path, findings)
    elif kind == "missing":
        _missing_key(path, findings)
    else:
        at_key = path[-1:] == ("[key]",)
        path = path[:-1] if at_key else path
        subject = quote(str(path[-1])) if at_key else _subject(reach(root, path)[1])
        code, reason, mend = _say(complaint, subject, reach(root, path)[1])
        note = findings.key_error if at_key else findings.error
        note(path, code, reason, mend)


def _unknown_key(path: Path, findings: Findings) -> None:
    *above, key = path
    assert findings.root is not None
    mend = suggest(str(key), keys_at(reach(findings.root, tuple(above))[0]), "its keys")
    reason = f"{quote(str(key))} is not a key of {_owner(tuple(above), findings.root)}"
    findings.key_error(path, Code.UNKNOWN_KEY, reason, mend)


def _missing_key(path: Path, findings: Findings) -> None:
    *above, key = path
    reason = f"{_owner(tuple(above), findings.root)} lacks the key {quote(str(key))}"
    mend = f"add `{EXAMPLES[str(key)]}`" if key in EXAMPLES else ""
    if secret(path):
        mend = mend.replace("NAME", variable(path))
    assert findings.root is not None
    mark = key_mark(findings.root, tuple(above))
    findings.at_mark(mark, path, Code.MISSING_KEY, reason, mend)


def _owner(path: Path, root: Node | None) -> str:
    """Name a mapping for a sentence: `limits`, "route `chat`", "the table"."""
    assert root is not None
    walked, node = reach(root, path)
    match walked:
        case ():
            return "the table"
        case ("backends", str(name)):
            return f"backend {quote(name)}"
        case ("clients", str(name)):
            return f"client {quote(name)}"
        case ("routes", int(index)):
            called = child(node, "name")
            return f"route {quote(called.text) if isinstance(called, Scalar) else index + 1}"
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
    if len(words) == 1:
        return Code.WRONG_WORD, f"{subject} is not known here", f"write `{words[0]}`"
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
    if kind in {"int_type", "bool_type"} and isinstance(understand(node.text), int):
        return f"write it without quotes: `{node.text}`"
    return ""
