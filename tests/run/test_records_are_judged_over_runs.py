"""Conflicts, corrections, months, open rides and transfers, each over the end of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import REPOSITORY, accepted, refused, shown, write_csv

COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "medium", "card_kind", "due", "paid", "born_on", "reviewed_until")
GZ, FS = "3104870300000000017", "3104870700000000019"
NUMBERS = iter(range(10**6))


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
        assert file["accepted"] + file["refused"] == file["records"]
    return shown("rides", book)


def last_codes(book: str) -> list[str]:
    """The refusals of the newest run."""
    run = shown("runs", book)[-1]["run"]
    return [row["code"] for row in shown("refusals", book, "--run", str(run))]


def test_conflicts_within_a_run_refuse_both(book: str, tmp_path: Path) -> None:
    good = bus(1, "2024-11-25T08:00:00")
    assert clear(book, tmp_path, good, {**good, "device": "B2"}) == []
    assert last_codes(book) == ["CONFLICT", "CONFLICT"]
    assert len(clear(book, tmp_path, good)) == 1      # what was refused may be sent again
    assert last_codes(book) == []


def test_conflicts_with_an_earlier_run_leave_its_ride(book: str, tmp_path: Path) -> None:
    good = bus(1, "2024-11-25T08:00:00")
    before = clear(book, tmp_path, good)
    assert clear(book, tmp_path, {**good, "tapped_at": "2024-11-25T08:00:01"}) == before
    assert last_codes(book) == ["CONFLICT"]
    assert clear(book, tmp_path, good, bus(2, "2024-11-25T12:00:00"))[:1] == before
    assert last_codes(book) == ["DUPLICATE"]


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
    assert shown("runs", book)[-1]["carried"] == 1
    assert clear(book, tmp_path, entry) == []     # a file of the same bytes, and then of others
    assert clear(book, tmp_path, entry, bus(5, "2024-11-25T23:51:00", card=FS))[0]["card"] == FS
    assert last_codes(book) == ["DUPLICATE"]
    assert shown("runs", book)[-1]["carried"] == 1
    ride = clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there))[0]
    assert (ride["state"], ride["from_stop"], ride["to_stop"]) == ("COMPLETE", here, there)
    assert ride["started_at"] == "2024-11-25T23:50:00"
    assert shown("runs", book)[-1]["carried"] == 0
    clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there),
          bus(9, "2024-11-26T10:00:00", card=FS))
    assert last_codes(book) == ["DUPLICATE"]


def test_what_a_card_says_of_its_rider_is_part_of_the_record(book: str, tmp_path: Path) -> None:
    tap = bus(1, "2024-11-25T08:00:00", born_on="1960-11-25", reviewed_until="2024-11-25")
    for other in ({"born_on": "1960-11-26"}, {"born_on": ""}, {"reviewed_until": "2024-11-26"}):
        assert clear(book, tmp_path, tap, {**tap, **other}) == []
        assert last_codes(book) == ["CONFLICT", "CONFLICT"]
    assert len(clear(book, tmp_path, tap, tap)) == 1
    assert last_codes(book) == ["DUPLICATE"]
    entry, = shown("entries", book)
    assert (entry["age"], entry["reviewed"]) == (64, "reviewed")


def test_an_open_ride_remembers_its_rider(book: str, tmp_path: Path) -> None:
    here, there = stops()
    said = {"born_on": "1960-11-26", "reviewed_until": "2024-11-24"}
    entry = metro(1, "2024-11-25T23:50:00", "in", here, **said)
    assert clear(book, tmp_path, entry) == []
    clear(book, tmp_path, entry, {**entry, "born_on": ""})
    assert last_codes(book) == ["DUPLICATE", "CONFLICT"]
    assert len(clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there))) == 1
    ride, = shown("entries", book)
    assert (ride["age"], ride["reviewed"]) == (63, "")      # on the day on which it began
    assert accepted("verify", "--all", "--book", book).code == 0


def test_an_open_ride_ends_when_its_window_closes(book: str, tmp_path: Path) -> None:
    here, there = stops()
    clear(book, tmp_path, metro(1, "2024-11-25T23:50:00", "in", here))
    done = accepted("settle", "--window", "2024-11-25", "--book", book)
    assert "1 open rides ended without an exit" in done.out
    ride, = shown("rides", book)
    assert (ride["state"], ride["window"]) == ("MISSING_OUT", "2024-11-25")
    rides = clear(book, tmp_path, metro(2, "2024-11-26T00:10:00", "out", there))
    assert [ride["state"] for ride in rides] == ["MISSING_IN", "MISSING_OUT"]


def test_more_rides_are_open_than_a_batch_holds(book: str, tmp_path: Path) -> None:
    here, _ = stops()
    clear(book, tmp_path, *(metro(1, "2024-11-25T23:50:00", "in", here, card=f"31048703{n:011}")
                            for n in range(1_500)))
    done = accepted("settle", "--window", "2024-11-25", "--book", book)
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
    accepted("settle", "--window", "2024-11-25", "--book", book)
    closed = shown("positions", book, "--window", "2024-11-25")
    for day in ("2024-11-25", "2024-11-24"):
        done = refused("settle", "--window", day, "--book", book)
        assert f"{day}: the window is closed already" in done.err
    rides = clear(book, tmp_path, bus(3, "2024-11-25T09:00:00"))
    assert [ride["window"] for ride in rides] == ["2024-11-25", "2024-11-26", "2024-11-26"]
    assert shown("positions", book, "--window", "2024-11-25") == closed
    accepted("settle", "--window", "2024-11-28", "--book", book)
    rides = clear(book, tmp_path, bus(4, "2024-11-26T22:00:00"), bus(5, "2024-11-29T22:00:00"))
    assert [ride["window"] for ride in rides][-2:] == ["2024-11-29", "2024-11-29"]
    assert len(shown("runs", book)) == 5
    assert accepted("verify", "--all", "--book", book).code == 0
