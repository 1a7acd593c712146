"""A checked build that checks nothing would pass every test: that it checks is a test itself."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import ext.clearing.order
from ext import records
from ext.clearing.journeys import pair_taps
from ext.clearing.netting import add_flows
from ext.clearing.order import find_seen, remember_taps
from tests.kernels.cases import UTC

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(os.environ.get("ONECARD_CHECKED") != "1",
                       reason="only tests/checked_build.sh builds kernels that check bounds"),
]

TAPS = np.zeros(1, records.TAP)
BEYOND = np.array([5], np.uint32)       # an order that names a sixth tap


def test_these_are_the_kernels_that_were_built_checked() -> None:
    assert Path(ext.clearing.order.__file__).parent == Path.cwd() / "ext" / "clearing"


def test_a_tap_beyond_the_end_is_an_error() -> None:
    with pytest.raises(IndexError):
        pair_taps(TAPS, BEYOND, np.zeros(1, records.MEMBER), np.zeros(1, records.RIDE),
                  np.zeros(1, np.uint32), ride_limit_s=1, open_from=0, civil_offsets=UTC,
                  day_starts_s=0)
    with pytest.raises(IndexError):
        find_seen(TAPS, BEYOND, np.zeros(1, records.CARD_STATE), np.zeros(1, np.uint32))


def test_a_card_without_a_state_is_an_error() -> None:
    """In a release build its tap would be remembered for another card, or beyond the states."""
    taps = TAPS.copy()
    taps["card_lo"] = 7
    with pytest.raises(AssertionError, match="every tap's card has a state"):
        remember_taps(taps, np.zeros(1, np.uint32), np.zeros(1, records.CARD_STATE))


def test_what_is_right_is_none() -> None:
    assert add_flows(np.zeros(1, records.ENTRY), np.zeros(16, records.FLOW)) == 1
