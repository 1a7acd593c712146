"""Feeds that agencies have published are imported, and rides cost what the agencies charged."""

from __future__ import annotations

import csv
import time
from collections import Counter
from pathlib import Path

import pytest

from fare_tables.gtfs.notices import NOT_EXPRESSED
from fare_tables.source import load_tables
from network.files import TomlFile
from network.model import NetworkFile
from tests.gtfs.riders import SHARED, Ride, Town, bring_in, codes, needs_shared

pytestmark = needs_shared

# What of each could not be expressed, all of it.
FEEDS = {
    "feeds/bart-2018-04.zip": {},
    "feeds/caltrain-2018-06.zip": {},
    "feeds/ctran-faresv2-2025-11.zip": {},
    "mbta_faresv2": {"GTFS_NEVER": 185, "GTFS_EXTENSION": 56, "GTFS_COLUMN": 2},
    "transcollines_faresv2": {},
    "nelson_streetcar_faresv2": {},
    "nigiri_fares/simple_fares": {"GTFS_DEARER_PRODUCT": 24, "GTFS_JOIN": 2,
                                  "GTFS_COUNT_IGNORED": 1, "GTFS_TRANSFER_DEARER": 1},
    "nigiri_fares/area_sets": {},
    "transitfeed_negative/good_feed": {},
    "transitfeed_negative/good_feed.zip": {},
    "transitfeed_negative/googletransit/good_feed": {"GTFS_COLUMN": 3},
    "spec/sample-feed-1": {},
}
SECONDS_MOST = 30


@pytest.mark.parametrize("name", FEEDS)
def test_it_loads_in_time_and_says_what_is_lost(name: str, tmp_path: Path) -> None:
    before = time.process_time()    # whatever else the machine is at
    imported = bring_in(SHARED / name, tmp_path)
    assert time.process_time() - before < SECONDS_MOST
    TomlFile(imported.folder / "network.toml").convert(NetworkFile)
    tables = load_tables(imported.folder)
    assert len(tables) == imported.tables > 0
    lost = Counter(one.code for one in imported.notices if one.code in NOT_EXPRESSED)
    assert lost == FEEDS[name]
    told = (imported.folder / "SOURCES.md").read_text("utf-8")
    assert all(code in told for code in codes(imported.notices))


def town(name: str, tmp_path: Path) -> Town:
    return Town(bring_in(SHARED / name, tmp_path).folder)


def one(here: Town, line: str, start: str, to: str, at: str, medium: str = "",
        kind: str = "") -> int | None:
    return here.pay(Ride(line, start, to, at, medium=medium, kind=kind))[0]


def test_every_fare_of_bart(tmp_path: Path) -> None:
    """All pairs of zones, against the feed's own two files."""
    import zipfile

    here = town("feeds/bart-2018-04.zip", tmp_path)
    with zipfile.ZipFile(SHARED / "feeds" / "bart-2018-04.zip") as packed:
        def rows(name: str) -> list[dict[str, str]]:
            return list(csv.DictReader(packed.read(name).decode("utf-8-sig").splitlines()))

        prices = {row["fare_id"]: row["price"] for row in rows("fare_attributes.txt")}
        ways = {(row["origin_id"], row["destination_id"]): prices[row["fare_id"]]
                for row in rows("fare_rules.txt")}
        stop_in = {row["zone_id"]: row["stop_id"] for row in rows("stops.txt")}
    assert len(ways) > 2_000
    for (start, end), price in ways.items():
        paid = one(here, "01", stop_in[start], stop_in[end], "2018-06-04 08:00")
        assert paid == int(price.replace(".", "")), (start, end)


@pytest.mark.parametrize(("start", "to", "paid"), [
    ("70011", "70011", 375), ("70011", "70061", 600), ("70061", "70011", 600)])
def test_caltrain(start: str, to: str, paid: int, tmp_path: Path) -> None:
    here = town("feeds/caltrain-2018-06.zip", tmp_path)
    assert one(here, "Lo-130", start, to, "2018-06-04 08:00") == paid


def test_ctran(tmp_path: Path) -> None:
    here = town("feeds/ctran-faresv2-2025-11.zip", tmp_path)
    [operator] = here.world.model.operator
    assert operator.name == "C-TRAN"
    line, stop = "any", next(iter(here.world.stops_of(operator.code) or ()))
    assert here.pay(*[Ride(line, stop, "", f"2026-01-12 {at}", medium="2", kind="ADULT")
                      for at in ("08:00", "10:30", "10:31")]) == [125, 0, 125]
    assert one(here, line, stop, "", "2026-01-12 08:00", "2", "HONORED_CITIZEN") == 60
    assert one(here, line, stop, "", "2026-01-12 08:00", "0", "YOUTH") == 0


