"""`faultline top`: a running Faultline, on one screen that follows it.

Exit codes: 0 ended with q, 1 nobody answers, 2 a wrong command line or no terminal, 130 ended with
Ctrl-C.
"""

import os
import select
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer
from rich.console import Console as Terminal
from rich.console import Group
from rich.live import Live

from proxy.cli import cli
from proxy.cli.follow import follow
from proxy.cli.look import ConfigOption, Console, Unseen, UrlOption, console
from proxy.cli.passing import dropped, exchange
from proxy.cli.screen import Shown, screen
from proxy.cli.window import Window

UNSEEN, NO_TERMINAL = 1, 2
REFRESH = 0.5
"""Seconds between two screens."""
ASK = 1.0
"""Seconds between two looks at the status."""

ENDS = (signal.SIGTERM, signal.SIGHUP)
QUIT = frozenset({b"q", b"Q"})


@cli.command()
def top(url: UrlOption = "", config: ConfigOption = None) -> None:
    """Show how things stand, live, until q. Backends, incidents, the last exchanges."""
    if not sys.stdout.isatty():
        typer.echo("faultline: top needs a terminal; `faultline status` does not", err=True)
        raise typer.Exit(NO_TERMINAL)
    where = console(url, config)
    try:
        watched = Watched(where)
    except Unseen as unseen:
        typer.echo(f"faultline: {unseen}", err=True)
        raise typer.Exit(UNSEEN) from None
    watched.start()
    terminal = Terminal()
    with (
        _ended_by_signals(),
        _keys() as key,
        Live(console=terminal, screen=True, auto_refresh=False) as live,
    ):
        while True:
            live.update(Group(*screen(watched.shown(), *terminal.size)), refresh=True)
            if key(REFRESH) in QUIT:
                return


class Watched:
    """What is known of a running Faultline; two threads of it keep that true."""

    def __init__(self, where: Console) -> None:
        """Look once. Raises Unseen."""
        self._where = where
        self._status = where.json("/api/status.json")
        self._window = Window(_now())
        self._notice = ""

    def start(self) -> None:
        """Follow from now on; the threads end with the process."""
        for run in (self._look, self._hear):
            threading.Thread(target=run, daemon=True).start()

    def shown(self) -> Shown:
        """Return what is known now."""
        return Shown(
            where=self._where.url,
            status=self._status,
            lately=self._window.lately(_now()),
            notice=self._notice,
        )

    def _look(self) -> None:
        while True:
            time.sleep(ASK)
            try:
                self._status, self._notice = self._where.json("/api/status.json"), ""
            except Unseen as unseen:
                self._notice = f"{unseen}; what you see is old"

    def _hear(self) -> None:
        while True:
            try:
                for line in follow(self._where, lambda _: None):
                    self._take(line)
            except Unseen:
                time.sleep(ASK)  # `_look` says why

    def _take(self, line: bytes) -> None:
        found = exchange(line)
        if found is not None:
            self._window.add(found, _now())
        elif missing := dropped(line):
            self._window.miss(missing, _now())


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals end this in order, so that the terminal is left as it was."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _keys() -> Iterator[Callable[[float], bytes]]:
    """Lend a wait for a key, which gives nothing when none was pressed; keys are not shown."""
    if not sys.stdin.isatty():
        yield _sleep
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def key(seconds: float) -> bytes:
        ready, _, _ = select.select([terminal], [], [], seconds)
        return os.read(terminal, 1) if ready else b""

    tty.setcbreak(terminal)
    try:
        yield key
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _sleep(seconds: float) -> bytes:
    time.sleep(seconds)
    return b""


def _now() -> float:
    return time.monotonic()  # noqa: TID251 - a command has no composition root
