"""Where the routing table is looked for when no command names it."""

import os.path
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "FAULTLINE_CONFIG"
NAME = "faultline.yaml"
SYSTEM = Path("/etc/faultline") / NAME


def find(env: Mapping[str, str], folder: Path) -> Path | None:
    """Return the table that the environment names, be it there or not; else the first that is."""
    named = env.get(VARIABLE)
    if named:
        return Path(named)
    # os.path, because Path.is_file raises where a folder may not be looked into.
    return next((path for path in (folder / NAME, SYSTEM) if os.path.isfile(path)), None)  # noqa: PTH113


def places(folder: Path) -> str:
    """Say where is looked, for a person who has no table there."""
    return f"${VARIABLE}, {folder / NAME}, {SYSTEM}"
