"""While a window is open its ledger says the same, whatever runs and files the records came in.

Once it is closed it stays, and what came too late is posted as differences: all windows together
say what one run of everything would have.
"""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

import clearing.intake.reader
from clearing.book import Run, open_book
from clearing.engine.run import clear_files
from tests.memory_book import MemoryBook
from tests.run.command import REPOSITORY, accepted, contents, shown, write_csv
from tests.run.day import lines_of

SMALL = REPOSITORY / "tests" / "cli" / "small"
DAYS = ("2024-11-25", "2024-11-26")
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "vehicle", "medium", "card_kind", "paid", "born_on", "reviewed_until",
           "correction", "reason", "authorised_by")
NUMBERS = itertools.count(1)
Row = dict[str, Any]


def tap(seq: int, at: str, operator: str, kind: str = "single", **more: str) -> Row:
    """A record of the small network; `at` is the day of November and the time."""
    day, _, time = at.partition(" ")
    time += ":00" * (time.count(":") == 1)
    return {"card_seq": seq, "tapped_at": f"2024-11-{day}T{time}", "operator": operator,
            "device": f"{operator}-{kind}", "device_seq": seq, "medium": "card",
            "mode": operator.partition("-")[0], "kind": kind, **more}


def ride(seq: int, at: str, until: str, operator: str = "metro", stops: str = "M1 M2") -> list[Row]:
    """A way in and a way out."""
    way_in, way_out = stops.split()
    return [tap(seq, at, operator, "in", stop=way_in),
            tap(seq + 1, until, operator, "out", stop=way_out)]


