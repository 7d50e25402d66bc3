"""No task is lost, and no error."""

import asyncio
from typing import Any

from proxy.wire.tasks import Tasks
from tests.wire.peer import until


async def test_a_task_is_held_until_it_ends() -> None:
    tasks = Tasks()
    ran: list[int] = []

    async def work() -> None:
        await asyncio.sleep(0)
        ran.append(1)

    await tasks.spawn(work(), lambda _: ran.append(2))
    await asyncio.sleep(0)
    assert ran == [1]
    assert len(tasks) == 0


async def test_an_error_is_reported_to_the_loop_and_to_the_one_concerned() -> None:
    tasks = Tasks()
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    failed: list[BaseException] = []
    error = ValueError("a bug")

    async def work() -> None:
        raise error

    task = tasks.spawn(work(), failed.append)
    await until(task.done)
    await asyncio.sleep(0)
    assert failed == [error]
    assert reported[0]["exception"] is error


async def test_closing_ends_all_and_is_no_failure() -> None:
    tasks = Tasks()
    failed: list[BaseException] = []
    ended: list[int] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    running = [tasks.spawn(work(), failed.append) for _ in range(3)]
    await asyncio.sleep(0)
    await tasks.close()
    assert all(task.cancelled() for task in running)
    assert (ended, failed, len(tasks)) == ([1, 1, 1], [], 0)
