"""A tap of a year whose workdays nobody has published yet has no price: the run must not guess."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from clearing.book import Book, open_book
from clearing.engine.run import clear_files, close_window
from network.calendars import mainland_years
from network.civil import number_of
from network.errors import OnecardError
from tests.run.command import REPOSITORY, write_csv

NETWORK = REPOSITORY / "examples" / "network"
UNKNOWN = mainland_years().stop         # the first year that the installed calendar lacks
RECEIVED_AT = int(datetime.datetime(UNKNOWN + 1, 1, 1, tzinfo=datetime.UTC).timestamp())
ROW = """
[[timeframe]]
timeframe = "workdays"
days = ["workday"]

[[concession]]
rule = "card-8.5"
timeframes = ["workdays"]
"""
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "medium")


def network(folder: Path, *, calendar: str = "mainland", asks: bool = True) -> str:
    """The example network, in which a concession may hold on workdays only."""
    shutil.copytree(NETWORK, folder)
    written = folder / "network.toml"
    text = written.read_text("utf-8")
    written.write_text(text.replace("day_starts_at", f'calendar = "{calendar}"\nday_starts_at', 1),
                       "utf-8")
    if asks:
        table = folder / "haikou-bus.toml"
        text = table.read_text("utf-8")
        row = '\n[[concession]]\nrule = "card-8.5"\n'
        assert text.count(row) == 1
        table.write_text(text.replace(row, ROW), "utf-8")
    return str(folder)


def taps(folder: Path, *times: str, kind: str = "single") -> Path:
    """A file of a bus's taps at these times."""
    rows = [{"card": "3105000020000000035", "card_seq": seq, "tapped_at": at, "operator": "hk-bus",
             "device": "P1", "device_seq": seq, "mode": "bus", "kind": kind, "stop": "龙华总站",
             "medium": "qr"} for seq, at in enumerate(times, 1)]
    return write_csv(folder / f"{kind}-{times[-1]}.csv", rows, COLUMNS)


def clear(book: Book, where: str, *paths: Path) -> int:
    """Clear files; the number of entries that the run made."""
    return clear_files(paths, where, book, threads=1, received_at=RECEIVED_AT).run.entries


def rows_of(book: Book) -> list[int]:
    """How many rows each table of the book has, committed or not."""
    return [int(book.query(f"SELECT count() AS rows FROM {table}")["rows"][0])
            for table in ("entries", "records", "card_states", "open_rides", "names", "files",
                          "runs")]


def test_a_run_with_such_a_tap_writes_nothing(tmp_path: Path) -> None:
    where = network(tmp_path / "network")
    known = taps(tmp_path, f"{UNKNOWN - 1}-12-31T08:00:00")
    unknown = taps(tmp_path, f"{UNKNOWN - 1}-12-31T08:00:00", f"{UNKNOWN}-01-01T08:00:00")
    with open_book(str(tmp_path / "book")) as book:
        empty = rows_of(book)
        with pytest.raises(OnecardError) as refused:
            clear(book, where, known, unknown)
        for words in (f"taps of {UNKNOWN}", f"up to {UNKNOWN - 1}-12-31",
                      "pip install --upgrade chinesecalendar"):
            assert words in str(refused.value)
        assert rows_of(book) == empty
        assert clear(book, where, known) == 1


def test_the_service_day_decides(tmp_path: Path) -> None:
    """New Year's Eve lasts until three in the morning."""
    where = network(tmp_path / "network")
    with open_book(str(tmp_path / "book")) as book:
        with pytest.raises(OnecardError, match=f"taps of {UNKNOWN}"):
            clear(book, where, taps(tmp_path, f"{UNKNOWN}-01-01T03:00:00"))
        assert clear(book, where, taps(tmp_path, f"{UNKNOWN}-01-01T02:59:59")) == 1


@pytest.mark.parametrize(("calendar", "asks"), [("mainland", False), ("own", True)])
def test_who_does_not_ask_for_the_calendar_does_not_need_it(calendar: str, asks: bool,
                                                            tmp_path: Path) -> None:
    where = network(tmp_path / "network", calendar=calendar, asks=asks)
    with open_book(str(tmp_path / "book")) as book:
        assert clear(book, where, taps(tmp_path, f"{UNKNOWN}-01-04T08:00:00")) == 1


def test_refused_records_and_files_do_not_ask(tmp_path: Path) -> None:
    """A validator's clock that is ten years ahead is one record's fault, not the run's."""
    where = network(tmp_path / "network")
    path = taps(tmp_path, f"{UNKNOWN - 1}-12-31T08:00:00", f"{UNKNOWN + 10}-01-01T08:00:00")
    with open_book(str(tmp_path / "book")) as book:
        assert clear(book, where, path) == 1


def test_a_ride_that_was_left_open_is_not_priced_either(tmp_path: Path) -> None:
    """The network asks for workdays since the rider went in: closing its window cannot price it."""
    before = network(tmp_path / "before", asks=False)
    after = network(tmp_path / "after")
    day = number_of(datetime.date(UNKNOWN, 1, 4))
    with open_book(str(tmp_path / "book")) as book:
        assert clear(book, before, taps(tmp_path, f"{UNKNOWN}-01-04T08:00:00", kind="in")) == 0
        stored = rows_of(book)
        for step in (lambda: close_window(day, after, book),
                     lambda: clear(book, after, taps(tmp_path, f"{UNKNOWN - 1}-12-30T08:00:00"))):
            with pytest.raises(OnecardError, match=f"taps of {UNKNOWN}"):
                step()
            assert rows_of(book) == stored
            assert book.closed_through is None
        assert close_window(day, before, book).run.entries == 1
