"""The worked examples of gtfs.org: their tables imported, their prices paid.

Each case takes the tables from the page and the price from its prose; what a page leaves out
(stops, routes, rows shown as "…") is added here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.gtfs.pages import Page, Rows
from tests.gtfs.riders import (
    BASE,
    SHARED,
    Ride,
    Town,
    as_csv,
    bring_in,
    codes,
    needs_shared,
    refused,
    settle_in,
    write_feed,
)

pytestmark = needs_shared
EXAMPLES = SHARED / "gtfs_org_worked_examples"

VANCOUVER = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\n"
                  "TL,TransLink,https://example.org,Etc/GMT+8",
    "stops.txt": "stop_id,stop_name\n8039,Waterfront\n8066,Edmonds\n99901,YVR-Airport\n"
                 "99902,Sea Island Centre\n99903,Templeton\n3,Surrey Central\n",
    "routes.txt": "route_id,agency_id,route_type\n10232,TL,3\n11201,TL,3\n13686,TL,1\n30052,TL,1\n",
    "calendar.txt": "",
}
ZONE_3 = {"stop_id": "3", "area_id": "ZN3"}     # the page shows no stop of it
WEDNESDAY, SATURDAY = "2025-06-04", "2025-06-07"


def page(name: str) -> Page:
    return Page(EXAMPLES / name)


def files(**tables: Rows) -> dict[str, str]:
    """Tables of a page as files; the header is that of all rows."""
    made = {}
    for name, rows in tables.items():
        header = list(dict.fromkeys(column for row in rows for column in row))
        made[f"{name}.txt"] = as_csv(header, [[row.get(column, "") for column in header]
                                              for row in rows])
    return made


def money(pattern: str, text: str) -> int:
    """An amount from the prose, in cents: the only one that the pattern finds there."""
    found = set(re.findall(pattern, text))
    assert len(found) == 1, (pattern, found)
    whole, _, part = found.pop().partition(".")
    return int(whole + part.ljust(2, "0"))


# Time of day, and areas with time of day.

@pytest.mark.parametrize(("at", "said"), [
    ("07:30", r"departs at  7:30 AM would have to pay ([\d.]+) USD"),
    ("11:30", r"departing at 11:30 AM would only have to pay a ([\d.]+) USD"),
])
def test_peak_and_off_peak(at: str, said: str, tmp_path: Path) -> None:
    part = page("archived-fares-examples.md").section(
        "Define price differences based on time and day of trip")
    feed = write_feed(tmp_path / "feed", BASE, {"routes.txt": """
route_id,agency_id,route_type,network_id
metrorail,A,1,1
"""}, files(calendar=part.table("calendar.txt"), timeframes=part.table("timeframes.txt"),
            fare_products=part.table("fare_products.txt"),
            fare_leg_rules=part.table("fare_leg_rules.txt")))
    town = settle_in(feed, tmp_path)
    assert town.pay(Ride("metrorail", "P", "Q", f"2022-07-13 {at}")) == [money(said, part.text)]


@pytest.mark.parametrize(("at", "until", "said"), [
    ("18:45", "20:05", r"Outbound Adult Peak Zonal Fare of ([\d.]+) USD, since"),
    ("21:04", "22:20", r"Outbound Adult Off Peak Zonal Fare of only ([\d.]+) USD"),
])
def test_areas_with_hours_of_entry_and_of_exit(
    at: str, until: str, said: str, tmp_path: Path
) -> None:
    part = page("archived-fares-examples.md").section(
        "Define time-variable fares along with zone based fares")
    stop_areas = part.table("stop_areas.txt")
    areas = [{"area_id": area} for area in sorted({row["area_id"] for row in stop_areas})]
    media = [{"fare_media_id": "paper", "fare_media_type": "1"}]
    feed = write_feed(tmp_path / "feed", BASE, {"routes.txt": """
