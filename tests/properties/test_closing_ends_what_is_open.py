"""Closing a window looks at the ledger of those cards only of which it ends rides.

Of all others it tells what they are like by then, which must be what clearing them again tells.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.book.stored import NOT_STORED
from clearing.engine.partition import Clearer, Ended
from clearing.engine.run import clear_files, close_window
from clearing.engine.stages import Stages
from network.civil import number_of
from tests.memory_book import MemoryBook
from tests.properties.strategies import Case, cases
from tests.properties.test_engines_agree import RECEIVED_AT, clear_case
from tests.run.day import DAYS, write_days

pytestmark = pytest.mark.kernels

KEPT = ("entries", "flows", "cards", "accumulators", "open_rides", "refusals")


def check_same_ends(clear: Callable[[], MemoryBook]) -> tuple[int, int, int]:
    """Hold one way to the other.

    Returns of how many cards the first one told the state as it was found, of how many it went
    back to the window's end for that, and how many records it left to be cleared again.
    """
    told, at_end, left, end, again = 0, 0, 0, Clearer.end, Stages._clear_again

    def count(clearer: Clearer, partition: int) -> Ended:
        nonlocal told, at_end, left
        ended = end(clearer, partition)
        told += len(ended.states[0][1])
        at_end += sum(len(cards) for _, cards, _, _ in ended.states[1:])
        left += len(ended.left)
        return ended

    def everything(*arguments: Any, is_as_before: bool = False, **how: Any) -> None:
        again(*arguments, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Clearer, "end", count)
        quick = clear()
        patch.setattr(Stages, "_clear_again", everything)
        whole = clear()
    for table in KEPT:
        assert rows_of(quick, table) == rows_of(whole, table), table
    for mine, other in zip(quick.runs(), whole.runs(), strict=True):
        assert (mine.rides, mine.reversed, mine.open_rides) == (
            other.rides, other.reversed, other.open_rides)
    return told, at_end, left


def rows_of(book: MemoryBook, table: str) -> list[bytes]:
    """A table's rows, whatever they are, in an order of their own."""
    rows = book.all_rows(table).copy()
    for name in NOT_STORED & set(rows.dtype.names):
        rows[name] = 0
    return sorted(row.tobytes() for row in rows)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(cases(runs=5, late=True, cards=2), cases(runs=5, late=True, chains=True),
                 cases(runs=5, late=True, cards=3, registered=True, crowded=True)))
def test_closing_tells_what_clearing_everything_again_does(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_same_ends(lambda: clear_case(case, Path(folder), 1))


@pytest.mark.parametrize("at_once", [False, True], ids=["day by day", "both days came first"])
def test_most_cards_are_not_cleared_again(tmp_path: Path, at_once: bool) -> None:
    days = write_days(tmp_path, 6_000)

    def clear() -> MemoryBook:
        book = MemoryBook()
        for paths in [days[0] + days[1]] if at_once else days:
            clear_files(paths, "demo", book, threads=2, received_at=RECEIVED_AT)
            for day in DAYS if at_once else [DAYS[len(book.runs()) // 2]]:
                close_window(number_of(day), "demo", book, threads=2)
        return book

    told, at_end, left = check_same_ends(clear)
    assert told > 1_000
    assert (at_end > 500) == at_once
    assert 20 < left < 1_000
