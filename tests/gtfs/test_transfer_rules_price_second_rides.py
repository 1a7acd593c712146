"""Transfer rules of small feeds: what a second ride costs, by kind of rule, clock and count."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gtfs.riders import BASE, Ride, Town, bring_in, codes, write_feed

PRODUCTS = """
fare_product_id,amount,currency
bus,1.50,USD
metro,2.50,USD
change,0.40,USD
both,3.00,USD
off,-0.50,USD
dear,9.00,USD
"""
LEGS = """
leg_group_id,network_id,fare_product_id
metro,metro,metro
bus,bus,bus
"""
HEADER = ("from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,duration_limit_type,"
          "fare_transfer_type,fare_product_id\n")
MONDAY = "2024-05-13"


def feed_of(tmp_path: Path, *rules: str, legs: str = LEGS, **more: str) -> Path:
    files = {f"{name}.txt": text for name, text in more.items()}
    return write_feed(tmp_path / "feed", BASE, {
        "fare_products.txt": PRODUCTS, "fare_leg_rules.txt": legs,
        "fare_transfer_rules.txt": HEADER + "\n".join(rules)}, files)


def town(tmp_path: Path, *rules: str) -> Town:
    imported = bring_in(feed_of(tmp_path, *rules), tmp_path)
    assert not [one for one in imported.notices if one.code != "GTFS_DEARER_PRODUCT"]
    return Town(imported.folder)


def ride(line: str, at: str, until: str = "") -> Ride:
    return Ride(line, "P", "Q", f"{MONDAY} {at}", until and f"{MONDAY} {until}")


@pytest.mark.parametrize(("kind", "product", "second"), [
    ("0", "", 0), ("0", "change", 40),                  # A + AB
    ("1", "off", 100),                                  # A + AB + B
    ("2", "both", 50),                                  # AB: 3.00 in all, 2.50 of it paid
])
def test_what_the_second_ride_costs(kind: str, product: str, second: int, tmp_path: Path) -> None:
    here = town(tmp_path, f"metro,bus,,3600,1,{kind},{product}")
    assert here.pay(ride("red", "08:00"), ride("blue", "08:30")) == [250, second]
    assert here.pay(ride("blue", "08:00"), ride("red", "08:30")) == [150, 250]


@pytest.mark.parametrize(("clock", "board", "leave", "second"), [
    ("0", "08:30", "09:00", 0), ("0", "08:30", "09:01", 150),     # first entry to last exit
    ("1", "09:00", "09:40", 0), ("1", "09:01", "09:40", 150),     # first entry to last entry
    ("2", "09:20", "09:40", 0), ("2", "09:21", "09:40", 150),     # first exit to last entry
    ("3", "09:00", "09:20", 0), ("3", "09:00", "09:21", 150),     # first exit to last exit
])
def test_clocks(clock: str, board: str, leave: str, second: int, tmp_path: Path) -> None:
    here = town(tmp_path, f"metro,bus,,3600,{clock},0,")
    assert here.pay(ride("red", "08:00", "08:20"), ride("blue", board, leave)) == [250, second]


def test_one_transfer_or_any_number(tmp_path: Path) -> None:
    rides = [ride("blue", at) for at in ("08:00", "08:20", "08:40", "09:00", "09:01")]
    assert town(tmp_path / "1", "bus,bus,1,3600,1,0,").pay(*rides) == [150, 0, 150, 0, 150]
    assert town(tmp_path / "all", "bus,bus,-1,3600,1,0,").pay(*rides) == [150, 0, 0, 0, 150]


def test_more_transfers_at_another_price(tmp_path: Path) -> None:
    here = town(tmp_path, "bus,bus,-1,7200,1,0,change", "bus,bus,1,3600,1,0,")
    assert here.pay(*[ride("blue", at) for at in ("08:00", "08:20", "08:40")]) == [150, 0, 40]


def test_a_price_for_both_holds_for_the_first_transfer(tmp_path: Path) -> None:
    here = town(tmp_path, "bus,bus,-1,7200,1,2,both")
    assert here.pay(*[ride("blue", at) for at in ("08:00", "08:20")]) == [150, 150]


def test_blank_groups_are_those_that_no_rule_names(tmp_path: Path) -> None:
    here = town(tmp_path, "metro,metro,-1,3600,1,0,change", ",,1,3600,1,0,")
    assert here.pay(ride("blue", "08:00"), ride("blue", "08:30")) == [150, 0]
    assert here.pay(ride("red", "08:00"), ride("red", "08:30")) == [250, 40]
    assert here.pay(ride("blue", "08:00"), ride("red", "08:30")) == [150, 250]


def test_media_have_transfers_of_their_own(tmp_path: Path) -> None:
    """A card's group transfers, the cash group does not."""
    imported = bring_in(feed_of(
        tmp_path, "card,card,-1,3600,1,0,", legs="leg_group_id,fare_product_id\ncash,c\ncard,d",
        fare_media="fare_media_id,fare_media_type\ncash,0\ncard,2",
        fare_products="fare_product_id,fare_media_id,amount,currency\nc,cash,3.00,USD\n"
                      "d,card,2.00,USD"), tmp_path)
    here = Town(imported.folder)
    for medium, paid in (("cash", [300, 300]), ("card", [200, 0])):
        assert here.pay(*[ride("blue", at)._replace(medium=medium)
                          for at in ("08:00", "08:30")]) == paid


