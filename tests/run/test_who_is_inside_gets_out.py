"""A rider whose card is listed while he is inside gets out: how his ride began decides of its exit.

Whatever came first, and in whatever runs. An exit of a listed card that ends no ride is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from clearing.engine.run import Report, clear_files
from ext.codes import Code, RideState
from tests.fares.folder import METRO, head, write
from tests.memory_book import MemoryBook
from tests.run.command import write_csv

CARD = "1000000000000000001"
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop")
RECEIVED_AT = 1_733_000_000
LISTED = "2024-11-25T08:30:00"
FARES = METRO.replace("[[fare]]", "[[fare]]\nmissing_in = 900\nmissing_out = 900")

ADMITTED = """
[[admission]]
issuer = "gz-card"
in_force_until = 2024-11-25
"""


def tap(seq: int, kind: str, at: str, stop: str = "a") -> dict[str, Any]:
    return {"card": CARD, "card_seq": seq, "tapped_at": at, "operator": "metro", "device": "G1",
            "device_seq": seq, "mode": "metro", "kind": kind, "stop": stop}


BEFORE = tap(1, "in", "2024-11-25T08:10:00")
AFTER = tap(2, "out", "2024-11-25T08:50:00", "c")
AGAIN = tap(3, "in", "2024-11-25T09:00:00")
OUT_AGAIN = tap(4, "out", "2024-11-25T09:20:00", "b")
LATE_IN = tap(5, "in", "2024-11-26T02:30:00")      # of the service day of the 25th
LATE_OUT = tap(6, "out", "2024-11-26T03:10:00", "c")
NEXT_IN, NEXT_OUT = tap(7, "in", "2024-11-26T08:00:00"), tap(8, "out", "2024-11-26T08:10:00", "b")


class Cleared:
    """A network in a folder, and a book in memory that files are cleared into."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.book, self._files = folder, MemoryBook(), 0

    def clear(self, *taps: dict[str, Any]) -> Report:
        self._files += 1
        path = write_csv(self._folder / f"{self._files}.csv", taps, COLUMNS)
        book: Any = self.book
        return clear_files([path], str(self._folder / "network"), book, threads=1,
                           received_at=RECEIVED_AT)

    def rides(self) -> list[tuple[int, str, int]]:
        """Counter of the first tap, state and price of what stands."""
        return sorted((int(row["card_seq"]), RideState(int(row["state"])).name, int(row["price"]))
                      for row in self.book.rides())


class Place(Cleared):
    def __init__(self, folder: Path, keys: str) -> None:
        super().__init__(folder)
        (folder / "network" / "deny").mkdir(parents=True)
        content = f"card\n{CARD}\n"
        (folder / "network" / "deny" / "1.csv").write_text(content, "utf-8")
        digest = hashlib.sha256(content.encode()).hexdigest()
        write(folder / "network", {"metro": head("metro") + FARES},
              network=keys.format(sha256=digest))


DENIED = f"""
[[deny_list]]
version = 1
on_validators_at = {LISTED}
file = "1.csv"
sha256 = "{{sha256}}"
"""


@pytest.mark.parametrize("order", [*permutations([BEFORE, AFTER, AGAIN, OUT_AGAIN])])
def test_a_ride_that_began_before_the_listing_ends(tmp_path: Path, order: Sequence[Any]) -> None:
    """The one that began later is no ride, and its exit none without a way in."""
    place = Place(tmp_path, DENIED)
    for one in order:
        place.clear(one)
    assert place.rides() == [(1, "COMPLETE", 200)]


def test_what_is_told_of_an_exit(tmp_path: Path) -> None:
    """It is refused while its way in is not there, and its ride stands once that has come."""
    place = Place(tmp_path, DENIED)
    assert place.clear(AFTER).refusals == {Code.CARD_DENIED: 1}
    assert place.rides() == []
    assert place.clear(BEFORE).refusals == {}
    assert place.rides() == [(1, "COMPLETE", 200)]


def test_in_one_file(tmp_path: Path) -> None:
    place = Place(tmp_path, DENIED)
    assert place.clear(OUT_AGAIN, AGAIN, AFTER, BEFORE).refusals == {Code.CARD_DENIED: 2}
    assert sorted(int(row["line"]) for row in place.book.all_rows("refusals")) == [2, 3]
    assert place.rides() == [(1, "COMPLETE", 200)]


def test_who_was_admitted_on_the_way_in_gets_out(tmp_path: Path) -> None:
    """By the service day; the next day neither boards nor leaves."""
    place = Place(tmp_path, ADMITTED)
    assert place.clear(LATE_OUT, LATE_IN, NEXT_IN, NEXT_OUT).refusals == {
        Code.ISSUER_NOT_ADMITTED: 2}
    assert place.rides() == [(5, "COMPLETE", 200)]
