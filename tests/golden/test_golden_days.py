"""Days that a clerk can work out by hand: what came in, and what each rider paid and why.

Every case (see cases.py) goes through the compiled engine and through the plain one, and both must
come out at the same expected rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing.engine.run import clear_files
from clearing.reference.engine import clear
from clearing.reference.results import Entry
from clearing.reference.state import State
from ext.codes import Cause, Code, RideState
from network.cards import card_text
from network.names import Names
from tests.golden.cases import (
    CASES,
    HERE,
    Row,
    expected_of,
    folder_of,
    make_row,
    read_plain_taps,
    taps_of,
)
from tests.kernels.cases import legs_of
from tests.memory_book import MemoryBook
from tests.reference.plain import read_world

TOOK_OTHER_THAN_THE_TABLES = {"demo/zhongshan-social-card"}
RECEIVED_AT = 1_798_761_600         # 2027-01-01


def clear_compiled(case: str) -> MemoryBook:
    """The taps of a case, cleared into a book."""
    book = MemoryBook()
    clear_files([taps_of(case)], str(folder_of(case)), book, threads=1, received_at=RECEIVED_AT)
    return book


def compiled_row(row: Any, names: Names) -> Row:
    """A ledger entry as a row of expected.csv; every record says what a validator took."""
    assert int(row["uncollected"]) == 0
    legs = [f"{Cause(cause).name.lower()} {names.code('rule', rule)} "
            f"{names.code('member', funder)} {amount}"
            for cause, rule, funder, _, amount in legs_of(row) if cause <= Cause.CAP]
    return make_row([
        card_text(int(row["card_hi"]), int(row["card_lo"])), row["card_seq"],
        RideState(int(row["state"])).name, names.code("stop", int(row["from_stop"])),
        names.code("stop", int(row["to_stop"])), row["due"], row["paid"],
        names.code("rule", int(row["rule"]))], legs)


def plain_row(entry: Entry) -> Row:
    """An entry of the plain engine as a row of expected.csv."""
    ride, charge = entry.ride, entry.charge
    assert charge.uncollected == 0
    legs = [f"{leg.cause} {leg.rule} {leg.debtor} {leg.amount}" for leg in charge.legs[1:]]
    return make_row([ride.card, ride.card_seq, ride.state, ride.from_stop, ride.to_stop,
                     charge.due, charge.paid, charge.rule], legs)


@pytest.mark.parametrize("case", CASES)
def test_the_plain_engine_comes_out_as_worked_out_by_hand(case: str) -> None:
    world = read_world(folder_of(case))
    result = clear(world, read_plain_taps(case, world.model), State())
    assert result.refusals == []
    assert [plain_row(entry) for entry in result.entries] == expected_of(case)
    # What validators took is in the records: it is the tables that have to come to the same.
    variances = {entry.charge.variance for entry in result.entries}
    assert variances == ({0, -10} if case in TOOK_OTHER_THAN_THE_TABLES else {0})


@pytest.mark.kernels
@pytest.mark.parametrize("case", CASES)
def test_the_compiled_engine_comes_out_as_worked_out_by_hand(case: str) -> None:
    book = clear_compiled(case)
    names = Names(book.names())
    refused = [(Code(int(row["code"])).name, int(row["line"]))
               for row in book.all_rows("refusals")]
    assert refused == []
    assert [compiled_row(row, names) for row in book.all_rows("entries")] == expected_of(case)
    variances = {int(row["variance"]) for row in book.all_rows("entries")}
    assert variances == ({0, -10} if case in TOOK_OTHER_THAN_THE_TABLES else {0})


@pytest.mark.parametrize("case", CASES)
def test_the_plain_engine_comes_to_the_same_whatever_comes_first(case: str) -> None:
    """The later half of the file is a run before the earlier one."""
    world = read_world(folder_of(case))
    taps = read_plain_taps(case, world.model)
    half = len(taps) // 2
    first = clear(world, taps[half:], State())
    second = clear(world, taps[:half], first.state)
    assert [plain_row(entry) for entry in second.state.entries] == expected_of(case)


@pytest.mark.kernels
@pytest.mark.parametrize("case", CASES)
def test_the_compiled_engine_comes_to_the_same_whatever_comes_first(
    case: str, tmp_path: Path
) -> None:
    head, *lines = taps_of(case).read_text("utf-8").splitlines(keepends=True)
    half = len(lines) // 2
    book = MemoryBook()
    for name, part in (("later", lines[half:]), ("earlier", lines[:half])):
        path = tmp_path / f"{name}.csv"
        path.write_text(head + "".join(part), "utf-8")
        clear_files([path], str(folder_of(case)), book, threads=1, received_at=RECEIVED_AT)
    names = Names(book.names())
    assert [compiled_row(row, names) for row in book.rides()] == expected_of(case)


@pytest.mark.kernels
@pytest.mark.parametrize("case", CASES)
def test_a_day_is_not_cleared_twice(case: str) -> None:
    """The same file again is one DUPLICATE_FILE, and nothing else happens."""
    book = clear_compiled(case)
    entries = book.all_rows("entries").copy()
    again = clear_files([taps_of(case)], str(folder_of(case)), book, threads=1,
                        received_at=RECEIVED_AT)
    assert [file.code for file in again.files] == [Code.DUPLICATE_FILE]
    assert (book.all_rows("entries") == entries).all()


def test_every_case_says_by_whose_word() -> None:
    """A case of a city names its public source, or says that it has none."""
    silent = [case for case in CASES
              if not case.startswith("demo/") and not (HERE / case / "case.md").is_file()]
    assert silent == []
