"""An entry balances: who charged, what a variance does, who takes a fee, which window settles."""

from __future__ import annotations

import datetime

import pytest

from clearing.reference.engine import close
from clearing.reference.results import Entry
from clearing.reference.state import State
from tests.reference.town import make_table, make_tap, make_world, run

AGREEMENTS = [
    {"agreement": "c", "between": "city", "centre": "gz-centre", "clearing_ppm": 3000,
     "issuer_ppm": 2500},
    {"agreement": "p", "between": "province", "centre": "gd-centre", "clearing_ppm": 5000},
    {"agreement": "n", "between": "nation", "centre": "cn-centre", "clearing_ppm": 8000,
     "issuer_ppm": 10000},
]
MAY_4, MAY_5 = datetime.date(2026, 5, 4), datetime.date(2026, 5, 5)


def entry_of(agreements: list[dict[str, object]] | None = None, **tap: object) -> Entry:
    world = make_world(make_table(), make_table("szbus"), agreement=agreements or [])
    [entry] = run(world, make_tap("single", "05-04 08:00:00", seq=1, **tap)).entries
    return entry


def fees_of(entry: Entry) -> tuple[str, int, int]:
    """Who takes the clearing fee, and both fees."""
    fees = {leg.cause: leg for leg in entry.fees}
    clearing, issuer = fees.get("clearing_fee"), fees.get("issuer_fee")
    assert issuer is None or issuer.creditor == entry.ride.issuer
    assert all(leg.debtor == entry.ride.operator for leg in entry.fees)
    return (clearing.creditor if clearing else "", clearing.amount if clearing else 0,
            issuer.amount if issuer else 0)


@pytest.mark.parametrize(("operator", "medium", "paid", "expected"), [
    #                        paid, variance, uncollected, held
    ("bus",   "card", 200,  (200, 0,    0,   False)),
    ("bus",   "card", 150,  (150, -50,  0,   False)),   # Guangzhou reports a variance
    ("szbus", "card", 250,  (250, 50,   0,   True)),    # Shenzhen holds it
    ("szbus", "card", 200,  (200, 0,    0,   False)),
    ("bus",   "card", 0,    (0,   -200, 0,   False)),
    ("bus",   "card", None, (0,   0,    200, False)),   # no record says what the validator took
    ("szbus", "card", None, (0,   0,    200, False)),   # which is no variance to be held
    ("szbus", "qr",   150,  (200, 0,    0,   False)),   # a QR code is charged by the engine
    ("bus",   "",     150,  (200, 0,    0,   False)),
])
def test_who_charged(
    operator: str, medium: str, paid: int | None, expected: tuple[int, int, int, bool]
) -> None:
    entry = entry_of(operator=operator, medium=medium, paid=paid)
    charge = entry.charge
    assert (charge.paid, charge.variance, charge.uncollected, charge.held) == expected
    assert entry.gross == sum(leg.amount for leg in charge.legs)


@pytest.mark.parametrize(("issuer", "operator", "expected"), [
    ("yct", "bus",   ("gz-centre", 1, 1)),  # 0.6 and 0.5 fen: half goes up
    ("szt", "szbus", ("gz-centre", 1, 1)),  # the same city, whichever it is
    ("szt", "bus",   ("gd-centre", 1, 0)),
    ("yct", "szbus", ("gd-centre", 1, 0)),
    ("xxk", "bus",   ("cn-centre", 2, 2)),
])
def test_fees(issuer: str, operator: str, expected: tuple[str, int, int]) -> None:
    entry = entry_of(AGREEMENTS, issuer=issuer, operator=operator)
    assert fees_of(entry) == expected
    assert entry.gross == entry.net + sum(leg.amount for leg in entry.fees) == 200


def test_no_agreement_no_fees() -> None:
    entry = entry_of(AGREEMENTS[:1], issuer="xxk")
    assert entry.fees == ()


@pytest.mark.parametrize(("paid", "fee"), [(0, 4), (50, 4), (300, 5), (1000, 9), (2000, 9)])
def test_a_fee_is_a_share_and_an_amount_between_bounds(paid: int, fee: int) -> None:
    """0.75 %, ties to even, and 3 more: 300 make 2.25 + 3, 1000 more than the most."""
    entry = entry_of([{"agreement": "a", "issuer_ppm": 7_500, "issuer_per_ride": 3,
                       "issuer_least": 4, "issuer_most": 9, "rounding": "half_even"}], paid=paid)
    assert fees_of(entry) == ("", 0, fee)


