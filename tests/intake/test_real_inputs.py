"""Files as cities publish them, with their real faults, through the shipped layouts."""

from __future__ import annotations

import csv
import datetime
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.intake import Intake
from clearing.intake.reader import read_files
from network.names import Names
from network.network import load_network
from network.numbering import number_network
from tests.intake.sender import RECEIVED_AT, all_taps, outcomes

TAPS = Path(__file__).parents[3] / "shared" / "data" / "taps"
SHENZHEN = TAPS / "shenzhen_szt" / "szt_page1x100.json"
JAKARTA = TAPS / "transjakarta" / "taps_10k.csv"


def read(network: str, path: Path, names: Names) -> Intake:
    """Read a real file, or skip the test."""
    if not path.is_file():
        pytest.skip(f"{path} is not here: it is not part of the repository")
    numbered = number_network(load_network(network), names)
    return read_files([path], DecoderTables(numbered), received_at=RECEIVED_AT,
                      threads=2)


def test_a_page_of_shenzhen(tmp_path: Path) -> None:
    names = Names()
    intake = read("shenzhen", SHENZHEN, names)
    assert set(outcomes(intake)) == {("OK", "")}
    records = json.loads(SHENZHEN.read_text("utf-8"))["data"]
    taps = all_taps(intake, names)
    assert intake.files[0].due == sum(int(record["deal_value"]) for record in records)
    assert intake.files[0].paid == sum(int(record["deal_money"]) for record in records)
    for tap, record in zip(taps, records, strict=True):
        card = (int(tap["card_hi"]) << 64 | int(tap["card_lo"])).to_bytes(16, "big")
        assert card.rstrip(b"\0").decode() == record["card_no"]
        civil = datetime.datetime.fromisoformat(record["deal_date"] + "+08:00")
        assert tap["tapped_at"] == tap["card_seq"] == civil.timestamp()
        assert names.code("device", int(tap["device"])) == record["equ_no"]
        staff = names.code("card_kind", int(tap["card_kind"])) == "staff"
        assert staff == record["card_no"].startswith("HH")
        bus = record["deal_type"] == "巴士"
        assert names.code("mode", int(tap["mode"])) == ("bus" if bus else "metro")
        assert names.code("stop", int(tap["stop"])) == ("" if bus else record["equ_no"][:6])
        assert names.code("line", int(tap["line"])) == (record["station"] if bus else "")
        assert names.code("vehicle", int(tap["vehicle"])) == (record["car_no"] if bus else "")
    operators = Counter(names.code("member", number) for number in taps["operator"].tolist())
    assert operators["sz-metro-5"] == 47
    assert operators["sz-jinhuanan"] == 7
    assert operators["sz-huacheng"] == 3


def test_ten_thousand_lines_of_jakarta(tmp_path: Path) -> None:
    """Half of them are nothing but commas, and a spreadsheet has rounded many cards."""
    names = Names()
    intake = read("transjakarta", JAKARTA, names)
    assert Counter(outcomes(intake)) == {
        ("EMPTY_RECORD", ""): 5000, ("CARD_SPREADSHEET", "payCardID"): 2020, ("OK", ""): 2979}
    with JAKARTA.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file)
                if row["payCardID"] and "E+" not in row["payCardID"]]
    taps = all_taps(intake, names)
    assert intake.files[0].paid == sum(int(row["payAmount"]) for row in rows)
    for tap, row in zip(taps, rows, strict=True):
        assert int(tap["card_lo"]) == int(row["payCardID"]) % 2**64
        assert names.code("stop", int(tap["in_stop"])) == row["tapInStops"]
        assert names.code("stop", int(tap["stop"])) == row["tapOutStops"]
        assert names.code("line", int(tap["line"])) == row["corridorID"]
        assert tap["direction"] == int(row["direction"]) + 1
        civil = datetime.datetime.strptime(row["tapInTime"] + "+0700", "%m/%d/%Y %H:%M%z")
        assert tap["in_at"] == tap["card_seq"] == civil.timestamp()


def test_jakarta_as_it_was_published(tmp_path: Path) -> None:
    """The same columns before the spreadsheet: whole cards, other times, amounts with a .0."""
    header = ("transID,payCardID,payCardBank,payCardName,payCardSex,payCardBirthDate,corridorID,"
              "corridorName,direction,tapInStops,tapInStopsName,tapInStopsLat,tapInStopsLon,"
              "stopStartSeq,tapInTime,tapOutStops,tapOutStopsName,tapOutStopsLat,tapOutStopsLon,"
              "stopEndSeq,tapOutTime,payAmount\n")
    rows = [
        "EIIW227B8L34VB,180062659848800,emoney,B,M,2008,5,M - A,1.0,P00142,P,-6.1,106.8,7,"
        "2023-04-03 05:21:44,P00253,T,-6.2,106.8,12.0,2023-04-03 06:00:53,3500.0\n",
        "LGXO740D2N47GZ,4885331907664776,dki,G,F,1997,,,0.0,B01963P,K,-6.2,106.8,13,"
        "2023-04-03 05:42:44,,,,,,,\n",
        "LGXO740D2N47GA,4885331907664776,dki,G,F,1997,6C,,0.0,,,,,13,"
        "2023-04-03 05:42:44,B1,,,,,2023-04-03 06:42:44,0.0\n",
        "LGXO740D2N47GB,4885331907664776,dki,G,F,1997,6C,,0.0,B1,,,,13,"
        "2023-04-03 07:42:44,,,,,,2023-04-03 08:42:44,0.0\n",
    ]
    (tmp_path / "taps.csv").write_text(header + "".join(rows), "utf-8")
    names = Names()
    intake = read("transjakarta", tmp_path / "taps.csv", names)
    assert outcomes(intake) == [("OK", ""), ("OK", ""), ("OK", ""),
                                ("MISSING_VALUE", "tapOutStops")]
    taps = all_taps(intake, names)
    assert taps["paid"].tolist() == [3500, 0, 0]
    assert taps["flags"].tolist() == [2, 0, 2]
    assert np.all(taps["tapped_at"][1:2] == taps["in_at"][1:2])
    assert taps["stop"][1] == 0
    assert taps["line"][1] == 0
    assert taps["direction"].tolist() == [2, 1, 1]
