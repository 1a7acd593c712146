"""Write a made-up day of taps of the network `demo`, for demonstrations, tests and benchmarks.

See clearing/sample/ for what is measured and what is assumed in it.
"""

from __future__ import annotations

import datetime
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clearing.intake.layout import load_layout
from clearing.sample.files import TapFile, open_files
from clearing.sample.network_day import NetworkDay
from clearing.sample.rides import draw_rides, make_cards
from clearing.sample.shape import Draws
from clearing.sample.spoilt import spoil
from clearing.sample.taps import Taps, make_batch
from clearing.sample.text import Form, Writer
from network.network import load_network

DAY = datetime.date(2024, 11, 25)
COUNTED_FROM = datetime.date(2020, 1, 1)    # card counters: so many days, times 64
BLOCK_CARDS = 1 << 15
TAPS_PER_1000_CARDS = 3807                  # measured, at 10,000,000 taps


class _Block(NamedTuple):
    """What one block of cards adds to each file."""

    parts: list[tuple[int, list[bytes], Taps]]      # file, text, taps
    spoilt: list[tuple[int, bytes]]


def write_day(
    folder: Path, *, taps: int, day: datetime.date = DAY, seed: int = 1,
    network: str | Path = "demo", threads: int | None = None, layout: str | None = None,
) -> list[Path]:
    """Write about so many taps into new files of a folder, and return the files.

    The same arguments write the same bytes, whatever the number of threads. Another day of the
    same seed has the same cards, whose counters go on. `layout` names a fixed layout of the
    network, in which the same taps are written as records of one length.

    Raises FileExistsError where the folder holds such a day already, OnecardError where there is
    no such layout, and ValueError where it has other columns.
    """
    network_day = NetworkDay(load_network(str(network)), day)
    form = Form(load_layout(network_day.network.folder.path, layout) if layout else None)
    writer = Writer(network_day, form)
    cards = max(1, taps * 1000 // TAPS_PER_1000_CARDS)
    folder.mkdir(parents=True, exist_ok=True)
    files = open_files(folder, network_day, day, form)
    dues = network_day.array(network_day.dues)
    spoilt = 0
    for block in _make_blocks(network_day, writer, cards, seed, threads or os.cpu_count() or 1):
        for number, text, added in block.parts:
            for piece in text:
                files[number].write(piece, 0)
            files[number].records += len(added)
            files[number].count(dues, added)
        for number, line in block.spoilt:
            files[number].write(form.join(spoil(form.split(line), spoilt)), 1)
            spoilt += 1
    return _close(files)


def _close(files: list[TapFile]) -> list[Path]:
    return [file.path for file in files if file.close()]


def _make_blocks(
    network: NetworkDay, writer: Writer, cards: int, seed: int, threads: int
) -> Iterator[_Block]:
    """Every block in order, a few of them made at once."""
    starts = range(0, cards, BLOCK_CARDS)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[_Block]] = deque()
        for first in starts:
            count = min(BLOCK_CARDS, cards - first)
            waiting.append(pool.submit(_make_block, network, writer, first, count, seed))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _make_block(network: NetworkDay, writer: Writer, first: int, count: int, seed: int) -> _Block:
    draws = Draws(seed, network.day.toordinal(), first)
    cards = make_cards(network, first, count, (network.day - COUNTED_FROM).days, draws)
    batch = make_batch(network, cards, draw_rides(network, cards, draws), draws, first == 0)
    names = writer.name_cards(cards)
    starts = np.concatenate([[0], batch.ends[:-1]]).tolist()
    parts = [
        (number, writer.write(batch.taps[start:end], names), batch.taps[start:end])
        for number, (start, end) in enumerate(zip(starts, batch.ends.tolist(), strict=True))
        if end > start
    ]
    lines = b"".join(writer.write(batch.spoilt, names)).splitlines(keepends=True)
    return _Block(parts, list(zip(batch.spoilt["file"].tolist(), lines, strict=True)))
