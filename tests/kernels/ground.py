"""A small network that fare tables are compiled for, and rides priced by them.

A railway of stops a to e (e is on its own), and two bus companies in two cities.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from ext import records
from ext.clearing.pricing import price_rides
from ext.clearing.tables import PricingTables
from ext.codes import Cause, Code, RideState
from fare_tables.compile.numbering import number_names
from fare_tables.compile.tables import CompiledTables, compile_tables
from fare_tables.model import Table
from network.folder import NetworkFolder
from network.model import NetworkFile
from network.names import Names
from network.network import Network
from tests.kernels.cases import Records, dirty, legs_of, records_of

STOPS = ("a", "b", "c", "d", "e")
# a - b - c - d in a line, and a shorter way from a to d round the back.
LINKS = "from,to,metres\na,b,1000\nb,c,2000\nc,d,3000\na,d,2500\n"
LINES = ("1", "2", "3")        # of the bus: 1 is express, 2 goes at night
# Along line 1; on a loop back to its beginning along line 3.
LINE_STOPS = "line,stop,metres\n1,p,0\n1,q,4000\n1,r,12000\n1,s,21000\n3,p,500\n3,q,9500\n"
MEMBERS = ("metro", "bus", "szbus", "gz-card", "sz-card", "finance", "civil", "sponsor")
NAMES = {"mode": ("metro", "bus"), "medium": ("card", "qr"),
         "card_kind": ("adult", "student", "senior")}
MODEL = {
    "network": "small", "title": "", "time_zone": "UTC", "day_starts_at": datetime.time(),
    "taps_from": datetime.date(2024, 1, 1), "calendar": "mainland", "modes": NAMES["mode"],
    "media": NAMES["medium"], "card_kinds": NAMES["card_kind"],
    "province": [{"code": "gd", "name": ""}],
    "city": [{"code": city, "name": "", "province": "gd"} for city in ("gz", "sz")],
    "issuer": [{"code": f"{city}-card", "name": "", "city": city} for city in ("gz", "sz")],
    "funder": [{"code": code, "name": "", "city": "gz"} for code in MEMBERS[5:]],
}
ACCUMULATORS = [
    {"accumulator": "month"}, {"accumulator": "today", "period": "day", "counts": "due"},
    {"accumulator": "week", "period": "week"},
    {"accumulator": "year", "period": "year", "counts": "rides"},
    {"accumulator": "seven", "period": "days", "days": 7},
    {"accumulator": "credit", "counts": "credit"},
    {"accumulator": "uses", "counts": "rides"}]
DAY = 20_000            # 2024-10-04
NOON = DAY * 86_400 + 43_200


class Outcome(NamedTuple):
    """What pricing made of rides of one card."""

    codes: list[str]
    charges: Records
    rides: Records
    state: Records
    accumulators: Records
    names: Names

    @property
    def due(self) -> list[int]:
        return [int(due) for due in self.charges["due"]]

    @property
    def price(self) -> list[int]:
        return [int(price) for price in self.charges["price"]]

    def legs(self, ride: int = 0) -> list[tuple[str, str, str, int]]:
        """Cause, row, funder and amount of what was taken off a ride; its fare's leg is right."""
        row = self.charges[ride]
        fare, *discounts = legs_of(row)
        owner = int(self.rides["operator"][ride])
        assert fare == (Cause.FARE, row["rule"], self.rides["issuer"][ride], owner, row["paid"])
        assert all(creditor == owner for _, _, _, creditor, _ in discounts)
        return [(Cause(cause).name.lower(), self.names.code("rule", rule),
                 self.names.code("member", funder), amount)
                for cause, rule, funder, _, amount in discounts]


def make_names() -> Names:
    """The dictionary: members, modes, media, card kinds and stops in the order above."""
    names = Names()
    for member in MEMBERS:
        names.number("member", member)
    for kind, codes in NAMES.items():
        for code in codes:
            names.number(kind, code)
    for stop in STOPS:
        names.number("stop", stop, "rail")
    for line in LINES:
        names.number("line", line, "bus")
    return names


