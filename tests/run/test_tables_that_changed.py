"""A changed table holds for open windows at once, and for closed ones when somebody asks.

What was settled stays, and the differences say what the changed table would have made of it.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import clearing.cli.picture
import clearing.engine.what_if
from clearing.book import open_book
from tests.run.command import accepted, refused, shown, write_csv
from tests.run.test_arrival_does_not_matter import (
    CARDS,
    COLUMNS,
    DAYS,
    SMALL,
    Row,
    clear,
    owed,
    ride,
    rides_of,
    rows_of,
    settle,
    tap,
)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network that can be changed."""
    return Path(shutil.copytree(SMALL, tmp_path / "network"))


def make_dearer(network: Path) -> Path:
    """Bus A costs 3.00 instead of 2.00 from now on, and always did."""
    table = network / "bus-a.toml"
    text = table.read_text(encoding="utf-8")
    assert "amount = 200" in text
    table.write_text(text.replace("amount = 200", "amount = 300"), encoding="utf-8")
    return network


def other_card(seq: int) -> list[Row]:
    """A record of a card that has no other."""
    return [{"card": "19999", **tap(seq, f"26 {8 + seq:02}:00", "metro", "top_up")}]


def verified(book: Path) -> str:
    return accepted("verify", "--all", "--book", book).out


def hold_in_any_order(folder: Path, network: Path, rides: Sequence[Row],
                      paid_in: Callable[[Path], Any], paid: Any, *, every: int) -> Path:
    """Six rides at once, and in some orders over windows: the same money; the book of all at once.

    paid_in: what a book's rides paid. every: how many of the 720 orders are left out between two.
    """
    same = at_once(folder, network, rides, *DAYS)
    assert paid_in(same) == paid
    owed_at_once = owed(same)
    for number, order in enumerate(itertools.islice(itertools.permutations(rides), 5, 720, every)):
        book = folder / f"book-{number}"
        with open_book(str(book)):
            clear_over_windows(book, folder, order, network)
            assert paid_in(book) == paid
            assert owed(book) == owed_at_once
            assert "no differences" in verified(book)
    return same


def clear_over_windows(book: Path, folder: Path, rows: Sequence[Row], network: Path) -> None:
    """Clear two records, two more when the first day is closed, and the rest behind both days."""
    for some, day in zip((rows[:2], rows[2:4], rows[4:]), (*DAYS, None), strict=True):
        clear(book, folder, list(some), network)
        if day:
            settle(book, folder, day)


def at_once(tmp_path: Path, network: Path, rows: list[Row], *days: str) -> Path:
    """A book that knew it all from the beginning."""
    book = tmp_path / "at-once"
    with open_book(str(book)):
        clear(book, tmp_path, rows, network)
        for day in days:
            settle(book, tmp_path, day)
    return book


def test_open_windows_follow_a_changed_table(network: Path, tmp_path: Path) -> None:
    """Also for cards that the next run has no record of."""
    book, rows = tmp_path / "book", rows_of()
    clear(book, tmp_path, rows, network)
    make_dearer(network)
    clear(book, tmp_path, other_card(1), network)
    same = at_once(tmp_path, network, [*rows, *other_card(1)])
    assert rides_of(book) == rides_of(same)
    assert owed(book) == owed(same)
    assert "no differences" in verified(book)
    assert not {row["reason"] for row in shown("entries", book)} - {
        "original", "superseded"}


def test_a_ride_over_the_end_of_a_day_is_restated_with_its_way_out(
        network: Path, tmp_path: Path) -> None:
    """It was still under way when the window before closed, and `verify` knows by whose tables."""
    book = tmp_path / "book"
    rows = [*ride(1, "26 02:50", "26 03:20"), tap(
        7, "26 03:40", "metro", "ride", stop="M2", in_at="2024-11-26T02:55:00", in_stop="M1")]
    path = write_csv(tmp_path / "rides.csv", [{"card": f"1777{number}", **row}
                                              for number, row in zip((7, 7, 8), rows, strict=True)],
                     [*COLUMNS, "in_at", "in_stop"])
    accepted("clear", path, "--network", network, "--book", book)
    for day in DAYS:
        settle(book, tmp_path, day)
    table = network / "metro.toml"
    table.write_text(table.read_text("utf-8").replace("amount = 300", "amount = 350"), "utf-8")
    accepted("restate", "--since", DAYS[1], "--network", network, "--book", book)
    # What one record tells is of the day that it began on, which is not restated.
    assert [row["due"] for row in rides_of(book)] == [350, 300]
    assert "no differences" in verified(book)


