"""A name that no member bears, or a ride without a price, would lose money on a real day.

Every shipped network passes `onecard tables check`; what stands beside its tables is checked here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clearing.answers.check_tables import check_network
from fare_tables.source import load_tables
from network.files import TomlFile
from network.folder import SHIPPED, list_networks
from network.model import NetworkFile

EXAMPLE = Path(__file__).parents[2] / "examples" / "network"
FOLDERS = [SHIPPED / name for name in list_networks()] + [EXAMPLE]
CITIES = {
    "atlanta", "beijing", "chengdu", "chongqing", "danzhou", "foshan", "guangzhou", "haikou",
    "hefei", "helsinki", "hongkong", "huoshan", "jinhua", "lisbon", "seattle", "shanghai",
    "shenzhen", "zhongshan", "zhuhai",
}


class Shipped:
    """A network with its tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.network = TomlFile(folder / "network.toml").convert(NetworkFile)
        self.tables = load_tables(folder)


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def shipped(request: pytest.FixtureRequest) -> Shipped:
    return Shipped(request.param)


def test_the_cities_are_there():
    assert {"demo", "transjakarta"} | CITIES <= {folder.name for folder in FOLDERS}


def test_every_ride_has_one_price(shipped):
    """On every day, of every card, between all stops: no error, and what was proved is counted."""
    report = check_network(str(shipped.folder))
    assert not report.errors
    assert report.tables == len(shipped.tables) > 0
    assert report.services == sum(len(one.modes) for one in shipped.network.operator)
    assert report.combinations >= report.services


def test_every_version_says_when_it_was_checked(shipped):
    """Against what its sources say; a made-up one was never."""
    unchecked = {table.table for table in shipped.tables if table.checked_on is None}
    assert unchecked == ({table.table for table in shipped.tables}
                         if shipped.folder == EXAMPLE else set())


def test_warnings_are_of_a_year_to_come_only(shipped):
    """Of what else a check may warn, a published table must say why: then it stands here."""
    warned = {(one.code, one.where) for one in check_network(str(shipped.folder)).findings}
    assert {code for code, _ in warned} <= {"CALENDAR"}


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


def test_every_source_is_a_heading_of_the_sources_page(shipped):
    page = (shipped.folder / "SOURCES.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {f"SOURCES.md#{heading.lower().replace(' ', '-')}" for heading in headings}
    for table in shipped.tables:
        assert table.source in anchors, table.table
        assert table.legal_basis, table.table
