"""One balanced entry for each ride: what riders and funders give is what members get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ext import records
from ext.clearing.entries import make_entries
from ext.clearing.tables import EntryTables
from ext.codes import Cause, Code, CorrectionReason, Reason, RideState, Rounding
from ext.records import RIDE_FLAGS, TAP_FLAGS
from settlement.windows import window_table
from tests.kernels.cases import Leg, Records, dirty, legs_of, records_of, reserved_is_zero

pytestmark = pytest.mark.kernels

HELD, PAID_BY_VALIDATOR = RIDE_FLAGS["HELD"], RIDE_FLAGS["PAID_BY_VALIDATOR"]
HAS_DUE, HAS_PAID, HAS_BALANCE = (
    TAP_FLAGS[name] for name in ("HAS_DUE", "HAS_PAID", "HAS_BALANCE"))

# Operator 1 and issuers 2, 3 and 4; centres 5 and 6. Slots count operators and issuers, each.
MEMBERS = records_of([{}, {"slot": 1}, {"slot": 1}, {"slot": 2}, {"slot": 3}, {}, {}],
                     records.MEMBER)
EVERY_BIT = 2**64 - 1
NO_BOUND = 2**63 - 1
ALL = {"modes": EVERY_BIT, "media": EVERY_BIT, "card_kinds": EVERY_BIT, "last_day": 65_535,
       "clearing_most": NO_BOUND, "issuer_most": NO_BOUND,
       "acquirer_most": NO_BOUND, "rounding": Rounding.HALF_UP}
# With issuer 2 none but the first, with 3 the second; with 4 the third, or else the fourth.
AGREEMENTS = [
    {**ALL, "rule": 11, "issuer_ppm": 1000},
    {**ALL, "rule": 12, "clearing_ppm": 2000, "issuer_ppm": 3000, "centre": 5},
    {**ALL, "rule": 13, "clearing_ppm": 9000, "issuer_ppm": 9000, "centre": 6, "modes": 1 << 3,
     "media": 1 << 2, "card_kinds": 1 << 5, "first_day": 100, "last_day": 200},
    {**ALL, "rule": 14, "clearing_ppm": 3000, "issuer_ppm": 5000, "centre": 6},
]
RANKED = [(), (0,), (1,), (2, 3)]       # by issuer slot


def tables_of(agreements: Sequence[Mapping[str, int]] = AGREEMENTS,
              ranked: Sequence[Sequence[int]] = RANKED,
              closed_through: int | None = None,
              limits: Sequence[Mapping[str, int]] = (), **holds: bool) -> EntryTables:
    """What entries are made by."""
    index = np.zeros((len(ranked), 2), records.AGREEMENT_INDEX)
    flat: list[int] = []
    for slot, rows in enumerate(ranked):
        index[slot, 1] = len(flat), len(rows)
        flat += rows
    return EntryTables(members=MEMBERS, agreements=records_of(agreements, records.AGREEMENT),
                       agreement_index=index,
                       ranked_agreements=np.array(flat, dtype=np.uint32),
                       windows=window_table(closed_through), **limits_of(limits),
                       **holds)


def limits_of(limits: Sequence[Mapping[str, int]] = ()) -> dict[str, Records]:
    """Claim limits of table 1; 0 has none."""
    return {"claim_limits": records_of([*limits, {}], records.CLAIM_LIMIT),
            "claim_index": np.array([(0, 0), (0, len(limits))], records.TARIFF_INDEX)}


def enter(rides: Records, charges: Records, *, taps: Records | None = None,
          tables: EntryTables | None = None) -> tuple[Records, list[int]]:
    """The entries made in memory that was not clean, and the codes of the taps."""
    taps = np.zeros(2, records.TAP) if taps is None else taps
    codes = np.zeros(len(taps), np.uint16)
    entries = dirty(len(rides), records.ENTRY)
    made = make_entries(taps, rides, charges, tables or tables_of(), entries, codes)
    return entries[:made], codes.tolist()


def one(charge: dict[str, Any] | None = None, **ride: int) -> tuple[Records, Records]:
    """A ride of operator 1 with its charge, whose first leg is the fare's."""
    ride = {"operator": 1, "issuer": 2, "state": RideState.SINGLE_TAP, "last_tap": 0, **ride}
    paid = (charge or {}).get("paid", 200)
    full = {"due": paid, "price": paid, "paid": paid, **(charge or {})}
    full.setdefault("legs", [(Cause.FARE, 7, ride["issuer"], 1, full["paid"])])
    return records_of([ride], records.RIDE), records_of([full], records.CHARGE)


