"""The same day cleared by the engine and by what a user would write instead of it.

DuckDB and ClickHouse (through chdb) read the same files, with all cores, and come to the same
refusals, rides, prices, flows and positions, to the fen; that is asserted. Each run is a
process of its own, in turns, timed from the start of reading to positions in memory.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.day import CACHE, Day, prepare
from benchmarks.machine import describe_machine, peak_memory_mib
from benchmarks.peers.outcome import Outcome, assert_same
from benchmarks.peers.reference_data import write_reference

ENGINE = "engine"
# Each peer's module, and the package that it needs.
PEERS = {"duckdb": "duckdb", "clickhouse": "chdb"}
WHAT = ("the sample day of the network demo without its monthly tiers, from the same files to "
        "refusals, rides, prices, flows and positions in memory, equal to the fen; peers "
        "have their reference tables ready, and do not check the files' trailers as the engine "
        "does")


def main(arguments: list[str]) -> None:
    """Race, and print the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks peers", description=__doc__)
    parser.add_argument("--taps", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", choices=(ENGINE, *PEERS), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.once:
        print(json.dumps(run_once(options.once, options.taps, options.seed, options.threads)))
        return
    require_installed()
    result = race(options.taps, options.seed, options.threads, options.rounds)
    print(json.dumps(result, indent=2) if options.json else render(result))


def race(taps: int, seed: int, threads: int, rounds: int) -> dict[str, Any]:
    """Run the engine and every peer in turns; medians, in seconds, taps/s and MiB.

    A peer's `ratio` is how many times as long as the engine it takes. `cpu_seconds` are those of
    all cores together, which do not grow where others use the machine.
    Raises AssertionError where a peer comes to another outcome than the engine.
    """
    paths = prepare(Day(taps, seed))
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        left_out = write_reference(Path(folder)).left_out
    records = sum(_warm(path) for path in paths)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in (ENGINE, *PEERS)}
    for _ in range(rounds):
        for name, measured in runs.items():
            measured.append(_in_a_process(name, taps, seed, threads))
            assert_same(name, Outcome(**measured[-1]["outcome"]),
                        Outcome(**runs[ENGINE][0]["outcome"]))
    figures = {name: _summarise(measured, records) for name, measured in runs.items()}
    engine = figures.pop(ENGINE)
    for peer in figures.values():
        peer["ratio"] = round(peer["seconds"] / engine["seconds"], 2)
    outcome = runs[ENGINE][0]["outcome"]
    return {
        "what": WHAT, "left_out": [
            f"monthly tiers ({', '.join(left_out)}): what a ride costs depends on all that the "
            "card has paid before it in the month, after discounts; window functions cannot say "
            "that"],
        "machine": describe_machine(), "threads": threads, "taps": records,
        "rides": sum(outcome["rides"].values()), "refused": sum(outcome["refused"].values()),
        "engine": engine, "peers": figures,
    }


def list_missing() -> list[str]:
    """The packages of peers that are not installed."""
    return [package for package in (*PEERS.values(), "tomli_w")
            if importlib.util.find_spec(package) is None]


def require_installed() -> None:
    """Exit, saying what to install, unless the race can be run; for before anything is measured."""
    missing = list_missing()
    if missing:
        sys.exit(f"the race needs {', '.join(missing)}: pip install 'onecard-clearing[peers]'")


def run_once(name: str, taps: int, seed: int, threads: int) -> dict[str, Any]:
    """One run, measured: seconds, peak memory, and what it came to."""
    module = importlib.import_module(
        f"benchmarks.peers.{name if name == ENGINE else f'in_{name}'}")
    paths = prepare(Day(taps, seed))
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        reference = write_reference(Path(folder))
        prepared = module.prepare(reference.network, reference.tables, threads)
        start, start_cpu = time.perf_counter(), time.process_time()
        result = module.clear(prepared, paths)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
        memory = peak_memory_mib()
        outcome = module.describe(prepared, paths, result)
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_memory_mib": memory,
            "outcome": asdict(outcome)}


def _warm(path: Path) -> int:
    """Read a file into the page cache; how many records its trailer says it has."""
    trailer = path.read_bytes().splitlines()[-1].split(b",")
    assert trailer[0] == b"#trailer"
    return int(trailer[1])


def _in_a_process(name: str, taps: int, seed: int, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks", "peers", "--once", name, "--taps", str(taps),
               "--seed", str(seed), "--threads", str(threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _summarise(runs: list[dict[str, Any]], records: int) -> dict[str, Any]:
    seconds = statistics.median(run["seconds"] for run in runs)
    return {"taps_per_s": round(records / seconds), "seconds": round(seconds, 3),
            "cpu_seconds": round(statistics.median(run["cpu_seconds"] for run in runs), 3),
            "rounds": [round(run["seconds"], 3) for run in runs],
            "peak_memory_mib": max(run["peak_memory_mib"] for run in runs)}


def render(result: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [
        result["machine"],
        f"{result['taps']:,} taps, {result['rides']:,} rides, {result['refused']:,} refused; "
        f"{result['threads']} threads, medians of {len(result['engine']['rounds'])} rounds",
        f"what: {result['what']}",
        *(f"left out: {words}" for words in result["left_out"]),
        "",
        f"{'':12}{'seconds':>9}{'taps/s':>12}{'cpu s':>8}{'MiB':>8}{'times':>8}",
    ]
    for name, one in {ENGINE: result["engine"], **result["peers"]}.items():
        lines.append(f"{name:12}{one['seconds']:9.2f}{one['taps_per_s']:12,}"
                     f"{one['cpu_seconds']:8.1f}{one['peak_memory_mib']:8,}"
                     f"{one.get('ratio', 1):8.1f}")
    return "\n".join(lines)
