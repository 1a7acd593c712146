"""Nanoseconds a tap as days grow: what is flat here scales, what rises does not.

Each size is a day of its own, cleared from files to positions in turns with the smallest one, so
that a machine which is slow for a while is slow for both; the first turn is not counted: see
city_day. A day that this wrote is deleted when it was measured, unless --keep.

`start` is what a run takes that has hardly any taps: it is in every figure, and weighs on small
days. `beyond the start` is without it. With --memory the engine is held to so much, and spills what
does not fit to the disk.
"""

from __future__ import annotations

import argparse
import json
import statistics
from functools import partial

from benchmarks.day import (
    Day,
    Measured,
    clear_in_a_process,
    discard,
    prepare,
    require_one_outcome,
    summarise,
    take_turns,
)
from benchmarks.machine import describe_machine
from clearing.cli.options import parse_bytes

SIZES = "1000000,3000000,10000000,30000000,100000000"
HARDLY_ANY = 100


def main(arguments: list[str]) -> None:
    """Measure each size, and print the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks growth", description=__doc__)
    parser.add_argument("--taps", type=parse_sizes, default=SIZES, help="of each day, in order")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="that count; one more is run")
    parser.add_argument("--memory", type=parse_bytes, metavar="2GiB",
                        help="the most that a run may take")
    parser.add_argument("--keep", action="store_true", help="leave the days for the next time")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    result = {"machine": describe_machine(), "threads": options.threads,
              "rounds": options.rounds, "memory_bytes": options.memory, **measure(options)}
    print(json.dumps(result, indent=2) if options.json else render(result))


def parse_sizes(text: str) -> list[int]:
    """Numbers of taps with commas between them, the smallest first."""
    sizes = sorted({int(size) for size in text.split(",")})
    if sizes[0] <= 0:
        raise ValueError
    return sizes


def measure(options: argparse.Namespace) -> Measured:
    """The start and every size; only one day beside the smallest is on the disk at a time."""
    smallest = Day(options.taps[0], options.seed)
    nothing = Day(HARDLY_ANY, options.seed)
    clear = partial(clear_in_a_process, "positions", threads=options.threads,
                    memory_bytes=options.memory)
    written = write([smallest, nothing])
    start = summarise(take_turns({"start": partial(clear, nothing)}, options.rounds)["start"])
    sizes = []
    for taps in options.taps:
        day = Day(taps, options.seed)
        own = write([day])
        beside = {} if day == smallest else {"smallest": partial(clear, smallest)}
        turns = take_turns({**beside, "day": partial(clear, day)}, options.rounds)
        sizes.append(compare(turns.get("smallest", turns["day"]), turns["day"], start["seconds"]))
        if not options.keep:
            take_away(own)
    if not options.keep:
        take_away(written)
    return {"start_seconds": start["seconds"], "sizes": sizes}


def write(days: list[Day]) -> list[Day]:
    """Write those of the days that are not there, and return them."""
    missing = [day for day in days if not day.is_written]
    for day in missing:
        prepare(day)
    return missing


def take_away(days: list[Day]) -> None:
    """Delete the files of these days."""
    for day in days:
        discard(day)


def compare(smallest: list[Measured], runs: list[Measured], start_seconds: float) -> Measured:
    """One size beside the smallest, as medians over turns."""
    outcome = require_one_outcome(runs)
    summary = summarise(runs)

    def ratio(start: float) -> float:
        ratios: list[float] = [
            (run["seconds"] - start) / run["taps"] / ((small["seconds"] - start) / small["taps"])
            for small, run in zip(smallest, runs, strict=True)]
        return statistics.median(ratios)

    return {
        **outcome, **summary,
        "ns_per_tap": summary["seconds"] / outcome["taps"] * 1e9,
        "ns_per_tap_beyond_start": (summary["seconds"] - start_seconds) / outcome["taps"] * 1e9,
        "ratio": ratio(0), "ratio_beyond_start": ratio(start_seconds),
    }


def render(result: Measured) -> str:
    """The table for people."""
    memory = result["memory_bytes"]
    held = f", held to {memory / 2**20:,.0f} MiB" if memory else ""
    lines = [
        result["machine"],
        f"{result['threads']} threads{held}, medians of {result['rounds']} rounds; "
        f"start {result['start_seconds']:.2f} s",
        "",
        f"{'':12}{'':>9}{'':>10}{'to the':>10}{'beyond':>10}{'to the':>10}{'peak':>10}",
        f"{'taps':>12}{'seconds':>9}{'ns/tap':>10}{'smallest':>10}{'the start':>10}"
        f"{'smallest':>10}{'MiB':>10}  checksum",
    ]
    for size in result["sizes"]:
        lines.append(
            f"{size['taps']:12,}{size['seconds']:9.2f}{size['ns_per_tap']:10.0f}"
            f"{size['ratio']:10.2f}{size['ns_per_tap_beyond_start']:10.0f}"
            f"{size['ratio_beyond_start']:10.2f}{size['peak_memory_mib']:10,}"
            f"  {size['checksum']}")
    return "\n".join(lines)