ELDER = {"card_kind": "elder", "born_on": "1950-01-01", "reviewed_until": "2024-12-31"}
# What one card's records are; each of them can come late. Day 25 is closed before day 26.
CARDS: dict[str, list[Row]] = {
    "a ride by metro": ride(1, "25 08:00", "25 08:30"),
    "over midnight": ride(1, "25 23:50", "26 00:10"),
    "over the end of the service day": ride(1, "26 02:50", "26 03:20"),
    "out without in": ride(1, "25 08:00", "25 08:30")[1:],
    "in without out": ride(1, "25 08:00", "25 08:30")[:1],
    "in without out on the next day": ride(1, "26 08:00", "26 08:30")[:1],
    "in twice": [*ride(1, "25 08:00", "25 08:30")[:1], *ride(3, "25 09:00", "25 09:30")],
    "a bus while inside": [*ride(1, "25 08:00", "25 08:30"), tap(3, "25 08:10", "bus-a")],
    "two rides without ways out, a day apart": [
        *ride(1, "25 22:00", "25 22:30")[:1], *ride(3, "26 22:00", "26 22:30")[:1]],
    "a first ride that gives a transfer": [
        tap(1, "25 08:00", "bus-b"), tap(2, "25 08:30", "bus-a"), tap(3, "25 09:10", "bus-b")],
    "a transfer over the end of the day": [
        tap(1, "26 02:40", "bus-b"), tap(2, "26 03:10", "bus-a"), tap(3, "26 03:50", "bus-a")],
    "a companion": [tap(1, "25 08:00", "bus-a", vehicle="v1"),
                    tap(2, "25 08:00", "bus-a", vehicle="v1", device="other"),
                    tap(3, "25 08:05", "bus-a", vehicle="v1")],
    "through two trams": [
        {**row, "line": line} for line, rows in (
            ("1", ride(1, "25 08:00", "25 08:20", "tram")),
            ("2", ride(3, "25 08:25", "25 08:50", "tram", "M2 M3"))) for row in rows],
    "a cap of the day": [one for number in range(6) for one in ride(
        1 + 2 * number, f"25 {8 + 2 * number:02}:00", f"25 {9 + 2 * number:02}:00",
        stops="M1 M4")],
    "the tiers of a month": [
        *(tap(seq, f"{5 + seq // 12:02} {7 + seq % 12:02}:10", "bus-b") for seq in range(1, 34)),
        *ride(40, "25 08:00", "25 08:30"), *ride(42, "26 08:00", "26 08:30")],
    "a quota of an elder": [tap(seq, f"{24 + seq} 08:00", "bus-a", **ELDER) for seq in (1, 2)],
    "sent twice": [tap(1, "25 08:00", "bus-a"), tap(1, "25 08:00", "bus-a"),
                   tap(2, "25 08:20", "bus-b")],
    "contradicted": [tap(1, "25 08:00", "bus-b"), tap(1, "25 08:00", "bus-b", device="B2"),
                     tap(2, "25 08:20", "bus-a"), tap(3, "26 08:00", "bus-a")],
    "contradicted on another day": [
        tap(1, "25 08:00", "bus-b"), tap(1, "26 08:00", "bus-b"), tap(2, "26 08:20", "bus-a")],
    "contradicted from day to day": [tap(1, f"{day} 08:00", "bus-b") for day in (24, 25, 26)],
    "a way out that is contradicted": [
        *ride(1, "25 08:00", "25 08:30"), tap(2, "25 08:31", "metro", "out", stop="M3")],
    "money loaded": [tap(1, "25 08:00", "metro", "top_up"), *ride(1, "25 08:00", "25 08:30")],
    "off the metro and on a bus by clocks that are apart": [
        *ride(1, "25 08:00", "25 08:31"), tap(3, "25 08:30:10", "bus-a"),
        tap(4, "25 08:50", "bus-b")],
    "a way out without its way in, by clocks that are apart": [
        *ride(0, "25 08:00", "25 08:31")[1:], tap(2, "25 08:30:10", "bus-a"),
        tap(3, "25 08:50", "bus-b")],
    "one clock is an hour ahead": [
        tap(1, "25 08:00", "bus-a"), tap(2, "25 09:10", "bus-b"), tap(3, "25 08:20:30", "bus-a"),
        tap(4, "25 08:19:50", "bus-b")],
    "a short stay, both ends of one counter": [
        {**row, "card_seq": 7} for row in ride(7, "25 08:00:30", "25 08:00:10", stops="M1 M1")],
    "over the end of the service day by clocks that are apart":
        ride(1, "26 03:00:20", "26 02:59:50"),
    "in before the end of the day by clocks that are apart": [
        tap(1, "26 02:58:30", "bus-a"), *ride(2, "26 02:58", "26 03:20")],
    "no fare without the way in": ride(1, "25 08:00", "25 08:50", "ferry", "F1 F2"),
    "a first ride that gives a transfer, given back the day after": [
        tap(1, "25 08:00", "bus-b"), tap(2, "25 08:30", "bus-a"), tap(3, "25 09:10", "bus-b"),
        tap(9, "26 12:00", "bus-b", "refund", paid="200")],
    "a ride by metro, given back by a clock that is behind": [
        *ride(1, "25 08:00", "25 08:30"),
        tap(3, "25 08:29", "metro", stop="M2", paid="-400"), tap(4, "26 08:00", "bus-a")],
    "of two rides the nearer is given back": [
        tap(1, "25 08:00", "bus-a"), tap(2, "26 08:00", "bus-a"),
        tap(3, "26 09:00", "bus-a", "refund", paid="200"), tap(4, "26 10:00", "bus-a")],
    "both are given back": [
        tap(1, "25 08:00", "bus-a"), tap(2, "25 09:00", "bus-a"),
        tap(3, "25 10:00", "bus-a", "refund", paid="200"),
        tap(4, "26 10:00", "bus-a", "refund", paid="200")],
    "a refund that is of a way in without a way out, and not of the ride before": [
        *ride(1, "25 08:00", "25 08:30"), *ride(3, "26 08:00", "26 08:30")[:1],
        tap(5, "26 12:00", "metro", "refund", paid="900")],
    "a refund of a way in that is open at the end of the day": [
        *ride(1, "26 02:50", "26 03:20")[:1], tap(3, "26 02:55", "metro", "refund", paid="900"),
        tap(4, "26 10:00", "bus-a")],
    "a ride without a way out is given back": [
        *ride(1, "25 21:00", "25 22:00")[:1], tap(3, "26 10:00", "metro", "refund", paid="900"),
        tap(4, "26 11:00", "bus-a")],
    "and one that another ride ended": [
        *ride(1, "25 23:00", "25 23:30")[:1], tap(3, "25 23:40", "bus-a"),
        tap(4, "26 10:00", "metro", "refund", paid="900"), tap(5, "26 11:00", "bus-a")],
    "given back by a clock before the end of the day": [
        tap(1, "26 03:00:30", "bus-a"), tap(2, "26 02:59:40", "bus-a", "refund", paid="200"),
        tap(3, "26 08:00", "bus-a")],
    "the refund is cancelled": [
        tap(1, "25 08:00", "bus-a"), tap(2, "26 08:00", "bus-a", "refund", paid="200"),
        tap(2, "26 08:00", "bus-a", "refund", paid="200", correction="cancel", reason="other",
            authorised_by="bus-a")],
    "the refund has a charge of its own": [
        tap(1, "25 08:00", "bus-a"), tap(2, "26 08:00", "bus-a", "refund", paid="200"),
        tap(2, "26 07:00", "bus-a")],
    "given back under its own counter shortly before the end of the day": [
        tap(2, "26 02:59:40", "bus-a", paid="200"),
        tap(2, "26 02:59:40", "bus-a", "refund", paid="200"), tap(3, "26 08:00", "bus-a")],
    "more than was charged is given back shortly before the end of the day": [
        tap(2, "26 02:59:40", "bus-a", paid="200"),
        tap(2, "26 02:59:40", "bus-a", "refund", paid="300"), tap(1, "26 03:00:30", "bus-a")],
    "a ride that ends behind the end of the day is given back before": [
        tap(1, "26 02:50", "metro", "in", stop="M1"),
        tap(3, "26 02:55", "metro", "refund", paid="900"),
        tap(2, "26 03:20", "metro", "out", stop="M2"), tap(4, "26 10:00", "bus-a")],
    "and one of which a record says that it was another's way out": [
        tap(1, "26 02:50", "metro", "in", stop="M1", paid="900"),
        tap(5, "26 02:55", "metro", "refund", paid="900"),
        tap(4, "26 03:20", "metro", "out", stop="M2", paid="-100"),
        tap(3, "26 03:10", "metro", "in", stop="M3")],
    "nothing is known of what is given back": [
        tap(1, "25 08:00", "bus-a", line="1"), tap(2, "26 08:00", "bus-a", "refund", paid="200",
                                                   line="2"), tap(3, "26 09:00", "bus-b")],
}


