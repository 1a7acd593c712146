"""Days of the demonstration network, small enough to be cleared hundreds of times."""

from __future__ import annotations

import datetime
import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

from clearing.intake.trailer import MARK
from clearing.sample.day import write_day

DAYS = (datetime.date(2024, 11, 25), datetime.date(2024, 11, 26))


def write_days(folder: Path, taps: int) -> list[list[Path]]:
    """Two days of the same cards, each as its operators' many files."""
    return [write_day(folder / day.isoformat(), taps=taps, day=day, seed=3, threads=1)
            for day in DAYS]


def lines_of(paths: Sequence[Path]) -> tuple[bytes, list[bytes]]:
    """The header and every record of files that share one, without trailers."""
    headers, lines = set(), []
    for path in sorted(paths):
        header, *rest = path.read_bytes().splitlines(keepends=True)
        headers.add(header)
        lines += [line for line in rest if not line.startswith(MARK)]
    assert len(headers) == 1
    return headers.pop(), lines


def rewrite(paths: Sequence[Path], folder: Path, files: int, seed: int | None = None) -> list[Path]:
    """The same records in so many other files; shuffled where there is a seed."""
    header, lines = lines_of(paths)
    if seed is not None:
        random.Random(seed).shuffle(lines)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(files):
        path = folder / f"part-{number}-{hashlib.sha256(str(seed).encode()).hexdigest()[:6]}.csv"
        path.write_bytes(b"".join([header, *lines[number::files]]))
        made.append(path)
    return made
