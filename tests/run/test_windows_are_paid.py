"""What closed windows instruct becomes payments: once, by the right accounts, by two persons.

A window that is paid twice, or half, or to yesterday's account, is money that somebody has to ask
back.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from clearing.book import open_book
from tests.book.beneath import change_rows
from tests.run.command import accepted, contents, refused, shown
from tests.run.paying import (
    CHECKER,
    LATER,
    MAKER,
    NETWORK,
    WINDOW,
    XSD,
    listed,
    make,
    make_written,
    moved,
    notification,
    payments,
    settle_example,
    settle_later,
)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with one closed window."""
    book = tmp_path_factory.mktemp("settled") / "book"
    settle_example(book)
    return book


@pytest.fixture
def book(settled: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, which stays open meanwhile."""
    copy = tmp_path / "book"
    shutil.copytree(settled, copy, symlinks=True)
    with open_book(str(copy)):
        yield copy


def positions(book: Path, window: str) -> dict[tuple[str, str], int]:
    return {(window, row["member"]): row["position"] for row in
            shown("positions", book, "--window", window)
            if row["level"] == "member" and row["position"]}


def test_a_batch_is_what_the_window_instructs(book: Path) -> None:
    ledger = contents(book, with_refusals=False)
    rows = payments(book, make(book))
    assert moved(rows) == positions(book, WINDOW)
    assert [row["action"] for row in rows] == ["pays"] * 5 + ["receives"] * 3
    assert {row["member"]: row["account"] for row in rows}["hk-bus"] == "6222-0002"
    assert {(row["pay_on"], row["state"]) for row in rows} == {(LATER, "made")}
    assert contents(book, with_refusals=False) == ledger
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_window_is_paid_once(book: Path) -> None:
    make(book)
    done = refused("pay", "make", *MAKER, "--book", book)
    assert "no position is open" in done.err
    done = refused("pay", "make", *MAKER, "--window", WINDOW, "--book", book)
    assert f"window {WINDOW}: nothing is to be paid: it is in batch 1" in done.err
    settle_later(book)
    assert {row["window"] for row in payments(book, make(book))} == {LATER}
    assert listed(book)["open_positions"] == []


def test_windows_can_be_paid_together_or_one_by_one(book: Path) -> None:
    settle_later(book)
    one = payments(book, make(book, "--window", LATER))
    assert moved(one) == positions(book, LATER)
    accepted("pay", "decline", "1", *CHECKER, "--book", book)
    both = payments(book, make(book))
    assert moved(both) == positions(book, WINDOW) | positions(book, LATER)
    assert [row["action"] for row in both] == sorted(row["action"] for row in both)
    assert [row["windows"] for row in listed(book)["batches"]] == [[LATER], [WINDOW, LATER]]


def test_what_cannot_be_made_is_refused(book: Path) -> None:
    before = contents(book)
    for words, told in (
            (("--window", "2024-11-24", *MAKER), "no window was closed with this day"),
            (("--window", "yesterday", *MAKER), "is not a day"),
            (("--on", "2024-13-01", *MAKER), "is not a day"),
            (("--on", "2024-11-30", *MAKER), "the next one is 2024-12-02"),
            (("--by", "  "), "--by is blank")):
        assert told in refused("pay", "make", "--book", book, *words).err
    assert contents(book) == before


def test_members_without_an_account_are_named_and_nothing_is_made(
        book: Path, tmp_path: Path) -> None:
    network = tmp_path / "network"
    shutil.copytree(NETWORK, network)
    text = (network / "network.toml").read_text("utf-8")
    until = text.replace('member = "hk-bus"\n', 'member = "hk-bus"\nin_force_until = 2024-11-25\n')
    (network / "network.toml").write_text(until.replace('member = "zs-card"', 'member = "zs-bus"\n'
                                          "in_force_from = 2030-01-01").replace(
        'member = "zs-bus"\nbank', 'member = "zs-bus"\nin_force_until = 2029-12-31\nbank'), "utf-8")
    before = contents(book)
    done = refused("pay", "make", *MAKER, "--on", LATER, "--network", network, "--book", book)
    assert f"no bank account on {LATER}: member 'hk-bus', member 'zs-card'" in done.err
    assert "add a [[bank_account]] for each to network.toml" in done.err
    assert contents(book) == before
    accepted("pay", "make", *MAKER, "--on", LATER, "--network", NETWORK, "--book", book)


def test_who_made_a_batch_does_not_check_it(book: Path) -> None:
    make(book)
    for name in ("Li Na", " li na "):
        assert "was made by Li Na" in refused("pay", "check", "1", "--by", name, "--book", book).err
    write = ("pay", "write", "1", "--format", "csv", "--out", book.parent / "x", "--book", book)
    assert "is made, and not checked" in refused(*write).err
    first = accepted("pay", "check", "1", *CHECKER, "--book", book).out
    runs = len(shown("runs", book))
    assert accepted("pay", "check", "1", *CHECKER, "--book", book).out == first
    assert len(shown("runs", book)) == runs
    done = refused("pay", "check", "1", "--by", "Zhao Min", "--book", book)
    assert "was checked by Wang Wei" in done.err
    assert not (book.parent / "x").exists()


def test_what_is_declined_is_paid_by_another_batch(book: Path) -> None:
    first = payments(book, make(book))
    accepted("pay", "decline", "1", *CHECKER, "--book", book)
    assert "was declined by Wang Wei" in refused("pay", "check", "1", *CHECKER, "--book", book).err
    again = payments(book, make(book))
    assert moved(again) == moved(first)
    assert {row["reference"] for row in first}.isdisjoint(row["reference"] for row in again)


def test_what_was_written_is_not_declined(book: Path, tmp_path: Path) -> None:
    make_written(book, tmp_path / "1.xml")
    assert "a bank may have it" in refused("pay", "decline", "1", *CHECKER, "--book", book).err


def test_a_batch_that_is_not_there_is_told(book: Path) -> None:
    for name, *more in (("check", *CHECKER), ("decline", *CHECKER), ("show",),
                        ("write", "--format", "csv", "--out", "x")):
        done = refused("pay", name, "7", *more, "--book", book)
        assert "there is no batch 7" in done.err
        assert "`onecard pay make`" in done.err


@pytest.mark.parametrize(("form", "message"), [("pain.001", "pain.001.001.09"),
                                               ("pacs.009", "pacs.009.001.08")])
def test_messages_are_as_iso_20022_has_them(form: str, message: str, book: Path, tmp_path: Path
                                            ) -> None:
    settle_later(book)
    path = tmp_path / "message.xml"
    rows = payments(book, make_written(book, path, form))
    document = etree.parse(path)
    name = f"{{urn:iso:std:iso:20022:tech:xsd:{message}}}"
    assert [one.text for one in document.iter(f"{name}EndToEndId")] == [
        row["reference"] for row in rows]
    amounts = [one for tag in ("InstdAmt", "IntrBkSttlmAmt") for one in document.iter(name + tag)]
    assert [(one.text, one.get("Ccy")) for one in amounts] == [
        (f"{row['amount'] // 100}.{row['amount'] % 100:02}", "CNY") for row in rows]
    assert [one.text for one in document.iter(f"{name}Ustrd")] == [
        f"window {row['window']} batch 1" for row in rows]
    total = sum(row["amount"] for row in rows)
    head = document.find(f".//{name}GrpHdr")
    assert head is not None
    assert (head.findtext(f"{name}NbOfTxs"), head.findtext(f"{name}CtrlSum")) == (
        str(len(rows)), f"{total // 100}.{total % 100:02}")
    if not XSD.exists():
        pytest.skip(f"no schemas in {XSD}")
    etree.XMLSchema(etree.parse(XSD / f"{message}.xsd")).assertValid(document)


def test_plain_csv_says_the_same(book: Path, tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    rows = payments(book, make_written(book, path, "csv"))
    read = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert [(one["reference"], one["window"], one["amount"], one["currency"]) for one in read] == [
        (row["reference"], row["window"], f"{row['amount'] // 100}.{row['amount'] % 100:02}", "CNY")
        for row in rows]
    own = "001100001509", "9000-0001", "全国清分中心结算专户"
    for one, row in zip(read, rows, strict=True):
        payer, payee = (tuple(one[f"{side}_{part}"] for part in ("bank", "account", "name"))
                        for side in ("payer", "payee"))
        member = row["bank"], row["account"], row["name"]
        assert (payer, payee) == ((member, own) if row["action"] == "pays" else (own, member))


def test_a_batch_is_written_in_one_form_and_always_the_same(book: Path, tmp_path: Path) -> None:
    path = tmp_path / "1.xml"
    make_written(book, path)
    first, runs = path.read_bytes(), len(shown("runs", book))
    path.unlink()
    write = ("pay", "write", "1", "--book", book, "--format")
    accepted(*write, "pain.001", "--out", path)
    assert path.read_bytes() == first
    assert len(shown("runs", book)) == runs
    for other in ("pacs.009", "csv"):
        done = refused(*write, other, "--out", tmp_path / "other")
        assert "was written as pain.001.001.09" in done.err
    assert sorted(one.name for one in tmp_path.iterdir() if one.suffix == ".xml") == ["1.xml"]
    assert not (tmp_path / "other").exists()


def test_a_place_that_cannot_be_written_is_told_and_the_batch_stays(
        book: Path, tmp_path: Path) -> None:
    make(book)
    accepted("pay", "check", "1", *CHECKER, "--book", book)
    done = refused("pay", "write", "1", "--format", "csv", "--out", tmp_path / "no" / "x.csv",
                   "--book", book)
    assert "cannot be written" in done.err
    assert listed(book)["batches"][0]["state"] == "checked"


def test_an_amount_that_was_changed_is_not_checked(book: Path) -> None:
    make(book)
    with open_book(str(book)) as opened:
        change_rows(opened, "stored_payments", "UPDATE amount = amount + 1 WHERE payment = 1")
    done = refused("pay", "check", "1", *CHECKER, "--book", book)
    assert "payment 1/1: hk-card pays 5.50" in done.err
    assert "by its position 5.49" in done.err
    done = accepted("verify", "--book", book)
    assert done.code == 1
    assert re.search(r"payment 1/1: hk-card pays 5\.50", done.out)


LEVELS = """
[[centre]]
code = "gd-centre"
name = "广东清分中心"
province = "44"

[[netting]]
netting = "guangdong"
provinces = ["44"]
centre = "gd-centre"
through = "nation"

[[netting]]
netting = "nation"

[[bank_account]]
member = "gd-centre"
bank = "105100000017"
account = "6222-0009"
name = "广东清分中心"
"""


def test_members_pay_whom_the_network_says(tmp_path: Path) -> None:
    """Guangdong's by their centre, which pays by the settlement account as everybody else does."""
    network = tmp_path / "network"
    shutil.copytree(NETWORK, network)
    own = (network / "network.toml").read_text("utf-8")
    (network / "network.toml").write_text(own + LEVELS, "utf-8")
    book = tmp_path / "book"
    with open_book(str(book)):
        settle_example(book, network)
        rows = payments(book, make_written(book, tmp_path / "1.xml"))
        instructed = shown("instructions", book)
        keys = "window", "member", "action", "amount", "counterparty", "netting"
        assert sorted([row[key] for key in keys] for row in rows) == sorted(
            [row[key] for key in keys] for row in instructed)
        document = etree.parse(tmp_path / "1.xml")
        accounts = [one.text for one in document.iter("{*}Othr/{*}Id", "{*}Id") if one.text
                    and one.text.startswith("6222-0009")]
        assert len(accounts) == len([row for row in rows if "gd-centre" in (
            row["member"], row["counterparty"])])
        # Each is answered by the statement of either side.
        one = next(row for row in rows if row["counterparty"] == "gd-centre")
        for number, (account, side) in enumerate([("6222-0009", "CRDT"), (one["account"], "DBIT")]):
            path = notification(tmp_path / "a.xml", rows, [(one["payment"], "BOOK", "")],
                                f"BANK-{number}")
            path.write_text(path.read_text("utf-8").replace("9000-0001", account).replace(
                ">CRDT<", f">{side}<"), "utf-8")
            out = accepted("pay", "answer", path, "--book", book).out
            assert ("1 paid; known before: 0", "nothing new; known before: 1")[number] in out
        assert accepted("verify", "--all", "--book", book).code == 0
