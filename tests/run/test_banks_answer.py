"""What a bank says of payments is posted once, whole, or refused with its place.

The way of a window's money is the first test, as a clerk goes it. A payment that came back is a
position that is open again; an answer that cannot be changes nothing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.clickhouse import Server
from clearing.book import open_book
from tests.run.command import accepted, contents, onecard, refused, shown
from tests.run.paying import (
    LATER,
    MAKER,
    listed,
    make,
    make_written,
    moved,
    notification,
    payments,
    settle_example,
    status_report,
)

GOLDEN = Path(__file__).parent / "the_way_of_a_payment.txt"
PAID = [(number, "ACSC", "") for number in range(1, 7)]


@pytest.fixture(scope="module")
def sent_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with a batch of 8 payments that was written: 1 to 5 pay, 6 to 8 receive."""
    book = tmp_path_factory.mktemp("sent") / "book"
    settle_example(book)
    make_written(book, book.parent / "1.xml")
    return book


@pytest.fixture
def book(sent_once: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, which stays open meanwhile."""
    copy = tmp_path / "book"
    shutil.copytree(sent_once, copy, symlinks=True)
    with open_book(str(copy)):
        yield copy


@pytest.fixture
def sent(book: Path) -> list[dict[str, Any]]:
    return payments(book, 1)


def states(book: Path, batch: int = 1) -> list[str]:
    return [" ".join(filter(None, [row["state"], row["status"], row["reason"]]))
            for row in payments(book, batch)]


def test_files_are_read_one_after_the_other_up_to_one_that_is_refused(
        book: Path, sent: list[dict[str, Any]], tmp_path: Path) -> None:
    first = status_report(tmp_path / "first.xml", sent, PAID)
    bad = status_report(tmp_path / "bad.xml", sent, [(7, "ACSC", "")], identity="BANK-9",
                        OrgnlCtrlSum="1.23")
    last = status_report(tmp_path / "last.xml", sent, [(8, "RJCT", "AC04")], identity="BANK-10")
    done = onecard("pay", "answer", first, bad, last, "--book", book)
    assert (done.code, "payments: 6 paid" in done.out, "bad.xml" in done.err) == (2, True, True)
    assert states(book) == ["paid ACSC"] * 6 + ["written"] * 2
    done = onecard("pay", "answer", last, first, "--book", book)
    assert (done.code, "1 rejected" in done.out, "known: run" in done.out) == (1, True, True)


def test_the_whole_way(book: Path, sent: list[dict[str, Any]], tmp_path: Path) -> None:
    """Accepted, rejected, returned, paid again: what a clerk types, and what it prints."""
    status_report(tmp_path / "status.xml", sent,
                  [*PAID, (7, "RJCT", "AC04"), (8, "ACSP", "")])
    notification(tmp_path / "statement.xml", sent, [
        *[(number, "BOOK", "") for number in range(1, 7)], (8, "BOOK", ""), (8, "BACK", "AC01")],
        kind="camt.053.001.08")
    printed = ""

    def run(*words: str | Path) -> None:
        nonlocal printed
        done = onecard("pay", *words, "--book", book)
        assert done.err == ""
        shown_ = [Path(words[1]).name] if words[0] == "answer" else []
        printed += (" ".join(["$ pay", str(words[0]), *shown_])
                    + f"\n{done.out}exit code {done.code}\n")

    run("answer", tmp_path / "status.xml")
    run("answer", tmp_path / "statement.xml")
    run("list")
    run("make", *MAKER, "--on", LATER)
    accepted("pay", "check", "2", "--by", "Wang Wei", "--book", book)
    accepted("pay", "write", "2", "--format", "pacs.009", "--out", tmp_path / "2.xml", "--book",
             book)
    notification(tmp_path / "again.xml", payments(book, 2), [(1, "BOOK", ""), (2, "BOOK", "")],
                 "BANK-3")
    run("answer", tmp_path / "again.xml")
    def words(text: str) -> list[list[str]]:
        return [re.sub("─+", "─", line).split() for line in text.splitlines()]

    assert words(printed) == words(GOLDEN.read_text("utf-8"))
    assert [row["state"] for row in shown("windows", book)] == ["settled"]
    assert listed(book)["open_positions"] == []
    assert states(book) == ["paid ACSC"] * 6 + ["rejected RJCT AC04", "returned BOOK AC01"]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_what_is_said_twice_counts_once(book: Path, sent: list[dict[str, Any]], tmp_path: Path
                                        ) -> None:
    report = status_report(tmp_path / "a.xml", sent, [*PAID, *PAID, (7, "RJCT", "AC04")])
    assert "6 paid, 1 rejected; known before: 6" in accepted("pay", "answer", report, "--book",
                                                            book).out
    before, runs = contents(book), len(shown("runs", book))
    again = accepted("pay", "answer", report, "--book", book)
    assert again.code == 0
    assert f"a.xml: known: run {runs} has read the same bytes" in again.out
    assert contents(book) == before
    other = status_report(tmp_path / "b.xml", sent, [*PAID, (7, "RJCT", "AC04")], "BANK-7")
    assert "payments: nothing new; known before: 7" in accepted("pay", "answer", other, "--book",
                                                               book).out
    assert [one["member"] for one in listed(book)["open_positions"]] == ["hk-bus"]
    assert moved(payments(book, make(book))) == {("2024-11-25", "hk-bus"): 948}


def test_the_order_of_answers_does_not_matter(book: Path, sent: list[dict[str, Any]],
                                              tmp_path: Path) -> None:
    """The return first, then that it was booked, then that it is under way."""
    for number, said in enumerate([[(8, "BACK", "AC01")], [(8, "BOOK", "")], [(8, "PDNG", "")]]):
        path = notification(tmp_path / f"{number}.xml", sent, said, f"BANK-{number}")
        accepted("pay", "answer", path, "--book", book)
        assert states(book)[7] == "returned BOOK AC01"


@pytest.mark.parametrize("scope", ["message", "block of receivers", "block of a payer"])
def test_what_is_said_of_many_is_of_each(scope: str, book: Path, sent: list[dict[str, Any]],
                                         tmp_path: Path) -> None:
    path = status_report(tmp_path / "a.xml", sent, [(7, "ACSC", "")])
    text = path.read_text("utf-8")
    if scope == "message":
        text, said = text.replace("PART", "RJCT"), ["rejected RJCT"] * 8
        said[6] = "paid ACSC"
    else:
        mark = "</OrgnlPmtInfId>"
        name = sent[0]["reference"].rpartition("-")[0]
        text = text.replace(mark, f"{mark}<PmtInfSts>RJCT</PmtInfSts>")
        said = ["written"] * 5 + ["rejected RJCT", "paid ACSC", "rejected RJCT"]
        if scope == "block of a payer":
            text = text.replace(f">{name}{mark}", f">{name}-2{mark}")
            said = ["written", "rejected RJCT", *["written"] * 4, "paid ACSC", "written"]
    path.write_text(text, "utf-8")
    accepted("pay", "answer", path, "--book", book)
    assert states(book) == said


BAD = {
    "a payment that is not there": ("report", {"OrgnlEndToEndId": "OC0123456789-1-1"},
                                    "an answer to the payment 'OC0123456789-1-1'"),
    "a payment of somebody": ("entry", {"EndToEndId": "INVOICE-7"},
                              "an answer to the payment 'INVOICE-7' of 5.49 CNY"),
    "a message that is not there": ("report", {"OrgnlMsgId": "OC0123456789-1"},
                                    "an answer to the message 'OC0123456789-1'"),
    "a block that is not there": ("report", {"GrpSts": "ACSC", "OrgnlMsgId": "PAYROLL"},
                                  "an answer to the message 'PAYROLL'"),
    "another number of payments": ("report", {"OrgnlNbOfTxs": "7"}, "the bank has 7 payments"),
    "another sum": ("report", {"OrgnlCtrlSum": "42.95"}, "the bank has 42.95 in all"),
    "a status that nobody knows": ("report", {"TxSts": "DONE"}, "the status 'DONE'"),
    "another currency": ("entry", {'Amt Ccy="CNY"': None}, "an amount in EUR"),
    "no currency": ("entry", {"Amt Ccy=\"CNY\"": None}, "is no currency"),
    "five decimals": ("entry", {"Amt Ccy=\"CNY\"": "5.49000"}, "has 5 decimals"),
    "another amount": ("entry", {"Amt Ccy=\"CNY\"": "5.48"}, "is answered with 5.48"),
    "no amount": ("entry", {"Amt Ccy=\"CNY\"": "5,49"}, "'5,49' is no amount"),
    "a million digits": ("entry", {"Amt Ccy=\"CNY\"": "5" * 1_000_000},
                         "Amt has 1,000,000 characters"),
    "another account": ("entry", {"Id>9000-0001</Id": None},
                        "is answered by the account '9000-0002'"),
    "balances that do not add up": ("statement", {"CLBD": None}, "its entries lead from 1000.00"),
    "nothing that is ours": ("entry", {"EndToEndId": "NOTPROVIDED", "Id>9000-0001</Id": None},
                             "this is about the account '9000-0002'"),
    "no statement": ("statement", {"Stmt": None}, "has no statement in it"),
    "a payment in two states": ("both", {}, "was paid, by BOOK, and before that it was rejected"),
    "a DTD": ("dtd", {}, "the file has a DTD"),
    "a DTD in UTF-16": ("dtd16", {}, "the file has a DTD"),
    "no end": ("cut", {}, "this is no XML that can be read"),
    "nothing": ("empty", {}, "this is no XML that can be read"),
    "no XML": ("csv", {}, "this is no XML that can be read"),
    "what was sent": ("sent", {}, "the outermost element is 'Document' of"),
}


def bad_file(what: str, sent: list[dict[str, Any]], folder: Path) -> Path:
    kind, changes, _ = BAD[what]
    path = folder / "bad.xml"
    one = [(1, "BOOK", "")]
    if kind in ("entry", "statement"):
        notification(path, sent, one, kind={"entry": "camt.054.001.08",
                                            "statement": "camt.053.001.08"}[kind])
    elif kind == "both":
        notification(path, sent, [(6, "BOOK", ""), (7, "BOOK", "")])
    elif kind == "sent":
        shutil.copy(folder / "1.xml", path)
    else:
        status_report(path, sent, [(1, "ACSC", "")])
    text = path.read_text("utf-8")
    for name, value in changes.items():
        if value is not None:
            text = re.sub(rf"(<{name}>)[^<]*", rf"\g<1>{value}", text)
    text = {"no currency": text.replace('"CNY"', f'"{"Y" * 10_000}"'),
            "another currency": text.replace('"CNY"', '"EUR"'),
            "another account": text.replace("9000-0001", "9000-0002"),
            "nothing that is ours": text.replace("9000-0001", "9000-0002"),
            "balances that do not add up": text.replace("1005.49", "1005.48"),
            "no statement": re.sub(r"(?s)<Stmt>.*</Stmt>", "", text),
            "a DTD": text.replace("<Document", '<!DOCTYPE a [<!ENTITY b "c">]>\n<Document', 1),
            "no end": text[:-30], "nothing": "", "no XML": "reference,state\n1,paid\n",
            }.get(what, text)
    path.write_text(text, "utf-8")
    if kind == "dtd16":
        text = text.replace("UTF-8", "UTF-16").replace("<Document", "<!DOCTYPE a>\n<Document", 1)
        path.write_bytes(text.encode("utf-16"))
    return path


def test_what_cannot_be_is_refused_and_nothing_is_posted(
        book: Path, sent: list[dict[str, Any]], sent_once: Path, tmp_path: Path) -> None:
    """Each with the file, the line, and what to do."""
    shutil.copy(sent_once.parent / "1.xml", tmp_path / "1.xml")
    accepted("pay", "answer", status_report(tmp_path / "first.xml", sent, [(7, "RJCT", "AC04")]),
             "--book", book)
    before = contents(book)
    for what, (_, _, told) in BAD.items():
        path = bad_file(what, sent, tmp_path)
        done = refused("pay", "answer", path, "--book", book)
        assert told in done.err, (what, done.err)
        assert re.search(rf"{path}:\d+: ", done.err), what
        assert "posted" in done.err, what
        assert len(done.err) < 1_000, what
    assert contents(book) == before


def test_a_message_with_other_contents_is_refused(book: Path, sent: list[dict[str, Any]],
                                                  tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    accepted("pay", "answer", status_report(path, sent, [(1, "ACSC", "")]), "--book", book)
    before = contents(book)
    done = refused("pay", "answer", status_report(path, sent, [(2, "ACSC", "")]), "--book", book)
    assert "the bank's message BANK-1 was read in run" in done.err
    assert "with other contents" in done.err
    assert contents(book) == before


def test_a_file_that_grows_meanwhile_is_refused(
        book: Path, sent: list[dict[str, Any]], tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    from clearing.answers import pay_answer

    path, before = status_report(tmp_path / "a.xml", sent, PAID), contents(book)
    read = pay_answer.read_answers

    def read_and_grow(*arguments: Any) -> Any:
        yield from read(*arguments)
        with path.open("a") as file:
            file.write("\n")

    monkeypatch.setattr(pay_answer, "read_answers", read_and_grow)
    done = refused("pay", "answer", path, "--book", book)
    assert "the file changed while it was read" in done.err
    assert contents(book) == before


def test_entries_of_others_are_left_out_where_that_is_asked(
        book: Path, sent: list[dict[str, Any]], tmp_path: Path) -> None:
    """A bank's fee has no reference; money that nobody has asked for has one of its sender."""
    path = notification(tmp_path / "a.xml", sent, [(1, "BOOK", ""), (2, "BOOK", "")])
    text = path.read_text("utf-8")
    path.write_text(text.replace(sent[1]["reference"], "NOTPROVIDED"), "utf-8")
    out = accepted("pay", "answer", path, "--book", book).out
    assert "1 paid; known before: 0; entries of no payment of this book: 1" in out
    path.write_text(text.replace(sent[1]["reference"], "INVOICE 7").replace("BANK-2", "BANK-3"),
                    "utf-8")
    assert "--leave-others" in refused("pay", "answer", path, "--book", book).err
    out = accepted("pay", "answer", path, "--leave-others", "--book", book).out
    assert "nothing new; known before: 1; entries of no payment of this book: 1" in out


def test_an_answer_to_what_was_not_written_is_refused(
        book: Path, sent: list[dict[str, Any]], tmp_path: Path) -> None:
    accepted("pay", "answer", status_report(tmp_path / "a.xml", sent, [(1, "RJCT", "AM04")]),
             "--book", book)
    batch = make(book)
    path = status_report(tmp_path / "b.xml", payments(book, batch), [(1, "ACSC", "")], "BANK-9")
    done = refused("pay", "answer", path, "--book", book)
    assert "an answer to batch 2, which is made" in done.err


def test_a_block_that_is_booked_as_one_amount_is_each_of_its_payments(
        book: Path, sent: list[dict[str, Any]], tmp_path: Path) -> None:
    """As banks book it that were told to pay many: its amount is that of all receivers together."""
    block = sent[0]["reference"].rpartition("-")[0]
    path = notification(tmp_path / "a.xml", sent, [(8, "BOOK", "")])
    text = path.read_text("utf-8")
    text = re.sub("<TxDtls>.*</TxDtls>", f"<Btch><PmtInfId>{block}</PmtInfId></Btch>", text)
    path.write_text(text, "utf-8")
    done = refused("pay", "answer", path, "--book", book)
    assert f"{block} is answered with 11.98" in done.err
    assert "21.48, as was sent" in done.err
    path.write_text(text.replace("11.98", "21.48"), "utf-8")
    assert "payments: 3 paid" in accepted("pay", "answer", path, "--book", book).out
    assert states(book) == ["written"] * 5 + ["paid BOOK"] * 3


def test_a_server_keeps_payments_as_a_folder_does(
        clickhouse_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest ClickHouse that is served understands every question, too."""
    monkeypatch.chdir(tmp_path)
    location = clickhouse_server.location("paying")
    settle_example(location)
    rows = payments(location, make_written(location, tmp_path / "1.xml"))
    report = status_report(tmp_path / "a.xml", rows, [*PAID, (7, "RJCT", "AC04"), (8, "ACSC", "")])
    assert accepted("pay", "answer", report, "--book", location).code == 1
    assert [one["member"] for one in listed(location)["open_positions"]] == ["hk-bus"]
    again = payments(location, make_written(location, tmp_path / "2.xml", "csv"))
    done = notification(tmp_path / "b.xml", again, [(1, "BOOK", "")])
    assert accepted("pay", "answer", done, "--book", location).code == 0
    assert [row["state"] for row in shown("windows", location)] == ["settled"]
    assert accepted("verify", "--all", "--book", location).code == 0
