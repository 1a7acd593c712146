"""Layouts of records: what is on disk and between kernels has no hole and nothing unsaid."""

from __future__ import annotations

import numpy as np
import pytest

from ext import records
from network.civil import DAYS_MOST
from network.money import AMOUNT_MOST

pytestmark = pytest.mark.kernels

# Bytes of one record. A ledger holds billions: a change here is meant, or it is a mistake.
SIZES = {
    "TAP": 128, "REFUSAL": 24, "RIDE": 96, "LEGS_OF_A_RIDE": 120, "CHARGE": 168,
    "ENTRY": 288, "CARD_STATE": 96, "CARD_ROW": 32,
    "PERSON_ROW": 40, "ACCUMULATOR": 40, "FLOW": 24,
    "MEMBER": 24, "TARIFF": 16, "CANDIDATE_ROWS": 12, "CIVIL_OFFSET": 24, "DISCOUNT_STAGE": 8,
    "CONDITION": 48, "TIMEFRAME": 16, "FARE_ROW": 112, "SAME_STATION": 16, "LINE_STOP": 8,
    "LINE_STOPS": 8, "DISCOUNT_ROW": 224, "BAND": 40, "PRICE_BAND": 16, "SHARE": 16,
    "TARIFF_INDEX": 8, "ACCUMULATOR_RULE": 4, "AGREEMENT": 136, "AGREEMENT_INDEX": 8,
    "CLAIM_LIMIT": 40,
}
LAYOUTS = {name: value for name, value in vars(records).items() if isinstance(value, np.dtype)}


def fields_of(dtype: np.dtype[np.void]) -> list[tuple[str, np.dtype[np.generic], int]]:
    """Name, type and offset of every field; of legs and of lists each number by itself."""
    assert dtype.fields is not None
    found: list[tuple[str, np.dtype[np.generic], int]] = []
    for name in dtype.names or ():
        field, offset = dtype.fields[name][:2]
        if field.names:
            found += [(f"{name}.{part}", one, offset + at) for part, one, at in fields_of(field)]
        elif field.shape:
            found += [(f"{name}[{place}]", field.base, offset + place * field.base.itemsize)
                      for place in range(field.shape[0])]
        else:
            found.append((name, field, offset))
    return found


def test_limits_are_those_of_the_rules() -> None:
    assert (records.AMOUNT_MOST, records.DAYS_MOST) == (AMOUNT_MOST, DAYS_MOST)


def test_sizes_are_what_they_were() -> None:
    assert {name: dtype.itemsize for name, dtype in LAYOUTS.items()} == SIZES


@pytest.mark.parametrize("name", SIZES)
def test_no_holes_and_natural_alignment(name: str) -> None:
    """Packed, yet every field lies where an unpacked struct would have it."""
    end = 0
    for field, dtype, offset in fields_of(LAYOUTS[name]):
        assert offset == end, f"a hole before {field}"
        assert offset % dtype.itemsize == 0, f"{field} is not aligned"
        end = offset + dtype.itemsize
    widest = max(dtype.itemsize for _, dtype, _ in fields_of(LAYOUTS[name]))
    assert LAYOUTS[name].itemsize == end
    assert end % widest == 0, "records in an array stay aligned"


@pytest.mark.parametrize("name", SIZES)
def test_fields_are_whole_numbers_of_explicit_size(name: str) -> None:
    """No float, no pointer, no text; the byte order is that of every machine we run on."""
    for field, dtype, _ in fields_of(LAYOUTS[name]):
        assert dtype.kind in "iu", f"{field} is {dtype}"
        assert dtype.newbyteorder("<") == dtype, f"{field} is not little-endian"
        signed = 4 if (name, field) == ("FLOW", "count") else 8     # less what is reversed
        assert dtype.kind == "u" or dtype.itemsize == signed, f"{field} is {dtype}: money is int64"


@pytest.mark.parametrize("name", SIZES)
def test_reserved_bytes_lie_at_the_end(name: str) -> None:
    names = [field for field, _, _ in fields_of(LAYOUTS[name])]
    reserved = [field for field in names if field.startswith("reserved")]
    assert names[len(names) - len(reserved):] == reserved


@pytest.mark.parametrize("flags", [records.TAP_FLAGS, records.TAP_BLANKS, records.RIDE_FLAGS])
def test_every_flag_has_a_bit_of_its_own(flags: dict[str, int]) -> None:
    assert sorted(flags.values()) == [1 << bit for bit in range(len(flags))]
    assert max(flags.values()) < 256


def test_an_entry_begins_with_its_ride_and_charge() -> None:
    """Kernels copy both as they are: one more field in a ride is one more in an entry."""
    rides, charges = fields_of(records.RIDE), fields_of(records.CHARGE)
    moved = [(name, dtype, offset + records.RIDE.itemsize) for name, dtype, offset in charges]
    assert fields_of(records.ENTRY)[:len(rides) + len(charges)] == rides + moved


def test_fields_are_where_the_kernels_have_them() -> None:
    """NumPy is told the layouts that have lists; Cython compares every type and offset."""
    from ext.clearing.netting import add_flows

    swapped = np.dtype([(name, records.ENTRY[name]) for name in reversed(records.ENTRY.names)])
    sums = np.zeros(16, records.FLOW)
    assert add_flows(np.zeros(1, records.ENTRY), sums) == 1
    with pytest.raises(ValueError, match="Buffer dtype mismatch"):
        add_flows(np.zeros(1, swapped), sums)
