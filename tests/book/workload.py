"""Runs that depend on nothing but their number: every book can be told what it must hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from clearing.book import Book, BookFile, Counts, OpenRun, Run
from clearing.book.stored import NOT_STORED, complete_legs
from ext.records import (
    ACCUMULATOR,
    CARD_STATE,
    ENTRY,
    FLOW,
    LEGS_MOST,
    REFUSAL,
    TAP,
)
from network.names import Name

CARDS = 300
ROWS = 400
ASCII = int.from_bytes(b"SZTAB123", "big")      # the first half of a card of letters


def _random(rng: np.random.Generator, dtype: np.dtype[Any], rows: int) -> np.ndarray[Any, Any]:
    """Records whose every stored field holds something."""
    records = np.zeros(rows, dtype)
    assert dtype.names is not None
    for name in dtype.names:
        if not name.startswith("reserved"):
            if name == "legs":
                continue
            most = 1 << 31 if dtype == ENTRY else 1 << 40       # of amounts, as pricing has them
            high = min(np.iinfo(dtype[name]).max, most - 1)
            low = -high if dtype[name].kind == "i" else 1
            records[name] = rng.integers(low, high, rows)
    return records


def _cards(rng: np.random.Generator, records: np.ndarray[Any, Any]) -> None:
    """Cards of twenty digits, of fewer, and of letters."""
    card = rng.integers(0, CARDS, len(records))
    records["card_hi"] = np.choose(card % 3, [20 << 56 | 4, 16 << 56, ASCII])
    records["card_lo"] = np.where(
        card % 3 == 2, [int.from_bytes(b"%08d" % number, "big") for number in card.tolist()],
        (card + 1) * 7_654_321)


def entries_of(run: int, rows: int = ROWS) -> np.ndarray[Any, Any]:
    """The entries of a run."""
    rng = np.random.default_rng([1, run])
    entries = _random(rng, ENTRY, rows)
    _cards(rng, entries)
    entries["flags"] = rng.integers(0, 32, rows)
    entries["reason"] = rng.integers(1, 4, rows)
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
    return np.sort(entries, order=["card_hi", "card_lo", "started_at", "ended_at", "card_seq"])


def events_of(run: int) -> np.ndarray[Any, Any]:
    """The top-ups and locks of a run."""
    rng = np.random.default_rng([5, run])
    events = _random(rng, TAP, 30)
    _cards(rng, events)
    return events


def state_of(run: int) -> tuple[Any, Any, Any]:
    """What a run leaves of the cards that it touched; how many those are goes up and down."""
    rng = np.random.default_rng([2, run])
    cards = _random(rng, CARD_STATE, 20 if run % 5 else 250)
    _cards(rng, cards)
    _, first = np.unique(cards[["card_hi", "card_lo"]], return_index=True)
    cards = cards[first]
    counts = rng.integers(0, 4, len(cards))
    accumulators = _random(rng, ACCUMULATOR, int(counts.sum()))
    for name in ("card_hi", "card_lo"):
        accumulators[name] = np.repeat(cards[name], counts)
    accumulators["accumulator"] = np.arange(len(accumulators)) % 7 + 1
    taps = _random(rng, TAP, int(rng.integers(0, 30)))
    _cards(rng, taps)
    return cards, accumulators, taps


def state_after(last: int) -> tuple[list[Any], list[Any], list[Any]]:
    """The state after runs 1 to `last`, as plain rows in the book's order."""
    cards: dict[tuple[int, int], Any] = {}
    counted: dict[tuple[int, int], list[Any]] = {}
    taps: Any = []
    for run in range(1, last + 1):
        touched, accumulators, taps = state_of(run)
        for row in touched.tolist():
            cards[row[:2]] = row
            counted[row[:2]] = []
        for row in accumulators.tolist():
            counted[row[:2]].append(row)
    by_number = sorted(
        (row for rows in counted.values() for row in rows),
        key=lambda row: (row[0], row[1], row[_at(ACCUMULATOR, "accumulator")],
                         row[_at(ACCUMULATOR, "period")]))
    open_rides = sorted(
        taps.tolist() if len(taps) else [],
        key=lambda row: (row[0], row[1], row[_at(TAP, "tapped_at")], row[_at(TAP, "card_seq")]))
    return [cards[card] for card in sorted(cards)], by_number, open_rides


def _at(dtype: np.dtype[Any], name: str) -> int:
    assert dtype.names is not None
    return dtype.names.index(name)


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


def write(run: OpenRun, number: int) -> None:
    """Everything of a run but its commit."""
    entries = entries_of(number)
    run.write_entries(entries[:150])
    run.write_entries(entries[150:])
    run.write_events(events_of(number))
    refusals = _random(np.random.default_rng([3, number]), REFUSAL, 5)
    run.write_refusals(refusals, [b"", b"\xff\x00", b"a,b", b"x" * 5_000, "卡".encode()])
    run.write_flows(_random(np.random.default_rng([4, number]), FLOW, 7))
    run.write_state(*state_of(number))
    run.write_names(names_of(number))
    run.write_files([
        BookFile(1, f"taps {number}.csv", f"{number:064x}", 9, 8, 7, 1, 0, ""),
        BookFile(2, "empty.csv", "ee" * 32, 0, 0, 0, 0, 101, "the file is empty")])
    if number % 2 == 0:
        run.write_window(20_000 + number)


def commit(run: OpenRun, number: int) -> Run:
    """Commit a run."""
    return run.commit(
        version="0.1.0", network="demo", network_digest="0" * 64, tables={"metro": "f" * 64},
        watermark=1_700_000_000 + number, counts=Counts(taps=9, accepted=8, refused=1, rides=4))


def add_run(book: Book) -> Run:
    """The next run, from beginning to end."""
    last = book.last_run()
    number = last.run + 1 if last else 1
    with book.begin(digest=f"run {number}", kind="clear") as run:
        write(run, number)
        return commit(run, number)
