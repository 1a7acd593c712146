"""Runs that depend on nothing but their number: every book can be told what it must hold.

Even runs close a window and say what cards were like at its end: a few cards, so that it is told on
top of what is known, and every fourth run many, so that it is completed to a full copy. Odd ones
tell the end of older windows again, as runs with late records do. Every run but the first takes
back some entries that stand, and enters others in their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from clearing.book import Book, BookFile, Counts, OpenRun, Run
from clearing.book.schema import TOLD
from clearing.book.stored import NOT_KEPT, NOT_STORED, complete_legs
from ext.codes import Code, Reason
from ext.records import (
    ACCUMULATOR,
    CARD_STATE,
    ENTRY,
    FLOW,
    LEGS_MOST,
    REFUSAL,
    RIDE_FLAGS,
    TAP,
)
from network.names import Name

Rows = np.ndarray[Any, Any]

CARDS = 300
ROWS = 400                  # entries of a run, beside what it takes back and enters in its place
RECORDS = 90
TAKEN_BACK_ONE_IN = 12      # entries that stand
FIRST_WINDOW = 20_000
DAYS = 12                   # of records and entries, FIRST_WINDOW among them
REVERSAL = RIDE_FLAGS["REVERSAL"]
ASCII = int.from_bytes(b"SZTAB123", "big")      # the first half of a card of letters
PLACE = ["card_hi", "card_lo", "started_at", "ended_at", "card_seq", "out_seq"]


class Told(NamedTuple):
    """What cards were like at the end of a window, as one run has it."""

    window: int
    cards: Rows
    accumulators: Rows
    open_rides: Rows


def _random(rng: np.random.Generator, dtype: np.dtype[Any], rows: int) -> Rows:
    """Records whose every stored field holds something."""
    records = np.zeros(rows, dtype)
    assert dtype.names is not None
    for name in dtype.names:
        if not name.startswith("reserved") and name != NOT_KEPT:
            if name == "legs":
                continue
            most = 1 << 31 if dtype == ENTRY else 1 << 40       # of amounts, as pricing has them
            high = min(np.iinfo(dtype[name]).max, most - 1)
            low = -high if dtype[name].kind == "i" else 1
            records[name] = rng.integers(low, high, rows)
    return records


def _name_cards(records: Rows, card: Rows) -> None:
    """Cards of twenty digits, of fewer, and of letters, by their number among all."""
    records["card_hi"] = np.choose(card % 3, [20 << 56 | 4, 16 << 56, ASCII])
    records["card_lo"] = np.where(
        card % 3 == 2, [int.from_bytes(b"%08d" % number, "big") for number in card.tolist()],
        (card + 1) * 7_654_321)


def entries_of(run: int, rows: int = ROWS) -> Rows:
    """The entries that a run makes of rides that nobody knew."""
    rng = np.random.default_rng([1, run])
    entries = _random(rng, ENTRY, rows)
    _name_cards(entries, rng.integers(0, CARDS, rows))
    entries["flags"] = rng.integers(0, REVERSAL, rows)
    entries["reason"] = Reason.ORIGINAL
    entries["replaces"] = 0
    entries["service_day"] = FIRST_WINDOW + rng.integers(0, DAYS, rows)
    for name in ("operator", "issuer", "from_stop", "to_stop", "line", "device", "vehicle", "rule",
                 "table", "mode", "medium", "card_kind"):
        entries[name] = rng.integers(0, 9, rows)
    for name in NOT_STORED:
        entries[name] = 0
    legs = entries["legs"]
    legs["count"] = rng.integers(1, LEGS_MOST + 1, rows)
    used = np.arange(LEGS_MOST) < legs["count"][:, None]
    for part, most in (("cause", 9), ("rule", 9), ("debtor", 9), ("creditor", 9),
                       ("amount", 1 << 31)):
        legs[part] = np.where(used, rng.integers(1, most, (rows, LEGS_MOST)), 0)
    complete_legs(entries)
    return np.sort(entries, order=PLACE)


@cache
def ledger_of(run: int) -> Rows:
    """All rows that a run adds to the ledger: its entries, reversals, and what is instead."""
    standing = standing_after(run - 1)
    rng = np.random.default_rng([6, run])
    new = standing["replaces"] == run - 1       # is taken back the sooner, and so again and again
    taken = standing[rng.integers(0, TAKEN_BACK_ONE_IN, len(standing)) <= 2 * new]
    reversals, instead = taken.copy(), taken[::2].copy()
    reversals["flags"] |= REVERSAL
    for name in ("due", "price", "paid", "variance"):
        reversals[name] *= -1
    reversals["legs"]["amount"] *= -1
    reversals["reason"] = rng.choice([Reason.SUPERSEDED, Reason.LATE_RECORD], len(reversals))
    instead["price"] += 1
    return _kept(np.concatenate([entries_of(run), reversals, instead]))


@cache
def standing_after(last: int) -> Rows:
    """The entries that stand after runs 1 to `last`, by place; `replaces` says which run's."""
    stand: dict[tuple[Any, ...], Any] = {}
    for run in range(1, last + 1):
        for entry, place in zip(ledger_of(run), ledger_of(run)[PLACE].tolist(), strict=True):
            if entry["flags"] & REVERSAL:
                del stand[*place, int(entry["replaces"])]
            else:
                assert (*place, run) not in stand
                stand[*place, run] = entry
    found = np.array([stand[place] for place in sorted(stand)], ENTRY)
    found["replaces"] = [place[-1] for place in sorted(stand)]
    return _kept(found)


