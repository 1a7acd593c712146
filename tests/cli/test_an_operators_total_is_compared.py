"""A clerk holds an operator's total to the ledger: each line has its cause, the rest is told."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from clearing.answers.compare import (
    FARES,
    SETTLES,
    TOTAL,
    UNEXPLAINED,
    Comparison,
    Line,
    compare,
)
from clearing.answers.record_fates import IN_RIDES
from clearing.answers.session import open_session
from clearing.intake.convert import Converted, OpenFile
from clearing.intake.trailer import write_trailer
from tests.cli.clerk import COLUMNS, FIRST, SECOND, clerks_network, tap
from tests.cli.conftest import Demo
from tests.run.command import accepted, onecard, refused, shown, write_csv

CARD, OTHER = "3105000020000000043", "3104870500000000017"
CODE = {"medium": "qr", "card_kind": "ordinary", "paid": "", "due": ""}


def with_trailer(path: Path, rows: list[dict[str, Any]], paid: int) -> Path:
    """A file that says at its end what it comes to."""
    body = write_csv(path, rows, COLUMNS).read_bytes()
    path.write_bytes(body + write_trailer(len(rows), 0, paid, hashlib.sha256(body).hexdigest()))
    return path


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator's day with one of everything that keeps its total from what settles."""
    folder = tmp_path_factory.mktemp("compare")
    network, book = clerks_network(folder / "network"), folder / "book"
    first = tap(CARD, 1, FIRST, paid=30, card_kind="ordinary")
    with_trailer(folder / "hk-bus-1.csv", [
        first, tap(CARD, 2, FIRST, paid=5_000, kind="top_up"),
        tap(CARD, 3, FIRST, paid=200, card_kind="ordinary", mode="ferry"),
        tap(OTHER, 1, FIRST, **CODE),
        tap(OTHER, 2, SECOND, **CODE | {"paid": 70}),
        tap(OTHER, 3, FIRST, **CODE, operator="zs-bus", stop="桥岗", line="B1")], 5_300)
    with_trailer(folder / "hk-bus-2.csv", [first | {"device_seq": 1}, tap(
        CARD, 4, FIRST, paid="2.00", card_kind="ordinary")], 30)
    with_trailer(folder / "hk-bus-3.csv", [tap(CARD, 9, FIRST, paid=190)], 189)
    accepted("clear", *sorted(folder.glob("hk-bus-?.csv")), "--network", network, "--book", book)
    accepted("settle", "--yes", "--window", FIRST, "--book", book)
    with_trailer(folder / "hk-bus-4.csv", [
        tap(CARD, 5, FIRST, paid=40, card_kind="ordinary")], 40)
    accepted("clear", folder / "hk-bus-4.csv", "--book", book)
    return book


def compared(book: Path | str, operator: str, *totals: str | Path, window: str | None = None
             ) -> Comparison:
    with open_session(str(book)) as session:
        found = compare(session, operator, list(map(str, totals)), window)
    for step in found.steps:
        assert step.begin.amount + sum(line.amount for line in step.lines) == step.end.amount
    for before, after in zip(found.steps, found.steps[1:], strict=False):
        assert before.end.amount == after.begin.amount
    return found


def lines_of(found: Comparison) -> dict[str, int]:
    return {line.what: line.amount for step in found.steps for line in step.lines}


def test_every_cause_has_its_line(book: Path) -> None:
    found = compared(book, "hk-bus", *sorted(book.parent.glob("hk-bus-?.csv")), window=FIRST)
    assert found.steps[0].begin == Line(TOTAL, 10, 5_300 + 30 + 189 + 40)
    assert found.unexplained == 1           # the trailer that says 1.89 for a record of 1.90
    lines = lines_of(found)
    fees = [lines.pop(name, 0) for name in ("clearing_fee", "issuer_fee", "concession")]
    assert lines == {
        "known: the same record came before, or from another file": -30,
        "no run took the file hk-bus-3.csv": -190, "records of other days": -70,
        "records of other operators": 0, "refused: UNKNOWN_MODE": -200,
        "refused: AMOUNT_INVALID, amounts that cannot be read": 0,
        "top-ups and locks, which are no rides": -5_000, UNEXPLAINED: 1,
        "rides by codes, charged by the engine": 200,
        f"late or corrected, in window {SECOND}": lines[f"late or corrected, in window {SECOND}"],
    }
    assert [step.end.what for step in found.steps][:3] == [IN_RIDES, FARES, SETTLES]
    assert found.steps[0].end == Line(IN_RIDES, 3, 70)
    assert found.steps[1].end == Line(FARES, 3, 270)
    assert found.steps[2].end.amount == 270 + sum(fees)


