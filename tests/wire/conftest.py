"""Every test of the wire runs on both loops: they differ in how sockets end."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from tests.wire.tls import AUTHORITY


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the file with the certificate that vouches for the peers'."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)
