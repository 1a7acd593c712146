"""What commands cost in a book of many runs, beside what they cost after ten.

Runs of a few taps each make a book in a folder grow: so many a day, each day's window closed before
the next one. The first day and the last are cleared run by run; the days between have the rows of
the first one, moved by days and to other cards (years_in_bulk.py). After ten runs and after the
last, the same is timed, each with a book that is opened for it: a run of --taps taps, the day's
positions, one ride explained, a hundred cards verified. What is flat here does not follow the
number of runs.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.arrivals import SERVICE_DAY, TIME_COLUMN, cut
from benchmarks.day import CACHE, RECEIVED_AT, Day, Measured, prepare
from benchmarks.machine import describe_machine, peak_memory_mib
from network.civil import day_number, day_of

TENTH = 10
LARGE = 100         # times the taps of a run that is timed
VERIFIED_CARDS = 100
SEQ_COLUMN = 1
SEQ_OF_A_DAY = 1_000


def main(arguments: list[str]) -> None:
    """Make the book grow, and print what was timed."""
    parser = argparse.ArgumentParser("python -m benchmarks years", description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--runs-of-a-day", type=int, default=288)
    parser.add_argument("--small", type=int, default=20, help="taps of a run that is not timed")
    parser.add_argument("--taps", type=int, default=2_000, help="of a run that is timed")
    parser.add_argument("--turns", type=int, default=3, help="of each question; medians count")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    result = {"machine": describe_machine(), "runs": options.runs, **measure(options)}
    print(json.dumps(result, indent=2) if options.json else render(result))


def measure(options: argparse.Namespace) -> Measured:
    """The book after ten runs, and after all."""
    days = [Day(options.small * options.runs_of_a_day, 1), Day(options.taps * 2 * options.turns, 2),
            Day(options.taps * LARGE, 3)]
    for day in days:
        prepare(day)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        small = cut(days[0], Path(folder) / "small", options.runs_of_a_day, 0)
        timed = cut(days[1], Path(folder) / "timed", 2 * options.turns, 0)
        young, book = Path(folder) / "young", Path(folder) / "book"
        _grow(young, small, range(TENTH))
        tenth = _ask(young, timed[:options.turns], 0)
        start, last_day = time.perf_counter(), (options.runs - 1) // len(small)
        if last_day:
            first = Path(folder) / "first"
            _grow(first, small, range(len(small)))
            _fill(book, first, last_day)
        _grow(book, small, range(last_day * len(small), options.runs))
        grown = time.perf_counter() - start
        last = _ask(book, timed[options.turns:], last_day)
        size, one_run = _size(book), Path(folder) / "one_run"
        _clear(one_run, days[2].paths)
        return {"tenth": tenth, "last": last, "grown_seconds": grown, **size,
                "bytes_per_ride_of_one_run": _size(one_run)["bytes_per_ride"],
                "peak_memory_mib": peak_memory_mib()}


def _clear(book: Path, files: list[Path]) -> None:
    from clearing.book import open_book
    from clearing.engine.run import clear_files

    with open_book(str(book)) as opened:
        clear_files(files, "demo", opened, threads=1, received_at=RECEIVED_AT)


def _size(book: Path) -> Measured:
    """What a book takes of the disk."""
    from clearing.book import open_book

    with open_book(str(book)) as opened:
        rides = sum(run.rides for run in opened.runs())
    files = [path.stat().st_size for path in (book / "clickhouse").rglob("*") if path.is_file()]
    return {"files": len(files), "bytes": sum(files), "bytes_per_ride": sum(files) / rides}


def _grow(book: Path, small: list[Path], runs: range) -> None:
    """Add runs, one small file each."""
    from clearing.book import open_book
    from clearing.engine.run import clear_files, close_window

    with open_book(str(book)) as opened:
        for run in runs:
            day, place = divmod(run, len(small))
            before = day_number(SERVICE_DAY) + day - 1
            if place == 0 and day and opened.closed_through != before:
                close_window(before, "demo", opened)
            clear_files([_on_day(small[place], day)], "demo", opened, threads=1,
                        received_at=RECEIVED_AT)


def _fill(book: Path, first: Path, days: int) -> None:
    """Close the day of one book, and make another one of so many days that are like it."""
    from benchmarks.years_in_bulk import Bulk, first_day
    from clearing.book import open_book
    from clearing.engine.run import close_window

    with open_book(str(first)) as opened:
        close_window(day_number(SERVICE_DAY), "demo", opened)
        day = first_day(opened)
    with open_book(str(book)) as opened:
        Bulk(opened).add_days(day, range(days))


def _on_day(path: Path, days: int) -> Path:
    """The same taps so many days later, each card's counter having gone on."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    dates = [datetime.date.fromisoformat(SERVICE_DAY) + datetime.timedelta(days=one)
             for one in range(2)]
    later = {date.isoformat(): (date + datetime.timedelta(days=days)).isoformat()
             for date in dates}
    moved = [header]
    for line in lines:
        values = line.split(",")
        date, _, time_of_day = values[TIME_COLUMN].partition("T")
        if date in later and values[SEQ_COLUMN].isdigit():      # others are refused either way
            values[TIME_COLUMN] = f"{later[date]}T{time_of_day}"
            values[SEQ_COLUMN] = str(int(values[SEQ_COLUMN]) + SEQ_OF_A_DAY * days)
            moved.append(",".join(values))
    out = path.with_name(f"{days}-{path.name}")
    out.write_text("\n".join([*moved, ""]), encoding="utf-8")
    return out


