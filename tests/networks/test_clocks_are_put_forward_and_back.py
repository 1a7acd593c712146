"""Civil time where clocks change: an hour that is shown twice, one that is left out."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from ext import records
from network.civil import Clock, civil_text, seconds_of
from network.errors import OnecardError
from network.network import Network, load_network

SINCE = datetime.date(2025, 1, 1)
HELSINKI = Clock("Europe/Helsinki", SINCE)
ZONES = ("Europe/Helsinki", "America/New_York", "America/St_Johns", "Australia/Lord_Howe",
         "Africa/Casablanca", "Asia/Beirut", "Asia/Shanghai", "Pacific/Chatham")


def utc(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp())


def seconds(text: str) -> int:
    return utc(f"{text}+00:00")


@pytest.mark.parametrize(("at", "shown"), [
    ("2025-03-30T00:59:59+00:00", "2025-03-30T02:59:59"),
    ("2025-03-30T01:00:00+00:00", "2025-03-30T04:00:00"),
    ("2025-10-26T00:59:59+00:00", "2025-10-26T03:59:59"),
    ("2025-10-26T01:00:00+00:00", "2025-10-26T03:00:00"),
    ("2099-07-01T09:00:00+00:00", "2099-07-01T12:00:00"),
    ("2024-07-01T10:00:00+00:00", "2024-07-01T12:00:00"),       # before the first day: as on it
])
def test_what_clocks_show(at: str, shown: str) -> None:
    assert civil_text(utc(at), HELSINKI) == shown
    assert HELSINKI.offsets_s(np.array([utc(at)], np.uint32)).tolist() == [
        HELSINKI.offset_s(utc(at))]


@pytest.mark.parametrize(("shown", "at"), [
    ("2025-10-26T02:59:59", "2025-10-25T23:59:59+00:00"),
    ("2025-10-26T03:30:00", "2025-10-26T00:30:00+00:00"),       # shown twice: the first time
    ("2025-10-26T04:00:00", "2025-10-26T02:00:00+00:00"),
    ("2025-03-30T03:30:00", "2025-03-30T01:30:00+00:00"),       # left out: by the clocks before
    ("2025-03-30T04:00:00", "2025-03-30T01:00:00+00:00"),
])
def test_what_a_civil_time_stands_for(shown: str, at: str) -> None:
    assert HELSINKI.utc(seconds(shown)) == utc(at)


@pytest.mark.parametrize("name", ZONES)
def test_every_hour_of_some_years_is_as_the_zone_says(name: str) -> None:
    clock, zone = Clock(name, SINCE), ZoneInfo(name)
    for at in range(utc("2025-01-02T00:00:00+00:00"), utc("2028-01-01T00:00:00+00:00"), 1800):
        shown = datetime.datetime.fromtimestamp(at, zone)
        civil = shown.replace(tzinfo=None, fold=0)
        assert clock.civil(at) == seconds(civil.isoformat())
        assert clock.utc(clock.civil(at)) == int(civil.replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(("name", "starts", "once"), [
    ("Europe/Helsinki", "02:59:59", True), ("Europe/Helsinki", "03:00:00", False),
    ("Europe/Helsinki", "03:59:59", False), ("Europe/Helsinki", "04:00:00", True),
    ("Asia/Beirut", "00:00:00", False), ("Asia/Shanghai", "00:00:00", True)])
def test_service_days_begin_at_an_hour_that_is_shown_once(name: str, starts: str, once: bool
                                                          ) -> None:
    assert Clock(name, SINCE).shows_once(seconds_of(datetime.time.fromisoformat(starts))) == once


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "Europe"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(OnecardError, match="there is no time zone"):
        Clock(name, SINCE)


def test_a_network_says_which_hour_to_begin_its_days_at() -> None:
    network = load_network("helsinki")
    changed = Network(msgspec.structs.replace(network.model, day_starts_at=datetime.time(3, 15)))
    with pytest.raises(OnecardError, match="do not show 03:15:00 on every day, or show it twice"):
        _ = changed.clock


def test_kernels_read_what_it_says() -> None:
    assert HELSINKI.offsets.dtype == records.CIVIL_OFFSET
