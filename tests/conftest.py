"""A ClickHouse server for every test that asks for one; and who begins with what."""

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests that are marked long, so that nobody waits for one at the end.

    Workers (--dist worksteal) are given a share of the list each, and take from others' ends later.
    """
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    items.clear()
    for worker in range(workers):
        first, end = (len(others) * one // workers for one in (worker, worker + 1))
        items += [*long[worker::workers], *others[first:end]]
