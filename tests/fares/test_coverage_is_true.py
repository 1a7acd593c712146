"""What the check proves, the plain engine bears out, ride by ride."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clearing.reference.pricing import price
from clearing.reference.world import World
from fare_tables.model import Fare, Table, is_between_stops
from fare_tables.source import read_sources
from network.folder import SHIPPED, list_networks
from tests.fares.probes import Prober
from tests.reference.plain import read_world


def probers_of(network: str) -> list[Prober]:
    world = read_world(SHIPPED / network)
    return [Prober(world, written.table) for written in read_sources(world.folder.path)]


def alone(world: World, table: Table) -> World:
    """The network with one table."""
    return replace(world, tables=[table])


@pytest.mark.parametrize("network", list_networks())
def test_every_row_wins_the_ride_that_is_named_for_it(network: str) -> None:
    for prober in probers_of(network):
        world = alone(prober.world, prober.table)
        bases = prober.bases()
        for row, base in bases.items():
            kind, one = prober.coverage.rows[row]
            priced = price(world, *prober.ride_of(base))
            applied = [(step.kind, step.rule) for step in priced.trace if step.applied]
            if not (kind == "fare" and priced.code == "NO_FARE" and needs_a_line(prober, one)):
                assert (kind, one.rule) in applied, f"{prober.table.table} {one.rule}"


@pytest.mark.parametrize("network", list_networks())
def test_every_ride_around_them_has_a_price(network: str) -> None:
    """Rides that end as the check says that they can: of a bus, with one tap, or with two."""
    for prober in probers_of(network):
        world = alone(prober.world, prober.table)
        counted = 0
        for base in prober.bases().values():
            for probe in prober.values_around(base):
                priced = price(world, *prober.ride_of(probe))
                if priced.code != "OK" and not along_a_line(prober):
                    raise AssertionError(f"{prober.table.table}: {probe}: {priced.trace[-1].why}")
                counted += 1
        assert counted > 0


def along_a_line(prober: Prober) -> bool:
    """Whether fares need both stops to be on the ride's line: the rides here know no line."""
    return any(fare.basis == "distance" and fare.distance == "line" for fare in prober.table.fare)


def needs_a_line(prober: Prober, row: object) -> bool:
    return isinstance(row, Fare) and is_between_stops(row) and along_a_line(prober)