route_id,agency_id,route_type
669,A,2
"""}, files(stops=part.table("stops.txt"), stop_areas=stop_areas, areas=areas, fare_media=media,
            networks=part.table("networks.txt"), route_networks=part.table("route_networks.txt"),
            calendar=part.table("calendar.txt"), timeframes=part.table("timeframes.txt"),
            fare_products=part.table("fare_products.txt"),
            fare_leg_rules=part.table("fare_leg_rules.txt")))
    imported = bring_in(feed, tmp_path)
    assert "GTFS_TIMEFRAMES" not in codes(imported.notices)
    town = Town(imported.folder)
    grand_central, cold_spring = "ITO2383", "ITO1897"
    price = money(said, part.text)
    assert town.pay(Ride("669", grand_central, cold_spring, f"2023-06-14 {at}",
                         f"2023-06-14 {until}")) == [price]


def test_inbound_fares_follow_the_hour_of_arrival(tmp_path: Path) -> None:
    """6 to 10 on weekdays is peak on arrival, whenever the train left."""
    test_areas_with_hours_of_entry_and_of_exit("18:45", "20:05", r"Outbound Adult Peak Zonal Fare "
                                               r"of ([\d.]+) USD, since", tmp_path)
    town = Town(tmp_path / "network")
    assert [town.pay(Ride("669", "ITO1897", "ITO2383", f"2023-06-{day} {at}",
                          f"2023-06-{day} {until}"))
            for day, at, until in [("14", "05:30", "06:50"), ("14", "09:30", "10:50"),
                                   ("17", "08:00", "09:20")]] == [[2000], [1500], [1500]]


# Products, media, categories.

def test_one_way_fare_and_transfers_within_90_minutes(tmp_path: Path) -> None:
    whole = page("archived-fares-examples.md")
    defined = whole.section("Define a transit fare")
    feed = write_feed(tmp_path / "feed", BASE, {"routes.txt": """
