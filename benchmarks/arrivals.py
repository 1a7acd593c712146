"""A city's day as files every five minutes, and what changed tables cost after it.

The day of `city_day` is cut by time into runs, one file each, and cleared in one process, run after
run, into a new book in a folder; `--late` percent of the records come an hour after their time.
Then its window is closed, the fares of an operator are changed and the day is restated, and the day
is priced by other tables. The flows of all runs are those of one run of everything.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks.day import CACHE, RECEIVED_AT, Day, Measured, checksum_of, prepare
from benchmarks.machine import describe_machine, peak_memory_mib
from network.civil import day_number
from network.folder import SHIPPED

TIME_COLUMN = 2
SERVICE_DAY = "2024-11-25"
CHANGED_TABLE = "huoshan-bus.toml"     # of one record in seventy
AGAIN = 20                              # runs between two that are printed


def main(arguments: list[str]) -> None:
    """Measure once, and print every twentieth run."""
    parser = argparse.ArgumentParser("python -m benchmarks arrivals", description=__doc__)
    parser.add_argument("--taps", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=288)
    parser.add_argument("--late", type=int, default=0, metavar="PERCENT")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    result = {"machine": describe_machine(), "taps": options.taps, "late_percent": options.late,
              **measure(Day(options.taps, options.seed), options)}
    print(json.dumps(result, indent=2) if options.json else render(result))


def measure(day: Day, options: argparse.Namespace) -> Measured:
    """Every run, the closing, a restatement and another price, in one process."""
    prepare(day)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        files = cut(day, Path(folder) / "files", options.runs, options.late)
        network = Path(shutil.copytree(SHIPPED / "demo", Path(folder) / "network"))
        at_once = _clear(Path(folder) / "at-once", [files], network, options.threads)
        cut_up = _clear(Path(folder) / "book", [[file] for file in files], network,
                        options.threads)
        if at_once["checksum"] != cut_up["checksum"]:
            raise SystemExit(f"{options.runs} runs came to other flows than one: no result")
        return {"at_once_seconds": at_once["seconds"][0], **cut_up,
                "peak_memory_mib": peak_memory_mib()}


def cut(day: Day, folder: Path, runs: int, late_percent: int) -> list[Path]:
    """The day's records by time, in so many files with as many records each."""
    chance = random.Random(day.seed)
    header, lines = "", list[tuple[str, str]]()
    for path in day.paths:
        with path.open(encoding="utf-8") as file:
            header = next(file)
            lines += [(line.split(",", TIME_COLUMN + 1)[TIME_COLUMN], line) for line in file
                      if not line.startswith("#")]
    lines.sort()
    slices: dict[int, list[str]] = defaultdict(list)
    hour = max(1, runs // 24)
    for number, (_, line) in enumerate(lines):
        late = chance.randrange(100) < late_percent
        slices[min(number * runs // len(lines) + hour * late, runs - 1)].append(line)
    folder.mkdir()
    return list(_write(folder, header, slices))


def _write(folder: Path, header: str, slices: dict[int, list[str]]) -> Iterator[Path]:
    for number in sorted(slices):
        path = folder / f"{number:04}.csv"
        path.write_text(header + "".join(slices[number]), encoding="utf-8")
        yield path


def _clear(where: Path, runs: list[list[Path]], network: Path, threads: int) -> Measured:
    """Seconds of every run, and of what is asked after the day."""
    from clearing.answers.listings import flows_of
    from clearing.book import open_book
    from clearing.engine.run import clear_files, close_window

    seconds: list[float] = []
    with open_book(str(where)) as book:
        for files in runs:
            start = time.perf_counter()
            clear_files(files, str(network), book, threads=threads, received_at=RECEIVED_AT)
            seconds.append(time.perf_counter() - start)
        checksum = checksum_of(flows_of(book))
        result = {"seconds": seconds, "checksum": checksum}
        if len(runs) > 1:
            start = time.perf_counter()
            close_window(day_number(SERVICE_DAY), str(network), book, threads=threads)
            result["close_seconds"] = time.perf_counter() - start
    return result | (_ask_again(where, network, threads) if len(runs) > 1 else {})


def _ask_again(where: Path, network: Path, threads: int) -> Measured:
    """What-if and a restatement by a network with one changed table."""
    from clearing.answers.restate import restate
    from clearing.answers.session import open_session
    from clearing.answers.what_if import what_if

    table = network / CHANGED_TABLE
    table.write_text(table.read_text(encoding="utf-8").replace("amount = 100", "amount = 110"),
                     encoding="utf-8")
    with open_session(str(where), str(network), read_only=False) as session:
        start = time.perf_counter()
        compared = what_if(session, str(network), SERVICE_DAY, SERVICE_DAY, threads=threads)
        asked = time.perf_counter()
        restated = restate(session, SERVICE_DAY, threads=threads)
        end = time.perf_counter()
    riders = compared.riders
    return {"what_if_seconds": asked - start, "what_if_rides": compared.rows[0][2],
            "restate_seconds": end - asked, "restated": restated.entered,
            "cards_that_pay_otherwise": riders.pay_more + riders.pay_less}


def render(result: Measured) -> str:
    """The same for people."""
    seconds: list[float] = result["seconds"]
    shown = sorted({*range(0, len(seconds), AGAIN), min(9, len(seconds) - 1), len(seconds) - 1})
    lines = [
        result["machine"],
        f"{result['taps']:,} taps, {result['late_percent']} % an hour late: "
        f"{len(seconds)} runs in {sum(seconds):.1f} s, one run of the same in "
        f"{result['at_once_seconds']:.1f} s",
        "run       seconds", *(f"{number + 1:4} {seconds[number]:12.3f}" for number in shown),
        f"median {statistics.median(seconds):.3f} s, "
        f"the last {seconds[-1] / seconds[min(9, len(seconds) - 1)]:.1f} times the tenth",
        f"closing the window: {result['close_seconds']:.1f} s",
        f"what-if over {result['what_if_rides']:,} rides: {result['what_if_seconds']:.1f} s",
        f"restating {result['restated']:,} rides of one operator: "
        f"{result['restate_seconds']:.1f} s",
        f"peak memory {result['peak_memory_mib']:,} MiB; the same flows as of one run"]
    return "\n".join(lines)
