"""Taps to lines of text, by whole columns of bytes.

A line is built from parts that are looked up: each part is padded with zero bytes to the width
of its longest, and the zero bytes of many lines are dropped at once. In records of one length each
value is padded with spaces instead, numbers before them.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from clearing.intake.layout_model import Layout
from clearing.sample.network_day import GATES, NetworkDay
from clearing.sample.rides import Cards
from clearing.sample.taps import NOTHING, Taps, count_places

COLUMNS = (
    "card", "card_seq", "tapped_at", "device_seq", "operator", "device", "line", "vehicle",
    "direction", "mode", "kind", "stop", "medium", "card_kind", "due", "paid", "balance_before",
)
NUMBERS = ("card_seq", "device_seq", "due", "paid", "balance_before")
HEADER = (",".join(COLUMNS) + "\n").encode()
CARD_DIGITS = 19
PREFIX = 7                  # letters of a card's number that are not counted in
SCATTER = 3_571_428_571     # odd and not of 5: card numbers look drawn, and no two are the same
HOURS = 30                  # of times that can be written: the last rides end after midnight
BLANK_PAID = 10_000         # where the table of amounts has a blank one
BLANK_BALANCE = 100_000
ROWS = 8192                 # at once: their bytes stay in the cache

Text = NDArray[np.bytes_]


class Form:
    """How a line is written: with commas, or with each value at its place."""

    def __init__(self, layout: Layout | None = None) -> None:
        """Take the widths of a fixed layout that has this day's columns, one behind the other.

        Raises ValueError where it has others.
        """
        self.layout = layout
        self.widths = {} if layout is None else {
            column: layout.columns[column].width for column in COLUMNS if column in layout.columns}
        self.suffix, self.header = (".txt", b"") if self.widths else (".csv", HEADER)
        starts = [0, *accumulate(self.widths.values())]
        if layout is not None and (
                [place.start for place in layout.columns.values()] != starts[:-1]
                or tuple(layout.columns) != COLUMNS or layout.record_bytes != starts[-1]):
            raise ValueError(f"layout {layout.name!r}: expected the columns {', '.join(COLUMNS)}, "
                             "one behind the other and nothing else")

    def table(self, first: str, texts: Sequence[str]) -> Text:
        """Parts of lines, from the column `first` on, whose values commas part."""
        start = COLUMNS.index(first)
        end = "\n" if first == COLUMNS[-1] else "" if self.widths else ","
        if not self.widths:
            return _table([text + end for text in texts])
        return _table(["".join(map(self._pad, COLUMNS[start:], text.split(","))) + end
                       for text in texts])

    def _pad(self, column: str, value: str) -> str:
        width = self.widths[column]
        if len(value) > width:
            raise ValueError(f"{column}: {value!r} is longer than {width}")
        return value.rjust(width) if column in NUMBERS else value.ljust(width)

    def split(self, line: bytes) -> list[bytes]:
        """The values of a line."""
        if not self.widths:
            return line.rstrip(b"\n").split(b",")
        ends = list(accumulate(self.widths.values()))
        return [line[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def join(self, values: Sequence[bytes]) -> bytes:
        """A line of these values, as far as they fit."""
        if not self.widths:
            return b",".join(values) + b"\n"
        return b"".join(value[:width].ljust(width) for value, width in
                        zip(values, self.widths.values(), strict=False)) + b"\n"


class Writer:
    """Writes one day's taps of one network."""

    def __init__(self, network: NetworkDay, form: Form) -> None:
        """Prepare every part that a line can have."""
        self.form = form
        self._times = form.table("tapped_at", _list_times(network.day))
        self._devices = form.table("operator", _list_devices(network))
        self._places = form.table("mode", _list_places(network))
        self._holders = form.table("medium", [
            f"{medium},{kind}" for kind in network.model.card_kinds for medium in ("card", "qr")
        ])
        self._dues = form.table("due", [*map(str, network.dues), ""])    # -1 is the last one
        self._paid = form.table("paid", [*map(str, range(BLANK_PAID)), ""])
        self._balances = form.table("balance_before", [*map(str, range(BLANK_BALANCE)), ""])
        high = form.widths["card_seq"] - 4 if form.widths else 0
        self._high = _table([text.rjust(high) for text in ("", *map(str, range(1, 10_000)))])
        self._low = _table([f"{number:04d}" for number in range(10_000)])
        self._card_end = b" " * (form.widths["card"] - CARD_DIGITS) if form.widths else b","
        self._seq_end = b"" if form.widths else b","
        prefixes = [network.prefix_of(city.code) for city in network.model.city]
        self._prefixes = np.array([prefix[:PREFIX] for prefix in prefixes], f"S{PREFIX}")
        room = [10 ** (CARD_DIGITS - len(prefix)) for prefix in prefixes]
        self._room = np.array(room, np.int64)
        self._base = np.array([
            int(prefix[PREFIX:]) * size for prefix, size in zip(prefixes, room, strict=True)
        ], np.int64)
        self._row = _row_of([
            ("card", f"S{CARD_DIGITS + len(self._card_end)}"), ("seq", self._high.dtype.str),
            ("seq_low", "S4"), *([("cut", "S1")] if self._seq_end else []),
            ("time", self._times.dtype.str), ("device", self._devices.dtype.str),
            ("place", self._places.dtype.str), ("holder", self._holders.dtype.str),
            ("due", self._dues.dtype.str), ("paid", self._paid.dtype.str),
            ("balance", self._balances.dtype.str),
        ])

    def name_cards(self, cards: Cards) -> Text:
        """Every card's number, and what is behind it."""
        row = _row_of([("prefix", f"S{PREFIX}"), ("a", "S4"), ("b", "S4"), ("c", "S4"),
                       ("end", f"S{len(self._card_end)}")])
        number = cards.number * SCATTER % self._room[cards.city] + self._base[cards.city]
        names = np.empty(len(number), row)
        names["prefix"] = self._prefixes[cards.city]
        names["a"] = self._low[number // 100_000_000]
        names["b"] = self._low[number // 10_000 % 10_000]
        names["c"] = self._low[number % 10_000]
        names["end"] = self._card_end
        return names.view(f"S{row.itemsize}")

    def write(self, taps: Taps, cards: Text) -> list[bytes]:
        """Render taps as lines, in parts."""
        return [
            self._write_rows(taps[at:at + ROWS], cards) for at in range(0, len(taps), ROWS)
        ]

    def _write_rows(self, taps: Taps, cards: Text) -> bytes:
        rows = np.empty(len(taps), self._row)
        seq, paid, balance = taps["seq"], taps["paid"], taps["balance"]
        rows["card"] = cards.take(taps["card"])
        rows["seq"] = self._high.take(seq // 10_000)
        rows["seq_low"] = self._low.take(seq % 10_000)
        if self._seq_end:
            rows["cut"] = self._seq_end
        rows["time"] = self._times.take(taps["time"])
        rows["device"] = self._devices.take(taps["device"])
        rows["place"] = self._places.take(taps["place"])
        rows["holder"] = self._holders.take(taps["holder"])
        rows["due"] = self._dues.take(taps["due"])
        rows["paid"] = self._paid.take(np.where(paid == NOTHING, BLANK_PAID, paid))
        rows["balance"] = self._balances.take(np.where(balance == NOTHING, BLANK_BALANCE, balance))
        if self.form.widths:
            return rows.tobytes()
        letters = rows.view(np.uint8)
        return bytes(np.compress(letters != 0, letters))


def _table(texts: Sequence[str]) -> Text:
    return np.array([text.encode() for text in texts])


def _row_of(parts: Sequence[tuple[str, str]]) -> np.dtype[np.void]:
    return np.dtype(list(parts))


def _list_times(day: datetime.date) -> list[str]:
    """Every second of the day, and the device's counter that goes with it."""
    midnight = datetime.datetime.combine(day, datetime.time())
    times = []
    for minute in range(HOURS * 60):
        start = (midnight + datetime.timedelta(minutes=minute)).isoformat()[:-2]
        times += [f"{start}{second:02d},{minute * 60 + second}" for second in range(60)]
    return times


def _list_devices(network: NetworkDay) -> list[str]:
    """Operator, device, line, vehicle, direction: of each vehicle one for each way, then gates."""
    devices = []
    ends = [*network.first_vehicle[1:], network.vehicles]
    for (operator, _, line), first, end in zip(
        network.lines, network.first_vehicle, ends, strict=True
    ):
        code = network.operators[operator].code
        for vehicle in range(first, end):
            for way in ("up", "down"):
                devices.append(f"{code},P{vehicle:05d},{line},V{vehicle:05d},{way}")
    for operator, stop in network.stops:
        code = network.operators[operator].code
        devices.extend(f"{code},G{stop}{gate:02d},,," for gate in range(1, GATES + 1))
    return devices


def _list_places(network: NetworkDay) -> list[str]:
    """Mode, kind, stop: of each bus mode, then of metro gates in and out."""
    places = [
        f"{mode},single,S{stop:03d}" for mode in network.model.modes
        for stop in range(network.bus_stops)
    ]
    assert len(places) == count_places(network)
    for _, stop in network.stops:
        places.extend((f"metro,in,{stop}", f"metro,out,{stop}"))
    return places
