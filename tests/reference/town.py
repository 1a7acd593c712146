"""A small world that the golden cases share: two provinces, three cities, a few lines.

Times are written as a clerk reads them, "05-04 08:00:00", in 2026 and in Shanghai time.
Amounts are fen.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from clearing.reference.engine import clear
from clearing.reference.results import Result
from clearing.reference.state import Accumulator, Memories, State
from clearing.reference.taps import Tap
from clearing.reference.world import World
from fare_tables.model import Table
from network.folder import NetworkFolder
from network.model import NetworkFile

SHANGHAI = ZoneInfo("Asia/Shanghai")

NETWORK: dict[str, Any] = {
    "network": "town", "title": "Three cities", "time_zone": "Asia/Shanghai",
    "day_starts_at": datetime.time(4), "taps_from": datetime.date(2026, 1, 1),
    "modes": ["metro", "bus"], "card_kinds": ["adult", "student", "senior"],
    "media": ["card", "qr"], "ride_limit_s": 4 * 3600,
    "province": [{"code": "GD", "name": "广东"}, {"code": "HN", "name": "湖南"}],
    "city": [
        {"code": "gz", "name": "广州", "province": "GD"},
        {"code": "sz", "name": "深圳", "province": "GD"},
        {"code": "cs", "name": "长沙", "province": "HN"},
    ],
    "operator": [
        {"code": "metro", "name": "Metro", "city": "gz", "modes": ["metro"], "system": "rail",
         "charged_by": {"default": "engine"}, "stops": "rail.csv", "links": "rail-links.csv",
         "line_stops": "rail-lines.csv"},
        {"code": "tram", "name": "Tram", "city": "gz", "modes": ["metro"], "system": "rail",
         "charged_by": {"default": "engine"}, "stops": "rail.csv", "links": "rail-links.csv"},
        {"code": "bus", "name": "Bus", "city": "gz", "modes": ["bus"],
         "charged_by": {"card": "validator", "default": "engine"}},
        {"code": "szbus", "name": "Shenzhen bus", "city": "sz", "modes": ["bus"],
         "charged_by": {"card": "validator", "default": "engine"}, "on_variance": "hold"},
    ],
    "issuer": [
        {"code": "yct", "name": "羊城通", "city": "gz"},
        {"code": "szt", "name": "深圳通", "city": "sz"},
        {"code": "xxk", "name": "潇湘卡", "city": "cs"},
    ],
    "funder": [
        {"code": "gz-finance", "name": "广州市财政局", "city": "gz"},
        {"code": "gz-civil", "name": "广州市民政局", "city": "gz"},
    ],
    "centre": [
        {"code": "gz-centre", "name": "City centre", "city": "gz"},
        {"code": "gd-centre", "name": "Province centre", "province": "GD"},
        {"code": "cn-centre", "name": "National centre"},
    ],
    "accumulator": [
        {"accumulator": "month"},
        {"accumulator": "today", "period": "day", "counts": "due"},
        {"accumulator": "week", "period": "week"},
        {"accumulator": "seven", "period": "days", "days": 7},
        {"accumulator": "year", "period": "year"},
        {"accumulator": "trips", "counts": "rides"},
        {"accumulator": "uses", "counts": "rides"},
    ],
    "line_class": [
        {"line_class": "night", "operators": ["bus"], "lines": ["N1", "N2"]},
        {"line_class": "express", "operators": ["bus", "szbus"], "lines": ["E1"]},
    ],
}

# a - b - c - d in a line, and a shorter way from a to d round the back; e is on its own.
RAIL = {
    "a": {"b": 1000, "d": 2500}, "b": {"a": 1000, "c": 2000},
    "c": {"b": 2000, "d": 3000}, "d": {"c": 3000, "a": 2500},
}
# How far along its line each stop is; e is on no line.
RAIL_LINES = {"M": {"a": 0, "b": 1000, "c": 3000, "d": 6000}}
ZONES = {"a": "1", "b": "1", "c": "2", "d": "3"}


def make_table(operator: str = "bus", **changes: Any) -> Table:
    """A table of one operator: 2.00 flat, unless told otherwise; `fare` can be one row or many."""
    fields: dict[str, Any] = {
        "table": f"{operator}-table", "title": "", "city": "gz", "operators": [operator],
        "legal_basis": "", "source": "", "in_force_from": datetime.date(2026, 1, 1),
        "fare": {"rule": "flat", "basis": "flat", "amount": 200}, **changes,
    }
    if isinstance(fields["fare"], dict):
        fields["fare"] = [fields["fare"]]
    return msgspec.convert(fields, Table)


def make_world(*tables: Table, **changes: Any) -> World:
    """The town with these tables."""
    return World(
        model=msgspec.convert({**NETWORK, **changes}, NetworkFile),
        tables=list(tables) or [make_table()],
        folder=NetworkFolder(
            stops={"rail.csv": {stop: stop for stop in "abcde"}},
            links={"rail-links.csv": RAIL},
            line_stops={"rail-lines.csv": RAIL_LINES},
            zones={"zones.csv": ZONES},
        ),
    )


def at(text: str) -> int:
    """UTC seconds of "05-04 08:00:00" (2026, Shanghai)."""
    civil = datetime.datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M:%S")
    return int(civil.replace(tzinfo=SHANGHAI).timestamp())


def make_tap(kind: str, when: str, stop: str = "a", *, seq: int, **changes: Any) -> Tap:
    """A tap of one adult's Guangzhou card, on the metro where it is in or out, else on a bus."""
    rail = kind in ("in", "out")
    fields: dict[str, Any] = {
        "card": "5100000000000001", "card_seq": seq, "tapped_at": at(when), "kind": kind,
        "stop": stop, "operator": "metro" if rail else "bus", "mode": "metro" if rail else "bus",
        "device": "D1", "device_seq": seq, "card_kind": "adult",
        # Cards are charged by validators, who then say how much: what none says is uncollected.
        "medium": "qr" if changes.get("paid") is None else "card",
        "issuer": "yct", "file": 1, "source_line": seq + 1, **changes,
    }
    return Tap(**fields)


