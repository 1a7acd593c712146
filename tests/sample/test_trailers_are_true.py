"""A trailer is the operator's word for what it handed in: a file that breaks it is refused."""

from __future__ import annotations

import csv
import hashlib


def amount(text: str) -> int:
    return int(text) if text.isdigit() else 0


def test_trailers_are_true(day):
    for path in day.files:
        body, _, trailer = path.read_bytes().rpartition(b"#trailer,")
        rows = list(csv.DictReader(body.decode().splitlines()))
        records, due, paid, digest = trailer.decode().rstrip("\n").split(",")
        assert int(records) == len(rows)
        assert int(due) == sum(amount(row["due"] or "") for row in rows)
        assert int(paid) == sum(amount(row["paid"] or "") for row in rows)
        assert digest == hashlib.sha256(body).hexdigest()
        assert body.endswith(b"\n")


def test_every_operator_hands_in_several_files(day):
    by_operator: dict[str, int] = {}
    for path in day.files:
        operator = path.name.removesuffix(".csv").rsplit("-", 4)[0]
        by_operator[operator] = by_operator.get(operator, 0) + 1
    assert len(by_operator) == 10
    assert set(by_operator.values()) == {5}
