"""The network's deny list, by the time of each tap: read when the first tap of its time comes.

Full lists can have millions of cards, so each is read with the changes behind it, and only where
taps of a run are of its time. What is asked is in ext/intake/denied; the rule is in
clearing/reference/RULES.md §8.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from ext.intake.decode import TEXT_PAD
from ext.intake.denied import CARD_RANGE, CHANGE, VERSION, Denied, read_cards
from ext.records import Records
from network.cards import card_bits
from network.deny_lists import FOLDER, since_of
from network.errors import OnecardError, TableError
from network.files import refuse_row
from network.language import Phrase
from network.model import DenyList
from network.network import Network

HEADERS = (["card"], ["card", "to"], ["card", "to", "change"])
ENDLESS = 1 << 32
_LOW = (1 << 64) - 1

Halves = npt.NDArray[np.uint64]
Number = int                # a card's 128 bits
Range = tuple[Number, Number]


@dataclass
class _File:
    """What one file says."""

    highs: Halves                       # cards that are added, alone in their lines
    lows: Halves
    odd: list[tuple[int, Range, bool]] = field(default_factory=list)    # line, cards, whether on


class DenyLists:
    """All versions of a network's deny list."""

    def __init__(self, network: Network) -> None:
        """Make ready to read them. Raises TableError where a file is not there."""
        self._folder = network.folder.path / FOLDER
        self._lock = Lock()
        self._groups: list[list[tuple[int, DenyList]]] = []     # a full list, and what changes it
        for one in network.model.deny_list:
            if not (self._folder / one.file).is_file():
                raise TableError(
                    Phrase("there is no file {file!r}", file=one.file),
                    Phrase("put it into the folder {folder}", folder=self._folder),
                    location=network.folder.network_toml.location_of_value(one.file))
            if one.changes is None:
                self._groups.append([])
            self._groups[-1].append((since_of(one, network.clock), one))
        self._begins = np.array([group[0][0] for group in self._groups], dtype=np.int64)
        self._read: dict[int, Denied] = {}

    def check(self, taps: Records) -> npt.NDArray[np.uint16]:
        """A Code for each tap: CARD_DENIED, or OK. Exits are marked (DENIED) in place.

        Raises TableError where a list that holds at a tap's time cannot be read.
        """
        codes = np.zeros(len(taps), dtype=np.uint16)
        times = np.where(taps["in_at"] != 0, taps["in_at"], taps["tapped_at"]).astype(np.int64)
        for group in np.unique(np.searchsorted(self._begins, times, side="right")).tolist():
            if group:
                self._list_of(group - 1).check(taps, codes)
        return codes

    def read_all(self) -> None:
        """Read every file, whatever taps there are. Raises TableError where one cannot be."""
        for group in self._groups:
            read_group(self._folder, group, ENDLESS)

    def _list_of(self, group: int) -> Denied:
        with self._lock:
            if group not in self._read:
                ends = [*self._begins[1:].tolist(), ENDLESS]
                self._read[group] = read_group(self._folder, self._groups[group], ends[group])
            return self._read[group]


def read_group(folder: Path, versions: Sequence[tuple[int, DenyList]], end: int) -> Denied:
    """A full list with its changes; versions: each with the UTC second since which it holds.

    end: the second at which the next full list does. Raises TableError.
    """
    full, *changing = [(_read_file(folder, one), folder / one.file) for _, one in versions]
    file, path = full
    arrays = _in_order(file.highs, file.lows)
    ranges = [{cards for _, cards, is_on in file.odd if is_on}]
    plain = Denied(*arrays, np.zeros(0, CHANGE), np.zeros(0, CARD_RANGE),
                   np.zeros(1, VERSION), end)
    for line, _, is_on in file.odd:
        if not is_on:
            raise refuse_row(path, line, ["remove"], "a full list takes a card off",
                             "leave the line out, or say which version the list `changes`")
    changes = list[tuple[Number, int, bool]]()
    state = dict[Number, bool]()
    for version, (file, path) in enumerate(changing, 1):
        singles = [(0, (high << 64 | low,) * 2, True) for high, low in zip(
            file.highs.tolist(), file.lows.tolist(), strict=True)]
        said = [*singles, *file.odd]
        added = {cards for _, cards, is_on in said if is_on}
        ranges.append(_change_ranges(ranges[-1], file, path))
        for line, (first, last), is_on in said:
            if not is_on and (first, last) in added:
                raise refuse_row(path, line, ["remove"], "what is added is taken off, too",
                                 "keep one of the two lines")
            if first != last:
                continue
            was_on = state.get(first, plain.has(first >> 64, first & _LOW))
            if not is_on and not was_on:
                raise refuse_row(path, line, ["remove"], "a card is taken off that is not on",
                                 "look whether a version is missing before this one")
            if is_on != was_on:
                changes.append((first, version, is_on))
                state[first] = is_on
    return Denied(*arrays, _change_rows(changes), *_version_rows(ranges, versions), end)