route_id,agency_id,route_type,network_id
red,A,3,core
blue,A,1,core
"""}, files(
        fare_products=defined.table("fare_products.txt"),
        fare_leg_rules=whole.section("Create rules for single leg journeys").table(
            "fare_leg_rules.txt"),
        fare_transfer_rules=whole.section("Create rules for transfers").table(
            "fare_transfer_rules.txt")))
    imported = bring_in(feed, tmp_path)
    town = Town(imported.folder)
    one_way = money(r"One-way ticket that costs \$([\d.]+) USD", defined.text)
    assert town.pay(
        Ride("red", "P", "Q", "2024-05-06 08:00"), Ride("blue", "Q", "R", "2024-05-06 09:00"),
        Ride("red", "R", "P", "2024-05-06 09:30"), Ride("blue", "P", "Q", "2024-05-06 09:31"),
    ) == [one_way, 0, 0, one_way]
    left_out = [one.reason for one in imported.notices if one.code == "GTFS_DEARER_PRODUCT"]
    assert len(left_out) == 3       # the passes of a day, a week and a month


def test_a_fare_for_each_pair_of_areas(tmp_path: Path) -> None:
    part = page("archived-fares-examples.md").section(
        "Describe service locations in the same fare zone")
    stop_areas, rules = part.table("stop_areas.txt"), part.table("fare_leg_rules.txt")
    stops = [{"stop_id": row["stop_id"], "stop_name": row["stop_id"]} for row in stop_areas]
    tables = files(stops=stops, areas=part.table("areas.txt"), stop_areas=stop_areas,
                   fare_products=part.table("fare_products.txt"), fare_leg_rules=rules)
    # The page spells Ashby ASKB once: there is no such area.
    error = refused(write_feed(tmp_path / "printed", BASE, tables), tmp_path)
    assert [(one.code, one.file, one.row) for one in error.notices] == [
        ("GTFS_REFERENCE", "fare_leg_rules.txt", 3)]
    rules[1]["from_area_id"] = "ASHB"
    town = settle_in(write_feed(tmp_path / "feed", BASE, {**tables, **files(fare_leg_rules=rules)}),
                     tmp_path)
    prices = [row["amount"] for row in part.table("fare_products.txt")]
    assert prices == ["4.75", "9.45"]
    assert [town.pay(Ride("red", "ASHB", to, "2024-05-06 08:00"))
            for to in ("GLEN", "OAKL")] == [[475], [945]]
    assert town.pay(Ride("red", "GLEN", "OAKL", "2024-05-06 08:00")) == [None]


@pytest.mark.parametrize(("heading", "medium", "said"), [
    ("Define price differences based on fare media", "cash",
     r"adult local fare paid for with cash costs \$([\d.]+) USD"),
    ("Define price differences based on fare media", "clipper",
     r"paid for with the Clipper card costs \$([\d.]+), 50 cents less"),
])
def test_prices_by_medium(heading: str, medium: str, said: str, tmp_path: Path) -> None:
    part = page("archived-fares-examples.md").section(heading)
    feed = write_feed(tmp_path / "feed", BASE, {
        "fare_leg_rules.txt": "fare_product_id\nSF:local:single"},
        files(fare_media=part.table("fare_media.txt"),
              fare_products=part.table("fare_products.txt")))
    town = settle_in(feed, tmp_path)
    assert town.pay(Ride("red", "P", "", "2024-05-06 08:00", medium=medium)) == [
        money(said, part.text)]


def test_one_dollar_cheaper_with_a_bank_card(tmp_path: Path) -> None:
    part = page("archived-fares-examples.md").section("Describe a contactless fare media option")
    assert "it is one USD dollar cheaper" in part.text
    [media, products] = _tables_without_names(part)
    feed = write_feed(tmp_path / "feed", BASE, {
        "fare_leg_rules.txt": "fare_product_id\nsingle-ride"},
        files(fare_media=media, fare_products=products))
    town = settle_in(feed, tmp_path)
    assert [town.pay(Ride("red", "P", "", "2024-05-06 08:00", medium=medium))
            for medium in ("tap_to_ride", "other")] == [[600], [700]]


def _tables_without_names(part: Page) -> list[Rows]:
    """The page's table of media has no file's name above it."""
    [products] = part.tables("fare_products.txt")
    named = Page.__new__(Page)
    named.text = "[**fare_media.txt**]\n" + part.text
    return [named.tables("fare_media.txt")[0], products]


@pytest.mark.parametrize(("kind", "said"), [
    ("adult", r"associated with the adult rider category, the amount is CAD ([\d.]+)\."),
    ("concession", r"associated with the concession rider category, the amount is CAD ([\d.]+)\."),
])
def test_prices_by_rider_category(kind: str, said: str, tmp_path: Path) -> None:
    whole = page("rider-categories.md")
    feed = write_feed(tmp_path / "feed", BASE, {
        "fare_leg_rules.txt": "fare_product_id\nbus_flat_fare"},
        files(fare_media=page("fare-media.md").table("fare_media.txt"),
              rider_categories=whole.table("rider_categories.txt"),
              fare_products=whole.table("fare_products.txt")))
    town = settle_in(feed, tmp_path)
    assert town.world.model.card_kinds[0] == "adult"
    assert town.pay(Ride("red", "P", "", "2024-05-06 08:00", kind=kind, medium="contactless")) == [
        money(said, whole.text)]
    assert town.pay(Ride("red", "P", "", "2024-05-06 08:00", kind=kind, medium="cash")) == [None]


def test_bus_by_medium(tmp_path: Path) -> None:
    """The page's table: 3.20, or 2.60 with a Compass Card; no bus is a SkyTrain."""
    whole = page("route-based-fares.md")
    feed = write_feed(tmp_path / "feed", BASE, VANCOUVER, {"calendar.txt": BASE["calendar.txt"]},
                      files(fare_media=page("fare-media.md").table("fare_media.txt"),
                            networks=whole.table("networks.txt"),
                            route_networks=whole.table("route_networks.txt"),
                            fare_products=whole.table("fare_products.txt"),
                            fare_leg_rules=whole.table("fare_leg_rules.txt")))
    town = settle_in(feed, tmp_path)
    assert [town.pay(Ride(line, "8039", "", "2024-05-06 08:00", medium=medium))
            for line, medium in [("10232", "cash"), ("10232", "compass_card"),
                                 ("11201", "contactless"), ("13686", "cash")]] == [
        [320], [260], [320], [None]]