def fees_of(rides: Records, charges: Records, tables: EntryTables | None = None) -> list[Leg]:
    """The legs that an entry has besides those of its charge."""
    entries, _ = enter(rides, charges, tables=tables)
    before = legs_of(charges[0])
    found = legs_of(entries[0])
    assert found[:len(before)] == before
    return found[len(before):]


@pytest.mark.parametrize(("issuer", "fees"), [
    (2, [(Cause.ISSUER_FEE, 11, 1, 2, 1000)]),
    (3, [(Cause.CLEARING_FEE, 12, 1, 5, 2000), (Cause.ISSUER_FEE, 12, 1, 3, 3000)]),
    (4, [(Cause.CLEARING_FEE, 14, 1, 6, 3000), (Cause.ISSUER_FEE, 14, 1, 4, 5000)]),
])
def test_an_issuer_and_an_operator_have_their_agreements(issuer: int, fees: list[Leg]) -> None:
    assert fees_of(*one({"paid": 1_000_000}, issuer=issuer)) == fees


FITTING = {"issuer": 4, "mode": 3, "medium": 2, "card_kind": 5, "service_day": 100}


@pytest.mark.parametrize(("changed", "rule"), [
    ({},                    13),
    ({"service_day": 200},  13),
    ({"mode": 4},           14),
    ({"medium": 1},         14),
    ({"card_kind": 0},      14),
    ({"service_day": 99},   14),
    ({"service_day": 201},  14),
])
def test_the_first_agreement_that_holds_decides(changed: dict[str, int], rule: int) -> None:
    fees = fees_of(*one({"paid": 1_000_000}, **{**FITTING, **changed}))
    assert {leg[1] for leg in fees} == {rule}


def test_without_an_agreement_there_are_no_fees() -> None:
    tables = tables_of(ranked=[(), (), (), (2,)])
    assert fees_of(*one(), tables=tables) == []
    assert fees_of(*one(issuer=4), tables=tables) == []


@pytest.mark.parametrize(("paid", "ppm", "fee"), [
    (0,             1_000_000, 0),
    (1,             499_999,   0),
    (1,             500_000,   1),      # half a fen counts up
    (1,             1_000_000, 1),
    (200,           2_499,     0),
    (200,           2_500,     1),
    (300,           5_000,     2),      # 1.5
    (2_000_000_000, 1_000_000, 2_000_000_000),
    (2_000_000_000, 999_999,   1_999_998_000),
])
def test_fees_are_half_up(paid: int, ppm: int, fee: int) -> None:
    tables = tables_of([{**ALL, "clearing_ppm": ppm, "issuer_ppm": ppm, "centre": 5}],
                       [(), (0,), (), ()])
    fees = fees_of(*one({"paid": paid}), tables=tables)
    assert [leg[-1] for leg in fees] == [fee, fee] * (fee > 0)
    assert fee == (Fraction(paid * ppm, 1_000_000) + Fraction(1, 2)).__floor__()


