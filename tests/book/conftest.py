"""Books to test with: every promise is held in a folder and on a server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.clickhouse import BINARY, Server, running_server

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of our own, stopped at the end."""
    if BINARY is None:
        pytest.skip("no clickhouse-server on this machine (Debian: apt install clickhouse-server)")
    with running_server(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture(params=["folder", "server"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new book can be made."""
    if request.param == "folder":
        return str(tmp_path / "book")
    server: Server = request.getfixturevalue("clickhouse_server")
    return server.location(f"book_{next(_numbers)}")
