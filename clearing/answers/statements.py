"""Files of a closed window: positions, instructions, and a statement for each member."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from clearing.answers.documents.unfinished import whole_file
from clearing.answers.listings import Uncollected, words_of_cause
from clearing.answers.netted import Netted
from network.cells import guarded_cells
from network.civil import day_of
from network.members import Member
from settlement.bills import Difference
from settlement.instructions import Instruction
from settlement.netting import NetPosition
from settlement.period_fees import Charged
from settlement.positions import Position
from settlement.revenue_shares import Shared

COLUMNS = ("window", "cause", "debtor", "creditor", "count", "amount", "uncollected")
LAST_FILE = "positions.csv"     # where it stands, the others do


def write_settlement(folder: Path, flows: npt.NDArray[Any], uncollected: Sequence[Uncollected],
                     positions: Sequence[Position], netted: Netted, charged: Sequence[Charged],
                     shared: Sequence[Shared], billed: Sequence[Difference],
                     members: Sequence[Member], minor_unit: str) -> None:
    """Write instructions, nettings, a statement for each member and, in the end, positions.csv.

    flows: FLOW rows of the windows that were closed.
    minor_unit: what amounts are in, which the last column of each file says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "instructions.csv", Instruction._fields, netted.paid.instructions, minor_unit)
    _write(folder / "netting.csv", (*NetPosition._fields, "position"),
           ((*one, one.net) for one in netted.positions), minor_unit)
    _write(folder / "carried.csv", ("netting", "payer", "payee", "cycle", "amount"),
           ((*key, cycle, amount) for cycle, key, amount in netted.paid.left()), minor_unit)
    _write(folder / "period-fees.csv", Charged._fields, charged, minor_unit)
    _write(folder / "revenue-shares.csv", Shared._fields, shared, minor_unit)
    _write(folder / "bills.csv", Difference._fields, billed, minor_unit)
    codes = {member.number: member.code for member in members}
    for member in members:
        rows = [
            (day_of(int(row["window"])).isoformat(), words_of_cause(int(row["cause"])),
             codes[int(row["debtor"])], codes[int(row["creditor"])], int(row["count"]),
             int(row["amount"]) if int(row["creditor"]) == member.number else -int(row["amount"]),
             0)
            for row in flows
            if member.number in (int(row["debtor"]), int(row["creditor"]))
        ]
        # What nobody owes has no amount: amounts add up to the position.
        rows += [(day_of(one.window).isoformat(), "uncollected", codes[one.issuer],
                  codes[one.operator], one.rides, 0, one.amount)
                 for one in uncollected if member.number in (one.issuer, one.operator)]
        if rows:
            _write(folder / f"statement-{member.code}.csv", COLUMNS, rows, minor_unit)
    _write(folder / LAST_FILE, (*Position._fields, "position"),
           ((*one, one.net) for one in positions), minor_unit)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]],
           minor_unit: str) -> None:
    with (whole_file(path) as unfinished,
          unfinished.open("w", encoding="utf-8", newline="") as out):
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow((*columns, "unit"))
        writer.writerows(guarded_cells((*row, minor_unit)) for row in rows)
