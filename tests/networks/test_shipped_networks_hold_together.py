"""A name that no member bears, or a day without a table, would lose money on a real day."""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from clearing.network import Network, Operator
from fare_tables.loader import SHIPPED, list_networks, load_tables, read_toml
from fare_tables.model import Concession, Table, Tier, Transfer

LEGS = 4                                    # as in ext/records.pxd
DEMO_DAY = datetime.date(2024, 11, 25)
ONE_DAY = datetime.timedelta(days=1)
EXAMPLE = Path(__file__).parents[2] / "examples" / "network"
FOLDERS = [SHIPPED / name for name in list_networks()] + [EXAMPLE]

# The day that a network's own examples are dated.
DAY = {
    "demo": DEMO_DAY,
    "example": DEMO_DAY,
    "shenzhen": datetime.date(2018, 9, 1),
    "transjakarta": datetime.date(2023, 4, 3),
}


class Shipped:
    """A network with its tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.network = read_toml(folder / "network.toml", Network)
        self.tables = load_tables(folder)

    def rows(self) -> Iterator[tuple[Table, Concession | Transfer | Tier]]:
        for table in self.tables:
            for row in (*table.concession, *table.transfer, *table.tier):
                yield table, row


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def shipped(request: pytest.FixtureRequest) -> Shipped:
    return Shipped(request.param)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_four_networks_are_there():
    assert [folder.name for folder in FOLDERS] == ["demo", "shenzhen", "transjakarta", "network"]


def test_a_network_is_named_like_its_folder(shipped):
    assert shipped.network.network in (shipped.folder.name, "example")


def test_places_and_members_fit_together(shipped):
    net = shipped.network
    provinces = {province.code for province in net.province}
    cities = {city.code for city in net.city}
    assert {city.province for city in net.city} == provinces
    members = [*net.operator, *net.issuer, *net.funder]
    assert {member.city for member in members} <= cities
    codes = [member.code for member in (*members, *net.centre)]
    assert len(codes) == len(set(codes)), "a member's code names one member"
    assert {centre.city for centre in net.centre} <= cities | {None}
    assert {centre.province for centre in net.centre} <= provinces | {None}
    assert {agreement.centre for agreement in net.agreement} <= {
        centre.code for centre in net.centre
    } | {None}
    assert not {"operator", "issuer"} & {funder.code for funder in net.funder}


def test_agreements_are_one_for_each_distance(shipped):
    distances = [agreement.between for agreement in shipped.network.agreement]
    assert len(distances) == len(set(distances))


def test_no_card_prefix_hides_another(shipped):
    prefixes = [p for issuer in shipped.network.issuer for p in issuer.card_prefixes]
    assert len(prefixes) == len(set(prefixes))
    if len(prefixes) > 1:
        assert not [(a, b) for a in prefixes for b in prefixes if a != b and a.startswith(b)]


def test_operators_run_known_modes_and_charge_known_media(shipped):
    net = shipped.network
    for operator in net.operator:
        assert set(operator.modes) <= set(net.modes)
        assert set(operator.charged_by) <= {*net.media, "default"}
        assert "default" in operator.charged_by or set(net.media) <= set(operator.charged_by)


def test_every_name_in_a_table_exists(shipped):
    net = shipped.network
    cities = {city.code for city in net.city}
    operators = {operator.code for operator in net.operator}
    accumulators = {spec.accumulator for spec in net.accumulator}
    for table in shipped.tables:
        assert table.city in cities
        assert table.operators
        assert set(table.operators) <= operators
        assert set(table.modes or []) <= set(net.modes)
        assert set(table.counts_to) <= accumulators
    funders = {funder.code for funder in net.funder} | {"operator", "issuer"}
    for table, row in shipped.rows():
        place = f"{table.table}: {row.rule}"
        assert row.funders, place
        assert {share.funder for share in row.funders} <= funders, place
        assert set(row.card_kinds or []) <= set(net.card_kinds), place
        assert set(row.media or []) <= set(net.media), place
        if isinstance(row.cards, list):
            assert set(row.cards) <= cities, place
        if isinstance(row, Tier):
            assert row.accumulator in accumulators, place
            assert (row.over is None) != (row.at_least is None), place
            assert row.up_to is None or row.below is None, place
        if isinstance(row, Transfer):
            assert set(row.from_operators or []) <= operators, place
            assert set(row.from_modes or []) <= set(net.modes), place
            assert (row.credit is None) != (row.credit_up_to is None), place
        if isinstance(row, Concession):
            ways = [row.pays_percent, row.bands, row.pays_amount]
            assert sum(way is not None for way in ways) == 1, place


def test_rules_of_one_table_have_names_of_their_own(shipped):
    for table in shipped.tables:
        rows = (*table.concession, *table.transfer, *table.tier)
        rules = [table.fare.rule, *(row.rule for row in rows)]
        assert len(rules) == len(set(rules)), table.table


def test_distance_bands_are_in_order_and_end_nowhere(shipped):
    for table in shipped.tables:
        bands = table.fare.bands or []
        assert bool(bands) == (table.fare.basis == "distance"), table.table
        for index, band in enumerate(bands):
            last = index == len(bands) - 1
            assert (band.to_m is None) == last
            assert (band.amount is not None) == (index == 0)
            assert (band.every_m is None) == (band.add is None) == (index == 0)
        assert [b.to_m for b in bands[:-1]] == sorted({b.to_m for b in bands[:-1]})


def test_a_ride_never_needs_more_legs_than_an_entry_has(shipped):
    for table in shipped.tables:
        legs = sum(
            max((len(row.funders) for row in rows), default=0)
            for rows in (table.concession, table.transfer, table.tier)
        )
        assert legs <= LEGS, table.table


def applies(table: Table, operator: Operator, mode: str, day: datetime.date) -> bool:
    return (
        operator.code in table.operators
        and (table.modes is None or mode in table.modes)
        and table.in_force_from <= day
        and (table.in_force_until is None or day <= table.in_force_until)
    )


def test_every_operator_and_mode_has_one_table_on_the_day(shipped):
    day = DAY[shipped.network.network]
    for operator in shipped.network.operator:
        for mode in operator.modes:
            found = [t for t in shipped.tables if applies(t, operator, mode, day)]
            general = [t.table for t in found if t.lines is None]
            assert len(general) == 1, f"{operator.code} {mode}: {general}"
            lines = [line for t in found for line in t.lines or []]
            assert len(lines) == len(set(lines)), f"{operator.code} {mode}: a line in two tables"


def test_versions_of_a_table_follow_each_other_without_gap(shipped):
    for name in {table.table for table in shipped.tables}:
        versions = sorted(
            (t for t in shipped.tables if t.table == name), key=lambda t: t.in_force_from
        )
        for earlier, later in pairwise(versions):
            assert earlier.in_force_until is not None, name
            assert earlier.in_force_until + ONE_DAY == later.in_force_from, name
        assert versions[-1].in_force_until is None, name
        opened_later = name == "foshan-metro"      # line 2 was opened on 2021-12-28
        starts = versions[0].in_force_from
        assert (starts > shipped.network.taps_from) == opened_later, name


def test_every_source_is_a_heading_of_the_sources_page(shipped):
    page = (shipped.folder / "SOURCES.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {f"SOURCES.md#{heading.lower().replace(' ', '-')}" for heading in headings}
    for table in shipped.tables:
        assert table.source in anchors, table.table
        assert table.legal_basis, table.table


def test_links_join_known_stops_into_one_piece(shipped):
    for operator in shipped.network.operator:
        if operator.links is None:
            continue
        stops = [row["stop"] for row in read_csv(shipped.folder / operator.stops)]
        assert len(stops) == len(set(stops))
        neighbours: dict[str, set[str]] = {stop: set() for stop in stops}
        for link in read_csv(shipped.folder / operator.links):
            assert int(link["metres"]) > 0
            assert link["from"] != link["to"]
            neighbours[link["from"]].add(link["to"])
            neighbours[link["to"]].add(link["from"])
        reached, todo = set(), [stops[0]]
        while todo:
            stop = todo.pop()
            if stop not in reached:
                reached.add(stop)
                todo.extend(neighbours[stop])
        assert reached == set(stops), "a stop that no track leads to has no fare"


def test_operators_of_one_system_share_stops_and_track(shipped):
    systems: dict[str, set[tuple[str, str | None]]] = {}
    for operator in shipped.network.operator:
        if operator.system is not None:
            systems.setdefault(operator.system, set()).add((operator.stops, operator.links))
    assert all(len(files) == 1 for files in systems.values())


def test_distance_fares_have_track(shipped):
    tracked = {operator.code for operator in shipped.network.operator if operator.links}
    for table in shipped.tables:
        if table.fare.basis == "distance":
            assert set(table.operators) <= tracked
