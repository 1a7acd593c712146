"""The files of a feed that fares need, and what their columns hold.

One class per file: a field without a default is a column that must have a value.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from enum import IntEnum

HOUR_S = 3600
DAY_S = 24 * HOUR_S
# What is wrong with a value, behind it.
NO_DATE, NO_DAY = "is not a date such as 20240131", "is a date that no calendar has"
NO_TIME, TOO_LATE = "is not a time such as 05:30:00", "is later than 24:00:00"
NOT_WHOLE = "is not a whole number"
NOT_LISTED = "is not one of the values that this column has"
FAULTS = (NO_DATE, NO_DAY, NO_TIME, TOO_LATE, NOT_WHOLE, NOT_LISTED)


class Date:
    """Reads a date as GTFS writes it: 20240131."""

    def __new__(cls, text: str) -> datetime.date:       # type: ignore[misc]
        """Read one.

        Raises ValueError.
        """
        if not re.fullmatch(r"[0-9]{8}", text):
            raise ValueError(NO_DATE)
        try:
            return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            raise ValueError(NO_DAY) from None


class Clock(int):
    """A time of day in seconds; 24:00:00 is its end."""

    def __new__(cls, text: str) -> Clock:
        """Read one such as 5:30:00.

        Raises ValueError.
        """
        found = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])", text)
        if found is None:
            raise ValueError(NO_TIME)
        seconds = int(found[1]) * HOUR_S + int(found[2]) * 60 + int(found[3])
        if seconds > DAY_S:
            raise ValueError(TOO_LATE)
        return super().__new__(cls, seconds)


class Whole(int):
    """A whole number."""

    def __new__(cls, text: str) -> Whole:
        """Read one.

        Raises ValueError.
        """
        if not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise ValueError(NOT_WHOLE)
        return super().__new__(cls, int(text))


class Flag(IntEnum):
    NO = 0
    YES = 1


class ExceptionType(IntEnum):
    ADDED = 1
    REMOVED = 2


class LocationType(IntEnum):
    STOP = 0
    STATION = 1
    ENTRANCE = 2
    NODE = 3
    BOARDING_AREA = 4


class Transfers(IntEnum):
    NONE = 0
    ONE = 1
    TWO = 2


class DurationLimitType(IntEnum):
    START_TO_END = 0
    START_TO_START = 1
    END_TO_START = 2
    END_TO_END = 3


class FareTransferType(IntEnum):
    A_AB = 0
    A_AB_B = 1
    AB = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row of a file, and the line on which it ends."""

    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency(Record):
    agency_id: str = ""
    agency_name: str
    agency_url: str
    agency_timezone: str
    agency_fare_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedInfo(Record):
    feed_publisher_name: str
    feed_publisher_url: str
    feed_start_date: datetime.date | None = None
    feed_end_date: datetime.date | None = None
    feed_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Record):
    stop_id: str
    stop_name: str = ""
    zone_id: str = ""
    location_type: LocationType = LocationType.STOP
    parent_station: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Record):
    route_id: str
    agency_id: str = ""
    route_short_name: str = ""
    route_long_name: str = ""
    route_type: Whole
    network_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar(Record):
    service_id: str
    monday: Flag
    tuesday: Flag
    wednesday: Flag
    thursday: Flag
    friday: Flag
    saturday: Flag
    sunday: Flag
    start_date: datetime.date
    end_date: datetime.date


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDate(Record):
    service_id: str
    date: datetime.date
    exception_type: ExceptionType


@dataclass(frozen=True, slots=True, kw_only=True)
class FareAttribute(Record):
    fare_id: str
    price: str
    currency_type: str
    payment_method: Flag
    transfers: Transfers | None = None
    agency_id: str = ""
    transfer_duration: Whole | None = None
    rider_category_id: str = ""         # that feeds use: who pays it; blank: everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class FareRule(Record):
    fare_id: str
    route_id: str = ""
    origin_id: str = ""
    destination_id: str = ""
    contains_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeframe(Record):
    timeframe_group_id: str
    start_time: Clock | None = None
    end_time: Clock | None = None
    service_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FareRiderCategory(Record):
    """Of GTFS-plus, beside fares v1: what a fare costs riders of a category."""

    fare_id: str
    rider_category_id: str
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderCategory(Record):
    rider_category_id: str
    rider_category_name: str = ""
    rider_category_description: str = ""        # of GTFS-plus, where there is no name
    is_default_fare_category: Flag = Flag.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class FareMedium(Record):
    fare_media_id: str
    fare_media_name: str = ""
    fare_media_type: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class FareProduct(Record):
    fare_product_id: str
    fare_product_name: str = ""
    rider_category_id: str = ""
    fare_media_id: str = ""
    amount: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FareLegRule(Record):
    leg_group_id: str = ""
    network_id: str = ""
    from_area_id: str = ""
    to_area_id: str = ""
    from_timeframe_group_id: str = ""
    to_timeframe_group_id: str = ""
    fare_product_id: str
    rule_priority: Whole | None = None
    # Proposals that feeds already use.
    contains_exactly_area_set_id: str = ""
    transfer_only: Flag = Flag.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class FareLegJoinRule(Record):
    from_network_id: str
    to_network_id: str
    from_stop_id: str = ""
    to_stop_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FareTransferRule(Record):
    from_leg_group_id: str = ""
    to_leg_group_id: str = ""
    transfer_count: Whole | None = None
    duration_limit: Whole | None = None
    duration_limit_type: DurationLimitType | None = None
    fare_transfer_type: FareTransferType
    fare_product_id: str = ""
    # Proposals that feeds already use.
    nonconsecutive_transfers_allowed: Flag = Flag.NO
    filter_fare_product_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area(Record):
    area_id: str
    area_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopArea(Record):
    area_id: str
    stop_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSetElement(Record):
    area_set_id: str
    area_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedNetwork(Record):
    network_id: str
    network_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteNetwork(Record):
    network_id: str
    route_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip(Record):
    route_id: str
    trip_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTime(Record):
    trip_id: str
    stop_id: str = ""
    stop_sequence: Whole
