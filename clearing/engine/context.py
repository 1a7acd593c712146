"""A network made ready to clear by: its members, agreements and compiled fare tables."""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ext import records
from ext.clearing.tables import PricingTables
from fare_tables.compile.ground import BITS, Ground, Runner
from fare_tables.compile.tables import compile_tables
from fare_tables.model import Table, asks_for_holidays, table_version
from fare_tables.source import load_tables, locate_error
from network.calendars import last_known_day
from network.checks import check_written
from network.civil import civil_offset_s
from network.errors import OnecardError
from network.files import TableError, beside, read_csv
from network.folder import SHIPPED, find_folder, read_toml
from network.members import Member, Role
from network.model import Centre, Funder, Issuer, Network, Operator
from network.names import Names
from settlement.agreements import AgreementArrays, compile_agreements

BLOCK_BYTES = 1 << 20
ROOM = {"mode": BITS, "medium": BITS, "card_kind": BITS, "member": 65_534}


@dataclass(frozen=True)
class World:
    """Everything that decides how taps of one network are cleared."""

    network: Network
    folder: Path
    names: Names
    tables: Sequence[Table]
    members: Sequence[Member]
    member_rows: npt.NDArray[Any]       # MEMBER, by member number
    agreements: AgreementArrays
    pricing_tables: PricingTables
    civil_offset_s: int
    day_starts_s: int
    digest: str                         # of every file of the network that decides something
    locator: str                        # finds it again: a shipped network's name, or its path
    calendar_until: datetime.date | None = None     # the last day whose kind its tables can know


def system_of(operator: Operator) -> str:
    """The paid area and set of stops that an operator's gates belong to."""
    return operator.system or operator.code


def read_network(network: str) -> tuple[Network, Path]:
    """A network by its name or folder, as it is written, and its folder.

    Raises TableError.
    """
    folder = find_folder(network)
    return read_toml(folder / "network.toml", Network), folder


def load_world(network: str, names: Names) -> World:
    """A shipped network by name, or one's own by folder, compiled with a book's dictionary.

    Raises TableError and OnecardError for what cannot be cleared by.
    """
    written, folder = read_network(network)
    check_written(written)
    tables = load_tables(folder)
    members = _members(written, names)
    for kind, codes in (("mode", written.modes), ("medium", written.media),
                        ("card_kind", written.card_kinds)):
        for code in codes:
            names.number(kind, code)
    for kind, room in ROOM.items():
        if names.count(kind) > room:
            raise OnecardError(f"the book's dictionary has {names.count(kind) - 1} of kind {kind}",
                               expected=f"at most {room - 1}",
                               remedy="use a book of its own for this network")
    runners = {runner.code: runner for runner in _runners(written, folder, names)}
    for runner in runners.values():
        for stop in runner.stops or ():
            names.number("stop", stop, runner.system)
    rows = _member_rows(written, members, runners, names)
    cities = {city.code for city in written.city}
    ground = Ground(
        folder=folder, names=names, runners=runners,
        issuer_cities={names.number("member", issuer.code): issuer.city
                       for issuer in written.issuer},
        cities=sorted(cities), members=rows, accumulators=written.accumulator,
        line_classes=_line_classes(written, runners), calendar=written.calendar,
        own_days={day.date: day.is_a for day in written.day}, taps_from=written.taps_from,
        civil_offset_s=civil_offset_s(written.time_zone, written.taps_from))
    try:
        pricing_tables = compile_tables(tables, ground)
    except TableError as error:
        raise locate_error(folder, error) from None
    start = written.day_starts_at
    return World(
        network=written, folder=folder, names=names, tables=tables, members=members,
        member_rows=rows, agreements=compile_agreements(
            written.agreement, members, lambda kind, code: names.number(kind, code)),
        pricing_tables=pricing_tables,
        civil_offset_s=ground.civil_offset_s,
        day_starts_s=start.hour * 3600 + start.minute * 60 + start.second,
        calendar_until=last_known_day(asks_for_holidays(tables), written.calendar),
        digest=digest_of(folder),
        locator=network if folder == SHIPPED / network else str(folder.resolve()))


