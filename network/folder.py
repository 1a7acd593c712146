"""A network's folder: finds it, and reads each CSV file in it once, when it is first asked for."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from network.code_checks import twin_key
from network.errors import TableError
from network.files import TomlFile, read_csv, read_rows, refuse_row, whole_number
from network.language import Phrase
from network.locations import Location, shorten

T = TypeVar("T")

Stops = dict[str, str]                      # stop -> its name
Links = dict[str, dict[str, int]]           # stop -> neighbour -> metres
Days = tuple[datetime.date, datetime.date]  # the first and the last, inclusive
StopDays = dict[str, Days]                  # stop -> on which it is there
LineStops = dict[str, dict[str, int]]       # line -> stop -> metres along it
Zones = dict[str, str]                      # stop -> its zone
Matrix = dict[tuple[str, str], int]         # (from, to) -> minor units
Contents = dict[str, bytes]                 # path in the folder -> what the file holds

CONTENTS_BYTES_MOST = 256 << 20
STOP_COLUMNS = ("stop", "name")
DAY_COLUMNS = ("in_force_from", "in_force_until")
ALWAYS: Days = (datetime.date.min, datetime.date.max)
_PATH = re.compile(r"(?:layouts/)?(?!\.\.?$)[^/\0]+")
SHIPPED = Path(__file__).parents[1] / "fare_tables" / "data"


def list_networks() -> list[str]:
    """The names of the shipped networks."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/network.toml"))


def find_folder(network: str) -> Path:
    """The folder of a shipped network, or of one's own.

    Raises TableError where there is no such network.
    """
    shipped = SHIPPED / network
    folder = shipped if _holds_network(shipped) else Path(network)
    if not _holds_network(folder):
        raise TableError(
            Phrase("no network {network!r}: it is not one of {networks}, and there is no "
                   "file {folder}", network=network, networks=", ".join(list_networks()),
                   folder=folder / "network.toml"),
            "name a shipped network, or a folder that holds a network.toml", code="UNREADABLE"
        )
    return folder


def _holds_network(folder: Path) -> bool:
    try:
        return (folder / "network.toml").is_file()
    except OSError:     # a name too long, or a folder that may not be looked into
        return False


def read_contents(folder: Path, register: str | None = None) -> Contents:
    """The network's TOML and CSV files: all that decides anything.

    register: the file of cards, which has a bound of its own. Raises TableError.
    """
    found = sorted([*folder.glob("*.toml"), *folder.glob("*.csv"), *folder.glob("layouts/*")])
    # A folder or a pipe decides nothing: no reader takes it.
    paths = {path.relative_to(folder).as_posix(): path for path in found if path.is_file()}
    whole, size, twins = folder.resolve(), 0, dict[str, Path]()
    for name, path in paths.items():
        if not path.resolve().is_relative_to(whole):
            raise _refuse_file(path, Phrase("leads out of the network's folder: runs keep what "
                                            "is in it"), Phrase("put a copy of the file there"))
        twin = twins.setdefault(twin_key(name), path)
        if twin != path:
            raise _refuse_file(path, Phrase(
                "is one file with {twin} on a disk that tells no cases apart", twin=twin.name),
                Phrase("call one of them otherwise"))
        size += 0 if name == register else path.stat().st_size
        if size > CONTENTS_BYTES_MOST:
            raise _refuse_file(path, Phrase(
                "the network's files up to this one have {size:,} bytes, and at most "
                "{bytes_most:,} are read", size=size, bytes_most=CONTENTS_BYTES_MOST),
                Phrase("move away what no table names"))
    return {name: path.read_bytes() for name, path in paths.items()}


def _refuse_file(path: Path, found: Phrase, remedy: Phrase) -> TableError:
    return TableError(found, remedy, code="UNREADABLE", location=Location(path, 1, ""))


