"""The ledger's columns are the records' fields; whoever changes one sees here what follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearing.book import open_book, schema
from clearing.book.runs import BookFile, Run
from clearing.names import Name
from ext import records
from tests.book.workload import add_run

RECORDS = [
    (schema.ENTRIES, records.ENTRY), (schema.OBLIGATIONS, records.OBLIGATION),
    (schema.CARD_STATES, records.CARD_STATE), (schema.ACCUMULATORS, records.ACCUMULATOR),
    (schema.OPEN_TAPS, records.TAP),
]


def _expected(dtype: np.dtype[Any]) -> list[tuple[str, str]]:
    assert dtype.fields is not None
    kinds = {"uint": "UInt", "int": "Int"}
    return [("run", "UInt32")] + [
        (name, kinds[field[0].name.rstrip("123468")] + field[0].name.lstrip("uint"))
        for name, field in dtype.fields.items() if not name.startswith("reserved")]


@pytest.mark.parametrize(("table", "dtype"), RECORDS, ids=lambda value: getattr(value, "name", ""))
def test_a_column_for_every_field(table: schema.Table, dtype: np.dtype[Any]) -> None:
    assert [tuple(column) for column in table.columns] == _expected(dtype)


def test_the_store_has_these_columns(location: str) -> None:
    with open_book(location) as book:
        found = book.query(
            "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()")
    stored: dict[str, list[tuple[str, str]]] = {}
    for table, name, type_ in zip(*found.values(), strict=True):
        stored.setdefault(str(table), []).append((str(name), str(type_).replace("\\'", "'")))
    for table in schema.TABLES:
        assert stored[table.name] == [tuple(column) for column in table.columns]
    assert [name for name, _ in stored["ledger"]] == [
        "card", *(column.name for column in schema.ENTRIES.columns)]


def test_rows_of_python_values_match_their_tables() -> None:
    assert tuple(column.name for column in schema.RUNS.columns) == Run._fields
    assert tuple(column.name for column in schema.FILES.columns) == ("run", *BookFile._fields)
    assert tuple(column.name for column in schema.NAMES.columns) == ("run", *Name._fields)


def test_refusals_keep_the_bytes_of_their_records(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        found = book.query("SELECT hex(raw) AS hexed, length(raw) AS bytes FROM refusals")
    assert {"", "FF00", "612C62", "E58DA1"} < set(found["hexed"])
    assert max(found["bytes"]) == schema.RAW_BYTES
