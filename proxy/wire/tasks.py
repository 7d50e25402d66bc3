"""The room's tasks: none is lost, and so is no error."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Tasks:
    """Holds tasks until they end."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(
        self, work: Coroutine[Any, Any, None], failed: Callable[[BaseException], None]
    ) -> asyncio.Task[None]:
        """Run `work`; an error that it did not expect is reported to the loop and to `failed`."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        self._running.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                context = {"message": "a task of the wire has failed", "exception": error}
                loop.call_exception_handler(context)
                failed(error)

        task.add_done_callback(ended)
        return task

    async def close(self) -> None:
        """End all."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
