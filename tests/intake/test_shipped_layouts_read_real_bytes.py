"""Layouts that come with the engine read records built as their descriptions say, and real ones.

Records are put together here from the places in the description, not from the layouts.
"""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import Any

import pytest

from clearing.intake.convert import Converted, open_file
from clearing.intake.layout import SHIPPED, list_layouts, load_layout
from ext.codes import Code
from network.civil import Clock
from network.errors import OnecardError

DATA = Path(__file__).parents[3] / "shared" / "data"
BEIJING = Clock("Asia/Shanghai", datetime.date(2000, 1, 1))


def read(folder: Path, content: bytes, name: str) -> list[Converted]:
    path = folder / "sent"
    path.write_bytes(content)
    with open_file(path, load_layout(folder, name), BEIJING) as opened:
        return list(opened.records())


def values(folder: Path, content: bytes, name: str) -> dict[str, str]:
    """What the only record says, without blanks."""
    [record] = read(folder, content, name)
    assert record.code == Code.OK
    return {column: value for column, value in record.values.items() if value}


def cut(size: int, *parts: tuple[int, bytes], filler: bytes = b" ") -> bytes:
    """A record of these bytes at their places."""
    record = bytearray(filler * size)
    for start, part in parts:
        assert start + len(part) <= size
        record[start:start + len(part)] = part
    return bytes(record)


def yangzhou(**more: bytes) -> bytes:
    given = {"kind": b"0", "trade": b"06", "amount": b"000000C8", **more}
    return cut(261, (12, b"1234567890"), (32, b"3123120000000000017"), (67, b"02 "),
               (70, given["kind"]), (71, b"00000BB8"), (79, given["amount"]), (87, b"00000AF0"),
               (95, given["trade"]), (105, b"310000000012"), (117, b"PSAM00000001"),
               (129, b"000000321"), (138, b"0"), (139, b"0000002A"), (147, b"20241125"),
               (155, b"073000"), (161, b"89ABCDEF"), (169, b"01"), (171, b"00"), (173, b"0123"),
               (177, b"01013120FFFFFFFF"), (193, b"3120"), (197, b"3120"), (201, b"YZBUS01 "),
               (229, "苏K123".encode("gb18030")), (259, b"01")) + b"\n"


def test_yangzhou(tmp_path: Path) -> None:
    assert values(tmp_path, yangzhou(), "yangzhou") == {
        "card": "3123120000000000017", "card_seq": "0123", "tapped_at": "20241125073000",
        "operator": "YZBUS01", "device": "310000000012", "device_seq": "42", "mode": "bus",
        "kind": "single", "vehicle": "苏K123", "card_kind": "student", "paid": "200",
        "balance_before": "3000", "tac": "89ABCDEF", "key_version": "01"}
    locked = values(tmp_path, yangzhou(kind=b"1", amount=b"00000000"), "yangzhou")
    assert (locked["kind"], locked["paid"]) == ("lock", "0")
    [bad] = read(tmp_path, yangzhou(amount=b"00000GC8"), "yangzhou")
    assert bad.code == Code.NUMBER_INVALID
    [half] = read(tmp_path, yangzhou().replace(b"K123", b"\x8123"), "yangzhou")
    assert half.code == Code.BAD_ENCODING


def zibo(units: int = 2, state: int = 0xFD, way: int = 1, small: int = 1) -> bytes:
    record = cut(208, (0, bytes([units])), (3, bytes([1, small, 4, 1, state])), (8, b"ZBGJ"),
                 (18, b"ZB01"), (28, b"01"), (38, b"126"), (48, b"\xC2\xB3C1234"[2:]),
                 (58, b"\x07"), (67, b"POS0001"), (87, bytes.fromhex("000000000001")),
                 (93, bytes.fromhex("000000000002")), (99, bytes.fromhex("0000000000000000FFFF")),
                 (109, bytes.fromhex("03104530000000000017")),
                 (119, bytes.fromhex("20241125073000")), (126, (77).to_bytes(4, "big")),
                 (130, (180).to_bytes(4, "big")), (134, (200).to_bytes(4, "big")),
                 (138, (3000).to_bytes(4, "big")), (142, (1069).to_bytes(2, "big")),
                 (144, bytes.fromhex("89ABCDEF")), (152, bytes.fromhex("4530")), (159, b"\x01\x00"),
                 (161, b"\x01"), (162, bytes([way])), filler=b"F")
    return record.ljust(units * 128, b"\0")


