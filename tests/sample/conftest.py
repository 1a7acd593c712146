"""One small day for all tests of this folder."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

from clearing.sample.day import write_day
from clearing.sample.text import COLUMNS

TAPS = 20_000


class Day(NamedTuple):
    """A day's files and their records: sound ones by column, spoilt ones as they are."""

    files: list[Path]
    records: list[dict[str, str]]       # every record with the right number of fields
    broken: list[list[str]]             # the others


def read_day(files: list[Path]) -> Day:
    records, broken = [], []
    for number, path in enumerate(files, 1):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == COLUMNS
        for line, row in enumerate(rows[:-1], 2):
            if len(row) == len(COLUMNS):
                place = {"file": str(number), "line_number": str(line)}
                records.append(dict(zip(COLUMNS, row, strict=True)) | place)
            else:
                broken.append(row)
    return Day(files, records, broken)


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return read_day(write_day(tmp_path_factory.mktemp("day"), taps=TAPS, seed=7))
