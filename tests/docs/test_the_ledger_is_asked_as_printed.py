"""docs/ledger-in-sql.md: its questions answer as printed, its columns and codes are the book's."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.clickhouse import Server
from clearing.answers.named_views import ask_in_sql, keep_named_views
from clearing.answers.session import Session, open_session
from clearing.book import open_book
from clearing.book.schema import JOURNAL
from clearing.engine.run import clear_files, close_window
from ext import codes
from ext.records import RIDE_FLAGS, TAP_BLANKS, TAP_FLAGS
from network.civil import day_number
from tests.docs.pages import ROOT, Block, blocks_of, first_cells, quoted, read_page, sections_of

PAGE = read_page("docs/ledger-in-sql.md")
SECTIONS = sections_of(PAGE, level=3)
QUESTIONS = [heading for heading in SECTIONS if heading[0].isdigit()]
ENUMS = {"Codes": codes.Code, "Tap kinds": codes.TapKind,
         "Corrections": codes.CorrectionKind, "Correction reasons": codes.CorrectionReason,
         "Ride states": codes.RideState,
         "Reasons": codes.Reason, "Causes": codes.Cause}
# Whose columns are those of another, but for the card as it is printed.
SAME_AS = {"entries": "ledger", "rides": "ledger", "events": "records",
           "named_ledger": "named_rides"}
RECEIVED_AT = 1_798_761_600                     # 2027-01-01
_numbers = itertools.count(1)
_DETAILS = re.compile(r"(?<=Enum8)\(.*\)|(?<=DateTime)\('[^']*'\)")    # words, and the zone


@pytest.fixture(scope="module", params=["folder", "server"])
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory,
         ) -> Iterator[Session]:
    """The book that the page makes, in a folder and on a server."""
    location = str(tmp_path_factory.mktemp("sql") / "book")
    if request.param == "server":
        server: Server = request.getfixturevalue("clickhouse_server")
        location = server.location(f"page_{next(_numbers)}")
    with open_book(location) as opened:
        network = str(ROOT / "examples/network")
        clear_files(sorted((ROOT / "examples/taps").glob("*.csv")), network, opened, threads=1,
                    received_at=RECEIVED_AT)
        close_window(day_number("2024-11-25"), network, opened)
        keep_named_views(Session(opened))
    with open_session(location) as session:
        yield session


def answer_of(book: Session, sql: str) -> list[list[str]]:
    """Column names, then the rows, as text."""
    found = ask_in_sql(book, sql)
    return [list(found), *([str(value) for value in row]
                           for row in zip(*found.values(), strict=True))]


def parts_of(heading: str) -> tuple[Block, list[list[str]]]:
    """A question, and the answer that is printed under it."""
    sql, answer = blocks_of(SECTIONS[heading])
    assert (sql.language, answer.language) == ("sql", "text"), heading
    return sql, [line.split("  ") for line in answer.text.splitlines()]


@pytest.mark.parametrize("heading", QUESTIONS)
def test_a_question_is_answered_as_printed(book: Session, heading: str) -> None:
    sql, printed = parts_of(heading)
    shown = [[cell.strip() for cell in row if cell.strip()] for row in printed]
    assert answer_of(book, sql.text) == shown


def test_there_are_ten() -> None:
    assert len(QUESTIONS) == 10


def expand(cell: str) -> list[str]:
    """The columns of a row: one, or `leg2_rule` to `leg7_rule`."""
    first, *last = quoted(cell)
    if not last:
        return [first]
    start, end = (int(re.findall(r"\d", name)[0]) for name in (first, last[0]))
    return [first.replace(str(start), str(number)) for number in range(start, end + 1)]


def columns_on_the_page() -> dict[str, dict[str, str]]:
    """Table to column to type, as the page has them."""
    section = sections_of(PAGE)["Tables and views"]
    listed = {name: {column: quoted(type_)[0]
                     for columns, type_, _ in first_cells(text) for column in expand(columns)}
              for name, text in sections_of(section, level=3).items()}
    for name, like in SAME_AS.items():
        assert not listed[name]
        listed[name] = {column: type_ for column, type_ in listed[like].items()
                        if column != "card"}
        if name in ("rides", "events", "named_ledger"):
            listed[name]["card"] = "String"
    return listed


def test_every_table_and_column_is_there_and_none_is_invented(book: Session) -> None:
    found = ask_in_sql(book, "SELECT table, name, type FROM system.columns WHERE database = "
                             "currentDatabase()   -- and named_rides, made when it is asked for")
    held: dict[str, dict[str, str]] = {}
    for table, name, type_ in zip(*found.values(), strict=True):
        held.setdefault(str(table), {})[str(name)] = _DETAILS.sub("", str(type_))
    held[JOURNAL.name] = dict(JOURNAL.columns)      # a file in a folder
    asked = {name: columns for name, columns in held.items() if not name.startswith("stored_")}
    assert columns_on_the_page() == asked


@pytest.mark.parametrize("heading", ENUMS)
def test_every_code_is_there_with_its_number(heading: str) -> None:
    rows = first_cells(SECTIONS[heading], "| ")
    listed = {quoted(cells[1])[0]: int(cells[0]) for cells in rows if cells[0].isdigit()}
    enum: Any = ENUMS[heading]
    assert listed == {member.name: int(member) for member in enum if member.name != "OK"}


def test_every_flag_is_there_with_its_bit() -> None:
    of_entries, of_taps = SECTIONS["Flags"].split("Of taps")
    of_taps, blanks = of_taps.split("In their `blanks`")
    for text, flags in ((of_entries, RIDE_FLAGS), (of_taps, TAP_FLAGS), (blanks, TAP_BLANKS)):
        rows = first_cells(text, "| ")
        assert {quoted(cells[1])[0]: int(cells[0]) for cells in rows
                if cells[0].isdigit()} == flags
