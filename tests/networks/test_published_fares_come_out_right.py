"""Figures of published fares, as the shipped tables price them: each as its source has it.

Where a source has a rule and no figure, the figure is worked out from its words; what it does not
say, such as a bus's 2 yuan, is the table's own (`assumed`). Each network's SOURCES.md cites them.
"""

from __future__ import annotations

from typing import Any

import pytest

from clearing.answers.price import price
from clearing.answers.trips import PriceQuestion

NOON = "2024-11-20 12:00"       # a Wednesday
FIGURES: dict[str, list[tuple[dict[str, Any], int]]] = {
    # 6 km 3; 12 km 4; 22 km 5; 32 km 6; then 1 more for every 20 km.
    "beijing": [
        *(({"mode": "metro", "distance": f"{km}km"}, yuan * 100) for km, yuan in (
            (6, 3), ("6.1", 4), (12, 4), ("12.1", 5), (22, 5), (32, 6), ("32.1", 7), (52, 7),
            ("52.1", 8), (72, 8))),
        # From 100 yuan in the month on 80 %, from 150 on half, from 400 on all of it.
        *(({"mode": "metro", "distance": "12.1km", "month_spend": spent}, fen) for spent, fen in (
            ("99.50", 500), ("100", 400), ("149", 400), ("150", 250), ("399", 250), ("400", 500))),
        # 10 km 2, then 1 more for every 5 km; half by card, a quarter for students.
        *(({"mode": "bus", "distance": f"{km}km"}, fen) for km, fen in (
            (10, 100), ("10.1", 150), (15, 150), (20, 200))),
        ({"mode": "bus", "distance": "10km", "card_kind": "student"}, 50),
        ({"mode": "bus", "distance": "15km", "medium": "bank-card"}, 300),
    ],
    # 4 km 2; 1 more for each 4 km to 12, 6 km to 24, 8 km beyond.
    "guangzhou": [
        *(({"mode": "metro", "distance": f"{km}km"}, yuan * 100) for km, yuan in (
            (4, 2), ("4.1", 3), (8, 3), (12, 4), ("12.1", 5), (18, 5), (24, 6), ("24.1", 7),
            (32, 7), (40, 8))),
        # What is spent beyond 80 yuan in the month 80 %, beyond 200 half, within one ride, too:
        # at 79 yuan 1 yuan in full and the rest at 80 %; at 199, 1.25 at 80 % and the rest half.
        *(({"mode": "metro", "distance": "4km", "month_spend": spent}, fen) for spent, fen in (
            ("78", 200), ("79", 180), ("80", 160), ("198.40", 160), ("199", 138), ("200", 100))),
        ({"mode": "metro", "distance": "12.1km", "month_spend": "79"}, 420),
        ({"mode": "metro", "distance": "4km", "card_kind": "student"}, 100),
        ({"mode": "metro", "distance": "4km", "card_kind": "elder", "age": 65}, 0),
        ({"mode": "apm"}, 200),
    ],
    # 95 % of the metro's fare by card; of the bus's 80, 75, 65 % in parts; 0.40 off a change.
    "shenzhen": [
        *(({"operator": "sz-bus-other", "mode": "bus", "due": due}, fen) for due, fen in (
            ("2", 160), ("3", 240), ("4", 315), ("5", 390), ("6", 465), ("8", 595), ("10", 725))),
        ({"operator": "sz-bus-other", "mode": "bus", "line": "2", "due": "2",
          "before": ("bus:1 11:30 2",)}, 120),
        ({"operator": "shenzhen-metro", "mode": "metro", "distance": "4km"}, 190),
        ({"operator": "shenzhen-metro", "mode": "metro", "distance": "4km", "medium": "qr"}, 200)],
    # 6 km 3, 1 more for every 10 km; 10 % off beyond 70 yuan in the month; 1 off a change.
    "shanghai": [
        *(({"mode": "metro", "distance": f"{km}km"}, yuan * 100) for km, yuan in (
            (6, 3), ("6.1", 4), (16, 4), ("16.1", 5), (26, 5), (36, 6))),
        ({"mode": "metro", "distance": "6km", "month_spend": "70.01"}, 270),
        ({"mode": "metro", "distance": "6km", "month_spend": "70.01", "card_city": "1000"}, 300),
        ({"mode": "bus", "before": ("metro 11:00..11:30 3",)}, 100),
    ],
    # 10 % off; after a change the first fare, 2 yuan at most, off the whole.
    "chongqing": [
        ({"mode": "bus", "line": "101"}, 180),
        ({"mode": "bus", "line": "102", "before": ("bus:101 11:30",)}, 0),
        ({"mode": "bus", "line": "102", "before": ("bus:101 10:30",)}, 180),
    ],
    # Panan: 5 % off, pupils 20 %, half from 60, free from 70. Buses of the city: 20 %, 30 %, half.
    "jinhua": [
        *(({"mode": "bus", "operator": operator, "card_kind": kind, "age": age}, fen)
          for operator, kind, age, fen in (
            ("panan-bus", "ordinary", 30, 190), ("panan-bus", "student", 10, 160),
            ("panan-bus", "elder", 60, 100), ("panan-bus", "elder", 69, 100),
            ("panan-bus", "elder", 70, 0), ("panan-bus", "blood-donor", 30, 0),
            ("jinhua-bus", "ordinary", 30, 160), ("jinhua-bus", "student", 10, 140),
            ("jinhua-bus", "elder", 60, 100), ("jinhua-bus", "elder", 69, 100)))],
    # A student card of Chaohu: half there, 35 % on Hefei's buses, half on its metro.
    "hefei": [
        ({"mode": "bus", "operator": "chaohu-bus", "card_kind": "student"}, 100),
        ({"mode": "bus", "operator": "hefei-bus", "card_kind": "student"}, 70),
        ({"mode": "metro", "distance": "5km", "card_kind": "student"}, 100),
        *(({"mode": "bus", "operator": operator, "card_kind": "elder", "age": 70}, 0)
          for operator in ("chaohu-bus", "hefei-bus")),
    ],
    # Elders and the disabled free, 120 times a month, and then at 85 %; students half.
    "danzhou": [
        ({"card_kind": "elder", "age": 65}, 0), ({"card_kind": "disabled"}, 0),
        ({"card_kind": "student"}, 100),
        ({"card_kind": "elder", "age": 65, "counted": ("danzhou-concession-month=119",)}, 0),
        ({"card_kind": "elder", "age": 65, "counted": ("danzhou-concession-month=120",)}, 170),
    ],
    # Elders have 100 counts a month, of which the metro takes 3; below 70 it takes none.
    "chengdu": [
        ({"mode": "bus", "card_kind": "elder", "age": 65}, 0),
        ({"mode": "metro", "distance": "5km", "card_kind": "elder", "age": 70}, 0),
        ({"mode": "metro", "distance": "5km", "card_kind": "elder", "age": 69}, 270),
    ],
    # Half by social-security card; from 60 years on free.
    "zhongshan": [
        ({"mode": "bus", "card_kind": "social"}, 100),
        ({"mode": "bus", "card_kind": "elder", "age": 60}, 0),
    ],
}


def priced(network: str, asked: dict[str, Any]) -> int | None:
    """What a card of the city pays at noon, in fen."""
    return price(PriceQuestion(network=network, at=NOON, **asked)).price


@pytest.mark.parametrize("network", FIGURES)
def test_published_figures_come_out(network: str) -> None:
    wrong = [(asked, fen, found) for asked, fen in FIGURES[network]
             if (found := priced(network, asked)) != fen]
    assert wrong == []
