"""Random small networks, and the folder that each can be written to.

Two or three provinces, two to four cities, a rail system that one or two operators run, one or two
bus operators, and tables that use everything a table can say. What no linter would let pass is
left out: bands that end, more than four shares on a ride, two tables for the same ride.
"""

from __future__ import annotations

import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from clearing.reference.world import World
from fare_tables.model import Table
from network.folder import LineStops, Matrix, NetworkFolder
from network.model import NetworkFile
from tests.properties.rows import (
    KINDS,
    LINE_CLASSES,
    STOP_SETS,
    list_discounts,
    list_fares,
    timeframes,
)

FIRST_DAY = datetime.date(2025, 1, 1)
NEW_TABLES = datetime.date(2025, 6, 1)      # where a table has a second version
ZONES = ("1", "2")
RAIL_STOPS = ("S1", "S2", "S3", "S4", "S5")
BUS_STOPS = ("X1", "X2", "X3")
MODES = ("metro", "bus")
CARD_KINDS = ("adult", "student", "senior")
MEDIA = ("card", "qr", "face")
LINES = ("L1", "L2")
PREFIXES = ("51", "52", "00")               # of the issuers' cards

PERIODS = st.sampled_from(["month", "day", "week", "year"])

Matrices = dict[tuple[str, str], Matrix]

# The province of each city.
PLACES = (("P1", "P2"), ("P1", "P1"), ("P1", "P1", "P2"), ("P1", "P2", "P3"),
          ("P1", "P1", "P2", "P3"))


@st.composite
def worlds(draw: st.DrawFn, *, chains: bool = False) -> World:
    """Any network, ready for the plain engine; or one whose rides give transfers."""
    network = draw(_networks())
    links = draw(_links())
    tables: list[Table] = []
    matrices: Matrices = {}
    for operators in draw(_table_groups(network)):
        tables += draw(_tables_of(network, operators, matrices, chains))
    return World(
        model=network, tables=tables,
        folder=NetworkFolder(
            stops={"rail-stops.csv": {stop: f"station {stop}" for stop in RAIL_STOPS},
                   "bus-stops.csv": {stop: f"stop {stop}" for stop in BUS_STOPS}},
            links={"rail-links.csv": links}, matrices=matrices,
            line_stops={"rail-lines.csv": draw(_line_stops(RAIL_STOPS)),
                        "bus-lines.csv": draw(_line_stops(BUS_STOPS))},
            zones={"zones.csv": draw(_zones)},
        ),
    )


def list_stops(world: World, operator: str) -> tuple[str, ...]:
    """The stops at which taps of an operator are drawn."""
    return BUS_STOPS if world.operators[operator].links is None else RAIL_STOPS


@st.composite
def _networks(draw: st.DrawFn) -> NetworkFile:
    places = draw(st.sampled_from(PLACES))
    cities = [f"C{n}" for n in range(1, len(places) + 1)]
    fields: dict[str, Any] = {
        "network": "drawn", "title": "", "taps_from": FIRST_DAY,
        "time_zone": draw(st.sampled_from(["Asia/Shanghai", "Asia/Jakarta"])),
        "day_starts_at": draw(st.sampled_from([datetime.time(4), datetime.time(0, 0)])),
        "modes": MODES, "card_kinds": CARD_KINDS, "media": MEDIA,
        "ride_limit_s": draw(st.sampled_from([7200, 4 * 3600])),
        "clock_tolerance_s": draw(st.sampled_from([120, 120, 0, 1900])),
        "province": [{"code": code, "name": code} for code in sorted({*places, "P2"})],
        "city": [{"code": code, "name": code, "province": province}
                 for code, province in zip(cities, places, strict=True)],
        "operator": draw(_operators(cities)),
        "issuer": [{"code": f"I{n}", "name": "", "city": draw(st.sampled_from(cities)),
                    "card_prefixes": [prefix]} for n, prefix in enumerate(PREFIXES, 1)],
        "funder": [{"code": code, "name": "", "city": draw(st.sampled_from(cities))}
                   for code in ("F1", "F2")],
        "centre": [{"code": "K1", "name": "", "city": cities[-1]},
                   {"code": "K2", "name": "", "province": "P1"}, {"code": "K3", "name": ""}],
        "agreement": draw(_agreements()),
        "accumulator": [
            {"accumulator": code, "period": draw(PERIODS), "counts": draw(st.sampled_from(counts))}
            for code, counts in (("A1", ["paid", "due"]), ("A2", ["due", "paid"]),
                                 ("R1", ["rides"]), ("U1", ["rides"]))],
        "line_class": [{"line_class": code, "operators": draw(st.sampled_from(
            [["B1"], ["R1"], ["B1", "R1"]])), "lines": draw(st.sampled_from([["L1"], ["L2"]]))}
            for code in LINE_CLASSES],
        "calendar": draw(st.sampled_from(["mainland", "own"])),
        "day": draw(st.sampled_from([[], [{"date": datetime.date(2025, 5, 6), "is_a": "holiday"},
                                          {"date": datetime.date(2025, 6, 1),
                                           "is_a": "workday"}]])),
    }
    return msgspec.convert(fields, NetworkFile)


