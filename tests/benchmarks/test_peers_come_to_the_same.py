"""What users would write instead of the engine comes to the same, and would be caught if not."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import peers
from benchmarks.peers import engine
from benchmarks.peers.outcome import Outcome, assert_same
from benchmarks.peers.reference_data import write_reference
from clearing.sample.day import write_day

ROOT = Path(__file__).parents[2]
MISSING = peers.list_missing()
OUTCOME = Outcome(
    refused={"CONFLICT": 2}, rides={"COMPLETE": 5, "SINGLE_TAP": 1}, still_open=1, due=1200,
    price=1140, paid=1150, checksum=123456,
    flows=[["2024-11-25", "gz-card", "gz-metro", "FARE", 1150]],
    positions={"gz-card": -1150, "gz-metro": 1150})

needs_peers = pytest.mark.skipif(
    bool(MISSING), reason=f"{', '.join(MISSING)} not installed: pip install '.[peers]'")


@needs_peers
def test_every_peer_comes_to_what_the_engine_does(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers", "--taps", "20000", "--rounds", "1", "--json"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, capture_output=True,
        timeout=300)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert 19_000 < result["taps"] < 21_000
    assert result["refused"] > 50
    assert set(result["peers"]) == set(peers.PEERS)
    assert "month-over-80-yuan" in result["left_out"][0]
    for one in (result["engine"], *result["peers"].values()):
        assert one["taps_per_s"] > 0
        assert len(one["rounds"]) == 1
    assert all(one["ratio"] > 0 for one in result["peers"].values())


@needs_peers
def test_a_peer_with_another_fare_rule_is_caught(tmp_path: Path) -> None:
    """One percent more for students with a card of one issuer, in one tariff."""
    from benchmarks.peers import in_duckdb

    paths = write_day(tmp_path / "day", taps=5_000)
    reference = write_reference(tmp_path)
    prepared = engine.prepare(reference.network, reference.tables, 1)
    expected = engine.describe(prepared, paths, engine.clear(prepared, paths))
    assert expected.still_open > 3     # at the end of their cards' day, whenever that was

    def clear() -> Outcome:
        base = in_duckdb.prepare(reference.network, reference.tables, 1)
        return in_duckdb.describe(base, paths, in_duckdb.clear(base, paths))

    assert_same("duckdb", clear(), expected)
    terms = reference.tables / "terms.csv"
    with terms.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    one = next(row for row in rows if row["operator"] == row["issuer"].replace("card", "metro")
               and row["card_kind"] == "student" and row["medium"] == "card")
    one["pays1"] = str(int(one["pays1"]) + 1)
    with terms.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(AssertionError, match="checksum: the engine"):
        assert_same("duckdb", clear(), expected)


@pytest.mark.parametrize("change", [
    {"refused": {"CONFLICT": 1}}, {"refused": {"CONFLICT": 2, "DUPLICATE": 1}},
    {"rides": {"COMPLETE": 6}}, {"still_open": 0}, {"due": 1201}, {"price": 1139}, {"paid": 0},
    {"checksum": 123457}, {"flows": []},
    {"flows": [["2024-11-26", "gz-card", "gz-metro", "FARE", 1150]]},
    {"positions": {"gz-card": -1149, "gz-metro": 1149}},
], ids=str)
def test_whatever_differs_is_named(change: dict[str, Any]) -> None:
    assert_same("peer", OUTCOME, OUTCOME)
    with pytest.raises(AssertionError, match=next(iter(change))):
        assert_same("peer", replace(OUTCOME, **change), OUTCOME)


def test_what_the_tables_cannot_say_is_refused(tmp_path: Path) -> None:
    """A network with a rule that peers would get wrong is not raced on."""
    pytest.importorskip("tomli_w", reason="tomli_w not installed: pip install '.[peers]'")
    with pytest.raises(ValueError, match="not every peer can say"):
        write_reference(tmp_path, "chongqing")
