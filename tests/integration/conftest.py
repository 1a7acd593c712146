"""A server of today for whoever asks for one. See todays_engine.py."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.clickhouse import DIE_WITH_US, free_ports


@pytest.fixture(scope="session")
def todays_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address, up to the name of a database."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [*DIE_WITH_US, sys.executable, "-m", "tests.integration.todays_engine",
         str(tmp_path_factory.mktemp("todays_engine") / "data"), str(port)],
        cwd=Path(__file__).parents[2], env={**os.environ, "TZ": "UTC"})
    deadline = time.monotonic() + 60
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        assert process.poll() is None and time.monotonic() < deadline, "it did not start"
        time.sleep(0.05)
    yield f"clickhouse://127.0.0.1:{port}/"
    process.kill()
    process.wait()