def test_a_sum_is_held_to_the_files_that_are_kept(book: Path) -> None:
    """Records of others and of other days are not in it, nor is a file refused whole left out."""
    total = 30 + 5_000 + 200 + 30 + 190 + 40
    found = compared(book, "hk-bus", "54.90", window=FIRST)
    assert set(found.files) == {f"hk-bus-{number}.csv" for number in (1, 2, 3, 4)}
    assert found.steps[0].begin.amount == total
    assert found.unexplained == 0
    assert lines_of(found)["no run took the file hk-bus-3.csv"] == -190
    more = onecard("compare", "--operator", "hk-bus", "--totals", "1,055.90", "--window", FIRST,
                   "--book", book)
    assert more.code == 1
    assert more.out.endswith("\nnot explained: 1,001.00\n")


def test_the_files_of_every_operator_come_to_its_position(demo: Demo) -> None:
    folder = Path(demo.book).parent / "taps"
    rides = shown("rides", demo.book)
    positions = {row["member"]: row["position"] for row in shown("positions", demo.book)}
    for operator in ("gz-metro", "fs-metro", "hk-bus"):
        found = compared(demo.book, operator, *sorted(folder.glob(f"{operator}-*.csv")))
        assert found.unexplained == 0
        own = [row for row in rides if row["operator"] == operator]
        assert found.steps[1].end == Line(FARES, len(own), sum(row["paid"] for row in own))
        assert found.steps[2].end.amount == found.steps[3].end.amount == positions[operator]
        assert found.uncollected.amount == sum(row["uncollected"] for row in own)


def test_files_of_half_a_day_leave_the_other_half_to_be_told(demo: Demo) -> None:
    folder = Path(demo.book).parent / "taps"
    found = compared(demo.book, "gz-bus", folder / "gz-bus-2024-11-25-1.csv")
    assert found.unexplained == 0
    assert lines_of(found)["rides whose records are in none of these files"] > 0


def test_only_what_is_refused_is_read_in_python(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, convert = [], OpenFile._convert

    def count(opened: OpenFile, line: int, *record: Any) -> Converted:
        read.append(line)
        return convert(opened, line, *record)

    monkeypatch.setattr(OpenFile, "_convert", count)
    compared(book, "hk-bus", book.parent / "hk-bus-1.csv", window=FIRST)
    assert read == [4]          # a ferry, which this operator does not run
    read.clear()
    compared(book, "hk-bus", book.parent / "hk-bus-3.csv", window=FIRST)
    assert read == [2]          # its trailer says something else: the file was refused whole


def test_it_reads_as_a_clerk_does(demo: Demo) -> None:
    path = Path(demo.book).parent / "taps" / "hk-bus-2024-11-25-1.csv"
    done = accepted("compare", "--operator", "hk-bus", "--totals", path, "--book", demo.book)
    assert done.code == 0
    assert done.out.startswith("hk-bus, 2024-11-25: files read: 1, money in yuan\n")
    assert done.out.count(" fares in the ledger ") == 2     # ends a step, and begins the next
    assert done.out.endswith("\nnot explained: 0.00\n")


@pytest.mark.parametrize(("totals", "words"), [
    (("1.x",), "there is no such file, and it is no amount"),
    (("12.345",), "'12.345' is not an amount"),
    (("12.34",), "name the operator's service day"),
    (("12.34", "--window", "2024-11-25"), "is not kept"),
    (("12.34", "--window", "25.11."), "is not a day"),
])
def test_what_cannot_be_compared_is_told(demo: Demo, totals: tuple[str, ...], words: str) -> None:
    done = refused("compare", "--operator", "hk-bus", "--totals", *totals, "--book", demo.book)
    assert words in done.err


def test_files_say_which_day_and_what_total(book: Path, tmp_path: Path) -> None:
    no_trailer = write_csv(tmp_path / "taps.csv", [tap(CARD, 1, FIRST)], COLUMNS)
    words = ("compare", "--operator", "hk-bus", "--book", book, "--totals")
    assert "has no trailer" in refused(*words, no_trailer).err
    assert "of 2 days: 2024-11-25, 2024-11-26" in refused(
        *words, book.parent / "hk-bus-1.csv").err
    assert "there is no operator" in refused(
        "compare", "--operator", "hk", "--totals", "1", "--book", book).err
