"""Conflicts, corrections, months, open rides and transfers, each over the end of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import REPOSITORY, accepted, codes_of, refused, shown, write_csv

COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "medium", "card_kind", "due", "paid", "born_on", "reviewed_until")
GZ, FS = "3104870300000000017", "3104870700000000019"
NUMBERS = iter(range(10**6))
ORIGINAL, SUPERSEDED, LATE_RECORD = "original", "superseded", "late_record"


def bus(seq: int, at: str, *, card: str = GZ, **values: Any) -> dict[str, Any]:
    """A boarding of a bus of Guangzhou."""
    return {"card": card, "card_seq": seq, "tapped_at": at, "operator": "gz-bus", "device": "B1",
            "device_seq": seq, "mode": "bus", "kind": "single", "line": "7", "medium": "qr",
            "card_kind": "ordinary", **values}


def metro(seq: int, at: str, kind: str, stop: str, **values: Any) -> dict[str, Any]:
    """A gate of the metro of Guangzhou."""
    return bus(seq, at, operator="gz-metro", device=f"G-{stop}", mode="metro", kind=kind,
               stop=stop, line="", **values)


def stops() -> list[str]:
    """Two stops of the metro that Guangzhou and Foshan share."""
    path = REPOSITORY / "fare_tables/data/demo/guangfo-metro-stops.csv"
    return [line.split(",")[0] for line in path.read_text("utf-8").splitlines()[1:3]]


def clear(book: str, folder: Path, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Clear these records in one run; the book's rides."""
    path = write_csv(folder / f"{next(NUMBERS)}.csv", rows, COLUMNS)
    accepted("clear", path, "--network", "demo", "--book", book)
    for file in shown("files", book):
        assert file["accepted"] + file["known"] + file["refused"] == file["records"]
    return shown("rides", book)


def last_codes(book: str) -> list[str]:
    """The refusals and copies of the newest run."""
    run = shown("runs", book)[-1]["run"]
    return codes_of(book, run)


def settle(book: str, day: str) -> None:
    done = accepted("settle", "--yes", "--window", day, "--book", book)
    assert done.code == 0, done


def posted(book: str) -> list[tuple[Any, ...]]:
    """Every entry: counter, state, paid, reason, window, run."""
    return [tuple(row[name] for name in ("card_seq", "state", "paid", "reason", "window", "run"))
            for row in shown("entries", book)]


def test_conflicts_within_a_run_refuse_both(book: str, tmp_path: Path) -> None:
    good = bus(1, "2024-11-25T08:00:00")
    assert clear(book, tmp_path, good, {**good, "device": "B2"}) == []
    assert last_codes(book) == ["CONFLICT", "CONFLICT"]
    assert clear(book, tmp_path, good) == []    # what contradicts it is in the book, and stays
    assert last_codes(book) == ["CONFLICT"]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_conflicts_with_an_earlier_run_take_its_ride_back(book: str, tmp_path: Path) -> None:
    """Which of the two is true nobody knows, and who came first is chance."""
    good = bus(1, "2024-11-25T08:00:00")
    ride, = clear(book, tmp_path, good)
    assert clear(book, tmp_path, {**good, "tapped_at": "2024-11-25T08:00:01"}) == []
    first, second = shown("refusals", book)
    assert (first["code"], second["code"]) == ("CONFLICT", "CONFLICT")
    assert {first["file"], second["file"]} == {row["name"] for row in shown("files", book)}
    assert {first["run"], second["run"]} == {2}         # the sender of the first is told then
    paid = ride["paid"]
    assert posted(book) == [(1, "SINGLE_TAP", paid, ORIGINAL, "2024-11-25", 1),
                            (1, "SINGLE_TAP", -paid, SUPERSEDED, "2024-11-25", 2)]
    assert [run["reversed"] for run in shown("runs", book)] == [0, 1]
    assert all(row["position"] == 0 for row in shown("positions", book))
    rides = clear(book, tmp_path, good, bus(2, "2024-11-25T12:00:00"))
    assert [row["card_seq"] for row in rides] == [2]
    assert last_codes(book) == ["CONFLICT"]             # once each, and never again
    clear(book, tmp_path, bus(3, "2024-11-25T13:00:00"))
    assert last_codes(book) == []
    assert accepted("verify", "--all", "--book", book).code == 0


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_no_order_of_runs_saves_one_side_of_a_conflict(runs: int, book: str,
                                                       tmp_path: Path) -> None:
    """Three of one number, two of them equal: whichever came first, none is kept."""
    one, other = bus(1, "2024-11-25T08:00:00"), bus(1, "2024-11-25T08:00:00", device="B2")
    chosen = {1: [[one, other, one]], 2: [[one, one], [other]], 3: [[other], [one], [one]]}[runs]
    for number, rows in enumerate(chosen):      # with another card's, so that no two are one file
        rides = clear(book, tmp_path, *rows, bus(number, f"2024-11-25T09:0{number}:00", card=FS))
    assert {ride["card"] for ride in rides} == {FS}
    assert codes_of(book) == (
        ["CONFLICT", "CONFLICT", "KNOWN"] if runs == 2 else ["CONFLICT"] * 3)


