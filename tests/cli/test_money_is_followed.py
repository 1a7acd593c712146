"""Every fen of a position leads to a ride, and every ride to its payment and to its bytes."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearing.answers.trace import show_record
from clearing.book import open_book
from tests.cli.clerk import FIRST, OPEN, SECOND, make_book
from tests.run.command import accepted, onecard, refused, shown


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = make_book(tmp_path_factory.mktemp("clerk"))
    with open_book(str(made)):
        for window in (FIRST, SECOND):
            accepted("pay", "make", "--by", "A", "--window", window, "--on", OPEN, "--book", made)
        yield made


def down(book: Path, *arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(
        accepted("trace", *arguments, "--csv", "--book", book).out)))


def up(book: Path, ride: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(
        accepted("trace", ride, "--json", "--book", book).out)
    return entries


def test_rides_come_to_their_position(book: Path) -> None:
    for row in shown("positions", book, "--window", SECOND, "--level", "member"):
        rides = down(book, "--member", row["member"], "--window", SECOND)
        assert sum(int(ride["amount"]) for ride in rides) == row["position"]
        by_cause: dict[str, int] = defaultdict(int)
        for ride in rides:
            by_cause[ride["cause"]] += int(ride["amount"])
        told = accepted("trace", "--member", row["member"], "--window", SECOND, "--book", book).out
        parts = [line.split() for line in told.splitlines()[4:] if line.startswith(" ")]
        assert {part[0] for part in parts} == set(by_cause)
        for cause, amount in by_cause.items():
            own = down(book, "--member", row["member"], "--window", SECOND, "--cause", cause)
            assert own == [ride for ride in rides if ride["cause"] == cause]
            assert sum(int(ride["amount"]) for ride in own) == amount


def test_a_month_is_its_windows(book: Path) -> None:
    def rides(*period: str) -> list[list[str]]:
        return [list(ride.values()) for ride in down(book, "--member", "hk-bus", *period)]

    assert sorted(rides("--month", "2024-11")) == sorted(
        [*rides("--window", FIRST), *rides("--window", SECOND)])


def test_a_payment_is_its_position(book: Path) -> None:
    done = onecard("trace", "--payment", "1/1", "--json", "--book", book)
    first = shown("instructions", book, "--to", FIRST)[0]
    signs = {"pays": -1, "receives": 1}
    assert sum(ride["amount"] for ride in json.loads(done.out)) == (
        signs[first["action"]] * first["amount"])
    assert f"{first['member']} {first['action']}" in done.err


def test_a_ride_leads_to_its_bytes_and_to_its_payment(book: Path) -> None:
    files = {path.name: path.read_bytes().splitlines() for path in book.parent.glob("*.csv")}
    for window in (FIRST, SECOND, OPEN):
        positions = {row["member"]: row["position"]
                     for row in shown("positions", book, "--window", window)}
        for ride in shown("rides", book, "--window", window):
            entry, = up(book, f"{ride['card']}/{ride['card_seq']}")
            assert entry["window"] == window
            assert entry["closed"] == ("" if window == OPEN else window)
            record, = entry["records"]
            assert record["text"].encode() == files[record["name"]][record["line"] - 1]
            assert record["text"].startswith(f"{ride['card']},{ride['card_seq']},")
            assert sum(leg["amount"] for leg in entry["legs"]
                       if leg["creditor"] == ride["operator"]) == ride["due"]
            for position in entry["positions"]:
                assert position["position"] == positions[position["member"]]
                assert len(position["payments"]) == len(position["instructions"]) == (
                    window != OPEN and position["position"] != 0)


def test_a_late_ride_is_told_as_one(book: Path) -> None:
    told = accepted("trace", "3105000020000000043/3", "--book", book).out
    assert "entered by run 3: late record" in told
    assert f"window {SECOND}, closed with {SECOND}" in told
    assert "of batch 2, OC" in told
    assert "which is still open" in accepted("trace", "3105000020000000043/5", "--book", book).out


def test_a_ride_that_was_taken_back_has_both_entries(book: Path) -> None:
    first, second = up(book, "3105000020000000050/1")
    assert (first["window"], first["takes_back"], second["takes_back"]) == (FIRST, False, True)
    assert (second["window"], second["reason"]) == (SECOND, "correction")
    assert [-leg["amount"] for leg in second["legs"]] == [leg["amount"] for leg in first["legs"]]
    told = accepted("trace", "3105000020000000050/1", "--book", book).out
    assert "correction, takes an entry back" in told


def test_a_file_that_is_not_kept_is_named(book: Path, tmp_path: Path) -> None:
    place = book / "kept"
    place.rename(tmp_path / "kept")
    try:
        record, = up(book, "3105000020000000043/1")[0]["records"]
    finally:
        (tmp_path / "kept").rename(place)
    assert record["text"] == ""
    assert "its file is not in" in record["why"]


#  parts of the file                             byte   shown, or why not
@pytest.mark.parametrize(("parts", "offset", "shown_"), [
    ([b"head\na,1\r\nb,2\n"], 5, "a,1"),
    ([b"head\na,", b"1\nb,2\n"], 5, "a,1"),
    ([b"he", b"ad\na,1"], 5, "a,1"),
    (["龙华总站,1\n".encode("gb18030")], 0, "龙华总站,1"),
    ([b"\x00\x01\x0a\x02"], 0, "0x00010a02"),
    ([b"x" * 3000], 0, "x" * 1024),
    ([b"PK\x03\x04" + b"x" * 99], 5, "its file is a workbook"),
    (["\ufeffa,1\n".encode("utf-16-le")], 3, "its file is a workbook, MessagePack or UTF-16"),
    ([b"\x92\x81\xa1a\x01", b"\x81\xa1a\x02"], 9, "its file is a workbook, MessagePack"),
    ([b"\x92\x81\xa1a\x01\n\x81"], 1, "0x81a161010a81"),
])
def test_a_record_is_shown_as_it_came(parts: list[bytes], offset: int, shown_: str) -> None:
    text, why = show_record(parts, offset)
    assert text == shown_ or (not text and why.startswith(shown_))


@pytest.mark.parametrize(("arguments", "words"), [
    ((), "give one of these"),
    (("31/1", "--member", "hk-bus"), "give one of these"),
    (("31/1", "--cause", "fare"), "give one of these"),
    (("--member", "hk-bus"), "give one of these"),
    (("--member", "hk-bus", "--window", FIRST, "--month", "2024-11"), "give one of these"),
    (("--payment", "1/1", "--window", FIRST), "give one of these"),
    (("31/1", "--csv"), "--json prints it"),
    (("31/1",), "has no ride 31/1"),
    (("31",), "does not name a ride"),
    (("--payment", "1/99"), "there is no payment '1/99'"),
    (("--payment", "one"), "there is no payment 'one'"),
    (("--payment", "1/1' OR '1"), "there is no payment"),
    (("--member", "nobody", "--window", FIRST), "there is no member"),
    (("--member", "hk-bus", "--window", "2024-11-01"), "there is no window"),
    (("--member", "hk-bus", "--window", FIRST, "--cause", "fares"), "nothing is owed for"),
])
def test_what_leads_nowhere_is_refused(book: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in refused("trace", *arguments, "--book", book).err
