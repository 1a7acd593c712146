"""A sender's contract says what its files are called, which of them are owed, and what is let pass.

What it does not let pass refuses the file, and whichever of several files came first is the same.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from network.errors import TableError
from network.network import load_network
from tests.fares.folder import write
from tests.run.command import Outcome, accepted, onecard, shown, write_csv
from tests.run.test_claims_have_limits import COLUMNS, DAY, ride

SENDER = '\n[[sender]]\nsender = "bus"\noperators = ["bus"]\n'
STRICT = """
[[sender.files]]
name = "{sender}-{date}-{sequence:02}.csv"
sequence = "daily"
daily = 3
"""
RUNNING = """
[[sender.files]]
name = "{sender}-{date:%y%m%d}-{sequence:04}.csv"
sequence = "running"
first = 5
"""
ALLOWING = STRICT + 'allows = ["rows", "gaps", "other_content", "other_name"]\n'
COMPLETE = '\n[[approver]]\ncode = "li.wei"\nname = "李伟"\n[completeness]\n'
SEQS = itertools.count(1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder with a book that is open all the time."""
    with open_book(str(tmp_path / "book")):
        yield tmp_path


def network(place: Path, contracts: str, more: str = "") -> None:
    (place / "network").mkdir(exist_ok=True)
    write(place / "network", network=SENDER + contracts + more)


def put(place: Path, name: str, *rows: dict[str, Any]) -> Path:
    """A file in the sender's folder, with a record that no other file has where none is given."""
    seq = next(SEQS)
    return write_csv(place / "bus" / name, rows or [
        ride(seq % 60, card=f"10000000000{seq:08}")], COLUMNS)


def clear(place: Path, *paths: Path) -> dict[str, tuple[str, str]]:
    """What becomes of each file by its name: its code and why."""
    done = accepted("clear", *paths, "--network", place / "network", "--book", place / "book",
                    "--json")
    return {file["name"]: (file["code"], file["message"])
            for file in json.loads(done.out)["files"]}


def missing(place: Path, window: str = DAY) -> list[dict[str, Any]]:
    done = onecard("completeness", "--window", window, "--book", place / "book", "--json")
    found: list[dict[str, Any]] = json.loads(done.out)["files"]
    return found


def test_a_file_has_a_name_of_its_senders(place: Path) -> None:
    network(place, STRICT)
    wrong = [put(place, name) for name in (
        "bus-20241125-1.csv", "bus-20241125-001.csv", "bus-20241131-01.csv", "x.csv",
        "bus-20241125-01.csv.old", "tram-20241125-01.csv")]
    said = clear(place, *wrong, put(place, "bus-20241125-01.csv"))
    assert said.pop("bus-20241125-01.csv") == ("OK", "")
    assert set(said.values()) == {
        ("FILE_NAME", "the sender's files are called {sender}-{date}-{sequence:02}.csv")}
    assert len(said) == len(wrong)


def test_a_gap_in_a_sequence(place: Path) -> None:
    network(place, STRICT)
    first, second, third, other = (put(place, f"bus-{name}.csv") for name in (
        "20241125-01", "20241125-02", "20241125-03", "20241126-02"))
    assert clear(place, third, first, other) == {
        first.name: ("OK", ""),
        third.name: ("FILE_GAP", "bus-20241125-02.csv has not come"),
        other.name: ("FILE_GAP", "bus-20241126-01.csv has not come")}
    assert clear(place, third, second) == {second.name: ("OK", ""), third.name: ("OK", "")}


