"""The ledger's columns are the records' fields; whoever changes one sees here what follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearing.book import open_book, schema
from clearing.book.runs import BookFile, Run
from clearing.book.stored import stored_columns
from ext import records
from network.names import Name
from settlement.payments import Payment
from tests.book.workload import add_run, commit

RECORDS = [
    (schema.ENTRIES, records.ENTRY), (schema.FLOWS, records.FLOW),
    (schema.RECORDS, records.TAP), (schema.OPEN_RIDES, records.TAP),
]
PACKED = {
    "card_states": (schema.CARD_STATES, schema.CARD_STATE_PACKED, records.CARD_STATE),
    "accumulators": (schema.ACCUMULATORS, schema.ACCUMULATOR_PACKED, records.ACCUMULATOR),
}


def _expected(dtype: np.dtype[Any]) -> list[tuple[str, str]]:
    assert dtype.fields is not None
    kinds = {"uint": "UInt", "int": "Int"}
    if dtype == records.ENTRY:
        return _expected_of_entries()
    return [("run", "UInt32")] + [
        (name, kinds[field[0].name.rstrip("123468")] + field[0].name.lstrip("uint"))
        for name, field in dtype.fields.items()
        if not name.startswith("reserved") and name != "generation"]


def _expected_of_entries() -> list[tuple[str, str]]:
    """As a person writes them down: amounts in 32 bits, the legs after the fare's."""
    plain = """card_hi UInt64, card_lo UInt64, started_at UInt32, ended_at UInt32, card_seq UInt32,
        out_seq UInt32, device_seq UInt32, device UInt32, line UInt32, vehicle UInt32,
        from_stop UInt32, to_stop UInt32, distance_m UInt32, operator UInt16, issuer UInt16,
        service_day UInt16, mode UInt8, medium UInt8, card_kind UInt8, state UInt8, flags UInt8,
        age UInt8, due Int32, price Int32, paid Int32, variance Int32, uncollected Int32,
        rule UInt32, table UInt16,
        in_file UInt32, in_line UInt32, out_file UInt32, out_line UInt32, replaces UInt32,
        window UInt16, reason UInt8"""
    legs = [(f"leg{leg}_{part}", type_) for leg in range(2, 8) for part, type_ in (
        ("cause", "UInt8"), ("rule", "UInt32"), ("debtor", "UInt16"), ("creditor", "UInt16"),
        ("amount", "Int32"))]
    named = [tuple(column.split()) for column in plain.split(",")]
    return [("run", "UInt32"), *((name, type_) for name, type_ in named), *legs]


@pytest.mark.parametrize(("table", "dtype"), RECORDS, ids=lambda value: getattr(value, "name", ""))
def test_a_column_for_every_field(table: schema.Table, dtype: np.dtype[Any]) -> None:
    run, *fields = _expected(dtype)
    assert [tuple(column) for column in table.columns] == [run, ("part", "UInt32"), *fields]


def test_the_store_has_these_columns(location: str) -> None:
    with open_book(location) as book:
        found = book.query(
            "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()")
    stored: dict[str, list[tuple[str, str]]] = {}
    for table, name, type_ in zip(*found.values(), strict=True):
        stored.setdefault(str(table), []).append((str(name), str(type_).replace("\\'", "'")))
    for table in schema.TABLES:
        assert stored[table.name] == [tuple(column) for column in table.columns]
    for view, table in (("ledger", schema.ENTRIES), ("rides", schema.ENTRIES),
                        ("events", schema.RECORDS)):
        assert stored[view] == [("card", "String"), ("run", "UInt32"), *map(tuple, table.content)]
    for table in set(schema.LEDGER) - {schema.CARD_STATES, schema.ACCUMULATORS}:
        assert stored[table.name.removeprefix("stored_")] == [
            ("run", "UInt32"), *map(tuple, table.content)]
    for view, (_, _, dtype) in PACKED.items():
        assert stored[view] == [("card", "String"), *_expected(dtype)]


@pytest.mark.parametrize("view", PACKED)
def test_a_packed_record_is_all_of_the_record(view: str) -> None:
    table, packed, dtype = PACKED[view]
    assert packed.fields is not None and dtype.fields is not None
    whole, offset = packed.fields["record"][:2]
    assert packed.itemsize == dtype.itemsize == offset + whole.itemsize
    assert list(dtype.fields)[:2] == ["card_hi", "card_lo"]
    assert dtype.fields["card_lo"][1] + 8 == offset
    for column in table.content[:-1]:
        assert packed.fields[column.name][:2] == dtype.fields[column.name][:2]
    assert table.columns[-1] == ("record", f"FixedString({whole.itemsize})")


def test_views_show_the_fields_of_packed_records(location: str) -> None:
    """Extremes of every field, and a card of letters. The window is the one that was told."""
    cards, counted = np.zeros(3, records.CARD_STATE), np.zeros(3, records.ACCUMULATOR)
    for rows in (cards, counted):
        for name in rows.dtype.names or ():
            if not name.startswith("reserved"):
                bounds = np.iinfo(rows.dtype[name])
                rows[name] = [bounds.min, bounds.max, 7]
        rows["card_hi"] = [16 << 56, 20 << 56 | 5, int.from_bytes(b"SZTAB123", "big")]
    counted["accumulator"][0] = 1
    with open_book(location) as book:
        with book.begin(digest="x", kind="clear") as run:
            run.write_state(65_535, cards, counted, np.zeros(0, records.TAP))
            commit(run)
        for view, rows in (("card_states", cards), ("accumulators", counted)):
            fields = stored_columns(rows.dtype)
            found = book.query(f"SELECT {', '.join(fields)} FROM {view} ORDER BY card_hi")
            for name in fields:
                assert list(found[name]) == np.sort(rows, order="card_hi")[name].tolist(), name
        assert book.query(f"SELECT card FROM {view} ORDER BY card_hi")["card"][0] == "0" * 16


def test_rows_of_python_values_match_their_tables() -> None:
    assert tuple(column.name for column in schema.RUNS.columns) == Run._fields
    assert tuple(column.name for column in schema.FILES.content) == BookFile._fields
    assert tuple(column.name for column in schema.PAYMENTS.content) == Payment._fields
    assert tuple(column.name for column in schema.NAMES.content) == Name._fields


def test_refusals_keep_the_bytes_of_their_records(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        found = book.query("SELECT hex(raw) AS hexed, length(raw) AS bytes FROM refusals")
    assert {"", "FF00", "612C62", "E58DA1"} < set(found["hexed"])
    assert max(found["bytes"]) == schema.RAW_BYTES