def test_zibo(tmp_path: Path) -> None:
    assert values(tmp_path, zibo(), "zibo") == {
        "card": "3104530000000000017", "card_seq": "1069", "tapped_at": "20241125073000",
        "operator": "ZB01", "device": "POS0001", "device_seq": "77", "mode": "bus", "kind": "in",
        "stop": "7", "line": "126", "vehicle": "C1234", "direction": "up", "medium": "card",
        "due": "200", "paid": "180", "tac": "89ABCDEF"}
    found = read(tmp_path, zibo() + zibo(3, way=2) + zibo(state=0xDD) + zibo(small=3)
                 + zibo(way=3), "zibo")
    assert [one.values["kind"] for one in found] == ["in", "out", "in", "lock", "03"]
    assert [one.values["tac"] for one in found[1:3]] == ["89ABCDEF", "FFFFFFFF"]
    assert [one.offset for one in found] == [0, 256, 640, 896, 1152]
    with pytest.raises(OnecardError, match="record 2 at byte 256 says that it has 128 bytes"):
        read(tmp_path, zibo() + zibo(2)[:1].replace(b"\2", b"\1") + zibo()[1:], "zibo")


def test_beijing(tmp_path: Path) -> None:
    record = cut(
        140, (0, b"\x06"), (1, bytes.fromhex("010203040506")), (7, (200).to_bytes(4, "big")),
        (11, (99).to_bytes(4, "big")), (15, (4800).to_bytes(4, "big")),
        (19, bytes.fromhex("20241125080000")), (40, bytes.fromhex("89ABCDEF")),
        (46, bytes.fromhex("1000075112345678")), (54, (5000).to_bytes(4, "big")),
        (65, (1069).to_bytes(2, "big")), (71, b"\x01"), (82, (400).to_bytes(4, "big")),
        (86, bytes.fromhex("20241125073000")), (105, bytes.fromhex("0851")), (107, b"\x03"),
        (112, bytes.fromhex("0001")), (114, bytes.fromhex("0851")), (116, b"\x0a"),
        (117, bytes.fromhex("00012345")), filler=b"\0")
    assert values(tmp_path, record, "beijing") == {
        "card": "1000075112345678", "card_seq": "1069", "tapped_at": "20241125080000",
        "in_at": "20241125073000", "operator": "0001", "device": "010203040506",
        "device_seq": "99", "mode": "bus", "kind": "ride", "stop": "0851 0A",
        "in_stop": "0851 03", "line": "0851", "vehicle": "00012345", "due": "400", "paid": "200",
        "balance_before": "5000", "tac": "89ABCDEF", "key_version": "1", "algorithm": "00"}


def test_shanghai(tmp_path: Path) -> None:
    line = ("00000000001" "00000042" "01" "000000" + "0" * 16 + "000071" "01" "000000000042" "2900"
            "000123456789" "01" "00003000" "00000180" "20241125" "073000" "001069" "00000012"
            "89ABCDEF" "01")
    content = (line + "\n***EOF***00000001000000000180\n").encode()
    found = values(tmp_path, content, "shanghai-fh")
    assert (found["card"], found["paid"], found["line"]) == ("000123456789", "00000180", "000071")
    assert (found["card_seq"], found["tac"]) == ("001069", "89ABCDEF")
    assert "stop" not in found


def centre(feedback: bool, error: bytes = b"000000", test: bytes = b"0") -> bytes:
    words = "正常".encode("gb18030")
    shift = 11 if feedback else 0       # its card comes eleven bytes earlier
    record = cut(
        361 if feedback else 340, (0, b"000000000001"), (12, b"000000000002"), (24, b"20241125"),
        (59 if feedback else 48, b" " * 11), (70 if feedback else 48, b"01026410001"),
        (109 - shift, b"3105000020000000035 "), (129 - shift, b"001069"),
        (135 - shift, b"000000003000"), (147 - shift, b"000000000170"),
        (159 - shift, b"20241125073000"), (162 if feedback else 176, error),
        (168 if feedback else 182, words), (208 if feedback else 222, test))
    return record if feedback else record[:174] + b"01" + record[176:]


