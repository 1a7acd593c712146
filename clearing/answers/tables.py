"""Which fare tables a network has, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fare_tables.describe import describe
from fare_tables.model import Table
from fare_tables.source import load_tables
from network.errors import OnecardError
from network.folder import find_folder
from network.language import Phrase, joined
from network.network import load_network
from settlement.revenue_shares import ShareTable


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
        raise OnecardError(Phrase("network {network} has no table {name!r}", network=network,
                                  name=name),
                           expected=", ".join(sorted({one.table for one in tables})),
                           remedy="name one of these")
    return [joined("", ("  " * line.depth, line.words))
            for one in chosen for line in describe(one, loaded.model.minor_unit)]


class ShareListing(NamedTuple):
    """The part of an operator that carries rides between two stops."""

    revenue_share: str
    by: str
    from_day: str           # service days; "": there is no bound
    until_day: str
    operator: str
    weight: int
    of: int                 # all weights
    way: Sequence[str]      # by distance: the stops that the parts go by


def list_shares(network: str, start: str, end: str) -> list[ShareListing]:
    """Who has which part of a ride between two stops, by every share that has the pair.

    Raises OnecardError where none has, and TableError.
    """
    loaded, found = load_network(network), list[ShareListing]()
    for one in loaded.model.revenue_share:
        table = ShareTable(one, loaded.shares_of(one))
        weights = table.weights(start, end)
        dates = [str(day or "") for day in (one.in_force_from, one.in_force_until)]
        found += [ShareListing(one.revenue_share, one.by, dates[0], dates[1], operator, weight,
                               sum(weights.values()), table.way(start, end))
                  for operator, weight in sorted(weights.items())]
    if not found:
        raise OnecardError(Phrase("nobody shares rides from {start!r} to {end!r}", start=start,
                                  end=end), where=network,
                           expected="two stops that a [[revenue_share]] has, or leads between",
                           remedy="add the pair to its file, or write stops as the file has them")
    return found


def _listing(one: Table) -> TableListing:
    return TableListing(
        one.table, str(one.in_force_from), str(one.in_force_until or ""), one.city,
        tuple(one.operators), tuple(dict.fromkeys(fare.basis for fare in one.fare)), one.title)