@pytest.mark.parametrize(("kind", "amount"), [("rc01-adult", 275), ("rc03-student", 150)])
def test_sample_of_rider_categories(kind: str, amount: int, tmp_path: Path) -> None:
    part = page("features_fares.md").section("Rider Categories")
    feed = write_feed(tmp_path / "feed", BASE, {
        "fare_leg_rules.txt": "fare_product_id\nsingle_ride"},
        files(rider_categories=part.table("rider_categories.txt"),
              fare_products=part.table("fare_products.txt")))
    town = settle_in(feed, tmp_path)
    assert town.pay(Ride("red", "P", "", "2024-05-06 08:00", kind=kind)) == [amount]
    assert town.pay(Ride("red", "P", "", "2024-05-06 08:00", kind="rc02-senior")) == [None]


def test_sample_product(tmp_path: Path) -> None:
    part = page("features_fares.md").section("Fare Products")
    feed = write_feed(tmp_path / "feed", BASE, files(
        fare_products=part.table("fare_products.txt"),
        fare_leg_rules=part.table("fare_leg_rules.txt")))
    price = money(r"single ride \$([\d.]+) USD", part.text)
    assert settle_in(feed, tmp_path).pay(Ride("red", "P", "", "2024-05-06 08:00")) == [price]


# The older fares.

def test_fares_v1_of_the_subway(tmp_path: Path) -> None:
    text = page("fares-v1.md").text
    blocks = {name: block.strip() + "\n" for name, block in re.findall(
        r"\[\*\*([a-z_]+\.txt)\*\*\][^\n]*\n\s*```\n(.*?)```", text, re.DOTALL)}
    agency = BASE["agency.txt"].replace("\nA,", "\nTTC,")
    # The page has a cell too many for each stop, and spells its lines two ways.
    printed = write_feed(tmp_path / "printed", BASE, blocks, {"agency.txt": agency})
    error = refused(printed, tmp_path)
    assert codes(error.notices) == {"GTFS_CELLS", "GTFS_REFERENCE"}
    blocks["stops.txt"] = blocks["stops.txt"].replace(" Station,,", " Station,")
    blocks["fare_rules.txt"] = blocks["fare_rules.txt"].replace("line", "Line")
    town = settle_in(write_feed(tmp_path / "feed", BASE, blocks, {"agency.txt": agency}), tmp_path)
    fare = money(r"costs \$([\d.]+) CAD", text)
    assert "within a two-hour window" in text
    assert town.pay(
        Ride("Line1", "Bloor", "Yonge", "2024-05-06 08:00"),
        Ride("Line2", "Yonge", "Bloor", "2024-05-06 10:00"),
        Ride("Line1", "Bloor", "Yonge", "2024-05-06 10:01"),
    ) == [fare, 0, fare]


# TransLink: zones that overlap, evenings, and transfers.

def vancouver(leg_rules: Rows, *more: dict[str, str]) -> list[dict[str, str]]:
    zones = page("zone-based-fares.md")
    [areas] = zones.tables("areas.txt")
    [stop_areas] = zones.tables("stop_areas.txt")
    networks = [*page("route-based-fares.md").table("networks.txt"), *zones.table("networks.txt")]
    routes = [*page("route-based-fares.md").table("route_networks.txt"),
              *zones.table("route_networks.txt")]
    hours = page("time-based-fares.md")
    return [BASE, VANCOUVER, files(
        areas=areas, stop_areas=[*stop_areas, ZONE_3], networks=networks, route_networks=routes,
        fare_media=page("fare-media.md").table("fare_media.txt"),
        fare_products=zones.table("fare_products.txt"), calendar=hours.table("calendar.txt"),
        timeframes=hours.table("timeframes.txt"), fare_leg_rules=leg_rules), *more]


