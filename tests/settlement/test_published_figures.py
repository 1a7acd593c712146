"""Figures that others have published of settlements come out right here, each with its source.

Nets of several parties: test_netting.py; by what stretches cost alone: test_weighed_ways.py; of a
card sale: tests/reference/test_entries.py.
"""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from clearing.reference.entries import holds, list_fees
from clearing.reference.results import Result
from network.model import Agreement, BillTerms, RevenueShare
from network.revenue_shares import ShareRow
from settlement.bills import Ridden, make_bills
from settlement.revenue_shares import Brought, ShareTable
from tests.reference.town import legs, make_table, make_tap, make_world, prices, run


def parts(weights: dict[str, int], before: int, now: int) -> dict[str, int]:
    """What others than the operator "owner" get of what rides brought by now, and not before."""
    share = RevenueShare(revenue_share="s", operators=list(weights), file="s.csv")
    table = ShareTable(share, [ShareRow("a", "b", *one) for one in weights.items()])
    return {one.carrier: one.amount for one in table.share_out(
        Brought("owner", "a", "b", 1, before, now))}


def test_two_operators_of_one_fare_in_rio() -> None:
    """4.30, of which 65 % are the VLT's and 35 % the BRT's (diariodotransporte 2024-01-03).

    2.795 and 1.505 are a tie: one ride's minor unit goes to one, the next one's to the other.
    """
    weights = {"brt": 35, "vlt": 65}
    first, second = parts(weights, 0, 430), parts(weights, 430, 860)
    assert sum(first.values()) == sum(second.values()) == 430
    assert {first["vlt"], second["vlt"]} == {279, 280}
    assert {code: first[code] + second[code] for code in first} == {"brt": 301, "vlt": 559}


def test_one_operator_of_many_in_british_rail() -> None:
    """0.84 % of 40.30 by the weights of ORCATS (railforums 64367)."""
    assert parts({"other": 9916, "small": 84}, 0, 4030)["small"] == 34


def test_a_remainder_is_carried_in_time() -> None:
    """0.003 over four quarters is .001 .001 .000 .001 (Energinet opengeh-wholesale, tests)."""
    quarters = [parts({"a": 3, "b": 1}, before, before + 1)["a"] for before in range(4)]
    assert quarters == [1, 1, 0, 1]


def test_scotland_reimburses_concessions() -> None:
    """100 M rides of 2.00 at 20 % off are 1.60, of which 60 % (transport.gov.scot j260449-12 C)."""
    month = 2024 * 12
    terms = BillTerms(bill="b", funder="f", basis="unit_price", amount=160 * 60 // 100)
    [bill] = make_bills({month: terms}, {month: {"bus": Ridden(
        100_000_000, 200 * 100_000_000, concessions=100_000_000)}})
    assert bill.billed == 96_000_000_00


@pytest.mark.parametrize(("day", "fee"), [("2022-03-31", 15), ("2022-04-01", 10)])
def test_an_issuers_fee_changes_on_a_day(day: str, fee: int) -> None:
    """1.5 % to 1.0 % from 2022-04-01 on (constructionworld): of 10.00."""
    agreements = [Agreement(agreement="old", issuer_ppm=15_000,
                            in_force_until=datetime.date(2022, 3, 31)),
                  Agreement(agreement="new", issuer_ppm=10_000,
                            in_force_from=datetime.date(2022, 4, 1))]
    ride: Any = SimpleNamespace(service_day=datetime.date.fromisoformat(day), operator="bus",
                                issuer="yct", mode="bus", medium="qr", card_kind="adult")
    charge: Any = SimpleNamespace(paid=1000)
    found = [one for one in agreements if holds(make_world(), one, ride)]
    assert [leg.amount for leg in list_fees(ride, charge, found[0])] == [fee]
    assert len(found) == 1


@pytest.mark.parametrize(("percent", "weights", "paid"), [
    (80, (10, 10), [50, 50]), (50, (10, 40), [50, 200])])
def test_region_and_agency_share_a_discount(percent: int, weights: tuple[int, int],
                                            paid: list[int]) -> None:
    """Clipper START: 20 % are 10 of the region and 10 of the agency, 50 % are 10 and 40."""
    funders = [{"funder": code, "weight": weight}
               for code, weight in zip(("gz-civil", "gz-finance"), weights, strict=True)]
    world = make_world(make_table(
        fare={"rule": "flat", "basis": "flat", "amount": 500},
        concession=[{"rule": "start", "pays_percent": percent, "funders": funders}]))
    [entry] = run(world, make_tap("single", "05-04 08:00:00", seq=1)).entries
    assert [(leg.debtor, leg.amount) for leg in entry.charge.legs[1:]] == [
        ("gz-civil", paid[0]), ("gz-finance", paid[1])]


def rides_of(row: dict[str, Any], *fares: int) -> Result:
    """Buses ten minutes apart, each with its fare; a transfer takes something off."""
    world = make_world(make_table(
        fare={"rule": "its own", "basis": "validator"},
        transfer=[{"rule": "again", "within_s": 7200, "max_transfers": 2,
                   "funders": [{"funder": "gz-finance"}], **row}]))
    return run(world, *(make_tap("single", f"05-04 08:{place}0:00", seq=place + 1, due=fare,
                                 line=str(place)) for place, fare in enumerate(fares)))


def test_the_province_pays_the_second_fare_in_ontario() -> None:
    """One Fare: 3.30 of the TTC is refunded in full behind a ride of GO (masstransitmag 2023)."""
    result = rides_of({"pays_amount": 0}, 370, 330)
    assert [price for _, price in prices(result)] == [370, 0]
    assert legs(result) == [[], [("transfer", "gz-finance", 330)]]


def test_two_transfers_take_up_to_2_50_off_in_the_bay_area() -> None:
    """2.25, then 4.05, then 2.50: 3.80 together (oaklandside 2024-02)."""
    result = rides_of({"credit": 250}, 225, 405, 250)
    assert sum(price for _, price in prices(result)) == 380


def test_a_message_of_29_is_cleared_but_for_two() -> None:
    """119.00, of which two are disputed (Jiangsu toll): 27 now, 2 held, and the total re-adds."""
    world = make_world(make_table(fare={"rule": "its own", "basis": "validator"}),
                       agreement=[{"agreement": "for adults", "card_kinds": ["adult"]}],
                       no_agreement="hold")
    taps = [make_tap("single", f"05-04 08:{minute:02}:00", seq=minute + 1, due=400 if minute < 27
                     else 550, card_kind="adult" if minute < 27 else "student")
            for minute in range(29)]
    result = run(world, *taps)
    held = [entry.charge.paid for entry in result.entries if entry.charge.held]
    cleared = sum(amount for amount, _ in result.flows.values())
    assert (len(result.entries), held, cleared) == (29, [550, 550], 27 * 400)
    assert cleared + sum(held) == 119_00
