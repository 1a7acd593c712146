"""Fares between stops: whether there is one wherever a fare row wins, and whether far is dearer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fare_tables.check.atoms import STOP_KEYS, Atoms, rows_of
from fare_tables.check.coverage import Coverage, bits_of, class_of, fares_between_stops
from fare_tables.check.findings import Finding, find_at
from fare_tables.check.grids import NONE, Grid, Grids, cheaper_further
from fare_tables.check.services import Service
from fare_tables.model import Fare, SameStation
from fare_tables.source import TableSource
from network.language import Phrase

Pairs = npt.NDArray[np.bool_]
BY_STOP = ("lowest", "highest", "terminus")


class Looked(NamedTuple):
    """A fare row, looked up between the stops of one service, or of one of its lines."""

    source: TableSource
    fare: Fare
    service: Service
    line: str
    stops: Sequence[str]
    fares: Grid


def check_stops(source: TableSource, coverage: Coverage, atoms: Sequence[Atoms], grids: Grids
                ) -> tuple[list[Finding], int]:
    """Every finding about fares between stops, and how many fares were looked at."""
    findings = list(_ends_of_bands(source, coverage, atoms))
    looked_at = 0
    asked = {row.pays_fare for kind in ("concession", "promotion")
             for row in getattr(source.table, kind)}
    for row, fare in fares_between_stops(coverage):
        seen: set[str] = set()      # operators of one system have the same stops
        for index, one in enumerate(atoms):
            wins = {state: pairs for (won, at, state), pairs in coverage.won.items()
                    if (won, at) == (row, index)}
            shared = fare.distance != "line" and one.service.system in seen
            if shared or not (wins or fare.rule in asked):
                continue
            seen.add(one.service.system)
            lines, unknown = _lines(one, fare, row, grids)
            if unknown:
                findings.append(find_at(
                    source, "LINE_UNKNOWN",
                    Phrase("the stops of {lines} lines of {operator} are not known, such as those "
                           "of {line!r}", lines=len(unknown), operator=one.service.operator,
                           line=unknown[0]),
                    "add them to the operator's line_stops", "fare", fare.rule, "distance"))
            sides = _sides(one)
            findings += _without_zone(source, fare, one.service, grids)
            for line in lines:
                looked = Looked(source, fare, one.service, line,
                                *_fares(fare, one.service, line, sides, grids))
                needed = _needed(sides, wins.get("COMPLETE"), looked.stops)
                looked_at += int(needed.sum())
                findings += [*_holes(looked, needed, grids), *_edges(looked, set(wins)),
                             *_falling(looked, grids)]
    return findings, looked_at


def unknown_stops(source: TableSource, services: Sequence[Service]) -> Iterator[Finding]:
    """Stops that rows ask rides to begin or end at, and that no operator of the table has."""
    if any(one.stops is None for one in services):
        return
    known = {stop for one in services for stop in one.stops or ()}
    asked = {name for one in rows_of(source.table)
             for key in STOP_KEYS for name in getattr(one.row, key) or ()}
    for name, stops in source.table.stop_sets.items():
        for stop in stops:
            if name in asked and stop not in known:
                yield find_at(source, "STOP_UNKNOWN",
                              Phrase("stop {stop!r} of the stop set {stop_set!r} is none of its "
                                     "operators'", stop=stop, stop_set=name),
                              "correct it, or add it to an operator's stops", "stop_sets", name)


def _lines(atoms: Atoms, fare: Fare, row: int, grids: Grids) -> tuple[list[str], list[str]]:
    """The lines to look along, and those whose stops are not known; "": the line is no matter."""
    if not (fare.basis == "distance" and fare.distance == "line"):
        return [""], []
    held = next(one for one in atoms.dimensions("COMPLETE") if one.name == "line")
    wins = {atom.value for atom in held.atoms if atom.mask >> row & 1}
    known = grids.lines(fare, atoms.service)
    any_other = [line for line in known if line not in atoms.lines] if "" in wins else []
    return ([line for line in known if line in wins] + any_other,
            sorted(wins - {"", *known}))


def _sides(atoms: Atoms) -> list[Mapping[str, str]]:
    """The class of each stop as way in, and as way out: rows do not tell those of one apart."""
    dimensions = atoms.dimensions("COMPLETE")
    rows = bits_of(atoms.rows, ("fare",))
    return [class_of(dimensions, name, rows) for name in ("from_stop", "to_stop")]


def _fares(fare: Fare, service: Service, line: str, sides: Sequence[Mapping[str, str]],
           grids: Grids) -> tuple[Sequence[str], Grid]:
    """The fares between stops. By zones, two stops stand for all of their zone and classes."""
    if fare.basis != "zone":
        return grids.fares(fare, service, line)
    zones = grids.zones(fare)
    alike: dict[tuple[str, ...], list[str]] = {}
    for stop in service.stops or ():
        if stop in zones:
            like = alike.setdefault((zones[stop], *(side.get(stop, "") for side in sides)), [])
            like.append(stop)
    stops = [stop for several in alike.values() for stop in several[:2]]
    return stops, grids.by_zones(fare, stops)


def _needed(sides: Sequence[Mapping[str, str]], classes: set[tuple[str, str]] | None,
            stops: Sequence[str]) -> Pairs:
    """The pairs of stops that a fare row can win between; all where it wins none by itself."""
    pairs = np.zeros((len(stops), len(stops)), dtype=bool)
    if classes is None:
        pairs[:] = True
    else:
        of_stop = [np.array([side.get(stop, "") for stop in stops], dtype=object)
                   for side in sides]
        for start, end in classes:
            pairs |= (of_stop[0] == start)[:, None] & (of_stop[1] == end)
    np.fill_diagonal(pairs, False)
    return pairs


def _without_zone(source: TableSource, fare: Fare, service: Service, grids: Grids
                  ) -> Iterator[Finding]:
    """Stops of a service that are in no zone."""
    if fare.basis != "zone":
        return
    zones = grids.zones(fare)
    lost = [stop for stop in service.stops or () if stop not in zones]
    if lost:
        yield find_at(source, "ZONE_MISSING",
                      Phrase("{stops} stops of {operator} are in no zone, such as {stop!r}",
                             stops=len(lost), operator=service.operator,
                             stop=lost[0]),
                      "add them to the file of zones", "fare", fare.rule, "zones")


def _holes(looked: Looked, needed: Pairs, grids: Grids) -> Iterator[Finding]:
    """Pairs without a fare, by what is missing."""
    source, fare, service, stops = looked.source, looked.fare, looked.service, looked.stops
    holes = needed & (looked.fares == NONE)
    if fare.basis == "distance" and fare.distance != "line":
        apart = holes & (grids.metres(service, fare) == NONE)
        if apart.any() and fare.distance == "pairs":
            yield _hole_in_matrix(looked, Phrase("stops"), apart)
        elif apart.any():
            yield find_at(source, "STOP_UNREACHABLE",
                          Phrase("no track of {operator} leads from one stop to another, {such_as}",
                                 operator=service.operator, such_as=_such_as(apart, stops)),
                          "add the link that is missing, or take the stop out",
                          "fare", fare.rule, "basis")
        holes &= ~apart
    if not holes.any():
        return
    if fare.basis == "distance":
        yield find_at(source, "BANDS_END",
                      Phrase("the last band ends before the longest ride of {operator}{line}, "
                             "{such_as}", operator=service.operator,
                             line=looked.line and Phrase(" line {line}", line=looked.line),
                             such_as=_such_as(holes, stops)),
                      "leave to_m out of the last band, or add one", "fare", fare.rule, "bands")
    else:
        yield _hole_in_matrix(looked, Phrase(
            "stops" if fare.basis == "od" else "the zones of stops"), holes)


def _hole_in_matrix(looked: Looked, what: Phrase, holes: Pairs) -> Finding:
    fare = looked.fare
    return find_at(looked.source, "MATRIX_HOLE",
                   Phrase("{matrix} has no {column} between {what}, {such_as}", matrix=fare.matrix,
                          column=fare.column, what=what,
                          such_as=_such_as(holes, looked.stops)),
                   "add them", "fare", fare.rule, "matrix")


def _such_as(pairs: Pairs, stops: Sequence[str]) -> Phrase:
    start, end = np.argwhere(pairs)[0]
    return Phrase("{pairs} pairs such as {start} to {end}", pairs=int(pairs.sum()),
                  start=stops[start], end=stops[end])


def _can_be_at(looked: Looked, state: str) -> npt.NDArray[np.bool_]:
    """The stops that a row's rides of one state can begin or end at."""
    stop_sets, fare = looked.source.table.stop_sets, looked.fare
    here = np.ones(len(looked.stops), dtype=np.bool_)
    for named, excluded, asked in (
            (fare.from_stops, fare.not_from_stops, state != "MISSING_IN"),
            (fare.to_stops, fare.not_to_stops, state != "MISSING_OUT")):
        if named is not None and asked:
            wanted = {stop for name in named for stop in stop_sets[name]}
            here &= np.array([stop in wanted for stop in looked.stops])
        if asked:
            unwanted = {stop for name in excluded or () for stop in stop_sets[name]}
            here &= np.array([stop not in unwanted for stop in looked.stops])
    return here