def test_a_way_in_that_was_open_is_restated_with_what_came_then(
        network: Path, tmp_path: Path) -> None:
    """Its way out could still have come on the day that is restated."""
    book = tmp_path / "book"
    way_in, _ = ride(1, "26 02:50", "26 03:20")
    rows = [way_in, tap(5, "26 12:00", "metro", "top_up"), *ride(7, "26 13:00", "26 13:30")]
    clear(book, tmp_path, [{"card": "17777", **row} for row in rows], network)
    for day in DAYS:
        settle(book, tmp_path, day)
    table = network / "metro.toml"
    table.write_text(table.read_text("utf-8").replace("add = 100", "add = 150"), "utf-8")
    accepted("restate", "--since", DAYS[1], "--network", network, "--book", book)
    assert {row["reason"] for row in shown("entries", book, "--window", "2024-11-27")} == {
        "restated"}
    assert "no differences" in verified(book)


def test_so_do_the_windows_behind_one_that_is_closed(network: Path, tmp_path: Path) -> None:
    """`settle` leaves no open window with entries by the tables of before."""
    book, rows = tmp_path / "book", rows_of()
    clear(book, tmp_path, rows, network)
    make_dearer(network)
    settle(book, tmp_path, DAYS[0])
    assert rides_of(book) == rides_of(at_once(tmp_path, network, rows, DAYS[0]))
    assert "no differences" in verified(book)


def test_closed_windows_are_restated(network: Path, tmp_path: Path) -> None:
    """Closed and differences are what would have been, and so is what comes late after that."""
    book, rows = tmp_path / "book", rows_of()
    late = [{"card": "17777", **tap(2, "25 08:20", "bus-a")}]
    first = [{"card": "17777", **tap(1, "25 08:00", "bus-b")}]
    clear(book, tmp_path, [*rows, *late], network)
    for day in DAYS:
        settle(book, tmp_path, day)
    settled = rides_of(book)
    make_dearer(network)
    assert "no differences" in verified(book)       # by the tables as they were
    dry = accepted("restate", "--since", DAYS[0], "--dry-run", "--book", book).out
    assert "nothing was posted" in dry
    assert rides_of(book) == settled
    wet = accepted("restate", "--since", DAYS[0], "--book", book).out
    assert dry.splitlines()[:-1] == wet.splitlines()[:-1]
    same = at_once(tmp_path, network, [*rows, *late], *DAYS)
    assert rides_of(book) == rides_of(same)
    assert owed(book) == owed(same)
    assert "no differences" in verified(book)
    posted = [row for row in shown("entries", book) if row["reason"] == "restated"]
    assert {row["window"] for row in posted} == {"2024-11-27"}
    clear(book, tmp_path, first, network)
    clear(same, tmp_path, first, network)
    assert rides_of(book) == rides_of(same)
    assert owed(book) == owed(same)
    assert "no differences" in verified(book)


def test_what_cards_have_counted_is_restated(network: Path, tmp_path: Path) -> None:
    """Rides of the open window stand on the month's total, which the changed table makes higher."""
    book = tmp_path / "book"
    rows = [{"card": "17777", **tap(seq, f"25 {8 + seq // 6:02}:{seq % 6}0", "bus-a")}
            for seq in range(1, 41)]
    after = [{"card": "17777", **row} for row in ride(41, "26 08:00", "26 08:30", stops="M1 M4")]
    clear(book, tmp_path, rows, network)
    settle(book, tmp_path, DAYS[0])
    make_dearer(network)
    accepted("restate", "--since", DAYS[0], "--book", book)
    clear(book, tmp_path, after, network)
    same = at_once(tmp_path, network, [*rows, *after])
    assert "month-100" in rides_of(same)[-1]["rule"]
    assert rides_of(book) == rides_of(same)


def test_only_days_from_one_on_are_restated(network: Path, tmp_path: Path, opened: Path) -> None:
    rows = [{"card": "17777", **tap(day, f"{24 + day} 08:00", "bus-a")} for day in (1, 2)]
    clear(opened, tmp_path, rows, network)
    for day in DAYS:
        settle(opened, tmp_path, day)
    make_dearer(network)
    accepted("restate", "--since", DAYS[1], "--book", opened)
    assert [row["paid"] for row in shown("rides", opened)] == [200, 300]
    assert "no differences" in verified(opened)


