"""A real Chromium without a window, driven over its own debugging protocol (CDP).

Each tab lives in a profile of its own and keeps what the page complained of. What the debugger puts
in is exempt from the page's Content-Security-Policy; what the page does is not.
"""

import asyncio
import base64
import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp

EXECUTABLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
MISSING = "needs Chromium: `apt-get install chromium`"

FLAGS = (
    "--headless",
    "--no-sandbox",  # tests may run as root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--force-device-scale-factor=1",
    "--remote-debugging-port=0",
)
START, PATIENCE = 30.0, 10.0
"""Seconds until it listens, and that any one step may take on a busy machine."""

GREETING = b"DevTools listening on "
KEYS = {"Tab": 9, "Enter": 13}

Json = dict[str, Any]


class Tab:
    """One page."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser, self._session = browser, session
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.expected: list[str] = []
        """Parts of complaints that a test provokes."""

    async def send(self, method: str, **params: object) -> Json:
        return await self._browser.send(method, self._session, **params)

    def hear(self, method: str, params: Json) -> None:
        """Keep what the page asked for, and what went wrong."""
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown" | "Audits.issueAdded":
                self.complaints.append(json.dumps(params))
            case "Log.entryAdded" if params["entry"]["level"] in {"warning", "error"}:
                self.complaints.append(params["entry"]["text"])
            case "Runtime.consoleAPICalled" if params["type"] in {"warning", "error", "assert"}:
                self.complaints.append(json.dumps(params["args"]))
            case _:
                pass

    @property
    def trouble(self) -> list[str]:
        """What the page complained of beyond what was expected."""
        return [c for c in self.complaints if not any(part in c for part in self.expected)]

    async def open(self, url: str) -> None:
        """Go there, and wait until all of it is loaded."""
        async with asyncio.timeout(PATIENCE):
            loaded = self._browser.next_event("Page.loadEventFired", self._session)
            await self.send("Page.navigate", url=url)
            await loaded

    async def look(self, script: str) -> Any:
        """Return what an expression is worth in the page; promises are waited for."""
        said = await self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    async def until(self, condition: str, within: float = PATIENCE) -> None:
        """Wait until a condition holds; the page itself looks, every 10 ms."""
        script = f"""new Promise((yes, no) => {{
            const end = performance.now() + {within * 1000};
            const look = () => {condition} ? yes()
                : performance.now() > end ? no(new Error("in vain")) : setTimeout(look, 10);
            look();
        }})"""
        await self.look(script)

    async def still(self) -> None:
        """Let pages that are opened from now on hear no news: they stay as they came."""
        source = "window.EventSource = class { addEventListener() {} };"
        await self.send("Page.addScriptToEvaluateOnNewDocument", source=source)

    async def scripts(self, *, allowed: bool) -> None:
        await self.send("Emulation.setScriptExecutionDisabled", value=not allowed)

    async def medium(self, medium: str = "screen", scheme: str = "light") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.send("Emulation.setEmulatedMedia", media=medium, features=features)

    async def size(self, width: int, height: int = 900) -> None:
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def press(self, key: str, *, shift: bool = False) -> None:
        said = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key], "modifiers": 8 * shift}
        text = {"text": "\r"} if key == "Enter" else {}
        await self.send("Input.dispatchKeyEvent", type="keyDown", **said, **text)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **said)

    async def picture(self) -> bytes:
        """Return the whole page as PNG, for people to look at."""
        shot = await self.send("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    async def paper(self) -> bytes:
        """Return the page as it would be printed."""
        return base64.b64decode((await self.send("Page.printToPDF"))["data"])


class Browser:
    """The browser's end of the line."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._awaited: dict[tuple[str, str], list[asyncio.Future[None]]] = defaultdict(list)
        self._tabs: dict[str, Tab] = {}

    async def send(self, method: str, session: str | None = None, **params: object) -> Json:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        addressed = {} if session is None else {"sessionId": session}
        await self._socket.send_json(
            {"id": number, "method": method, "params": params, **addressed}
        )
        async with asyncio.timeout(2 * PATIENCE):
            said = await answer
        assert "error" not in said, (method, said["error"])
        result: Json = said["result"]
        return result

    def next_event(self, method: str, session: str) -> asyncio.Future[None]:
        waiting = asyncio.get_running_loop().create_future()
        self._awaited[session, method].append(waiting)
        return waiting

    async def listen(self) -> None:
        """Hand on what comes, until the line is closed."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                answer = self._answers.pop(said["id"])
                if not answer.done():  # whoever asked may have left
                    answer.set_result(said)
                continue
            session = said.get("sessionId", "")
            if session in self._tabs:
                self._tabs[session].hear(said["method"], said["params"])
            for waiting in self._awaited.pop((session, said["method"]), ()):
                waiting.set_result(None)

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """Open a page in a profile of its own."""
        context = (await self.send("Target.createBrowserContext"))["browserContextId"]
        target = (
            await self.send("Target.createTarget", url="about:blank", browserContextId=context)
        )["targetId"]
        session = (await self.send("Target.attachToTarget", targetId=target, flatten=True))[
            "sessionId"
        ]
        tab = self._tabs[session] = Tab(self, session)
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            await tab.send(f"{domain}.enable")
        await tab.size(1100)
        await tab.medium()
        try:
            yield tab
        finally:
            del self._tabs[session]
            await self.send("Target.disposeBrowserContext", browserContextId=context)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a browser, and end it."""
    assert EXECUTABLE is not None, MISSING
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            EXECUTABLE,
            *FLAGS,
            f"--user-data-dir={folder}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        try:
            async with asyncio.timeout(START):
                while not (line := await process.stderr.readline()).startswith(GREETING):
                    assert line, "Chromium has ended"
            address = line.removeprefix(GREETING).decode().strip()
            async with _connected(address, process.stderr) as browser:
                yield browser
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


@asynccontextmanager
async def _connected(address: str, stderr: asyncio.StreamReader) -> AsyncIterator[Browser]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, max_msg_size=0) as socket,
    ):
        browser = Browser(socket)
        tasks = [asyncio.ensure_future(each) for each in (browser.listen(), stderr.read())]
        try:
            yield browser
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
