"""Compiles fare rows: what a ride costs before any discount."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ext.codes import Basis, EdgeFare
from ext.records import CHAIN_OF_NONE
from fare_tables.bands import walk_bands
from fare_tables.compile.arrays import Arrays, Numbers
from fare_tables.compile.conditions import compile_condition
from fare_tables.compile.distances import Fares, Tracks, edge_fares, fares_by_bands
from fare_tables.compile.matrices import (
    fares_by_stops,
    fares_by_zones,
    metres_by_pairs,
    zone_edges,
    zones_of,
)
from fare_tables.model import Band, Fare, SameStation, Table, chain_of
from network.errors import TableError
from network.language import Phrase
from network.model import Operator
from network.money import AMOUNT_MOST
from network.network import Network
from network.numbering import NumberedNetwork

INT64_MAX = np.iinfo(np.int64).max
UINT32_MAX = (1 << 32) - 1
WORDS = {"lowest": EdgeFare.LOWEST, "highest": EdgeFare.HIGHEST, "terminus": EdgeFare.TERMINUS,
         "validator": EdgeFare.BY_VALIDATOR, "fare": EdgeFare.BY_BASIS}
# What each basis is written with, and with what else it may be.
KEYS = {"flat": {"amount"}, "distance": {"bands"}, "time": {"bands"}, "od": {"matrix"},
        "zone": {"matrix", "zones"}, "validator": set[str](), "none": set[str]()}


def compile_fare(fare: Fare, table: Table, system: str, numbered: NumberedNetwork, arrays: Arrays,
                 tracks: Tracks) -> Numbers:
    """A fare row of a table, for the operators of one system.

    Raises TableError.
    """
    _check_keys(fare)
    if fare.chain and fare.outside_chain:
        raise TableError("it is of a transfer chain, and outside of all",
                         "leave out one of the two", key=("chain",))
    return {
        "rule": numbered.names.known("rule", fare.rule, table.table),
        "condition": compile_condition(fare, table, numbered, arrays),
        "matrix": -1, "edges": -1, "zones": -1,
        "discounts_on_incomplete": int(fare.discounts_on_incomplete),
        "chain": (CHAIN_OF_NONE if fare.outside_chain
                  else numbered.names.known("chain", chain_of(fare))),
        **_edge("missing_in", fare.missing_in), **_edge("missing_out", fare.missing_out),
        **_same_station(fare.same_station, arrays), **_overtime(fare),
        **_basis(fare, table, system, numbered.network, arrays, tracks),
    }


def check_amount(amount: int, *key: str | int) -> int:
    """The amount that a key of a row gives, where it is one.

    Raises TableError where it is not whole minor units from 0 to AMOUNT_MOST.
    """
    if not 0 <= amount <= AMOUNT_MOST:
        raise TableError(Phrase("{key} is {amount}", key=key[-1], amount=amount),
                         Phrase("write whole minor units from 0 to {amount_most}",
                                amount_most=AMOUNT_MOST), key=key)
    return amount


def check_number(number: int | None, *key: str | int, least: int = 0) -> None:
    """Pass where a number of metres or seconds that a key of a row gives fits what rides can have.

    Raises TableError.
    """
    if number is not None and not least <= number <= UINT32_MAX:
        raise TableError(Phrase("{key} is {number}", key=key[-1],
                                number=number), Phrase("write a number from {least} to "
                                                       "{uint32_max}", least=least,
                                                       uint32_max=UINT32_MAX),
                         key=key)


def _check_keys(fare: Fare) -> None:
    """Each basis has its own keys, and no other's."""
    pairs = fare.basis == "distance" and fare.distance == "pairs"
    for key in ("amount", "bands", "matrix", "zones"):
        wanted = key in KEYS[fare.basis] or (key == "matrix" and pairs)
        if (getattr(fare, key) is not None) != wanted:
            bases = [basis for basis, keys in KEYS.items() if key in keys]
            if key == "matrix":
                bases.append('distance with distance = "pairs"')
            raise TableError(Phrase("the basis is {basis!r}, and {key} is {value}",
                                    basis=fare.basis, key=key,
                                    value="missing" if wanted else "given"),
                             Phrase("{key} belongs to basis {bases}, and only there", key=key,
                                    bases=" and ".join(bases)),
                             key=("basis",) if wanted else (key,))
    if fare.links is not None and not (fare.basis == "distance" and fare.distance == "stops"):
        raise TableError('links belong to basis "distance" and distance "stops"', "remove them",
                         key=("links",))
    along = fare.basis == "distance" and fare.distance == "line"
    if fare.line_stops is not None and not along:
        raise TableError('line_stops belong to basis "distance" and distance "line"', "remove them",
                         key=("line_stops",))
    if "terminus" in (fare.missing_in, fare.missing_out) and not along:
        raise TableError("a fare to the terminus needs the line's stops",
                         'write basis "distance" and distance "line", or another word',
                         key=("missing_in" if fare.missing_in == "terminus" else "missing_out",))
    if fare.grace_m and fare.basis != "distance":
        raise TableError('grace_m belongs to basis "distance"', "remove it", key=("grace_m",))
    check_number(fare.grace_m, "grace_m")


