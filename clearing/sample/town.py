"""Who lives where, rides what and how often: assumed, for the shipped network `demo`.

Shares are weights; only their proportions count.
"""

from __future__ import annotations

from typing import NamedTuple

AWAY = 1638             # of 65,536 cards spend the day in another city: 2.5 % (Jiangsu, 2017)
QR = 11796              # are a QR code rather than a card: 18 %
LINKED = 9830           # rides that begin a few minutes after the one before: 15 %
MISSING_OUT = 1311      # metro rides that never tap out: 2 %
MISSING_IN = 525        # of a card's first rides by metro that only tap out: 0.3 % of all
SAME_STATION = 66       # metro rides that end where they began: 0.1 %
DOUBLED = 131           # taps that are handed in twice: 0.2 %
LATE = 655              # taps that are handed in with a later file: 1 %
MISCHARGED = 66         # taps of a validator that took a wrong amount: 0.1 %

# Rides of one card in one day: how many cards have 1, 2, 3, ... of them.
RIDES_A_DAY = (220, 400, 150, 110, 50, 28, 14, 9, 6, 4, 3, 2, 1, 1, 1, 1)


class City(NamedTuple):
    """A city's cards, and what its riders ride."""

    code: str
    cards: int                      # share of all cards
    kinds: dict[str, int]           # share by card kind
    rides: dict[str, int]           # share by operator


class BusLines(NamedTuple):
    """An operator's lines by mode, and how many vehicles and stops they have."""

    operator: str
    lines: dict[str, list[str]]
    vehicles: int                   # of one line
    stops: int


SOCIAL = {"ordinary": 22, "social": 53, "student": 10, "elder": 13, "disabled": 2}
MIXED = {"ordinary": 60, "social": 14, "student": 11, "elder": 13, "disabled": 2}

CITIES = (
    City("5810", 300, MIXED, {"gz-bus": 40, "gz-metro": 60}),
    City("5840", 300, MIXED, {"sz-bus": 40, "sz-metro": 60}),
    City("5850", 60, MIXED, {"zh-bus": 100}),
    City("5880", 120, MIXED, {"fs-bus": 55, "fs-metro": 45}),
    City("6030", 110, SOCIAL, {"zs-bus": 100}),
    City("6410", 90, SOCIAL, {"hk-bus": 100}),
    City("3760", 20, SOCIAL, {"hs-bus": 100}),
)


def _numbered(count: int) -> list[str]:
    return [str(number + 1) for number in range(count)]


BUSES = (
    BusLines("gz-bus", {"bus": _numbered(300)}, 12, 600),
    BusLines("sz-bus", {"bus": [*_numbered(280), "E4", "E24", "332", "M433"]}, 12, 600),
    BusLines("zh-bus", {"bus": _numbered(80)}, 8, 200),
    BusLines("fs-bus", {"bus": [str(number) for number in range(101, 171)]}, 8, 250),
    BusLines("zs-bus", {"bus": _numbered(90), "brt": ["B1", "B2", "B3"]}, 8, 250),
    BusLines("hk-bus", {"bus": _numbered(70)}, 8, 200),
    BusLines("hs-bus", {"bus": _numbered(66)}, 3, 150),
)

# Metro operators by the stops that their riders board at: those whose code begins so.
BOARDING = {
    "gz-metro": ("01", "02", "03", "31"),
    "fs-metro": ("42", "60"),
    "sz-metro": ("",),
}
# Stops at which another operator of the system has the gates.
GATES = {"fs-metro": ("42",)}
