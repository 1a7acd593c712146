"""The README clears these files: an edited one without a new trailer would be refused there."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[2] / "examples" / "taps").glob("*.csv"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_example_taps_are_whole(path):
    body, _, trailer = path.read_bytes().rpartition(b"#trailer,")
    rows = list(csv.DictReader(body.decode().splitlines()))
    due, paid = (sum(int(row[name] or 0) for row in rows) for name in ("due", "paid"))
    digest = hashlib.sha256(body).hexdigest()
    assert trailer.decode() == f"{len(rows)},{due},{paid},{digest}\n"


def test_there_are_two_of_them():
    assert len(FILES) == 2
