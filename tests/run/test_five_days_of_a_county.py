"""Five days as a clerk meets them: late, doubled, corrected, mispriced.

A table is wrong for two days, depots' files come a day late, records come twice, a clock is put
right after its window closed, a ride is cancelled, two reports of a tap contradict each other.
Every window is closed in the evening. In the end closed windows and differences say, for every two
members and every cause, what one run over everything would have.
"""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

from clearing.book import open_book
from ext.codes import Reason
from tests.run.command import accepted, shown, write_csv
from tests.run.test_arrival_does_not_matter import (
    COLUMNS,
    SMALL,
    Row,
    owed,
    postings_add_up,
    ride,
    rides_of,
    settle,
    tap,
)
from tests.run.test_corrections_put_right import fixed
from tests.run.test_tables_that_changed import make_dearer, verified

DAYS = (25, 26, 27, 28, 29)
NUMBERS = itertools.count(1)


def day_of(day: int) -> dict[str, list[Row]]:
    """What each operator sends of a day; every rider goes by metro, bus B and bus A."""
    sent: dict[str, list[Row]] = {"metro": [], "bus-a": [], "bus-b": []}
    for rider in range(12):
        seq = (day - DAYS[0]) * 10 + 1
        card = {"card": f"{1 + rider % 2}{rider:04}"}
        sent["metro"] += [{**card, **row} for row in ride(
            seq, f"{day} 08:{rider:02}", f"{day} 08:{30 + rider}", stops="M1 M3")]
        sent["bus-b"].append({**card, **tap(seq + 2, f"{day} 08:{45 + rider}", "bus-b")})
        sent["bus-a"].append({**card, **tap(seq + 3, f"{day} 09:{20 + rider}", "bus-a")})
    return sent


def clear(book: Path, folder: Path, rows: list[Row], network: Path) -> None:
    path = write_csv(folder / f"{next(NUMBERS)}.csv", rows, (*COLUMNS, "revision"))
    accepted("clear", path, "--network", network, "--book", book)


def test_five_days(tmp_path: Path) -> None:
    network = Path(shutil.copytree(SMALL, tmp_path / "network"))
    days = {day: day_of(day) for day in DAYS}
    wrong_clock = {"card": "17777", **tap(1, "26 03:20", "bus-a")}
    right_clock = fixed(wrong_clock, tapped_at="2024-11-25T09:00:00", authorised_by="bus-a")
    no_ride = {"card": "18888", **tap(1, "27 12:00", "bus-b")}
    cancelled = fixed(no_ride, "cancel", reason="not_a_ride", authorised_by="bus-b")
    contradicted = [{"card": "19999", **tap(1, "28 12:00", "bus-b", device=device)}
                    for device in ("B1", "B2")]
    settled_by = fixed(contradicted[0], authorised_by="bus-b")
    sent: list[list[Row]] = []

    book = tmp_path / "book"
    with_hand: dict[int, list[list[Row]]] = {
        25: [[*days[25]["metro"]], days[25]["bus-a"], [*days[25]["metro"], no_ride]],
        26: [days[25]["bus-b"], sum(days[26].values(), [wrong_clock])],
        27: [days[27]["bus-a"] + days[27]["metro"], [right_clock]],
        28: [days[27]["bus-b"], [cancelled], days[28]["metro"] + days[28]["bus-a"],
             days[28]["bus-b"], contradicted],
        29: [days[29]["metro"], [settled_by], days[29]["bus-b"]]}
    with open_book(str(book)):
        for day, files in with_hand.items():
            for rows in files:
                clear(book, tmp_path, rows, network)
                sent.append(rows)
            if day == 27:
                make_dearer(network)        # as it should have been since the 25th
                accepted("restate", "--since", "2024-11-25", "--book", book)
            settle(book, tmp_path, f"2024-11-{day}")
            assert "no differences" in verified(book)
            assert postings_add_up(book)
        clear(book, tmp_path, days[29]["bus-a"], network)
        sent.append(days[29]["bus-a"])
        settle(book, tmp_path, "2024-11-30")
        found = rides_of(book), owed(book)
        reasons = {row["reason"] for row in shown("entries", book)}
        assert "no differences" in verified(book)

    at_once = tmp_path / "at-once"
    with open_book(str(at_once)):
        clear(at_once, tmp_path, [row for rows in sent for row in rows], network)
        for day in (*DAYS, 30):
            settle(at_once, tmp_path, f"2024-11-{day}")
        assert found == (rides_of(at_once), owed(at_once))
    assert len(found[0]) == 3 * 12 * len(DAYS) + 2
    held = {Reason.CLAIM_RELEASED, Reason.CLAIM_REJECTED}       # this county believes all claims
    assert reasons == {reason.name.lower() for reason in set(Reason) - held}
