"""A feed, read and checked: what its rows name is there, and nothing is there twice."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fare_tables.gtfs import records
from fare_tables.gtfs.archive import Archive
from fare_tables.gtfs.money import decimals_of, minor_units
from fare_tables.gtfs.notices import REFUSALS, Notices
from fare_tables.gtfs.records import Record
from fare_tables.gtfs.rows import read_rows
from network.language import Phrase, joined


@dataclass
class Feed:
    """The rows of a feed's files. A file that is not there has no rows."""

    source: str
    notices: Notices
    digest: str = ""
    agency: list[records.Agency] = field(default_factory=list)
    feed_info: list[records.FeedInfo] = field(default_factory=list)
    stops: list[records.Stop] = field(default_factory=list)
    routes: list[records.Route] = field(default_factory=list)
    calendar: list[records.Calendar] = field(default_factory=list)
    calendar_dates: list[records.CalendarDate] = field(default_factory=list)
    fare_attributes: list[records.FareAttribute] = field(default_factory=list)
    fare_rules: list[records.FareRule] = field(default_factory=list)
    timeframes: list[records.Timeframe] = field(default_factory=list)
    fare_rider_categories: list[records.FareRiderCategory] = field(default_factory=list)
    rider_categories: list[records.RiderCategory] = field(default_factory=list)
    fare_media: list[records.FareMedium] = field(default_factory=list)
    fare_products: list[records.FareProduct] = field(default_factory=list)
    fare_leg_rules: list[records.FareLegRule] = field(default_factory=list)
    fare_leg_join_rules: list[records.FareLegJoinRule] = field(default_factory=list)
    fare_transfer_rules: list[records.FareTransferRule] = field(default_factory=list)
    areas: list[records.Area] = field(default_factory=list)
    stop_areas: list[records.StopArea] = field(default_factory=list)
    area_set_elements: list[records.AreaSetElement] = field(default_factory=list)
    networks: list[records.FeedNetwork] = field(default_factory=list)
    route_networks: list[records.RouteNetwork] = field(default_factory=list)
    trips: list[records.Trip] = field(default_factory=list)
    stop_times: list[records.StopTime] = field(default_factory=list)
    columns: dict[str, frozenset[str]] = field(default_factory=dict)    # file -> its header
    is_v2: bool = False         # whose fares are read; v2 come before v1 where a feed has both

    def file_of(self, *names: str) -> str:
        """The first of some files that the feed has, to be named in a notice."""
        return next((name for name in names if name in self.columns), names[0])

    @property
    def currency(self) -> str:
        """The feed's one currency."""
        return (self.fare_products[0].currency if self.is_v2
                else self.fare_attributes[0].currency_type)

    def amount(self, text: str) -> int:
        """An amount that has been checked, in minor units."""
        return minor_units(text, decimals_of(self.currency) or 0)


COMMON: dict[str, type[Record]] = {
    "agency.txt": records.Agency,
    "feed_info.txt": records.FeedInfo,
    "stops.txt": records.Stop,
    "routes.txt": records.Route,
    "calendar.txt": records.Calendar,
    "calendar_dates.txt": records.CalendarDate,
}
V1: dict[str, type[Record]] = {
    "fare_attributes.txt": records.FareAttribute,
    "fare_rules.txt": records.FareRule,
    "fare_rider_categories.txt": records.FareRiderCategory,
}
V2: dict[str, type[Record]] = {
    "timeframes.txt": records.Timeframe,
    "rider_categories.txt": records.RiderCategory,
    "fare_media.txt": records.FareMedium,
    "fare_products.txt": records.FareProduct,
    "fare_leg_rules.txt": records.FareLegRule,
    "fare_leg_join_rules.txt": records.FareLegJoinRule,
    "fare_transfer_rules.txt": records.FareTransferRule,
    "areas.txt": records.Area,
    "stop_areas.txt": records.StopArea,
    "area_set_elements.txt": records.AreaSetElement,
    "networks.txt": records.FeedNetwork,
    "route_networks.txt": records.RouteNetwork,
}
WAYS: dict[str, type[Record]] = {     # read only where a fare depends on zones passed through
    "trips.txt": records.Trip,
    "stop_times.txt": records.StopTime,
}
REQUIRED = ("agency.txt", "stops.txt", "routes.txt")


