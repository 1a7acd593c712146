"""The ledger is only added to: what stands in it is what no reversal takes back."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import numpy as np
import pytest

from clearing.book import Book, open_book
from clearing.book.standing import by_card, ride_order
from clearing.book.stored import stored_columns
from ext.codes import Reason, TapKind
from ext.records import ENTRY, RIDE_FLAGS, TAP
from tests.book.checks import exported, same
from tests.book.test_records_are_found import card_filter_of
from tests.book.workload import (
    FIRST_WINDOW,
    PLACE,
    REVERSAL,
    Rows,
    add_run,
    commit,
    entries_of,
    ledger_of,
    names_of,
    records_of,
    standing_after,
)

RUNS = 5
EVERY_CARD = np.full(1, 2**64 - 1, "<u8")        # as a filter


def ride(paid: int) -> Rows:
    """A ride of one card, and what was paid for it."""
    entry = np.zeros(1, ENTRY)
    entry["card_hi"], entry["card_lo"], entry["card_seq"], entry["out_seq"] = 16 << 56, 5, 8, 9
    entry["started_at"], entry["ended_at"], entry["service_day"] = 70, 80, FIRST_WINDOW
    entry["window"], entry["reason"], entry["issuer"], entry["operator"] = (
        FIRST_WINDOW, Reason.ORIGINAL, 1, 2)
    for name in ("due", "price", "paid"):
        entry[name] = paid
    legs = entry["legs"]
    legs["count"], legs["cause"][:, 0], legs["debtor"][:, 0], legs["creditor"][:, 0] = 1, 6, 1, 2
    legs["amount"][:, 0] = paid
    return entry


def reversal(entry: Rows, run: int) -> Rows:
    """What takes a run's entry back."""
    taken = entry.copy()
    taken["flags"] |= REVERSAL
    for name in ("due", "price", "paid"):
        taken[name] *= -1
    taken["legs"]["amount"] *= -1
    taken["reason"], taken["replaces"] = Reason.SUPERSEDED, run
    return taken


def write(book: Book, *parts: Rows) -> None:
    with book.begin(digest="x", kind="clear") as run:
        for part in parts:
            run.write_entries(part)
        run.write_names(names_of(run.number))
        commit(run)


def paid(book: Book) -> dict[str, list[int]]:
    """What stands was paid, by every way to ask for it."""
    return {
        "rides": [int(row["paid"]) for block in book.rides() for row in block],
        "since": book.rides_since(0)["paid"].tolist(),
        "view": np.asarray(book.query("SELECT paid FROM rides ORDER BY paid")["paid"]).tolist(),
        "export": [int(row["paid"]) for row in csv.DictReader(
            io.StringIO(exported(book).decode(), newline=""))],
    }


def test_one_ride_is_taken_back_and_entered_again_and_again(location: str) -> None:
    """Also as it was at first: which run's entry is taken back tells the two apart."""
    with open_book(location) as book:
        for step, (rows, stands, sum_) in enumerate((
                ([ride(300)], [300], 300),
                ([reversal(ride(300), 1), ride(200)], [200], 200),
                ([reversal(ride(200), 2), ride(300)], [300], 300),
                ([reversal(ride(300), 3)], [], 0),
                ([ride(300)], [300], 300))):
            write(book, *rows)
            assert all(found == stands for found in paid(book).values()), (step, paid(book))
            for found in (book.rides_since(0), book.rides_written(step + 1, EVERY_CARD)):
                assert found["paid"].tolist() == stands
                assert found["replaces"].tolist() == [step + 1] * len(stands)
            for view, amount in (("ledger", "paid"),
                                 ("postings", "if(side = 'debit', amount, 0)")):
                total = book.query(f"SELECT sum({amount}) AS total FROM {view}")["total"]
                assert int(total[0]) == sum_
        assert sum(map(len, book.entries())) == 7


def test_a_reversal_of_an_open_run_takes_nothing_back(location: str) -> None:
    with open_book(location) as book:
        write(book, ride(300))
        with book.begin(digest="x", kind="clear") as run:
            run.write_entries(np.concatenate([reversal(ride(300), 1), ride(200)]))
            assert all(found == [300] for found in paid(book).values())
            commit(run)
        assert all(found == [200] for found in paid(book).values())


def test_a_reversal_takes_back_its_own_place_only(location: str) -> None:
    """Both ends of a ride without the other, as two rides; of another card; of another time."""
    entries = np.repeat(ride(300), 5)
    entries["started_at"] = [70, 0, 70, 70, 71]
    entries["ended_at"] = [80, 80, 0, 80, 80]
    entries["card_lo"] = [5, 5, 5, 6, 5]
    entries["paid"] = [1, 2, 3, 4, 5]
    with open_book(location) as book:
        write(book, entries)
        for place in range(5):
            write(book, reversal(entries[place:place + 1], 1))
            left = entries["paid"][place + 1:].tolist()
            assert all(sorted(found) == left for found in paid(book).values())