def _kept(rows: Rows) -> Rows:
    """Rows that nobody changes: they are asked for again."""
    rows.flags.writeable = False
    return rows


@cache
def records_of(run: int) -> Rows:
    """The records that a run received: of all kinds, some of days long past."""
    rng = np.random.default_rng([5, run])
    taps = _random(rng, TAP, RECORDS)
    _name_cards(taps, rng.integers(0, CARDS, RECORDS))
    taps["kind"] = rng.integers(1, 7, RECORDS)
    taps["flags"] = rng.integers(0, 32, RECORDS)        # CARRIED is not stored
    taps["service_day"] = FIRST_WINDOW + rng.integers(0, DAYS, RECORDS)
    taps["card_seq"][::10] = 7                          # counters of several cards
    return _kept(taps)


def closed_by(run: int) -> int | None:
    """The window that a run closes."""
    return FIRST_WINDOW + run if run % 2 == 0 else None


def closed_after(last: int) -> list[int]:
    """The windows that runs 1 to `last` close."""
    return [window for run in range(1, last + 1) if (window := closed_by(run)) is not None]


@cache
def states_of(run: int) -> list[Told]:
    """What a run tells of its cards: at the end of its window, or of older ones and all since."""
    rng = np.random.default_rng([2, run])
    window, closed = closed_by(run), closed_after(run)
    if window is not None:
        return [make_state(rng, window, 30 if run % 4 else 150)]
    if not closed:
        return []
    late = rng.choice(CARDS, 25, replace=False)
    return [make_state(rng, window, late) for window in closed[rng.integers(0, len(closed)):]]


def make_state(rng: np.random.Generator, window: int, cards: int | Rows) -> Told:
    """Something for each of some cards, which are named by their numbers, or for so many."""
    numbers = rng.choice(CARDS, cards, replace=False) if isinstance(cards, int) else cards
    # Each has the chain without a name, and up to two others behind it.
    chains = rng.integers(1, 4, len(numbers))
    states = _random(rng, CARD_STATE, int(chains.sum()))
    _name_cards(states, np.repeat(numbers, chains))
    states["chain"] = np.concatenate([np.arange(count) for count in chains] or [[]])

    def some(dtype: np.dtype[Any], counts: Rows) -> Rows:
        rows = _random(rng, dtype, int(counts.sum()))
        _name_cards(rows, np.repeat(numbers, counts))
        return rows

    accumulators = some(ACCUMULATOR, rng.integers(0, 4, len(numbers)))
    accumulators["accumulator"] = np.arange(len(accumulators)) % 7 + 1
    return Told(window, states, accumulators, some(TAP, rng.integers(0, 2, len(numbers))))