def _edge(name: str, value: int | str) -> dict[str, int]:
    if isinstance(value, int):
        return {f"{name}_by": int(EdgeFare.FIXED), name: check_amount(value, name)}
    return {f"{name}_by": int(WORDS[value])}


def _same_station(given: int | str | list[SameStation], arrays: Arrays) -> dict[str, int]:
    steps = given if isinstance(given, list) else [
        SameStation(costs=given)]       # type: ignore[arg-type]
    first, before = len(arrays.same_stations), -1
    for number, step in enumerate(steps, 1):
        key = ("same_station", number - 1)
        check_number(step.within_s, *key, "within_s")
        if step.within_s is None and number < len(steps):
            raise TableError(Phrase("step {number} of same_station holds for any time, but it is "
                                    "not the last", number=number), "give it within_s", key=key)
        if step.within_s is not None and step.within_s <= before:
            raise TableError(Phrase("step {number} of same_station ends at {within_s} s, not "
                                    "after {before} s", number=number, within_s=step.within_s,
                                    before=before), "steps go from short to long", key=key)
        before = step.within_s if step.within_s is not None else before
        arrays.same_stations.append({
            "within_s": UINT32_MAX if step.within_s is None else step.within_s,
            "by": int(EdgeFare.FIXED if isinstance(step.costs, int) else WORDS[step.costs]),
            "amount": check_amount(step.costs, *key, "costs") if isinstance(step.costs, int) else 0,
        })
    return {"same_station": first, "same_station_count": len(steps)}


def _overtime(fare: Fare) -> dict[str, int]:
    if fare.overtime_after_s is None:
        if fare.overtime_add or fare.overtime_dearest:
            raise TableError("there is a charge for overtime, but no overtime_after_s",
                             "say after how many seconds it is due",
                             key=("overtime_add" if fare.overtime_add else "overtime_dearest",))
        return {}
    check_number(fare.overtime_after_s, "overtime_after_s", least=1)
    return {"overtime_after_s": fare.overtime_after_s,
            "overtime_add": check_amount(fare.overtime_add, "overtime_add"),
            "overtime_dearest": int(fare.overtime_dearest)}


def _basis(fare: Fare, table: Table, system: str, network: Network, arrays: Arrays,
           tracks: Tracks) -> dict[str, int]:
    if fare.basis == "flat":
        assert fare.amount is not None
        return {"basis": int(Basis.FLAT), "amount": check_amount(fare.amount, "amount")}
    if fare.basis in ("validator", "none"):
        return {"basis": int(Basis.VALIDATOR if fare.basis == "validator" else Basis.NOT_PRICED)}
    if fare.basis in ("od", "zone"):
        return _matrix(fare, table, system, network, arrays)
    assert fare.bands is not None
    bands = compile_bands(fare.bands, "s" if fare.basis == "time" else "m")
    if fare.basis == "distance" and fare.distance in ("stops", "pairs"):
        return _stops_apart(fare, bands, table, system, network, arrays, tracks)
    along = fare.basis == "distance" and fare.distance == "line"
    basis = (Basis.DURATION if fare.basis == "time" else
             Basis.LINE_DISTANCE if along else Basis.TAP_DISTANCE)
    out = {"basis": int(basis), "bands": len(arrays.bands), "bands_count": len(bands),
           "grace_m": fare.grace_m,
           "lines": _lines(fare, table, system, network, arrays) if along else 0}
    arrays.bands += bands
    return out


