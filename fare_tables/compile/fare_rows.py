"""Compiles fare rows: what a ride costs before any discount."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ext.codes import Basis, EdgeFare
from fare_tables.compile.arrays import Arrays, Numbers
from fare_tables.compile.conditions import compile_condition
from fare_tables.compile.distances import UNREACHED, Fares, edge_fares, fares_by_bands
from fare_tables.compile.ground import Ground, Runner
from fare_tables.compile.matrices import (
    Matrices,
    fares_by_stops,
    fares_by_zones,
    zone_edges,
    zones_of,
)
from fare_tables.model import Band, Fare, SameStation, Table
from network.files import TableError, beside, read_csv, whole_number
from network.money import AMOUNT_MAX

INT64_MAX = np.iinfo(np.int64).max
UINT32_MAX = (1 << 32) - 1
WORDS = {"lowest": EdgeFare.LOWEST, "highest": EdgeFare.HIGHEST, "terminus": EdgeFare.TERMINUS,
         "validator": EdgeFare.BY_VALIDATOR, "fare": EdgeFare.BY_BASIS}
# What each basis is written with, and with what else it may be.
KEYS = {"flat": {"amount"}, "distance": {"bands"}, "time": {"bands"}, "od": {"matrix"},
        "zone": {"matrix", "zones"}, "validator": set[str]()}


def compile_fare(fare: Fare, table: Table, system: str, ground: Ground, arrays: Arrays,
                 matrices: Matrices) -> Numbers:
    """A fare row of a table, for the operators of one system.

    Raises TableError.
    """
    _check_keys(fare)
    return {
        "rule": ground.names.number("rule", fare.rule, table.table),
        "condition": compile_condition(fare, table, ground, arrays),
        "matrix": -1, "edges": -1, "zones": -1,
        "discounts_on_incomplete": int(fare.discounts_on_incomplete),
        **_edge("missing_in", fare.missing_in), **_edge("missing_out", fare.missing_out),
        **_same_station(fare.same_station, arrays), **_overtime(fare),
        **_basis(fare, table, system, ground, arrays, matrices),
    }


def check_amount(amount: int, name: str) -> int:
    """The amount, where it is one.

    Raises TableError where it is not whole fen from 0 to AMOUNT_MAX.
    """
    if not 0 <= amount <= AMOUNT_MAX:
        raise TableError(f"{name} is {amount} fen\nwrite whole fen from 0 to {AMOUNT_MAX}")
    return amount


def check_number(number: int | None, name: str, least: int = 0) -> None:
    """Pass where a number of metres or seconds fits what rides can have.

    Raises TableError.
    """
    if number is not None and not least <= number <= UINT32_MAX:
        raise TableError(f"{name} is {number}\nwrite a number from {least} to {UINT32_MAX}")


def _check_keys(fare: Fare) -> None:
    """Each basis has its own keys, and no other's."""
    for key in ("amount", "bands", "matrix", "zones"):
        wanted = key in KEYS[fare.basis]
        if (getattr(fare, key) is not None) != wanted:
            bases = [basis for basis, keys in KEYS.items() if key in keys]
            raise TableError(f"the basis is {fare.basis!r}, and {key} is "
                             f"{'missing' if wanted else 'given'}\n"
                             f"{key} belongs to basis {' and '.join(bases)}, and only there")
    along = fare.basis == "distance" and fare.distance == "line"
    if "terminus" in (fare.missing_in, fare.missing_out) and not along:
        raise TableError("a fare to the terminus needs the line's stops\n"
                         'write basis "distance" and distance "line", or another word')
    if fare.grace_m and fare.basis != "distance":
        raise TableError('grace_m belongs to basis "distance"\nremove it')
    check_number(fare.grace_m, "grace_m")


def _edge(name: str, value: int | str) -> dict[str, int]:
    if isinstance(value, int):
        return {f"{name}_by": int(EdgeFare.FIXED), name: check_amount(value, name)}
    return {f"{name}_by": int(WORDS[value])}


def _same_station(written: int | str | list[SameStation], arrays: Arrays) -> dict[str, int]:
    steps = written if isinstance(written, list) else [
        SameStation(costs=written)]     # type: ignore[arg-type]
    first, before = len(arrays.same_stations), -1
    for place, step in enumerate(steps, 1):
        check_number(step.within_s, "within_s")
        if step.within_s is None and place < len(steps):
            raise TableError(f"step {place} of same_station holds for any time, but it is not the "
                             "last\ngive it within_s")
        if step.within_s is not None and step.within_s <= before:
            raise TableError(f"step {place} of same_station ends at {step.within_s} s, not after "
                             f"{before} s\nsteps go from short to long")
        before = step.within_s if step.within_s is not None else before
        arrays.same_stations.append({
            "within_s": UINT32_MAX if step.within_s is None else step.within_s,
            "by": int(EdgeFare.FIXED if isinstance(step.costs, int) else WORDS[step.costs]),
            "amount": check_amount(step.costs, "costs") if isinstance(step.costs, int) else 0,
        })
    return {"same_station": first, "same_station_count": len(steps)}


