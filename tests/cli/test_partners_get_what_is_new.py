"""A partner's engineer reads lists as Parquet and Arrow, and each run's rows once, by a cursor."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from clearing.answers.documents.arrow_file import write_arrow_file
from clearing.answers.show import Listing
from network.money import Currency
from tests.cli.clerk import FIRST, OPEN, make_book
from tests.run.command import accepted, refused, shown

pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")

FULL = ("--cards", "full")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_book(tmp_path_factory.mktemp("partner"))


def read(path: Path) -> Any:
    """A file as a table."""
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path)
    with pyarrow.OSFile(str(path)) as file:
        return pyarrow.ipc.open_file(file).read_all()


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a table as --json has them."""
    def value(one: Any) -> Any:
        if isinstance(one, datetime.date):
            return one.isoformat()
        return "" if one is None else one

    return [{name: value(one) for name, one in row.items()} for row in rows]


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("topic", ["rides", "entries", "flows", "windows", "runs"])
def test_a_file_has_what_is_listed_in_typed_columns(book: Path, tmp_path: Path, topic: str,
                                                    kind: str) -> None:
    path = tmp_path / f"list.{kind}"
    full = FULL if topic in ("rides", "entries") else ()
    rows = shown(topic, book)
    assert accepted("show", topic, f"--{kind}", path, *full, "--book", book).out.startswith(
        f"written: {path}\nrows: {len(rows)}")
    table = read(path)
    assert plain(table.to_pylist()) == rows
    types = {field.name: str(field.type) for field in table.schema}
    if topic == "rides":
        assert (types["card"], types["paid"], types["started_at"], types["window"]) == (
            "string", "int64", "timestamp[ms]", "date32[day]")
        assert table.schema.field("paid").metadata == {b"unit": b"fen"}


def test_the_columns_are_the_same_where_there_are_no_rows(book: Path, tmp_path: Path) -> None:
    for name, more in (("none", ("--run", "2")), ("all", ())):
        accepted("show", "entries", "--parquet", tmp_path / name, *FULL, *more, "--book", book)
    assert read_schema(tmp_path / "none") == read_schema(tmp_path / "all")


def read_schema(path: Path) -> Any:
    return pyarrow.parquet.read_schema(path)


def test_memory_does_not_follow_the_length_of_a_list(tmp_path: Path) -> None:
    most = 0

    def rows() -> Any:
        nonlocal most
        for number in range(200_000):
            yield (number, "x" * 100, "2024-11-25")
            if number % 10_000 == 0:
                most = max(most, pyarrow.total_allocated_bytes())

    listing = Listing("rows", ("number", "text", "day"), rows(), ("number",), (),
                      Currency("yuan", "fen", 2))
    write_arrow_file(listing, tmp_path / "rows.arrow", "arrow")
    assert most < 8 << 20       # of 25 MB
    assert read(tmp_path / "rows.arrow").num_rows == 200_000


def test_a_feed_has_every_row_once(book: Path, tmp_path: Path) -> None:
    """From cursor to cursor, as runs come, or all at once."""
    for first in range(1, 6):
        out = tmp_path / "by-run"
        accepted("feed", "--member", "hk-bus", "--since-run", str(first), "--out", out, *FULL,
                 "--book", book)
    told = accepted("feed", "--member", "hk-bus", "--out", tmp_path, *FULL, "--book", book).out
    assert told.endswith("next: --since-run 6\n")
    for topic in ("entries", "flows"):
        with (tmp_path / f"{topic}-1-5.csv").open(newline="", encoding="utf-8") as file:
            every = list(csv.DictReader(file))
        assert [int(row["run"]) for row in every] == sorted(int(row["run"]) for row in every)
        last = [row for row in every if int(row["run"]) >= 3]
        with (tmp_path / "by-run" / f"{topic}-3-5.csv").open(newline="", encoding="utf-8") as file:
            assert list(csv.DictReader(file)) == last
        full = FULL if topic == "entries" else ()
        expected = json.loads(accepted("show", topic, "--member", "hk-bus", "--json", *full,
                                       "--book", book).out)
        assert [row["amount" if topic == "flows" else "paid"] for row in every] == [
            str(row["amount" if topic == "flows" else "paid"]) for row in expected]
    assert {row["run"] for row in every} <= {"1", "2", "3", "4", "5"}


def test_a_feed_says_that_nothing_is_new(book: Path, tmp_path: Path) -> None:
    told = accepted("feed", "--city", "6410", "--since-run", "6", "--out", tmp_path / "feed",
                    "--book", book).out
    assert told == "nothing is new: the last run is 5\nnext: --since-run 6\n"
    assert not (tmp_path / "feed").exists()
    assert "up to 6, which comes next" in refused(
        "feed", "--member", "hk-bus", "--since-run", "7", "--out", tmp_path, "--book", book).err
    assert "give --member CODE or" in refused("feed", "--out", tmp_path, "--book", book).err
    assert "there is no member" in refused("feed", "--member", "x", "--out", tmp_path, "--book",
                                           book).err


def test_cards_of_a_feed_are_masked_and_join_all_the_same(book: Path, tmp_path: Path) -> None:
    accepted("feed", "--member", "hk-bus", "--out", tmp_path, "--form", "parquet", "--book", book)
    rows = read(tmp_path / "entries-1-5.parquet").to_pylist()
    assert all("…" in row["card"] for row in rows)
    assert len({row["card_id"] for row in rows}) == len(
        {row["card"] for row in shown("entries", book, "--member", "hk-bus")})


def test_flows_are_listed_run_by_run(book: Path) -> None:
    owed = sum(row["amount"] for row in shown("flows", book))
    assert owed == sum(row["amount"] for row in shown("obligations", book))
    assert {row["window"] for row in shown("flows", book, "--run", "1")} == {FIRST}
    assert {row["window"] for row in shown("flows", book, "--since-run", "5")} == {OPEN}
