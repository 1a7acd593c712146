"""Checks the fare tables of a network: what is wrong with them, or what was proved."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from clearing.engine.context import ClearingContext, make_context
from clearing.intake.deny_lists import DenyLists
from fare_tables.check.checks import Report, check_tables, check_versions
from fare_tables.check.findings import Finding, finding_of
from fare_tables.check.rows import check_funders
from fare_tables.check.services import last_day, services_of
from fare_tables.model import checked_day, table_version
from fare_tables.source import TableSource, read_sources
from fare_tables.staleness import REMEDY, first_few
from network.errors import OnecardError, TableError
from network.folder import find_folder
from network.language import Phrase
from network.names import Names
from network.network import Network, load_network
from network.terminals import check_terminals
from settlement.coverage import cover

EXAMPLES_MOST = 100     # of issuers with operators: 400 members have 40,000


def check_network(network: str, today: datetime.date | None = None) -> Report:
    """Every finding about a shipped network, or one's own by its folder.

    today: for tables that nobody has looked at for long; None: however old they are.

    Where a table cannot be compiled, no combinations are looked at.
    Raises TableError where there is no such network.
    """
    folder = find_folder(network)
    try:
        loaded = load_network(network)
        sources = read_sources(folder)
        services_of(loaded)
    except TableError as error:
        return Report([finding_of(error)])
    try:
        context = make_context(loaded, sources, Names())
    except OnecardError as error:
        location = loaded.folder.network_toml.location(())
        return _report_refused(sources, loaded, finding_of(error, location))
    report = check_tables(sources, loaded)
    report.findings += [*check_agreements(context), *check_lists(loaded)]
    if today is not None:
        report.findings += _stale(sources, loaded, today)
    return report


def _stale(sources: Sequence[TableSource], network: Network, today: datetime.date
           ) -> Iterator[Finding]:
    """Tables in force whose last check is longer ago than the network allows, in one finding."""
    days = network.model.recheck_after_days
    if days is None:
        return
    most = datetime.timedelta(days=days)
    stale = [Phrase("{table} (on {day})", table=table_version(one.table),
                    day=checked_day(one.table)) for one in sources
             if one.table.in_force_from <= today <= last_day(one.table)
             and today - checked_day(one.table) > most]
    if stale:
        yield Finding("STALE", "",
                      Phrase("last held to their sources more than {days} days before {today}: "
                             "{tables}", days=days, today=today, tables=first_few(stale)), REMEDY,
                      network.folder.network_toml.location(("recheck_after_days",)))


def check_lists(network: Network) -> Iterator[Finding]:
    """Terminals that cannot be; a deny list's file that is not there, another one, or no list."""
    for key, check in (("terminals", check_terminals),
                       ("deny_list", lambda network: DenyLists(network).read_all())):
        try:
            check(network)
        except TableError as error:
            yield finding_of(error, network.folder.network_toml.location((key,)))


def check_agreements(context: ClearingContext) -> Iterator[Finding]:
    """Rides that the network wants held, because not one agreement holds for them."""
    model, toml = context.network.model, context.network.folder.network_toml
    if "hold" not in (model.no_agreement, model.agreements_overlap):
        return
    found = cover(model, context.members)
    if model.no_agreement == "hold":
        left = len(found.uncovered) - EXAMPLES_MOST
        for number, rides in enumerate(found.uncovered[:EXAMPLES_MOST], 1):
            is_last = number == EXAMPLES_MOST and left
            more = (Phrase("; and for {left} more issuers with operators", left=left)
                    if is_last else "")
            yield Finding("NO_AGREEMENT", rides.operator,
                          Phrase("no agreement holds for {rides}{more}", rides=rides.text(),
                                 more=more),
                          "add one, widen another, or take no_agreement = \"hold\" out",
                          toml.location(("no_agreement",)))
    if model.agreements_overlap == "hold":
        for one, other, rides in found.overlaps:
            names = model.agreement[one].agreement, model.agreement[other].agreement
            yield Finding("AGREEMENTS_OVERLAP", names[1],
                          Phrase("it holds beside {agreement!r} for {rides}", agreement=names[0],
                                 rides=rides.text()),
                          "narrow one of the two, or take agreements_overlap = \"hold\" out: then "
                          "the first decides", toml.location(("agreement", other)))


def _report_refused(sources: Sequence[TableSource], network: Network, refusal: Finding) -> Report:
    """What can be said of tables of which one cannot be compiled.

    A fault that the checks have a code of their own for is not told twice.
    """
    found = [*check_versions(sources, network),
             *(finding for one in sources for finding in check_funders(one))]
    known = any(finding.code in ("OVERLAP", "FUNDERS") for finding in found)
    return Report(found if known else [refusal, *found], tables=len(sources),
                  services=len(services_of(network)))
