"""Which table prices a ride (RULES.md §3)."""

from __future__ import annotations

from clearing.reference.results import Ride
from clearing.reference.world import World
from fare_tables.model import Table


def find_table(world: World, ride: Ride) -> Table | None:
    """The table of a ride: one that names its line before one that names none."""
    fitting = [table for table in world.tables if why_not(table, ride) is None]
    named = [table for table in fitting if table.lines is not None]
    return next(iter(named or fitting), None)


def why_not(table: Table, ride: Ride) -> str | None:
    """Why a table does not price a ride; None where it can."""
    if ride.operator not in table.operators:
        return f"not a table of operator {ride.operator}"
    if table.modes is not None and ride.mode not in table.modes:
        return f"not a table for mode {ride.mode}"
    if table.lines is not None and not _names_line(table, ride):
        return f"does not name line {ride.line or '(blank)'}"
    if ride.service_day < table.in_force_from:
        return f"in force only from {table.in_force_from}"
    if table.in_force_until is not None and ride.service_day > table.in_force_until:
        return f"in force only until {table.in_force_until}"
    return None


def _names_line(table: Table, ride: Ride) -> bool:
    # A line is its operator's: line 1 of another operator is another line.
    return ride.line in (table.lines or ()) and ride.line_operator in table.operators