def make_network(folder: Path, *, links: str | None = LINKS, stops: Sequence[str] | None = STOPS,
                 operators: Sequence[dict[str, Any]] = ()) -> Network:
    """The network, its stops and links as files in the folder, and maybe more operators."""
    for name, text in (("links.csv", links), ("line-stops.csv", LINE_STOPS),
                       ("stops.csv", None if stops is None else stops_text(stops))):
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    metro = {"system": "rail", "links": None if links is None else "links.csv",
             "stops": "any" if stops is None else "stops.csv"}
    model = {
        **MODEL, "accumulator": ACCUMULATORS,
        "operator": [
            make_operator("metro", modes=["metro"], **metro),
            make_operator("bus", line_stops="line-stops.csv"),
            make_operator("szbus", city="sz", on_variance="hold",
                          charged_by={"card": "validator", "default": "engine"}),
            *operators],
        "line_class": [{"line_class": "express", "operators": ["bus"], "lines": ["1"]},
                       {"line_class": "night", "operators": ["bus"], "lines": ["2"]}],
        "day": [{"date": datetime.date(2024, 10, 15), "is_a": "holiday"}]}
    return Network(msgspec.convert(model, NetworkFile), NetworkFolder(folder))


def make_operator(code: str, **changes: Any) -> dict[str, Any]:
    """An operator of Guangzhou whose engine charges."""
    return {"code": code, "name": code, "city": "gz", "modes": ["bus"],
            "charged_by": {"default": "engine"}, **changes}


def stops_text(stops: Sequence[str]) -> str:
    """A list of stops as a file."""
    return "stop,name\n" + "".join(f"{stop},{stop}\n" for stop in stops)


def compile_for(network: Network, *tables: Table, names: Names | None = None) -> CompiledTables:
    """Tables compiled in the numbers of the dictionary above."""
    return compile_tables(tables, number_names(network, tables, names or make_names()))


def make_table(operator: str = "bus", **changes: Any) -> Table:
    """A table of one operator: 2.00 flat since 1970, unless told otherwise."""
    if isinstance(changes.get("fare"), dict):
        changes["fare"] = [changes["fare"]]
    return msgspec.convert({
        "table": f"{operator}-table", "title": "", "city": "gz", "operators": [operator],
        "legal_basis": "", "source": "", "in_force_from": datetime.date(1970, 1, 1),
        "fare": [{"rule": "flat", "basis": "flat", "amount": 200}], **changes,
    }, Table)


def make_ride(operator: str = "bus", **changes: Any) -> dict[str, Any]:
    """A ride of one adult's Guangzhou card at noon; stops by letter."""
    ride: dict[str, Any] = {
        "card_lo": 1, "operator": 1 + MEMBERS.index(operator), "issuer": 4,
        "mode": 1 if operator == "metro" else 2, "medium": 1, "card_kind": 1,
        "state": RideState.COMPLETE if operator == "metro" else RideState.SINGLE_TAP,
        "started_at": NOON, "ended_at": NOON, "service_day": DAY, **changes}
    for name in ("from_stop", "to_stop"):
        if isinstance(ride.get(name), str):
            ride[name] = 1 + STOPS.index(ride[name])
    return ride


def new_states(*cards: int, chains: int = 1) -> Records:
    """States of cards that have no ride to transfer from, one for each chain."""
    return records_of([{"card_lo": card, "transfers": 255, "chain": chain}
                       for card in cards for chain in range(chains)], records.CARD_STATE)


def price(folder: Path, tables: Sequence[Table], *rides: dict[str, Any],
          states: Records | None = None, before: Records | None = None) -> Outcome:
    """Rides priced in the order given."""
    names = make_names()
    compiled = compile_for(make_network(folder), *tables, names=names)
    return price_by(PricingTables(**compiled), names, *rides, states=states, before=before)


def price_by(pricing_tables: PricingTables, names: Names, *rides: dict[str, Any],
             states: Records | None = None, before: Records | None = None) -> Outcome:
    """The same with tables that are compiled already."""
    rows = records_of(rides, records.RIDE)
    state = new_states(1, chains=pricing_tables.chains) if states is None else states.copy()
    before = np.zeros(0, records.ACCUMULATOR) if before is None else before
    charges = dirty(len(rows), records.CHARGE)
    after = dirty(len(before) + len(rows) * pricing_tables.counts_to_most, records.ACCUMULATOR)
    kept, refused = price_rides(pricing_tables, rows, state, before, charges, after)
    codes = [Code(int(code)).name for code in charges["code"]]
    assert refused == len(codes) - codes.count("OK")
    return Outcome(codes, charges, rows, state, after[:kept], names)
