"""Shenzhen and Jakarta publish what validators took: the tables must say the same of each tap."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from fare_tables.model import Concession, Table
from fare_tables.source import load_tables
from network.folder import SHIPPED

TAPS = Path(__file__).parents[3] / "shared" / "data" / "taps"
SHENZHEN = TAPS / "shenzhen_szt" / "szt_page1x100.json"
JAKARTA = TAPS / "transjakarta" / "taps_10k.csv"


def pay(concession: Concession, due: int) -> int:
    """Take one concession off a price in fen, half up."""
    if concession.pays_amount is not None:
        return min(due, concession.pays_amount)
    if concession.pays_percent is not None:
        return (due * int(concession.pays_percent) + 50) // 100
    hundredths, start = 0, 0
    for band in concession.bands or []:
        end = due if band.to is None else min(due, band.to)
        hundredths += max(0, end - start) * int(band.pays_percent)
        start = max(start, end)
    return (hundredths + 50) // 100


def price(table: Table, card_kind: str, due: int) -> int:
    for row in table.concession:
        if row.card_kinds is None or card_kind in row.card_kinds:
            return pay(row, due)
    return due


def tables(network: str) -> dict[str, Table]:
    return {table.table: table for table in load_tables(SHIPPED / network)}


#    table                    card kind   due  paid
TAKEN = [
    ("shenzhen-metro", "ordinary", 700, 665),
    ("shenzhen-metro", "ordinary", 500, 475),
    ("shenzhen-metro", "ordinary", 400, 380),
    ("shenzhen-metro", "ordinary", 200, 190),
    ("shenzhen-metro", "staff", 200, 0),
    ("shenzhen-bus", "ordinary", 800, 595),
    ("shenzhen-bus", "ordinary", 500, 390),
    ("shenzhen-bus", "ordinary", 400, 315),
    ("shenzhen-bus", "ordinary", 300, 240),
    ("shenzhen-bus", "ordinary", 200, 160),
    ("shenzhen-bus-shenhui", "ordinary", 200, 200),
    ("shenzhen-bus-shenhui", "ordinary", 400, 400),
]


@pytest.mark.parametrize(("table", "card_kind", "due", "paid"), TAKEN)
def test_shenzhen_discounts(table, card_kind, due, paid):
    assert price(tables("shenzhen")[table], card_kind, due) == paid


@pytest.mark.skipif(not SHENZHEN.is_file(), reason="the open data are not on this machine")
def test_every_paid_tap_of_the_shenzhen_extract():
    found = tables("shenzhen")
    names = {"地铁出站": "shenzhen-metro", "巴士": "shenzhen-bus"}
    charged = 0
    for tap in json.loads(SHENZHEN.read_text("utf-8"))["data"]:
        name = names.get(tap["deal_type"])
        if name is None:
            assert tap["deal_money"] == "0", "an entry takes nothing"
            continue
        if tap["company_name"] == "华程交通":
            name = "shenzhen-bus-shenhui"
        card_kind = "staff" if tap["card_no"].startswith("HH") else "ordinary"
        assert price(found[name], card_kind, int(tap["deal_value"])) == int(tap["deal_money"]), tap
        charged += 1
    assert charged > 30


@pytest.mark.skipif(not JAKARTA.is_file(), reason="the open data are not on this machine")
def test_ten_rides_of_jakarta_differ_from_their_lines_fare():
    found = list(tables("transjakarta").values())
    by_line = {line: table for table in found for line in table.lines or []}
    regular = next(table for table in found if table.lines is None)
    with JAKARTA.open(encoding="utf-8", newline="") as file:
        rides = [row for row in csv.DictReader(file) if row["corridorID"]]
    differ = [
        row["corridorID"] for row in rides
        if by_line.get(row["corridorID"], regular).fare[0].amount != int(row["payAmount"])
    ]
    assert sorted(differ) == ["1P", "2B", "2E", "2P", "2P", "6C", "M1H", "M1H", "M1H", "T21"]
