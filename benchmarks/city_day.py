"""A day of a city, from files to positions: taps per second, with and without the ledger.

The day is that of the demonstration network (clearing/sample_day.py), written once for each set of
parameters and read from the page cache. Each run is a process of its own, so that one does not
warm up, or fill the memory of, the next.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine, peak_memory_mib

CACHE = Path(".benchmarks")
RECEIVED_AT = 1_800_000_000


def main(arguments: list[str]) -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks city_day", description=__doc__)
    parser.add_argument("--taps", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", choices=("positions", "ledger"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    paths = prepare(options.taps, options.seed)
    if options.once:
        print(json.dumps(run_once(paths, options.threads, ledger=options.once == "ledger")))
        return
    rounds = {kind: [_in_a_process(kind, options) for _ in range(options.rounds)]
              for kind in ("positions", "ledger")}
    result = summarise(paths, rounds, options.threads)
    print(json.dumps(result, indent=2) if options.json else render(result))


def prepare(taps: int, seed: int) -> list[Path]:
    """The files of the day, written where they are not there yet, and in the page cache."""
    from clearing.sample_day import write_day

    folder = CACHE / f"city_day-{taps}-{seed}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        write_day(folder, taps=taps, seed=seed)
        (folder / "done").touch()
    return sorted(folder.glob("*.csv"))


def run_once(paths: list[Path], threads: int, *, ledger: bool) -> dict[str, Any]:
    """One run, measured: seconds by stage, peak memory, and a checksum of the outcome."""
    from benchmarks.nowhere import Nowhere
    from clearing.book import open_book
    from clearing.run import clear_files

    def clear(book: Any) -> Any:
        return clear_files(paths, "demo", book, threads=threads, received_at=RECEIVED_AT)

    start = time.perf_counter()
    if ledger:
        with tempfile.TemporaryDirectory(dir=CACHE) as folder, open_book(folder) as book:
            start = time.perf_counter()
            report = clear(book)
            seconds = time.perf_counter() - start
    else:
        report = clear(Nowhere())
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "stages": report.seconds, "taps": report.run.taps,
            "rides": report.run.rides, "refused": report.run.refused,
            "peak_memory_mib": peak_memory_mib(), "checksum": checksum_of(report.obligations)}


def checksum_of(obligations: Any) -> str:
    """A checksum of who owes whom what, so that nobody is faster by changing the outcome."""
    return hashlib.sha256(obligations.tobytes()).hexdigest()[:16]


def _in_a_process(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks", "city_day", "--once", kind,
               "--taps", str(options.taps), "--seed", str(options.seed),
               "--threads", str(options.threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def summarise(paths: list[Path], rounds: dict[str, list[dict[str, Any]]],
              threads: int) -> dict[str, Any]:
    """Medians over the rounds, and what they are to be compared with."""
    positions, ledger = rounds["positions"], rounds["ledger"]
    checksums = {one["checksum"] for one in positions + ledger}
    assert len(checksums) == 1, f"runs of the same files differ: {checksums}"
    size = sum(path.stat().st_size for path in paths)
    taps = positions[0]["taps"]

    def median(runs: list[dict[str, Any]]) -> float:
        return statistics.median(one["seconds"] for one in runs)

    def stages(runs: list[dict[str, Any]]) -> dict[str, float]:
        return {stage: statistics.median(one["stages"][stage] for one in runs)
                for stage in runs[0]["stages"]}

    return {
        "machine": describe_machine(), "threads": threads, "rounds": len(positions),
        "taps": taps, "rides": positions[0]["rides"], "refused": positions[0]["refused"],
        "files": len(paths), "bytes": size,
        "taps_per_s": round(taps / median(positions)),
        "taps_per_s_with_ledger": round(taps / median(ledger)),
        "seconds": median(positions), "seconds_with_ledger": median(ledger),
        "stages": stages(positions), "stages_with_ledger": stages(ledger),
        "read_bytes_per_s": round(size / _seconds_to_read(paths)),
        "cleared_bytes_per_s": round(size / median(positions)),
        "peak_memory_mib": max(one["peak_memory_mib"] for one in positions),
        "peak_memory_mib_with_ledger": max(one["peak_memory_mib"] for one in ledger),
        "checksum": checksums.pop(),
    }


def _seconds_to_read(paths: list[Path]) -> float:
    """How long it takes to read the files once, into one buffer."""
    buffer = bytearray(8 << 20)
    start = time.perf_counter()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    return time.perf_counter() - start


def render(result: dict[str, Any]) -> str:
    """The figures for people."""
    taps = result["taps"]
    lines = [
        result["machine"],
        f"{taps:,} taps in {result['files']} files of {result['bytes'] / 1e6:,.0f} MB, "
        f"{result['rides']:,} rides, {result['refused']:,} refused; {result['threads']} threads, "
        f"medians of {result['rounds']} rounds",
        "",
        f"{'':34}{'seconds':>9}{'taps/s':>12}{'ns/tap':>9}",
    ]
    for title, total, stages in (
            ("files to positions", "seconds", "stages"),
            ("files to a committed ledger", "seconds_with_ledger", "stages_with_ledger")):
        lines.append(_line(title, result[total], taps))
        lines += [_line(f"  {stage}", seconds, taps) for stage, seconds in result[stages].items()]
    lines += [
        "",
        f"bytes/s: {result['cleared_bytes_per_s'] / 1e6:,.0f} MB cleared, "
        f"{result['read_bytes_per_s'] / 1e6:,.0f} MB only read",
        f"peak memory: {result['peak_memory_mib']:,} MiB, with the ledger "
        f"{result['peak_memory_mib_with_ledger']:,} MiB",
        f"checksum of who owes whom: {result['checksum']}",
    ]
    return "\n".join(lines)


def _line(title: str, seconds: float, taps: int) -> str:
    return f"{title:34}{seconds:9.2f}{taps / seconds:12,.0f}{seconds / taps * 1e9:9.0f}"