@st.composite
def _operators(draw: st.DrawFn, cities: list[str]) -> list[dict[str, Any]]:
    charged_by = st.fixed_dictionaries(
        {"default": st.sampled_from(["engine", "validator"])},
        optional={"card": st.sampled_from(["validator", "engine"])})
    rail = {"system": "rail", "stops": "rail-stops.csv", "links": "rail-links.csv",
            "line_stops": "rail-lines.csv"}
    bus: dict[str, Any] = {"stops": draw(st.sampled_from(["any", "bus-stops.csv"])),
                           "line_stops": "bus-lines.csv"}
    shapes: list[tuple[str, dict[str, Any]]] = [("R1", rail), ("B1", bus)]
    shapes += [("R2", rail)] if draw(st.sampled_from([False, True, True])) else []
    shapes += [("B2", bus)] if draw(st.booleans()) else []
    return [
        {"code": code, "name": "", "city": draw(st.sampled_from(cities)),
         "modes": draw(st.sampled_from([["metro"], ["metro", "bus"]] if shape is rail
                                       else [["bus"], ["bus", "metro"]])),
         "charged_by": draw(charged_by),
         "on_variance": draw(st.sampled_from(["report", "hold"])), **shape}
        for code, shape in shapes
    ]


@st.composite
def _agreements(draw: st.DrawFn) -> list[dict[str, Any]]:
    ppm = st.sampled_from([0, 3_000, 10_000, 123_456])
    cleared = {"city": "K1", "province": "K2", "nation": "K3"}
    agreements: list[dict[str, Any]] = []
    for between, centre in cleared.items():
        if draw(st.sampled_from([True, True, False])):
            agreement = {"agreement": f"G-{between}", "between": between, "issuer_ppm": draw(ppm)}
            if draw(st.sampled_from([True, True, False])):
                agreement |= {"centre": centre, "clearing_ppm": draw(ppm)}
            agreements.append(agreement)
    return agreements


@st.composite
def _links(draw: st.DrawFn) -> dict[str, dict[str, int]]:
    """A line of stations, now and then broken, with some ways across."""
    metres = st.sampled_from([1, 999, 1000, 1500, 2000, 5000])
    links: dict[str, dict[str, int]] = {stop: {} for stop in RAIL_STOPS}
    for here, there in (*pairwise(RAIL_STOPS), ("S1", "S4"), ("S2", "S5")):
        if draw(st.sampled_from([True, True, True, False])):
            links[here][there] = links[there][here] = draw(metres)
    return {stop: near for stop, near in links.items() if near}


@st.composite
def _table_groups(draw: st.DrawFn, network: NetworkFile) -> list[list[str]]:
    """Operators that have tables, those that share one together; now and then one has none."""
    codes = [operator.code for operator in network.operator]
    together = [code for code in codes if code.startswith("R")]
    groups = [[code] for code in codes]
    if len(together) > 1 and draw(st.booleans()):
        groups = [together, *([code] for code in codes if code not in together)]
    return [group for group in groups if draw(st.sampled_from([True] * 9 + [False]))]


@st.composite
def _tables_of(
    draw: st.DrawFn, network: NetworkFile, operators: list[str],
    matrices: Matrices, chains: bool,
) -> list[Table]:
    """The tables of some operators: one, two versions, one by line or one by mode."""
    split = "one" if chains else draw(
        st.sampled_from(["one", "versions", "line", "mode", "versions", "late"]))
    before: dict[str, Any] = {"in_force_until": NEW_TABLES - datetime.timedelta(days=1)}
    parts: list[dict[str, Any]] = {
        "one": [{}],
        "versions": [before, {"in_force_from": NEW_TABLES}],
        "line": [{}, {"lines": ["L1"]}],
        "mode": [{"modes": ["bus"]}, {"modes": ["metro"]}],
        "late": [{"in_force_from": NEW_TABLES}],
    }[split]
    return [draw(_tables(network, operators, split, n, part, matrices, chains))
            for n, part in enumerate(parts)]