def run(world: World, *taps: Tap, state: State | None = None) -> Result:
    """One run over these taps."""
    return clear(world, taps, state or State())


def having(accumulators: dict[tuple[str, str, str], Accumulator]) -> State:
    """A book that has no record yet, of cards that have counted this before."""
    return State(opening=Memories(accumulators=accumulators))


def ride_metro(
    start: str, end: str, *, seq: int = 1, at: str = "05-04 08:00:00", out: str = "",
    **changes: Any,
) -> list[Tap]:
    """In at one stop and out at another, after 20 minutes unless told when."""
    way_in = make_tap("in", at, start, seq=seq, **changes)
    way_out = make_tap("out", out or at, end, seq=seq + 1, **changes)
    return [way_in, way_out if out else replace(way_out, tapped_at=way_in.tapped_at + 1200)]


def rules(result: Result) -> list[str]:
    """The fare row that set each ride's due."""
    return [charge.rule for charge in result.charges]


def codes(result: Result) -> list[str]:
    """Why each record is refused that is."""
    return [refusal.code for refusal in result.refusals]


def states(result: Result) -> list[str]:
    """The state of each ride, in the order priced."""
    return [ride.state for ride in result.rides]


def prices(result: Result) -> list[tuple[int, int]]:
    """Due and price of each ride."""
    return [(charge.due, charge.price) for charge in result.charges]


def legs(result: Result) -> list[list[tuple[str, str, int]]]:
    """Kind, funder and amount of each ride's legs."""
    return [[(leg.cause, leg.debtor, leg.amount) for leg in charge.legs[1:]]
            for charge in result.charges]
