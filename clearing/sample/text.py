"""Taps to lines of text, by whole columns of bytes.

A line is built from parts that are looked up: each part is padded with zero bytes to the width
of its longest, and the zero bytes of many lines are dropped at once.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clearing.sample.ground import GATES, Ground
from clearing.sample.rides import Cards
from clearing.sample.taps import NOTHING, Taps, count_places

COLUMNS = (
    "card", "card_seq", "tapped_at", "device_seq", "operator", "device", "line", "vehicle",
    "direction", "mode", "kind", "stop", "medium", "card_kind", "due", "paid", "balance_before",
)
HEADER = (",".join(COLUMNS) + "\n").encode()
CARD_DIGITS = 19
PREFIX = 7                  # letters of a card's number that are not counted in
SCATTER = 3_571_428_571     # odd and not of 5: card numbers look drawn, and no two are the same
HOURS = 30                  # of times that can be written: the last rides end after midnight
BLANK_PAID = 10_000         # where the table of amounts has a blank one
BLANK_BALANCE = 100_000
ROWS = 8192                 # at once: their bytes stay in the cache

Text = NDArray[np.bytes_]


class Writer:
    """Writes one day's taps of one network."""

    def __init__(self, ground: Ground) -> None:
        """Prepare every part that a line can have."""
        self._ground = ground
        self._times = _list_times(ground.day)
        self._devices = _table(_list_devices(ground))
        self._places = _table(_list_places(ground))
        self._holders = _table([
            f"{medium},{kind}," for kind in ground.network.card_kinds for medium in ("card", "qr")
        ])
        self._dues = _table([*(f"{due}," for due in ground.dues), ","])     # -1 is the last one
        self._paid = _table([*(f"{paid}," for paid in range(BLANK_PAID)), ","])
        self._balances = _table([*(f"{left}\n" for left in range(BLANK_BALANCE)), "\n"])
        self._high = _table(["", *(str(number) for number in range(1, 10_000))])
        self._low = _table([f"{number:04d}" for number in range(10_000)])
        prefixes = [ground.prefix_of(city.code) for city in ground.network.city]
        self._prefixes = np.array([prefix[:PREFIX] for prefix in prefixes], f"S{PREFIX}")
        room = [10 ** (CARD_DIGITS - len(prefix)) for prefix in prefixes]
        self._room = np.array(room, np.int64)
        self._base = np.array([
            int(prefix[PREFIX:]) * size for prefix, size in zip(prefixes, room, strict=True)
        ], np.int64)
        self._row = _row_of([
            ("card", f"S{CARD_DIGITS + 1}"), ("seq", self._high.dtype.str), ("seq_low", "S4"),
            ("cut", "S1"), ("time", self._times.dtype.str), ("device", self._devices.dtype.str),
            ("place", self._places.dtype.str), ("holder", self._holders.dtype.str),
            ("due", self._dues.dtype.str), ("paid", self._paid.dtype.str),
            ("balance", self._balances.dtype.str),
        ])

    def name_cards(self, cards: Cards) -> Text:
        """Every card's number, and the comma behind it."""
        row = _row_of([("prefix", f"S{PREFIX}"), ("a", "S4"), ("b", "S4"), ("c", "S4"),
                       ("cut", "S1")])
        number = cards.number * SCATTER % self._room[cards.city] + self._base[cards.city]
        names = np.empty(len(number), row)
        names["prefix"] = self._prefixes[cards.city]
        names["a"] = self._low[number // 100_000_000]
        names["b"] = self._low[number // 10_000 % 10_000]
        names["c"] = self._low[number % 10_000]
        names["cut"] = b","
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
        rows["cut"] = b","
        rows["time"] = self._times.take(taps["time"])
        rows["device"] = self._devices.take(taps["device"])
        rows["place"] = self._places.take(taps["place"])
        rows["holder"] = self._holders.take(taps["holder"])
        rows["due"] = self._dues.take(taps["due"])
        rows["paid"] = self._paid.take(np.where(paid == NOTHING, BLANK_PAID, paid))
        rows["balance"] = self._balances.take(np.where(balance == NOTHING, BLANK_BALANCE, balance))
        letters = rows.view(np.uint8)
        return bytes(np.compress(letters != 0, letters))


def _table(texts: Sequence[str]) -> Text:
    return np.array([text.encode() for text in texts])


def _row_of(parts: Sequence[tuple[str, str]]) -> np.dtype[np.void]:
    return np.dtype(list(parts))


def _list_times(day: datetime.date) -> Text:
    """Every second of the day, and the device's counter that goes with it."""
    midnight = datetime.datetime.combine(day, datetime.time())
    times = []
    for minute in range(HOURS * 60):
        start = (midnight + datetime.timedelta(minutes=minute)).isoformat()[:-2]
        times += [f"{start}{second:02d},{minute * 60 + second}," for second in range(60)]
    return _table(times)


def _list_devices(ground: Ground) -> list[str]:
    """Operator, device, line, vehicle, direction: of each vehicle one for each way, then gates."""
    devices = []
    ends = [*ground.first_vehicle[1:], ground.vehicles]
    for (operator, _, line), first, end in zip(
        ground.lines, ground.first_vehicle, ends, strict=True
    ):
        code = ground.operators[operator].code
        for vehicle in range(first, end):
            for way in ("up", "down"):
                devices.append(f"{code},P{vehicle:05d},{line},V{vehicle:05d},{way},")
    for operator, stop in ground.stops:
        code = ground.operators[operator].code
        devices.extend(f"{code},G{stop}{gate:02d},,,," for gate in range(1, GATES + 1))
    return devices


def _list_places(ground: Ground) -> list[str]:
    """Mode, kind, stop: of each bus mode, then of metro gates in and out."""
    places = [
        f"{mode},single,S{stop:03d}," for mode in ground.network.modes
        for stop in range(ground.bus_stops)
    ]
    assert len(places) == count_places(ground)
    for _, stop in ground.stops:
        places.extend((f"metro,in,{stop},", f"metro,out,{stop},"))
    return places