def compile_bands(bands: Sequence[Band], unit: str) -> list[Numbers]:
    """Bands of metres (m) or seconds (s), each with what it costs at its beginning.

    Raises TableError.
    """
    compiled: list[Numbers] = []
    for index, (band, reached, fare) in enumerate(walk_bands(bands)):
        to, every = _band_numbers(band, index, unit)
        if to is None and index + 1 < len(bands):
            raise TableError(Phrase("band {index} has no end, but it is not the last",
                                    index=index + 1),
                             Phrase("give it to_{unit}", unit=unit), key=("bands", index))
        if to is not None and to <= reached:
            raise TableError(Phrase("band {index} ends at {to} {unit}, not after {reached} {unit}",
                                    index=index + 1, to=to, unit=unit, reached=reached),
                             "bands go from near to far", key=("bands", index, f"to_{unit}"))
        amount = fare if band.amount is None else band.amount
        compiled.append({"reached": reached, "to": INT64_MAX if to is None else to,
                         "every": every or 0, "amount": min(amount, AMOUNT_MOST + 1),
                         "add": band.add or 0})
    if not compiled:
        raise TableError("there are no bands", "write at least one", key=("bands",))
    return compiled


def _band_numbers(band: Band, index: int, unit: str) -> tuple[int | None, int | None]:
    """Where a band ends, and its steps.

    Raises TableError for a band of another unit, or that says too much or too little.
    """
    to, every = (band.to_m, band.every_m) if unit == "m" else (band.to_s, band.every_s)
    here = ("bands", index)
    other = (band.to_s, band.every_s) if unit == "m" else (band.to_m, band.every_m)
    if other != (None, None):
        raise TableError(Phrase("band {index} is not written in {unit}", index=index + 1,
                                unit=unit),
                         Phrase("write to_{unit} and every_{unit}", unit=unit), key=here)
    stepped = band.add is not None and every is not None
    if (band.amount is not None) == stepped or (band.add is None) != (every is None):
        raise TableError(Phrase("band {index} needs an amount, or every_{unit} and add",
                                index=index + 1, unit=unit),
                         Phrase("write {{ to_{unit} = 4000, amount = 200 }} or {{ to_{unit} = "
                                "12000, every_{unit} = 4000, add = 100 }}", unit=unit), key=here)
    if index == 0 and band.amount is None:
        raise TableError("the first band needs an amount",
                         Phrase("write {{ to_{unit} = 4000, amount = 200 }}", unit=unit), key=here)
    check_amount(band.amount or 0, *here, "amount")
    check_amount(band.add or 0, *here, "add")
    check_number(to, *here, f"to_{unit}", least=1)
    check_number(every, *here, f"every_{unit}", least=1)
    return to, every


def _operator_of(table: Table, system: str, network: Network) -> Operator:
    """One operator of a table, for the stops and track that all of its system share."""
    return next(network.operators[code] for code in table.operators
                if network.system_of(code) == system)


def _listed_stops(fare: Fare, operator: Operator, network: Network) -> Sequence[str]:
    stops = network.stops_of(operator.code)
    if stops is None:
        raise TableError(Phrase("basis {basis!r} needs the stops of {code!r}", basis=fare.basis,
                                code=operator.code),
                         "name a CSV of stops for it in network.toml", key=("basis",))
    return list(stops)


def _lines(fare: Fare, table: Table, system: str, network: Network, arrays: Arrays) -> int:
    """Which set of lines' stops a row measures by: each operator's own, or that of its file."""
    for code in table.operators:
        if (fare.line_stops is None and network.system_of(code) == system
                and not network.operators[code].line_stops):
            raise TableError(Phrase("fares along the line need the line_stops of {code!r}",
                                    code=code),
                             "name a CSV line,stop,metres for it in network.toml, or in line_stops "
                             "of the row", key=("distance",))
    if fare.line_stops is None:
        return 0
    # A ride can have begun on the line of another operator, of those that share its stops.
    named = fare.line_stops, network.operators_of(system)
    if named not in arrays.line_stops:
        arrays.line_stops.append(named)
    return arrays.line_stops.index(named) + 1