def rows_of(cards: dict[str, list[Row]] = CARDS) -> list[Row]:
    """Every card's records; numbers that begin with 2 are of another city."""
    return [{"card": f"{1 + number % 2}{number:04}", **row}
            for number, rows in enumerate(cards.values()) for row in rows]


def clear(book: str | Path, folder: Path, rows: Iterable[Row], network: Path = SMALL) -> None:
    """One run; a line of another card's, that cannot be read, makes each file its own."""
    number = next(NUMBERS)
    rows = [*rows, {"card": "9", "card_seq": number}]
    accepted("clear", write_csv(folder / f"{number}.csv", rows, COLUMNS), "--network", network,
             "--book", book, "--acknowledgements", folder / f"answers-{Path(str(book)).name}")


def settle(book: str | Path, folder: Path, day: str) -> None:
    accepted("settle", "--yes", "--empty", "--window", day, "--book", book,
             "--out", folder / f"settled-{Path(str(book)).name}-{day}")


def rides_of(book: str | Path) -> list[Row]:
    """What stands, in whichever window, late or not."""
    return [{name: value for name, value in row.items() if name not in (
        "window", "late", "reason")}
            for row in shown("rides", book)]


def owed(book: str | Path) -> dict[tuple[str, ...], tuple[int, int]]:
    """What each owes the other for each cause, all windows together, and of how many."""
    with open_book(str(book), create=False, read_only=True) as opened:
        found = opened.query(
            "SELECT debtor, creditor, cause, sum(amount) AS owed, sum(count) AS counted FROM flows "
            "WHERE run IN (SELECT run FROM runs) GROUP BY debtor, creditor, cause "
            "HAVING owed != 0 OR counted != 0 ORDER BY debtor, creditor, cause")
        rows = zip(*(list(map(int, column)) for column in found.values()), strict=True)
    return {tuple(map(str, row[:3])): (row[3], row[4]) for row in rows}


def positions(book: str | Path, *days: str) -> list[dict[tuple[str, str], int]]:
    """The net of each member of each level: of all windows, and of each of these."""
    return [{(row["level"], row["member"]): row["position"]
             for row in shown("positions", book, *(("--window", day) if day else ()))
             if row["position"]} for day in ("", *days)]