@pytest.mark.parametrize("name", ["centre-cl", "centre-fb"])
def test_a_centre(tmp_path: Path, name: str) -> None:
    """A record in error has no kind, so that it is refused; one of a test is told as such."""
    head = b"01\n%06d20241126010264100010307" + b"F" * 20 + b"\n"
    records = [centre(name == "centre-fb", *more) for more in ((), (b"CR04  ",), (b"000000", b"1"))]
    content = head % 3 + b"".join(record + b"\r\n" for record in records)
    found = read(tmp_path, content, name)
    assert [one.values["kind"] for one in found] == ["single", "", "test"]
    good = found[0].values
    assert (good["card"], good["operator"]) == ("3105000020000000035", "01026410001")
    assert (good["paid"], good["balance_before"]) == ("000000000170", "000000003000")
    assert found[0].written["卡片消费计数器"] == "001069"
    assert good.get("algorithm", "01") == "01"


def test_errors_that_a_centre_dealt_with(tmp_path: Path) -> None:
    """Corrections of the record with the card's counter."""
    def record(test: bytes) -> bytes:
        return cut(
            181, (0, b"01026410001"), (11, b"20241127"), (19, b"000000000001"), (63, b"1"),
            (68, b"3105000020000000035 "), (88, b"001069"), (94, b"000000003000"),
            (110, b"000000000150"), (128, b"20241125"), (136, b"073000"), (142, test),
            (143, b"4801"), (147, b"01016410   "), (169, b"01026410002"), (180, b"1"))
    head = b"01\n00000220241127010264100010181" + b"F" * 20 + b"\n"
    good, test = read(tmp_path, head + record(b"0") + b"\n" + record(b"1") + b"\n", "centre-ed")
    assert {column: value for column, value in good.values.items() if value} == {
        "card": "3105000020000000035", "card_seq": "001069", "tapped_at": "20241125073000",
        "operator": "01026410002", "device": "unknown", "device_seq": "0", "mode": "bus",
        "kind": "single", "paid": "000000000150", "balance_before": "000000003000",
        "correction": "replace", "reason": "wrong_amount", "authorised_by": "01016410"}
    assert good.written["原因代码"] == "4801"
    assert test.values["kind"] == "test"


def test_rides_by_code(tmp_path: Path) -> None:
    record = cut(
        196, (0, b"000000000001"), (32, b"310000000012"), (62, b"20241125073000"), (76, b"001"),
        (79, "一号线".encode("gb18030")), (129, b"3105000020000000035 "), (159, b"00000200"),
        (167, b"00000180"), (178, b"0101"), (182, b"0105"), (186, b"03"), (188, b"20241126"))
    assert values(tmp_path, record + b"\n", "qr-cf") | {"card_seq": ""} == {
        "card": "3105000020000000035", "card_seq": "", "tapped_at": "20241125073000",
        "operator": "OPERATOR", "device": "310000000012", "device_seq": "0", "mode": "metro",
        "kind": "single", "stop": "0105", "line": "001", "medium": "qr", "due": "00000200",
        "paid": "00000180"}


def test_a_compound_payment_of_a_card(tmp_path: Path) -> None:
    """The two records that descriptions of T-Union cards give as examples."""
    log = bytes.fromhex("042D000000000001F40930008900034020241229141740")
    trip = bytes.fromhex("0400003000890003400108001900300000000001F400000E01202412291417401000"
                         "01011000FFFFFFFF000000000000")
    assert values(tmp_path, log, "tunion-18") == {
        "card": "CARD", "card_seq": "1069", "tapped_at": "20241229141740", "operator": "OPERATOR",
        "device": "300089000340", "device_seq": "0", "mode": "bus", "kind": "single",
        "paid": "500"}
    found = values(tmp_path, trip, "tunion-1e")
    assert (found["kind"], found["mode"], found["paid"]) == ("out", "metro", "500")
    assert (found["stop"], found["operator"]) == ("08001900300000", "01011000")


