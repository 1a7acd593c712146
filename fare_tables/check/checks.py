"""Looks for what compiles and is still wrong, and says what was proved where nothing is.

Proved is: every ride of every service, of every sort that the tables' rows tell apart, on every day
from the service's first on, has one table, one fare row in it, and a fare.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from fare_tables.check.atoms import Atoms, TooMany, known_lines
from fare_tables.check.coverage import Coverage, cover, never_win
from fare_tables.check.findings import Finding, find_at
from fare_tables.check.grids import Grids
from fare_tables.check.rows import check_rows
from fare_tables.check.services import (
    FOREVER,
    Service,
    last_day,
    priced_by,
    services_of,
    with_stops_of,
)
from fare_tables.check.stops import check_stops, unknown_stops
from fare_tables.model import table_version
from fare_tables.source import TableSource
from network.language import Phrase, joined
from network.locations import Location
from network.network import Network

ONE_DAY = datetime.timedelta(days=1)
HOLES = ("NO_FARE_ROW", "MATRIX_HOLE", "ZONE_MISSING", "EDGE_FARE_MISSING")
SORTS_SHOWN = 3             # rides without a fare row, of one table


@dataclass
class Report:
    """What was found, and how much was looked at."""

    findings: list[Finding] = field(default_factory=list)
    tables: int = 0
    services: int = 0
    combinations: int = 0       # of what rows tell apart, each with one fare row
    fares: int = 0              # between stops
    assumed: int = 0            # figures that have no public source

    @property
    def errors(self) -> list[Finding]:
        """The findings for which the tables must not be used."""
        return [one for one in self.findings if one.severity == "error"]


def check_versions(sources: Sequence[TableSource], network: Network) -> list[Finding]:
    """Days without a table, and days with two; tables that nobody's rides come to."""
    services = services_of(network)
    findings = [
        find_at(one, "NO_SERVICE", "none of its operators runs what it prices while it is in force",
                "correct its operators, modes or dates, or leave the table out", "operators")
        for one in sources if not priced_by(one.table, services)]
    for service in services:
        tables = [one for one in sources if service in priced_by(one.table, services)]
        findings += [*_gaps(tables, service, network), *_line_gaps(tables, service)]
        findings += _overlaps(tables, service)
    return list(dict.fromkeys(findings))


def check_tables(sources: Sequence[TableSource], network: Network) -> Report:
    """Every finding about tables that compile."""
    services = services_of(network)
    report = Report(tables=len(sources), services=len(services),
                    assumed=sum(len(one.table.assumed) for one in sources))
    report.findings += check_versions(sources, network) + check_rows(sources, network)
    grids = Grids(network)
    for one in sources:
        own = with_stops_of(one.table, priced_by(one.table, services), network)
        if not own:
            continue
        atoms = [Atoms(one.table, service, network, _lines(one, service, sources, network))
                 for service in own]
        report.findings += unknown_stops(one, own)
        try:
            coverage = cover(atoms)
        except TooMany as error:
            report.findings.append(find_at(one, "TOO_MANY", error.args[0],
                                           "split the table by operators or lines"))
            continue
        found, fares = check_stops(one, coverage, atoms, grids)
        lost = [*_without_fare(one, coverage), *found]
        report.findings += [*_never(one, coverage), *(
            _meant(one, lost) if one.table.no_fare_elsewhere else lost)]
        report.combinations += coverage.combinations
        report.fares += fares
    report.findings = list(dict.fromkeys(report.findings))
    return report


def _gaps(tables: Sequence[TableSource], service: Service, network: Network) -> Iterator[Finding]:
    """Days that the service runs on for which no table prices lines that no table names."""
    general = sorted((one for one in tables if one.table.lines is None),
                     key=lambda one: one.table.in_force_from)
    covered, before = service.since - ONE_DAY, None
    for one in [*general, None]:
        first = FOREVER if one is None else one.table.in_force_from
        if covered == FOREVER:
            return
        if first > covered + ONE_DAY:
            until = Phrase("on") if one is None else Phrase("to {last}", last=first - ONE_DAY)
            lines = Phrase("" if len(general) == len(tables) else " for lines that no table names")
            yield Finding(
                "GAP", f"{service.operator} {service.mode}",
                Phrase("no table is in force from {first} {until}{lines}", first=covered + ONE_DAY,
                       until=until, lines=lines),
                "add a table, or the days to one: rides of those days are refused as NO_FARE",
                before.location(("in_force_until",)) if before else
                one.location(("in_force_from",)) if one else _location_of(service, network))
        if one is not None:
            covered, before = max(covered, last_day(one.table)), one


