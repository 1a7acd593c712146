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

from clearing.reference.world import World
from fare_tables.model import Table
from network.folder import LineStops, Matrix, NetworkFolder
from network.model import NetworkFile
from tests.properties.choices import Choices
from tests.properties.rows import (
    KINDS,
    LINE_CLASSES,
    STOP_SETS,
    list_discounts,
    list_fares,
    timeframes,
)

FIRST_DAY = datetime.date(2025, 1, 1)
SUMMER_TIME = "Europe/Helsinki"       # clocks are put forward, and back
NEW_TABLES = datetime.date(2025, 6, 1)      # where a table has a second version
ZONES = ("1", "2")
RAIL_STOPS = ("S1", "S2", "S3", "S4", "S5")
BUS_STOPS = ("X1", "X2", "X3")
MODES = ("metro", "bus")
CARD_KINDS = ("adult", "student", "senior")
MEDIA = ("card", "qr", "face")
LINES = ("L1", "L2")
AMOUNTS = (200, None, 250, None, 0, 300, 455, None)        # in matrices: of fares, and of metres
METRES = (900, None, 4099, None, 0, 1000, 12_000, 2500)
PREFIXES = ("51", "52", "00")               # of the issuers' cards

# By default, and cards.
CHARGED_BY = ({"default": "engine"}, {"default": "validator"},
              *({"default": one, "card": other} for one in ("engine", "validator")
                for other in ("validator", "engine")))
WITH_ONE_BEFORE = ("day", "week")
PERIODS = ("month", "day", "week", "year", "days")

ROUNDINGS = ("half_up", "half_even", "down", "up")

Matrices = dict[tuple[str, str], Matrix]

# The province of each city.
PLACES = (("P1", "P2"), ("P1", "P1"), ("P1", "P1", "P2"), ("P1", "P2", "P3"),
          ("P1", "P1", "P2", "P3"))


def worlds(draw: Choices, *, chains: bool = False) -> World:
    """Any network, ready for the plain engine; or one whose rides give transfers."""
    network = _networks(draw)
    links, new_links = _links(draw), _links(draw)
    tables: list[Table] = []
    matrices: Matrices = {}
    for operators in _table_groups(draw, network):
        tables += _tables_of(draw, network, operators, matrices, chains)
    return World(
        model=network, tables=tables,
        folder=NetworkFolder(
            stops={"rail-stops.csv": {stop: f"station {stop}" for stop in RAIL_STOPS},
                   "bus-stops.csv": {stop: f"stop {stop}" for stop in BUS_STOPS}},
            links={"rail-links.csv": links, "new-links.csv": new_links}, matrices=matrices,
            line_stops={f"{age}{kind}-lines.csv": _line_stops(draw, stops) for age in ("", "new-")
                        for kind, stops in (("rail", RAIL_STOPS), ("bus", BUS_STOPS))},
            zones={"zones.csv": _zones(draw)},
        ),
    )


def list_stops(world: World, operator: str) -> tuple[str, ...]:
    """The stops at which taps of an operator are drawn."""
    return BUS_STOPS if world.operators[operator].links is None else RAIL_STOPS


def _networks(draw: Choices) -> NetworkFile:
    places = draw.pick(PLACES)
    cities = [f"C{n}" for n in range(1, len(places) + 1)]
    fields: dict[str, Any] = {
        "network": "drawn", "title": "", "taps_from": FIRST_DAY,
        "time_zone": draw.pick(["Asia/Shanghai", "Asia/Jakarta", SUMMER_TIME]),
        "day_starts_at": draw.pick([datetime.time(4), datetime.time(0, 0)]),
        "modes": MODES, "card_kinds": CARD_KINDS, "media": MEDIA,
        "ride_limit_s": draw.pick([7200, 4 * 3600]),
        "clock_tolerance_s": draw.pick([120, 120, 0, 1900]),
        "province": [{"code": code, "name": code} for code in sorted({*places, "P2"})],
        "city": [{"code": code, "name": code, "province": province}
                 for code, province in zip(cities, places, strict=True)],
        "operator": _operators(draw, cities),
        "issuer": [{"code": f"I{n}", "name": "", "city": draw.pick(cities),
                    "card_prefixes": [prefix]} for n, prefix in enumerate(PREFIXES, 1)],
        "funder": [{"code": code, "name": "", "city": draw.pick(cities)}
                   for code in ("F1", "F2")],
        "centre": [{"code": "K1", "name": "", "city": cities[-1]},
                   {"code": "K2", "name": "", "province": "P1"}, {"code": "K3", "name": ""}],
        "agreement": _agreements(draw),
        "no_agreement": draw.pick(["no_fees", "no_fees", "no_fees", "hold"]),
        "agreements_overlap": draw.pick(["first", "first", "hold"]),
        "accumulator": [
            {"accumulator": code, **_period(draw), "counts": draw.pick(counts)}
            for code, counts in (("A1", ["paid", "due"]), ("A2", ["due", "paid"]),
                                 ("R1", ["rides"]), ("U1", ["rides"]),
                                 ("R2", ["rides"]), ("D1", ["due"]))
            ] + [{"accumulator": f"{code}-{period}", "period": period, "counts": counts}
                 for period in WITH_ONE_BEFORE for code, counts in (
                     ("B", "due"), ("N", "rides"), ("C", "credit"))],
        "line_class": [{"line_class": code, "operators": draw.pick(
            [["B1"], ["R1"], ["B1", "R1"]]), "lines": draw.pick([["L1"], ["L2"]])}
            for code in LINE_CLASSES],
        "calendar": draw.pick(["mainland", "own"]),
        "day": draw.pick([[], [{"date": datetime.date(2025, 5, 6), "is_a": "holiday"},
                                          {"date": datetime.date(2025, 6, 1),
                                           "is_a": "workday"}]]),
    }
    return msgspec.convert(fields, NetworkFile)


