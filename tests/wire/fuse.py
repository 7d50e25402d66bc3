"""Something goes wrong at the n-th wait of a room: for every n, until the work has fewer waits.

A `Fuse` makes the tasks of its loop and stands between those of the room and their futures. It
counts whenever one of them is about to wait; at the n-th it blows, in one of three ways: while the
task waits, when what it waited for has come but the task has not been told yet (so that the result
is lost), or by an error in place of the result.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from types import CodeType, coroutine
from typing import Any, Self

OURS = "/proxy/"
ROOMS = (OURS, "/aiohappyeyeballs/")
"""Whose tasks are watched; those of the test, and of its peers, are not."""

LOOPS_OWN = "SSLProtocol"
"""In the names of timers that uvloop lets run out after a handshake that was given up."""

SPARE = "/dev/null"
"""What libuv keeps a descriptor on, from its first stream on."""

Work = Coroutine[Any, Any, Any]


def is_watched(code: CodeType) -> bool:
    """Say whether it belongs to a room that is watched."""
    return any(room in code.co_filename for room in ROOMS)


class When(Enum):
    """When the fuse acts."""

    WAITING = "while it waits"
    READY = "when it is about to go on"


class Fuse:
    """Blows at the `at`-th wait: `act`s, or raises `error` there. A task factory."""

    def __init__(
        self,
        at: int,
        *,
        when: When = When.READY,
        act: Callable[[], object] | None = None,
        error: BaseException | None = None,
    ) -> None:
        self.act = act
        self.blown = False
        self.tasks: list[asyncio.Task[Any]] = []
        """All that were watched."""
        self.struck: list[asyncio.Task[Any]] = []
        """Our own that were running when it acted."""
        self._ours: list[asyncio.Task[Any]] = []
        self._left = at
        self._when = when
        self._error = error

    def __call__(
        self, loop: asyncio.AbstractEventLoop, work: Work, **more: Any
    ) -> asyncio.Task[Any]:
        """Make a task."""
        code = work.cr_code  # type: ignore[attr-defined]
        if not is_watched(code):
            return asyncio.Task(work, loop=loop, **more)
        task = asyncio.Task(self._run(work), loop=loop, **more)
        task.add_done_callback(lambda _: work.close())  # it may never have begun
        self.tasks.append(task)
        if OURS in code.co_filename:
            self._ours.append(task)
        return task

    async def _run(self, work: Work) -> Any:
        return await self._steps(work)

    @coroutine
    def _steps(self, work: Work) -> Generator[Any, None, Any]:
        error: BaseException | None = None
        while True:
            try:
                awaited = work.send(None) if error is None else work.throw(error)
            except StopIteration as done:
                return done.value
            due = self._blow(awaited)
            try:
                yield awaited
                error = due
            except BaseException as thrown:  # noqa: BLE001 - passed on, whatever it is
                error = thrown

    def _blow(self, awaited: asyncio.Future[Any] | None) -> BaseException | None:
        """Do what is due at this wait; return what the task is to be told in place of a result."""
        self._left -= 1
        if self._left:
            return None
        self.blown = True
        if self._error is not None:
            return self._error
        if self._when is When.WAITING:
            self._strike()
        elif awaited is None:  # nothing but a turn of the loop
            asyncio.get_running_loop().call_soon(self._strike)
        else:  # before the task's own callback, which is not there yet
            awaited.add_done_callback(lambda _: self._strike())
        return None

    def _strike(self) -> None:
        self.struck = [task for task in self._ours if not task.done()]
        assert self.act is not None
        self.act()


class Remains:
    """What is left of the work in this context: descriptors, tasks, timers."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers: list[asyncio.TimerHandle] = []

    def __enter__(self) -> Self:
        self._tasks = asyncio.all_tasks()
        self._files = open_files()
        self._calls = {name: getattr(self._loop, name) for name in ("call_at", "call_later")}
        for name, call in self._calls.items():
            setattr(self._loop, name, self._noting(call))
        return self

    def __exit__(self, *_: object) -> None:
        for name, call in self._calls.items():
            setattr(self._loop, name, call)

    def _noting(self, call: Callable[..., asyncio.TimerHandle]) -> Callable[..., Any]:
        def noted(*args: Any, **more: Any) -> asyncio.TimerHandle:
            handle = call(*args, **more)
            self._timers.append(handle)
            return handle

        return noted

    @property
    def all(self) -> list[str]:
        """What is here now, and was not before."""
        now = self._loop.time()
        waiting = [repr(t) for t in self._timers if not t.cancelled() and t.when() > now]
        timers = [timer for timer in waiting if LOOPS_OWN not in timer]
        tasks = [repr(task) for task in asyncio.all_tasks() - self._tasks]
        return timers + tasks + sorted(open_files() - self._files)


def open_files() -> set[str]:
    """Return the descriptors of this process, each with what it leads to."""
    found = set()
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            found.add(f"{file.name} {file.readlink()}")
    return {file for file in found if not file.endswith(SPARE)}