def read_feed(path: Path, notices: Notices) -> Feed:
    """A feed from its folder or zip, checked: what its fares need, and nothing else.

    Raises FeedRefused with everything that is wrong.
    """
    archive = Archive(path, notices)
    try:
        feed = Feed(source=path.name, notices=notices)
        feed.is_v2 = _choose_fares(archive, feed)
        for name, shape in (COMMON | (V2 if feed.is_v2 else V1)).items():
            _read_file(archive, feed, name, shape)
        if not feed.is_v2:
            # Only for the names: a fault of it is no fault of the fares.
            feed.rider_categories = _peek(archive, feed, ("rider_categories.txt",)).rider_categories
        _name_one_agency(feed)
        if any(rule.contains_id for rule in feed.fare_rules) or any(
                rule.contains_exactly_area_set_id for rule in feed.fare_leg_rules):
            for name, shape in WAYS.items():
                _read_file(archive, feed, name, shape)
        _check(feed, archive.names)
        notices.refuse_where_faulty(str(path))
        feed.digest = archive.digest(feed.columns)
    finally:
        archive.close()
    return feed


def _peek(archive: Archive, feed: Feed, names: Iterable[str]) -> Feed:
    """Some files of a feed, whatever is wrong with them."""
    seen = Feed(source=feed.source, notices=Notices())
    for name in names:
        if name in archive.names:
            _read_file(archive, seen, name, (V1 | V2)[name])
    return seen


def _choose_fares(archive: Archive, feed: Feed) -> bool:
    """Whether fares v2 are read. What is left out is said."""
    seen = _peek(archive, feed, ("fare_leg_rules.txt", "stop_areas.txt", "fare_attributes.txt"))
    faulty = {one.file for one in seen.notices.said if one.code in REFUSALS}
    if not seen.fare_leg_rules and "fare_leg_rules.txt" not in faulty:
        return "fare_attributes.txt" not in archive.names
    by_area = any(row.from_area_id or row.to_area_id or row.contains_exactly_area_set_id
                  for row in seen.fare_leg_rules)
    if by_area and not seen.stop_areas and "stop_areas.txt" not in faulty and seen.fare_attributes:
        feed.notices.say("GTFS_FARES_V2", "fare_leg_rules.txt", 0,
                         "was left out for the older fare_attributes.txt: its areas have no stop, "
                         "as the feed has no stop_areas.txt")
        return False
    if seen.fare_attributes:
        feed.notices.say("GTFS_FARES_V1", "fare_attributes.txt", 0,
                         "was left out: the feed has fare_leg_rules.txt, which comes first")
    return True


def _name_one_agency(feed: Feed) -> None:
    """In a feed of one agency, nothing needs to name it: what does not, means it."""
    if len(feed.agency) != 1:
        return
    rows = (feed.routes, feed.fare_attributes)
    named = {row.agency_id for some in rows for row in some} - {""}
    own = feed.agency[0].agency_id or (named.pop() if len(named) == 1 else "")
    feed.agency[0] = replace(feed.agency[0], agency_id=own)
    feed.routes = [replace(row, agency_id=row.agency_id or own) for row in feed.routes]
    feed.fare_attributes = [replace(row, agency_id=row.agency_id or own)
                            for row in feed.fare_attributes]


def _read_file(archive: Archive, feed: Feed, name: str, shape: type[Record]) -> None:
    text = archive.read(name)
    if text is not None:
        setattr(feed, name.removesuffix(".txt"), read_rows(shape, name, text, feed.notices))
        header = text.partition("\n")[0].split(",")
        feed.columns[name] = frozenset(cell.strip().strip('"') for cell in header)


