"""Which window settles a ride: its own day's while that is open."""

from __future__ import annotations

import numpy as np

from settlement.windows import window_table


def test_before_anything_is_closed_every_day_settles_its_own_rides() -> None:
    windows = window_table(None)
    assert windows.dtype == np.uint16
    assert windows.tolist() == list(range(1 << 16))


def test_rides_of_closed_days_are_settled_by_the_first_open_one() -> None:
    windows = window_table(20_000)
    assert windows[:20_001].tolist() == [20_001] * 20_001
    assert windows[20_001:].tolist() == list(range(20_001, 1 << 16))


def test_the_last_day_of_all_is_never_moved_on() -> None:
    assert window_table((1 << 16) - 1)[-1] == (1 << 16) - 1
