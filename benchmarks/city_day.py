"""A day of a city, from files to positions and into ledgers: taps per second, by stage.

The day is that of the demonstration network (clearing/sample/day.py), written once for each set of
parameters and read from the page cache. Each run is a process of its own. The kinds of runs take
turns, and the first of each is not counted: on virtual machines that give memory back to their
host, memory is dear when it is touched for the first time. Figures are medians; beside them stands
how far the rounds are apart. Every run must come to the same checksum of who owes whom.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from typing import Any

from benchmarks.clickhouse import BINARY
from benchmarks.day import (
    KINDS,
    SERVER_IS_MISSING,
    Day,
    Measured,
    clear_in_a_process,
    clear_once,
    prepare,
    require_one_outcome,
    summarise,
    take_turns,
)
from benchmarks.machine import copy_bytes_per_s, describe_machine, read_bytes_per_s
from benchmarks.peers import race, require_installed

FIGURES = {"positions": "taps_per_s", "ledger": "taps_per_s_with_ledger",
           "server": "taps_per_s_to_server", "fixed": "taps_per_s_fixed_width"}


def main(arguments: list[str]) -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks city_day", description=__doc__)
    parser.add_argument("--taps", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="that count; one more is run")
    parser.add_argument("--server", action="store_true",
                        help="also into a ClickHouse server, started for this on loopback")
    parser.add_argument("--peers", action="store_true", help="also the same job in other tools")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", choices=KINDS, help="one run of this kind, as JSON")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.once:
        day = Day(options.taps, options.seed, KINDS[options.once].layout)
        prepare(day)
        print(json.dumps(clear_once(options.once, day, options.threads, options.memory)))
        return
    if options.peers:
        require_installed()
    result = measure(options)
    print(json.dumps(result, indent=2) if options.json else render(result))


def measure(options: argparse.Namespace) -> Measured:
    """All that was asked for."""
    kinds = _choose_kinds(with_server=options.server)
    days = {kind: Day(options.taps, options.seed, KINDS[kind].layout) for kind in kinds}
    for day in days.values():
        prepare(day)
    rounds = take_turns({kind: partial(clear_in_a_process, kind, day, options.threads)
                         for kind, day in days.items()}, options.rounds)
    outcome = require_one_outcome([run for runs in rounds.values() for run in runs])
    runs = {kind: {**summarise(of_kind), "bytes": days[kind].size}
            for kind, of_kind in rounds.items()}
    paths, size = days["positions"].paths, days["positions"].size
    return {
        **{figure: runs[kind]["taps_per_s"] if kind in runs else None
           for kind, figure in FIGURES.items()},
        **race_peers(options),
        "machine": describe_machine(), "threads": options.threads, "rounds": options.rounds,
        **outcome, "files": len(paths), "bytes": size, "runs": runs,
        "cleared_bytes_per_s": round(size / runs["positions"]["seconds"]),
        "read_bytes_per_s": read_bytes_per_s(paths), "copy_bytes_per_s": copy_bytes_per_s(),
        "peak_memory_mib": runs["positions"]["peak_memory_mib"],
    }


def _choose_kinds(*, with_server: bool) -> list[str]:
    """The kinds of runs that this machine can do."""
    if with_server and BINARY is None:
        print(SERVER_IS_MISSING, file=sys.stderr)
    return [kind for kind, (_, book, _) in KINDS.items()
            if book != "server" or (with_server and BINARY is not None)]


def race_peers(options: argparse.Namespace) -> Measured:
    """What other tools do, and what they were spared; nulls where they were not asked."""
    if not options.peers:
        return {"peers": None, "race": None}
    found = race(options.taps, options.seed, options.threads, options.rounds)
    return {"peers": {name: peer["taps_per_s"] for name, peer in found["peers"].items()},
            "race": found}


def render(result: Measured) -> str:
    """The figures for people."""
    taps, runs = result["taps"], result["runs"]
    lines = [
        result["machine"],
        f"{taps:,} taps in {result['files']} files of {result['bytes'] / 1e6:,.0f} MB, "
        f"{result['rides']:,} rides, {result['refused']:,} refused; {result['threads']} threads, "
        f"medians of {result['rounds']} rounds",
        "",
        f"{'':34}{'seconds':>9}{'taps/s':>12}{'ns/tap':>9}  fastest..slowest",
    ]
    for kind, run in runs.items():
        lines.append(_line(KINDS[kind].title, run["seconds"], taps)
                     + f"  {run['fastest_seconds']:.2f}..{run['slowest_seconds']:.2f} s")
        lines += [_line(f"  {stage}", seconds, taps) for stage, seconds in run["stages"].items()]
    lines += [
        "",
        f"bytes/s, in MB: {result['cleared_bytes_per_s'] / 1e6:,.0f} cleared by "
        f"{result['threads']} threads; by one thread "
        f"{result['read_bytes_per_s'] / 1e6:,.0f} only read, "
        f"{result['copy_bytes_per_s'] / 1e6:,.0f} only copied in memory",
        "peak memory, in MiB: " + ", ".join(
            f"{KINDS[kind].title} {_memory_of(run)}" for kind, run in runs.items()),
        f"checksum of who owes whom, the same in all runs: {result['checksum']}",
    ]
    if result["race"]:
        lines += ["", *render_race(result["race"])]
    return "\n".join(lines)


def _line(title: str, seconds: float, taps: int) -> str:
    return f"{title:34}{seconds:9.2f}{taps / seconds:12,.0f}{seconds / taps * 1e9:9.0f}"


def _memory_of(run: Measured) -> str:
    server = run["server_peak_memory_mib"]
    return f"{run['peak_memory_mib']:,}" + (f" and the server's {server:,}" if server else "")


def render_race(race: dict[str, Any]) -> list[str]:
    """Other tools beside the engine, and what the job leaves out."""
    return [
        f"the same job in other tools: {race['what']}",
        f"{'':34}{'':9}{'taps/s':>12}{'engine is':>12}",
        f"{'  this engine':34}{'':9}{race['engine']['taps_per_s']:12,.0f}",
        *(f"{'  ' + name:34}{'':9}{peer['taps_per_s']:12,.0f}{peer['ratio']:11.1f}x"
          for name, peer in race["peers"].items()),
        *(f"left out: {words}" for words in race["left_out"]),
    ]
