"""Secrets from files, and whether a secret can be used at all.

Knows where a secret came from and how it looks; never says what it is.
"""

import stat
from dataclasses import dataclass
from pathlib import Path

from proxy.model import Secret
from proxy.settings.problem import Code, quote

MOST_BYTES = 16 * 1024
"""Bytes of a secret: the longest tokens (signed ones) have a quarter of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong with a secret, without the secret."""

    code: Code
    reason: str
    mend: str = ""


def judge(text: str) -> Flaw | None:
    """Say why a text cannot be sent as a credential in a header; None when it can."""
    if not text:
        return Flaw(
            code=Code.EMPTY_KEY,
            reason="this secret is empty",
            mend="the word for no key at all is `none`",
        )
    if len(text) > MOST_BYTES:
        return Flaw(
            code=Code.UNSENDABLE_KEY,
            reason=f"this secret has more than {MOST_BYTES // 1024} KiB",
            mend="does it hold more than the key?",
        )
    if not all("!" <= character <= "~" for character in text):
        return Flaw(
            code=Code.UNSENDABLE_KEY,
            reason="this secret has a space, a line break or a character that no header can carry",
            mend="does it hold more than the key, a second line or a copied label?",
        )
    return None


def from_file(path: Path) -> Secret | Flaw:
    """Read a secret from a file; one line break at its end is not part of it."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        return Flaw(
            code=Code.UNREADABLE_FILE,
            reason=f"the file {quote(str(path), 200)} cannot be read: {why(error)}",
            mend="is it there for Faultline's user? a relative path begins at the table's folder",
        )
    text = data.decode("latin-1").removesuffix("\n").removesuffix("\r")
    return judge(text) or Secret(text)


def world_readable(path: Path) -> bool:
    """Say whether everybody on this machine can read a file."""
    return bool(path.stat().st_mode & stat.S_IROTH)


def why(error: OSError | ValueError) -> str:
    """Say in the system's words why a file cannot be read."""
    return error.strerror or "unknown reason" if isinstance(error, OSError) else "not a path"
