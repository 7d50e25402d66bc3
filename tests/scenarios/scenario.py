"""A scenario as a test: played in its world, and judged, so that none can forget an invariant."""

import asyncio
import inspect
import logging
import os
import tempfile
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from proxy.model import Fleet
from tests.scenarios.aftermath import gone, leftovers, resources, surfaces
from tests.scenarios.checker import judge
from tests.scenarios.pace import Pace
from tests.scenarios.setup import Setup
from tests.scenarios.story import Story
from tests.scenarios.world import World

SEED = "FAULTLINE_SEED"
"""An environment variable: runs the scenarios under another seed."""

Scenario = Callable[..., Awaitable[None]]


def scenario(**setup: Any) -> Callable[[Scenario], Callable[..., None]]:
    """Make a test of a scenario: it gets its `World`, and whatever else it is parametrised with.

    A parameter by the name of a part of the `Setup` is that part.
    """

    def decorate(play: Scenario) -> Callable[..., None]:
        def test(pace: Pace, **more: Any) -> None:
            __tracebackhide__ = True
            seed = int(os.environ.get(SEED, zlib.crc32(play.__name__.encode())))
            more |= {"pace": pace} if "pace" in wanted else {}
            made = setup | {k: v for k, v in more.items() if k in Setup.__dataclass_fields__}
            with asyncio.Runner(loop_factory=pace.loop) as runner:
                runner.run(_judged(play, World(Setup(**made), seed), more))

        wanted = inspect.signature(play).parameters
        others = [p for p in list(wanted.values())[1:] if p.name != "pace"]
        first = inspect.Parameter("pace", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        more = [p.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD) for p in others]
        test.__signature__ = inspect.Signature([first, *more])  # type: ignore[attr-defined]
        test.__name__, test.__doc__ = play.__name__, play.__doc__
        test.__module__, test.__qualname__ = play.__module__, play.__qualname__
        return test

    return decorate


async def _judged(play: Scenario, world: World, more: Mapping[str, Any]) -> None:
    __tracebackhide__ = True
    before = resources()
    shown: dict[str, bytes] = {}
    with _logging_restored(), tempfile.TemporaryFile() as journal:
        left = []
        async with world.open(journal.fileno()):
            fleet = world.faultline.fleet
            try:
                await play(world, **more)
            except BaseException:
                print(_story(world, fleet, shown, ()).timeline())  # noqa: T201 - pytest shows it
                raise
            finally:
                await world.leave()
            left += await leftovers(world)
            shown |= await surfaces(world)
        journal.seek(0)
        shown["journal"] = journal.read()
    left += await gone(before)
    story = _story(world, fleet, shown, left)
    if wrong := judge(story):
        pytest.fail("\n".join([*wrong, "", story.timeline()]), pytrace=False)


def _story(world: World, fleet: Fleet, shown: Mapping[str, bytes], left: Sequence[str]) -> Story:
    targets = [target for route in fleet.routes for tier in route.tiers for target in tier]
    names = {target.model for target in targets if target.model is not None}
    names |= {served for b in fleet.backends.values() for served in b.models.values()}
    return Story(
        seed=world.seed,
        calls=world.calls,
        attempts=tuple(world.attempts()),
        told=world.told,
        keys=world.keys,
        app_key="" if "client" in world.setup.key.values() else world.app_key,
        owner=world.setup.owner,
        models=frozenset(names),
        surfaces=shown,
        left_behind=left,
        most_attempts=max(route.attempts for route in fleet.routes) + 1,
        late=world.late,
        resumes=world.setup.resumes,
        tokens=world.setup.tokens,
        unseen=frozenset(world.setup.elsewhere),
    )


@contextmanager
def _logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