def stray_paths(contents: Contents) -> list[str]:
    """Paths that no file of a network has: who wrote them chose where files are written to."""
    return [name for name in contents if not _PATH.fullmatch(name)]


def write_contents(contents: Contents, folder: Path) -> None:
    """The same files in another folder; their paths are those that a network can have."""
    assert not stray_paths(contents), "whoever has them from a book has looked at them"
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def digest_of(contents: Contents) -> str:
    """SHA-256 over the files, names and contents."""
    digest = hashlib.sha256()
    for name, content in sorted(contents.items()):
        digest.update(b"%d %s %d\n" % (len(name.encode()), name.encode(), len(content)))
        digest.update(content)
    return digest.hexdigest()


@dataclass
class NetworkFolder:
    """What the files of a network say, by their names, as far as it was asked for.

    Every method raises TableError, with file and line, for what cannot be taken.
    """

    path: Path = Path()
    stops: dict[str, Stops] = field(default_factory=dict)
    stop_days: dict[str, StopDays] = field(default_factory=dict)
    links: dict[str, Links] = field(default_factory=dict)
    line_stops: dict[str, LineStops] = field(default_factory=dict)
    zones: dict[str, Zones] = field(default_factory=dict)
    matrices: dict[tuple[str, str], Matrix] = field(default_factory=dict)   # (file, column)
    _rows: dict[str, list[list[str]]] = field(default_factory=dict)         # of matrices

    @cached_property
    def network_toml(self) -> TomlFile:
        """What network.toml says, and where."""
        return TomlFile(self.path / "network.toml")

    def file(self, name: str) -> Path:
        """A CSV file by the name that a table or network.toml has for it.

        Any other file is refused: it would not be in the digest that runs are known by.
        """
        if Path(name).name != name or not name.endswith(".csv"):
            raise TableError(Phrase("{name!r} is no CSV file of the network's folder", name=name),
                             "put the file beside network.toml, under a name that ends in .csv",
                             location=self.network_toml.location_of_value(name))
        return self.path / name

    def stops_in(self, name: str) -> Stops:
        """The stops of a file with their names, in its order."""
        if name not in self.stops:
            self.stops[name], self.stop_days[name] = _read_stops(self.file(name))
        return self.stops[name]

    def stop_days_in(self, name: str) -> StopDays:
        """The days on which each stop of such a file is there; none where it has none."""
        self.stops_in(name)
        return self.stop_days.get(name, {})

    def links_in(self, name: str) -> Links:
        """The neighbours of every stop, both ways; the shorter of two links between the same."""
        return self._once(self.links, name, _read_links)

    def line_stops_in(self, name: str) -> LineStops:
        """How far along its line each stop is."""
        return self._once(self.line_stops, name, _read_line_stops)

    def zones_in(self, name: str) -> Zones:
        """The zone of each stop that has one."""
        return self._once(self.zones, name, _read_zones)

    def devices_in(self, name: str) -> list[tuple[str, str]]:
        """Operators and their devices, as a sender's list has them."""
        return [(operator, device) for operator, device in
                read_csv(self.file(name), ("operator", "device"))]

    def matrix_in(self, name: str, column: str) -> Matrix:
        """One sort of fare of a matrix; a pair whose field is blank is not in it."""
        if (name, column) not in self.matrices:
            rows = self._once(self._rows, name, read_rows)
            self.matrices[name, column] = _column_of(rows, self.file(name), column)
        return self.matrices[name, column]

    def forget_matrices(self) -> None:
        """Give back the memory of what is by far the most, once it has been compiled."""
        self.matrices.clear()
        self._rows.clear()

    def location_of(self, name: str, columns: tuple[str, ...], code: str) -> Location:
        """Where a file has a code in one of some columns; it is read again for that."""
        header, *rows = read_rows(self.file(name))
        fields = [header.index(column) for column in columns]
        found = enumerate(rows, 2)
        line, row = next(one for one in found if code in [one[1][field] for field in fields])
        return Location(self.file(name), line, shorten(",".join(row)))

    def _once(self, known: dict[str, T], name: str, read: Callable[[Path], T]) -> T:
        if name not in known:
            known[name] = read(self.file(name))
        return known[name]


