"""Whether a run's rides were priced by tables that nobody has looked at for long."""

from __future__ import annotations

from clearing.answers.session import Session
from clearing.book.parts import own_rows
from clearing.book.schema import ENTRIES
from fare_tables.source import load_tables
from fare_tables.staleness import stale_warning
from network.civil import day_of
from network.network import load_network


def stale_tables(session: Session, run: int) -> str | None:
    """One line about the tables of a run that is not committed yet, or None."""
    network = load_network(session.locator())
    if network.model.recheck_after_days is None:
        return None
    versions = {name.number: name.code for name in session.book.names(run, "kind = 'table'")}
    found = session.book.ask(
        f"SELECT `table`, max(service_day) FROM {ENTRIES.name} WHERE {own_rows(run)} "
        "GROUP BY `table`")
    days = {versions[int(table)]: day_of(int(day))
            for table, day in zip(*found.values(), strict=True) if int(table)}
    return stale_warning(load_tables(network.folder.path), network.model.recheck_after_days, days)
