"""What was settled goes to partners in a centre's CL and FB forms, and reads back as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearing.book import open_book
from clearing.intake.layout import SHIPPED
from tests.cli.clerk import FIRST, SECOND, make_book
from tests.intake.test_shipped_layouts_read_real_bytes import read
from tests.run.command import accepted, refused, shown

ACQUIRED = """
[[agreement]]
agreement = "collected"
between = "city"
media = ["qr"]
acquirer = "cn-centre"
acquirer_per_ride = 3
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = make_book(tmp_path_factory.mktemp("clerk"), ACQUIRED)
    with open_book(str(made)):
        yield made


def sent(book: Path, folder: Path, window: str) -> str:
    return accepted("statement", "--window", window, "--centre-files", "--no-rides", "--out",
                    folder, "--book", book).out


# Whose side of each flow the member is, by the column that has it.
FB = {"交易金额": ("fare", "creditor"), "手续费": ("clearing_fee", "debtor"),
      "发卡分润": ("issuer_fee", "debtor"), "收单分润": ("acquirer_fee", "debtor")}
CL = {"交易金额": ("fare", "debtor"), "发卡分润": ("issuer_fee", "creditor")}


@pytest.mark.parametrize(("name", "layout", "line_bytes", "columns"), [
    ("fb-hk-bus", "centre-fb", 361, FB), ("fb-zs-bus", "centre-fb", 361, FB),
    ("cl-zs-card", "centre-cl", 335, CL)])
def test_rides_read_back_as_they_were_settled(book: Path, tmp_path: Path, name: str, layout: str,
                                              line_bytes: int, columns: dict[str, tuple[str, str]]
                                              ) -> None:
    sent(book, tmp_path, SECOND)
    content = (tmp_path / f"{name}-{SECOND}.txt").read_bytes()
    version, head, *lines = content.split(b"\n")[:-1]
    member = name[3:]
    assert (version, len(head), head[:6]) == (b"01", 49, b"%06d" % len(lines))
    assert head[6:25].decode() == f"{SECOND.replace('-', '')}{member:11}"
    assert {len(line) for line in lines} == {line_bytes}
    records = read(tmp_path, content, layout)
    assert [one.values["kind"] for one in records] == ["single"] * len(lines) != []
    for column, (cause, side) in columns.items():
        assert sum(int(one.written[column].strip() or 0) for one in records) == sum(
            row["amount"] for row in shown("flows", book, "--window", SECOND)
            if (row["cause"], row[side]) == (cause, member)), column


def test_an_acquirer_gets_what_the_agreement_says(book: Path) -> None:
    """For a ride by QR code, whose records do not say who collected it."""
    owed = [row for row in shown("obligations", book) if row["cause"] == "acquirer_fee"]
    assert [(row["debtor"], row["creditor"], row["amount"]) for row in owed] == [
        ("zs-bus", "cn-centre", 3)]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_ride_that_is_taken_back_is_counted_and_left_out(book: Path, tmp_path: Path) -> None:
    """The elder's, which was cancelled in the second window; hk-bus has three others there."""
    assert "without 1 ride of which something is taken back" in sent(book, tmp_path, SECOND)
    cards = [one.values["card"] for one in read(
        tmp_path, (tmp_path / f"fb-hk-bus-{SECOND}.txt").read_bytes(), "centre-fb")]
    assert "3105000020000000050" not in cards
    sent(book, tmp_path, FIRST)
    cards = [one.values["card"] for one in read(
        tmp_path, (tmp_path / f"fb-hk-bus-{FIRST}.txt").read_bytes(), "centre-fb")]
    assert "3105000020000000050" in cards


def test_a_code_without_room_is_refused_and_leaves_no_file(book: Path, tmp_path: Path) -> None:
    """As with a layout of the network's own, whose place is shorter."""
    network = Path(shutil.copytree(book.parent / "network", tmp_path / "network"))
    (network / "layouts").mkdir()
    text = (SHIPPED / "centre-fb.toml").read_text("utf-8")
    (network / "layouts/centre-fb.toml").write_text(
        text.replace('= { start = 70, width = 11 }', '= { start = 70, width = 3 }'), "utf-8")
    said = refused("statement", "--window", FIRST, "--centre-files", "--no-rides", "--member",
                   "hk-bus", "--network", network, "--out", tmp_path / "out", "--book", book).err
    assert "收单机构标识码 of ride" in said
    assert "is 'hk-bus'" in said
    assert not [*(tmp_path / "out").glob("fb-*")]