def _period(draw: Choices) -> dict[str, Any]:
    period = draw.pick(PERIODS)
    return {"period": period, **({"days": draw.pick([2, 1, 7])} if period == "days" else {})}


def _operators(draw: Choices, cities: list[str]) -> list[dict[str, Any]]:
    rail = {"system": "rail", "stops": "rail-stops.csv", "links": "rail-links.csv",
            "line_stops": "rail-lines.csv"}
    bus: dict[str, Any] = {"stops": draw.pick(["any", "bus-stops.csv"]),
                           "line_stops": "bus-lines.csv"}
    shapes: list[tuple[str, dict[str, Any]]] = [("R1", rail), ("B1", bus)]
    shapes += [("R2", rail)] if draw.pick([False, True, True]) else []
    shapes += [("B2", bus)] if draw.flip() else []
    return [
        {"code": code, "name": "", "city": draw.pick(cities),
         "modes": draw.pick([["metro"], ["metro", "bus"]] if shape is rail
                                       else [["bus"], ["bus", "metro"]]),
         "charged_by": draw.pick(CHARGED_BY),
         "on_variance": draw.pick(["report", "hold"]), **shape}
        for code, shape in shapes
    ]


def _agreements(draw: Choices) -> list[dict[str, Any]]:
    ppm = (0, 3_000, 10_000, 123_456)
    cleared = {"city": "K1", "province": "K2", "nation": "K3"}
    agreements: list[dict[str, Any]] = []
    for between, centre in cleared.items():
        if draw.pick([True, True, False]):
            agreement = {"agreement": f"G-{between}", "between": between,
                         "issuer_ppm": draw.pick(ppm)}
            if draw.pick([True, True, False]):
                agreement |= {"centre": centre, "clearing_ppm": draw.pick(ppm),
                              "clearing_per_ride": draw.pick([0, 0, 3]),
                              "clearing_least": draw.pick([0, 0, 2])}
            else:       # with three fees there is no room for four discounts
                agreement |= {"acquirer": "K2", "acquirer_per_ride": draw.pick([1, 2]),
                              "acquirer_most": draw.pick([1, None])}
            agreement |= draw.pick([{}, {"rounding": draw.pick(ROUNDINGS), "issuer_most": 2}])
            if agreement.get("rounding") == "up":       # of one share only: two are refused
                agreement["clearing_ppm"] = 0
            agreements.append(agreement)
    # Beside one of those, or where none of them is.
    agreements += draw.pick([[], [], [{"agreement": "G-qr", "media": ["qr"], "issuer_ppm": 7_000,
                                       "in_force_from": datetime.date(2025, 6, 2)}]])
    return agreements


def _links(draw: Choices) -> dict[str, dict[str, int]]:
    """A line of stations, now and then broken, with some ways across."""
    metres = (1, 999, 1000, 1500, 2000, 5000)
    links: dict[str, dict[str, int]] = {stop: {} for stop in RAIL_STOPS}
    for here, there in (*pairwise(RAIL_STOPS), ("S1", "S4"), ("S2", "S5")):
        if draw.pick([True, True, True, False]):
            links[here][there] = links[there][here] = draw.pick(metres)
    return {stop: near for stop, near in links.items() if near}


