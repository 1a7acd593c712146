"""Checks the fare tables of a network: what is wrong with them, or what was proved."""

from __future__ import annotations

from collections.abc import Sequence

from clearing.engine.context import make_context
from fare_tables.check.checks import Report, check_tables, check_versions
from fare_tables.check.findings import Finding, finding_of
from fare_tables.check.rows import check_funders
from fare_tables.check.services import services_of
from fare_tables.source import TableSource, read_sources
from network.errors import OnecardError, TableError
from network.folder import find_folder
from network.names import Names
from network.network import Network, load_network


def check_network(network: str) -> Report:
    """Every finding about a shipped network, or one's own by its folder.

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
        make_context(loaded, sources, Names())
    except OnecardError as error:
        location = loaded.folder.network_toml.location(())
        return _report_refused(sources, loaded, finding_of(error, location))
    return check_tables(sources, loaded)


def _report_refused(sources: Sequence[TableSource], network: Network, refusal: Finding) -> Report:
    """What can be said of tables of which one cannot be compiled.

    A fault that the checks have a code of their own for is not told twice.
    """
    found = [*check_versions(sources, network),
             *(finding for one in sources for finding in check_funders(one))]
    known = any(finding.code in ("OVERLAP", "FUNDERS") for finding in found)
    return Report(found if known else [refusal, *found], tables=len(sources),
                  services=len(services_of(network)))