def test_a_sequence_that_goes_on(place: Path) -> None:
    network(place, RUNNING)
    five, six, seven, nine = (put(place, f"bus-{name}.csv") for name in (
        "241123-0005", "241124-0006", "241125-0007", "241125-0009"))
    assert clear(place, six, five) == {five.name: ("OK", ""), six.name: ("OK", "")}
    assert clear(place, seven, nine) == {
        seven.name: ("OK", ""), nine.name: ("FILE_GAP", "bus-??????-0008.csv has not come")}
    assert [(one["expected"], one["received"], one["missing"]) for one in missing(place)] == [
        (1, 1, 0)]
    network(place, RUNNING + 'allows = ["gaps"]\n')
    assert clear(place, nine)[nine.name] == (
        "OK", "taken, as its contract allows: gaps (bus-??????-0008.csv has not come)")
    assert [(one["expected"], one["received"], one["missing_files"]) for one in missing(
        place)] == [(3, 2, "bus-??????-0008.csv")]


@pytest.mark.parametrize("several", [False, True])
def test_a_name_with_other_content(place: Path, several: bool) -> None:
    """In another run, and in the same one."""
    network(place, STRICT)
    one = put(place, "bus-20241125-01.csv")
    other = put(place / "elsewhere", one.name)
    runs = [[one, other]] if several else [[one], [other]]
    for paths in runs:
        accepted("clear", *paths, "--sender", "bus", "--network", place / "network", "--book",
                 place / "book")
    if several:
        files = shown("files", place / "book")
        assert sorted(file["code"] for file in files) == ["FILE_NAME_TAKEN", "OK"]
        return
    done = onecard("clear", other, "--sender", "bus", "--network", place / "network", "--book",
                   place / "book")
    assert done.code == 1
    assert "its name came before with other content, in run 1" in done.out
    assert "send what is new under a new name" in done.out
    assert clear(place, one)[one.name][0] == "DUPLICATE_FILE"


def test_a_content_with_another_name(place: Path) -> None:
    network(place, STRICT)
    one = put(place, "bus-20241125-01.csv")
    other, empty, second = (one.with_name(f"bus-{name}.csv") for name in (
        "20241125-02", "20241126-01", "20241127-01"))
    other.write_bytes(one.read_bytes())
    for path in (empty, second):
        path.write_bytes(one.read_bytes().splitlines(keepends=True)[0])
    assert clear(place, one, other) == {
        one.name: ("OK", ""), other.name: (
            "FILE_CONTENT_TAKEN",
            "its content came before, as bus-20241125-01.csv in this run")}
    # Two days without a ride are no mistake.
    assert [code for code, _ in clear(place, empty, second).values()] == ["OK", "DUPLICATE_FILE"]
    assert [one["received"] for one in missing(place, "2024-11-27")] == [1]


def test_a_file_is_taken_whole(place: Path) -> None:
    network(place, STRICT)
    rows = [ride(1), ride(2, mode="boat"), ride(3, mode="boat"), ride(4, card="x?")]
    path = put(place, "bus-20241125-01.csv", *rows)
    assert clear(place, path)[path.name] == (
        "FILE_IN_PART", "3 of 4 records are refused; first: line 3 UNKNOWN_MODE, "
                        "line 5 CARD_INVALID")
    network(place, ALLOWING)
    code, message = clear(place, path)[path.name]
    assert (code, message.partition(";")[0]) == (
        "OK", "taken, as its contract allows: rows (3 of 4 records are refused")
    assert len(shown("refusals", place / "book")) == 3