def _location_of(service: Service, network: Network) -> Location:
    """Where network.toml has an operator."""
    index = list(network.operators).index(service.operator)
    return network.folder.network_toml.location(("operator", index, "code"))


def _line_gaps(tables: Sequence[TableSource], service: Service) -> Iterator[Finding]:
    """Days between two tables that name a line on which the table of all lines prices it."""
    of_line: dict[str, list[TableSource]] = {}
    for one in sorted(tables, key=lambda one: one.table.in_force_from):
        for line in one.table.lines or ():
            of_line.setdefault(line, []).append(one)
    for line, named in of_line.items():
        for earlier, later in pairwise(named):
            last = last_day(earlier.table)
            if last != FOREVER and last + ONE_DAY < later.table.in_force_from:
                yield find_at(
                    later, "LINE_GAP",
                    Phrase("from {first} to {last} line {line!r} of {operator} has the fares of "
                           "all lines", first=last + ONE_DAY,
                           last=later.table.in_force_from - ONE_DAY, line=line,
                           operator=service.operator),
                    Phrase("let {table} end the day before, or leave it so",
                           table=table_version(earlier.table)),
                    "in_force_from")


def _overlaps(tables: Sequence[TableSource], service: Service) -> Iterator[Finding]:
    """Tables of the same rank that are in force on the same day."""
    ordered = sorted(tables, key=lambda one: one.table.in_force_from)
    for earlier, later in combinations(ordered, 2):
        named, other = earlier.table.lines, later.table.lines
        shared = sorted(set(named or ()) & set(other or ()))
        if last_day(earlier.table) < later.table.in_force_from:
            continue
        if not (shared or (named is None and other is None)):
            continue
        if table_version(earlier.table) == table_version(later.table):
            yield find_at(later, "OVERLAP",
                          Phrase("two tables are called {table}", table=table_version(later.table)),
                          "give one of them another name, or another first day",
                          "in_force_from")
        else:
            line = Phrase(" line {line}", line=shared[0]) if shared else ""
            yield find_at(
                later, "OVERLAP",
                Phrase("{table} is in force on {day}, too, for {operator} {mode}{line}",
                       table=table_version(earlier.table), day=later.table.in_force_from,
                       operator=service.operator, mode=service.mode, line=line),
                Phrase("end {table} the day before, or give one of them lines",
                       table=table_version(earlier.table)),
                "in_force_from")


def _lines(one: TableSource, service: Service, sources: Sequence[TableSource], network: Network
           ) -> list[str]:
    """The lines of a service that a table prices, as far as anything names them; "": any other."""
    if one.table.lines is not None:
        return list(dict.fromkeys(one.table.lines))
    taken = {line for other in sources if service in priced_by(other.table, [service])
             and other.table.in_force_from <= one.table.in_force_from
             and last_day(other.table) >= last_day(one.table) for line in other.table.lines or ()}
    return [*sorted(known_lines(service.operator, network) - taken), ""]


def _without_fare(source: TableSource, coverage: Coverage) -> Iterator[Finding]:
    """Sorts of rides that no fare row holds for."""
    rides = coverage.without_fare
    more = len(rides) - SORTS_SHOWN
    for number, ride in enumerate(rides[:SORTS_SHOWN], 1):
        others = (Phrase(", and {more} other sorts", more=more)
                  if number == SORTS_SHOWN and more > 0 else "")
        yield find_at(source, "NO_FARE_ROW",
                      Phrase("no fare row holds for {ride}{others}", ride=ride.words(),
                             others=others),
                      "add a fare row without conditions as the last, or widen one", "table")


def _meant(source: TableSource, findings: Sequence[Finding]) -> Iterator[Finding]:
    """The findings of a table whose holes are meant: of the holes, one word for all."""
    holes = [one for one in findings if one.code in HOLES]
    yield from (one for one in findings if one.code not in HOLES)
    if holes:
        more = Phrase("; and {more} more such rows", more=len(holes) - 1) if holes[1:] else ""
        yield find_at(source, "NO_FARE_HERE", joined("", [holes[0].what, more]),
                      "nothing is to be done if that is meant: such rides are refused as NO_FARE; "
                      "else take no_fare_elsewhere out to see them all", "no_fare_elsewhere")


def _never(source: TableSource, coverage: Coverage) -> Iterator[Finding]:
    for kind, row in never_win(coverage):
        yield find_at(
            source, "UNREACHABLE",
            Phrase("this {kind} never applies: rows before it win every ride that it holds for, "
                   "or no ride meets all of its conditions", kind=kind),
            "put the narrower row first, correct its conditions, or leave it out", kind, row.rule)
