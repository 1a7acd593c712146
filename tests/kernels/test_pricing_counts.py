"""What a card has counted decides the next ride: tiers by rides, quotas, caps; and periods."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ext import records
from ext.codes import RideState
from tests.kernels.cases import Records, records_of
from tests.kernels.ground import DAY, NOON, Outcome, make_ride, make_table, price

pytestmark = pytest.mark.kernels

FINANCE = [{"funder": "finance"}]
MONTH, WEEK = 2024 * 12 + 9, (DAY + 3) // 7


def on(day: int, **changes: Any) -> dict[str, Any]:
    at = NOON + (day - DAY) * 86_400
    return make_ride(service_day=day, started_at=at, ended_at=at, **changes)


def counted(outcome: Outcome) -> dict[tuple[str, int], tuple[int, int]]:
    """What each accumulator holds afterwards: amount and rides."""
    return {(outcome.names.code("accumulator", int(row["accumulator"])), int(row["period"])):
            (int(row["amount"]), int(row["rides"])) for row in outcome.accumulators}


def test_a_tier_by_the_number_of_rides(tmp_path: Path) -> None:
    """Guangzhou until 2022: fifteen rides in full, then 6 折; here two rides."""
    tier = {"rule": "often", "accumulator": "year", "at_least": 2, "pays_percent": 60,
            "funders": FINANCE}
    table = make_table(counts_to=["year"], tier=[tier])
    assert price(tmp_path, [table], *[make_ride()] * 4).price == [200, 200, 120, 120]


@pytest.mark.parametrize(("accumulator", "days", "prices"), [
    ("today", [DAY, DAY, DAY + 1],      [200, 0, 200]),
    # 2024-10-04 is a Friday: the Sunday belongs to its week, the Monday to the next.
    ("week",  [DAY, DAY + 2, DAY + 3],  [200, 0, 200]),
    ("month", [DAY, DAY + 27, DAY + 28], [200, 0, 200]),
    # Seven days from a ride, and the next seven from the first ride behind them.
    ("seven", [DAY, DAY + 6, DAY + 9, DAY + 15, DAY + 16], [200, 0, 200, 0, 200]),
])
def test_periods_begin_anew(tmp_path: Path, accumulator: str, days: list[int],
                            prices: list[int]) -> None:
    cap = {"rule": "cap", "accumulator": accumulator, "amount": 200, "funders": FINANCE}
    table = make_table(counts_to=[accumulator], cap=[cap])
    assert price(tmp_path, [table], *map(on, days)).price == prices


def test_a_year_begins_in_january(tmp_path: Path) -> None:
    table = make_table(counts_to=["year"])
    outcome = price(tmp_path, [table], on(DAY), on(DAY + 88), on(DAY + 89))
    assert counted(outcome) == {("year", 2024): (2, 2), ("year", 2025): (1, 1)}


def test_so_many_days_begin_with_a_ride_that_is_counted(tmp_path: Path) -> None:
    """A ride that asks for the total but feeds it nothing, being incomplete, begins none."""
    cap = {"rule": "cap", "accumulator": "seven", "amount": 300, "funders": FINANCE}
    table = make_table(counts_to=["seven"], cap=[cap])
    outcome = price(tmp_path, [table], on(DAY) | {"state": RideState.MISSING_OUT, "ended_at": 0},
                    on(DAY + 1), on(DAY + 7), on(DAY + 8))
    assert outcome.price == [200, 200, 100, 200]
    assert counted(outcome) == {("seven", DAY + 1): (300, 2), ("seven", DAY + 8): (200, 1)}


def test_a_cap_leaves_what_is_left(tmp_path: Path) -> None:
    cap = {"rule": "cap", "accumulator": "month", "amount": 450, "funders": FINANCE}
    outcome = price(tmp_path, [make_table(counts_to=["month"], cap=[cap])], *[make_ride()] * 4)
    assert outcome.price == [200, 200, 50, 0]
    assert outcome.legs(2) == [("cap", "cap", "finance", 150)]
    assert outcome.legs(3) == [("cap", "cap", "finance", 200)]


def test_every_cap_applies(tmp_path: Path) -> None:
    """The day's cap leaves 100, the month's 30 of that."""
    caps = [{"rule": "day", "accumulator": "today", "amount": 300, "funders": FINANCE},
            {"rule": "month", "accumulator": "month", "amount": 230,
             "funders": [{"funder": "civil"}]}]
    outcome = price(tmp_path, [make_table(counts_to=["today", "month"], cap=caps)],
                    *[make_ride()] * 2)
    assert outcome.price == [200, 30]
    assert outcome.legs(1) == [("cap", "day", "finance", 100), ("cap", "month", "civil", 70)]


def quota(limit: int, uses: int = 1, **row: Any) -> dict[str, Any]:
    return {"rule": "free", "pays_amount": 0, "funders": FINANCE,
            "quota": {"accumulator": "uses", "limit": limit, "uses": uses}, **row}


@pytest.mark.parametrize(("limit", "uses", "prices", "amount"), [
    (2, 1, [0, 0, 200], 2),
    (5, 2, [0, 0, 200], 4),         # the third would take the sixth count
    (4, 2, [0, 0, 200], 4),
    (3, 3, [0, 200, 200], 3),
])
def test_a_quota_holds_while_the_ride_fits_in(tmp_path: Path, limit: int, uses: int,
                                              prices: list[int], amount: int) -> None:
    outcome = price(tmp_path, [make_table(concession=[quota(limit, uses)])], *[make_ride()] * 3)
    assert outcome.price == prices
    assert counted(outcome)["uses", MONTH][0] == amount


def test_when_the_quota_is_used_up_the_next_row_is_tried(tmp_path: Path) -> None:
    rows = [quota(1), {"rule": "later", "pays_percent": 85, "funders": FINANCE}]
    assert price(tmp_path, [make_table(concession=rows)], *[make_ride()] * 3).price == [0, 170, 170]


def test_only_the_row_that_applies_uses_its_quota(tmp_path: Path) -> None:
    rows = [{"rule": "student", "card_kinds": ["student"], "pays_percent": 50, "funders": FINANCE},
            quota(1)]
    outcome = price(tmp_path, [make_table(concession=rows)], make_ride(card_kind=2), make_ride())
    assert outcome.price == [100, 0]
    assert counted(outcome) == {("uses", MONTH): (1, 1)}


def test_a_quota_is_used_also_where_nothing_is_taken_off(tmp_path: Path) -> None:
    fare = {"rule": "gratis", "basis": "flat", "amount": 0}
    outcome = price(tmp_path, [make_table(fare=fare, concession=[quota(9)])], make_ride())
    assert counted(outcome) == {("uses", MONTH): (1, 1)}


def test_an_incomplete_ride_counts_nothing_but_uses_its_quota(tmp_path: Path) -> None:
    fare = {"rule": "flat", "basis": "flat", "amount": 200, "discounts_on_incomplete": True}
    table = make_table(fare=fare, counts_to=["month"], concession=[quota(9)])
    ride = make_ride(state=RideState.MISSING_OUT, ended_at=0)
    assert counted(price(tmp_path, [table], ride)) == {("uses", MONTH): (1, 1)}


def test_one_accumulator_can_be_fed_by_rides_and_by_quotas(tmp_path: Path) -> None:
    table = make_table(counts_to=["uses"], concession=[quota(9, 3)])
    assert counted(price(tmp_path, [table], make_ride())) == {("uses", MONTH): (4, 2)}


def test_there_is_room_for_all_that_a_ride_feeds(tmp_path: Path) -> None:
    """Three accumulators, a quota of the concession and one of the cap: five new accumulators."""
    cap = {"rule": "cap", "accumulator": "week", "amount": 10_000, "funders": FINANCE,
           "quota": {"accumulator": "year", "limit": 9}}
    table = make_table(counts_to=["month", "today", "week"], concession=[quota(9)], cap=[cap])
    outcome = price(tmp_path, [table], make_ride())
    assert len(outcome.accumulators) == 5


def test_accumulators_of_other_cards_stay_where_they_are(tmp_path: Path) -> None:
    before = records_of([{"card_lo": card, "accumulator": 1, "period": MONTH, "amount": 900}
                         for card in (0, 1, 2)], records.ACCUMULATOR)
    table = make_table(counts_to=["month"], tier=[
        {"rule": "over", "accumulator": "month", "over": 800, "pays_percent": 50,
         "funders": FINANCE}])
    outcome = price(tmp_path, [table], make_ride(), before=before)
    assert outcome.price == [100]
    assert _spent(outcome.accumulators) == [(1, 1000)]


def _spent(rows: Records) -> list[tuple[int, int]]:
    return list(zip(rows["card_lo"].tolist(), rows["amount"].tolist(), strict=True))


def test_a_counter_that_cannot_be_exceeded(tmp_path: Path) -> None:
    """The largest tier is open above: no sum is beyond it."""
    before = records_of([{"card_lo": 1, "accumulator": 1, "period": MONTH,
                          "amount": np.iinfo(np.int64).max - 10**10}], records.ACCUMULATOR)
    table = make_table(counts_to=["month"], tier=[
        {"rule": "over", "accumulator": "month", "over": 800, "pays_percent": 50,
         "funders": FINANCE}])
    assert price(tmp_path, [table], make_ride(), before=before).price == [100]


def test_a_card_that_carries_more_than_is_kept_at_hand(tmp_path: Path) -> None:
    """Forty thousand days' totals before today's: too far off for its place to be remembered."""
    cap = {"rule": "cap", "accumulator": "today", "amount": 300, "funders": FINANCE}
    table = make_table(counts_to=["today"], cap=[cap])
    number = price(tmp_path, [table], make_ride()).accumulators["accumulator"][0]
    before = records_of([{"card_lo": 1, "accumulator": number, "period": day, "amount": 1}
                         for day in range(40_000) if day != DAY], records.ACCUMULATOR)
    outcome = price(tmp_path, [table], *[make_ride()] * 3, before=before)
    assert outcome.price == [200, 100, 0]
    assert len(outcome.accumulators) == len(before) + 1


def test_more_accumulators_than_the_tables_promised_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room for them is reckoned from the tables: wrong tables must not write past it."""
    monkeypatch.setattr("fare_tables.compile.tables._counts_to_most", lambda table: 0)
    with pytest.raises(IndexError, match="more accumulators"):
        price(tmp_path, [make_table(counts_to=["month"])], make_ride())


