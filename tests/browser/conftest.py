"""One browser and one Faultline of each kind for all tests of a file."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.browser import situations
from tests.browser.chromium import EXECUTABLE, MISSING, Browser, Tab, chromium
from tests.browser.situations import Situation


@pytest.fixture(autouse=True, scope="session")
def _installed() -> None:
    if EXECUTABLE is None:
        pytest.skip(MISSING)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def tab(browser: Browser) -> AsyncIterator[Tab]:
    """A page that must have nothing to complain of in the end, and asks nobody else."""
    async with browser.tab() as opened:
        yield opened
        assert opened.trouble == []
        elsewhere = [url for url in opened.requests if not url.startswith("http://127.0.0.1:")]
        assert elsewhere == []


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=situations.ALL)
async def situation(request: pytest.FixtureRequest) -> AsyncIterator[Situation]:
    async with situations.ALL[request.param]() as reached:
        yield reached


@pytest_asyncio.fixture(loop_scope="module")
async def calm() -> AsyncIterator[Situation]:
    """One of the test's own; it is named before the tab, so that the tab is closed first."""
    async with situations.calm() as reached:
        yield reached