def roots_of(book: str | Path) -> dict[str, str]:
    """The root of each day's window that is closed.

    The day before is listed, too, where a record of it was entered until another contradicted it.
    """
    return {row["window"]: row["root"] for row in shown("windows", book)
            if row["root"] and row["window"] in DAYS}


def postings_add_up(book: str | Path) -> bool:
    """Whether every ride that stands, and nothing else, is what the postings leave."""
    sums: dict[tuple[str, str], int] = {}
    for row in shown("postings", book):
        key = row["member"], row["side"]
        sums[key] = sums.get(key, 0) + row["amount"]
    nets = {member: sums.get((member, "credit"), 0) - sums.get((member, "debit"), 0)
            for member, _ in sums}
    found = {member: net for (level, member), net in positions(book)[0].items()
             if level == "member"}
    return {member: net for member, net in nets.items() if net} == found


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of everything, and what it says before and after the windows are closed."""
    folder = tmp_path_factory.mktemp("at-once")
    book = folder / "book"
    with open_book(str(book)):
        clear(book, folder, rows_of())
        said = {"open": contents(book, with_refusals=False), "codes": told_of_identity(book)}
        for day in DAYS:
            settle(book, folder, day)
        said |= {"closed": contents(book, with_refusals=False), "rides": rides_of(book),
                 "owed": owed(book), "positions": positions(book), "roots": roots_of(book)}
        assert accepted("verify", "--all", "--book", book).code == 0
    return said


def codes_of(book: str | Path, *but: str) -> list[str]:
    """The codes of all refusals, but for the lines that cannot be read."""
    known = sum(row["known"] for row in shown("files", book))
    return sorted([*(row["code"] for row in shown("refusals", book)
                     if row["record"][:2] != "9," and row["code"] not in but),
                   *["KNOWN"] * known])


def told_of_identity(book: str | Path) -> list[str]:
    """The same of what hangs on no others: of these nobody knew more at the time."""
    return codes_of(book, "NO_FARE", "REBATE_ALONE", "CORRECTED")


def test_the_cards_are_of_every_kind(at_once: dict[str, Any]) -> None:
    """What is compared below is worth it: every state and every kind of discount is there."""
    rides = at_once["rides"]
    assert {row["state"] for row in rides} == {
        "COMPLETE", "SAME_STATION", "SINGLE_TAP", "MISSING_OUT", "MISSING_IN"}
    rules = {rule for row in rides for rule in row["rule"].split("+")}
    assert {"change", "through", "day-20", "month-100", "elder-100"} <= rules
    assert at_once["codes"] == ["CONFLICT"] * 11 + ["KNOWN"]


def test_rides_are_priced_in_the_order_of_the_counter(at_once: dict[str, Any]) -> None:
    """By the clocks the way out would be after the bus, and end its transfer chain."""
    place = list(CARDS).index("a way out without its way in, by clocks that are apart")
    rides = [row for row in at_once["rides"] if row["card"] == f"{1 + place % 2}{place:04}"]
    assert {row["card_seq"]: row["rule"].split("+")[1:] for row in rides} == {
        1: [], 2: [], 3: ["change"]}


@pytest.mark.parametrize("runs", [3, 12])
def test_records_in_any_order_over_many_runs(runs: int, book: str, tmp_path: Path,
                                             at_once: dict[str, Any]) -> None:
    """Shuffled, so that ways out come first and transfers before what they follow.

    But not by any number: a refund that comes before what it contradicts is told REBATE_ALONE, and
    no second time that it is a CONFLICT.
    """
    rows = rows_of()
    random.Random(runs + 2).shuffle(rows)
    for part in range(runs):
        clear(book, tmp_path, rows[part::runs])
    assert contents(book, with_refusals=False) == at_once["open"]
    assert told_of_identity(book) == at_once["codes"]
    assert accepted("verify", "--all", "--book", book).code == 0
    for day in DAYS:
        settle(book, tmp_path, day)
    assert contents(book, with_refusals=False) == at_once["closed"]
    assert positions(book) == at_once["positions"]
    assert roots_of(book) == at_once["roots"]
    assert postings_add_up(book)
    assert accepted("verify", "--all", "--book", book).code == 0


def test_one_record_a_run_the_last_one_first(tmp_path: Path, at_once: dict[str, Any]) -> None:
    """Each run takes the last record that is left of every card."""
    book, left = tmp_path / "book", {name: list(rows) for name, rows in CARDS.items()}
    with open_book(str(book)):
        while any(left.values()):
            clear(book, tmp_path, rows_of({name: [rows.pop()] if rows else []
                                           for name, rows in left.items()}))
        assert contents(book, with_refusals=False) == at_once["open"]
        assert told_of_identity(book) == at_once["codes"]


@pytest.mark.parametrize("late", range(4))
def test_what_comes_after_its_window_closed_is_posted_as_a_difference(
        late: int, tmp_path: Path, at_once: dict[str, Any]) -> None:
    """Of each card one record comes late, and then the same book of another one."""
    book = tmp_path / "book"
    come_late = {name: rows[late:late + 1] for name, rows in CARDS.items()}
    in_time = {name: [*rows[:late], *rows[late + 1:]] for name, rows in CARDS.items()}
    with open_book(str(book)):
        clear(book, tmp_path, rows_of(in_time))
        settle(book, tmp_path, DAYS[0])
        closed, roots = positions(book, DAYS[0])[1], roots_of(book)
        clear(book, tmp_path, rows_of(come_late))
        assert positions(book, DAYS[0])[1] == closed
        assert roots_of(book) == roots
        assert accepted("verify", "--all", "--book", book).code == 0
        settle(book, tmp_path, DAYS[1])
        assert rides_of(book) == at_once["rides"]
        assert owed(book) == at_once["owed"]
        assert positions(book) == at_once["positions"]
        assert told_of_identity(book) == at_once["codes"]
        assert postings_add_up(book)
        for row in shown("entries", book):
            late_one = row["reason"] == "late_record"
            assert late_one <= (row["window"] == DAYS[1]), row


def close_twice(book: str | Path, folder: Path, runs: int) -> dict[str, str]:
    """The roots of two windows, before each of which half of the records came, in so many runs."""
    rows = rows_of()
    random.Random(5).shuffle(rows)
    for part, day in zip((rows[::2], rows[1::2]), DAYS, strict=True):
        for number in range(runs):
            clear(book, folder, part[::1 if runs == 1 else -1][number::runs])
        settle(book, folder, day)
    return roots_of(book)


@pytest.fixture(scope="module")
def roots_of_two_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("two-runs")
    return close_twice(folder / "book", folder, 1)


def test_roots_do_not_depend_on_the_runs_between_closings(
        roots_of_two_runs: dict[str, str], book: str, tmp_path: Path) -> None:
    """The second window has what came late for the first one, and takes some of it back."""
    assert close_twice(book, tmp_path, 3) == roots_of_two_runs
    assert len(set(roots_of_two_runs.values())) == len(DAYS)
    assert accepted("verify", "--all", "--book", book).code == 0


@pytest.mark.parametrize("seed", range(3))
def test_many_windows_closed_on_the_way(seed: int, tmp_path: Path,
                                        at_once: dict[str, Any]) -> None:
    """A window is closed after nearly every run, whatever is missing by then."""
    draw, rows = random.Random(seed), rows_of()
    draw.shuffle(rows)
    with open_book(str(tmp_path / "book")):
        book, closed = tmp_path / "book", dict[str, Any]()
        for part, day in enumerate(("2024-11-10", "2024-11-24", *DAYS, "2024-12-01", "")):
            clear(book, tmp_path, rows[part::6])
            if day:
                settle(book, tmp_path, day)
                closed[day] = positions(book, day)[1]
        assert positions(book, *closed)[1:] == list(closed.values())
        # What came after the last one is in no window that was closed: nothing is left open.
        settle(book, tmp_path, "2024-12-02")
        assert rides_of(book) == at_once["rides"]
        assert owed(book) == at_once["owed"]
        assert positions(book) == at_once["positions"]
        assert accepted("verify", "--all", "--book", book).code == 0


def parts_of(paths: list[list[Path]], folder: Path, count: int) -> list[Path]:
    """Both days' records, shuffled, in so many files."""
    header, lines = lines_of([path for day in paths for path in day])
    random.Random(count).shuffle(lines)
    made = [folder / f"part-{number}-of-{count}.csv" for number in range(count)]
    for number, path in enumerate(made):
        path.write_bytes(b"".join([header, *lines[number::count]]))
    return made


