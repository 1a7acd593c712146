"""The network as far as fare tables depend on it: names, operators, issuers and accumulators."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from network.calendars import Calendar, Kind
from network.files import TableError
from network.model import AccumulatorSpec

BITS = 64           # modes, media and card kinds have one bit each in a row's conditions


class Dictionary(Protocol):
    """Codes to numbers: what the compiler needs of the book's names."""

    def number(self, kind: str, code: str, scope: str = "") -> int:
        """The number of a code; a new one where it has none yet."""

    def find(self, kind: str, code: str, scope: str = "") -> int | None:
        """The number of a code, or None."""

    def count(self, kind: str) -> int:
        """How many numbers a kind uses, 0 included."""


@dataclass(frozen=True)
class Runner:
    """An operator, as far as fares depend on it."""

    code: str
    number: int                     # its member number
    slot: int                       # 1, 2, 3 ... among operators
    modes: Sequence[str]
    system: str
    stops: Sequence[str] | None     # None: any stop
    links: Path | None
    line_stops: Path | None = None


@dataclass(frozen=True)
class Ground:
    """The network that tables are compiled for."""

    folder: Path
    names: Dictionary
    runners: Mapping[str, Runner]
    issuer_cities: Mapping[int, str]            # by issuer's member number
    cities: Sequence[str]
    members: npt.NDArray[Any]                   # MEMBER rows, by member number
    accumulators: Sequence[AccumulatorSpec]
    # Line class -> its lines, each after its operator.
    line_classes: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    calendar: Calendar = "own"
    own_days: Mapping[datetime.date, Kind] = field(default_factory=dict)
    taps_from: datetime.date = datetime.date(1970, 1, 1)
    civil_offset_s: int = 0

    def first_stops(self) -> dict[str, int]:
        """By system, where its stops begin in a row of all listed stops."""
        first: dict[str, int] = {}
        count = 0
        for runner in self.runners.values():
            if runner.system not in first:
                first[runner.system] = count
                count += len(runner.stops or ())
        return first


def check_systems(ground: Ground) -> None:
    """Pass where operators that share a paid area share its stops and track, too.

    One matrix of fares is compiled for all of them, with one place for each stop.
    Raises TableError.
    """
    first: dict[str, Runner] = {}
    for runner in ground.runners.values():
        twice = next((stop for stop, count in Counter(runner.stops or ()).items() if count > 1),
                     None)
        if twice is not None:
            raise TableError(f"stop {twice!r} of {runner.code!r} is listed twice\nkeep one line")
        if "" in (runner.stops or ()):
            raise TableError(f"a stop of {runner.code!r} has no code\ngive it one, or leave it out")
        other = first.setdefault(runner.system, runner)
        if (runner.stops, runner.links) != (other.stops, other.links):
            raise TableError(
                f"operators {other.code!r} and {runner.code!r} are both of system "
                f"{runner.system!r}, but have other stops or links\n"
                "give them the same in network.toml, or systems of their own")
