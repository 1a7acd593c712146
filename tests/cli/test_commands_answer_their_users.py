"""Every command as its user calls it: help, tables, CSV, JSON, explanations, an auditor's check."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from clearing.book import open_book
from clearing.cli import COMMANDS
from tests.book.beneath import change_rows
from tests.cli.conftest import Demo
from tests.run.command import WITH_CARDS, Outcome, accepted, onecard, process, shown

DOCUMENTED = {
    "rides": ("card", "card_seq", "started_at", "ended_at", "operator", "mode", "from_stop",
              "to_stop", "state", "due", "paid", "table", "rule"),
    "entries": ("card", "card_seq", "due", "paid", "leg1_cause", "leg1_rule", "leg1_debtor",
                "leg1_creditor", "leg1_amount", "leg7_amount", "operator_net", "window", "run"),
    "postings": ("run", "window", "card", "card_seq", "member", "side", "amount", "cause"),
    "positions": ("level", "member", "position"),
    "obligations": ("debtor", "debtor_name", "creditor", "creditor_name", "cause", "items",
                    "amount"),
    "instructions": ("window", "member", "name", "action", "amount", "counterparty",
                     "netting"),
    "bills": ("funder", "month", "terms", "rides", "shortfall", "base", "billed", "difference"),
    "concessions": ("funder", "funder_name", "operator", "operator_name", "cause", "rule",
                    "card_kind", "rides", "amount"),
    "runs": ("run", "kind", "network", "taps", "accepted", "refused", "rides", "due", "paid"),
    "files": ("run", "name", "records", "accepted", "refused", "code", "sha256"),
    "refusals": ("run", "file", "line", "offset", "code", "column", "reason", "record"),
    "variances": ("table", "operator", "device", "variance", "rides", "total"),
}
HELP_SECONDS = 0.3
FEES = ("clearing_fee", "issuer_fee")
HEAVY = {"numpy", "pandas", "pyarrow", "rich", "chdb", "clickhouse_driver", "msgspec", "ext"}


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_is_quick_and_shows_an_example(command: str | None) -> None:
    arguments = [command] if command else []
    took = []
    for _ in range(5):      # the best of a few, of a processor: other work on it is not ours
        start = os.times()
        done = process(*arguments, "--help")
        end = os.times()
        took.append(end.children_user + end.children_system
                    - start.children_user - start.children_system)
        assert done.code == 0
        assert f"Example:\n    onecard {command or ''}" in done.out
        assert done.out.startswith(f"Usage: onecard {command or ''}")
        if took[-1] < HELP_SECONDS:
            break
    assert min(took) < HELP_SECONDS


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_imports_nothing_heavy(command: str | None) -> None:
    """No arrays, no store, no terminal library: --help has to answer at once."""
    arguments = [command] if command else []
    imported = modules_of(process(*arguments, "--help", python=("-X", "importtime")))
    assert {"clearing", "clearing.cli", "click"} <= imported
    assert not {name.partition(".")[0] for name in imported} & HEAVY


def test_who_reads_a_book_compiles_no_tables(tmp_path: Path) -> None:
    """An explanation of a shipped network is made of the plain engine and the store."""
    accepted("demo", "--taps", "1000", "--folder", tmp_path / "demo")
    book = str(tmp_path / "demo" / "book")
    rows = list(csv.DictReader(io.StringIO(accepted(
        "show", "rides", "--csv", "--cards", "full", "--book", book).out)))
    ride = f"{rows[0]['card']}/{rows[0]['card_seq']}"
    done = process("explain", ride, "--book", book, python=("-X", "importtime"))
    assert f"ride {ride}" in done.out
    imported = modules_of(done)
    assert {"clearing.answers.replay", "clearing.book.queries"} <= imported
    assert not imported & {"clearing.engine.context", "clearing.engine.run",
                           "fare_tables.compile.tables", "pandas"}
    done = process("show", "rides", "--book", book, python=("-X", "importtime"))
    assert "fare_tables.compile.tables" not in modules_of(done)


def modules_of(done: Outcome) -> set[str]:
    """Every module that a process imported, where it was asked to say so."""
    assert done.code == 0
    return {line.split("|")[-1].strip() for line in done.err.splitlines()
            if line.startswith("import time:")}


def test_the_demonstration_adds_up(demo: Demo) -> None:
    assert demo.done.code == 0
    sums = [line.split()[-1] for line in demo.done.out.splitlines() if line.startswith(" sum ")]
    assert sums == ["0.00", "0.00", "0.00"]
    found = re.search(
        r"files, ([\d,]+) records = ([\d,]+) accepted \+ ([\d,]+) known \+ ([\d,]+) refused",
        demo.done.out)
    assert found
    records, *ends = (int(text.replace(",", "")) for text in found.groups())
    assert records == sum(ends)
    assert min(ends) > 0
    assert 18_000 < records < 22_000
    for line in demo.done.out.split("Try next")[1].splitlines()[1:]:
        name, *arguments, _ = line.split()
        assert name == "onecard"
        assert onecard(*arguments, demo.book).code == 0


def test_a_demonstration_replaces_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    assert onecard("demo", "--folder", tmp_path, "--taps", "1000").code == 2
    assert (tmp_path / "mine").read_text() == "keep"


SUMMED = {"rides", "entries", "obligations", "concessions", "variances", "files"}


@pytest.mark.parametrize("what", DOCUMENTED)
def test_lists_have_their_columns(what: str, demo: Demo) -> None:
    cards = ("--cards", "full") if what in WITH_CARDS else ()
    as_csv = accepted("show", what, "--csv", *cards, "--book", demo.book)
    rows = list(csv.DictReader(io.StringIO(as_csv.out)))
    objects = shown(what, demo.book)
    assert rows
    assert len(rows) == len(objects)
    assert set(DOCUMENTED[what]) <= set(rows[0])
    for row, one in zip(rows, objects, strict=True):
        assert list(row) == list(one)
        assert all(value == str(one[name]) for name, value in row.items())
    listed = accepted("show", what, "--wide", "--book", demo.book)
    # A title, a head, and blank lines; a rule and the sums.
    assert listed.out.count("\n") == len(rows) + 5 + 2 * (what in SUMMED)


def test_positions_add_up_to_nothing(demo: Demo) -> None:
    positions = shown("positions", demo.book)
    sums: dict[str, int] = defaultdict(int)
    for row in positions:
        assert type(row["position"]) is int
        assert row["position"] == row["is_owed"] - row["owes"]
        sums[row["level"]] += row["position"]
    assert sums == {"member": 0, "city": 0, "province": 0}
    by_member: dict[str, int] = defaultdict(int)
    sides = {"debit": -1, "credit": 1}
    for posting in shown("postings", demo.book):
        by_member[posting["member"]] += sides[posting["side"]] * posting["amount"]
    assert {name: net for name, net in by_member.items() if net} == {
        row["member"]: row["position"] for row in positions
        if row["level"] == "member" and row["position"]}


def test_files_account_for_every_record(demo: Demo) -> None:
    refusals: dict[str, int] = defaultdict(int)
    for row in shown("refusals", demo.book):
        refusals[row["file"]] += 1
    for file in shown("files", demo.book):
        assert file["accepted"] + file["known"] + file["refused"] == file["records"]
        assert file["refused"] == refusals.get(file["name"], 0)


def test_a_list_can_be_narrowed(demo: Demo) -> None:
    ride = shown("rides", demo.book)[7]
    own = shown("rides", demo.book, "--card", ride["card"])
    assert ride in own
    assert {row["card"] for row in own} == {ride["card"]}
    assert shown("rides", demo.book, "--run", "1", "--window", ride["window"])
    assert shown("rides", demo.book, "--to", "2020-01-01") == []
    assert shown("runs", demo.book, "--run", "2")[0]["kind"] == "close"
    assert shown("positions", demo.book, "--to", "2020-01-01") == []
    assert accepted("show", "rides", "--csv", "--to", "2020-01-01", "--book",
                    demo.book).out.count("\n") == 1


def test_an_explanation_adds_up(demo: Demo) -> None:
    entries = shown("entries", demo.book)
    kinds: dict[tuple[str, ...], dict[str, str]] = {}
    for entry in entries:
        legs = tuple(str(entry[f"leg{leg}_cause"]) for leg in range(1, 6))
        kinds.setdefault((entry["state"], str(entry["variance"] != 0), *legs), entry)
    assert len(kinds) > 5
    for entry in kinds.values():
        ride = f"{entry['card']}/{entry['card_seq']}"
        done = accepted("explain", ride, "--json", "--book", demo.book)
        one = json.loads(done.out)[0]
        assert sum(leg["amount"] for leg in one["legs"] if leg["cause"] not in FEES) == (
            one["due"] + one["variance"] - one["uncollected"])
        assert sum(leg["amount"] for leg in one["legs"] if leg["cause"] == "fare") == one["paid"]
        assert (one["due"], one["paid"]) == (entry["due"], entry["paid"])
        assert any(row["applied"] for row in one["rows_tried"])
        assert one["taps"]
        told = accepted("explain", ride, "--book", demo.book).out
        assert one["table"] in told
        assert f"together, as is due {one['due'] // 100}" in " ".join(told.split())


def test_an_auditor_finds_a_planted_difference(demo: Demo, tmp_path: Path) -> None:
    done = accepted("verify", "--all", "--book", demo.book)
    assert done.code == 0
    assert "no differences" in done.out
    assert len(shown("rides", demo.book)) == int(
        re.search(r"([\d,]+) rides priced", done.out)[1].replace(",", ""))  # type: ignore[index]


PLANTED = {
    "a fare paid": ("entries", "paid = paid + 100", "entry does not balance"),
    "both sides": ("entries", "due = due + 100, price = price + 100, paid = paid + 100",
                   "differs: ride "),
    "a funder": ("entries", "leg2_debtor = leg2_debtor + 1", "but the entries say"),
    "an flow": ("flows", "amount = amount + 1", "but the entries say"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_changed_row_is_found(what: str, made: Demo, tmp_path: Path) -> None:
    table, change, message = PLANTED[what]
    book = tmp_path / "book"
    shutil.copytree(made.book, book, symlinks=True)
    with open_book(str(book)) as opened:
        where = "window = (SELECT min(window) FROM flows) AND debtor = (" \
            "SELECT min(debtor) FROM flows)" if table == "flows" else (
            "(card_hi, card_lo, card_seq) IN (SELECT card_hi, card_lo, card_seq FROM entries "
            "WHERE leg2_amount > 0 ORDER BY card_hi, card_lo, card_seq LIMIT 1)")
        change_rows(opened, f"stored_{table}", f"UPDATE {change} WHERE {where}")
        done = onecard("verify", "--all", "--book", book)
    assert done.code == 1, done
    assert message in done.out


def test_settlement_files_add_up(demo: Demo, tmp_path: Path) -> None:
    folder = Path(demo.book).parent / "book"
    window, = {row["window"] for row in shown("rides", str(folder))}
    done = onecard("settle", "--yes", "--window", window, "--book", demo.book,
                   "--out", tmp_path / "out")
    assert done.code == 0       # the demonstration closed it, and wrote no files
    files = {path.name: list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
             for path in (tmp_path / "out").iterdir()}
    positions = {row["member"]: int(row["position"]) for row in files["positions.csv"]
                 if row["level"] == "member"}
    assert sum(positions.values()) == 0
    signs = {"pays": -1, "receives": 1}
    assert {row["member"]: signs[row["action"]] * int(row["amount"])
            for row in files["instructions.csv"]} == {
        member: net for member, net in positions.items() if net}
    for member, net in positions.items():
        rows = files.get(f"statement-{member}.csv", [])
        assert sum(int(row["amount"]) for row in rows) == net
        assert all(member in (row["debtor"], row["creditor"]) for row in rows)
    assert onecard("settle", "--yes", "--window", window, "--book", demo.book,
                   "--out", tmp_path / "out").code == 2