@pytest.mark.parametrize(("paid", "fee"), [
    #  1 % + 3, at least 5, at most 20
    (0,             5),
    (149,           5),      # 1.49 + 3
    (150,           5),      # 2 + 3
    (250,           6),
    (1_649,         19),
    (1_650,         20),     # 17 + 3
    (2_000_000_000, 20),
])
def test_a_fee_is_a_share_and_an_amount_between_bounds(paid: int, fee: int) -> None:
    terms = {"clearing_ppm": 10_000, "clearing_per_ride": 3, "clearing_least": 5,
             "clearing_most": 20}
    terms = {name.replace("clearing", who): value for name, value in terms.items()
             for who in ("clearing", "issuer", "acquirer")}
    tables = tables_of([{**ALL, **terms, "rule": 15, "centre": 5, "acquirer": 6}],
                       [(), (0,), (), ()])
    assert fees_of(*one({"paid": paid}), tables=tables) == [
        (Cause.CLEARING_FEE, 15, 1, 5, fee), (Cause.ISSUER_FEE, 15, 1, 2, fee),
        (Cause.ACQUIRER_FEE, 15, 1, 6, fee)]


@pytest.mark.parametrize(("rounding", "fees"), [
    # of 0.5, 1.5 and 1.6 fen
    (Rounding.HALF_UP,   [1, 2, 2]),
    (Rounding.HALF_EVEN, [0, 2, 2]),
    (Rounding.DOWN,      [0, 1, 1]),
    (Rounding.UP,        [1, 2, 2]),
])
def test_an_agreement_names_its_rounding(rounding: Rounding, fees: list[int]) -> None:
    tables = tables_of([{**ALL, "issuer_ppm": 5_000, "rounding": rounding}], [(), (0,), (), ()])
    found = [fees_of(*one({"paid": paid}), tables=tables) for paid in (100, 300, 320)]
    assert [sum(leg[-1] for leg in legs) for legs in found] == fees


def held(issuer: int, **holds: bool) -> tuple[bool, list[Leg]]:
    """Whether a ride is held, and its legs but the fare's; both of issuer 4's agreements hold."""
    rides, charges = one({"paid": 1_000_000}, **{**FITTING, "issuer": issuer})
    entry = enter(rides, charges, tables=tables_of(ranked=[(), (0,), (), (2, 3)], **holds))[0][0]
    return bool(int(entry["flags"]) & records.RIDE_FLAGS["HELD"]), legs_of(entry)[1:]


def test_a_ride_without_an_agreement_is_held_where_that_is_wanted() -> None:
    assert held(3) == (False, [])
    assert held(3, holds_overlapping=True) == (False, [])
    assert held(3, holds_uncovered=True) == (True, [(Cause.NO_AGREEMENT, 0, 1, 3, 0)])
    assert held(2, holds_uncovered=True) == (False, [(Cause.ISSUER_FEE, 11, 1, 2, 1000)])


def test_a_ride_with_two_agreements_is_held_where_that_is_wanted() -> None:
    assert held(4, holds_uncovered=True)[0] is False
    assert held(4, holds_overlapping=True) == (True, [
        (Cause.AGREEMENTS_OVERLAP, 13, 1, 4, 0), (Cause.AGREEMENTS_OVERLAP, 14, 1, 4, 0)])
    assert held(2, holds_overlapping=True)[0] is False


def test_more_legs_than_there_is_room_for_is_our_own_mistake() -> None:
    """The compiler refuses tables that could need them."""
    full = [(Cause.FARE, 7, 3, 1, 200)] + [(Cause.CAP, 7, 3, 1, 0)] * (records.LEGS_MOST - 2)
    rides, charges = one({"paid": 1_000_000, "legs": full}, issuer=3)
    with pytest.raises(IndexError, match="more legs"):
        enter(rides, charges)


def test_an_entry_balances() -> None:
    """Fare + discounts = due + variance = net + fees."""
    legs = [(Cause.FARE, 7, 4, 1, 310), (Cause.TIER, 8, 2, 1, 150), (Cause.CAP, 9, 3, 1, 50)]
    rides, charges = one({"due": 500, "price": 300, "paid": 310, "variance": 10, "legs": legs},
                         issuer=4)
    entry = enter(rides, charges)[0][0]
    gross = sum(leg[-1] for leg in legs_of(entry) if leg[0] <= Cause.FARE)
    assert gross == int(entry["due"]) + int(entry["variance"]) == 510
    assert [leg[-1] for leg in legs_of(entry) if leg[0] > Cause.FARE] == [1, 2]


