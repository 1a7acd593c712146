"""Every benchmark runs with small parameters, so that none rots, and its runs agree."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fare_tables.model import Cap, Concession, Fare, Quota, SameStation, Tier, Transfer, Window

ROOT = Path(__file__).parents[2]
EVERY_RULE_FOLDER = ROOT / "benchmarks" / "every_rule"
ROWS = (Fare, Concession, Transfer, Tier, Cap, Quota, Window, SameStation)
EVERY_RULE = {field for row in ROWS for field in row.__struct_fields__}


def run(*arguments: str, cwd: Path) -> str:
    """What `python -m benchmarks` prints, from a folder of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=cwd, text=True,
                          env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_list_names_every_question(tmp_path: Path) -> None:
    printed = run(cwd=tmp_path)
    assert "city_day" in printed
    assert "pricing" in printed


def test_a_few_rides_by_every_rule(tmp_path: Path) -> None:
    printed = run("pricing", "--rides", "20000", "--rounds", "1", "--json", cwd=tmp_path)
    result: dict[str, Any] = json.loads(printed)
    assert result["rides"] == result["priced"] == 20_000
    assert result["discounted"] > 5_000
    assert result["rides_per_s"] > 0
    assert "hongkong" in result["compile_seconds_by_network"]
    again = json.loads(run("pricing", "--rides", "20000", "--rounds", "1", "--threads", "1",
                           "--json", cwd=tmp_path))
    assert again["checksum"] == result["checksum"]


@pytest.mark.parametrize("rule", sorted(EVERY_RULE))
def test_the_tables_of_the_benchmark_use_every_rule(rule: str) -> None:
    """Every key of a row stands in some table of benchmarks/every_rule/."""
    text = "".join(path.read_text("utf-8") for path in EVERY_RULE_FOLDER.glob("*.toml"))
    assert re.search(rf"\b{rule}\b", text)


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


def test_the_tables_of_the_benchmark_have_one_price_for_every_ride() -> None:
    """Also: a fare row for some stops needs no fares at the others."""
    done = subprocess.run([sys.executable, "-c", "from clearing.cli import main; main()", "tables",
                           "check", str(EVERY_RULE_FOLDER)], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout
