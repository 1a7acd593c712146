"""Where the time of a run goes: nanoseconds a tap on one core, kernel by kernel.

A run from files to positions on one thread and one processor, with a clock around every kernel,
around reading and around SHA-256 (benchmarks/clocks.py). The clocks count processor time of the
calling thread, so that a busy machine matters less. `the rest` is what is left of the process:
Python between the kernels, NumPy, looking at the tables. `of it in the system` is part of all the
lines above it: reading files, and handing out pages of new memory. All runs are in one process,
and the first is not counted: see city_day.

Beside a kernel stands how many bytes it has to read and write for a tap, where that is easy to say,
and how long this core takes to copy memory with as many bytes read and written: a kernel near that
gets faster only by touching less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
from typing import Any

import clearing.engine.run
from benchmarks.clocks import DIGEST, READ, Clocks
from benchmarks.day import RECEIVED_AT, Day, Measured, checksum_of, prepare, require_one_outcome
from benchmarks.machine import copy_bytes_per_s, describe_machine
from benchmarks.nowhere import Nowhere
from ext.records import CHARGE, ENTRY, RIDE, TAP

REST = "the rest"
TOTAL = "all"
SYSTEM = "of it in the system"
BUFFERED_BYTES = 80      # a buffered tap, where it says nothing rare
LEAST_SHARE = 0.001     # of a line for people


def main(arguments: list[str]) -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks stages", description=__doc__)
    parser.add_argument("--taps", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="that count; one more is run")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    day = Day(options.taps, options.seed)
    prepare(day)
    machine = describe_machine()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    runs = [clear_with_clocks(day) for _ in range(options.rounds + 1)]
    result = {"machine": machine, "rounds": options.rounds, **require_one_outcome(runs),
              "copy_bytes_per_s": copy_bytes_per_s(),
              "pages_per_1000_taps": median_of(runs[1:], "pages") * 1000}
    result["stages"] = summarise(day, runs[1:], result["copy_bytes_per_s"])
    print(json.dumps(result, indent=2) if options.json else render(result))


def clear_with_clocks(day: Day) -> Measured:
    """One run: processor time and calls of each kernel."""
    clocks = Clocks()
    with clocks.in_place():
        start, before = time.process_time_ns(), resource.getrusage(resource.RUSAGE_SELF)
        report = clear_nowhere(day)
        after, total = resource.getrusage(resource.RUSAGE_SELF), time.process_time_ns() - start
    ns = {**clocks.ns, REST: total - clocks.ns.total(), TOTAL: total,
          SYSTEM: (after.ru_stime - before.ru_stime) * 1e9}
    return {"ns": ns, "calls": clocks.calls, "pages": after.ru_minflt - before.ru_minflt,
            "taps": report.run.taps, "rides": report.run.rides,
            "refused": report.run.refused, "checksum": checksum_of(report.flows)}


def clear_nowhere(day: Day) -> Any:
    """Clear the day on one thread into a book that keeps nothing."""
    book: Any = Nowhere()
    return clearing.engine.run.clear_files(day.paths, "demo", book, threads=1,
                                           received_at=RECEIVED_AT)


def median_of(runs: list[Measured], name: str) -> float:
    """The median over runs of something that each counts, for one tap."""
    median: float = statistics.median(run[name] for run in runs)
    return median / int(runs[0]["taps"])


def summarise(day: Day, runs: list[Measured], copy_rate: int) -> dict[str, Measured]:
    """Each kernel's medians, the dearest first, then the rest and all."""
    taps, touched = runs[0]["taps"], bytes_per_tap(day, runs[0])
    ns = {name: median_of([run["ns"] | {"taps": taps} for run in runs], name)
          for name in runs[0]["ns"]}
    names = sorted(ns.keys() - {REST, TOTAL, SYSTEM}, key=lambda name: -ns[name])
    return {name: {
        "ns_per_tap": ns[name],
        "share": ns[name] / ns[TOTAL],
        "calls": runs[0]["calls"].get(name),
        "bytes_per_tap": touched.get(name),
        # A copy reads and writes each byte.
        "ns_per_tap_to_copy": touched[name] / 2 / copy_rate * 1e9 if name in touched else None,
    } for name in (*names, REST, TOTAL, SYSTEM)}


def bytes_per_tap(day: Day, run: Measured) -> dict[str, float]:
    """What kernels have to read and write for one tap, by the sizes of records and lines."""
    line = day.size / run["taps"]
    rides = run["rides"] / run["taps"]
    tap, ride, charge, entry = (record.itemsize for record in (TAP, RIDE, CHARGE, ENTRY))
    return {
        READ: 2 * line,
        DIGEST: line,
        "decode_rows": line + tap,
        "PartitionBuffer.put": tap + BUFFERED_BYTES,
        "PartitionBuffer.gather": BUFFERED_BYTES + tap,
        "PartitionPipeline.prepare": tap,
        "PartitionPipeline.clear": tap + rides * 2 * (ride + charge + entry),
        "PartitionPipeline.add_flows": rides * entry,
    }


def render(result: Measured) -> str:
    """The table for people."""
    lines = [
        result["machine"],
        f"{result['taps']:,} taps on one processor, medians of {result['rounds']} rounds; it "
        f"copies {result['copy_bytes_per_s'] / 1e9:.1f} GB/s in memory",
        "",
        f"{'':24}{'ns/tap':>8}{'share':>7}{'calls':>9}{'bytes/tap':>11}{'to copy as many':>17}",
    ]
    lines += [_line(name, stage) for name, stage in result["stages"].items()
              if stage["share"] >= LEAST_SHARE]
    lines += ["", f"new pages touched: {result['pages_per_1000_taps']:.0f} per 1,000 taps",
              f"checksum of who owes whom: {result['checksum']}"]
    return "\n".join(lines)


def _line(name: str, stage: dict[str, Any]) -> str:
    """One kernel; what is not known stays blank."""
    calls = "" if stage["calls"] is None else f"{stage['calls']:,}"
    touched = f"{stage['bytes_per_tap']:.0f}" if stage["bytes_per_tap"] else ""
    copying = f"{stage['ns_per_tap_to_copy']:.0f} ns" if touched else ""
    return (f"{name:24}{stage['ns_per_tap']:8.1f}{stage['share']:7.1%}{calls:>9}"
            f"{touched:>11}{copying:>17}")