def _check(feed: Feed, names: Iterable[str]) -> None:
    say, there = feed.notices.say, set(names)
    # What a file does not say because it could not be read is no fault of those that name it.
    unread = {one.file for one in feed.notices.said if one.code in REFUSALS}
    unread |= {name for name in REQUIRED if name not in there}
    for name in REQUIRED:
        if name not in there:
            say("GTFS_FILE_MISSING", name, 0, "is missing")
    if not there & {"calendar.txt", "calendar_dates.txt"}:
        say("GTFS_FILE_MISSING", "calendar.txt", 0,
            "is missing, and so is calendar_dates.txt; one of them must be there")
    if not there & {"fare_attributes.txt", "fare_leg_rules.txt"}:
        say("GTFS_NO_FARES", feed.source, 0,
            "has neither fare_attributes.txt nor fare_leg_rules.txt")
    elif not feed.fare_leg_rules and not feed.fare_attributes and not unread & {
            "fare_attributes.txt", "fare_leg_rules.txt"}:
        say("GTFS_NO_FARES", feed.source, 0, "has no row that is a fare")
    if feed.agency and "routes.txt" not in unread and not feed.routes:
        say("GTFS_VALUE_MISSING", "routes.txt", 0, "has no route")
    if there & {"calendar.txt", "calendar_dates.txt"} and not (
            feed.calendar or feed.calendar_dates or unread & {"calendar.txt",
                                                              "calendar_dates.txt"}):
        say("GTFS_VALUE_MISSING", feed.file_of("calendar.txt", "calendar_dates.txt"), 0,
            "there is no day with service")
    _check_keys(feed)
    _check_references(feed, unread)
    _check_agencies(feed)
    _check_networks(feed)
    _check_timeframes(feed)
    _check_transfer_rules(feed)
    _check_money(feed)


KEYS: dict[str, tuple[str, ...]] = {
    "agency": ("agency_id",),
    "stops": ("stop_id",),
    "routes": ("route_id",),
    "calendar": ("service_id",),
    "calendar_dates": ("service_id", "date"),
    "fare_attributes": ("fare_id",),
    "rider_categories": ("rider_category_id",),
    "fare_media": ("fare_media_id",),
    "fare_rider_categories": ("fare_id", "rider_category_id"),
    "fare_products": ("fare_product_id", "rider_category_id", "fare_media_id"),
    "areas": ("area_id",),
    "networks": ("network_id",),
    "route_networks": ("route_id",),
}


def _check_keys(feed: Feed) -> None:
    for name, columns in KEYS.items():
        first: dict[tuple[str, ...], int] = {}
        for row in getattr(feed, name):
            key = tuple(getattr(row, column) for column in columns)
            line = first.setdefault(key, row.line)
            if line != row.line:
                words = joined(" and ", (f"{column} {value}" for column, value in zip(
                    columns, map(repr, map(str, key)), strict=True)))
                feed.notices.say("GTFS_TWICE", f"{name}.txt", row.line,
                                 Phrase("{words}: the same as on line {line}",
                                        words=words, line=line))


# What only says what a category or a medium is called: without the file, its id does.
NAMED_ONLY = {"rider_categories": "rider_category_id", "fare_media": "fare_media_id"}


def _ids(rows: Iterable[Any], column: str) -> set[str]:
    return {getattr(row, column) for row in rows} - {""}