AREAS = {
    "areas": "area_id\nA\nB\nC",
    "stop_areas": "area_id,stop_id\nA,P\nB,Q\nC,R",
}
BY_AREA = """
leg_group_id,from_area_id,to_area_id,fare_product_id
short,A,B,bus
long,A,C,metro
back,C,A,bus
back,B,A,bus
"""


def test_what_follows_depends_on_where_the_ride_before_ended(tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, "short,back,,3600,1,0,", legs=BY_AREA, **AREAS), tmp_path)
    here = Town(imported.folder)
    assert "GTFS_TRANSFER_FROM" not in codes(imported.notices)
    home = Ride("red", "Q", "P", f"{MONDAY} 08:30")
    assert here.pay(Ride("red", "P", "Q", f"{MONDAY} 08:00"), home) == [150, 0]
    assert here.pay(Ride("red", "P", "R", f"{MONDAY} 08:00"), home) == [250, 150]


def test_what_follows_depends_on_where_the_ride_before_began(tmp_path: Path) -> None:
    """Of every ride of a chain, not of its first alone."""
    legs = BY_AREA + "other,B,C,metro\n"
    rules = ("long,back,,3600,1,0,", "back,long,,3600,1,0,")
    imported = bring_in(feed_of(tmp_path, *rules, legs=legs, **AREAS), tmp_path)
    here = Town(imported.folder)
    assert [(one.code, one.row) for one in imported.notices] == [("GTFS_NO_FARE_HERE", 0)]
    home = Ride("red", "R", "P", f"{MONDAY} 08:30")
    assert here.pay(Ride("red", "P", "R", f"{MONDAY} 08:00"), home) == [250, 0]
    assert here.pay(Ride("red", "Q", "R", f"{MONDAY} 08:00"), home) == [250, 150]
    later = [Ride("red", "R", "P", f"{MONDAY} 08:00"), Ride("red", "P", "R", f"{MONDAY} 08:20")]
    assert here.pay(*later, home) == [150, 0, 0]


BY_HOUR = """
leg_group_id,network_id,from_timeframe_group_id,fare_product_id
early,metro,early,metro
late,metro,late,metro
bus,bus,,bus
"""
HOURS = ("timeframe_group_id,start_time,end_time,service_id\n"
         "early,00:00:00,12:00:00,daily\nlate,12:00:00,24:00:00,daily")


def test_when_the_ride_before_began_is_told(tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, "early,bus,,3600,1,0,", legs=BY_HOUR, timeframes=HOURS),
                        tmp_path)
    assert ("GTFS_TRANSFER_FROM", 2) in {(one.code, one.row) for one in imported.notices}
    assert Town(imported.folder).pay(ride("red", "08:00"), ride("blue", "08:30")) == [250, 150]


@pytest.mark.parametrize(("rule", "code", "second"), [
    ("metro,bus,,3600,1,0,dear", "GTFS_TRANSFER_DEARER", 150),
    ("metro,bus,,3600,1,1,change", "GTFS_TRANSFER_DEARER", 150),
    ("metro,bus,,3600,1,0,off", "GTFS_TRANSFER_REFUND", 0),
    ("metro,bus,,3600,1,2,bus", "GTFS_TRANSFER_REFUND", 0),
    ("metro,bus,,,,0,", "GTFS_NO_LIMIT", 0),
])
def test_what_no_row_can_say_is_told(rule: str, code: str, second: int, tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, rule), tmp_path)
    assert [(one.code, one.file, one.row) for one in imported.notices] == [
        (code, "fare_transfer_rules.txt", 2)]
    assert Town(imported.folder).pay(ride("red", "08:00"), ride("blue", "08:30")) == [250, second]


def test_a_clock_from_the_first_exit_of_all_is_told(tmp_path: Path) -> None:
    imported = bring_in(feed_of(tmp_path, "bus,bus,-1,3600,2,0,"), tmp_path)
    assert codes(imported.notices) == {"GTFS_TRANSFER_CLOCK"}


DIFFERENCE = {
    "legs": "leg_group_id,from_area_id,to_area_id,fare_product_id\n"
            "short,A,B,bus\nlong,C,B,metro\non,B,C,metro",
    "fare_products": PRODUCTS + "up,1.00,USD\n", **AREAS,
}


def test_the_difference_between_rides(tmp_path: Path) -> None:
    """Each zone's fare goes up to the next; where the ride before began then does not matter."""
    rules = ("short,on,,3600,1,0,up", "long,on,,3600,1,0,")
    imported = bring_in(feed_of(tmp_path, *rules, **DIFFERENCE), tmp_path)
    assert codes(imported.notices) == {"GTFS_TRANSFER_CHAIN", "GTFS_NO_FARE_HERE"}
    here = Town(imported.folder)
    onwards = Ride("red", "Q", "R", f"{MONDAY} 08:30")
    assert here.pay(Ride("red", "P", "Q", f"{MONDAY} 08:00"), onwards) == [150, 100]
    assert here.pay(Ride("red", "R", "Q", f"{MONDAY} 08:00"), onwards) == [250, 0]