@pytest.mark.parametrize("others", [1, 2])
def test_conflicts_over_closed_windows_take_the_ride_back_in_the_open_one(
        others: int, book: str, tmp_path: Path) -> None:
    """The other's clock says the next day, whose window is open: it is of both all the same."""
    good = bus(1, "2024-11-25T08:00:00")
    ride, = clear(book, tmp_path, good)
    settle(book, "2024-11-25")
    closed = shown("positions", book, "--window", "2024-11-25")
    # Two that contradict each other contradict the closed one, too.
    assert clear(book, tmp_path, *(
        {**good, "tapped_at": f"2024-11-26T08:00:0{number}"} for number in range(others))) == []
    assert last_codes(book) == ["CONFLICT"] * (others + 1)
    assert posted(book)[1:] == [
        (1, "SINGLE_TAP", -ride["paid"], LATE_RECORD, "2024-11-26", 3)]
    assert shown("positions", book, "--window", "2024-11-25") == closed
    assert all(row["position"] == 0 for row in shown("positions", book))
    # What is in an open window is not judged without what is in a closed one, whatever comes.
    rides = clear(book, tmp_path, bus(2, "2024-11-26T12:00:00"))
    assert [row["card_seq"] for row in rides] == [2]
    settle(book, "2024-11-26")
    assert shown("rides", book) == rides
    assert clear(book, tmp_path, bus(3, "2024-11-26T13:00:00"))[:1] == rides
    assert len(shown("rides", book)) == 2
    assert last_codes(book) == []
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_corrected_record_is_accepted(book: str, tmp_path: Path) -> None:
    for fault, code in (({"card_kind": "cat"}, "UNKNOWN_CARD_KIND"),
                        ({"due": "-1"}, "AMOUNT_NEGATIVE"),
                        ({"stop": "S", "operator": "nobody"}, "UNKNOWN_OPERATOR")):
        assert clear(book, tmp_path, {**bus(1, "2024-11-25T08:00:00"), **fault}) == []
        assert last_codes(book) == [code]
    assert len(clear(book, tmp_path, bus(1, "2024-11-25T08:00:00"))) == 1


def test_an_open_ride_waits_for_the_next_run(book: str, tmp_path: Path) -> None:
    here, there = stops()
    entry = metro(1, "2024-11-25T23:50:00", "in", here)
    assert clear(book, tmp_path, entry) == []
    assert shown("runs", book)[-1]["open_rides"] == 1
    assert clear(book, tmp_path, entry) == []     # a file of the same bytes, and then of others
    assert clear(book, tmp_path, entry, bus(5, "2024-11-25T23:51:00", card=FS))[0]["card"] == FS
    assert last_codes(book) == ["KNOWN"]
    assert shown("runs", book)[-1]["open_rides"] == 1
    ride = clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there))[0]
    assert (ride["state"], ride["from_stop"], ride["to_stop"]) == ("COMPLETE", here, there)
    assert ride["started_at"] == "2024-11-25T23:50:00"
    assert shown("runs", book)[-1]["open_rides"] == 0
    clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there),
          bus(9, "2024-11-26T10:00:00", card=FS))
    assert last_codes(book) == ["KNOWN"]


