"""Small feeds, and riders who pay by what was imported: priced by the plain engine."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from clearing.reference.engine import clear
from clearing.reference.state import State
from clearing.reference.taps import Tap
from clearing.reference.world import World
from fare_tables.gtfs import Imported, import_feed
from fare_tables.gtfs.notices import FeedRefused
from tests.reference.plain import read_world

SHARED = Path(__file__).parents[3] / "shared" / "data" / "gtfs"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data/gtfs is not here")

Files = Mapping[str, str]

# Two lines, three stops, a year without clock changes; every day of it has service.
BASE = {
    "agency.txt": """
agency_id,agency_name,agency_url,agency_timezone
A,Small Town,https://small.example,Asia/Tokyo
""",
    "stops.txt": """
stop_id,stop_name,zone_id
P,Park,1
Q,Quay,2
R,Ridge,3
""",
    "routes.txt": """
route_id,agency_id,route_long_name,route_type,network_id
red,A,Red,1,metro
blue,A,Blue,3,bus
""",
    "calendar.txt": """
service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
daily,1,1,1,1,1,1,1,20240101,20241231
workdays,1,1,1,1,1,0,0,20240101,20241231
weekend,0,0,0,0,0,1,1,20240101,20241231
""",
}


def write_feed(folder: Path, *parts: Files) -> Path:
    """A feed's folder; later parts take the place of earlier ones, and blank ones remove them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {name: text for part in parts for name, text in part.items()}.items():
        if text:
            (folder / name).write_text(text.strip() + "\n", "utf-8")
    return folder


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as a file of a feed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def codes(notices: Iterable[object]) -> set[str]:
    """The codes of notices."""
    return {str(getattr(one, "code", "")) for one in notices}


def refused(path: Path, tmp_path: Path) -> FeedRefused:
    """The error with which a feed is refused; nothing is written."""
    folder = tmp_path / "refused"
    with pytest.raises(FeedRefused) as caught:
        import_feed(path, folder)
    assert not folder.exists()
    return caught.value


class Ride(NamedTuple):
    """One ride as a card shows it: two taps in one record, or one tap where `to` is blank."""

    line: str
    start: str
    to: str
    at: str                 # civil time
    until: str = ""         # a quarter of an hour later where it is blank
    medium: str = ""
    kind: str = ""


class Town:
    """An imported network that people ride in."""

    def __init__(self, folder: Path) -> None:
        self.world: World = read_world(folder)

    def pay(self, *rides: Ride) -> list[int | None]:
        """What one card pays for its rides; None where there is no fare."""
        taps = [self._tap(ride, place) for place, ride in enumerate(rides)]
        result = clear(self.world, taps, State())
        paid = {entry.ride.card_seq: entry.charge.paid for entry in result.entries}
        return [paid.get(place) for place in range(len(rides))]

    def _tap(self, ride: Ride, place: int) -> Tap:
        network = self.world.model
        start = self._seconds(ride.at)
        end = self._seconds(ride.until) if ride.until else start + 15 * 60
        operator = self._operator_of(ride.line)
        return Tap(
            card="1", card_seq=place, tapped_at=end if ride.to else start, operator=operator,
            device="d", device_seq=place, mode=network.modes[0],
            kind="ride" if ride.to else "single", stop=ride.to or ride.start, line=ride.line,
            medium=ride.medium or network.media[0], card_kind=ride.kind or network.card_kinds[0],
            issuer=network.issuer[0].code, in_at=start if ride.to else None,
            in_stop=ride.start if ride.to else "", source_line=place)

    def _operator_of(self, line: str) -> str:
        for one in self.world.model.line_class:
            if line in one.lines:
                return one.operators[0]
        return self.world.model.operator[0].code

    def _seconds(self, civil: str) -> int:
        zone = ZoneInfo(self.world.model.time_zone)
        return int(datetime.datetime.fromisoformat(civil).replace(tzinfo=zone).timestamp())


def settle_in(path: Path, tmp_path: Path) -> Town:
    """The network of a feed, ready to ride in."""
    return Town(bring_in(path, tmp_path).folder)


def bring_in(path: Path, tmp_path: Path) -> Imported:
    """A feed that is imported, and what was said of it."""
    return import_feed(path, tmp_path / "network")
