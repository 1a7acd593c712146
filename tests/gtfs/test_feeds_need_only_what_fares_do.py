"""A feed is not refused for what its fares do not need; and what is imported passes its check."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from clearing.answers.check_tables import check_network
from fare_tables.gtfs import Imported, import_feed
from tests.gtfs.riders import (
    BASE,
    SHARED,
    Files,
    Ride,
    Town,
    bring_in,
    codes,
    needs_shared,
    refused,
    write_feed,
)
from tests.run.command import accepted, onecard

ATTRIBUTES = "fare_id,price,currency_type,payment_method,transfers\nf,2.00,EUR,0,0"
V1 = {"fare_attributes.txt": ATTRIBUTES}
WITHOUT_STOP_AREAS = {
    **V1, "areas.txt": "area_id\nX",
    "fare_products.txt": "fare_product_id,amount,currency\np,9,EUR",
    "fare_leg_rules.txt": "from_area_id,to_area_id,fare_product_id\nX,X,p"}
ONE_ZONE = {"fare_rules.txt": "fare_id,origin_id\nf,1"}


def feed_of(folder: Path, *parts: Files) -> Path:
    return write_feed(folder / "feed", BASE, *parts)


def sound(imported: Imported) -> Town:
    """The imported network, which passes `tables check`."""
    assert [one.what for one in check_network(str(imported.folder)).errors] == []
    return Town(imported.folder)


def pay(here: Town, ways: str, kind: str = "", line: str = "red") -> list[int | None]:
    """Each way by itself: "PQ QR"."""
    return [here.pay(Ride(line, way[0], way[1], "2024-05-13 08:00", kind=kind))[0]
            for way in ways.split()]


@pytest.mark.parametrize("more", [
    {"rider_categories.txt": "rider_category_id\nx,y,z"},
    {"rider_categories.txt": "name\nAdult"},
    {"timeframes.txt": "timeframe_group_id,start_time,end_time,service_id\npeak,8,9,nowhere"},
    {"timeframes.txt": "start_time\n08:00:00"},
    {"fare_products.txt": "fare_product_id,rider_category_id,fare_media_id,amount,currency\n"
                          "p,nobody,nothing,1,QQQ"},
    {"fare_transfer_rules.txt": "from_leg_group_id,fare_transfer_type\nnowhere,9"},
    {"areas.txt": "nothing", "stop_areas.txt": "area_id,stop_id\nX,nowhere"},
    {"networks.txt": "network_id\nmetro\nmetro"},
])
def test_fares_v1_need_no_file_of_v2(more: dict[str, str], tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, V1, more), tmp_path)
    assert imported.notices == []
    assert pay(sound(imported), "PQ") == [200]


def test_fares_v2_need_no_file_of_v1(tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, {
        "fare_products.txt": "fare_product_id,amount,currency\np,7.00,EUR",
        "fare_leg_rules.txt": "fare_product_id\np",
        "fare_attributes.txt": ATTRIBUTES + "\ng,1,USD,0,0", "fare_rules.txt": "fare_id\nnowhere",
    }), tmp_path)
    assert codes(imported.notices) == {"GTFS_FARES_V1"}
    assert pay(sound(imported), "PQ") == [700]


def test_categories_and_media_go_by_their_ids_where_their_files_are_missing(tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, {
        "fare_products.txt": "fare_product_id,rider_category_id,fare_media_id,amount,currency\n"
                             "p,adult,card,7.00,EUR\np,child,card,3.00,EUR",
        "fare_leg_rules.txt": "fare_product_id\np"}), tmp_path)
    here = sound(imported)
    assert (here.world.model.card_kinds, here.world.model.media) == (["adult", "child"], ["card"])
    assert [pay(here, "PQ"), pay(here, "PQ", "child")] == [[700], [300]]


@pytest.mark.parametrize(("agency", "of_routes", "of_fares"), [
    ("A", "", ""), ("A", "", "A"), ("A", "A", ""), ("", "", ""), ("", "A", "A"), ("", "A", "")])
def test_one_agency_needs_no_name(
    agency: str, of_routes: str, of_fares: str, tmp_path: Path
) -> None:
    imported = bring_in(feed_of(tmp_path, {
        "agency.txt": BASE["agency.txt"].replace("\nA,", f"\n{agency},"),
        "routes.txt": BASE["routes.txt"].replace(",A,", f",{of_routes},"),
        "fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers,agency_id\n"
                               f"f,2.00,EUR,0,0,{of_fares}"}), tmp_path)
    assert imported.notices == []
    assert pay(sound(imported), "PQ") == [200]


def test_another_agency_than_the_one_is_refused(tmp_path: Path) -> None:
    error = refused(feed_of(tmp_path, V1, {
        "routes.txt": BASE["routes.txt"].replace(",A,", ",B,")}), tmp_path)
    assert codes(error.notices) == {"GTFS_REFERENCE"}


@pytest.mark.parametrize("column", ["origin_id", "destination_id", "contains_id"])
def test_a_zone_that_no_stop_has(column: str, tmp_path: Path) -> None:
    """The rule never holds; others do, and the fare is not one for every ride."""
    imported = bring_in(feed_of(tmp_path, V1, {
        "fare_attributes.txt": ATTRIBUTES + "\ng,5.00,EUR,0,0",
        "fare_rules.txt": f"fare_id,route_id,{column}\nf,red,99\ng,red,"}), tmp_path)
    assert ("GTFS_NEVER", "fare_rules.txt", 2) in {
        (one.code, one.file, one.row) for one in imported.notices}
    assert pay(sound(imported), "PQ QR") == [500, 500]


def test_areas_without_stops_give_way_to_fares_v1(tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, WITHOUT_STOP_AREAS), tmp_path)
    assert codes(imported.notices) == {"GTFS_FARES_V2"}
    assert pay(sound(imported), "PQ") == [200]


CATEGORIES = {"rider_categories.txt": "rider_category_id,rider_category_description\n"
                                      "2,Child\n1,Adult"}


@pytest.mark.parametrize("more", [
    {"fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers,rider_category_id"
                            "\nc,1.00,EUR,0,0,child\na,2.00,EUR,0,0,adult"},
    {"fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers,rider_category_id"
                            "\nc,1.00,EUR,0,0,2\na,2.00,EUR,0,0,1", **CATEGORIES},
    {**V1, "fare_rider_categories.txt": "fare_id,rider_category_id,price\nf,2,1.00"},
    {**V1, **CATEGORIES,
     "fare_rider_categories.txt": "fare_id,rider_category_id,price\nf,2,1.00\nf,1,2.00"},
    {"fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers,rider_category_id"
                            "\nc,1.00,EUR,0,0,x\na,2.00,EUR,0,0,y"},
])
def test_who_is_not_said_to_be_somebody_else_pays_as_an_adult(
    more: dict[str, str], tmp_path: Path
) -> None:
    here = sound(bring_in(feed_of(tmp_path, more), tmp_path))
    first, second = here.world.model.card_kinds
    assert first in ("adult", "1", "ordinary", "y")
    assert [pay(here, "PQ"), pay(here, "PQ", second)] == [[200], [100]]


BY_NAME = {"fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers\n"
                                  "bus_child,1.00,EUR,0,0\nbus_adult,2.00,EUR,0,0",
           "rider_categories.txt": "rider_category_id,rider_category_name\nadult,Adult\n"
                                   "child,Child"}


def test_fares_that_name_their_riders_by_their_ids(tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, BY_NAME), tmp_path)
    assert codes(imported.notices) == {"GTFS_RIDERS"}
    here = sound(imported)
    assert [pay(here, "PQ"), pay(here, "PQ", "child")] == [[200], [100]]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Europe/Dublin",
                                  "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham",
                                  "Africa/Casablanca", "Asia/Kolkata"])
def test_clocks_with_summer_time_can_be_cleared_by(zone: str, tmp_path: Path) -> None:
    agency = BASE["agency.txt"].replace("Asia/Tokyo", zone)
    assert pay(sound(bring_in(feed_of(tmp_path, V1, {"agency.txt": agency}), tmp_path)), "PQ") == [
        200]


def test_rides_without_a_fare_are_told_and_refused(tmp_path: Path) -> None:
    out = tmp_path / "network"
    done = onecard("tables", "import-gtfs", feed_of(tmp_path, V1, ONE_ZONE), "--out", out)
    assert done.code == 0
    assert ("fare_attributes.txt: has no fare from zone 'elsewhere' to '1' on lines 'lines 1' for "
            "'ordinary' by 'card'; such rides are refused (NO_FARE)") in done.out
    checked = accepted("tables", "check", out)
    assert "warning NO_FARE_HERE" in checked.out
    assert pay(Town(out), "PQ QP") == [200, None]


@pytest.mark.parametrize("more", [
    {"fare_attributes.txt": ATTRIBUTES + "\ng,3.00,EUR,0,0",
     "fare_rules.txt": "fare_id,route_id\nf,red\ng,blue"},
    {"timeframes.txt": "timeframe_group_id,start_time,end_time,service_id\n"
                       "day,06:00:00,22:00:00,daily\nnight,22:00:00,24:00:00,daily\n"
                       "night,00:00:00,06:00:00,daily",
     "fare_products.txt": "fare_product_id,amount,currency\np,2.00,EUR\nq,3.00,EUR",
     "fare_leg_rules.txt": "from_timeframe_group_id,fare_product_id\nday,p\nnight,q"},
])
def test_fares_by_line_or_hour_alone_pass(more: dict[str, str], tmp_path: Path) -> None:
    """A ride of no line, or without a way in, is none that the feed has a fare for."""
    assert pay(sound(bring_in(feed_of(tmp_path, more), tmp_path)), "PQ") == [200]


TRIPS = {"trips.txt": "route_id,service_id,trip_id\nred,daily,T",
         "stop_times.txt": "trip_id,stop_id,stop_sequence\nT,P,1\nT,Q,2\nT,R,3"}


@pytest.mark.parametrize(("reading", "paid"), [
    ("exactly", [None, 100, None, None, None]), ("covers", [100, 100, None, None, 100])])
def test_contains_id_is_read_as_it_is_named(
    reading: str, paid: list[int | None], tmp_path: Path
) -> None:
    feed = feed_of(tmp_path, TRIPS, {
        "fare_attributes.txt": ATTRIBUTES.replace("2.00", "1.00"),
        "fare_rules.txt": "fare_id,contains_id\nf,1\nf,2"})
    out = tmp_path / "network"
    onecard("tables", "import-gtfs", feed, "--out", out, "--contains", reading)
    assert pay(Town(out), "PP PQ QR PR QQ") == paid
    what = "no other zone" if reading == "covers" else "exactly these"
    assert f"contains_id is for rides that pass {what}" in (out / "SOURCES.md").read_text("utf-8")


def test_notices_name_files_that_the_feed_has(tmp_path: Path) -> None:
    """A feed without calendar.txt or networks.txt; and transfers of fares v1."""
    days = "service_id,date,exception_type\ndaily,20240101,1\ndaily,20240102,1\n"
    more = {"calendar.txt": "", "calendar_dates.txt": days.replace("20240101", "19000101")}
    error = refused(feed_of(tmp_path / "old", V1, more), tmp_path)
    assert {one.file for one in error.notices} == {"calendar_dates.txt"}
    network = {"fare_products.txt": "fare_product_id,amount,currency\np,9,EUR",
               "fare_leg_rules.txt": "network_id,fare_product_id\nnowhere,p"}
    error = refused(feed_of(tmp_path / "lost", network), tmp_path)
    assert "network_id 'nowhere' is not in routes.txt" in str(error)
    imported = import_feed(feed_of(tmp_path / "v1", {"fare_attributes.txt": (
        "fare_id,price,currency_type,payment_method,transfers\nf,2.00,EUR,0,")}),
        tmp_path / "network")
    assert {one.file for one in imported.notices} == {"fare_attributes.txt"}


@needs_shared
@pytest.mark.parametrize("name", [
    "feeds/bart-2018-04.zip", "feeds/caltrain-2018-06.zip", "feeds/ctran-faresv2-2025-11.zip",
    "transcollines_faresv2", "nelson_streetcar_faresv2", "nigiri_fares/area_sets",
    "transitfeed_negative/good_feed", "spec/sample-feed-1"])
def test_feeds_of_publishers_pass(name: str, tmp_path: Path) -> None:
    sound(bring_in(SHARED / name, tmp_path))


def test_every_cell_of_a_matrix_is_an_amount(tmp_path: Path) -> None:
    """Holes stay holes: nothing is made up for them."""
    imported = bring_in(feed_of(tmp_path, V1, ONE_ZONE), tmp_path)
    rows = [row for path in imported.folder.glob("matrix-*.csv")
            for row in csv.DictReader(path.read_text("utf-8").splitlines())]
    assert {row["amount"] for row in rows} == {"200"}
