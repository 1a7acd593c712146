"""A network with everything beside it: tables, stops, links, matrices."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clearing.network import Issuer, Network, Operator
from fare_tables.loader import load_tables, read_toml
from fare_tables.model import AccumulatorSpec, Table

Links = dict[str, dict[str, int]]           # stop -> neighbour -> metres
Matrix = dict[tuple[str, str], int]         # (from, to) -> fen


@dataclass(slots=True)
class World:
    """What clearing needs to know besides taps and state. Files are known by their names."""

    network: Network
    tables: list[Table]
    stops: dict[str, dict[str, str]] = field(default_factory=dict)      # file -> stop -> name
    links: dict[str, Links] = field(default_factory=dict)               # file -> links
    matrices: dict[str, Matrix] = field(default_factory=dict)           # file -> matrix
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


def read_world(folder: Path) -> World:
    """The network of a folder, with its tables, stops, links and matrices."""
    network = read_toml(folder / "network.toml", Network)
    tables = load_tables(folder)
    stops = {one.stops for one in network.operator if one.stops != "any"}
    links = {one.links for one in network.operator if one.links is not None}
    matrices = {one.fare.matrix for one in tables if one.fare.matrix is not None}
    return World(
        network=network,
        tables=tables,
        stops={name: _read_stops(folder / name) for name in stops},
        links={name: read_links(_rows(folder / name)) for name in links},
        matrices={name: _read_matrix(folder / name) for name in matrices},
    )


def read_links(rows: Iterator[dict[str, str]]) -> Links:
    """Neighbours of every stop, both ways; the shorter of two links between the same stops."""
    links: Links = {}
    for row in rows:
        metres = int(row["metres"])
        for here, there in ((row["from"], row["to"]), (row["to"], row["from"])):
            near = links.setdefault(here, {})
            near[there] = min(metres, near.get(there, metres))
    return links


def _read_stops(path: Path) -> dict[str, str]:
    return {row["stop"]: row["name"] for row in _rows(path)}


def _read_matrix(path: Path) -> Matrix:
    return {(row["from"], row["to"]): int(row["amount"]) for row in _rows(path)}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
