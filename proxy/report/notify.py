"""Tells people of incidents: a queue, a task and its patience for each of those to tell.

Told on the event loop, where it appends to a bounded queue and returns. The rest happens in tasks
off the path: whoever does not answer is tried again with longer and longer pauses, and keeps nobody
else waiting. It logs what could not be told, and never to where: an address is a secret.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from random import Random

import aiohttp

from proxy.model import Notify, NotifyKind, Seconds
from proxy.report.incident import Impact, Stage
from proxy.report.news import MOST_REMEMBERED, Happening, Message, weighs
from proxy.report.posts import details, headline, post

MOST_WAITING = 100
"""Messages that wait for one target; what is older is dropped and counted."""

MOST_AGE = Seconds(3600.0)
"""How long a message is worth telling: our own network may be gone for a while."""

FIRST_PAUSE, MOST_PAUSE, JITTER = Seconds(1.0), Seconds(60.0), 0.2
"""Between two tries of a message; it doubles."""

LIMIT = aiohttp.ClientTimeout(total=10.0)
"""Seconds for one try: Slack and PagerDuty answer within one."""

LAST_TRY = Seconds(3.0)
"""What telling the rest may take at the end."""

MOST_READ = 1024
"""Bytes of an answer that are read: only its status counts."""

LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Answers of a client's fault that are worth another try."""

Tell = Callable[[str, str], None]
"""Hears who could not be told, and why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A target has taken the message."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A target has not: why, whether another try is worth it, and when it asks for that."""

    why: str
    again: bool = True
    after: Seconds = Seconds(0.0)


class Notifier:
    """Tells all targets of the table."""

    def __init__(self, *, wall: Callable[[], float], dice: Random, tell: Tell) -> None:
        self._wall = wall
        self._dice = dice
        self._tell = tell
        self._session: aiohttp.ClientSession | None = None
        self._waiting: dict[Notify, _Mailbox] = {}
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Messages that will never be told: too many, too old, or refused."""
        return self._dropped + sum(box.dropped for box in self._waiting.values())

    def adopt(self, targets: Sequence[Notify]) -> None:
        """Tell these from now on; what waits for one that stays is not lost. Needs a loop."""
        for gone in self._waiting.keys() - set(targets):
            box = self._waiting.pop(gone)
            self._dropped += box.dropped + len(box)
            box.task.cancel()
        for number, target in enumerate(targets):
            if target not in self._waiting:
                box = _Mailbox(f"notify[{number}] ({target.kind})")
                box.task = asyncio.get_running_loop().create_task(self._deliver(target, box))
                self._waiting[target] = box

    def hear(self, messages: Sequence[Message]) -> None:
        """Queue messages for everybody whom they concern."""
        for message in messages:
            for target, box in self._waiting.items():
                if box.wants(message, Impact(target.impact)):
                    box.put(_Waiting(message, self._wall()))

    async def close(self) -> None:
        """Try what waits once more where nothing is under way, and end."""
        tasks = [box.task for box in self._waiting.values()]
        for box in self._waiting.values():
            box.closing = True
            box.filled.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=LAST_TRY)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def test(
        self, targets: Sequence[Notify], message: Message
    ) -> Mapping[Notify, Sent | Failed]:
        """Send one message to each target, once, and say what became of it."""
        results = await asyncio.gather(*(self._try(target, message) for target in targets))
        return dict(zip(targets, results, strict=True))

    # --- a target's task

    async def _deliver(self, target: Notify, box: "_Mailbox") -> None:
        while waiting := await box.next():
            pause = FIRST_PAUSE
            while isinstance(result := await self._try(target, waiting.message), Failed):
                stale = self._wall() - waiting.since > MOST_AGE
                if stale or box.closing or not result.again:
                    box.dropped += 1
                    self._tell(box.name, result.why)
                    break
                await box.rest(max(result.after, pause * (1 + JITTER * self._dice.random())))
                pause = Seconds(min(2 * pause, MOST_PAUSE))
            box.taken(waiting)

    async def _try(self, target: Notify, message: Message) -> Sent | Failed:
        try:
            if target.kind is NotifyKind.APPRISE:
                return await _apprise(target, message)
            return await self._post(target, message)
        except (aiohttp.ClientError, OSError) as error:  # a timeout is an OSError
            return Failed(_reason(error))
        except Exception as error:  # noqa: BLE001 - a library's bug must not end the telling
            return Failed(type(error).__name__, again=False)

    async def _post(self, target: Notify, message: Message) -> Sent | Failed:
        made = post(target, message, self._wall())
        async with self._http().post(
            made.url.reveal(), data=made.body, headers=made.headers, allow_redirects=False
        ) as answer:
            await answer.content.read(MOST_READ)
            return _read(answer.status, answer.headers.get("Retry-After", ""))

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=LIMIT, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message, and since when it waits (seconds since the epoch)."""

    message: Message
    since: float


