"""A ClickHouse server for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.clickhouse import BINARY, Server, running_server


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of our own, stopped at the end."""
    if BINARY is None:
        pytest.skip("no clickhouse-server on this machine (Debian: apt install clickhouse-server)")
    with running_server(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server
