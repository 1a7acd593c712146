"""What clearing some files would come to: the same run, looked at and given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from clearing.answers.session import Session
from clearing.answers.stale import stale_tables
from clearing.book import Book, Run
from clearing.book.parts import own_rows
from clearing.book.schema import ENTRIES
from clearing.book.views import RIDES_LEFT
from clearing.engine.run import Report, clear_files
from clearing.intake.proof import KeyProvider
from clearing.intake.reader import Layouts
from clearing.intake.senders import Senders
from ext.codes import Code
from fare_tables.model import Table
from fare_tables.source import load_tables
from network.civil import day_of
from network.money import Currency
from network.names import Names
from network.network import load_network
from network.progress import Progress, no_progress


class TableSum(NamedTuple):
    """What rides of an operator by a table come to: their variances, or what nobody collected."""

    table: str
    operator: str
    rides: int
    total: int          # minor units


class Ageless(NamedTuple):
    """Rides of a card kind whose fares ask for an age, by riders who have no birth date."""

    card_kind: str
    operator: str
    rides: int


class Moved(NamedTuple):
    """Entries of a service day that are posted in another window, as their own is closed."""

    day: str
    window: str
    entries: int


TABLE_SUMS, AGELESS, MOVED = TableSum._fields, Ageless._fields, Moved._fields


@dataclass(frozen=True)
class DryRun:
    """What a run would bring. Reversals of what earlier runs entered are counted as less."""

    report: Report
    variances: list[TableSum]
    uncollected: list[TableSum]
    ageless: list[Ageless]
    moved: list[Moved]
    currency: Currency
    warning: str | None         # about tables that were checked long ago

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        run = self.report.run
        return {
            "run": None, "records": run.taps, "accepted": run.accepted, "known": run.known,
            "refused": run.refused, "rides": run.rides, "reversed": run.reversed,
            "open_rides": run.open_rides, "held": self.report.held,
            "files": [{"name": file.name, "records": file.records, "accepted": file.accepted,
                       "known": file.known, "refused": file.refused, "code": Code(file.code).name,
                       "message": file.message} for file in self.report.files],
            "refusals": {code.name: count for code, count in sorted(self.report.refusals.items())},
            "variances": [row._asdict() for row in self.variances],
            "uncollected": [row._asdict() for row in self.uncollected],
            "without_birth_date": [row._asdict() for row in self.ageless],
            "in_another_window": [row._asdict() for row in self.moved],
            "warning": self.warning,
        }


def dry_run(session: Session, files: Sequence[Path], *, received_at: int, threads: int = 1,
            layout: Layouts = None, memory_bytes: int | None = None,
            senders: Senders = None, progress: Progress = no_progress,
            keys: KeyProvider | None = None) -> DryRun:
    """Clear files as `clearing.answers.clear` does, and keep nothing of it, nor a new book.

    Raises OnecardError and TableError.
    """
    network = load_network(session.locator())
    found: dict[str, Any] = {"variances": [], "uncollected": [], "ageless": [], "moved": [],
                             "warning": None}

    def look(row: Run) -> bool:
        """Read what the run has written, and give it up."""
        names = session.book.dictionary(until=row.run)
        kinds = kinds_with_ages(load_tables(network.folder.path))
        found.update(variances=_sums(session.book, row.run, names, "variance"),
                     uncollected=_sums(session.book, row.run, names, "uncollected"),
                     ageless=_ageless(session.book, row.run, names, kinds),
                     moved=_moved(session.book, row.run),
                     warning=stale_tables(session, row.run))
        return False

    report = clear_files(files, session.locator(), session.book, threads=threads,
                         received_at=received_at, layout=layout, memory_bytes=memory_bytes,
                         senders=senders, progress=progress, decide=look, keys=keys)
    return DryRun(report=report, currency=network.model.money, **found)


def kinds_with_ages(tables: Sequence[Table]) -> set[str]:
    """The card kinds that some row names together with an age: elders', children's."""
    return {kind for table in tables
            for row in (*table.fare, *table.concession, *table.promotion, *table.transfer,
                        *table.tier, *table.cap)
            if row.age_from is not None or row.age_to is not None
            for kind in row.card_kinds or ()}


def _sums(book: Book, run: int, names: Names, column: str) -> list[TableSum]:
    found = book.ask(
        f"SELECT `table`, operator, {RIDES_LEFT} AS rides, sum({column}) AS total "
        f"FROM {ENTRIES.name} WHERE {own_rows(run)} AND {column} != 0 GROUP BY `table`, operator "
        "ORDER BY abs(total) DESC, `table`, operator")
    return [TableSum(names.code("table", int(table)), names.code("member", int(operator)),
                     int(rides), int(total))
            for table, operator, rides, total in zip(*found.values(), strict=True)]


def _ageless(book: Book, run: int, names: Names, kinds: set[str]) -> list[Ageless]:
    numbers = sorted(names.known("card_kind", kind) for kind in kinds)
    if not numbers:
        return []
    found = book.ask(
        f"SELECT card_kind, operator, {RIDES_LEFT} AS rides FROM {ENTRIES.name} "
        f"WHERE {own_rows(run)} AND age = 0 AND card_kind IN ({', '.join(map(str, numbers))}) "
        "GROUP BY card_kind, operator HAVING rides != 0 ORDER BY card_kind, operator")
    return [Ageless(names.code("card_kind", int(kind)), names.code("member", int(operator)),
                    int(rides))
            for kind, operator, rides in zip(*found.values(), strict=True)]


def _moved(book: Book, run: int) -> list[Moved]:
    found = book.ask(
        f"SELECT service_day, window, count() AS entries FROM {ENTRIES.name} "
        f"WHERE {own_rows(run)} AND window != service_day "
        "GROUP BY service_day, window ORDER BY service_day, window")
    return [Moved(day_of(int(day)).isoformat(), day_of(int(window)).isoformat(), int(entries))
            for day, window, entries in zip(*found.values(), strict=True)]