def _check_references(feed: Feed, unread: set[str]) -> None:
    """Every id names a row, where the file that has it could be read.

    A leg rule whose timeframe has no row never holds, by the specification, and may stay.
    """
    stops, routes = _ids(feed.stops, "stop_id"), _ids(feed.routes, "route_id")
    areas, products = _ids(feed.areas, "area_id"), _ids(feed.fare_products, "fare_product_id")
    agencies = _ids(feed.agency, "agency_id")
    if "routes.txt" in unread:
        unread |= {"networks.txt"}      # either may have them
    networks = _ids(feed.networks, "network_id") | _ids(feed.routes, "network_id")
    groups = _ids(feed.fare_leg_rules, "leg_group_id")
    services = _ids(feed.calendar, "service_id") | _ids(feed.calendar_dates, "service_id")
    calendars = feed.file_of("calendar.txt", "calendar_dates.txt").removesuffix(".txt")
    network_file = feed.file_of("networks.txt", "routes.txt").removesuffix(".txt")
    there: dict[str, dict[str, tuple[set[str], str]]] = {
        "stops": {"parent_station": (stops, "stops")},
        "routes": {"agency_id": (agencies, "agency")},
        "fare_attributes": {"agency_id": (agencies, "agency")},
        "fare_rules": {
            "fare_id": (_ids(feed.fare_attributes, "fare_id"), "fare_attributes"),
            "route_id": (routes, "routes")},
        "fare_rider_categories": {
            "fare_id": (_ids(feed.fare_attributes, "fare_id"), "fare_attributes")},
        "timeframes": {"service_id": (services, calendars)},
        "fare_products": {column: (_ids(getattr(feed, file), column), file)
                          for file, column in NAMED_ONLY.items()
                          if f"{file}.txt" in feed.columns},
        "fare_leg_rules": {
            "network_id": (networks, network_file), "from_area_id": (areas, "areas"),
            "to_area_id": (areas, "areas"), "fare_product_id": (products, "fare_products"),
            "contains_exactly_area_set_id": (_ids(feed.area_set_elements, "area_set_id"),
                                             "area_set_elements")},
        "fare_leg_join_rules": {
            "from_network_id": (networks, network_file), "to_network_id": (networks, network_file),
            "from_stop_id": (stops, "stops"), "to_stop_id": (stops, "stops")},
        "fare_transfer_rules": {
            "from_leg_group_id": (groups, "fare_leg_rules"),
            "to_leg_group_id": (groups, "fare_leg_rules"),
            "fare_product_id": (products, "fare_products"),
            "filter_fare_product_id": (products, "fare_products")},
        "stop_areas": {"area_id": (areas, "areas"), "stop_id": (stops, "stops")},
        "area_set_elements": {"area_id": (areas, "areas")},
        "route_networks": {"network_id": (_ids(feed.networks, "network_id"), "networks"),
                           "route_id": (routes, "routes")},
    }
    for name, columns in there.items():
        for row in getattr(feed, name):
            for column, (ids, file) in columns.items():
                value = getattr(row, column)
                if value and value not in ids and f"{file}.txt" not in unread:
                    why = (Phrase("is not in {file}.txt", file=file)
                           if f"{file}.txt" in feed.columns else
                           Phrase("has no row: the feed has no {file}.txt", file=file))
                    feed.notices.say("GTFS_REFERENCE", f"{name}.txt", row.line,
                                     Phrase("{column} {value!r} {why}",
                                            column=column, value=value, why=why))


def _check_agencies(feed: Feed) -> None:
    say = feed.notices.say
    if "agency.txt" in feed.columns and not feed.agency:
        say("GTFS_VALUE_MISSING", "agency.txt", 0, "has no agency")
    for agency in feed.agency:
        if agency.agency_timezone != feed.agency[0].agency_timezone:
            say("GTFS_VALUE", "agency.txt", agency.line, "agency_timezone is not that of the first")
        try:
            zoneinfo.ZoneInfo(agency.agency_timezone)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            say("GTFS_VALUE", "agency.txt", agency.line,
                Phrase("agency_timezone {value!r} is not a time zone",
                       value=agency.agency_timezone))
        if not agency.agency_id and len(feed.agency) > 1:
            say("GTFS_VALUE_MISSING", "agency.txt", agency.line,
                "agency_id is blank, and there is more than one agency")
    if len(feed.agency) > 1:
        for route in feed.routes:
            if not route.agency_id:
                say("GTFS_VALUE_MISSING", "routes.txt", route.line,
                    "agency_id is blank, and there is more than one agency")
    for info in feed.feed_info[1:]:
        say("GTFS_TWICE", "feed_info.txt", info.line, "there is more than one row")


def _check_networks(feed: Feed) -> None:
    if any(route.network_id for route in feed.routes):
        for name in ("networks.txt", "route_networks.txt"):
            if name in feed.columns:
                feed.notices.say("GTFS_FORBIDDEN", name, 0,
                                 "must not be there where routes.txt has network_id")


def _check_timeframes(feed: Feed) -> None:
    say = feed.notices.say
    spans: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for row in feed.timeframes:
        if (row.start_time is None) != (row.end_time is None):
            say("GTFS_VALUE_MISSING", "timeframes.txt", row.line,
                "start_time and end_time go together: give both or neither")
            continue
        start, end = timeframe_span(row)
        if start >= end:
            say("GTFS_VALUE", "timeframes.txt", row.line, "end_time is not after start_time")
        near = spans.setdefault((row.timeframe_group_id, row.service_id), [])
        for since, until, line in near:
            if start < until and since < end:
                say("GTFS_OVERLAP", "timeframes.txt", row.line, Phrase("overlaps with line {line}",
                                                                       line=line))
        near.append((start, end, row.line))


def timeframe_span(row: records.Timeframe) -> tuple[int, int]:
    """The seconds of the day from which and before which a timeframe holds."""
    return (0 if row.start_time is None else int(row.start_time),
            records.DAY_S if row.end_time is None else int(row.end_time))