def test_many_are_taken_back_over_many_runs(location: str) -> None:
    """As the workload says in plain Python; and the one or the other more often than once."""
    rows = np.concatenate([ledger_of(run) for run in range(1, RUNS + 1)])
    entered = Counter(rows[rows["flags"] & REVERSAL == 0][PLACE].tolist())
    assert max(entered.values()) > 2
    standing = standing_after(RUNS)
    with open_book(location) as book:
        for _ in range(RUNS):
            add_run(book)
        for day in (0, FIRST_WINDOW + 3, FIRST_WINDOW + 100):
            assert same(book.rides_since(day), standing[standing["service_day"] >= day])
        assert same(book.rides_written(RUNS, EVERY_CARD), standing)
        dear = np.concatenate([standing[:0], *book.rides("paid > 1000000000", "paid DESC")])
        assert dear["paid"].tolist() == sorted(
            standing["paid"][standing["paid"] > 1_000_000_000].tolist(), reverse=True)
        only = np.concatenate([standing[:0], *book.rides(fields=["card_lo", "paid"])])
        assert sorted(only["paid"].tolist()) == sorted(standing["paid"].tolist())
        assert not only["started_at"].any()
        assert len(exported(book).splitlines()) == 1 + len(standing)


def test_rides_are_in_the_order_of_their_time(location: str) -> None:
    """That of a card's rides: by the way in, or the way out where it is missing."""
    with open_book(location) as book:
        entries = np.repeat(ride(1), 6)
        entries["started_at"] = [70, 0, 90, 0, 70, 70]
        entries["ended_at"] = [75, 70, 95, 85, 75, 75]
        entries["card_seq"] = [3, 1, 5, 4, 2, 9]
        entries["card_lo"][5] = 4
        write(book, entries)
        found = by_card(book.rides_since(0), ride_order)
    assert found["card_seq"].tolist() == [9, 2, 3, 1, 4, 5]


def test_rides_of_marked_cards(location: str) -> None:
    standing = standing_after(2)
    marked = standing[::40]
    cards = set(marked[["card_hi", "card_lo"]].tolist())
    day = FIRST_WINDOW + 2
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        found = book.rides_since(day, card_filter_of(marked))
        none = book.rides_since(day, np.zeros(1, "<u8"))
    later = standing[standing["service_day"] >= day]
    own = np.array([row for row in later if row.item()[:2] in cards], ENTRY)
    loaded = set(found[["card_hi", "card_lo"]].tolist())
    assert cards_of(own) <= loaded <= cards_of(later)
    assert len(own) <= len(found) < len(own) + len(later) // 10
    assert same(found, np.array([row for row in later if row.item()[:2] in loaded], ENTRY))
    assert (none.dtype, len(none)) == (ENTRY, 0)


def cards_of(entries: Rows) -> set[Any]:
    return set(entries[["card_hi", "card_lo"]].tolist())


@pytest.mark.parametrize("view", ["rides", "ledger"])
def test_views_of_entries(location: str, view: str) -> None:
    """Field by field, under the card as it is printed."""
    names = [name for name in stored_columns(ENTRY) if name in ENTRY.names]
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        found = book.query(f"SELECT run, {', '.join(f'`{name}`' for name in names)} FROM {view}")
    if view == "rides":
        expected = standing_after(2)
        runs, rows = expected["replaces"].tolist(), expected.copy()
        written = {(*row[PLACE].item(), run): int(row["replaces"])
                   for run in (1, 2) for row in ledger_of(run) if not row["flags"] & REVERSAL}
        rows["replaces"] = [written[*place, run] for place, run in
                            zip(rows[PLACE].tolist(), runs, strict=True)]
    else:
        rows = np.concatenate([ledger_of(1), ledger_of(2)])
        runs = [run for run in (1, 2) for _ in ledger_of(run)]
    columns = [runs, *(rows[name].tolist() for name in names)]
    assert sorted(zip(*map(list_of, found.values()), strict=True)) == sorted(
        zip(*columns, strict=True))


def list_of(column: Any) -> list[Any]:
    return [int(value) for value in column]


def test_the_view_of_events(location: str) -> None:
    """Top-ups and locks, of committed runs."""
    names = stored_columns(TAP)
    received = np.concatenate([records_of(1), records_of(2)])
    events = received[np.isin(received["kind"], [TapKind.TOP_UP, TapKind.LOCK])]
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        with book.begin(digest="x", kind="clear") as run:
            run.write_records(records_of(3))
            found = book.query(f"SELECT {', '.join(names)} FROM events")
    assert 0 < len(events) < len(received)
    assert sorted(zip(*map(list_of, found.values()), strict=True)) == sorted(
        events[list(names)].tolist())


def test_postings_have_reversals_with_their_signs(location: str) -> None:
    """A held entry has none, and neither has what takes it back."""
    held = ride(500)
    held["card_lo"], held["flags"] = 6, RIDE_FLAGS["HELD"]
    with open_book(location) as book:
        write(book, ride(300), held)
        write(book, reversal(ride(300), 1), reversal(held, 1), ride(200))
        found = book.query(
            "SELECT run, toInt64(amount) AS amount, side, toString(cause) AS cause, member "
            "FROM postings ORDER BY run, amount, side")
    assert list(zip(*(np.asarray(column).tolist() for column in found.values()),
                    strict=True)) == [
        (run, amount, side, "fare", member)
        for run, amount in ((1, 300), (2, -300), (2, 200))
        for side, member in (("debit", 1), ("credit", 2))]


def test_entries_of_a_run_are_all_there(location: str) -> None:
    """What takes back and what is taken back, as they were written."""
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        found = np.concatenate([np.zeros(0, ENTRY), *book.entries("run = 2")])
    assert same(found, ledger_of(2))
    reversals = found[found["flags"] & REVERSAL != 0]
    assert len(reversals) > 0
    taken = entries_of(1)[np.isin(entries_of(1)[PLACE], reversals[PLACE])]
    assert np.array_equal(np.sort(-reversals["paid"]), np.sort(taken["paid"]))