def test_a_card_sale_of_100_leaves_three_parts() -> None:
    """2.20 for the card's bank, 0.10 for the scheme, 0.30 for the acquirer (theposbrokers)."""
    entry = entry_of([{"agreement": "a", "issuer_ppm": 22_000, "clearing_ppm": 1_000,
                       "centre": "cn-centre", "acquirer_ppm": 3_000, "acquirer": "bus"}],
                     paid=100_00)
    assert [(leg.cause, leg.creditor, leg.amount) for leg in entry.fees] == [
        ("clearing_fee", "cn-centre", 10), ("issuer_fee", entry.ride.issuer, 220),
        ("acquirer_fee", "bus", 30)]


@pytest.mark.parametrize(("agreements", "keys", "legs"), [
    ([],             {"no_agreement": "hold"},       [("no_agreement", "")]),
    (AGREEMENTS[:1], {"no_agreement": "hold"},       []),
    (AGREEMENTS[2:], {"no_agreement": "hold"},       [("no_agreement", "")]),
    ([{"agreement": "all"}, *AGREEMENTS], {"agreements_overlap": "hold"},
     [("agreements_overlap", "all"), ("agreements_overlap", "c")]),
    ([{"agreement": "all"}, *AGREEMENTS[1:]], {"agreements_overlap": "hold"}, []),
])
def test_without_one_agreement_a_ride_is_held_where_that_is_wanted(
    agreements: list[dict[str, object]], keys: dict[str, object], legs: list[tuple[str, str]],
) -> None:
    world = make_world(make_table(), agreement=agreements, **keys)
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1))
    [entry] = result.entries
    assert entry.charge.held is bool(legs)
    if legs:
        assert [(leg.cause, leg.rule, leg.amount) for leg in entry.fees] == [
            (*leg, 0) for leg in legs]
        assert not result.flows
        assert entry.net == entry.gross == 200


def test_fees_go_by_what_the_rider_paid() -> None:
    entry = entry_of(AGREEMENTS, issuer="xxk", paid=1000)
    assert fees_of(entry) == ("cn-centre", 8, 10)


@pytest.mark.parametrize(("closed_through", "window"), [
    (None,                       "2026-05-04"),
    (datetime.date(2026, 5, 3),  "2026-05-04"),
    (datetime.date(2026, 5, 4),  "2026-05-05"),
    (datetime.date(2026, 5, 31), "2026-06-01"),
])
def test_window(closed_through: datetime.date | None, window: str) -> None:
    result = run(make_world(), make_tap("single", "05-04 08:00:00", seq=1),
                 state=State(closed_through=closed_through))
    assert result.entries[0].window.isoformat() == window


def test_closing_a_day_ends_its_open_rides_in_its_own_window() -> None:
    world = make_world(make_table("metro"))
    state = run(world, make_tap("in", "05-05 03:59:59", "a", seq=1),
                make_tap("in", "05-05 04:00:00", "a", seq=1, card="5100000000000002")).state
    result = close(world, state, MAY_4)
    assert [(entry.ride.state, entry.window) for entry in result.entries] == [
        ("MISSING_OUT", MAY_4)]
    assert [tap.card for tap in result.still_open] == ["5100000000000002"]
    assert result.state.closed_through == MAY_4


def test_closing_an_earlier_day_opens_nothing() -> None:
    assert close(make_world(), State(closed_through=MAY_5), MAY_4).state.closed_through == MAY_5


@pytest.mark.parametrize(("first", "last", "codes"), [
    (1_999_999_999, 1, []), (2_000_000_000, 1, ["PRICE_OVERFLOW"] * 2)])
def test_more_than_an_amount_can_be_was_not_paid(first: int, last: int, codes: list[str]) -> None:
    """One tap cannot say it; two add up."""
    bus = {"operator": "bus", "mode": "bus"}
    result = run(make_world(make_table()),
                 make_tap("in", "05-04 08:00:00", seq=1, paid=first, **bus),
                 make_tap("out", "05-04 08:20:00", seq=2, paid=last, **bus))
    assert [refusal.code for refusal in result.refusals] == codes
    assert len(result.entries) == (not codes)