def _overtime(fare: Fare) -> dict[str, int]:
    if fare.overtime_after_s is None:
        if fare.overtime_add or fare.overtime_dearest:
            raise TableError("there is a charge for overtime, but no overtime_after_s\n"
                             "say after how many seconds it is due")
        return {}
    check_number(fare.overtime_after_s, "overtime_after_s", least=1)
    return {"overtime_after_s": fare.overtime_after_s,
            "overtime_add": check_amount(fare.overtime_add, "overtime_add"),
            "overtime_dearest": int(fare.overtime_dearest)}


def _basis(fare: Fare, table: Table, system: str, ground: Ground, arrays: Arrays,
           matrices: Matrices) -> dict[str, int]:
    if fare.basis == "flat":
        assert fare.amount is not None
        return {"basis": int(Basis.FLAT), "amount": check_amount(fare.amount, "amount")}
    if fare.basis == "validator":
        return {"basis": int(Basis.VALIDATOR)}
    if fare.basis in ("od", "zone"):
        return _matrix(fare, table, system, ground, arrays, matrices)
    assert fare.bands is not None
    bands = _bands(fare.bands, "s" if fare.basis == "time" else "m")
    if fare.basis == "distance" and fare.distance == "stops":
        return _stops_apart(fare, bands, table, system, ground, arrays, matrices)
    if fare.basis == "distance" and fare.distance == "line":
        _check_line_stops(table, system, ground)
    basis = {"tap": Basis.TAP_DISTANCE, "line": Basis.LINE_DISTANCE}[fare.distance] \
        if fare.basis == "distance" else Basis.DURATION
    out = {"basis": int(basis), "bands": len(arrays.bands), "bands_count": len(bands),
           "grace_m": fare.grace_m}
    arrays.bands += bands
    return out