def test_what_a_card_says_of_its_rider_is_part_of_the_record(book: str, tmp_path: Path) -> None:
    said = {"born_on": "1960-11-25", "reviewed_until": "2024-11-25"}
    for seq, other in enumerate(({"born_on": "1960-11-26"}, {"reviewed_until": "2024-11-26"}), 1):
        tap = bus(seq, f"2024-11-25T08:0{seq}:00", **said)
        assert clear(book, tmp_path, tap, {**tap, **other}) == []
        assert last_codes(book) == ["CONFLICT", "CONFLICT"]
    tap = bus(4, "2024-11-25T09:00:00", **said)
    assert len(clear(book, tmp_path, tap, tap)) == 1
    assert last_codes(book) == ["KNOWN"]
    entry, = shown("entries", book)
    assert (entry["age"], entry["reviewed"]) == (64, "reviewed")


def test_an_open_ride_remembers_its_rider(book: str, tmp_path: Path) -> None:
    here, there = stops()
    said = {"born_on": "1960-11-26", "reviewed_until": "2024-11-24"}
    entry = metro(1, "2024-11-25T23:50:00", "in", here, **said)
    assert clear(book, tmp_path, entry) == []
    clear(book, tmp_path, entry, bus(7, "2024-11-25T23:51:00", card=FS))
    assert last_codes(book) == ["KNOWN"]
    clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there))
    ride, = (row for row in shown("entries", book) if row["card"] == GZ)
    assert (ride["age"], ride["reviewed"]) == (63, "")      # on the day on which it began
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_way_in_that_is_contradicted_opens_no_ride(book: str, tmp_path: Path) -> None:
    here, there = stops()
    entry = metro(1, "2024-11-25T23:50:00", "in", here)
    assert clear(book, tmp_path, entry) == []
    assert clear(book, tmp_path, {**entry, "device": "G-9"}) == []
    assert last_codes(book) == ["CONFLICT", "CONFLICT"]
    assert shown("runs", book)[-1]["open_rides"] == 0
    ride, = clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there))
    assert ride["state"] == "MISSING_IN"


def test_a_way_out_that_is_contradicted_leaves_the_ride_open(book: str, tmp_path: Path) -> None:
    """It is taken back, and ends without an exit when its window closes."""
    here, there = stops()
    leave = metro(2, "2024-11-26T00:10:00", "out", there)
    ride, = clear(book, tmp_path, metro(1, "2024-11-25T23:50:00", "in", here), leave)
    assert clear(book, tmp_path, {**leave, "device": "G-other"}) == []
    assert shown("runs", book)[-1]["open_rides"] == 1
    settle(book, "2024-11-25")
    states = [row[1:4] for row in posted(book)]
    assert states[:2] == [("COMPLETE", ride["paid"], ORIGINAL),
                          ("COMPLETE", -ride["paid"], SUPERSEDED)]
    assert [(state, reason) for state, _, reason in states[2:]] == [("MISSING_OUT", ORIGINAL)]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_an_open_ride_ends_when_its_window_closes(book: str, tmp_path: Path) -> None:
    here, _ = stops()
    clear(book, tmp_path, metro(1, "2024-11-25T23:50:00", "in", here))
    clear(book, tmp_path, bus(1, "2024-11-26T23:50:00", card=FS))
    assert [ride["card"] for ride in shown("rides", book)] == [FS]     # no clock ends it
    done = accepted("settle", "--yes", "--window", "2024-11-25", "--book", book)
    assert "1 open ride ended without an exit" in done.out
    ride, = (ride for ride in shown("rides", book) if ride["card"] == GZ)
    assert (ride["state"], ride["window"]) == ("MISSING_OUT", "2024-11-25")