def _ask(book: Path, timed: list[Path], day: int) -> Measured:
    """What a run and each question cost, a book opened for each."""
    from clearing.answers.explain import explain_ride
    from clearing.answers.filters import Filter
    from clearing.answers.session import open_session
    from clearing.answers.show import show
    from clearing.answers.verify import verify

    window = day_of(day_number(SERVICE_DAY) + day).isoformat()

    def clear(turn: int) -> None:
        _clear(book, [_on_day(timed[turn], day)])

    def positions(_: int) -> None:
        with open_session(str(book)) as session:
            list(show(session, "positions", Filter(window=window)).rows)

    def explain(_: int) -> None:
        with open_session(str(book)) as session:
            explain_ride(session, ride)

    def check(_: int) -> None:
        with open_session(str(book)) as session:
            assert verify(session, VERIFIED_CARDS).agrees

    costs = {"clear": _median(clear, len(timed))}
    with open_session(str(book)) as session:
        card, card_seq, *_ = next(show(session, "rides", Filter(window=window)).rows)
    ride = f"{card}/{card_seq}"
    asked = {"positions": positions, "explain": explain, "verify": check}
    return costs | {name: _median(work, len(timed)) for name, work in asked.items()}


def _median(work: Callable[[int], None], turns: int) -> Measured:
    """Seconds by the clock, and of processors, which others that compute disturb less."""
    took = []
    for turn in range(turns):
        start = time.perf_counter(), time.process_time()
        work(turn)
        took.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    seconds, cpu_seconds = (statistics.median(column) for column in zip(*took, strict=True))
    return {"seconds": seconds, "cpu_seconds": cpu_seconds}


def render(result: Measured) -> str:
    """The same for people."""
    tenth, last = result["tenth"], result["last"]
    after = f"after {result['runs']:,}"
    head = f"{'after 10':>10}{after:>15}{'ratio':>7}"
    lines = [result["machine"], f"{'':12}{'seconds':>10}{'':22}{'CPU s':>10}",
             f"{'':12}{head}{head}"]
    lines += [f"{name:12}" + "".join(
        f"{tenth[name][unit]:10.3f}{last[name][unit]:15.3f}"
        f"{last[name][unit] / tenth[name][unit]:7.2f}" for unit in ("seconds", "cpu_seconds"))
        for name in tenth]
    lines.append(f"{result['files']:,} files, {result['bytes']:,} bytes: "
                 f"{result['bytes_per_ride']:.0f} a ride, "
                 f"{result['bytes_per_ride_of_one_run']:.0f} in a book of one large run")
    lines.append(f"grown in {result['grown_seconds']:,.0f} s; peak memory "
                 f"{result['peak_memory_mib']:,} MiB")
    return "\n".join(lines)
