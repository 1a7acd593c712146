"""Every benchmark runs with small parameters, so that none rots, and its runs agree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import city_day, day, instructions, peers
from benchmarks.clickhouse import BINARY
from clearing.cli.options import parse_bytes
from ext.records import TAP
from fare_tables.model import Cap, Concession, Fare, Quota, SameStation, Tier, Timeframe, Transfer

ROOT = Path(__file__).parents[2]
EVERY_RULE_FOLDER = ROOT / "benchmarks" / "every_rule"
ROWS = (Fare, Concession, Transfer, Tier, Cap, Quota, Timeframe, SameStation)
EVERY_RULE = {field for row in ROWS for field in row.__struct_fields__}
TAPS = 5_000
KERNELS = {"decode_rows", "PartitionBuffer.put", "PartitionBuffer.gather",
           "PartitionPipeline.prepare", "PartitionPipeline.clear",
           "PartitionPipeline.add_flows"}


def run(*arguments: str, cwd: Path) -> str:
    """What `python -m benchmarks` prints, from a folder of its own."""
    done = start(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=cwd, text=True,
                          env=environment, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the questions about the same day find its files."""
    return tmp_path_factory.mktemp("benchmarks")


@pytest.fixture(scope="module")
def small_day(folder: Path) -> dict[str, Any]:
    """The city's day of few taps, into every kind of book."""
    result: dict[str, Any] = json.loads(run(
        "city_day", "--taps", str(TAPS), "--rounds", "1", "--server", "--json", cwd=folder))
    return result


def test_the_list_names_every_question(tmp_path: Path) -> None:
    printed = run(cwd=tmp_path)
    named = set(re.findall(r"^  (\w+)", printed, re.MULTILINE))
    assert {"city_day", "growth", "instructions", "pricing", "settlement", "stages", "state",
            "years"} <= named
    assert not {"day", "machine", "clocks", "nowhere"} & named


def test_a_question_that_nobody_answers(tmp_path: Path) -> None:
    done = start("citty_day", cwd=tmp_path)
    assert done.returncode == 1
    assert "there is no question 'citty_day'" in done.stderr


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


def test_the_state_of_a_few_cards(tmp_path: Path) -> None:
    """It ends well only where what is loaded is what was saved."""
    printed = run("state", "--cards", "5000", "--pieces", "7", "--rounds", "1", "--json",
                  cwd=tmp_path)
    result: dict[str, Any] = json.loads(printed)
    assert result["cards"] == 5_000
    assert result["load"]["bytes"] == 5_000 * 96 + 3_000 * 40 + 50 * TAP.itemsize
    assert all(result[step]["seconds"] > 0 for step in (
        "save", "load", "save a tenth", "load with it"))


def test_files_of_every_form(tmp_path: Path) -> None:
    printed = run("intake", "--records", "500", "--ride-codes", "50", "--denied", "20000",
                  "--rounds", "1", "--json", cwd=tmp_path)
    rates = json.loads(printed)["per_second"]
    assert {"onecard-taps/1", "binary", "JSON Lines", "with codes by SM4"} <= set(rates)
    assert all(rate > 0 for rate in rates.values())


def test_a_small_settlement(tmp_path: Path) -> None:
    result = json.loads(run("settlement", "--members", "40", "--agreements", "50", "--taps", "2000",
                            "--rounds", "1", "--json", cwd=tmp_path))
    assert (result["members"], result["agreements"], result["flows"]) == (116, 50, 1_200)
    assert result["instructions"] > 40
    assert result["entries"] > 500
    assert all(result[name] > 0 for name in ("netting_s", "closing_s", "check_agreements_s"))


def test_a_book_of_a_few_runs_on_two_days(tmp_path: Path) -> None:
    result = json.loads(run("years", "--runs", "16", "--runs-of-a-day", "12", "--small", "20",
                            "--taps", "50", "--turns", "1", "--json", cwd=tmp_path))
    assert result["tenth"].keys() == result["last"].keys() == {
        "clear", "positions", "explain", "verify"}
    assert result["files"] > 100


