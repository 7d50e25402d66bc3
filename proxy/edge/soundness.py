"""Whether the aiohttp that is installed is one to put in front of keys.

Its C parser refuses what its Python one lets pass (request smuggling), and versions below 3.14.3
have known advisories. It knows nothing else.
"""

import re

import aiohttp
from aiohttp import http_parser

LEAST = (3, 14, 3)


def require_sound_aiohttp(version: str = aiohttp.__version__) -> None:
    """Raise RuntimeError, with the mend, unless aiohttp is new enough and parses in C."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    if numbers < LEAST:
        least = ".".join(map(str, LEAST))
        raise RuntimeError(f"aiohttp {version} has known holes: install aiohttp>={least}")
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise RuntimeError(
            "aiohttp runs without its C parser, which alone withstands request smuggling: install "
            "its binary wheel, and unset AIOHTTP_NO_EXTENSIONS"
        )
