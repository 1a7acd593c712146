"""A ride over two operators' track is owed to one of them, which shares it when windows close.

By a table or by distance, to the fen over a month, and worked out again whoever asks.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.book.beneath import change_rows
from tests.fares.folder import METRO, head, write
from tests.run.command import accepted, onecard, shown, write_csv

COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "card_kind", "medium", "issuer")
LOOP = """
[[operator]]
code = "loop"
name = "Loop line"
city = "gz"
modes = ["metro"]
charged_by = { default = "engine" }
stops = "stops.csv"
links = "links.csv"
system = "metro"
"""
SHARE = """
[[revenue_share]]
revenue_share = "through"
operators = ["metro", "loop"]
file = "shares.csv"
by = "{by}"
"""
TABLE = "from,to,operator,weight\na,d,metro,2\na,d,loop,1\n"
# From a to d: 3,000 metres of the metro's track, 3,000 of the loop's; the way by x is longer.
TRACK = ("from,to,operator,weight\na,b,metro,1000\nb,c,metro,2000\nc,d,loop,3000\n"
         "a,x,loop,4000\nx,d,loop,4000\n")


def network(folder: Path, by: str = "table", shares: str = TABLE, more: str = "") -> Path:
    (folder / "network").mkdir(exist_ok=True)
    table = head("metro").replace('["metro"]', '["metro", "loop"]') + METRO
    stops = "stop,name\na,A\nb,B\nc,C\nd,D\nx,X\n"
    return write(folder / "network", {"metro": table}, network=LOOP + SHARE.format(by=by) + more,
                 files={"shares.csv": shares, "stops.csv": stops})


def clear(folder: Path, *days: str, first: int = 1, end: str = "d") -> Path:
    """A ride on each day from a, where the metro is, out of the loop: 3.00 to d, 2.00 to c."""
    rows = [{"card": "10001", "card_seq": 2 * number + way, "operator": operator, "mode": "metro",
             "tapped_at": f"{day}T08:{30 * way:02}:00", "device": f"D{way}", "device_seq": number,
             "kind": kind, "stop": stop, "card_kind": "adult", "medium": "card",
             "issuer": "gz-card"}
            for number, day in enumerate(days, first)
            for way, (kind, operator, stop) in enumerate([("in", "metro", "a"),
                                                          ("out", "loop", end)])]
    taps = write_csv(folder / f"taps-{first}.csv", rows, COLUMNS)
    done = accepted("clear", taps, "--network", folder / "network", "--book", folder / "book")
    assert done.code == 0, done
    return folder / "book"


def settle(book: Path, day: str) -> list[dict[str, str]]:
    """Close a day; what was shared, with its working."""
    accepted("settle", "--yes", "--empty", "--window", day, "--book", book)
    with (book / "settlement" / day / "revenue-shares.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def owed(book: Path) -> int:
    """What the loop, which fares are owed to, owes the metro."""
    return sum(row["amount"] for row in shown("obligations", book)
               if (row["debtor"], row["creditor"], row["cause"]) == ("loop", "metro",
                                                                     "revenue_share"))


def test_parts_are_exact_over_a_month(tmp_path: Path) -> None:
    network(tmp_path, shares=TABLE.replace("metro,2", "metro,4").replace("loop,1", "loop,3"))
    book = clear(tmp_path, "2024-11-28", "2024-11-29", "2024-11-30", "2024-12-02")
    [working] = settle(book, "2024-11-28")
    assert [working[name] for name in ("operator", "carrier", "rides", "month", "weight", "of",
                                       "due", "posted", "amount")] == [
        "loop", "metro", "1", "300", "4", "7", "171", "0", "171"]      # 171.43
    [working] = settle(book, "2024-11-29")
    assert (working["month"], working["due"], working["amount"]) == ("600", "343", "172")  # 342.86
    # November and December at once; a month begins anew.
    assert [row["amount"] for row in settle(book, "2024-12-02")] == ["171", "171"]
    assert owed(book) == 171 + 172 + 171 + 171
    assert sum(row["position"] for row in shown("positions", book) if row["level"] == "member") == 0
    assert onecard("verify", "--all", "--book", book).code == 0


def test_a_way_is_shared_by_its_metres(tmp_path: Path) -> None:
    network(tmp_path, "distance", TRACK)
    book = clear(tmp_path, "2024-11-28")
    clear(tmp_path, "2024-11-29", first=2, end="c")         # over the metro's track alone
    assert [(row["to_stop"], row["weight"], row["of"], row["amount"])
            for row in settle(book, "2024-11-29")] == [
        ("c", "3000", "3000", "200"), ("d", "3000", "6000", "150")]
    assert owed(book) == 350
    told = accepted("tables", "shares", tmp_path / "network", "d", "a").out.split("\n")
    assert [line.split() for line in told if "through" in line] == [
        ["through", "distance", operator, "3000", "6000", *"dcba"]
        for operator in ("loop", "metro")]
    assert "nobody shares rides" in onecard("tables", "shares", tmp_path / "network", "a", "?").err


def test_a_corrected_ride_takes_its_part_back(tmp_path: Path) -> None:
    """What is posted late counts in the window that it is posted in."""
    network(tmp_path)
    book = clear(tmp_path, "2024-11-28")
    settle(book, "2024-11-28")
    assert owed(book) == 200
    columns = (*COLUMNS, "correction", "revision", "reason", "authorised_by")
    taps = (tmp_path / "taps-1.csv").read_text("utf-8").splitlines()
    out = dict(zip(COLUMNS, taps[2].split(","), strict=True))
    mended = write_csv(tmp_path / "mended.csv", [out | {
        "stop": "c", "correction": "replace", "revision": "1", "reason": "wrong_place",
        "authorised_by": "loop"}], columns)
    assert accepted("clear", mended, "--book", book).code == 0
    assert [(row["rides"], row["amount"]) for row in settle(book, "2024-11-29")] == [("-1", "-200")]
    assert owed(book) == 0
    assert onecard("verify", "--all", "--book", book).code == 0


def test_a_share_that_was_changed_is_found(tmp_path: Path) -> None:
    network(tmp_path)
    book = clear(tmp_path, "2024-11-28")
    settle(book, "2024-11-28")
    with open_book(str(book), create=False) as opened:
        change_rows(opened, "stored_flows", "UPDATE amount = amount + 1 WHERE cause = 15")
    done = onecard("verify", "--all", "--book", book)
    assert "loop shares 1 fen more with metro than is due" in done.out + done.err


@pytest.mark.parametrize(("change", "told"), [
    ({"shares": TABLE + "a,z,metro,1\n"}, "shares.csv:4: there is no stop 'z'"),
    ({"shares": TABLE + "a,c,bus,1\n"}, "shares.csv:4: 'bus' is not of 'through'"),
    ({"shares": TABLE + "a,d,loop,1\n"}, "shares.csv:4: it stands twice"),
    ({"shares": TABLE + "a,c,loop,1.5\n"}, "shares.csv:4: '1.5' is not a whole number"),
    ({"shares": "from,to\n"}, "shares.csv:1: the header is from,to"),
    ({"more": SHARE.format(by="table").replace('"through"', '"again"')},
     "both share rides of 'loop'"),
    ({"more": SHARE.format(by="table").replace('"through"', '"bus"').replace(
        '["metro", "loop"]', '["metro", "bus"]')}, "of operators that share no paid area"),
    ({"more": SHARE.format(by="table").replace('"through"', '"one"').replace(
        '["metro", "loop"]', '["bus"]')}, "is not of several operators"),
])
def test_shares_that_cannot_be_are_refused_before_anything_is_cleared(
        tmp_path: Path, change: dict[str, str], told: str) -> None:
    network(tmp_path, **change)
    taps = write_csv(tmp_path / "taps.csv", [], COLUMNS)
    done = onecard("clear", taps, "--network", tmp_path / "network", "--book", tmp_path / "book")
    assert done.code == 2 and told in done.err, done
