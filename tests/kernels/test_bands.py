"""The two ways of reckoning bands, the kernels' and the plain one, come to the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ext import records
from ext.clearing.bands import fill_fares
from fare_tables.bands import fare_of_bands
from fare_tables.check.grids import banded
from fare_tables.compile.arrays import as_structs
from fare_tables.compile.fare_rows import compile_bands
from fare_tables.model import Band

pytestmark = pytest.mark.kernels

LENGTHS = st.lists(st.integers(0, 50), min_size=1, max_size=20)
LONGEST = 2**32 - 1
MOST = 2_000_000_000


@st.composite
def bands_of(draw: st.DrawFn) -> list[Band]:
    ends = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=5)))
    open_end = draw(st.booleans())
    bands = []
    for index, end in enumerate(ends):
        to = None if open_end and end == ends[-1] else end
        if index == 0 or draw(st.booleans()):
            bands.append(Band(to_m=to, amount=draw(st.integers(0, 500))))
        else:
            bands.append(Band(to_m=to, every_m=draw(st.integers(1, 9)),
                              add=draw(st.integers(0, 90))))
    return bands


@given(bands_of(), LENGTHS)
def test_kernels_and_plain_arithmetic_agree(bands: list[Band], lengths: list[int]) -> None:
    metres = np.array(lengths, dtype=np.int64)
    fares = np.empty_like(metres)
    fill_fares(as_structs(compile_bands(bands, "m"), records.BAND), metres, fares)
    plain = [fare_of_bands(bands, length) for length in lengths]
    assert [None if fare == -1 else fare for fare in fares.tolist()] == plain
    assert fares.tolist() == banded(bands, metres).tolist()


def test_the_longest_length_by_the_dearest_bands_does_not_overflow() -> None:
    bands = [Band(to_m=1, amount=MOST), Band(every_m=1, add=MOST)]
    fares = np.zeros(1, dtype=np.int64)
    fill_fares(as_structs(compile_bands(bands, "m"), records.BAND), np.array([LONGEST]), fares)
    assert fares.tolist() == [fare_of_bands(bands, LONGEST)]


@pytest.mark.parametrize(("lengths", "fares"), [([1, 2], 1), ([-1], 1), ([LONGEST + 1], 1)])
def test_lengths_that_do_not_fit_are_refused(lengths: list[int], fares: int) -> None:
    bands = as_structs(compile_bands([Band(amount=1)], "m"), records.BAND)
    with pytest.raises(ValueError, match="expected"):
        fill_fares(bands, np.array(lengths), np.zeros(fares, dtype=np.int64))