def test_what_is_uncollected_nobody_owes() -> None:
    """The funder's share is owed all the same; of a fare that nobody paid, no fee is."""
    legs = [(Cause.FARE, 7, 4, 1, 0), (Cause.TIER, 8, 2, 1, 150)]
    rides, charges = one({"due": 500, "price": 350, "paid": 0, "uncollected": 350,
                          "legs": legs}, issuer=4)
    entry = enter(rides, charges)[0][0]
    assert [leg[-1] for leg in legs_of(entry)] == [0, 150]
    assert int(entry["due"]) + int(entry["variance"]) - int(entry["uncollected"]) == 150


@pytest.mark.parametrize(("service_day", "closed_through", "window"), [
    (100,    None,   100),
    (100,    99,     100),
    (100,    100,    101),              # its own window is closed: the next open one settles it
    (0,      None,   0),
    (65_535, 0,      65_535),
    (0,      65_534, 65_535),
])
def test_the_window_is_an_open_one(service_day: int, closed_through: int | None,
                                   window: int) -> None:
    entries, _ = enter(*one(service_day=service_day),
                       tables=tables_of(closed_through=closed_through))
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


def test_ride_and_charge_are_in_the_entry_as_they_were() -> None:
    rides, charges = one({"paid": 0})       # of which no fee is
    for rows in (rides, charges):
        for place, name in enumerate(rows.dtype.names or (), 1):
            if name not in ("operator", "issuer", "code", "table", "first_tap", "last_tap", "legs",
                            "due", "price", "paid", "variance", "uncollected"):
                rows[name] = place
    entry = enter(rides, charges)[0]
    ride, charge = records.RIDE.itemsize, records.CHARGE.itemsize
    assert entry.tobytes()[:ride + charge] == rides.tobytes() + charges.tobytes()
    assert entry["reason"][0] == Reason.ORIGINAL


def test_a_ride_without_a_fare_refuses_its_taps() -> None:
    rides = records_of([{"operator": 1, "issuer": 2, "first_tap": 0, "last_tap": 1},
                        {"operator": 1, "issuer": 2, "first_tap": 2, "last_tap": 2},
                        {"operator": 1, "issuer": 2, "first_tap": 3, "last_tap": 3}], records.RIDE)
    fare = {"due": 100, "price": 100, "paid": 100, "legs": [(Cause.FARE, 7, 2, 1, 100)]}
    charges = records_of([{"code": Code.NO_FARE}, fare,
                          {"code": Code.PRICE_OVERFLOW}], records.CHARGE)
    entries, codes = enter(rides, charges, taps=np.zeros(4, records.TAP))
    assert codes == [Code.NO_FARE, Code.NO_FARE, Code.OK, Code.PRICE_OVERFLOW]
    assert entries["due"].tolist() == [100]


def test_memory_is_left_clean() -> None:
    entries, _ = enter(*one())
    assert reserved_is_zero(entries)
    assert enter(np.zeros(0, records.RIDE), np.zeros(0, records.CHARGE))[1] == [0, 0]


