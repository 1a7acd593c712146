"""Books to test with: every promise is held in a folder and on a server."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from benchmarks.clickhouse import Server

_numbers = itertools.count(1)


@pytest.fixture(params=["folder", "server"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new book can be made."""
    if request.param == "folder":
        return str(tmp_path / "book")
    server: Server = request.getfixturevalue("clickhouse_server")
    return server.location(f"book_{next(_numbers)}")
