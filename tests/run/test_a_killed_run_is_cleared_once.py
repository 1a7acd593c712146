"""kill -9 at any step of `clear` and `settle`, then the same command: the same book and answers.

`late` is a `clear` of records whose window is closed: it takes entries back.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.clickhouse import Server
from tests.run.command import REPOSITORY, environment

STEPS_LEAST = {"clear": 35, "settle": 30, "late": 35}


@pytest.fixture(params=["folder", "server"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where books can be made, each with a number in the place of {}."""
    if request.param == "folder":
        return str(tmp_path / "book-{}")
    server: Server = request.getfixturevalue("clickhouse_server")
    return server.location(f"killed_{request.node.callspec.params['what']}_{{}}")


@pytest.mark.long
@pytest.mark.parametrize("what", STEPS_LEAST)
def test_same_book_and_answers(what: str, location: str, tmp_path: Path,
                               two_days: list[list[Path]]) -> None:
    first, second = (list(map(str, paths)) for paths in two_days)
    options = ["--network", "demo", "--threads", "1"]
    settle = ["settle", "--yes", "--window", "2024-11-25", "--network", "demo"]
    some, more, day_1, day_2 = (["clear", *options, *paths] for paths in (
        first[:1], first[1:], first, second))
    commands = {"clear": [day_1, day_2], "settle": [day_1, settle, day_2],
                "late": [some, settle, more, day_2]}[what]
    words = [word for command in commands for word in ("---", *command)]
    # Every step in a folder; on a server, whose steps are the same, every third.
    stride = 1 if "book-" in location else 3
    done = subprocess.run(
        [sys.executable, "-m", "tests.run.killer", location, str(tmp_path), str(stride), *words],
        cwd=REPOSITORY, env=environment(), text=True, capture_output=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["faults"] == []
    assert report["steps"] >= STEPS_LEAST[what]
    assert 0 < report["committed"] < report["steps"]