def test_a_day_of_a_city_in_any_order(tmp_path: Path, two_days: list[list[Path]],
                                      undisturbed: list[str]) -> None:
    """The demonstration's days with all that is spoilt in them: both in four runs, shuffled."""
    book = tmp_path / "book"
    with open_book(str(book)):
        for path in parts_of(two_days, tmp_path, 4):
            accepted("clear", path, "--network", "demo", "--book", book)
        assert contents(book, with_refusals=False) == undisturbed[1]


def test_a_day_of_a_city_half_of_which_comes_late(tmp_path: Path, two_days: list[list[Path]],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    """On many partitions and two threads, so that on time and late ones are in all of them."""
    monkeypatch.setattr(clearing.intake.reader, "TAPS_PER_PARTITION", 16)
    found = []
    whole, = parts_of(two_days, tmp_path, 1)
    first, second = parts_of(two_days, tmp_path, 2)
    for name, steps in (("at-once", (whole, *DAYS)), ("late", (first, DAYS[0], second, DAYS[1]))):
        book = tmp_path / name
        with open_book(str(book)):
            for step in steps:
                if isinstance(step, str):
                    settle(book, tmp_path, step)
                else:
                    accepted("clear", step, "--network", "demo", "--book", book, "--threads", "2")
            found.append((rides_of(book), owed(book), positions(book)))
    assert found[0] == found[1]
    assert len(found[0][0]) > 1_000


def test_a_day_that_is_sent_again_changes_nothing(book: str, tmp_path: Path) -> None:
    """Before its window is closed and after: each is a duplicate, or a conflict as it was."""
    clear(book, tmp_path, rows_of())
    for again in range(2):
        before = contents(book, with_refusals=False), shown("entries", book), told(book)
        clear(book, tmp_path, rows_of())
        last = shown("runs", book)[-1]
        assert (last["accepted"], last["rides"], last["reversed"]) == (0, 0, 0)
        codes = [row["code"] for row in shown("refusals", book, "--run", str(last["run"]))]
        assert set(codes) == {"CONFLICT", "MISSING_VALUE", "CORRECTED", "REBATE_ALONE"}
        assert last["known"] + last["refused"] == last["taps"]
        assert codes.count("CONFLICT") == 11
        assert (contents(book, with_refusals=False), shown("entries", book), told(book)) == before
        if again == 0:
            settle(book, tmp_path, DAYS[0])


def told(book: str) -> list[int]:
    """What each query of the README's kind adds up to."""
    with open_book(book, create=False, read_only=True) as opened:
        return [int(opened.query(sql)["told"][0]) for sql in (
            "SELECT sum(paid) AS told FROM ledger", "SELECT sum(paid) AS told FROM rides",
            "SELECT count() AS told FROM rides", "SELECT count() AS told FROM events")]


def test_one_clock_a_day_ahead_harms_nobody_else(book: str, tmp_path: Path) -> None:
    """Riders who are inside at the end of the day come out of it, whatever a validator says."""
    inside = [{"card": f"1{number:04}", **row} for number in (1, 2)
              for row in ride(1, "25 23:40", "26 00:05")]
    ahead = {"card": "10003", **tap(9, "26 23:50", "bus-a")}
    clear(book, tmp_path, [*inside[::2], ahead])
    assert [row["card"] for row in shown("rides", book)] == ["10003"]
    clear(book, tmp_path, inside[1::2])
    assert [(row["state"], row["paid"]) for row in shown("rides", book)[:2]] == [
        ("COMPLETE", 300)] * 2
    assert {row["reason"] for row in shown("entries", book)} == {"original"}


def test_a_ride_that_changes_is_taken_back_and_entered_anew(book: str, tmp_path: Path) -> None:
    """A first ride comes late: the second one's price falls, in the open window or after it."""
    first, second, _ = ({"card": "10001", **row}
                        for row in CARDS["a first ride that gives a transfer"])

    def entries(run: int) -> list[tuple[int, int, str, str]]:
        return sorted((row["card_seq"], row["paid"], row["reason"], row["window"])
                      for row in shown("entries", book, "--run", str(run)))

    clear(book, tmp_path, [second])
    clear(book, tmp_path, [first])
    assert entries(1) == [(2, 200, "original", DAYS[0])]
    assert entries(2) == [(1, 300, "original", DAYS[0]),
                          (2, -200, "superseded", DAYS[0]),
                          (2, 100, "original", DAYS[0])]
    settle(book, tmp_path, DAYS[0])
    assert entries(3) == []
    # Now bus-b's is the transfer, and the next ride begins another chain.
    clear(book, tmp_path, [{"card": "10001", **tap(0, "25 07:50", "bus-a")}])
    assert entries(4) == [
        (seq, paid, "late_record", DAYS[1])
        for seq, paid in ((0, 200), (1, -300), (1, 200), (2, -100), (2, 200))]
    with open_book(book, create=False, read_only=True) as opened:
        found = opened.query("SELECT card_seq, run, replaces FROM ledger "
                             "WHERE replaces != 0 ORDER BY run, card_seq, paid")
        assert [tuple(map(int, row)) for row in zip(*found.values(), strict=True)] == [
            (2, 2, 1), (2, 2, 1), (1, 4, 2), (1, 4, 2), (2, 4, 2), (2, 4, 2)]


def mended(folder: Path) -> Path:
    """The small network, whose ferries have a fare for those who were not seen going in."""
    shutil.copytree(SMALL, folder)
    table = folder / "ferry.toml"
    text = table.read_text("utf-8")
    table.write_text(text.replace('missing_out = "validator"',
                                  'missing_out = "validator"\nmissing_in = 500'), "utf-8")
    return folder


def test_what_nobody_could_price_is_remembered_and_priced_when_it_can_be(
        book: str, tmp_path: Path) -> None:
    """Its copy adds nothing; with mended tables it is priced once its card is cleared again."""
    leave, = ({"card": "10001", **row} for row in ride(1, "25 08:00", "25 08:50", "ferry", "F1 F2")
              if row["kind"] == "out")
    bus = {"card": "10001", **tap(3, "25 10:00", "bus-a")}
    clear(book, tmp_path, [leave])
    assert codes_of(book) == ["NO_FARE"]
    clear(book, tmp_path, [leave, bus])
    assert codes_of(book) == ["NO_FARE", "NO_FARE"]         # the copy, too
    assert [row["card_seq"] for row in shown("rides", book)] == [3]
    clear(book, tmp_path, [{**bus, "card_seq": 4, "tapped_at": "2024-11-25T10:30:00"}],
          mended(tmp_path / "mended"))
    priced = shown("rides", book)[0]
    assert (priced["card_seq"], priced["state"], priced["paid"]) == (2, "MISSING_IN", 500)
    assert codes_of(book) == ["NO_FARE", "NO_FARE"]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_nothing_is_told_twice(book: str, tmp_path: Path) -> None:
    """Whoever was told that a record is refused is not told again when others of its card come."""
    rows: Sequence[Row] = [{"card": "10001", **row} for row in CARDS["contradicted"]]
    clear(book, tmp_path, rows[:1])
    clear(book, tmp_path, rows[1:3])
    told_once = codes_of(book)
    assert told_once == ["CONFLICT", "CONFLICT"]
    clear(book, tmp_path, rows[3:])
    settle(book, tmp_path, DAYS[0])
    clear(book, tmp_path, [{"card": "10001", **tap(9, "25 07:00", "bus-a")}])
    assert codes_of(book) == told_once


def test_what_is_taken_back_is_of_the_cards_that_records_came_of(tmp_path: Path) -> None:
    """The ledger is looked up by a filter of cards, which a few others share a bit with."""
    book: Any = MemoryBook()

    def clear(name: str, *records: tuple[Iterable[int], Row]) -> Run:
        rows = [{**row, "card": f"1{card:04}", "device_seq": card}
                for cards, row in records for card in cards]
        path = write_csv(tmp_path / f"{name}.csv", rows, COLUMNS)
        return clear_files([path], str(SMALL), book, threads=1, received_at=1_800_000_000).run

    way_in, way_out = ride(1, "25 08:00", "25 08:30")
    late, others = range(40), range(1_000, 3_000)
    clear("first", (late, way_out), (others, tap(1, "25 08:00", "bus-a")))
    # Records of more cards than those that something is taken back of: their filters differ.
    more = others[::4]
    run = clear("late", (late, way_in), (more, tap(2, "25 09:00", "bus-a")))
    assert (run.rides, run.reversed) == (len(late) + len(more), len(late))
