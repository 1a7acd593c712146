"""What a member is sent adds up to its position, to the fen, and opens in what it has."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

import openpyxl
import pytest

from clearing.answers import member_statements
from clearing.answers.documents.document import Detail, Document
from clearing.answers.documents.excel_csv import text_cell
from clearing.answers.documents.words import WORDS
from clearing.answers.documents.workbook import open_workbook
from clearing.answers.member_statements import list_statements
from clearing.answers.periods import window_period
from clearing.answers.session import open_session
from clearing.book import open_book
from network.money import Currency
from tests.cli.clerk import FIRST, FORMULA, OPEN, SECOND, make_book
from tests.run.command import accepted, refused, shown

YUAN = Currency("yuan", "fen", 2)
REASON_COLUMN = 16


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = make_book(tmp_path_factory.mktemp("clerk"))
    with open_book(str(made)):
        yield made


@pytest.fixture(scope="module")
def sent(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Statements of everybody, of the second window."""
    folder = tmp_path_factory.mktemp("sent")
    done = accepted("statement", "--window", SECOND, "--out", folder, "--book", book)
    assert "positions add up to 0.00" in done.out
    return folder


def fen(value: Any) -> int:
    """A cell's amount; blank is nothing."""
    amount = Fraction(str(value or 0)) * 100
    assert amount.denominator == 1, f"{value} has parts of a fen"
    return int(amount)


def positions(book: Path, *period: str) -> dict[str, dict[str, int]]:
    return {row["member"]: row for row in shown("positions", book, "--level", "member", *period)}


def csv_rows(path: Path) -> list[list[str]]:
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf"), "Excel takes it for GBK"
    return list(csv.reader(text.decode("utf-8-sig").splitlines()))


def test_every_statement_comes_to_its_position(book: Path, sent: Path) -> None:
    every = positions(book, "--window", SECOND)
    assert every
    for member, position in every.items():
        stem = f"statement-{member}-{SECOND}"
        workbook = openpyxl.load_workbook(sent / f"{stem}.xlsx", read_only=True)
        sums, *details = workbook.worksheets
        rows = list(sums.iter_rows(values_only=True))
        total = next(row for row in rows if row[0] in ("合计", "total"))
        assert list(map(fen, total[5:8])) == [
            position["is_owed"], position["owes"], position["position"]]
        behind = [row for sheet in details for row in list(sheet.iter_rows(values_only=True))[1:]]
        assert sum(fen(row[-2]) - fen(row[-1]) for row in behind) == position["position"]
        listed = csv_rows(sent / f"{stem}-rides.csv")[1:]
        assert sum(fen(row[-2]) - fen(row[-1]) for row in listed) == position["position"]
        assert len(listed) == len(behind)
        assert YUAN.text(position["position"]) in (sent / f"{stem}.html").read_text("utf-8")


def test_more_members_than_files_can_be_open_are_stated_in_turn(
        book: Path, sent: Path, tmp_path: Path) -> None:
    with mock.patch.object(member_statements, "OPEN_MOST", 3):
        accepted("statement", "--window", SECOND, "--out", tmp_path, "--book", book)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in sent.iterdir()}
    for path in tmp_path.glob("*.csv"):
        assert path.read_bytes() == (sent / path.name).read_bytes()


def test_a_month_has_all_of_its_windows(book: Path, tmp_path: Path) -> None:
    done = accepted("statement", "--month", "2024-11", "--member", "hk-bus", "--no-rides", "--out",
                    tmp_path, "--book", book)
    month = positions(book, "--from", "2024-11-01", "--to", "2024-11-30")["hk-bus"]
    assert YUAN.text(month["position"]) in done.out
    assert "not all of these windows are closed" in done.out
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "statement-hk-bus-2024-11.html", "statement-hk-bus-2024-11.xlsx"]
    with open_session(str(book)) as session:
        day = [one.total().net for one in list_statements(session, window_period(session, FIRST))
               if one.member.code == "hk-bus"]
    assert day == [positions(book, "--window", FIRST)["hk-bus"]["position"]]


def test_late_records_stand_apart(sent: Path) -> None:
    rows = csv_rows(sent / f"statement-hk-bus-{SECOND}-rides.csv")[1:]
    assert {row[REASON_COLUMN] for row in rows} == {"in time", "late", "corrected", "of no rides"}
    taken_back = [row for row in rows if row[REASON_COLUMN] == "corrected"]
    assert {(fen(row[-2]), fen(row[-1])) for row in taken_back} == {(0, 120), (0, 80)}
    page = (sent / f"statement-hk-bus-{SECOND}.html").read_text("utf-8")
    apart = page.split("late and corrected apart")[1].split("</table>")[0]
    assert "<td>late</td>" in apart


