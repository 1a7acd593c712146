"""A network with everything beside it: tables, stops, links, lines, zones, matrices."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from clearing.reference import calendar
from fare_tables.model import Table
from fare_tables.source import load_tables
from network.calendars import Kind, kind_of
from network.files import CSV_BYTES_MOST, TableError, read_bounded
from network.folder import read_toml
from network.model import AccumulatorSpec, Issuer, Network, Operator

Rows = Iterator[dict[str, str]]
Links = dict[str, dict[str, int]]           # stop -> neighbour -> metres
LineStops = dict[str, dict[str, int]]       # line -> stop -> metres along it
Matrix = dict[tuple[str, str], int]         # (from, to) -> fen

Name = TypeVar("Name")
Content = TypeVar("Content")


@dataclass(slots=True)
class World:
    """What clearing needs to know besides taps and state.

    Files are known by their names, and read when a ride first asks for one.
    """

    network: Network
    tables: list[Table]
    folder: Path = Path()
    stops: dict[str, dict[str, str]] = field(default_factory=dict)      # file -> stop -> name
    links: dict[str, Links] = field(default_factory=dict)
    line_stops: dict[str, LineStops] = field(default_factory=dict)
    zones: dict[str, dict[str, str]] = field(default_factory=dict)      # file -> stop -> zone
    matrices: dict[tuple[str, str], Matrix] = field(default_factory=dict)   # (file, column)
    # Distances already found, by (file, stop).
    reached: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict, repr=False)

    def operator(self, code: str) -> Operator:
        """The operator of that code."""
        return next(one for one in self.network.operator if one.code == code)

    def issuer(self, code: str) -> Issuer:
        """The issuer of that code."""
        return next(one for one in self.network.issuer if one.code == code)

    def accumulator(self, name: str) -> AccumulatorSpec:
        """What the accumulator of that name counts, and over what."""
        return next(one for one in self.network.accumulator if one.accumulator == name)

    def period(self, accumulator: str, day: datetime.date) -> str:
        """The period in which an accumulator counts a day."""
        return calendar.period_of(day, self.accumulator(accumulator).period)

    def system(self, operator: str) -> str:
        """Who shares stops and a paid area with an operator: a system, or itself alone."""
        return self.operator(operator).system or operator

    def province(self, city: str) -> str:
        """The province that a city lies in."""
        return next(one.province for one in self.network.city if one.code == city)

    def charged_by_validator(self, operator: str, medium: str) -> bool:
        """Whether the validator's amount is what the rider paid."""
        charged_by = self.operator(operator).charged_by
        return charged_by.get(medium, charged_by.get("default")) == "validator"

    def kind_of_day(self, day: datetime.date) -> Kind:
        """Whether a day is a workday, a restday or a holiday here.

        Raises TableError for a year whose holidays are not known.
        """
        own = {one.date: one.is_a for one in self.network.day}
        return kind_of(day, self.network.calendar, own)

    def is_of_class(self, line: tuple[str, str], names: list[str]) -> bool:
        """Whether a line (its operator, its code) is of one of the line classes."""
        operator, code = line
        return code != "" and any(
            one.line_class in names and operator in one.operators and code in one.lines
            for one in self.network.line_class)

    def stops_of(self, operator: str) -> dict[str, str] | None:
        """The stops of an operator with their names; None where any stop will do."""
        file = self.operator(operator).stops
        return None if file == "any" else self._once(self.stops, file, file, read_stops)

    def links_of(self, operator: str) -> Links:
        """The track of an operator between neighbouring stops."""
        file = self.operator(operator).links
        return {} if file is None else self._once(self.links, file, file, read_links)

    def metres_along(self, operator: str, line: str) -> dict[str, int]:
        """How far along an operator's line each of its stops is; none where that is not known."""
        file = self.operator(operator).line_stops
        if file is None:
            return {}
        return self._once(self.line_stops, file, file, read_line_stops).get(line, {})

    def zones_in(self, file: str) -> dict[str, str]:
        """The zone of each stop that has one."""
        return self._once(self.zones, file, file, read_zones)

    def matrix(self, file: str, column: str) -> Matrix:
        """One sort of fare of a matrix."""
        return self._once(self.matrices, (file, column), file,
                          lambda rows: read_matrix(rows, column))

    def _once(self, known: dict[Name, Content], name: Name, file: str,
              read: Callable[[Rows], Content]) -> Content:
        """The content of a file, read when it is first asked for.

        Raises TableError where it cannot be read.
        """
        if name not in known:
            path = self.folder / file
            lines = io.StringIO(read_bounded(path, CSV_BYTES_MOST), newline="")
            try:
                known[name] = read(csv.DictReader(lines))
            except (KeyError, TypeError, ValueError, csv.Error) as error:
                raise TableError(f"{path}: cannot be read: {error!r}\nlet `onecard tables check` "
                                 "say which line is wrong") from None
        return known[name]


def read_world(folder: Path) -> World:
    """The network of a folder with its tables. Raises TableError."""
    return World(network=read_toml(folder / "network.toml", Network),
                 tables=load_tables(folder), folder=folder)


def read_stops(rows: Rows) -> dict[str, str]:
    """The name of each stop."""
    return {row["stop"]: row["name"] for row in rows}


def read_links(rows: Rows) -> Links:
    """Neighbours of every stop, both ways; the shorter of two links between the same stops."""
    links: Links = {}
    for row in rows:
        metres = int(row["metres"])
        for here, there in ((row["from"], row["to"]), (row["to"], row["from"])):
            near = links.setdefault(here, {})
            near[there] = min(metres, near.get(there, metres))
    return links


def read_line_stops(rows: Rows) -> LineStops:
    """How far along its line each stop is."""
    lines: LineStops = {}
    for row in rows:
        lines.setdefault(row["line"], {})[row["stop"]] = int(row["metres"])
    return lines


def read_zones(rows: Rows) -> dict[str, str]:
    """The zone of each stop."""
    return {row["stop"]: row["zone"] for row in rows}


def read_matrix(rows: Rows, column: str) -> Matrix:
    """One column of a matrix; a pair whose field is blank is not in it."""
    return {(row["from"], row["to"]): int(row[column]) for row in rows if row[column]}
