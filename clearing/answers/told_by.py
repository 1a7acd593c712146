"""By which records entries are told: one with both ends, a gate-in alone."""

from __future__ import annotations

from clearing.book import Book
from ext.codes import RideState, TapKind
from ext.records import Records


def by_one_record(rows: Records) -> Records:
    """Which entries a single record tells, with both ends."""
    told: Records = (rows["in_line"] == rows["out_line"]) & (rows["in_file"] == rows["out_file"])
    return told


def gate_ins_alone(book: Book, rows: Records) -> set[tuple[int, ...]]:
    """Card, counter and time of those gate-ins that have no exit."""
    alone = rows[rows["state"] == RideState.MISSING_OUT]
    if len(alone) == 0:
        return set()
    found = book.find_records(alone)
    columns = ["card_hi", "card_lo", "card_seq", "tapped_at"]
    records = set(found[found["kind"] == TapKind.IN][columns].tolist())
    columns[-1] = "started_at"
    return records & set(alone[columns].tolist())