def test_what_is_let_pass_is_said(place: Path) -> None:
    network(place, ALLOWING)
    one = put(place, "bus-20241125-02.csv")
    again = one.with_name("bus-20241125-05.csv")
    again.write_bytes(one.read_bytes())
    done = accepted("clear", one, again, "--network", place / "network", "--book",
                    place / "book")
    assert "taken, as its contract allows: gaps (bus-20241125-01.csv has not come)" in " ".join(
        done.out.split())
    assert "allows: other_name (its content came before, as bus-20241125-02.csv" in " ".join(
        done.out.split())
    other = put(place, one.name)
    assert clear(place, other)[one.name][1] == (
        "taken, as its contract allows: other_content (its name came before with other content, "
        "in run 1), gaps (bus-20241125-01.csv has not come)")
    accepted("clear", again, "--network", place / "network", "--book", place / "book")


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_which_way_files_are_named_does_not_matter(place: Path, order: tuple[int, ...]) -> None:
    network(place, STRICT)
    rows = [ride(number, card=f"10000000000{number:08}") for number in range(1, 4)]
    paths = [put(place, f"bus-20241125-0{number}.csv", row)
             for number, row in zip((1, 2, 4), rows, strict=True)]
    said = clear(place, *(paths[place] for place in order))
    assert said == {paths[0].name: ("OK", ""), paths[1].name: ("OK", ""),
                    paths[2].name: ("FILE_GAP", "bus-20241125-03.csv has not come")}


def test_a_window_waits_for_its_files(place: Path) -> None:
    network(place, STRICT, COMPLETE + 'gaps = "named"\nof = ["files"]\n')
    clear(place, put(place, "bus-20241125-01.csv"))
    assert missing(place) == [{
        "sender": "bus", "name": "{sender}-{date}-{sequence:02}.csv", "expected": 3, "received": 1,
        "missing": 2, "missing_files": "bus-20241125-02.csv, bus-20241125-03.csv"}]
    told = onecard("completeness", "--window", DAY, "--book", place / "book")
    assert told.code == 1
    assert "bus-20241125-02.csv, bus-20241125-03.csv" in told.out

    def settle(*more: str, window: str = DAY) -> Outcome:
        return onecard("settle", "--yes", "--window", window, "--book", place / "book", *more)

    done = settle()
    assert (done.code, "2 files are missing" in done.err) == (2, True), done.err
    clear(place, *(put(place, f"bus-20241125-0{number}.csv") for number in (2, 3)))
    assert settle().code == 0
    # A day of which nothing came at all owes its files, too.
    done = settle("--empty", window="2024-11-26")
    assert (done.code, "3 files are missing" in done.err) == (2, True), done.err
    done = settle("--empty", "--gaps", "no buses", "--by", "li.wei", window="2024-11-26")
    assert done.code == 0, done.err
    with open_book(str(place / "book"), create=False, read_only=True) as book:
        found = book.query("SELECT counters, counted, expected, found, missing, reason "
                           "FROM certificates ORDER BY window")
    assert list(zip(*found.values(), strict=True)) == [
        ("files", 1, 3, 3, 0, ""), ("files", 1, 3, 0, 3, "no buses")]


@pytest.mark.parametrize(("contract", "said"), [
    ('name = "{day}.csv"',                                    "there is no part {day}"),
    ('name = "{date}{date}.csv"',                             "{date} stands twice"),
    ('name = "{date:%Y%m}.csv"',                              "a date is a year"),
    ('name = "{sequence:3}"\nsequence = "running"',           "width of a sequence"),
    ('name = "{any:x}"',                                      "have no form"),
    ('name = "{date"',                                        "cannot be read"),
    ('name = "{date}-{sequence}.csv"',                        "`sequence` says how it counts"),
    ('name = "{date}.csv"\nsequence = "daily"',               "`sequence` says how it counts"),
    ('name = "{sequence}.csv"\nsequence = "daily"',           "needs a {date}"),
    ('name = "x.csv"\ndaily = 1',                             "need a {date}"),
    ('name = "{date}.csv"\ndaily = 2',                        "need a {sequence}"),
    ('name = "{date}.csv"\ndaily = -1',                       "below 0"),
    ('name = "{date}{any}"',                                  "{any} stands beside neither"),
])
def test_a_contract_is_data_that_can_be_kept(tmp_path: Path, contract: str, said: str) -> None:
    network(tmp_path, f"\n[[sender.files]]\n{contract}\n")
    with pytest.raises(TableError, match=re.escape(said)) as caught:
        load_network(str(tmp_path / "network"))
    assert caught.value.location is not None
