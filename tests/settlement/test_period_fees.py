"""Fees of a window or a month: by volume, lump sums, bounds, tax; each with its working."""

from __future__ import annotations

import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.reference.rounding import round_to
from ext import records
from ext.codes import Cause
from network.civil import number_of
from network.errors import TableError
from network.model import PeriodFee
from network.network import load_network
from settlement.period_fees import charge, first_day_needed, flows_of_fees
from tests.fares.folder import write

NUMBERS = {"bus": 1, "metro": 2, "card": 3, "other": 4, "centre": 5}
ROUNDINGS = ("half_up", "half_even", "down", "up")


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"2024-{text}")


def fee_of(**more: Any) -> PeriodFee:
    return msgspec.convert({"period_fee": "f", "payers": ["bus"], "payee": "centre",
                            "every": "window", "of": ["fare"], **more}, PeriodFee)


def flows_of(*rows: tuple[str, str, str, str, int, int]) -> Any:
    """Flows of (window, cause, debtor, creditor, rides, amount)."""
    made = np.zeros(len(rows), records.FLOW)
    for row, (window, cause, debtor, creditor, rides, amount) in zip(made, rows, strict=True):
        row["window"], row["cause"] = number_of(day(window)), Cause[cause.upper()]
        row["debtor"], row["creditor"] = NUMBERS[debtor], NUMBERS[creditor]
        row["count"], row["amount"] = rides, amount
    return made


NOVEMBER = flows_of(
    ("11-01", "fare", "card", "bus", 100, 20_000),
    ("11-29", "fare", "other", "bus", 50, 9_999),
    ("11-30", "fare", "card", "bus", 7, 1_400),
    ("11-30", "fare", "card", "metro", 900, 270_000),
    ("11-30", "clearing_fee", "bus", "centre", 7, 14),
    ("12-01", "fare", "card", "bus", 1_000, 200_000))


def amounts(fees: list[PeriodFee], first: str = "11-30", last: str = "11-30") -> list[int]:
    return [one.amount for one in charge(NOVEMBER, fees, NUMBERS, day(first), day(last))]


@pytest.mark.parametrize(("more", "amount"), [
    # 7 rides of 14.00 in the window, 157 of 313.99 in the month.
    ({"ppm": 10_000},                                          14),
    ({"per_ride": 3},                                          21),
    ({"lump": 500},                                           500),
    ({"lump": 500, "ppm": 10_000, "per_ride": 3},             535),
    ({"ppm": 10_000, "least": 100},                           100),
    ({"per_ride": 3, "most": 20},                              20),
    ({"every": "month", "ppm": 10_000},                       314),     # 313.99
    ({"every": "month", "ppm": 10_000, "rounding": "down"},   313),
    ({"every": "month", "per_ride": 1, "counterparties": ["other"]}, 50),
    ({"of": ["clearing_fee"], "ppm": 60_000, "cause": "tax"},   1),     # 0.84
    ({"of": ["fare", "clearing_fee"], "per_ride": 1},          14),
    ({"of": ["cap"], "ppm": 10_000},                            0),
])
def test_a_fee_goes_by_the_flows_of_its_payer(more: dict[str, Any], amount: int) -> None:
    assert amounts([fee_of(**more)]) == [amount]


TIERS = [{"from_rides": 100, "per_ride": 4}, {"from_rides": 157, "per_ride": 3},
         {"from_rides": 158, "per_ride": 1}]


def test_the_tier_that_is_reached_is_for_all_rides() -> None:
    assert amounts([fee_of(every="month", per_ride=5, tier=TIERS)]) == [157 * 3]
    assert amounts([fee_of(per_ride=5, tier=TIERS)]) == [7 * 5]


def test_a_month_is_charged_with_its_last_window() -> None:
    fee = fee_of(every="month", per_ride=1)
    assert amounts([fee], "11-29", "11-29") == []
    assert amounts([fee], "11-29", "12-01") == [157]
    assert amounts([fee], "12-01", "12-31") == [1_000]
    assert amounts([fee], "11-30", "12-31") == [157, 1_000]
    assert first_day_needed(day("11-29")) == day("11-01")


def test_windows_that_close_together_are_one_period() -> None:
    assert amounts([fee_of(per_ride=1)], "11-29", "12-01") == [50 + 7 + 1_000]


def test_a_fee_has_its_dates() -> None:
    old = fee_of(lump=1, in_force_until=day("11-29"))
    new = fee_of(lump=2, in_force_from=day("11-30"))
    assert amounts([old, new], "11-29", "11-29") == [1]
    assert amounts([old, new]) == [2]


