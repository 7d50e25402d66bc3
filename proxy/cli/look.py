"""How a command looks at a running Faultline: it asks the console port, and shows text safely.

Knows a GET, one answer that goes on, and the token that opens a console beyond this machine;
nothing of what is asked.
"""

import http.client
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from proxy.cli.healthcheck import console_url, reason, told_url
from proxy.cli.table import loader_for

TOKEN = "FAULTLINE_TOKEN"  # noqa: S105 - the name of a variable
TIMEOUT = 5.0
"""Seconds for the console's answer."""

SILENCE = 15.0
"""Seconds without a sign of life in an answer that goes on: the console gives one every 5 s."""

COLOURS = {"good": "green", "mid": "yellow", "bad": "red"}

UrlOption = Annotated[
    str, typer.Option("--url", help="The console's address instead of the table's.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The table that it runs on.", show_default=False)
]

Json = Mapping[str, Any]


class Unseen(Exception):  # noqa: N818 - it is no error of ours
    """Nothing could be seen; the text says why."""


class Gone(Unseen):
    """Nobody is there, now; that may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """A running Faultline's console, and what opens it."""

    url: str
    token: str = ""

    def get(self, path: str) -> str:
        """Return what the console answers. Raises Unseen."""
        with self._answer(path, TIMEOUT) as answer:
            return answer.read().decode("utf-8", "replace")

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield the lines of an answer that goes on, without their ends. Raises Unseen.

        An empty one is a sign of life. When the answer ends, Gone is raised.
        """
        with self._answer(path, SILENCE) as answer:
            while line := answer.readline():
                yield line.rstrip(b"\r\n")
        raise Gone(f"{self.url} has gone")

    @contextmanager
    def _answer(self, path: str, limit: float) -> Iterator[http.client.HTTPResponse]:
        """Ask, and lend the answer; what breaks while it is read is Gone too."""
        target = urlsplit(self.url)
        secure = target.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(target.hostname or "", target.port, timeout=limit)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            self._check(path, answer.status)
            yield answer
        except (OSError, http.client.HTTPException) as error:
            raise Gone(f"{self.url} does not answer: {reason(error)}") from None
        finally:
            connection.close()

    def _check(self, path: str, status: int) -> None:
        if status == HTTPStatus.UNAUTHORIZED:
            raise Unseen(f"{self.url} asks for a token: set {TOKEN} to one of the table's")
        if status != HTTPStatus.OK:
            raise Unseen(f"{self.url}{path} is not there (HTTP {status})")

    def json(self, path: str) -> Json:
        """Return the object that the console answers. Raises Unseen."""
        try:
            value = json.loads(self.get(path))
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Unseen(f"{self.url} is no console of Faultline's")
        return value


def console(url: str, config: Path | None) -> Console:
    """Return the console at `url`, or that of the table."""
    token = os.environ.get(TOKEN, "")
    if told_url(url):
        return Console(url=url.rstrip("/"), token=token)
    found = console_url(config)
    clients = loader_for(config)().fleet.clients
    if clients and not token:
        token = next(iter(clients.values())).reveal()
    return Console(url=found, token=token)


def safe(text: object) -> str:
    """Return text that moves no cursor: names and evidence come from outside."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def sign(tone: str, text: str) -> str:
    """Return text in a state's colour."""
    return typer.style(safe(text), fg=COLOURS.get(tone))
