"""One balanced entry for each ride: what riders and funders give is what members get."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from ext import records
from ext.clearing.entries import make_entries
from ext.codes import Code, Reason, RideState
from tests.kernels.cases import Records, dirty, records_of, reserved_is_zero

pytestmark = pytest.mark.kernels

# Operator 1 and issuer 2 are of one city; 3 of the same province; 4 of another one; 5 and 6 are
# centres of no city.
MEMBERS = records_of([{}, {"city": 1, "province": 1}, {"city": 1, "province": 1},
                      {"city": 2, "province": 1}, {"city": 3, "province": 2}, {}, {}],
                     records.MEMBER)
AGREEMENTS = records_of([{"clearing_ppm": 0, "issuer_ppm": 1000},
                         {"clearing_ppm": 2000, "issuer_ppm": 3000, "centre": 5},
                         {"clearing_ppm": 3000, "issuer_ppm": 5000, "centre": 6}],
                        records.AGREEMENT_TERMS)


def enter(rides: Records, charges: Records, *, taps: Records | None = None,
          agreements: Records = AGREEMENTS, first_open_day: int = 0) -> tuple[Records, list[int]]:
    """The entries made in memory that was not clean, and the codes of the taps."""
    taps = np.zeros(2, records.TAP) if taps is None else taps
    codes = np.zeros(len(taps), np.uint16)
    entries = dirty(len(rides), records.ENTRY)
    made = make_entries(taps, rides, charges, MEMBERS, agreements, first_open_day, entries, codes)
    return entries[:made], codes.tolist()


def one(charge: dict[str, int] | None = None, **ride: int) -> tuple[Records, Records]:
    """A ride of operator 1 with its charge."""
    ride = {"operator": 1, "issuer": 2, "state": RideState.SINGLE_TAP, "last_tap": 0, **ride}
    return (records_of([ride], records.RIDE),
            records_of([{"due": 200, "price": 200, "paid": 200, **(charge or {})}],
                       records.CHARGE))


@pytest.mark.parametrize(("issuer", "clearing_fee", "issuer_fee", "centre"), [
    (2, 0,    1000, 0),
    (3, 2000, 3000, 5),
    (4, 3000, 5000, 6),
])
def test_the_agreement_is_by_distance_from_home(issuer: int, clearing_fee: int, issuer_fee: int,
                                                centre: int) -> None:
    rides, charges = one({"paid": 1_000_000}, issuer=issuer)
    entries, _ = enter(rides, charges)
    found = [int(entries[name][0]) for name in ("clearing_fee", "issuer_fee", "centre")]
    assert found == [clearing_fee, issuer_fee, centre]


@pytest.mark.parametrize(("paid", "ppm", "fee"), [
    (0,             1_000_000, 0),
    (1,             499_999,   0),
    (1,             500_000,   1),      # half a fen counts up
    (1,             1_000_000, 1),
    (200,           2_499,     0),
    (200,           2_500,     1),
    (300,           5_000,     2),      # 1.5
    (2_000_000_000, 1_000_000, 2_000_000_000),
    (4_000_000_000, 999_999,   3_999_996_000),
])
def test_fees_are_half_up(paid: int, ppm: int, fee: int) -> None:
    terms = records_of([{"clearing_ppm": ppm, "issuer_ppm": ppm, "centre": 5}] * 3,
                       records.AGREEMENT_TERMS)
    rides, charges = one({"paid": paid})
    entries, _ = enter(rides, charges, agreements=terms)
    assert [int(entries["clearing_fee"][0]), int(entries["issuer_fee"][0])] == [fee, fee]
    assert fee == (Fraction(paid * ppm, 1_000_000) + Fraction(1, 2)).__floor__()


def test_an_entry_balances() -> None:
    """Paid + legs = due + variance = net + fees."""
    rides, charges = one({"due": 500, "price": 300, "paid": 310, "variance": 10,
                          "leg1_amount": 150, "leg2_amount": 50}, issuer=4)
    entry = enter(rides, charges)[0][0]
    legs = sum(int(entry[f"leg{leg}_amount"]) for leg in range(1, 5))
    gross = int(entry["paid"]) + legs
    assert gross == int(entry["due"]) + int(entry["variance"]) == 510
    assert (int(entry["clearing_fee"]), int(entry["issuer_fee"])) == (1, 2)


@pytest.mark.parametrize(("service_day", "first_open_day", "window"), [
    (100, 0,      100),
    (100, 100,    100),
    (100, 101,    101),                 # its own window is closed: the next open one settles it
    (0,   0,      0),
    (65_535, 1,   65_535),
    (0,   65_535, 65_535),
])
def test_the_window_is_an_open_one(service_day: int, first_open_day: int, window: int) -> None:
    entries, _ = enter(*one(service_day=service_day), first_open_day=first_open_day)
    assert entries["window"].tolist() == [window]


@pytest.mark.parametrize(("state", "source"), [
    # in file, in line, out file, out line
    (RideState.COMPLETE,     [1, 10, 2, 20]),
    (RideState.SAME_STATION, [1, 10, 2, 20]),
    (RideState.OVERTIME,     [1, 10, 2, 20]),
    (RideState.SINGLE_TAP,   [1, 10, 0, 0]),
    (RideState.MISSING_OUT,  [1, 10, 0, 0]),
    (RideState.MISSING_IN,   [0, 0, 2, 20]),
])
def test_an_entry_says_where_its_taps_came_from(state: RideState, source: list[int]) -> None:
    taps = records_of([{"source_file": 1, "source_line": 10},
                       {"source_file": 2, "source_line": 20}], records.TAP)
    entries, _ = enter(*one(state=state, last_tap=1), taps=taps)
    assert [int(entries[name][0])
            for name in ("in_file", "in_line", "out_file", "out_line")] == source


def test_every_shared_field_is_copied() -> None:
    """A field that ride or charge has in common with the entry is the same there."""
    rides, charges = one()
    for rows in (rides, charges):
        for place, name in enumerate(rows.dtype.names or (), 1):
            if name not in ("operator", "issuer", "code", "first_tap", "last_tap"):
                rows[name] = place
    entry = enter(rides, charges)[0][0]
    own = {"due", "paid"}       # the ride's are the validator's word, the charge's are what counts
    for rows, but in ((rides, own), (charges, set[str]())):
        shared = set(rows.dtype.names or ()) & set(records.ENTRY.names or ()) - but
        shared -= {"reserved"}
        assert len(shared) >= 19
        assert {name: entry[name] for name in shared} == {name: rows[name][0] for name in shared}
    assert entry["reason"] == Reason.ORIGINAL


def test_a_ride_without_a_fare_refuses_its_taps() -> None:
    rides = records_of([{"operator": 1, "issuer": 2, "first_tap": 0, "last_tap": 1},
                        {"operator": 1, "issuer": 2, "first_tap": 2, "last_tap": 2},
                        {"operator": 1, "issuer": 2, "first_tap": 3, "last_tap": 3}], records.RIDE)
    charges = records_of([{"code": Code.NO_FARE}, {"due": 100, "paid": 100},
                          {"code": Code.PRICE_OVERFLOW}], records.CHARGE)
    entries, codes = enter(rides, charges, taps=np.zeros(4, records.TAP))
    assert codes == [Code.NO_FARE, Code.NO_FARE, Code.OK, Code.PRICE_OVERFLOW]
    assert entries["due"].tolist() == [100]


def test_memory_is_left_clean() -> None:
    entries, _ = enter(*one())
    assert reserved_is_zero(entries)
    assert enter(np.zeros(0, records.RIDE), np.zeros(0, records.CHARGE))[1] == [0, 0]


@pytest.mark.parametrize(("charges", "entries", "agreements", "codes", "message"), [
    (1, 2, 3, 2, "rides has 2 rows, charges 1, entries 2"),
    (3, 2, 3, 2, "rides has 2 rows, charges 3, entries 2"),
    (2, 1, 3, 2, "rides has 2 rows, charges 2, entries 1"),
    (2, 2, 2, 2, "agreements has 2 rows, not 3"),
    (2, 2, 4, 2, "agreements has 4 rows, not 3"),
    (2, 2, 3, 1, "taps has 2 rows, codes 1"),
])
def test_wrong_memory_is_a_value_error(charges: int, entries: int, agreements: int, codes: int,
                                       message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_entries(np.zeros(2, records.TAP), np.zeros(2, records.RIDE),
                     np.zeros(charges, records.CHARGE), MEMBERS,
                     np.zeros(agreements, records.AGREEMENT_TERMS), 0,
                     np.zeros(entries, records.ENTRY), np.zeros(codes, np.uint16))