def test_an_exit_after_its_window_closed_puts_the_ride_right(book: str, tmp_path: Path) -> None:
    """Nothing in the closed window changes; the difference is posted in the open one."""
    here, there = stops()
    clear(book, tmp_path, metro(1, "2024-11-25T23:50:00", "in", here))
    settle(book, "2024-11-25")
    missing, = shown("rides", book)
    closed = shown("positions", book, "--window", "2024-11-25")
    ride, = clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there))
    assert (ride["state"], ride["from_stop"], ride["to_stop"]) == ("COMPLETE", here, there)
    assert ride["window"] == "2024-11-26"
    assert posted(book) == [
        (1, "MISSING_OUT", missing["paid"], ORIGINAL, "2024-11-25", 2),
        (1, "MISSING_OUT", -missing["paid"], LATE_RECORD, "2024-11-26", 3),
        (1, "COMPLETE", ride["paid"], LATE_RECORD, "2024-11-26", 3)]
    assert shown("positions", book, "--window", "2024-11-25") == closed
    assert accepted("verify", "--all", "--book", book).code == 0


def test_more_rides_are_open_than_a_batch_holds(book: str, tmp_path: Path) -> None:
    here, _ = stops()
    clear(book, tmp_path, *(metro(1, "2024-11-25T23:50:00", "in", here, card=f"31048703{n:011}")
                            for n in range(1_500)))
    done = accepted("settle", "--yes", "--window", "2024-11-25", "--book", book)
    assert "1,500 open rides ended without an exit" in done.out
    assert len(shown("rides", book)) == 1_500


@pytest.mark.parametrize("records", [11, 60])
def test_months_and_transfers_go_on_in_the_next_run(records: int, tmp_path: Path) -> None:
    """One run or many, with the tiers of a month and a transfer over their ends."""
    rows = [bus(seq, f"2024-11-{1 + seq // 4:02}T{8 + 3 * (seq % 4):02}:00:00", medium="card",
                device="B7", paid=200, due=200) for seq in range(1, 60)]
    rows += [bus(100 + seq, f"2024-11-20T{6 + seq:02}:30:00", card=FS, operator="fs-bus")
             for seq in range(12)]
    rows.sort(key=lambda row: row["tapped_at"])
    # Validators charge this card; the price that tables say is what memory decides.
    names = ("card", "card_seq", "due", "price", "paid", "rule", "variance")
    found = []
    for book, size in (("one", len(rows)), ("many", records)):
        with open_book(str(tmp_path / book)):
            for start in range(0, len(rows), size):
                rides = clear(str(tmp_path / book), tmp_path, *rows[start:start + size])
            found.append([[ride[name] for name in names] for ride in rides])
            assert accepted("verify", "--all", "--book", tmp_path / book).code == 0
    assert found[0] == found[1]
    assert len({tuple(ride[2:6]) for ride in found[0]}) > 1, "no tier and no transfer was met"


def test_late_taps_post_to_the_next_open_window(book: str, tmp_path: Path) -> None:
    clear(book, tmp_path, bus(1, "2024-11-25T08:00:00"), bus(2, "2024-11-26T08:00:00"))
    accepted("settle", "--yes", "--window", "2024-11-25", "--book", book)
    closed = shown("positions", book, "--window", "2024-11-25")
    for day in ("2024-11-25", "2024-11-24"):
        done = refused("settle", "--yes", "--window", day, "--book", book)
        assert f"{day}: the window is closed already" in done.err
    rides = clear(book, tmp_path, bus(3, "2024-11-25T09:00:00"))
    assert [ride["window"] for ride in rides] == ["2024-11-25", "2024-11-26", "2024-11-26"]
    assert shown("positions", book, "--window", "2024-11-25") == closed
    accepted("settle", "--yes", "--empty", "--window", "2024-11-28", "--book", book)
    rides = clear(book, tmp_path, bus(4, "2024-11-26T22:00:00"), bus(5, "2024-11-29T22:00:00"))
    assert [ride["window"] for ride in rides][-2:] == ["2024-11-29", "2024-11-29"]
    assert len(shown("runs", book)) == 5
    assert accepted("verify", "--all", "--book", book).code == 0