WATERFRONT, EDMONDS, AIRPORT, TEMPLETON, SURREY = "8039", "8066", "99901", "99903", "3"
BY_ZONES = [
    (WATERFRONT, WATERFRONT, r"\* CAD ([\d.]+) for a 1-zone fare"),
    (EDMONDS, EDMONDS, r"\* CAD ([\d.]+) for a 1-zone fare"),
    (WATERFRONT, EDMONDS, r"\* CAD ([\d.]+) for a 2-zone fare"),
    (SURREY, EDMONDS, r"\* CAD ([\d.]+) for a 2-zone fare"),
    (WATERFRONT, SURREY, r"\* CAD ([\d.]+) for a 3-zone fare"),
    (AIRPORT, EDMONDS, r"\* CAD ([\d.]+) \(CAD 5.00 \+ CAD 3.20\)"),
    (AIRPORT, WATERFRONT, r"\* CAD ([\d.]+) \(CAD 5.00 \+ CAD 4.65\)"),
    (AIRPORT, SURREY, r"\* CAD ([\d.]+) \(CAD 5.00 \+ CAD 4.65\)"),
    (AIRPORT, TEMPLETON, r"\* CAD ([\d.]+) for journeys that start and end within"),
    (EDMONDS, AIRPORT, r"\* CAD ([\d.]+) for a 1-zone fare"),
    (WATERFRONT, AIRPORT, r"\* CAD ([\d.]+) for a 2-zone fare"),
]


@pytest.mark.parametrize("which", [0, 1], ids=["by daytime", "by priority"])
def test_zones_that_overlap(which: int, tmp_path: Path) -> None:
    """Both of the page's full files, by day: each way costs what the list of products says."""
    rules = page("time-based-fares.md").tables("fare_leg_rules.txt")[which]
    town = settle_in(write_feed(tmp_path / "feed", *vancouver(rules)), tmp_path)
    text = page("zone-based-fares.md").text
    for start, end, said in BY_ZONES:
        price = [money(said, text)]
        assert town.pay(Ride("13686", start, end, f"{WEDNESDAY} 10:00", medium="contactless")) == (
            price), (start, end)
    assert town.pay(Ride("10232", WATERFRONT, "", f"{WEDNESDAY} 10:00", medium="contactless")) == [
        320]


@pytest.mark.parametrize("which", [0, 1], ids=["by daytime", "by priority"])
@pytest.mark.parametrize("at", [f"{WEDNESDAY} 18:30", f"{WEDNESDAY} 23:59", f"{WEDNESDAY} 02:59",
                                f"{SATURDAY} 12:00"])
def test_evenings_and_weekends(which: int, at: str, tmp_path: Path) -> None:
    hours = page("time-based-fares.md")
    town = settle_in(write_feed(tmp_path / "feed", *vancouver(
        hours.tables("fare_leg_rules.txt")[which])), tmp_path)
    flat = money(r"become a one zone fare \(CAD ([\d.]+)\)", hours.text)
    airport = money(r"evening and weekends costs CAD ([\d.]+) ", hours.text)
    assert [town.pay(Ride("13686", start, end, at, f"{at[:10]} 23:59:30", medium="contactless"))
            for start, end in [(WATERFRONT, SURREY), (AIRPORT, WATERFRONT), (AIRPORT, TEMPLETON)]
            ] == [[flat], [airport], [0]]


@pytest.mark.parametrize("at", [f"{WEDNESDAY} 18:29", f"{WEDNESDAY} 03:00"])
def test_the_evening_ends_before_its_end(at: str, tmp_path: Path) -> None:
    rules = page("time-based-fares.md").tables("fare_leg_rules.txt")[1]
    town = settle_in(write_feed(tmp_path / "feed", *vancouver(rules)), tmp_path)
    assert town.pay(Ride("13686", WATERFRONT, SURREY, at, medium="contactless")) == [635]


def transfers(*, nonconsecutive: bool) -> tuple[Rows, Rows]:
    """Products and rules for transfers: those of the page, and the like of those it leaves out."""
    whole = page("fare-transfers.md")
    products = whole.tables("fare_products.txt")[0]
    shown = whole.tables("fare_transfer_rules.txt")[1]
    zones = {"flat_fare_leg": 1, "ZN1_ZN1": 1, "ZN2_ZN2": 1, "ZN3_ZN3": 1, "ZN1_ZN2": 2,
             "ZN2_ZN3": 2, "ZN1_ZN3": 3}
    rules = []
    for start, before in zones.items():
        for end, after in zones.items():
            upgrade = "" if after <= before else (
                f"{before}_zone_to_{after}_zone_upgrade")
            rule = {
                "from_leg_group_id": start, "to_leg_group_id": end, "duration_limit": "5400",
                "duration_limit_type": "1", "transfer_count": "-1" if start == end else "",
                "fare_transfer_type": "0", "fare_product_id": upgrade,
                "nonconsecutive_transfers_allowed": "1" if nonconsecutive else ""}
            for row in shown:
                if (row["from_leg_group_id"], row["to_leg_group_id"]) == (start, end):
                    rule |= {name: row[name] for name in ("duration_limit", "fare_product_id")}
            rules.append(rule)
    return products, rules