@st.composite
def _tables(
    draw: st.DrawFn, network: NetworkFile, operators: list[str], split: str, n: int,
    part: dict[str, Any], matrices: Matrices, chains: bool,
) -> Table:
    name = f"T-{operators[0]}" if split == "versions" else f"T-{operators[0]}-{n}"
    rail = operators[0].startswith("R")
    rows = draw(list_fares(network, rail=rail, chains=chains))
    discounts = draw(list_discounts(network, [row["rule"] for row in rows], chains=chains))
    fields: dict[str, Any] = {
        "table": name, "title": "", "legal_basis": "", "source": "",
        "operators": operators, "in_force_from": FIRST_DAY,
        "city": draw(st.sampled_from([city.code for city in network.city])),
        "fare": rows,
        "order": draw(st.permutations(KINDS)),
        "best": [kind for kind in ("concession", "promotion", "transfer", "tier")
                 if draw(st.sampled_from([False, False, True]))],
        "counts_to": draw(st.sampled_from([["A1", "R1"], ["A1", "A2"], [], ["A2", "R1"]])),
        "timeframe": draw(timeframes()),
        "stop_sets": {code: draw(st.lists(st.sampled_from(RAIL_STOPS if rail else BUS_STOPS),
                                          min_size=1, max_size=3, unique=True))
                      for code in STOP_SETS},
        **discounts, **part,
    }
    if draw(st.booleans()):
        fields["companion_within_s"] = draw(st.sampled_from([600, 1, 240]))
    for place, row in enumerate(rows):
        if row["basis"] in ("od", "zone"):
            row["matrix"] = f"{row['basis']}-{operators[0]}-{n}.csv"
            row["column"] = f"column-{place}"
            names = RAIL_STOPS if row["basis"] == "od" else ZONES
            matrices[row["matrix"], row["column"]] = draw(_matrices(names))
    if draw(st.booleans()):
        fields["order"] = [kind for kind in fields["order"] if fields.get(kind)]
    return msgspec.convert(fields, Table)


def _matrices(names: tuple[str, ...]) -> st.SearchStrategy[Matrix]:
    name = st.sampled_from(names)
    amount = st.sampled_from([0, 200, 250, 300, 455])
    least = len(names) * len(names) // 2
    return st.dictionaries(st.tuples(name, name), amount, min_size=least)


@st.composite
def _line_stops(draw: st.DrawFn, stops: tuple[str, ...]) -> LineStops:
    """Both lines, or one, with most of the stops along each."""
    lines = draw(st.sampled_from([LINES, LINES, LINES[:1]]))
    metres = st.sampled_from([0, 1000, 1001, 2500, 12_000])
    return {line: {stop: draw(metres) for stop in stops if draw(st.sampled_from([True] * 4
                                                                               + [False]))}
            for line in lines}


_zones = st.dictionaries(st.sampled_from(RAIL_STOPS), st.sampled_from(ZONES), min_size=3).filter(
    lambda zones: set(zones.values()) == set(ZONES))


def write_world(folder: Path, world: World) -> None:
    """Leave the network in a folder, as its authors would have written it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.toml").write_text(to_toml(world.model), "utf-8")
    for n, table in enumerate(world.tables):
        (folder / f"table-{n:02}.toml").write_text(to_toml(table), "utf-8")
    for name, stops in world.folder.stops.items():
        _write_csv(folder / name, "stop,name", stops.items())
    for name, links in world.folder.links.items():
        _write_csv(folder / name, "from,to,metres", (
            (here, there, metres) for here, near in links.items()
            for there, metres in near.items() if here < there))
    for name, lines in world.folder.line_stops.items():
        _write_csv(folder / name, "line,stop,metres", (
            (line, stop, metres) for line, stops in lines.items()
            for stop, metres in stops.items()))
    for name, zones in world.folder.zones.items():
        _write_csv(folder / name, "stop,zone", zones.items())
    for name in {name for name, _ in world.folder.matrices}:
        columns = {column: matrix for (file, column), matrix in world.folder.matrices.items()
                   if file == name}
        pairs = dict.fromkeys(pair for matrix in columns.values() for pair in matrix)
        _write_csv(folder / name, ",".join(["from", "to", *columns]), (
            (*pair, *(matrix.get(pair, "") for matrix in columns.values())) for pair in pairs))


def _write_csv(path: Path, header: str, rows: Any) -> None:
    lines = [header, *(",".join(str(value) for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def to_toml(struct: msgspec.Struct) -> str:
    """A struct as TOML; what is None is left out."""
    fields = msgspec.to_builtins(struct, builtin_types=(datetime.date, datetime.time))
    return "".join(f"{key} = {_value(value)}\n" for key, value in fields.items()
                   if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        inside = (f"{key} = {_value(one)}" for key, one in value.items() if one is not None)
        return "{ " + ", ".join(inside) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