def test_a_restatement_is_explained(network: Path, tmp_path: Path, opened: Path) -> None:
    clear(opened, tmp_path, [{"card": "17777", **tap(1, "25 08:00", "bus-a")}], network)
    settle(opened, tmp_path, DAYS[0])
    make_dearer(network)
    explained = accepted("explain", "17777/1", "--book", opened).out
    assert "2.00" in explained and "3.00" not in explained
    assert "by the tables as they were then" in explained
    accepted("restate", "--since", DAYS[0], "--book", opened)
    explained = accepted("explain", "17777/1", "--book", opened).out
    assert "3.00" in explained and "2.00" not in explained and "were then" not in explained
    shutil.rmtree(network)
    assert "3.00" in accepted("explain", "17777/1", "--book", opened).out


def test_operators_whose_tables_did_not_change_are_left_alone(network: Path, tmp_path: Path
                                                              ) -> None:
    """Nothing is written for them, not even what their cards are like."""
    book = tmp_path / "book"
    clear(book, tmp_path, [{"card": "17777", **tap(1, "25 08:00", "bus-a")},
                           {"card": "18888", **tap(1, "25 08:00", "bus-b")}], network)
    settle(book, tmp_path, DAYS[0])
    accepted("restate", "--since", DAYS[0], "--book", book)
    make_dearer(network)
    accepted("restate", "--since", DAYS[0], "--book", book)
    with open_book(str(book), create=False, read_only=True) as opened:
        told = opened.query("SELECT run, card FROM card_states ORDER BY run, card")
    assert list(zip(told["run"].tolist(), told["card"], strict=True)) == [
        (2, "17777"), (2, "18888"), (4, "17777")]


def test_a_day_that_is_open_is_not_restated(network: Path, tmp_path: Path, opened: Path) -> None:
    clear(opened, tmp_path, rows_of(dict(list(CARDS.items())[:2])), network)
    assert "open windows follow" in refused("restate", "--since", DAYS[0], "--book", opened).err


