"""Every benchmark runs with small parameters, so that none rots, and its runs agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def run(*arguments: str, cwd: Path) -> str:
    """What `python -m benchmarks` prints, from a folder of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=cwd, text=True,
                          env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_list_names_every_question(tmp_path: Path) -> None:
    assert "city_day" in run(cwd=tmp_path)


def test_a_small_day(tmp_path: Path) -> None:
    printed = run("city_day", "--taps", "5000", "--rounds", "1", "--json", cwd=tmp_path)
    result: dict[str, Any] = json.loads(printed)
    assert 4_000 < result["taps"] < 6_000
    assert result["rides"] > 1_000
    assert result["taps_per_s"] > 0
    assert result["taps_per_s_with_ledger"] > 0
    assert result["peak_memory_mib"] > 0
    # The same files again: the outcome is the same.
    again = json.loads(run("city_day", "--taps", "5000", "--rounds", "1", "--json", cwd=tmp_path))
    assert again["checksum"] == result["checksum"]
