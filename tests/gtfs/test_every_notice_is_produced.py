"""Every notice about a feed comes out of a feed that deserves it: all of them are imported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fare_tables.gtfs import import_feed, rows
from fare_tables.gtfs.notices import MEANINGS, FeedRefused
from tests.gtfs import test_broken_feeds_are_refused as broken
from tests.gtfs import test_fares_v1_price_rides as v1
from tests.gtfs import test_feeds_need_only_what_fares_do as needs
from tests.gtfs import test_leg_rules_price_rides as legs
from tests.gtfs import test_transfer_rules_price_second_rides as transfers
from tests.gtfs.riders import BASE, Files, codes, write_feed

ONE = {"fare_products.txt": legs.PRODUCTS, "fare_leg_rules.txt": "fare_product_id\none"}
JOINED = {"fare_leg_join_rules.txt": "from_network_id,to_network_id\nmetro,bus"}
PEAK = {**legs.HOURS, "fare_leg_rules.txt": "from_timeframe_group_id,fare_product_id\n"
                                            "peak,two\nother,one"}
IMPORTED: list[Files] = [
    {"stops.txt": "stop_id,colour\nP,red\nQ,red\nR,red"},                   # COLUMN
    {"fare_leg_rules.txt": "fare_product_id,transfer_only\none,\ntwo,1"},   # EXTENSION
    {"fare_attributes.txt": v1.HEADER + "a,1,JPY,0,0,"},                    # FARES_V1
    {"fare_leg_rules.txt": "from_timeframe_group_id,fare_product_id\nnight,one\n,two"},     # NEVER
    {"fare_leg_rules.txt": "fare_product_id\nthree\none"},                  # DEARER_PRODUCT
    {**legs.SETS, "fare_leg_rules.txt": legs.SET_RULES},                    # CONTAINS
    {**legs.SETS, **legs.TRIPS, "fare_leg_rules.txt": legs.SET_RULES},      # WAY
    {**legs.HOURS, "fare_leg_rules.txt": """
network_id,from_timeframe_group_id,to_timeframe_group_id,fare_product_id
metro,peak,peak,two
metro,peak,other,one
metro,other,peak,one
metro,other,other,two
bus,,,three
"""},                                                                       # TIMEFRAMES
    {**PEAK, "calendar_dates.txt": "service_id,date,exception_type\n"
     "workdays,20240507,2\nworkdays,20240508,2\nweekend,20240508,1"},          # DATES
    {"agency.txt": BASE["agency.txt"].replace("Asia/Tokyo", "Europe/Berlin")},      # TIME_ZONE
    {"stops.txt": "stop_id,stop_name\nP\nQ,Quay\nR"},                       # CELLS_FEW
    JOINED,                                                                 # JOIN_STATION
    {**PEAK, **JOINED},                                                     # JOIN
]
TRANSFERS: list[tuple[str, dict[str, str]]] = [
    ("early,bus,,3600,1,0,", {"legs": transfers.BY_HOUR,
                              "timeframes": transfers.HOURS}),              # TRANSFER_FROM
    ("metro,bus,,3600,1,0,dear", {}),                                       # TRANSFER_DEARER
    ("metro,bus,,3600,1,0,off", {}),                                        # TRANSFER_REFUND
    ("bus,bus,-1,3600,2,0,", {}),                                           # TRANSFER_CLOCK
    ("metro,bus,,,,0,", {}),                                                # NO_LIMIT
    ("metro,bus,1,3600,1,0,", {}),                                          # COUNT_IGNORED
    ("short,on,,3600,1,0,up\nlong,on,,3600,1,0,", transfers.DIFFERENCE),    # TRANSFER_CHAIN
]


def feeds(folder: Path) -> Iterator[Path]:
    """Feeds that are refused, and such of which something is told."""
    made = (folder / str(number) for number in range(1000))
    for files, _, _ in broken.FAULTS_V2:
        yield write_feed(next(made), broken.GOOD, files)
    for content, _, _ in broken.NO_TEXT:
        feed = write_feed(next(made), broken.GOOD)
        (feed / "stops.txt").write_bytes(content)
        yield feed
    yield broken.zipped(folder / "feed.zip", {**broken.GOOD, "../stops.txt": "x"})
    yield write_feed(next(made), broken.GOOD, {
        "stops.txt": "stop_id\n" + "".join(f"{n}\n" for n in range(101))})      # TOO_LARGE
    for files in IMPORTED:
        yield write_feed(next(made), BASE, ONE, files)
    for rule, more in TRANSFERS:
        yield transfers.feed_of(next(made), rule, **more)
    yield needs.feed_of(next(made), needs.BY_NAME)                          # RIDERS
    yield needs.feed_of(next(made), needs.WITHOUT_STOP_AREAS)              # FARES_V2


def told(feed: Path, network: Path) -> set[str]:
    """The codes of all that is said of a feed."""
    try:
        return codes(import_feed(feed, network).notices)
    except FeedRefused as error:
        return codes(error.notices)


def test_every_notice_is_produced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ROWS_MOST", 100)
    produced = {code for number, feed in enumerate(feeds(tmp_path / "feeds"))
                for code in told(feed, tmp_path / f"network-{number}")}
    assert produced == set(MEANINGS)