def test_a_period_is_priced_by_other_tables(network: Path, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    """What-if says what a book would hold that was cleared by them, and posts nothing."""
    book, rows = tmp_path / "book", rows_of()
    clear(book, tmp_path, rows, network)
    settle(book, tmp_path, DAYS[0])
    before = shown("rides", book)
    other = make_dearer(Path(shutil.copytree(network, tmp_path / "other")))
    asked = ("what-if", "--network", other, "--from", DAYS[0], "--to", DAYS[0], "--book", book)
    table = list(csv.DictReader(io.StringIO(accepted(*asked, "--csv").out)))
    assert shown("rides", book) == before
    same = at_once(tmp_path, other, rows, DAYS[0])
    for where, column in ((book, "now"), (same, "then")):
        rides = [row for row in shown("rides", where) if row["window"] == DAYS[0]]
        priced = [row for row in table if row["by"] == "all"]
        assert [int(row[column]) for row in priced] == [sum(row["price"] for row in rides)]
        for kind in ("mode", "operator"):
            sums = {row["what"]: int(row[column]) for row in table if row["by"] == kind}
            assert sums == {code: sum(ride["price"] for ride in rides if ride[kind] == code)
                            for code in {ride[kind] for ride in rides}}
    told = accepted(*asked).out
    assert "cards pay more" in told
    monkeypatch.setattr(clearing.engine.what_if, "_RECORDS_AT_ONCE", 3)     # cards part by part
    assert accepted(*asked).out == told
    check_pictures(tmp_path, accepted, *asked)


def check_pictures(folder: Path, ask: Callable[..., Any], *asked: str | Path) -> None:
    """All cards and each card kind are drawn; the same picture each time."""
    drawn = [folder / name for name in ("riders.svg", "again.svg", "riders.PNG")]
    for path in drawn:
        ask(*asked, "--picture", path)
    svg = drawn[0].read_text("utf-8")
    for words in ("all cards", "ordinary", "elder", "cards pay more", "yuan"):
        assert words in svg
    assert drawn[1].read_text("utf-8") == svg
    assert drawn[2].read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What to do is said before anything is priced."""
    asked = ("what-if", "--network", "demo", "--from", DAYS[0], "--to", DAYS[0], "--book",
             tmp_path / "book", "--picture")
    assert "write --picture riders.svg" in refused(*asked, tmp_path / "riders.pdf").err
    assert "no such folder" in refused(*asked, tmp_path / "none" / "riders.svg").err
    monkeypatch.setattr(clearing.cli.picture, "find_spec", lambda name: None)
    told = refused(*asked, tmp_path / "riders.svg").err
    assert "pip install 'onecard-clearing[picture]'" in told


def leave_out(network: Path, operator: str) -> None:
    """The operator is no member any more, and nothing says what its rides cost."""
    toml = network / "network.toml"
    text = toml.read_text(encoding="utf-8")
    block = next(part for part in text.split("[[") if f'code = "{operator}"' in part)
    toml.write_text(text.replace(f"[[{block}", ""), encoding="utf-8")
    (network / f"{operator}.toml").unlink()


def test_a_member_leaves_when_its_days_are_closed(network: Path, tmp_path: Path) -> None:
    """And stays in what they say."""
    book = tmp_path / "book"
    clear(book, tmp_path, [{"card": "17777", **tap(1, "25 08:00", "bus-a")}], network)
    left = Path(shutil.copytree(network, tmp_path / "left" / "network"))
    leave_out(left, "bus-a")
    file = tmp_path / "other.csv"
    write_csv(file, [{"card": "18888", **tap(1, "26 08:00", "metro", "top_up")}], COLUMNS)
    told = refused("clear", file, "--network", left, "--book", book).err
    assert "bus-a is not in the network any more" in told
    settle(book, tmp_path, DAYS[0])
    before, told = shown("positions", book), verified(book)
    accepted("clear", file, "--network", left, "--book", book)
    settle(book, tmp_path, DAYS[1])
    assert shown("positions", book) == before
    assert verified(book) == told.replace("1 input file is kept", "2 input files are kept")
    assert "bus-a" in accepted("explain", "17777/1", "--book", book).out
    assert "bus-a is not in the network" in refused(
        "restate", "--since", DAYS[0], "--network", left, "--book", book).err


def test_answers_need_no_folder(network: Path, tmp_path: Path) -> None:
    """What runs cleared by is in the book."""
    book = tmp_path / "book"
    clear(book, tmp_path, [{"card": "17777", **tap(1, "25 08:00", "bus-a")}], network)
    settle(book, tmp_path, DAYS[0])
    before = [shown(what, book) for what in ("rides", "entries", "positions")]
    shutil.rmtree(network)
    assert [shown(what, book) for what in ("rides", "entries", "positions")] == before
    assert "no differences" in verified(book)
    assert "name a shipped network, or a folder" in refused(
        "settle", "--yes", "--empty", "--window", DAYS[1], "--book", book).err


def test_a_book_says_what_it_said_then(network: Path, tmp_path: Path, opened: Path) -> None:
    """As of each run: rides, entries, postings, positions, runs, refusals, files, variances."""
    topics = ("rides", "entries", "postings", "positions", "runs", "files", "refusals",
              "variances")
    said = []
    rows = [{"card": "17777", **tap(2, "25 08:30", "bus-a")},
            {"card": "17777", **tap(1, "25 08:00", "bus-b")}]
    steps: list[Callable[[], object]] = [
        lambda: clear(opened, tmp_path, rows[:1], network),
        lambda: settle(opened, tmp_path, DAYS[0]),
        lambda: clear(opened, tmp_path, rows[1:], network),
        lambda: accepted("restate", "--since", DAYS[0], "--network", make_dearer(network),
                         "--book", opened)]
    for step in steps:
        step()
        said.append([shown(topic, opened) for topic in topics])
    for run, before in enumerate(said, 1):
        assert [shown(topic, opened, "--as-of", str(run)) for topic in topics] == before
    assert "1 to 4" in refused("show", "rides", "--as-of", "5", "--book", opened).err
    assert "restatement 2, run 5" in accepted("restate", "--since", DAYS[0], "--book", opened).out


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_by_the_same_tables_nothing_changes(
    closed: int, network: Path, tmp_path: Path, opened: Path
) -> None:
    """Whatever is closed of the period; and without an operator its rides have no fare."""
    clear(opened, tmp_path, rows_of(), network)
    for day in DAYS[:closed]:
        settle(opened, tmp_path, day)
    period = ("--from", DAYS[0], "--to", DAYS[1], "--book", opened)
    table = json.loads(accepted("what-if", "--network", network, *period, "--json").out)
    assert [row for row in table if row["now"] != row["then"]] == []
    assert {row["by"] for row in table} == {
        "all", "city", "operator", "mode", "card kind", "funder"}
    leave_out(network, "bus-a")
    out = accepted("what-if", "--network", network, *period).out
    assert "records are of rides for which these tables have no fare" in out