@pytest.mark.parametrize("first", ["old", "new"])
def test_the_version_of_the_day_is_found_wherever_it_stands(tmp_path: Path, first: str) -> None:
    versions = {
        "old": make_table(table="old", in_force_until=datetime.date(2024, 10, 4)),
        "new": make_table(table="new", in_force_from=datetime.date(2024, 10, 5),
                          fare=[{"rule": "flat", "basis": "flat", "amount": 300}])}
    tables = sorted(versions.values(), key=lambda table: table.table != first)
    assert price(tmp_path, tables, on(DAY), on(DAY + 1)).due == [200, 300]


def carried(**credit: Any) -> dict[str, Any]:
    return {"rule": "carried", "funders": FINANCE,
            "carried_credit": {"accumulator": "month", "used": "credit", **credit}}


@pytest.mark.parametrize(("credit", "prices", "used"), [
    ({},                                     [0, 0, 0],       600),     # of 10.00 in September
    ({"percent": 50},                        [0, 0, 100],     500),
    ({"percent": 50, "over": 400},           [0, 100, 200],   300),
    ({"percent": "33.3333"},                 [0, 67, 200],    333),
    ({"percent": 50, "most": 250},           [0, 150, 200],   250),
    ({"over": 1000},                         [200, 200, 200], None),
])
def test_what_was_paid_last_month_is_a_credit_for_this_one(
    tmp_path: Path, credit: dict[str, Any], prices: list[int], used: int | None,
) -> None:
    """Hong Kong: a third, or a quarter, of what was paid above 400 dollars, up to 300."""
    before = records_of([{"card_lo": 1, "accumulator": 1, "period": MONTH - 1, "amount": 1000}],
                        records.ACCUMULATOR)
    table = make_table(counts_to=["month"], promotion=[carried(**credit)])
    outcome = price(tmp_path, [table], *[make_ride()] * 3, before=before)
    assert outcome.price == prices
    assert counted(outcome).get(("credit", MONTH), (None, 0))[0] == used
    assert counted(outcome)["month", MONTH - 1][0] == 1000