def test_each_payer_pays_by_its_own_and_tax_is_on_what_stands_before() -> None:
    fees = [fee_of(payers=["bus", "metro"], per_ride=2),
            fee_of(payers=["bus", "metro"], of=["period_fee"], ppm=60_000, cause="tax")]
    assert amounts(fees) == [14, 1_800, 1, 108]
    # What was posted for these windows is not charged for again.
    charged = charge(NOVEMBER, fees, NUMBERS, day("11-30"), day("11-30"))
    posted = flows_of_fees(charged, NUMBERS, day("11-30"))
    again = charge(np.concatenate([NOVEMBER, posted]), fees, NUMBERS, day("11-30"), day("11-30"))
    assert again == charged
    assert posted["amount"].tolist() == [14, 1_800, 1, 108]


def test_what_is_taken_back_is_paid_back() -> None:
    flows = flows_of(("11-30", "fare", "card", "bus", -3, -450))
    charged = charge(flows, [fee_of(ppm=10_000, per_ride=2)], NUMBERS, day("11-30"), day("11-30"))
    assert [one.amount for one in charged] == [-5 - 6]     # 4.5 up, mirrored


CAUSES = ["fare", "clearing_fee", "cap"]
WINDOWS = ["11-01", "11-29", "11-30", "12-01"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WINDOWS), st.sampled_from(CAUSES),
                          st.sampled_from(list(NUMBERS)), st.sampled_from(list(NUMBERS)),
                          st.integers(-5, 500), st.integers(-(10**9), 10**12)), max_size=20),
       st.sampled_from(ROUNDINGS), st.integers(0, 1_000_000), st.integers(0, 50),
       st.none() | st.integers(0, 1_000), st.none() | st.integers(1_000, 10**9),
       st.sampled_from(["window", "month"]))
def test_the_working_comes_to_the_amount(rows: list[Any], rounding: str, ppm: int, per_ride: int,
                                         least: int | None, most: int | None, every: str) -> None:
    """As RULES.md section 6 has it, in exact fractions."""
    fee = fee_of(every=every, ppm=ppm, per_ride=per_ride, least=least, most=most,
                 rounding=rounding, of=["fare", "cap"], payers=["bus", "metro"], lump=7)
    charged = charge(flows_of(*rows), [fee], NUMBERS, day("11-29"), day("11-30"))
    begin = {"window": day("11-29"), "month": day("11-01")}[every]
    for payer, one in zip(fee.payers, charged, strict=True):
        own = [row for row in rows if begin <= day(row[0]) <= day("11-30")
               and row[1] != "clearing_fee" and payer in row[2:4]]
        base, rides = sum(row[5] for row in own), sum(row[4] for row in own)
        share = round_to(Fraction(abs(base) * ppm, 1_000_000), fee.rounding)
        asked = 7 + (share if base >= 0 else -share) + per_ride * rides
        expected = asked if most is None else min(asked, most)
        expected = expected if least is None else max(expected, least)
        assert (one.rides, one.base, one.asked, one.amount) == (rides, base, asked, expected)


FEE = '[[period_fee]]\nperiod_fee = "f"\npayers = ["bus"]\npayee = "metro"\n'


@pytest.mark.parametrize(("keys", "found", "excerpt"), [
    (FEE, "asks for nothing", ""),
    (FEE + "ppm = 5", "does not say which flows it goes by", ""),
    (FEE.replace('"metro"', '"boat"') + "lump = 5", "names 'boat', which is no member", "boat"),
    (FEE.replace('"metro"', '"bus"') + "lump = 5", "'bus' would pay itself", "payers"),
    (FEE.replace('["bus"]', '["bus", "bus"]') + "lump = 5", "has a payer twice", "payers"),
    (FEE.replace('["bus"]', "[]") + "lump = 5", "has no payers", "payers"),
    (FEE + "lump = -5", "has lump -5", "lump = -5"),
    (FEE + "least = 6\nmost = 5", "at least 6 and at most 5", "most = 5"),
    (FEE + 'of = ["fare"]\nppm = 1000001', "asks for 1000001 parts per million", ""),
    (FEE + 'of = ["fare"]\ntier = [{ from_rides = 5, ppm = 1 }, { from_rides = 5 }]',
     "is from 5 rides on", "tier"),
    (FEE + 'of = ["fuel"]\nppm = 1', "fuel", "of"),
    (FEE + 'every = "year"\nlump = 1', "year", "every"),
    (FEE + "lump = 1\nin_force_from = 1969-01-01", "has the date 1969-01-01", "in_force_from"),
    (FEE + "lump = 1\nin_force_from = 2024-12-01\nin_force_until = 2024-11-30",
     "is in force from 2024-12-01 until 2024-11-30", "in_force_until"),
    ((FEE + "lump = 1\n") * 2, "period_fee names 'f' twice", ""),
])
def test_fees_that_cannot_be_charged_are_refused(tmp_path: Path, keys: str, found: str,
                                                 excerpt: str) -> None:
    with pytest.raises(TableError) as refused:
        load_network(str(write(tmp_path, network=keys)))
    assert found in refused.value.found
    assert refused.value.remedy
    assert refused.value.location is not None
    assert excerpt in refused.value.location.excerpt