@pytest.mark.parametrize(("line", "start", "to", "medium", "paid"), [
    ("1", "1", "10", "cash", 170),                      # local bus
    ("1", "1", "10", "charlieticket", 240),
    ("Boat-F1", "Boat-Hull", "Boat-Long", "mticket", 975),
    ("Boat-F4", "Boat-Charlestown", "Boat-Long-South", "cash", 370),
    ("Boat-Lynn", "Boat-Long", "Boat-Blossom", "cash", 700),
    ("CR-Foxboro", "NEC-2287", "NEC-2287", "cash", 2000),
])
def test_mbta(line: str, start: str, to: str, medium: str, paid: int, tmp_path: Path) -> None:
    here = town("mbta_faresv2", tmp_path)
    assert one(here, line, start, to, "2024-10-08 08:00", medium) == paid


def test_mbta_commuter_rail_by_zone(tmp_path: Path) -> None:
    """From zone 1A to each zone: the one-way fares of October 2024."""
    here = town("mbta_faresv2", tmp_path)
    zones = here.world.folder.zones_in("zones.csv")
    stop_in = {zone: stop for stop, zone in zones.items()}
    paid = {zone: one(here, "CR-Fitchburg", stop_in["area_commuter_rail_zone_1a"],
                      stop_in[f"area_commuter_rail_zone_{zone}"], "2024-10-08 08:00", "mticket")
            for zone in ("1a", *map(str, range(1, 11)))}
    assert paid == {"1a": 240, "1": 650, "2": 700, "3": 800, "4": 875, "5": 975, "6": 1050,
                    "7": 1100, "8": 1225, "9": 1275, "10": 1325}


def test_transcollines(tmp_path: Path) -> None:
    here = town("transcollines_faresv2", tmp_path)
    zones = {zone: stop for stop, zone in here.world.folder.zones_in("zones.csv").items()}
    assert {(start, end): one(here, "910", zones[start], zones[end], "2026-02-02 08:00")
            for start in ("GAT", "COL", "PNT") for end in ("GAT", "COL", "PNT")} == {
        ("GAT", "GAT"): None, ("GAT", "COL"): 500, ("GAT", "PNT"): 2000,
        ("COL", "GAT"): 500, ("COL", "COL"): 500, ("COL", "PNT"): 500,
        ("PNT", "GAT"): 2000, ("PNT", "COL"): 500, ("PNT", "PNT"): 500}


def test_nelson_streetcar(tmp_path: Path) -> None:
    here = town("nelson_streetcar_faresv2", tmp_path)
    assert here.pay(*[Ride("SC", "S1", "S6", f"2026-07-{day} 12:00")
                      for day in ("01", "02", "03")]) == [500, 0, 500]


# What the open-source router nigiri (motis-project/nigiri, test/loader/gtfs/fares_test.cc) finds
# for the same journeys: the one-way products, not the passes.

A_TO_D = [("line1", "A", "B", "00", "30"), ("line2", "B", "C", "35", "55"),
          ("line3", "C", "D", "56", "59")]


@pytest.mark.parametrize(("hour", "medium", "kind", "total"), [
    ("12", "app", "adult", 350), ("12", "paper-card", "adult", 400),
    ("12", "app", "reduced", 250), ("12", "paper-card", "reduced", 300),
    ("08", "app", "adult", 700), ("08", "paper-card", "adult", 800),
    ("08", "app", "reduced", 550), ("08", "paper-card", "reduced", 600),
])
def test_nigiri_joined_legs(
    hour: str, medium: str, kind: str, total: int, tmp_path: Path
) -> None:
    here = town("nigiri_fares/simple_fares", tmp_path)
    paid = here.pay(*[Ride(line, start, to, f"2022-03-30 {hour}:{at}", f"2022-03-30 {hour}:{until}",
                           medium, kind) for line, start, to, at, until in A_TO_D])
    assert sum(amount or 0 for amount in paid) == total
    assert None not in paid


@pytest.mark.parametrize(("medium", "kind", "paid"), [
    ("app", "adult", 250), ("paper-card", "adult", 300), ("app", "reduced", 150),
    ("paper-card", "reduced", 200)])
def test_nigiri_one_leg(medium: str, kind: str, paid: int, tmp_path: Path) -> None:
    here = town("nigiri_fares/simple_fares", tmp_path)
    assert one(here, "line3", "C", "D", "2022-03-30 02:05", medium, kind) == paid


@pytest.mark.parametrize(("medium", "kind", "total"), [
    ("HSL_ticket", "adult", 440), ("HSL_card", "adult", 440), ("HSL_app", "adult", 440),
    ("contactless", "adult", 470), ("HSL_card", "pensioner", 220),
    ("HSL_card", "reduced_mobility", 220), ("HSL_app", "children", 220)])
def test_nigiri_area_sets(medium: str, kind: str, total: int, tmp_path: Path) -> None:
    here = town("nigiri_fares/area_sets", tmp_path)
    paid = here.pay(Ride("line1", "A", "B", "2022-03-30 02:00", medium=medium, kind=kind),
                    Ride("line2", "B", "C", "2022-03-30 02:35", medium=medium, kind=kind))
    assert sum(amount or 0 for amount in paid) == total
    assert None not in paid
