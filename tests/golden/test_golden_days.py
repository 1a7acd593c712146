"""Days that a clerk can work out by hand: what came in, and what each rider paid and why.

Each folder here is a case on the network that `onecard demo` runs: taps.csv as operators send them,
expected.csv as it must come out; `-` is a blank. Amounts are fen.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from clearing.cards import card_text
from clearing.names import Names
from clearing.run import clear_files
from ext.codes import Code, LegKind, RideState
from ext.records import LEG_SLOTS
from tests.memory_book import MemoryBook

pytestmark = pytest.mark.kernels

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/taps.csv"))
COLUMNS = ["card", "card_seq", "state", "from", "to", "due", "paid", "rule", "discounts"]
RECEIVED_AT = 1_735_689_600         # 2025-01-01


def clear(case: str) -> MemoryBook:
    """The taps of a case, cleared on the demonstration network."""
    book = MemoryBook()
    clear_files([HERE / case / "taps.csv"], "demo", book, threads=1, received_at=RECEIVED_AT)
    return book


def ride_of(row: Any, names: Names) -> list[str]:
    """A ledger entry as a row of expected.csv."""
    def stop(name: str) -> str:
        return names.code("stop", int(row[name]))

    legs = [f"{LegKind(int(row[f'leg{leg}_kind'])).name.lower()} "
            f"{names.code('rule', int(row[f'leg{leg}_rule']))} "
            f"{names.code('member', int(row[f'leg{leg}_funder']))} {row[f'leg{leg}_amount']}"
            for leg in range(1, LEG_SLOTS + 1) if row[f"leg{leg}_kind"]]
    cells = [card_text(int(row["card_hi"]), int(row["card_lo"])), str(row["card_seq"]),
             RideState(int(row["state"])).name, stop("from_stop"), stop("to_stop"),
             str(row["due"]), str(row["paid"]), names.code("rule", int(row["rule"])),
             "; ".join(legs)]
    return [cell or "-" for cell in cells]


def expected_of(case: str) -> list[list[str]]:
    with (HERE / case / "expected.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == COLUMNS
    return rows


@pytest.mark.parametrize("case", CASES)
def test_a_day_comes_out_as_worked_out_by_hand(case: str) -> None:
    book = clear(case)
    names = Names(book.names())
    refused = [(Code(int(row["code"])).name, int(row["line"]))
               for row in book.all_rows("refusals")]
    assert refused == []
    assert [ride_of(row, names) for row in book.all_rows("entries")] == expected_of(case)


@pytest.mark.parametrize("case", CASES)
def test_a_day_is_not_cleared_twice(case: str) -> None:
    """The same file again is one DUPLICATE_FILE, and nothing else happens."""
    book = clear(case)
    entries = book.all_rows("entries").copy()
    again = clear_files([HERE / case / "taps.csv"], "demo", book, threads=1,
                        received_at=RECEIVED_AT)
    assert [file.code for file in again.files] == [Code.DUPLICATE_FILE]
    assert (book.all_rows("entries") == entries).all()
