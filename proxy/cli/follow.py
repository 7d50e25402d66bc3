"""Exchanges as they end, from a running Faultline or from its journal.

Knows how to stay with a console that goes and comes back; nothing of what a line says.
"""

import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from proxy.cli.look import Console, Gone

PATH = "/api/exchanges"

FIRST, MOST = 0.5, 5.0
"""Seconds before a console is tried again, doubling up to the second."""


def follow(console: Console, say: Callable[[str], None]) -> Iterator[bytes]:
    """Yield the lines of a console for ever; what happens to the connection is said.

    Raises Unseen if there is nobody at first, or somebody who refuses.
    """
    pause, known, away = FIRST, False, False
    while True:
        try:
            for line in console.lines(PATH):
                if away:
                    say("back again; what ended meanwhile is in the journal only")
                pause, known, away = FIRST, True, False
                if line:
                    yield line
        except Gone as gone:
            if not known:
                raise
            if not away:
                say(f"{gone}; trying again")
            away = True
        time.sleep(pause)
        pause = min(2 * pause, MOST)


def read(journal: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a journal until it ends; of a pipe each as it comes."""
    while line := journal.readline():
        yield line.rstrip(b"\r\n")