def _check_transfer_rules(feed: Feed) -> None:
    for row in feed.fare_transfer_rules:
        say = _sayer(feed, "fare_transfer_rules.txt", row)
        same = row.from_leg_group_id == row.to_leg_group_id
        if same and row.transfer_count is None:
            say("GTFS_VALUE_MISSING", Phrase("transfer_count is blank, and both leg groups are "
                                             "the same"))
        if not same and row.transfer_count is not None:
            say("GTFS_COUNT_IGNORED", Phrase("transfer_count is given, and the leg groups are not"
                                             " the same; it was not read"))
        if row.transfer_count is not None and (row.transfer_count == 0 or row.transfer_count < -1):
            say("GTFS_VALUE", Phrase("transfer_count {value} is neither -1 nor 1 or more",
                                     value=row.transfer_count))
        if row.duration_limit is not None and row.duration_limit <= 0:
            say("GTFS_VALUE", Phrase("duration_limit {value} is not more than 0",
                                     value=row.duration_limit))
        if row.duration_limit is not None and row.duration_limit_type is None:
            say("GTFS_VALUE_MISSING", Phrase("duration_limit_type is blank, and duration_limit is"
                                             " given"))
        if row.duration_limit is None and row.duration_limit_type is not None:
            say("GTFS_FORBIDDEN", Phrase("duration_limit_type is given without duration_limit"))
    for join in feed.fare_leg_join_rules:
        if bool(join.from_stop_id) != bool(join.to_stop_id):
            feed.notices.say("GTFS_VALUE_MISSING", "fare_leg_join_rules.txt", join.line,
                             "from_stop_id and to_stop_id go together: give both or neither")
    for rule in feed.fare_leg_rules:
        if rule.rule_priority is not None and rule.rule_priority < 0:
            feed.notices.say("GTFS_VALUE", "fare_leg_rules.txt", rule.line,
                             Phrase("rule_priority {value} is negative",
                                    value=rule.rule_priority))


def _sayer(feed: Feed, name: str, row: Record) -> Callable[[str, str], None]:
    return lambda code, reason: feed.notices.say(code, name, row.line, reason)


def _check_money(feed: Feed) -> None:
    say = feed.notices.say
    priced = [("fare_attributes.txt", row.line, row.price, row.currency_type)
              for row in feed.fare_attributes]
    currencies = {row.fare_id: row.currency_type for row in feed.fare_attributes}
    priced += [("fare_rider_categories.txt", row.line, row.price, currencies[row.fare_id])
               for row in feed.fare_rider_categories if row.fare_id in currencies]
    priced += [("fare_products.txt", row.line, row.amount, row.currency)
               for row in feed.fare_products]
    for name, line, text, currency in priced:
        decimals = decimals_of(currency)
        if decimals is None:
            say("GTFS_CURRENCY", name, line, Phrase("{currency!r} is not a currency of ISO 4217",
                                                    currency=currency))
            continue
        if currency != priced[0][3]:
            say("GTFS_CURRENCY", name, line,
                Phrase("{currency} beside {first}: a network has one currency",
                       currency=currency, first=priced[0][3]))
        try:
            amount = minor_units(text, decimals)
        except ValueError as error:
            say("GTFS_AMOUNT", name, line, Phrase("amount {error}", error=error.args[0]))
            continue
        if amount < 0 and name != "fare_products.txt":
            say("GTFS_AMOUNT", name, line, Phrase("price {text!r} is negative", text=text))
    for fare in feed.fare_attributes:
        if fare.transfer_duration is not None and fare.transfer_duration < 0:
            say("GTFS_VALUE", "fare_attributes.txt", fare.line,
                Phrase("transfer_duration {value} is negative",
                       value=fare.transfer_duration))


def first_and_last_day(feed: Feed) -> tuple[datetime.date, datetime.date]:
    """The days that the feed is for, by what it says of itself, or else by its calendars."""
    days: list[datetime.date] = [row.start_date for row in feed.calendar]
    days += [row.end_date for row in feed.calendar]
    days += [row.date for row in feed.calendar_dates]
    info = feed.feed_info[0] if feed.feed_info else None
    first = info.feed_start_date if info and info.feed_start_date else min(days)
    last = info.feed_end_date if info and info.feed_end_date else max(days)
    return first, max(first, last)