class _Mailbox:
    """What waits for one target."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.task: asyncio.Task[None]
        self.filled = asyncio.Event()
        self.closing = False
        self.dropped = 0
        self._queue: deque[_Waiting] = deque()
        self._heard: dict[str, None] = {}
        """Incidents of which it has been told."""

    def __len__(self) -> int:
        return len(self._queue)

    def wants(self, message: Message, least: Impact) -> bool:
        """Whether it is to be told: grave enough, or the end of what it has heard of."""
        grave, heard = weighs(message.impact, least), message.incident in self._heard
        if message.over:
            self._heard.pop(message.incident, None)
            return grave or heard
        if grave:
            self._heard[message.incident] = None
            if len(self._heard) > MOST_REMEMBERED:
                del self._heard[next(iter(self._heard))]
        return grave

    def put(self, waiting: _Waiting) -> None:
        if len(self._queue) >= MOST_WAITING:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append(waiting)
        self.filled.set()

    async def next(self) -> _Waiting | None:
        """Return the oldest message, which stays until it is taken; None at the end."""
        while not self._queue:
            if self.closing:
                return None
            self.filled.clear()
            await self.filled.wait()
        return self._queue[0]

    def taken(self, waiting: _Waiting) -> None:
        if self._queue and self._queue[0] is waiting:
            self._queue.popleft()

    async def rest(self, pause: float) -> None:
        """Wait, but no longer than until the end."""
        self.filled.clear()
        try:
            async with asyncio.timeout(pause):
                while not self.closing:
                    await self.filled.wait()
                    self.filled.clear()
        except TimeoutError:
            pass


async def _apprise(target: Notify, message: Message) -> Sent | Failed:
    from apprise import Apprise  # noqa: PLC0415 - an extra: only who names it needs it

    told = Apprise()
    if not told.add(target.to.reveal()):
        return Failed("apprise does not know such an address", again=False)
    body = details(message)
    done = await told.async_notify(title=headline(message), body=body)
    return Sent() if done else Failed("apprise could not deliver it")


def _read(status: int, retry_after: str) -> Sent | Failed:
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return Sent()
    again = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in LATER
    told = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    return Failed(f"it answered {status}", again, Seconds(min(told, MOST_PAUSE)))


def _reason(error: Exception) -> str:
    """Name an error without its words: they hold the address."""
    names = {
        TimeoutError: f"no answer within {LIMIT.total:.0f} s",
        aiohttp.ClientConnectorError: "it cannot be connected to",
        aiohttp.ServerDisconnectedError: "it closed the connection",
    }
    for kind, words in names.items():
        if isinstance(error, kind):
            return words
    return type(error).__name__


def trial(now: float) -> Message:
    """Return a message that tells of nothing."""
    return Message(
        id=f"test-{now:.0f}",
        happening=Happening.TEST,
        incident=f"test-{now:.0f}",
        title="nothing is wrong, this is a test",
        text="Faultline can tell you of incidents this way.",
        stage=Stage.INVESTIGATING,
        impact=Impact.NONE,
        backends=(),
        opened=now,
        at=now,
        lasted=Seconds(0.0),
        rescued=0,
        failed=0,
        link="",
    )
