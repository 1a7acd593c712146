"""A funder's bill is what its terms say, and every fen of it has a ride or a line behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from clearing.book import open_book
from network.errors import TableError
from network.network import load_network
from tests.cli.clerk import clerks_network, make_book
from tests.cli.test_statements_come_to_positions import YUAN, csv_rows, fen
from tests.run.command import accepted, refused, shown

TERMS = """
[[bill]]
bill = "civil-2024"
funder = "hk-civil"
basis = "unit_price"
amount = 150
ceiling = 500
above = "carried"
budgets = [{ budget = "city", weight = 70 }, { budget = "district", weight = 30 }]
in_force_from = 2024-11-01

[[bill]]
bill = "finance-2024"
funder = "hk-finance"
basis = "lump_sum"
amount = 1200_00
per = "year"
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = make_book(tmp_path_factory.mktemp("clerk"), TERMS)
    with open_book(str(made)):
        yield made


#   funder         month      billed          says
@pytest.mark.parametrize(("funder", "month", "billed", "says"), [
    ("hk-civil", "2024-11", 500, "1.00 above the ceiling go to the next month's bill"),
    ("hk-civil", "2024-12", 250, "budget city: 1.75"),
    ("hk-finance", "2024-11", 100_00, "is posted nowhere"),
    ("zs-finance", "2024-11", 0, "billed 0.00; windows settle 0.00"),
])
def test_evidence_comes_to_the_bill(book: Path, tmp_path: Path, funder: str, month: str,
                                    billed: int, says: str) -> None:
    done = accepted("bill", "--funder", funder, "--month", month, "--out", tmp_path, "--book", book)
    assert says in done.out
    assert f"billed {YUAN.text(billed)};" in done.out
    stem = f"bill-{funder}-{month}"
    rows = csv_rows(tmp_path / f"{stem}-rides.csv")[1:]
    assert sum(fen(row[-2]) - fen(row[-1]) for row in rows) == billed
    settled = sum(row["amount"] for row in shown(
        "concessions", book, "--member", funder, "--from", f"{month}-01", "--to", f"{month}-30"))
    assert sum(fen(row[-3]) - fen(row[-4]) for row in rows) == settled
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")]
    workbook = openpyxl.load_workbook(tmp_path / f"{stem}.xlsx", read_only=True)
    sums, *details = [list(sheet.iter_rows(values_only=True)) for sheet in workbook.worksheets]
    total = next(row for row in sums if row[0] == "合计")
    assert fen(total[6]) == billed
    assert sum(fen(row[-2]) - fen(row[-1]) for rows in details for row in rows[1:]) == billed
    assert f"{YUAN.text(billed)} 元" in (tmp_path / f"{stem}.html").read_text("utf-8")


def test_every_bill_is_listed(book: Path) -> None:
    rows = shown("bills", book)
    assert {(row["funder"], row["month"], row["terms"]): row["billed"] for row in rows} == {
        ("hk-civil", "2024-11", "civil-2024"): 500, ("hk-civil", "2024-12", "civil-2024"): 250,
        ("hk-finance", "2024-11", "finance-2024"): 100_00,
        ("hk-finance", "2024-12", "finance-2024"): 100_00}
    assert all(row["difference"] == row["billed"] - row["shortfall"] for row in rows)
    assert shown("bills", book, "--member", "hk-civil", "--to", "2024-11-30") == rows[:1]
    assert shown("bills", book, "--from", "2025-01-01") == []
    assert shown("bills", book, "--to", "2024-10-31") == []


@pytest.mark.parametrize(("arguments", "words"), [
    (("--funder", "nobody", "--month", "2024-11"), "there is no member 'nobody'"),
    (("--funder", "hk-civil", "--month", "2024-10"), "no window of 2024-10"),
    (("--funder", "hk-civil", "--month", "November"), "is not a month"),
])
def test_a_bill_that_there_is_not_is_refused(book: Path, tmp_path: Path,
                                             arguments: tuple[str, ...], words: str) -> None:
    assert words in refused("bill", *arguments, "--out", tmp_path / "out", "--book", book).err
    assert not (tmp_path / "out").exists()


GOOD = 'bill = "x"\nfunder = "hk-civil"\n'


@pytest.mark.parametrize(("terms", "words"), [
    ('bill = "x"\nfunder = "nobody"\n', "'nobody', which network.toml does not have"),
    (GOOD + 'basis = "unit_price"\n', "has no amount"),
    (GOOD + "amount = 5\n", "by shortfall and has the amount 5"),
    (GOOD + "ceiling = -1\n", "the ceiling of bill 'x' is -1"),
    (GOOD + "in_force_from = 2024-11-02\n", "in the middle of a month"),
    (GOOD + "in_force_until = 2024-11-29\n", "in the middle of a month"),
    (GOOD + "in_force_from = 2024-12-01\nin_force_until = 2024-11-30\n", "not after the last"),
    (GOOD + 'budgets = [{ budget = "a", weight = 0 }]\n', "the weight 0"),
    (GOOD + 'budgets = [{ budget = "a" }, { budget = "a" }]\n', "twice"),
    (GOOD + '[[bill]]\nbill = "y"\nfunder = "hk-civil"\nin_force_from = 2030-01-01\n',
     "are both for months of 'hk-civil'"),
    (GOOD + GOOD, "bill"),
    (GOOD + "ceiling = 1.5\n", "ceiling"),
    (GOOD + 'above = "nobody"\n', "above"),
])
def test_terms_that_cannot_be_kept_are_refused(tmp_path: Path, terms: str, words: str) -> None:
    network = clerks_network(tmp_path / "network", f"\n[[bill]]\n{terms}")
    with pytest.raises(TableError) as caught:
        load_network(str(network))
    assert words in str(caught.value)
    assert "network.toml:" in str(caught.value)