def _bands(written: Sequence[Band], unit: str) -> list[Numbers]:
    """Bands of metres (m) or seconds (s), each with what it costs at its beginning."""
    bands: list[Numbers] = []
    reached = fare = 0
    for place, band in enumerate(written, 1):
        to, every = _band_numbers(band, place, unit)
        if to is None and place < len(written):
            raise TableError(f"band {place} has no end, but it is not the last\n"
                             f"give it to_{unit}")
        if to is not None and to <= reached:
            raise TableError(f"band {place} ends at {to} {unit}, not after {reached} {unit}\n"
                             "bands go from near to far")
        if band.amount is not None:
            fare = band.amount
        bands.append({"reached": reached, "to": INT64_MAX if to is None else to,
                      "every": every or 0, "amount": min(fare, AMOUNT_MAX + 1),
                      "add": band.add or 0})
        if every is not None and to is not None:
            fare += (band.add or 0) * -((reached - to) // every)
        reached = to if to is not None else reached
    if not bands:
        raise TableError("there are no bands\nwrite at least one")
    return bands


def _band_numbers(band: Band, place: int, unit: str) -> tuple[int | None, int | None]:
    """Where a band ends, and its steps.

    Raises TableError for a band of another unit, or that says too much or too little.
    """
    to, every = (band.to_m, band.every_m) if unit == "m" else (band.to_s, band.every_s)
    other = (band.to_s, band.every_s) if unit == "m" else (band.to_m, band.every_m)
    if other != (None, None):
        raise TableError(f"band {place} is not written in {unit}\n"
                         f"write to_{unit} and every_{unit}")
    stepped = band.add is not None and every is not None
    if (band.amount is not None) == stepped or (band.add is None) != (every is None):
        raise TableError(f"band {place} needs an amount, or every_{unit} and add\n"
                         f"write {{ to_{unit} = 4000, amount = 200 }} or "
                         f"{{ to_{unit} = 12000, every_{unit} = 4000, add = 100 }}")
    if place == 1 and band.amount is None:
        raise TableError(f"the first band needs an amount\n"
                         f"write {{ to_{unit} = 4000, amount = 200 }}")
    check_amount(band.amount or 0, "amount")
    check_amount(band.add or 0, "add")
    check_number(to, f"to_{unit}", least=1)
    check_number(every, f"every_{unit}", least=1)
    return to, every


def _runner_of(table: Table, system: str, ground: Ground) -> Runner:
    return next(runner for runner in ground.runners.values()
                if runner.system == system and runner.code in table.operators)


def _listed_stops(fare: Fare, runner: Runner) -> Sequence[str]:
    if runner.stops is None:
        raise TableError(f"basis {fare.basis!r} needs the stops of {runner.code!r}\n"
                         "name a CSV of stops for it in network.toml")
    return runner.stops


def _check_line_stops(table: Table, system: str, ground: Ground) -> None:
    for runner in ground.runners.values():
        if runner.system == system and runner.code in table.operators and not runner.line_stops:
            raise TableError(f"fares along the line need the line_stops of {runner.code!r}\n"
                             "name a CSV line,stop,metres for it in network.toml")


def _stops_apart(fare: Fare, bands: Sequence[Numbers], table: Table, system: str, ground: Ground,
                 arrays: Arrays, matrices: Matrices) -> dict[str, int]:
    """A fare for each pair of the system's stops by the way between them."""
    runner = _runner_of(table, system, ground)
    stops = _listed_stops(fare, runner)
    if runner.links is None:
        raise TableError(f"fares by distance need the links of {runner.code!r}\n"
                         "name a CSV of links for it in network.toml")
    metres = matrices.metres(runner.links, stops)
    graced = np.where(metres >= UNREACHED, metres, np.maximum(metres - fare.grace_m, 0))
    return _square(fares_by_bands(graced, bands), runner, ground, arrays)


def _square(fares: Fares, runner: Runner, ground: Ground, arrays: Arrays) -> dict[str, int]:
    """A matrix by stops, and the edges that incomplete rides need."""
    return {"basis": int(Basis.MATRIX), "matrix": arrays.add_fares(fares), "side": len(fares),
            "edges": arrays.add_fares(edge_fares(fares)), **_places(runner, ground)}


def _places(runner: Runner, ground: Ground) -> dict[str, int]:
    """Where the system's stops stand among all listed stops."""
    return {"first_stop": ground.first_stops()[runner.system], "stops": len(runner.stops or ())}


def _matrix(fare: Fare, table: Table, system: str, ground: Ground, arrays: Arrays,
            matrices: Matrices) -> dict[str, int]:
    """Fares that a CSV gives, for each pair of stops or of zones."""
    assert fare.matrix is not None
    runner = _runner_of(table, system, ground)
    stops = _listed_stops(fare, runner)
    path = beside(ground.folder, fare.matrix)
    matrix = matrices.column(path, fare.column)
    if fare.basis == "od":
        return _square(fares_by_stops(matrix, stops, path), runner, ground, arrays)
    assert fare.zones is not None
    names, zones = zones_of(beside(ground.folder, fare.zones), stops)
    fares = fares_by_zones(matrix, names, path)
    start = len(arrays.zones)
    arrays.zones += zones.tolist()
    return {"basis": int(Basis.MATRIX), "matrix": arrays.add_fares(fares), "side": len(fares),
            "edges": arrays.add_fares(zone_edges(fares, zones)), "zones": start,
            **_places(runner, ground)}


def stop_places(ground: Ground) -> npt.NDArray[np.uint32]:
    """By stop number, each listed stop's place among all of them; others have none."""
    first = ground.first_stops()
    numbers = {ground.names.number("stop", stop, runner.system): first[runner.system] + place
               for runner in ground.runners.values()
               for place, stop in enumerate(runner.stops or ())}
    places = np.full(ground.names.count("stop") + 1, UINT32_MAX, dtype=np.uint32)
    for number, place in numbers.items():
        places[number] = place
    return places


def line_stops(ground: Ground) -> tuple[list[Numbers], list[Numbers]]:
    """Every line's stops with their metres, and by line number where a line's begin.

    Raises TableError with file and line.
    """
    stops: list[Numbers] = []
    lines: dict[int, Numbers] = {}
    for runner in ground.runners.values():
        if runner.line_stops is None:
            continue
        by_line: dict[str, dict[int, int]] = {}
        rows = read_csv(runner.line_stops, ("line", "stop", "metres"))
        for place, (line, stop, metres) in enumerate(rows, 2):
            if runner.stops is not None and stop not in runner.stops:
                raise TableError(f"{runner.line_stops}:{place}: stop {stop!r} is not in the "
                                 "operator's stops\nadd it there, or correct the line")
            if not line:
                raise TableError(f"{runner.line_stops}:{place}: a line has no name\n"
                                 "name it, or leave the row out")
            where = by_line.setdefault(line, {})
            number = ground.names.number("stop", stop, runner.system)
            if number in where:
                raise TableError(f"{runner.line_stops}:{place}: stop {stop!r} is on line {line!r} "
                                 "twice\ngive a loop's stops names of their own")
            where[number] = whole_number(metres, runner.line_stops, place)
        for line, where in by_line.items():
            number = ground.names.number("line", line, runner.code)
            lines[number] = {"first": len(stops), "count": len(where)}
            stops += [{"stop": stop, "metres": metres} for stop, metres in sorted(where.items())]
    return stops, [lines.get(number, {}) for number in range(max(lines, default=0) + 1)]
