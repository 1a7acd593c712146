"""Which fare tables a network has, and what they say."""

from __future__ import annotations

from typing import NamedTuple

from fare_tables.describe import describe
from fare_tables.model import Table
from fare_tables.source import load_tables
from network.errors import OnecardError
from network.folder import find_folder
from network.network import load_network


class TableListing(NamedTuple):
    """One version of a fare table."""

    table: str
    from_day: str
    until_day: str          # "" while nothing ends it
    city: str
    operators: tuple[str, ...]
    bases: tuple[str, ...]  # of its fare rows
    title: str


def list_tables(network: str) -> list[TableListing]:
    """The tables of a shipped network, or of one's own folder. Raises TableError."""
    return [_listing(one) for one in load_tables(find_folder(network))]


def describe_table(network: str, name: str) -> list[str]:
    """Every version of a table in words, or only the one that is named as TABLE@DAY; by line.

    Raises OnecardError where the network has no such table, and TableError.
    """
    loaded = load_network(network)
    tables = load_tables(loaded.folder.path)
    table, _, version = name.partition("@")
    chosen = [one for one in tables
              if one.table == table and version in ("", str(one.in_force_from))]
    if not chosen:
        raise OnecardError(f"network {network} has no table {name!r}",
                           expected=", ".join(sorted({one.table for one in tables})),
                           remedy="name one of these")
    return [line for one in chosen for line in describe(one, loaded.model.minor_unit)]


def _listing(one: Table) -> TableListing:
    return TableListing(
        one.table, str(one.in_force_from), str(one.in_force_until or ""), one.city,
        tuple(one.operators), tuple(dict.fromkeys(fare.basis for fare in one.fare)), one.title)
