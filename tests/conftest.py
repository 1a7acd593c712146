"""A ClickHouse server for every test that asks; where tests write; who begins with what."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.clickhouse import BINARY, Server, running_server

MEMORY = Path("/dev/shm")
_ROOM_BYTES = 6 << 30


def pytest_configure() -> None:
    """Keep what tests write in memory where there is room: books sync each of their many files.

    On a disk that is most of the time (263 s on a busy one and 73 s in memory, of one test that
    damages books), and no test can tell from the outside what a disk was made to keep.
    """
    # Of 10,000 tests none goes: to look for garbage was a quarter of what collecting them took.
    gc.disable()
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > _ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    # What a shell starts in the background ignores Ctrl-C, and so would all that tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was collected stays: it is looked through no more."""
    gc.freeze()
    gc.enable()


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