def _edges(looked: Looked, states: set[str]) -> Iterator[Finding]:
    """Stops without a fare for a ride that lacks an end, or ends where it began."""
    fare, fares = looked.fare, looked.fares.copy()
    own = np.diagonal(fares).copy()
    np.fill_diagonal(fares, NONE)
    as_entry, as_exit = (fares != NONE).any(axis=1), (fares != NONE).any(axis=0)
    asked: list[tuple[str, str, int | str, Pairs]] = [
        ("MISSING_OUT", "missing_out", fare.missing_out, as_entry),
        ("MISSING_IN", "missing_in", fare.missing_in, as_exit)]
    asked += [("SAME_STATION", "same_station", word, own != NONE if word == "fare" else as_entry)
              for word in _same_station_words(fare)]
    for state, key, word, found in asked:
        lost = np.flatnonzero(~found & _can_be_at(looked, state))
        if state not in states or not (word in BY_STOP or word == "fare") or not len(lost):
            continue
        yield find_at(
            looked.source, "EDGE_FARE_MISSING",
            Phrase("{key} is {word!r}, and {stops} stops of {operator} have none, such as {stop}",
                   key=key, word=word, stops=len(lost), operator=looked.service.operator,
                   stop=looked.stops[lost[0]]),
            Phrase("write an amount in minor units as {key}, or add the fares", key=key),
            "fare", fare.rule, key)