def _in_order(highs: Halves, lows: Halves) -> tuple[Halves, npt.NDArray[np.uint32], Halves]:
    """The upper halves of cards, each once, where their lower halves begin, and these."""
    if len(highs) and (highs == highs[0]).all():    # numbers of one length that 64 bits hold
        lows.sort()
        highs = highs[:1].repeat(len(lows))
    else:
        order = np.lexsort([lows, highs])
        highs, lows = highs[order], lows[order]
    same = np.zeros(len(lows), dtype=np.bool_)
    same[1:] = (highs[1:] == highs[:-1]) & (lows[1:] == lows[:-1])
    highs, lows = highs[~same], lows[~same]
    starts = np.flatnonzero(np.append(True, highs[1:] != highs[:-1])[:len(highs)])
    return highs[starts], np.append(starts, len(lows)).astype(np.uint32), lows


def _change_ranges(before: set[Range], file: _File, path: Path) -> set[Range]:
    """The ranges of a version, by those of the one before it."""
    ranges = set(before)
    for line, cards, is_on in file.odd:
        if cards[0] == cards[1]:
            continue
        if not is_on and cards not in ranges:
            raise refuse_row(path, line, ["remove"], "a range is taken off that is not on",
                             "write it as the list has it, from its first card to its last")
        ranges = ranges | {cards} if is_on else ranges - {cards}
    return ranges


def _change_rows(changes: list[tuple[Number, int, bool]]) -> Records:
    rows = np.zeros(len(changes), dtype=CHANGE)
    for row, (card, version, is_on) in zip(rows, sorted(changes), strict=True):
        row["card_hi"], row["card_lo"] = card >> 64, card & _LOW
        row["version"], row["is_on"] = version, is_on
    return rows


def _version_rows(ranges: Sequence[set[Range]], versions: Sequence[tuple[int, DenyList]]
                  ) -> tuple[Records, Records]:
    """Ranges that do not overlap, version by version, and where each version's are."""
    rows: list[tuple[int, int, int, int]] = []
    found = np.zeros(len(versions), dtype=VERSION)
    for row, own, (since, _) in zip(found, ranges, versions, strict=True):
        row["since"], row["first_range"] = since, len(rows)
        merged: list[Range] = []
        for first, last in sorted(own):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(last, merged[-1][1])
            else:
                merged.append((first, last))
        rows += [(first >> 64, first & _LOW, last >> 64, last & _LOW) for first, last in merged]
        row["end_range"] = len(rows)
    return np.array(rows, dtype=CARD_RANGE), found


def _read_file(folder: Path, one: DenyList) -> _File:
    """A file as network.toml has it. Raises TableError."""
    path = folder / one.file
    size = path.stat().st_size
    data = bytearray(size + 1 + TEXT_PAD)
    with path.open("rb") as content:
        content.readinto(memoryview(data)[:size])
    digest = hashlib.sha256(memoryview(data)[:size]).hexdigest()
    if digest != one.sha256:
        as_found = f'sha256 = "{digest}"'       # to be written, in any language
        raise TableError(
            Phrase("version {version} of the deny list is another file than network.toml has",
                   version=one.version), "restore the file; or where it was never cleared by, "
            "write its digest in network.toml", where=str(path),
            expected=as_found)
    data[size] = ord("\n")
    head = data[:data.index(b"\n")]
    header = head.decode("utf-8-sig", "replace").strip().split(",")
    if header not in HEADERS:
        raise refuse_row(path, 1, header, Phrase("the header is {header}",
                                                 header=",".join(header)),
                         "write card, or card,to, or card,to,change")
    text, lines = np.frombuffer(data, np.uint8), data.count(b"\n")
    end, at, line, cards = size + 1, len(head) + 1, 2, 0
    file = _File(np.zeros(lines, dtype=np.uint64), np.zeros(lines, dtype=np.uint64))
    while at < end:
        at, more = read_cards(text, at, end, file.highs[cards:], file.lows[cards:])
        cards, line = cards + more, line + more
        if at < end:
            stop = data.index(b"\n", at)
            odd = _read_odd(path, line, bytes(data[at:stop]), len(header))
            file.odd += [] if odd is None else [odd]
            at, line = stop + 1, line + 1
    file.highs, file.lows = file.highs[:cards], file.lows[:cards]
    return file


def _read_odd(path: Path, line: int, text: bytes, columns: int) -> tuple[int, Range, bool] | None:
    """A line that is not one card alone: which cards, and whether they are on from then on."""
    row = next(csv.reader(StringIO(text.decode("utf-8", "replace").strip())), [])
    if not any(row):
        return None
    card, to, change = [*row, "", ""][:len(HEADERS[-1])]
    if len(row) > columns or change not in ("", "add", "remove"):
        raise refuse_row(path, line, row, "the line is no entry of a deny list",
                         "write a card; the last card of a range, or nothing; add, or remove")
    try:
        first, last = (card_high_low(number) for number in (card, to or card))
    except OnecardError as error:
        raise refuse_row(path, line, row, str(error.found), "correct the card number") from None
    if first > last or (first != last and not (len(card) == len(to) and (card + to).isdigit())):
        raise refuse_row(path, line, row, "the range ends before it begins, or in another length",
                         "write the first and the last number, of as many digits")
    return line, (first, last), change != "remove"


def card_high_low(text: str) -> Number:
    """A card's 128 bits as one number. Raises OnecardError."""
    high, low = card_bits(text)
    return high << 64 | low