def newest(told: Iterable[Told], window: int) -> list[list[tuple[Any, ...]]]:
    """Of each card what was told last of the newest window up to one.

    told: in the order of runs. Cards, accumulators and open rides in the book's order, without the
    windows that they are of.
    """
    found: dict[tuple[int, ...], tuple[int, list[list[Any]]]] = {}
    for state in told:
        rows: dict[tuple[int, ...], list[list[Any]]] = {
            card: [[], [], []] for card in state.cards[["card_hi", "card_lo"]].tolist()}
        for part, records in enumerate(without_windows(*state[1:])):
            for row in records:
                rows[row[:2]][part].append(row)
        for card, parts in rows.items():
            if found.get(card, (0,))[0] <= state.window <= window:
                found[card] = state.window, parts
    return [sorted((row for _, parts in found.values() for row in parts[part]),
                   key=lambda row: [row[place] for place in order])
            for part, order in enumerate(_ORDER)]


def _places(dtype: np.dtype[Any], *names: str) -> list[int]:
    assert dtype.names is not None
    return [dtype.names.index(name) for name in ("card_hi", "card_lo", *names)]


_ORDER = (_places(CARD_STATE, "chain"), _places(ACCUMULATOR, "accumulator", "period"),
          _places(TAP, "tapped_at", "card_seq"))


def without_windows(cards: Rows, accumulators: Rows, open_rides: Rows
                    ) -> list[list[tuple[Any, ...]]]:
    """State as rows of Python values; a full copy has other windows than what is copied."""
    plain = []
    for rows, column in ((cards, "window"), (accumulators, "window"),
                         (open_rides, "service_day")):
        rows = rows.copy()
        rows[column] = 0
        plain.append(rows.tolist())
    return plain


@cache
def state_after(last: int, window: int) -> list[list[tuple[Any, ...]]]:
    """The state at the end of a window after runs 1 to `last`, see `newest`."""
    return newest([told for run in range(1, last + 1) for told in states_of(run)], window)


def names_of(run: int) -> list[Name]:
    """What the dictionary learns in a run: everything in the first."""
    if run > 1:
        return []
    scopes = {"stop": "metro", "line": "gz-bus", "device": "gz-bus", "vehicle": "gz-bus"}
    return [
        Name(kind, number, scopes.get(kind, ""), f'{kind} "{number}", 站')
        for kind in ("member", "stop", "line", "device", "vehicle", "rule", "table", "mode",
                     "medium", "card_kind")
        for number in range(1, 9)
    ]


def refusals_of(run: int) -> Rows:
    """The refusals of a run, of records that could be read."""
    rows = _random(np.random.default_rng([3, run]), REFUSAL, 5)
    rows["code"] = Code.NO_FARE
    return rows


def write(run: OpenRun, number: int) -> None:
    """Everything of a run but its commit."""
    entries = ledger_of(number)
    run.write_entries(entries[:150])
    run.write_entries(entries[150:])
    run.write_records(records_of(number))
    run.write_refusals(
        refusals_of(number), [b"", b"\xff\x00", b"a,b", b"x" * 5_000, "卡".encode()])
    run.write_flows(_random(np.random.default_rng([4, number]), FLOW, 7))
    for told in states_of(number):
        run.write_state(told.window, *(rows.copy() for rows in told[1:]))
    run.write_names(names_of(number))
    run.write_files([
        BookFile(1, f"taps {number}.csv", f"{number:064x}", 9, 8, 7, 0, 1, 0, "", "old", "bus-a",
                 "kept"),
        BookFile(2, "empty.csv", "ee" * 32, 0, 0, 0, 0, 0, 101, "the file is empty", "", "", "")])
    for table in TOLD:
        run.write_rows(table, [tuple(
            f"{column} {number}" if type_ == "String" else number for column, type_ in
            table.content)])
    window = closed_by(number)
    if window is not None:
        run.write_window(window, f"root {number}")


def commit(run: OpenRun) -> Run:
    """Commit a run."""
    return run.commit(run.conclude(
        version="0.1.0", network="demo", network_digest="0" * 64, tables={"metro": "f" * 64},
        counts=Counts(taps=9, accepted=8, refused=1, rides=4, reversed=3, open_rides=2)))


def add_run(book: Book) -> Run:
    """The next run, from beginning to end."""
    last = book.last_run()
    number = last.run + 1 if last else 1
    with book.begin(digest=f"run {number}", kind="clear") as run:
        write(run, number)
        return commit(run)
