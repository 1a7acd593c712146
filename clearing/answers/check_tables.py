"""Checks the fare tables of a network: what is wrong with them, or what was proved."""

from __future__ import annotations

from pathlib import Path

from clearing.engine.context import load_world, system_of
from fare_tables.check.checks import Report, check_tables, check_versions
from fare_tables.check.findings import finding_of
from fare_tables.check.rows import check_funders
from fare_tables.check.setting import Service, Setting
from fare_tables.source import TableSource, read_sources
from network.errors import OnecardError
from network.files import TableError, TomlFile, beside, read_csv
from network.folder import find_folder, read_toml
from network.model import Network
from network.names import Names


def check_network(network: str) -> Report:
    """Every finding about a shipped network, or one's own by its folder.

    Where a table cannot be compiled, no combinations are looked at.
    Raises TableError where there is no such network.
    """
    folder = find_folder(network)
    try:
        described = read_toml(folder / "network.toml", Network)
        written = read_sources(folder)
        setting = setting_of(described, folder)
    except TableError as error:
        return Report([finding_of(error)])
    try:
        load_world(network, Names())
    except TableError as error:
        return _report_refused(written, setting, error)
    except OnecardError as error:
        words = "\n".join(part for part in (error.found, error.expected, error.remedy) if part)
        place = TomlFile(folder / "network.toml").place(())
        return _report_refused(written, setting, TableError(words, place=place))
    return check_tables(written, setting)


def setting_of(network: Network, folder: Path) -> Setting:
    """What tables depend on of a network.

    Raises TableError where a list of stops cannot be read.
    """
    services = []
    for operator in network.operator:
        stops = None
        if operator.stops != "any":
            rows = read_csv(beside(folder, operator.stops), ("stop", "name"))
            stops = tuple(stop for stop, _ in rows)
        links, line_stops = (None if name is None else beside(folder, name)
                             for name in (operator.links, operator.line_stops))
        for mode in operator.modes:
            services.append(Service(
                operator.code, mode, operator.runs_from or network.taps_from, system_of(operator),
                stops, links=links, line_stops=line_stops))
    return Setting(
        folder=folder, services=services, card_kinds=network.card_kinds, media=network.media,
        issuer_cities=[issuer.city for issuer in network.issuer],
        line_classes={one.line_class: frozenset(
            (operator, line) for operator in one.operators for line in one.lines)
            for one in network.line_class},
        accumulators=network.accumulator, mainland=network.calendar == "mainland",
        own_days={day.date: day.is_a for day in network.day}, ride_limit_s=network.ride_limit_s)


def _report_refused(written: list[TableSource], setting: Setting, error: TableError) -> Report:
    """What can be said of tables of which one cannot be compiled.

    A fault that the checks have a code of their own for is not told twice.
    """
    found = [*check_versions(written, setting),
             *(finding for one in written for finding in check_funders(one))]
    known = any(finding.code in ("OVERLAP", "FUNDERS") for finding in found)
    return Report(found if known else [finding_of(error), *found], tables=len(written),
                  services=len(setting.services))
