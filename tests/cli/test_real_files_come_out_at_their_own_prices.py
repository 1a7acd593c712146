"""Files as cities publish them, cleared by the command: what riders paid is what the files say."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.run.command import REPOSITORY, accepted, shown

TAPS = REPOSITORY.parent / "shared" / "data" / "taps"
SHENZHEN = TAPS / "shenzhen_szt" / "szt_page1x100.json"
JAKARTA = TAPS / "transjakarta" / "taps_10k.csv"


def needs(path: Path) -> None:
    if not path.is_file():
        pytest.skip(f"{path} is not here: it is not part of the repository")


def cleared(network: str, book: Path, *paths: Path) -> list[dict[str, Any]]:
    """The rides of these files, every record of them accounted for."""
    accepted("clear", *paths, "--network", network, "--book", book)
    for file in shown("files", book):
        assert file["accepted"] + file["known"] + file["refused"] == file["records"]
    return shown("rides", book)


def test_a_page_of_shenzhen(tmp_path: Path) -> None:
    needs(SHENZHEN)
    records = json.loads(SHENZHEN.read_text("utf-8"))["data"]
    rides = cleared("shenzhen", tmp_path / "book", SHENZHEN)
    run, = shown("runs", tmp_path / "book")
    assert (run["taps"], run["accepted"]) == (100, 100)
    exits = Counter((record["card_no"], record["deal_date"].replace(" ", "T"),
                     int(record["deal_money"]))
                    for record in records if record["deal_type"] == "地铁出站")
    paid = Counter((ride["card"], ride["ended_at"], ride["paid"])
                   for ride in rides if ride["mode"] == "metro" and ride["ended_at"])
    assert paid == exits
    assert {ride["variance"] for ride in rides if ride["mode"] == "metro"} == {0}
    assert sum(ride["paid"] for ride in rides) == sum(
        int(record["deal_money"]) for record in records)


def test_ten_thousand_lines_of_jakarta(tmp_path: Path) -> None:
    needs(JAKARTA)
    rides = cleared("transjakarta", tmp_path / "book", JAKARTA)
    codes = Counter(row["code"] for row in shown("refusals", tmp_path / "book"))
    with JAKARTA.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["payCardID"]]
    whole = [row for row in rows if "E+" not in row["payCardID"]]
    assert codes["CARD_SPREADSHEET"] == len(rows) - len(whole)
    assert set(codes) == {"CARD_SPREADSHEET", "EMPTY_RECORD"}
    assert len(rides) == len(whole)
    taken = Counter((row["payCardID"], row["tapInStops"], time_of(row["tapInTime"]),
                     int(row["payAmount"])) for row in whole)
    assert Counter((ride["card"], ride["from_stop"], ride["started_at"].replace("T", " "),
                    ride["paid"]) for ride in rides) == taken
    # Ten rides of the whole set were free on lines that are not; four of these have whole cards.
    assert Counter(ride["variance"] for ride in rides) == {0: len(whole) - 4, -3500: 4}


HEADER = ("transID,payCardID,payCardBank,payCardName,payCardSex,payCardBirthDate,corridorID,"
          "corridorName,direction,tapInStops,tapInStopsName,tapInStopsLat,tapInStopsLon,"
          "stopStartSeq,tapInTime,tapOutStops,tapOutStopsName,tapOutStopsLat,tapOutStopsLon,"
          "stopEndSeq,tapOutTime,payAmount\n")


def test_jakarta_as_it_was_first_published(tmp_path: Path) -> None:
    """Rows without a way out, blank corridors, seconds, amounts that went through a float."""
    def row(card: str, line: str, begin: str, way_out: str, paid: str, stop: str = "P1") -> str:
        return (f"T1,{card},dki,G,F,1997,{line},N,1.0,{stop},P,-6.1,106.8,7,{begin},"
                f"{way_out},{paid}\n")

    whole, none = "P00253,T,-6.2,106.8,12.0,2023-04-03 06:00:53", ",,,,,"
    sent = tmp_path / "kaggle.csv"
    sent.write_text(HEADER + "".join([
        row("180062659848800", "5", "2023-04-03 05:21:44", whole, "3500.0"),
        row("180062659848800", "", "2023-04-03 07:21:44", whole.replace("06:", "08:"), "3500.0"),
        row("4885331907664776", "6C", "2023-04-03 05:42:44", none, ""),
        row("4885331907664776", "", "2023-04-03 09:42:44", none, "0.0"),
        row("4885331907664776", "6C", "2023-04-03 11:42:44", whole.replace("06:", "12:"), "3500.5"),
        row("4.88533E+15", "6C", "2023-04-03 11:42:44", whole, "0.0"),
    ]), "utf-8")
    rides = cleared("transjakarta", tmp_path / "book", sent)
    codes = [row["code"] for row in shown("refusals", tmp_path / "book")]
    assert codes == ["AMOUNT_INVALID", "CARD_SPREADSHEET"]
    assert [(ride["state"], ride["paid"], ride["line"]) for ride in rides] == [
        ("COMPLETE", 3500, "5"), ("COMPLETE", 3500, ""), ("MISSING_OUT", 0, "6C"),
        ("MISSING_OUT", 0, "")]     # where the file has no amount, the fare is uncollected
    assert [ride["uncollected"] for ride in rides] == [0, 0, 3500, 0]
    assert [ride["started_at"] for ride in rides][:2] == [
        "2023-04-03T05:21:44", "2023-04-03T07:21:44"]
    assert accepted("verify", "--all", "--book", tmp_path / "book").code == 0


def time_of(text: str) -> str:
    """The time 4/3/2023 5:21 as it was before the spreadsheet."""
    day, _, clock = text.partition(" ")
    month, number, year = day.split("/")
    return f"{year}-{int(month):02}-{int(number):02} {int(clock[:-3]):02}{clock[-3:]}:00"


def test_jakarta_before_the_spreadsheet(tmp_path: Path) -> None:
    """The very lines of the file whose cards are whole, in the shape that they once had."""
    needs(JAKARTA)
    with JAKARTA.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file)
                if row["payCardID"] and "E+" not in row["payCardID"]][:1000]
    names = HEADER.strip().split(",")
    sent = tmp_path / "kaggle.csv"
    with sent.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        for number, row in enumerate(rows):
            row = {**row, "tapInTime": time_of(row["tapInTime"]),
                   "tapOutTime": time_of(row["tapOutTime"]) if row["tapOutTime"] else "",
                   "payAmount": row["payAmount"] and f"{row['payAmount']}.0"}
            if number % 10 == 0:
                row |= {"tapOutStops": "", "tapOutTime": "", "payAmount": ""}
            if number % 7 == 0:
                row["corridorID"] = ""
            writer.writerow(row)
    rides = cleared("transjakarta", tmp_path / "book", sent)
    lost = len(shown("refusals", tmp_path / "book"))
    assert len(rides) + lost == len(rows)
    states = Counter(ride["state"] for ride in rides)
    assert states["MISSING_OUT"] >= 95
    assert lost < 20
    assert all(ride["paid"] in (0, 3500, 20000) for ride in rides)