def rows_of(name: str) -> list[dict[str, Any]]:
    path = DATA / "cards" / "tunion" / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: it is not part of the repository")
    with path.open(encoding="utf-8", newline="") as file:
        return [{key.partition("(")[0]: value for key, value in row.items()}
                for row in csv.DictReader(file, delimiter="\t")]


@pytest.mark.parametrize(("file", "layout", "number", "same"), [
    ("sfi18_txn_records.tsv", "tunion-18", 120, {
        "seq": "seq", "overdraft_limit_fen": "overdraft_limit", "amount_fen": "amount",
        "txn_type": "type", "terminal6": "terminal"}),
    ("sfi1e_travel_records.tsv", "tunion-1e", 256, {
        "txn_type": "type", "terminal8": "terminal", "transport_type": "mode",
        "line_station7": "station", "amount_fen": "amount", "balance_fen": "balance",
        "city_code": "city"}),
])
def test_records_of_real_cards(tmp_path: Path, file: str, layout: str, number: int,
                               same: dict[str, str]) -> None:
    """376 of them: each value is what another program read."""
    rows = rows_of(file)
    assert len(rows) == number
    content = b"".join(bytes.fromhex(row.get("hex23") or row["hex48"]) for row in rows)
    for found, row in zip(read(tmp_path, content, layout), rows, strict=True):
        for theirs, ours in same.items():
            assert found.written.get(ours, "").lstrip("0") == row[theirs].lstrip("0"), row
        if row["datetime"].isdigit():
            assert "".join(found.written.get(name, "") for name in ("date", "time")) == (
                row["datetime"])
        else:       # one whose date is no BCD
            assert (found.code, layout) == (Code.NUMBER_INVALID, "tunion-18")


TIDES = ("transaction_id,service_date,event_timestamp,amount,fare_action,vehicle_id,device_id,"
         "stop_id,token_id\n")


def test_tides(tmp_path: Path) -> None:
    content = TIDES + ("1,2024-11-25,2024-11-25T07:30:00-05:00,1.75,Enter,V1,D1,S1,abc123\n"
                       "2,2024-11-25,2024-11-25T07:40:00.250-05:00,0,Exit,V1,D1,S2,abc123\n"
                       "3,2024-11-25,2024-11-25T07:50:00-05:00,20.00,Purchase,,D2,,abc123\n")
    found = [one.values for one in read(tmp_path, content.encode(), "tides-fare-transactions")]
    assert [one["kind"] for one in found] == ["in", "out", "Purchase"]
    assert [one["paid"] for one in found] == ["175", "000", "2000"]
    assert found[1]["tapped_at"] == "2024-11-25T07:40:00-05:00"
    assert found[0]["card_seq"] == "1732537800"


def test_littlepay(tmp_path: Path) -> None:
    """Its examples pad headers and values as they like."""
    content = (b"ID, DateTimeUTC, TapType, StopId, CompanyId, BusID, PAN\n"
               b"1, 22-01-2018 13:00:00, ON, Stop1, Company1, Bus37, 5500005555555559\n"
               b"2 ,22-01-2018 13:05:00 ,OFF  ,Stop2 ,Company1 , ,5500005555555559\n")
    found = [one.values for one in read(tmp_path, content, "littlepay")]
    assert [one["kind"] for one in found] == ["in", "out"]
    assert [one["tapped_at"] for one in found] == ["2018-01-22T13:00:00+00:00",
                                                   "2018-01-22T13:05:00+00:00"]
    assert [one["device"] for one in found] == ["Bus37", "unknown"]


def test_the_real_exercises(tmp_path: Path) -> None:
    folder = DATA / "taps" / "littlepay_exercise"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: it is not part of the repository")
    for path in sorted(folder.glob("*/*taps*.csv")) + sorted(folder.glob("coochewgames*/*.csv")):
        found = read(tmp_path, path.read_bytes(), "littlepay")
        assert found
        assert {one.values["kind"] for one in found} <= {"in", "out"}, path


def test_each_has_its_line() -> None:
    """In the list that says what was assumed."""
    listed = (SHIPPED / "README.md").read_text("utf-8")
    names = list_layouts(SHIPPED)
    assert [name for name in names if f"| `{name}` |" not in listed] == []
    assert len(names) == listed.count("\n| `")
