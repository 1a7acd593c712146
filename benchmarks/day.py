"""A city's day in files, and one run over them: what city_day, stages and growth measure."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine import peak_memory_mib

CACHE = Path(".benchmarks")
RECEIVED_AT = 1_800_000_000
BYTES_A_TAP = {"csv": 120, "fixed": 140}    # a little more than a line of text has
SERVER_IS_MISSING = ("no clickhouse-server on this machine: on Debian, `apt install "
                     "clickhouse-server` (its own service may stay stopped)")
Measured = dict[str, Any]


class Kind(NamedTuple):
    """A way to clear the day."""

    title: str
    book: str                   # nowhere, folder or server
    layout: str                 # of the files


KINDS = {
    "positions": Kind("files to positions", "nowhere", "csv"),
    "fixed": Kind("fixed-width files to positions", "nowhere", "fixed"),
    "ledger": Kind("files to a committed ledger", "folder", "csv"),
    "server": Kind("files to a ClickHouse server", "server", "csv"),
}


class Day(NamedTuple):
    """What makes a day what it is: the same day has the same files."""

    taps: int
    seed: int
    layout: str = "csv"

    @property
    def folder(self) -> Path:
        """Where its files are."""
        layout = "" if self.layout == "csv" else f"{self.layout}-"
        return CACHE / f"city_day-{layout}{self.taps}-{self.seed}"

    @property
    def is_written(self) -> bool:
        """Whether the files are all there."""
        return (self.folder / "done").exists()

    @property
    def size(self) -> int:
        """How many bytes the files have."""
        return sum(path.stat().st_size for path in self.paths)

    @property
    def paths(self) -> list[Path]:
        """The files."""
        return sorted(path for path in self.folder.iterdir() if path.name != "done")


def prepare(day: Day) -> list[Path]:
    """The files of the day, written where they are not there yet. Exits where the disk is full."""
    from clearing.sample.day import write_day

    if not day.is_written:
        discard(day)
        CACHE.mkdir(exist_ok=True)
        free, size = shutil.disk_usage(CACHE).free, day.taps * BYTES_A_TAP[day.layout]
        if free < size:
            sys.exit(f"a day of {day.taps:,} taps takes {size / 1e9:,.1f} GB; "
                     f"{free / 1e9:,.1f} GB are free in {CACHE.resolve()}")
        write_day(day.folder, taps=day.taps, seed=day.seed,
                  layout=None if day.layout == "csv" else day.layout)
        (day.folder / "done").touch()
    return day.paths


def discard(day: Day) -> None:
    """Take the day's files away."""
    shutil.rmtree(day.folder, ignore_errors=True)


def clear_once(kind: str, day: Day, threads: int, memory_bytes: int | None) -> Measured:
    """One run, measured: seconds by stage, peak memory, and a checksum of the outcome.

    Where the run is kept in a book, the checksum is of what the book says afterwards.
    """
    from clearing.answers.listings import flows_of
    from clearing.engine.run import clear_files

    options: dict[str, Any] = {} if memory_bytes is None else {"memory_bytes": memory_bytes}
    if day.layout != "csv":
        options["layout"] = day.layout
    with _open_book(KINDS[kind].book) as (book, server):
        start, cpu_start = time.perf_counter(), time.process_time()
        report = clear_files(day.paths, "demo", book, threads=threads,
                             received_at=RECEIVED_AT, **options)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
        peak = peak_memory_mib()
        in_book = report.flows if KINDS[kind].book == "nowhere" else flows_of(book)
        return {"seconds": seconds, "cpu_seconds": cpu_seconds, "stages": report.seconds,
                "taps": report.run.taps, "rides": report.run.rides,
                "refused": report.run.refused, "peak_memory_mib": peak,
                "server_peak_memory_mib": server and peak_memory_mib(server),
                "checksum": checksum_of(in_book)}


@contextlib.contextmanager
def _open_book(where: str) -> Iterator[tuple[Any, int | None]]:
    """A new book for one run, and the process of its server, where it has one."""
    from benchmarks.clickhouse import running_server
    from benchmarks.nowhere import Nowhere
    from clearing.book import open_book

    if where == "nowhere":
        yield Nowhere(), None
        return
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        if where == "folder":
            with open_book(folder) as book:
                yield book, None
            return
        with running_server(Path(folder).resolve()) as server:
            assert server.process is not None
            with open_book(server.location("day")) as book:
                yield book, server.process.pid


def checksum_of(flows: Any) -> str:
    """A checksum of who owes whom what, so that nobody is faster by changing the outcome."""
    return hashlib.sha256(flows.tobytes()).hexdigest()[:16]


def clear_in_a_process(kind: str, day: Day, threads: int,
                       memory_bytes: int | None = None) -> Measured:
    """The same in a process of its own, so that no run warms up the next, or fills its memory."""
    command = [sys.executable, "-m", "benchmarks", "city_day", "--once", kind,
               "--taps", str(day.taps), "--seed", str(day.seed), "--threads", str(threads)]
    if memory_bytes is not None:
        command += ["--memory", str(memory_bytes)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: Measured = json.loads(done.stdout)
    return measured


def take_turns(tasks: Mapping[str, Callable[[], Measured]],
               rounds: int) -> dict[str, list[Measured]]:
    """What each task measured in each round, one task after the other in every round.

    The first round is run but not counted: memory that is touched for the first time since the
    machine started, or since it gave it back to its host, costs several times as much.
    """
    every: dict[str, list[Measured]] = {name: [] for name in tasks}
    for _ in range(rounds + 1):
        for name, task in tasks.items():
            every[name].append(task())
    return {name: runs[1:] for name, runs in every.items()}


def require_one_outcome(runs: Sequence[Measured]) -> Measured:
    """What all runs of the same taps have in common. Exits where they differ."""
    common = ("taps", "rides", "refused", "checksum")
    outcomes = {tuple(run[name] for name in common) for run in runs}
    if len(outcomes) != 1:
        sys.exit(f"runs of the same taps differ in {common}: {sorted(outcomes)}")
    return dict(zip(common, outcomes.pop(), strict=True))


def summarise(runs: Sequence[Measured]) -> Measured:
    """Medians over rounds, and how far apart they are."""
    seconds = [run["seconds"] for run in runs]
    peaks = [run["server_peak_memory_mib"] for run in runs if run["server_peak_memory_mib"]]
    return {
        "seconds": statistics.median(seconds),
        "fastest_seconds": min(seconds), "slowest_seconds": max(seconds),
        "cpu_seconds": statistics.median(run["cpu_seconds"] for run in runs),
        "taps_per_s": round(runs[0]["taps"] / statistics.median(seconds)),
        "stages": {stage: statistics.median(run["stages"][stage] for run in runs)
                   for stage in runs[0]["stages"]},
        "peak_memory_mib": max(run["peak_memory_mib"] for run in runs),
        "server_peak_memory_mib": max(peaks, default=None),
    }