def _table_groups(draw: Choices, network: NetworkFile) -> list[list[str]]:
    """Operators that have tables, those that share one together; now and then one has none."""
    codes = [operator.code for operator in network.operator]
    together = [code for code in codes if code.startswith("R")]
    groups = [[code] for code in codes]
    if len(together) > 1 and draw.flip():
        groups = [together, *([code] for code in codes if code not in together)]
    return [group for group in groups if draw.pick([True] * 9 + [False])]


def _tables_of(
    draw: Choices, network: NetworkFile, operators: list[str],
    matrices: Matrices, chains: bool,
) -> list[Table]:
    """The tables of some operators: one, two versions, one by line or one by mode."""
    split = "one" if chains else draw.pick(
        ["one", "versions", "line", "mode", "versions", "late"])
    before: dict[str, Any] = {"in_force_until": NEW_TABLES - datetime.timedelta(days=1)}
    parts: list[dict[str, Any]] = {
        "one": [{}],
        "versions": [before, {"in_force_from": NEW_TABLES}],
        "line": [{}, {"lines": ["L1"]}],
        "mode": [{"modes": ["bus"]}, {"modes": ["metro"]}],
        "late": [{"in_force_from": NEW_TABLES}],
    }[split]
    return [_tables(draw, network, operators, split, n, part, matrices, chains)
            for n, part in enumerate(parts)]


def _tables(
    draw: Choices, network: NetworkFile, operators: list[str], split: str, n: int,
    part: dict[str, Any], matrices: Matrices, chains: bool,
) -> Table:
    name = f"T-{operators[0]}" if split == "versions" else f"T-{operators[0]}-{n}"
    rail = operators[0].startswith("R")
    rows = list_fares(draw, network, rail=rail, chains=chains)
    discounts = list_discounts(draw, network, [row["rule"] for row in rows], chains=chains)
    fields: dict[str, Any] = {
        "table": name, "title": "", "legal_basis": "", "source": "",
        "operators": operators, "in_force_from": FIRST_DAY,
        "city": draw.pick([city.code for city in network.city]),
        "fare": rows,
        "order": draw.shuffled(KINDS),
        "best": [kind for kind in ("concession", "promotion", "transfer", "tier")
                 if draw.pick([False, False, True])],
        "counts_to": [*draw.pick([["A1", "R1"], ["A1", "A2"], [], ["A2", "R1"]]),
                      *draw.pick([["B-day", "N-day"]] * 3 + [["B-week", "N-week"]])],
        "timeframe": timeframes(draw),
        "stop_sets": {code: draw.distinct(RAIL_STOPS if rail else BUS_STOPS, 1, 3)
                      for code in STOP_SETS},
        **discounts, **part,
    }
    if draw.flip():
        fields["companion_within_s"] = draw.pick([600, 1, 240])
    for row in [*rows[:-1], *(row for kind in KINDS for row in discounts.get(kind, ()))]:
        if len(operators) > 1 and draw.pick([False, False, True]):
            row[draw.pick(["operators", "not_operators"])] = [draw.pick(operators)]
    for place, row in enumerate(rows):
        if row["basis"] in ("od", "zone") or row.get("distance") == "pairs":
            row["matrix"] = f"{row['basis']}-{operators[0]}-{n}.csv"
            row["column"] = f"column-{place}"
            matrices[row["matrix"], row["column"]] = _matrices(
                draw, ZONES if row["basis"] == "zone" else RAIL_STOPS,
                METRES if row["basis"] == "distance" else AMOUNTS)
    if draw.flip():
        fields["order"] = [kind for kind in fields["order"] if fields.get(kind)]
    return msgspec.convert(fields, Table)


def _matrices(
    draw: Choices, names: tuple[str, ...], amounts: tuple[int | None, ...]
) -> Matrix:
    """Fares, or metres, of more than half of the pairs."""
    found = {(one, other): draw.pick(amounts) for one in names for other in names}
    return {pair: amount for pair, amount in found.items() if amount is not None}


def _line_stops(draw: Choices, stops: tuple[str, ...]) -> LineStops:
    """Both lines, or one, with most of the stops along each."""
    lines = draw.pick([LINES, LINES, LINES[:1]])
    metres = (0, 1000, 1001, 2500, 12_000)
    return {line: {stop: draw.pick(metres) for stop in stops if draw.pick([True] * 4
                                                                               + [False])}
            for line in lines}


def _zones(draw: Choices) -> dict[str, str]:
    """Both zones, and most of the stops in one."""
    first, *others, last = RAIL_STOPS
    found = {stop: draw.pick((*ZONES, *ZONES, "")) for stop in others}
    return {first: ZONES[0], **{stop: zone for stop, zone in found.items() if zone}, last: ZONES[1]}


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
    fields = msgspec.to_builtins(struct, builtin_types=(
        datetime.date, datetime.time, datetime.datetime))
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
