"""Which table prices a ride (RULES.md §3)."""

from __future__ import annotations

from clearing.reference.results import Ride
from clearing.reference.words import shown
from clearing.reference.world import World
from fare_tables.model import Table
from network.language import Phrase


def list_candidates(world: World, ride: Ride) -> list[Table]:
    """The tables of a ride's operator."""
    return [table for table in world.tables if ride.operator in table.operators]


def find_table(world: World, ride: Ride) -> Table | None:
    """The table of a ride: one that names its line before one that names none."""
    fitting = [table for table in list_candidates(world, ride) if why_not(table, ride) is None]
    named = [table for table in fitting if table.lines is not None]
    return next(iter(named or fitting), None)


def why_not(table: Table, ride: Ride) -> Phrase | None:
    """Why a table of its operator does not price a ride; None where it can."""
    if table.modes is not None and ride.mode not in table.modes:
        return Phrase("not a table for mode {mode}", mode=ride.mode)
    if table.lines is not None and not _names_line(table, ride):
        return Phrase("does not name line {line}", line=shown(ride.line))
    if ride.service_day < table.in_force_from:
        return Phrase("in force only from {day}", day=table.in_force_from)
    if table.in_force_until is not None and ride.service_day > table.in_force_until:
        return Phrase("in force only until {day}", day=table.in_force_until)
    return None


def _names_line(table: Table, ride: Ride) -> bool:
    # A line is its operator's: line 1 of another operator is another line.
    return ride.line in (table.lines or ()) and ride.line_operator in table.operators
