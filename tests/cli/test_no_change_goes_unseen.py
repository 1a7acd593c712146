"""Every kind of change that somebody with the store's own means can make is found by `verify`.

One book, of which a run of rides is folded and another is not; each change is made beneath it and
taken back again. What is named is at least the table and the run of a row; a ride's price, what an
input file says, and what has two sources, also name the ride, the file and the line of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import zstandard

from clearing.book import Book, open_book, parts
from clearing.book.schema import LEDGER, RUNS
from tests.book.beneath import change_rows
from tests.run.command import accepted, onecard

EXAMPLES = Path(__file__).parents[2] / "examples"
TABLES = {table.name: table for table in (*LEDGER, RUNS)}


class Change(NamedTuple):
    """What is done to one row, or to all that fulfil a condition, and what is told."""

    table: str
    columns: dict[str, str]     # what becomes of each, as SQL
    where: str                  # which row: a condition, an order of which the first; or all
    told: str = "are not those that it stored"


# The first ride of a run, whatever else is changed.
RIDE = "ORDER BY card_hi, card_lo, card_seq"
LEG = f"AND leg2_amount > 0 {RIDE}"
CHANGES = {
    "what was paid": Change("entries", {"paid": "paid + 100"}, RIDE, "differs: ride "),
    "all amounts of a ride": Change(
        "entries", {"due": "due + 100", "price": "price + 100", "paid": "paid + 100"}, RIDE,
        "differs: ride "),
    "when it began": Change("entries", {"started_at": "started_at + 60"}, RIDE),
    "when it ended": Change("entries", {"ended_at": "ended_at + 60"}, RIDE),
    "its card": Change("entries", {"card_lo": "card_lo + 1"}, RIDE),
    "its counter": Change("entries", {"card_seq": "card_seq + 1000"}, RIDE),
    "its issuer": Change("entries", {"issuer": "issuer + 1"}, RIDE),
    "its operator": Change("entries", {"operator": "operator + 1"}, RIDE),
    "who receives its fee": Change("entries", {"leg2_creditor": "leg2_creditor + 1"}, LEG),
    "who funds its discount": Change("entries", {"leg2_debtor": "leg2_debtor + 1"}, LEG),
    "why an amount is owed": Change("entries", {"leg2_cause": "leg2_cause + 1"}, LEG),
    "its window": Change("entries", {"window": "window + 1"}, RIDE, "but the entries say"),
    "its line": Change("entries", {"line": "line + 1"}, RIDE),
    "its device": Change("entries", {"device": "device + 1"}, RIDE),
    "its card kind": Change("entries", {"card_kind": "card_kind + 1"}, RIDE),
    "whether it is settled": Change("entries", {"flags": "bitXor(flags, 4)"}, RIDE),
    "its row of the table": Change("entries", {"rule": "rule + 1"}, RIDE),
    "the line that it is from": Change("entries", {"in_line": "in_line + 1"}, RIDE),
    "the file that it is from": Change("entries", {"in_file": "in_file + 7"}, RIDE),
    "what is owed": Change("flows", {"amount": "amount + 1"}, "ORDER BY window, debtor, creditor",
                           "but the entries say"),
    "who owes it": Change("flows", {"debtor": "creditor"}, "ORDER BY window, debtor, creditor",
                          "but the entries say"),
    "a received amount": Change("records", {"paid": "paid + 100"}, RIDE),
    "a received time": Change("records", {"tapped_at": "tapped_at + 1"}, RIDE),
    "a received event": Change("records", {"kind": "5"}, RIDE),
    "a refused record's bytes": Change("refusals", {"raw": "'another'"}, ""),
    "why it was refused": Change("refusals", {"code": "code + 1"}, ""),
    "a file's digest": Change("files", {"sha256": "reverse(sha256)"}, ""),
    "a file's counts": Change("files", {"records": "records - 1", "accepted": "accepted - 1"}, ""),
    "a name": Change("names", {"code": "concat(code, 'x')"}, "ORDER BY kind, number"),
    "swapped names": Change("names", {
        "code": "if(number = 1, 'hk-bus', if(number = 2, 'zs-bus', code))"},
        "AND kind = 'member'"),
    "a fare table": Change("networks", {"content": "concat(content, ' ')"},
                           "ORDER BY digest, path", "the tables with the digest"),
}
WRITTEN_BY = {"refusals": (3,), "networks": (1,), "names": (1,)}
OTHERS = {
    "a closed window": Change("windows", {"window": "window + 1"}, "AND run = 4",
                              "table stored_windows"),
    "what a card carries": Change("cards", {"record": "reverse(record)"},
                                  "AND run = 4 ORDER BY card_hi, card_lo"),
    "what it has counted": Change("accumulators", {"record": "reverse(record)"},
                                  "AND run = 4 ORDER BY card_hi, card_lo"),
    "what is paid": Change("payments", {"amount": "amount + 1"}, "AND payment = 2",
                           "payment 1/2: hk-civil pays 2.41"),
    "where it is paid to": Change("payments", {"payee_account": "'6222-0009'"}, "AND payment = 7",
                                  "table stored_payments"),
    "who pays": Change("payments", {"member": "'zs-bus'"}, "AND payment = 1",
                       "payment 1/1: zs-bus pays 5.49"),
    "who has checked": Change("batches", {"by": "'Li Na'"}, "AND event = 'checked'",
                              "table stored_batches"),
    "a run's sum": Change("runs", {"paid": "paid + 1"}, "AND run = 1",
                          "table runs: the row of run 1 is not as it was committed"),
    "a run's time": Change("runs", {"finished_at": "finished_at + 1"}, "AND run = 3",
                           "table runs: the row of run 3 is not as it was committed"),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Book]]:
    """Runs 1 to 4 are folded, the others are not; a second database has a copy of all."""
    location = tmp_path_factory.mktemp("whole") / "book"
    zs, hk = sorted(EXAMPLES.glob("taps/zs-*.csv")), sorted(EXAMPLES.glob("taps/hk-*.csv"))
    patch = pytest.MonkeyPatch()
    patch.setattr(parts, "RUNS_OF_A_FOLD", 2)
    with open_book(str(location)) as opened:
        day = ["--yes", "--book", location, "--window"]
        accepted("clear", *zs, "--network", EXAMPLES / "network", "--book", location)
        accepted("settle", *day, "2024-11-24", "--empty")
        accepted("book", "fold", "--book", location)
        accepted("clear", *hk, "--book", location)
        accepted("settle", *day, "2024-11-25")
        pay = ["--book", location, "--by"]
        accepted("pay", "make", *pay, "Li Na", "--network", EXAMPLES / "network")
        accepted("pay", "check", "1", *pay, "Wang Wei")
        opened.store.run("CREATE DATABASE spare ENGINE = Atomic")
        for name in TABLES:
            opened.store.run(f"CREATE TABLE spare.{name} AS {name}")
            for part in _partitions(opened, name):
                opened.store.run(f"ALTER TABLE spare.{name} ATTACH PARTITION {part} FROM {name}")
        assert accepted("verify", "--all", "--book", location).code == 0
        yield location, opened
    patch.undo()


def _partitions(book: Book, name: str) -> list[str]:
    found = book.store.columns("SELECT DISTINCT partition FROM system.parts WHERE active AND "
                               f"database = currentDatabase() AND table = '{name}'")
    return [str(partition) for partition in found["partition"]]


def _restore(book: Book, name: str) -> None:
    for part in {*_partitions(book, name), *_spare(book, name)}:
        book.store.run(f"ALTER TABLE {name} REPLACE PARTITION {part} FROM spare.{name}")


def _spare(book: Book, name: str) -> list[str]:
    found = book.store.columns("SELECT DISTINCT partition FROM system.parts WHERE active AND "
                               f"database = 'spare' AND table = '{name}'")
    return [str(partition) for partition in found["partition"]]


def _apply(book: Book, change: Change, run: int | None) -> str:
    """Put a changed row in the place of one, as a mutation cannot where it is of the key."""
    name = change.table if change.table == "runs" else f"stored_{change.table}"
    table = TABLES[name]
    columns = [column.name for column in table.columns]
    condition, _, order = change.where.partition("ORDER BY")
    counted = "1" if change.table == "runs" else book.span().sql    # folded rows lie there twice
    where = f"{counted} {condition}" + (f" AND run = {run}" if run else "")
    limit = f"ORDER BY {order} LIMIT 1" if order else ""
    listed = ", ".join(f"`{column}`" for column in columns)
    key, before = f"cityHash64(tuple({listed}))", _count(book, name)
    found = book.store.columns(
        f"SELECT toString({key}) AS k FROM {name} WHERE {where} {limit}")["k"]
    assert len(found), change
    rows = f"{key} IN ({', '.join(map(str, found))})"
    if change.columns.keys() & set(table.order):
        changed = ", ".join(change.columns.get(column, f"`{column}`") for column in columns)
        book.store.run(f"INSERT INTO {name} ({listed}) SELECT {changed} FROM {name} WHERE {rows}")
        change_rows(book, name, f"DELETE WHERE {rows}")
    else:
        changed = ", ".join(f"`{column}` = {sql}" for column, sql in change.columns.items())
        change_rows(book, name, f"UPDATE {changed} WHERE {rows}")
    assert _count(book, name) == before
    return name


def _count(book: Book, name: str) -> int:
    return int(book.store.columns(f"SELECT count() AS n FROM {name}")["n"][0])


def _assert_found(book: tuple[Path, Book], change: Change, run: int | None) -> None:
    location, opened = book
    name = _apply(opened, change, run)
    try:
        done = onecard("verify", "--all", "--book", location)
    finally:
        _restore(opened, name)
    assert done.code in (1, 2), (change, done)
    assert change.told in done.out + done.err, (change, done)
    if run is not None and done.code == 1:
        assert f"table {name}: the rows of run {run} are not those that it stored" in done.out


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_row_is_found(what: str, book: tuple[Path, Book]) -> None:
    """Of a folded run, or of one that is not: each change of one of them."""
    change = CHANGES[what]
    runs = WRITTEN_BY.get(change.table, (1, 3))
    _assert_found(book, change, runs[list(CHANGES).index(what) % len(runs)])


@pytest.mark.parametrize("what", OTHERS)
def test_what_runs_say_of_themselves_is_held(what: str, book: tuple[Path, Book]) -> None:
    _assert_found(book, OTHERS[what], None)


def test_a_ride_and_its_obligation_together(book: tuple[Path, Book]) -> None:
    """Entries and flows agree, and the plain engine does not."""
    _, opened = book
    name = _apply(opened, Change("flows", {"amount": "amount + 100"},
                                 "AND cause = 6 ORDER BY window, debtor, creditor"), 3)
    try:
        _assert_found(book, CHANGES["all amounts of a ride"], 3)
    finally:
        _restore(opened, name)


def test_a_whole_run_that_is_gone(book: tuple[Path, Book]) -> None:
    """Its rows and its commit row: the journal has its line."""
    location, opened = book
    for table in LEDGER:
        if "6" in _partitions(opened, table.name):
            opened.store.run(f"ALTER TABLE {table.name} DROP PARTITION 6")
    change_rows(opened, "runs", "DELETE WHERE run = 6")
    try:
        done = onecard("verify", "--all", "--book", location)
    finally:
        for name in TABLES:
            _restore(opened, name)
    assert done.code == 2
    assert "run 6 is missing" in done.err


def test_another_input_file(book: tuple[Path, Book]) -> None:
    """One line of a kept file, well compressed: it is not the bytes of its name."""
    location, _ = book
    path = next((location / "kept").rglob("*.zst"))
    kept = path.read_bytes()
    text = zstandard.ZstdDecompressor().decompressobj().decompress(kept)
    path.write_bytes(zstandard.ZstdCompressor().compress(text.replace(b"1", b"2", 1)))
    done = onecard("verify", "--all", "--book", location)
    path.write_bytes(kept)
    assert done.code == 1
    assert "is damaged: " in done.out


def test_a_view_that_was_replaced(book: tuple[Path, Book]) -> None:
    location, opened = book
    statement = location / "clickhouse/metadata/onecard/rides.sql"
    made = statement.read_text()
    opened.store.run("CREATE OR REPLACE VIEW rides AS SELECT * FROM stored_entries WHERE paid < 1")
    done = onecard("verify", "--all", "--book", location)
    opened.store.run("CREATE OR REPLACE VIEW rides AS " + made[made.index("SELECT"):])
    assert done.code == 2
    assert "view rides is not the one that was made" in done.err
    assert accepted("verify", "--all", "--book", location).code == 0