def test_the_tables_of_the_benchmark_have_one_price_for_every_ride() -> None:
    """Also: a fare row for some stops needs no fares at the others."""
    done = subprocess.run([sys.executable, "-c", "from clearing.cli import main; main()", "tables",
                           "check", str(EVERY_RULE_FOLDER)], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout


def test_a_small_day(small_day: dict[str, Any], folder: Path) -> None:
    assert 4_000 < small_day["taps"] < 6_000
    assert 1_000 < small_day["rides"] < small_day["taps"]
    records = sum(path.read_bytes().count(b"\n") - 2 for path in folder.glob(".benchmarks/*/*.csv"))
    assert small_day["taps"] == records
    assert small_day["files"] == 50
    assert small_day["peers"] is None
    assert small_day["taps_per_s"] > small_day["taps_per_s_with_ledger"] > 0
    assert small_day["taps_per_s_fixed_width"] > 0
    assert (small_day["taps_per_s_to_server"] is not None) == (BINARY is not None)
    assert small_day["copy_bytes_per_s"] > small_day["cleared_bytes_per_s"]
    assert small_day["read_bytes_per_s"] > small_day["cleared_bytes_per_s"]
    for measured in small_day["runs"].values():
        assert measured["fastest_seconds"] <= measured["seconds"] <= measured["slowest_seconds"]
        assert sum(measured["stages"].values()) == pytest.approx(
            measured["seconds"], rel=0.15, abs=0.1)
        assert measured["peak_memory_mib"] > 30
    assert city_day.render(small_day).count("\n") > 10


def test_where_the_time_goes(small_day: dict[str, Any], folder: Path) -> None:
    result = json.loads(run("stages", "--taps", str(TAPS), "--rounds", "1", "--json", cwd=folder))
    stages = result["stages"]
    assert stages.keys() >= KERNELS | {"read a file", "SHA-256", "the rest", "all"}
    assert all(stages[kernel]["ns_per_tap"] > 0 for kernel in KERNELS)
    parts = stages.keys() - {"all", "of it in the system"}
    assert sum(stages[part]["share"] for part in parts) == pytest.approx(1)
    # The clocks change nothing.
    assert result["checksum"] == small_day["checksum"]
    assert result["taps"] == small_day["taps"]


def test_a_day_that_grows(small_day: dict[str, Any], folder: Path) -> None:
    result = json.loads(run("growth", "--taps", f"2000,{TAPS}", "--rounds", "1", "--json",
                            cwd=folder))
    smallest, largest = result["sizes"]
    assert smallest["taps"] < largest["taps"] == small_day["taps"]
    assert largest["checksum"] == small_day["checksum"] != smallest["checksum"]
    assert smallest["ratio"] == 1
    assert largest["ratio"] > 0
    # A day that was there stays, those that were written for this are gone.
    assert (folder / f".benchmarks/city_day-{TAPS}-1" / "done").exists()
    assert not (folder / ".benchmarks/city_day-2000-1").exists()


@pytest.mark.parametrize(("text", "count"), [
    ("2GiB", 2 << 30), ("512 MiB", 512 << 20), ("7KiB", 7 << 10), ("1000", 1000)])
def test_sizes_of_memory(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["2GB", "two", "", "-1"])
def test_what_is_no_size_of_memory(text: str) -> None:
    with pytest.raises(ValueError, match="is no size; write bytes, or as in 2GiB"):
        parse_bytes(text)


def test_a_day_that_has_no_room_is_not_begun(tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(SystemExit, match=r"takes 0\.6 GB; 0\.0 GB are free"):
        day.prepare(day.Day(5_000_000, 1))
    assert not (tmp_path / ".benchmarks/city_day-5000000-1").exists()


def test_kinds_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def task(name: str) -> Any:
        return lambda: order.append(name) or {"round": order.count(name)}

    found = day.take_turns({"a": task("a"), "b": task("b")}, 2)
    assert order == ["a", "b"] * 3
    assert found == {name: [{"round": 2}, {"round": 3}] for name in "ab"}


def test_runs_that_differ_are_no_result() -> None:
    one = {"taps": 5, "rides": 3, "refused": 0, "checksum": "a"}
    assert day.require_one_outcome([one, one]) == one
    for other in ({"checksum": "b"}, {"rides": 4}):
        with pytest.raises(SystemExit, match="differ"):
            day.require_one_outcome([one, one | other])


def test_other_tools_beside_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(city_day, "race", lambda *_: {
        "what": "taps to positions", "left_out": ["refusals"], "engine": {"taps_per_s": 600},
        "peers": {"abacus": {"taps_per_s": 100, "ratio": 6}}})
    options = city_day.argparse.Namespace(peers=True, taps=1, seed=1, threads=1, rounds=1)
    found = city_day.race_peers(options)
    assert found["peers"] == {"abacus": 100}
    printed = "\n".join(city_day.render_race(found["race"]))
    assert re.search(r"abacus +100 +6\.0x", printed)
    assert "left out: refusals" in printed


@pytest.mark.parametrize("question", ["city_day", "peers"])
def test_a_missing_peer_is_said_before_anything_is_measured(
        question: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(peers, "PEERS", {"abacus": "no_such_package"})
    module, arguments = (peers, []) if question == "peers" else (city_day, ["--peers"])
    with pytest.raises(SystemExit, match=r"needs no_such_package.*: pip install"):
        module.main(arguments)
    assert not list(tmp_path.iterdir())     # not even a day was written


CALLGRIND = """\
version: 1
positions: line
events: Ir

fl=/nowhere/ext/clearing/order.c
fn=__pyx_pw_3ext_8clearing_5order_1order_taps
10 5
11 7
cfn=__pyx_f_3ext_8clearing_5order_sort_keys.constprop.0
calls=2 40
12 300

fl=/nowhere/ext/clearing/order.c
fn=__pyx_f_3ext_8clearing_5order_sort_keys.constprop.0
41 200
fi=/usr/include/inlined.h
9 100
fe=/nowhere/ext/order.c
fn=__pyx_pw_3ext_6intake_6buffer_15PartitionBuffer_5gather
60 20
totals: 332
"""


def test_counts_of_instructions_are_read_off(tmp_path: Path) -> None:
    written = tmp_path / "counts"
    written.write_text(CALLGRIND)
    counts = instructions.Counts(written)
    assert instructions.kernels_of(counts) == {
        "order.order_taps": 312, "buffer.PartitionBuffer.gather": 20}
    assert instructions.functions_of(counts) == {
        "order.order_taps": 12, "order.sort_keys": 300, "buffer.PartitionBuffer.gather": 20}
    assert counts.lines["/usr/include/inlined.h", 9] == 100


def test_lines_of_c_are_those_of_kernels(tmp_path: Path) -> None:
    made = tmp_path / "ext" / "clearing" / "order.c"
    made.parent.mkdir(parents=True)
    made.write_text('/* before */\n  /* "ext/clearing/order.pyx":1\n * it */\n  x = 1;\n'
                    "/* --- Runtime support code --- */\ny = 2;\n")
    written = tmp_path / "counts"
    written.write_text(f"fl={made}\nfn=f\n1 1\n3 10\n4 20\n6 40\n")
    (name, cost), = instructions.lines_of(instructions.Counts(written)).items()
    assert name.startswith("ext/clearing/order.pyx:1: ")
    assert cost == 30


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind on this machine")
def test_instructions_of_one_kernel(folder: Path) -> None:
    result = json.loads(run("instructions", "--taps", str(TAPS), "--kernel", "decode_rows",
                            "--json", cwd=folder))
    assert {"decode.decode_rows"} <= set(result["kernels"]) <= {
        "decode.decode_rows", "lookup.Lookup.count", "lookup.Lookup.value"}
    assert 500 < result["kernels"]["decode.decode_rows"] < 20_000
    assert any(line.startswith("ext/") for line in result["lines"])
