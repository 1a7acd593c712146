"""Fares v1 of small feeds: routes, zones, agencies, zones passed, transfers."""

from __future__ import annotations

from pathlib import Path

from tests.gtfs.riders import BASE, Ride, Town, bring_in, codes, settle_in, write_feed

MONDAY = "2024-05-13"
HEADER = "fare_id,price,currency_type,payment_method,transfers,transfer_duration\n"


def town(tmp_path: Path, attributes: str, rules: str = "", **more: str) -> Town:
    return Town(bring_in(feed_of(tmp_path, attributes, rules, **more), tmp_path).folder)


def feed_of(tmp_path: Path, attributes: str, rules: str = "", **more: str) -> Path:
    return write_feed(tmp_path / "feed", BASE, {
        "fare_attributes.txt": HEADER + attributes, "fare_rules.txt": rules},
        {f"{name}.txt": text for name, text in more.items()})


def pay(here: Town, *rides: str) -> list[int | None]:
    """One card's rides: "red PQ 08:00"."""
    words = [ride.split() for ride in rides]
    return here.pay(*[Ride(line, way[0], way[1:], f"{MONDAY} {at}") for line, way, at in words])


def test_routes(tmp_path: Path) -> None:
    here = town(tmp_path, "a,1.25,EUR,0,0,\nb,5.2,EUR,0,0,", "fare_id,route_id\na,red\nb,blue")
    assert [pay(here, "red PQ 08:00"), pay(here, "blue P 08:00")] == [[125], [520]]


def test_a_fare_without_rules_is_for_every_ride(tmp_path: Path) -> None:
    here = town(tmp_path, "a,300,JPY,0,0,\nb,200,JPY,0,0,", "fare_id,route_id\nb,red")
    assert [pay(here, "red PQ 08:00"), pay(here, "blue P 08:00")] == [[200], [300]]


def test_zones_of_origin_and_destination(tmp_path: Path) -> None:
    here = town(tmp_path, "a,1,EUR,1,0,\nb,2,EUR,1,0,\nc,9,EUR,1,0,", """
fare_id,route_id,origin_id,destination_id
a,red,1,1
b,red,1,2
c,red,3,
""")
    assert [pay(here, f"red {way} 08:00")[0] for way in ("PP", "PQ", "QP", "RP", "RR")] == [
        100, 200, None, 900, 900]


def test_an_agency_has_fares_of_its_own(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed", BASE, {
        "agency.txt": BASE["agency.txt"] + "B,Other,https://b.example,Asia/Tokyo\n",
        "routes.txt": BASE["routes.txt"].replace("blue,A", "blue,B"),
        "fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers,agency_id\n"
                               "a,1,EUR,0,0,A\nb,2,EUR,0,0,B\n"})
    here = settle_in(feed, tmp_path)
    assert [one.code for one in here.world.model.operator] == ["A", "B"]
    assert [pay(here, "red PQ 08:00"), pay(here, "blue PQ 08:00")] == [[100], [200]]


def test_transfers_on_a_flat_fare(tmp_path: Path) -> None:
    rides = ["red PQ 08:00", "blue QR 08:30", "red RP 08:50", "blue PQ 09:01"]
    for place, (transfers, paid) in enumerate([
            ("", [150, 0, 0, 150]), ("0", [150] * 4), ("1", [150, 0, 150, 0]),
            ("2", [150, 0, 0, 150])]):
        here = town(tmp_path / str(place), f"a,1.50,EUR,0,{transfers},3600")
        assert pay(here, *rides) == paid, transfers


def test_transfers_between_zones_cost_the_whole_way(tmp_path: Path) -> None:
    here = town(tmp_path, "a,1,EUR,1,,3600\nb,2,EUR,1,,3600\nc,2.5,EUR,1,,3600", """
fare_id,origin_id,destination_id
a,1,2
b,2,3
c,1,3
""")
    assert pay(here, "red PQ 08:00", "blue QR 08:30") == [100, 150]
    assert pay(here, "red PQ 08:00", "blue QR 09:01") == [100, 200]


def test_zones_passed_by_the_way_of_the_trips(tmp_path: Path) -> None:
    rules = "fare_id,route_id,contains_id\na,red,1\na,red,2\nb,red,1\nb,red,2\nb,red,3\n"
    attributes = "a,1,EUR,1,0,\nb,2,EUR,1,0,"
    ways = {"trips": "route_id,service_id,trip_id\nred,daily,T",
            "stop_times": "trip_id,stop_id,stop_sequence\nT,P,1\nT,Q,2\nT,R,3"}
    here = town(tmp_path / "way", attributes, rules, **ways)
    assert [pay(here, f"red {way} 08:00")[0] for way in ("PQ", "PR", "QR")] == [100, 200, None]
    imported = bring_in(feed_of(tmp_path / "none", attributes, rules), tmp_path / "none")
    assert codes(imported.notices) == {"GTFS_CONTAINS", "GTFS_NO_FARE_HERE"}
    assert pay(Town(imported.folder), "red PQ 08:00") == [100]


def test_fares_v2_come_before_v1(tmp_path: Path) -> None:
    imported = bring_in(feed_of(
        tmp_path, "a,1,EUR,0,0,", fare_leg_rules="fare_product_id\np",
        fare_products="fare_product_id,amount,currency\np,7.00,EUR"), tmp_path)
    assert codes(imported.notices) == {"GTFS_FARES_V1"}
    assert pay(Town(imported.folder), "red PQ 08:00") == [700]