def ride_to_lake_city(tmp_path: Path, *, nonconsecutive: bool) -> list[int | None]:
    products, rules = transfers(nonconsecutive=nonconsecutive)
    for row in products:
        row["amount"] = row["amount"].replace(",", ".")
    leg_rules = page("zone-based-fares.md").tables("fare_leg_rules.txt")[0]
    bus = [{**row, "from_area_id": "", "to_area_id": ""}
           for row in page("route-based-fares.md").table("fare_leg_rules.txt")]
    leg_rules = [{**row, "rule_priority": ""} for row in (*bus, *leg_rules)]
    parts = vancouver(leg_rules)
    all_products = page("zone-based-fares.md").table("fare_products.txt") + products
    town = settle_in(write_feed(tmp_path / "feed", *parts, files(
        fare_products=all_products, fare_transfer_rules=rules)), tmp_path)
    lonsdale, lake_city = EDMONDS, EDMONDS          # both in zone 2
    return town.pay(
        Ride("30052", lonsdale, WATERFRONT, f"{WEDNESDAY} 10:00", medium="contactless"),
        Ride("13686", WATERFRONT, WATERFRONT, f"{WEDNESDAY} 10:20", medium="contactless"),
        Ride("13686", WATERFRONT, lake_city, f"{WEDNESDAY} 10:40", medium="contactless"))


def test_a_journey_of_three_legs(tmp_path: Path) -> None:
    """The first leg's two zones cover the third: the page's own sum."""
    text = page("fare-transfers.md").text
    total = money(r"CAD 4.65 \+ CAD 0.00 \+ CAD 0.00 = CAD ([\d.]+)", text)
    paid = ride_to_lake_city(tmp_path, nonconsecutive=True)
    assert paid == [465, 0, 0]
    assert sum(one or 0 for one in paid) == total


def test_an_amount_with_a_comma_is_refused(tmp_path: Path) -> None:
    """The page writes 1,45 once."""
    products, _ = transfers(nonconsecutive=True)
    rules = page("time-based-fares.md").tables("fare_leg_rules.txt")[0]
    all_products = page("zone-based-fares.md").table("fare_products.txt") + products
    error = refused(write_feed(tmp_path / "feed", *vancouver(rules), files(
        fare_products=all_products)), tmp_path)
    assert [(one.code, one.reason) for one in error.notices] == [
        ("GTFS_AMOUNT", "amount '1,45' is not an amount such as 2.50")]


@pytest.mark.parametrize(("first", "second", "said"), [
    ((WATERFRONT, WATERFRONT), (WATERFRONT, EDMONDS),
     r"CAD 4.65 - CAD 3.20 = CAD ([\d.]+)"),
    ((WATERFRONT, EDMONDS), (WATERFRONT, SURREY), r"CAD 6.35 - CAD 4.65 = CAD ([\d.]+)"),
    ((WATERFRONT, WATERFRONT), (WATERFRONT, SURREY), r"CAD 6.35 - CAD 3.20 = CAD ([\d.]+)"),
])
def test_an_upgrade_costs_the_difference(
    first: tuple[str, str], second: tuple[str, str], said: str, tmp_path: Path
) -> None:
    ride_to_lake_city(tmp_path, nonconsecutive=True)
    town = Town(tmp_path / "network")
    text = page("fare-transfers.md").text
    paid = town.pay(Ride("13686", *first, f"{WEDNESDAY} 10:00", medium="contactless"),
                    Ride("13686", *second, f"{WEDNESDAY} 10:30", medium="contactless"))
    assert paid[1] == money(said, text)
