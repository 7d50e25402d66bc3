"""From a tree of nodes to plain data, with `${NAME}` and `${NAME:-default}` filled in.

Knows the environment that it is handed, never the process's own. What stands in the place of a
secret becomes a `Secret` here, before anything else can see it.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias

from proxy.model import Secret
from proxy.settings.findings import Findings
from proxy.settings.nodes import List, Map, Node, Path, Scalar
from proxy.settings.problem import Code, closest, quote
from proxy.settings.secrets import judge
from proxy.settings.source import may_show

Data: TypeAlias = "str | int | float | bool | Secret | list[Data] | dict[str, Data]"

WORDS_FOR_KEYS = frozenset({"client", "none"})
"""What a key may be instead of a secret: the app's own, or nothing."""

_REFERENCE = re.compile(r"\$\{(?P<inside>[^}]*)\}?")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_BARE = re.compile(r"\$(?P<name>[A-Z_][A-Z0-9_]*)")
"""The shell's short form, which a table does not have; in capitals, as variables are."""


class Filled(str):
    """A text that came, wholly or in part, from the environment: never quoted to anybody."""

    __slots__ = ()


def secret(path: Path) -> bool:
    """Say whether a secret stands at `path`."""
    match path:
        case ("backends", _, "key") | ("clients", _, "token") | ("notify", _, "to" | "secret"):
            return True
        case _:
            return False


def variable(path: Path) -> str:
    """Propose a variable for the secret at `path`."""
    if path[0] == "notify":
        return f"NOTIFY_{path[2]}".upper()
    owner = re.sub(r"\W", "_", str(path[1])).upper()
    return f"{owner}_{'TOKEN' if path[0] == 'clients' else 'API_KEY'}"


def hidden(path: Path) -> bool:
    """Say whether a literal at `path` must never be shown; a webhook's URL is a secret too."""
    return path[:1] == ("notify",) or (secret(path[:3]) and path[3:] != ("file",))


def fill(root: Map, env: Mapping[str, str], findings: Findings) -> dict[str, Data]:
    """Return the data of a table; a reference that cannot be filled in is told, and stays."""
    return _map(root, env, findings, ())


def _map(node: Map, env: Mapping[str, str], findings: Findings, path: Path) -> dict[str, Data]:
    return {
        key: _data(entry.value, env, findings, (*path, key)) for key, entry in node.entries.items()
    }


def _data(node: Node, env: Mapping[str, str], findings: Findings, path: Path) -> Data:
    match node:
        case Map():
            return _map(node, env, findings, path)
        case List(items=items):
            return [_data(item, env, findings, (*path, i)) for i, item in enumerate(items)]
        case Scalar(value=str()):
            return _text(node, env, findings, path)
        case Scalar(value=value):
            return value


def _text(node: Scalar, env: Mapping[str, str], findings: Findings, path: Path) -> Data:
    bare = _BARE.fullmatch(node.text)
    if bare is not None:
        reason = f"{quote(node.text)} is not a reference to the environment without braces"
        findings.error(path, Code.BAD_REFERENCE, reason, f'write `"${{{bare["name"]}}}"`')
        return node.text
    text = _replace(node, env, findings, path)
    if not secret(path) or text in WORDS_FOR_KEYS or findings.broken(path):
        return text
    return _secret(node, text, findings, path)


def _secret(node: Scalar, text: str, findings: Findings, path: Path) -> Secret:
    flaw = judge(text)
    if flaw is not None:
        findings.error(path, flaw.code, flaw.reason, flaw.mend)
    elif not may_show(node.text) and not _is_address(path, node.text):
        reason = "this secret stands in the table itself, for all who can read or copy it"
        mend = (
            f'put it into the environment and write `"${{{variable(path)}}}"`, or `{{file: path}}`'
        )
        findings.warning(path, Code.LITERAL_KEY, reason, mend)
    return Secret(text)


def _is_address(path: Path, text: str) -> bool:
    """Whether it is a URL of which the secret part comes from the environment."""
    return path[0] == "notify" and "${" in text


def _replace(node: Scalar, env: Mapping[str, str], findings: Findings, path: Path) -> str:
    if "${" not in node.text:
        return node.text

    def value(match: re.Match[str]) -> str:
        inside = _INSIDE.fullmatch(match["inside"])
        if inside is None or not match[0].endswith("}"):
            shown = "this" if hidden(path) else quote(match[0])
            reason = f"{shown} is not a reference to the environment"
            mend = "a reference is `${NAME}` or `${NAME:-default}`"
            findings.error(path, Code.BAD_REFERENCE, reason, mend)
            return match[0]
        name, default = inside["name"], inside["default"]
        if default is not None:
            return env.get(name) or default
        if name not in env:
            _missing(name, env, findings, path)
        return env.get(name, match[0])

    return Filled(_REFERENCE.sub(value, node.text))


def _missing(name: str, env: Mapping[str, str], findings: Findings, path: Path) -> None:
    # A typing error only: to propose another vendor's key would send it to the wrong one.
    guess = closest(name, env, alike=0.9)
    mend = f"set it, or give a default: `${{{name}:-...}}`"
    if secret(path):
        mend = "set it, or read the secret from a file: `{file: path}`"
    if guess is not None:
        mend = f"did you mean {quote(guess)}?"
    reason = f"the environment has no variable {quote(name)}"
    findings.error(path, Code.MISSING_VARIABLE, reason, mend)