def _read_stops(path: Path) -> tuple[Stops, StopDays]:
    stops: Stops = {}
    days: StopDays = {}
    for line, row in enumerate(read_csv(path, STOP_COLUMNS, DAY_COLUMNS), 2):
        stop, name, *bounds = row
        if not stop:
            raise refuse_row(path, line, row, "a stop has no code", "give it one, or leave it out")
        if stop in stops:
            raise refuse_row(path, line, row, Phrase("stop {stop!r} is listed twice", stop=stop),
                             "keep one line")
        stops[stop], days[stop] = name, _read_days(path, line, row, bounds)
    return stops, days


def _read_days(path: Path, line: int, row: list[str], bounds: list[str]) -> Days:
    """The first and the last day on which a stop is there; always where none is given."""
    try:
        first, last = (datetime.date.fromisoformat(text) if text else always for text, always
                       in zip(bounds or ("", ""), ALWAYS, strict=True))
    except ValueError:
        raise refuse_row(path, line, row, Phrase("{days} are no days", days=", ".join(bounds)),
                         "write days as 2024-11-25, or leave them blank") from None
    if last < first:
        raise refuse_row(path, line, row, Phrase("stop {stop!r} ends before it begins",
                                                 stop=row[0]), "correct one of its days")
    return first, last


def _read_links(path: Path) -> Links:
    links: Links = {}
    for line, (start, end, length) in enumerate(read_csv(path, ("from", "to", "metres")), 2):
        metres = whole_number(length, path, line)
        for here, there in ((start, end), (end, start)):
            near = links.setdefault(here, {})
            near[there] = min(metres, near.get(there, metres))
    return links


def _read_line_stops(path: Path) -> LineStops:
    lines: LineStops = {}
    for number, row in enumerate(read_csv(path, ("line", "stop", "metres")), 2):
        line, stop, metres = row
        if not line:
            raise refuse_row(path, number, row, "a line has no name",
                             "name it, or leave the row out")
        along = lines.setdefault(line, {})
        if stop in along:
            raise refuse_row(path, number, row, Phrase("stop {stop!r} is on line {line!r} twice",
                                                       stop=stop, line=line),
                             "give a loop's stops names of their own")
        along[stop] = whole_number(metres, path, number)
    return lines


def _read_zones(path: Path) -> Zones:
    zones: Zones = {}
    for line, row in enumerate(read_csv(path, ("stop", "zone")), 2):
        stop, zone = row
        if stop in zones:
            raise refuse_row(path, line, row,
                             Phrase("stop {stop!r} is given a zone twice", stop=stop),
                             "keep one of the two lines")
        zones[stop] = zone
    return zones


def _column_of(rows: list[list[str]], path: Path, column: str) -> Matrix:
    header = rows[0]
    if header[:2] != ["from", "to"] or len(set(header)) != len(header):
        raise refuse_row(path, 1, header, Phrase("the header is {header}",
                                                 header=",".join(header) or "missing"),
                         "write from,to and then a name for each column of fares")
    if column not in header[2:]:
        raise refuse_row(path, 1, header,
                         Phrase("there is no column {column!r}, only {columns}", column=column,
                                columns=", ".join(header[2:])),
                         "name one of these as `column`")
    index = header.index(column)
    pairs: Matrix = {}
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows[1:], 2):
        pair = row[0], row[1]
        if pair in seen:
            raise refuse_row(path, line, row,
                             Phrase("the fare from {start!r} to {end!r} is given twice",
                                    start=row[0], end=row[1]), "keep one of the two lines")
        seen.add(pair)
        if row[index]:
            pairs[pair] = whole_number(row[index], path, line)
    return pairs
