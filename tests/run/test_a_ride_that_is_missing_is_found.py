"""`verify` finds rides that are missing, though every row is as it was written.

A run that takes too much back writes reversals that add up: rows are whole, entries balance, and
what the ledger has is priced well. Only what was received says that there was more.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearing.book import queries
from clearing.engine import stages
from ext.records import ENTRY
from tests.run.command import accepted, onecard, shown, write_csv
from tests.run.test_arrival_does_not_matter import COLUMNS, SMALL, Row, ride, tap


def clear(folder: Path, name: str, *records: tuple[Iterable[int], Row]) -> None:
    rows = [{**row, "card": f"1{card:04}", "device_seq": card}
            for cards, row in records for card in cards]
    accepted("clear", write_csv(folder / f"{name}.csv", rows,
                                [*COLUMNS, "due", "in_at", "in_stop"]),
             "--network", SMALL, "--book", folder / "book")


def test_rides_that_were_taken_back_by_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                               ) -> None:
    """A run that takes back whatever it finds of cards that share a bit of its filter."""
    way_in, way_out = ride(1, "25 08:00", "25 08:30")
    late, others = range(40), range(1_000, 3_000)
    clear(tmp_path, "first", (late, way_out), (others, tap(1, "25 08:00", "bus-a")))
    assert accepted("verify", "--all", "--book", tmp_path / "book").code == 0
    exact = stages.of_cards

    def careless(rows: Any, *more: Any, **named: Any) -> Any:
        return (np.ones(len(rows), bool) if rows.dtype == ENTRY
                else exact(rows, *more, **named))

    monkeypatch.setattr(stages, "of_cards", careless)
    monkeypatch.setattr(queries, "listed_cards", lambda _: "1")
    clear(tmp_path, "late", (late, way_in), (others[::4], tap(2, "25 09:00", "bus-a")))
    rides = shown("rides", tmp_path / "book")
    missing = len(late) + len(others) + len(others[::4]) - len(rides)
    assert missing > 0, "nothing was taken back that should stay"
    done = onecard("verify", "--all", "--book", tmp_path / "book")
    assert done.code == 1
    assert done.out.count("is in no ride, and was not refused") == missing


def test_of_what_is_right_nothing_is_told(tmp_path: Path) -> None:
    """A counter has a ride with both ends in one record, and a way out; and a charge is given back.

    That is told by a second record of it, by which nothing was due or paid.
    """
    both_ends = tap(5, "25 08:30", "metro", "ride", stop="M2", in_at="2024-11-25T08:00:00",
                    in_stop="M1")
    charge = tap(7, "25 10:00", "bus-a")
    clear(tmp_path, "first", (range(1), both_ends), (range(1), charge),
          (range(1), tap(5, "25 09:00", "metro", "out", stop="M3")))
    clear(tmp_path, "then", (range(1), {**charge, "due": 0, "paid": 0}))
    assert [row["card_seq"] for row in shown("rides", tmp_path / "book")] == [5, 5]
    done = onecard("verify", "--all", "--book", tmp_path / "book")
    assert (done.code, "no differences" in done.out) == (0, True), done.out