def _stops_apart(fare: Fare, bands: Sequence[Numbers], table: Table, system: str,
                 network: Network, arrays: Arrays, tracks: Tracks) -> dict[str, int]:
    """A fare for each pair of the system's stops by the way between them."""
    operator = _operator_of(table, system, network)
    stops = _listed_stops(fare, operator, network)
    links = fare.links or operator.links
    if fare.distance == "pairs":
        metres = metres_by_pairs(network.folder, fare, stops)
    elif links is None:
        raise TableError(Phrase("fares by distance need the links of {code!r}", code=operator.code),
                         "name a CSV of links for it in network.toml, or in links of the row",
                         key=("distance",))
    else:
        metres = tracks.metres(links, stops)
    return _square(fares_by_bands(metres, bands, fare.grace_m), system, network, arrays)


def _square(fares: Fares, system: str, network: Network, arrays: Arrays) -> dict[str, int]:
    """A matrix by stops, and the edges that incomplete rides need."""
    return {"basis": int(Basis.MATRIX), "matrix": arrays.add_fares(fares), "side": len(fares),
            "edges": arrays.add_fares(edge_fares(fares)), **_span(system, network)}


def _span(system: str, network: Network) -> dict[str, int]:
    """Where the system's stops are among all listed stops."""
    stops = network.stops_of(network.systems()[system].code)
    return {"first_stop": _first_stops(network)[system], "stops": len(stops or ())}


def _matrix(fare: Fare, table: Table, system: str, network: Network, arrays: Arrays
            ) -> dict[str, int]:
    """Fares that a CSV gives, for each pair of stops or of zones."""
    assert fare.matrix is not None
    stops = _listed_stops(fare, _operator_of(table, system, network), network)
    if fare.basis == "od":
        return _square(fares_by_stops(network.folder, fare, stops), system, network, arrays)
    zone_names, zones = zones_of(network.folder, fare.zones or "", stops)
    fares = fares_by_zones(network.folder, fare, zone_names)
    start = len(arrays.zones)
    arrays.zones += zones.tolist()
    return {"basis": int(Basis.MATRIX), "matrix": arrays.add_fares(fares), "side": len(fares),
            "edges": arrays.add_fares(zone_edges(fares, zones)), "zones": start,
            **_span(system, network)}


def _first_stops(network: Network) -> dict[str, int]:
    """By system, where its stops begin among all listed stops."""
    first: dict[str, int] = {}
    count = 0
    for system, operator in network.systems().items():
        first[system] = count
        count += len(network.stops_of(operator.code) or ())
    return first


def index_stops(numbered: NumberedNetwork) -> npt.NDArray[np.uint32]:
    """By stop number, each listed stop's index among all of them; others have none."""
    network, names = numbered.network, numbered.names
    indexes = np.full(names.count("stop") + 1, UINT32_MAX, dtype=np.uint32)
    listed = ((stop, system) for system, operator in network.systems().items()
              for stop in network.stops_of(operator.code) or ())
    for index, (stop, system) in enumerate(listed):
        indexes[names.known("stop", stop, system)] = index
    return indexes


def line_stops(numbered: NumberedNetwork, arrays: Arrays
               ) -> tuple[list[Numbers], list[list[Numbers]]]:
    """Every line's stops with their metres, and by set and line number where a line's begin.

    Raises TableError with file and line.
    """
    stops: list[Numbers] = []
    sets = [_line_set(name, operators, stops, numbered) for name, operators in (
        (None, tuple(numbered.network.operators)), *arrays.line_stops)]
    count = max((number for lines in sets for number in lines), default=0) + 1
    return stops, [[lines.get(number, {}) for number in range(count)] for lines in sets]


def _line_set(name: str | None, operators: Sequence[str], stops: list[Numbers],
              numbered: NumberedNetwork) -> dict[int, Numbers]:
    """Where the lines' stops begin by a file, or by each operator's own; adds these stops."""
    network, names = numbered.network, numbered.names
    lines: dict[int, Numbers] = {}
    for code in operators:
        listed, system = network.stops_of(code), network.system_of(code)
        for line, along in network.line_stops_of(code, name).items():
            unknown = next((stop for stop in along if listed is not None and stop not in listed),
                           None)
            if unknown is not None:
                raise TableError(
                    Phrase("stop {unknown!r} is not in the operator's stops", unknown=unknown),
                    "add it there, or correct the line", location=network.folder.location_of(
                        name or network.operators[code].line_stops or "", ("stop",), unknown))
            where = {names.known("stop", stop, system): metres for stop, metres in along.items()}
            lines[names.known("line", line, code)] = {"first": len(stops), "count": len(where)}
            stops += [{"stop": stop, "metres": metres} for stop, metres in sorted(where.items())]
    return lines
