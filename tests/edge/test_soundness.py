"""A parser that lets smugglers through is not started."""

import os
import subprocess
import sys

import pytest

from proxy.edge.soundness import require_sound_aiohttp


def test_the_installed_one_is_sound() -> None:
    require_sound_aiohttp()


@pytest.mark.parametrize("version", ["3.14.2", "3.14.0rc1", "3.9.5", "2.0"])
def test_an_old_one_is_refused(version: str) -> None:
    with pytest.raises(RuntimeError, match=r"install aiohttp>=3\.14\.3"):
        require_sound_aiohttp(version)


@pytest.mark.parametrize("version", ["3.14.3", "3.14.10", "3.15.0", "4.0.0a1"])
def test_a_new_one_is_taken(version: str) -> None:
    require_sound_aiohttp(version)


def test_one_without_its_c_parser_is_refused() -> None:
    code = "from proxy.edge.soundness import require_sound_aiohttp as r; r()"
    environment = os.environ | {"AIOHTTP_NO_EXTENSIONS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False
    )
    assert ran.returncode == 1
    assert b"C parser" in ran.stderr