def digest_of(folder: Path) -> str:
    """SHA-256 over the network's TOML and CSV files, names and contents."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.toml"), *folder.glob("*.csv"), *folder.glob("layouts/*")]):
        if not path.is_file():      # a folder or a pipe decides nothing: no reader takes it
            continue
        name = path.relative_to(folder).as_posix().encode()
        with path.open("rb") as file:
            digest.update(b"%d %s %d\n" % (len(name), name, os.fstat(file.fileno()).st_size))
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def _members(network: Network, names: Names) -> list[Member]:
    """Every member, numbered; a company that both runs and issues is two members."""
    provinces = {province.code for province in network.province}
    cities = {city.code: city.province for city in network.city}
    for city in network.city:
        if city.province not in provinces:
            raise OnecardError(f"city {city.code!r} is in province {city.province!r}, which "
                               "network.toml does not have", remedy="add the province")
    members: list[Member] = []
    groups: tuple[tuple[Role, Sequence[Operator | Issuer | Funder | Centre]], ...] = (
        ("operator", network.operator), ("issuer", network.issuer),
        ("funder", network.funder), ("centre", network.centre))
    for role, group in groups:
        for written in group:
            if written.city is not None and written.city not in cities:
                raise OnecardError(f"{role} {written.code!r} is in city {written.city!r}, which "
                                   "network.toml does not have", remedy="add the city")
            if any(member.code == written.code for member in members):
                raise OnecardError(f"two members are called {written.code!r}",
                                   remedy="give every operator, issuer, funder and centre its own "
                                          "code")
            province = getattr(written, "province", None)
            if written.city is not None:
                province = cities[written.city]
            members.append(Member(written.code, names.number("member", written.code), role,
                                  written.name, written.city, province))
    return members


def _runners(network: Network, folder: Path, names: Names) -> list[Runner]:
    """The operators as fares see them."""
    runners = []
    for slot, operator in enumerate(network.operator, 1):
        unknown = [mode for mode in operator.modes if mode not in network.modes]
        if unknown:
            raise OnecardError(f"operator {operator.code!r} runs {unknown[0]!r}, which is not in "
                               "modes", remedy="add the mode to network.toml")
        stops = None
        if operator.stops != "any":
            stops = [stop for stop, _ in read_csv(beside(folder, operator.stops), ("stop", "name"))]
        links, line_stops = (None if name is None else beside(folder, name)
                             for name in (operator.links, operator.line_stops))
        runners.append(Runner(operator.code, names.number("member", operator.code), slot,
                              operator.modes, system_of(operator), stops, links, line_stops))
    return runners


def _line_classes(network: Network, runners: Mapping[str, Runner]
                  ) -> dict[str, list[tuple[str, str]]]:
    """The lines of each class, each after its operator."""
    classes: dict[str, list[tuple[str, str]]] = {}
    for one in network.line_class:
        unknown = [code for code in one.operators if code not in runners]
        if unknown or one.line_class in classes:
            found = f"names the operator {unknown[0]!r}" if unknown else "is there twice"
            raise OnecardError(f"line class {one.line_class!r} {found}",
                               expected=", ".join(runners) if unknown else "one of that name",
                               remedy="correct network.toml")
        classes[one.line_class] = [(code, line) for code in one.operators for line in one.lines]
    return classes


def _member_rows(network: Network, members: Sequence[Member], runners: dict[str, Runner],
                 names: Names) -> npt.NDArray[Any]:
    """MEMBER rows by member number."""
    rows = np.zeros(names.count("member"), dtype=records.MEMBER)
    cities = {city.code: place for place, city in enumerate(network.city, 1)}
    provinces = {province.code: place for place, province in enumerate(network.province, 1)}
    for member in members:
        rows["city"][member.number] = cities.get(member.city or "", 0)
        rows["province"][member.number] = provinces.get(member.province or "", 0)
    for role in ("operator", "issuer"):
        of_role = [member.number for member in members if member.role == role]
        rows["slot"][of_role] = range(1, len(of_role) + 1)
    systems = {runner.system: place for place, runner in enumerate(runners.values(), 1)}
    for operator in network.operator:
        runner = runners[operator.code]
        rows["system"][runner.number] = systems[runner.system]
        rows["holds_variance"][runner.number] = operator.on_variance == "hold"
        rows["validator_media"][runner.number] = _validator_media(operator, network, names)
    return rows


def _validator_media(operator: Operator, network: Network, names: Names) -> int:
    """One bit for each medium that the operator's validators charge."""
    bits = 0
    for medium in network.media:
        charged_by = operator.charged_by.get(medium, operator.charged_by.get("default"))
        if charged_by is None:
            raise OnecardError(f"operator {operator.code!r} does not say who charges {medium!r}",
                               remedy='add it to charged_by, or a "default"')
        if charged_by == "validator":
            bits |= 1 << names.number("medium", medium)
    return bits


def versions_of(world: World) -> list[str]:
    """The table versions of a world, in order."""
    return [table_version(table) for table in world.tables]