def _same_station_words(fare: Fare) -> list[int | str]:
    if not isinstance(fare.same_station, list):
        return [fare.same_station]
    steps: list[SameStation] = fare.same_station
    ends = not steps or steps[-1].within_s is not None
    return list(dict.fromkeys([*(step.costs for step in steps), *(["fare"] if ends else [])]))


def _falling(looked: Looked, grids: Grids) -> Iterator[Finding]:
    """A matrix in which the same way costs less when it goes on."""
    track = grids.network.links_of(looked.service.operator)
    if looked.fare.basis != "od" or not track:
        return
    metres = grids.metres(looked.service, looked.fare)
    count, example = cheaper_further(looked.fares, track, metres, looked.stops)
    if count:
        yield find_at(looked.source, "NOT_MONOTONE",
                      Phrase("{count} ways cost less where they go on for a stop: {example}",
                             count=count, example=example),
                      "look at these fares again; published ones can be so",
                      "fare", looked.fare.rule, "matrix")


def _ends_of_bands(source: TableSource, coverage: Coverage, atoms: Sequence[Atoms]
                   ) -> Iterator[Finding]:
    """Fares by the validator's distance, or by time: bands that end, and incomplete rides."""
    limit_s = atoms[0].network.model.ride_limit_s
    wins = {row for row, _, _ in coverage.won}
    for index, one in enumerate(coverage.rows):
        fare = one.row
        if not isinstance(fare, Fare) or index not in wins:
            continue
        if not (fare.basis == "time" or (fare.basis == "distance" and fare.distance == "tap")):
            continue
        last = (fare.bands or [])[-1]
        end = last.to_s if fare.basis == "time" else last.to_m
        if end is not None and (fare.basis == "distance" or end < limit_s):
            what = (Phrase("the last band ends at {end} s, and a ride can last {limit} s", end=end,
                           limit=limit_s) if fare.basis == "time"
                    else Phrase("the last band ends at {end} m", end=end))
            yield find_at(source, "BANDS_END", what,
                          "leave the end out of the last band, or add one",
                          "fare", fare.rule, "bands")
        for key in ("missing_in", "missing_out"):
            if getattr(fare, key) == "highest":
                yield find_at(
                    source, "EDGE_FARE_MISSING",
                    Phrase("{key} is 'highest', and no stop is known by which to look it up",
                           key=key),
                    Phrase("write an amount in minor units, 'lowest' or 'validator' as {key}",
                           key=key),
                    "fare", fare.rule, key)