def test_a_member_reads_its_own_language(sent: Path) -> None:
    english = (sent / f"statement-hk-bus-{SECOND}.html").read_text("utf-8")
    chinese = (sent / f"statement-hk-civil-{SECOND}.html").read_text("utf-8")
    assert "<h1>Statement 2024-11-26</h1>" in english
    assert "checked by" in english
    assert "<h1>对账单 2024-11-26</h1>" in chinese
    assert "复核人" in chinese
    for page in (english, chinese):
        assert not re.search(r'(src|href)=|url\(|@import', page), "it needs something else"


def test_no_cell_is_a_formula_or_loses_digits(book: Path, tmp_path: Path) -> None:
    accepted("statement", "--window", FIRST, "--cards", "full", "--out", tmp_path, "--book", book)
    seen = set[str]()
    for path in tmp_path.glob("*.csv"):
        for row in csv_rows(path):
            assert not [cell for cell in row if cell[:1] in tuple("=+-@\t\r")]
            seen |= set(row)
    assert f"'{FORMULA}\t" in seen
    assert "'=海口市财政局" in seen
    assert "3105000020000000043\t" in seen
    workbook = openpyxl.load_workbook(tmp_path / f"statement-hk-bus-{FIRST}.xlsx", read_only=True)
    cells = [cell for sheet in workbook.worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert FORMULA in {cell.value for cell in cells}
    assert "3105000020000000043" in {cell.value for cell in cells}


#  text             cell
@pytest.mark.parametrize(("text", "cell"), [
    ("", ""), ("19", "19\t"), ("0019", "0019\t"), ("3-4", "3-4\t"), ("1E5", "1E5\t"),
    ("海口公交", "海口公交"), ("=1+1", "'=1+1\t"), ("-2", "'-2\t"), ("@x", "'@x\t"),
    ("＝1+1", "'＝1+1"), ("\t=1", "\\t=1\t"), (" =1", "' =1\t"),
])
def test_text_stays_text(text: str, cell: str) -> None:
    assert text_cell(text) == cell


def test_amounts_are_exact_and_go_on_in_another_sheet(tmp_path: Path) -> None:
    """A float of 9.95 is not 9.95; and Excel ends after a million rows."""
    path = tmp_path / "rides.xlsx"
    document = Document("t", [], [], (), "en", YUAN)
    with open_workbook(path, document, Detail("rides", ("n", "amount"), frozenset([1])),
                       rows_most=3) as file:
        file.add((number, amount) for number, amount in enumerate((995, -1, 0, 10**15 + 1, 7)))
    workbook = openpyxl.load_workbook(path, read_only=True)
    assert workbook.sheetnames == ["t", "rides 1", "rides 2", "rides 3"]
    with zipfile.ZipFile(path) as packed:
        text = "".join(packed.read(f"xl/worksheets/sheet{sheet}.xml").decode()
                       for sheet in (2, 3, 4))
    assert re.findall(r'<c r="B\d+" s="\d"><v>(.*?)</v>', text) == [
        "9.95", "-0.01", "0.00", "10000000000000.01", "0.07"]


def test_every_word_is_there_in_both_languages() -> None:
    for chinese, english in WORDS.values():
        assert re.search(r"[\u4e00-\u9fff]", chinese)
        assert re.fullmatch(r"[A-Za-z :,]+", english)


@pytest.mark.parametrize(("arguments", "words"), [
    (("--window", SECOND, "--month", "2024-11"), "and not both"),
    ((), "and not both"),
    (("--window", "2024-11-01"), "there is no window 2024-11-01"),
    (("--month", "2024-13"), "is not a month"),
    (("--month", "2024-1"), "is not a month"),
    (("--month", "2023-01"), "no window of 2023-01"),
    (("--window", SECOND, "--member", "nobody"), "there is no member 'nobody'"),
])
def test_what_there_is_not_is_refused(book: Path, tmp_path: Path, arguments: tuple[str, ...],
                                      words: str) -> None:
    done = refused("statement", *arguments, "--out", tmp_path / "out", "--book", book)
    assert words in done.err
    assert not (tmp_path / "out").exists()


def test_an_open_window_says_that_it_is_open(book: Path, tmp_path: Path) -> None:
    done = accepted("statement", "--window", OPEN, "--member", "hk-card", "--out", tmp_path,
                    "--book", book)
    assert "not all of these windows are closed" in done.out
    assert "未全部关闭" in (tmp_path / f"statement-hk-card-{OPEN}.html").read_text("utf-8")