@pytest.mark.parametrize(("charges", "entries", "codes", "message"), [
    (1, 2, 2, "rides has 2 rows, charges 1, entries 2"),
    (3, 2, 2, "rides has 2 rows, charges 3, entries 2"),
    (2, 1, 2, "rides has 2 rows, charges 2, entries 1"),
    (2, 2, 1, "taps has 2 rows, codes 1"),
])
def test_wrong_memory_is_a_value_error(charges: int, entries: int, codes: int,
                                       message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_entries(np.zeros(2, records.TAP), np.zeros(2, records.RIDE),
                     np.zeros(charges, records.CHARGE), tables_of(),
                     np.zeros(entries, records.ENTRY), np.zeros(codes, np.uint16))


def test_every_day_needs_a_window() -> None:
    with pytest.raises(ValueError, match="windows has 9 days"):
        EntryTables(members=MEMBERS, agreements=records_of([{}], records.AGREEMENT),
                    agreement_index=np.zeros((1, 1), records.AGREEMENT_INDEX),
                    ranked_agreements=np.zeros(1, np.uint32), windows=np.zeros(9, np.uint16),
                    **limits_of())


ANY = {"amount_most": 2**63 - 1, "variance_most": 2**63 - 1, "overdraft_most": 2**63 - 1,
       "modes": EVERY_BIT, "media": EVERY_BIT}
FIRST = {**ANY, "modes": 1 << 3, "media": 1 << 2, "amount_most": 500}
REST = {**ANY, "variance_most": 100, "overdraft_most": 50}
ON_CREDIT = {"flags": HAS_PAID | HAS_BALANCE, "paid": 200, "balance_before": 149}
TOLD = {"correction_reason": CorrectionReason.RELEASED, "revision": 1}


@pytest.mark.parametrize(("charge", "ride", "tap", "held"), [
    ({"paid": 500},                 {"mode": 3, "medium": 2},       {},         False),
    ({"paid": 501},                 {"mode": 3, "medium": 2},       {},         True),
    ({"paid": 501},                 {"mode": 3, "medium": 1},       {},         False),
    ({"paid": 1, "due": 501, "legs": [(Cause.FARE, 7, 2, 1, 1), (Cause.CONCESSION, 7, 2, 1, 500)]},
     {"mode": 3, "medium": 2},                                      {},         True),
    ({"paid": 300, "variance": 100, "price": 200, "due": 200},  {}, {},         False),
    ({"paid": 301, "variance": 101, "price": 200, "due": 200},  {}, {},         True),
    ({"paid": 99, "variance": -101, "price": 200, "due": 200},  {}, {},         True),
    ({"paid": 501, "table": 0},     {"mode": 3, "medium": 2},       {},         False),
    ({"paid": 200},                 {"flags": PAID_BY_VALIDATOR},   ON_CREDIT,  True),
    ({"paid": 200},                 {},                             ON_CREDIT,  False),
    ({"paid": 200},                 {"flags": PAID_BY_VALIDATOR},
     {**ON_CREDIT, "balance_before": 150},                                      False),
    ({"paid": 501},                 {"mode": 3, "medium": 2},       TOLD,       False),
    ({"paid": 200},                 {"flags": HELD},                {},         True),
    ({"paid": 200},                 {"flags": HELD},                TOLD,       False),
])
def test_what_a_table_does_not_believe_is_held(
        charge: dict[str, Any], ride: dict[str, int], tap: dict[str, int], held: bool) -> None:
    full = {"due": charge["paid"], "table": 1, **charge}
    rides, charges = one(full, **ride)
    entries, _ = enter(rides, charges, taps=records_of([tap, {}], records.TAP),
                       tables=tables_of(limits=[FIRST, REST]))
    assert bool(entries["flags"][0] & HELD) == held


#    records of a ride                                            held, reason
@pytest.mark.parametrize(("first", "last", "held", "reason"), [
    (TOLD,                        TOLD,                           False, Reason.CLAIM_RELEASED),
    ({},                          {**TOLD, "flags": HAS_PAID},    False, Reason.CLAIM_RELEASED),
    ({"flags": HAS_PAID},         {**TOLD, "flags": HAS_PAID},    True,  Reason.CORRECTION),
    ({**TOLD, "flags": HAS_PAID}, {"flags": HAS_DUE},             True,  Reason.CORRECTION),
    ({"correction_reason": CorrectionReason.REJECTED, "revision": 1}, {}, True,
     Reason.CLAIM_REJECTED),
])
def test_a_ride_is_released_where_all_that_claims_is(
        first: dict[str, int], last: dict[str, int], held: bool, reason: Reason) -> None:
    rides, charges = one({"paid": 200}, flags=HELD, first_tap=0, last_tap=1)
    entries, _ = enter(rides, charges, taps=records_of([first, last], records.TAP))
    assert (bool(entries["flags"][0] & HELD), entries["reason"][0]) == (held, reason)