def test_a_credit_is_for_the_next_period_and_no_later_one(tmp_path: Path) -> None:
    before = records_of([{"card_lo": 1, "accumulator": 1, "period": MONTH - 2, "amount": 1000}],
                        records.ACCUMULATOR)
    table = make_table(counts_to=["month"], promotion=[carried()])
    assert price(tmp_path, [table], make_ride(), before=before).price == [200]


def test_where_no_credit_is_left_the_next_row_is_tried(tmp_path: Path) -> None:
    before = records_of([{"card_lo": 1, "accumulator": 1, "period": MONTH - 1, "amount": 250}],
                        records.ACCUMULATOR)
    later = {"rule": "later", "pays_percent": 90, "funders": FINANCE}
    table = make_table(counts_to=["month"], promotion=[carried(), later])
    outcome = price(tmp_path, [table], *[make_ride()] * 3, before=before)
    assert outcome.price == [0, 150, 180]


def test_how_often_a_card_rode_last_month_decides(tmp_path: Path) -> None:
    """Taipei: a tenth of last month's fares from 11 rides on; here by the year, from two."""
    def year(amount: int) -> Any:
        return records_of([
            {"card_lo": 1, "accumulator": 4, "period": 2023, "amount": amount, "rides": amount},
        ], records.ACCUMULATOR)

    row = {"rule": "regulars", "pays_percent": 90, "funders": FINANCE,
           "counted_before": {"accumulator": "year", "at_least": 2, "up_to": 3}}
    table = make_table(counts_to=["year"], promotion=[row])
    for rides, expected in ((1, 200), (2, 180), (3, 180), (4, 200)):
        assert price(tmp_path, [table], make_ride(), before=year(rides)).price == [expected]
