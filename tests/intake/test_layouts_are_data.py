"""A city's own kind of file is read by a layout: no program text, and the same refusals."""

from __future__ import annotations

import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from clearing.intake.layout import load_layout
from ext.codes import Code
from network.errors import OnecardError, TableError
from network.names import Names
from network.network import load_network
from tests.intake.sender import FOLDER, all_taps, file_of, line_of, outcomes, read

HEADER = "卡号;时间;机号;站;线路;金额;备注"
TIME = "2024/11/25 07:30:00"
SECONDS = 1732491000


def old(*lines: str | bytes) -> bytes:
    """A file of the buses' old machines."""
    encoded = [line if isinstance(line, bytes) else line.encode("gb18030") for line in lines]
    return b"\r\n".join([HEADER.encode("gb18030"), *encoded]) + b"\r\n"


CASES = [
    # the line                                                  code               column
    (f"3100000000000001;{TIME};A001x;-;B1;200;好",             "OK",               ""),
    (f" 3100000000000001.0 ;{TIME};A001x;无;B1;;",             "OK",               ""),
    ("3100000000000001;11/25/2024 7:30;A001x;S;B1;免费;",       "OK",               ""),
    (f'3100000000000001;{TIME};"A001;x";-;"B,1";200;"好;""坏"""', "OK",             ""),
    (f"3100000000000001;{TIME};A001x;-;B1 ;200;",              "PADDED_VALUE",     "线路"),
    (f"3100000000000001;{TIME};A001x;站 ;B1;200;",             "PADDED_VALUE",     "站"),
    (f"3100000000000001;{TIME};A001x;-;B1;免费 ;",             "PADDED_VALUE",     "金额"),
    (f"'3100000000000001;{TIME};A001x;-;B1;200;",              "CARD_SPREADSHEET", "卡号"),
    (f"1.80063E+14;{TIME};A001x;-;B1;200;",                    "CARD_SPREADSHEET", "卡号"),
    (f"9900000000000001;{TIME};A001x;-;B1;200;",               "UNKNOWN_CARD_KIND", "卡号"),
    ("3100000000000001;2024-13-25 07:30:00;A001x;-;B1;200;",    "TIME_INVALID",     "时间"),
    ("3100000000000001;;A001x;-;B1;200;",                       "MISSING_VALUE",    "时间"),
    (f"3100000000000001;{TIME};;-;B1;200;",                    "MISSING_VALUE",    "机号"),
    (f"3100000000000001;{TIME};A001x;-;B1;2.5;",               "AMOUNT_INVALID",   "金额"),
    (f"3100000000000001;{TIME};A001x;{'站' * 22};B1;2;",       "CODE_TOO_LONG",    "站"),
    ("",                                                        "EMPTY_RECORD",     ""),
    (";;;;;;",                                                  "EMPTY_RECORD",     ""),
    (";;;;;;x",                                                 "MISSING_VALUE",    "卡号"),
    (f"3100000000000001;{TIME};A001x;-;B1;200",                "COLUMN_COUNT",     ""),
    (f'3100000000000001;{TIME};"A001x;-;B1;200;',              "BAD_QUOTING",      ""),
    (f"3100000000000001;{TIME};A\0001x;-;B1;200;",             "NUL_BYTE",         ""),
    (b"\xff;\xff",                                              "BAD_ENCODING",     ""),
    (f"3100000000000001;{TIME};A001x;站台;B1;200;好".encode(),    "BAD_ENCODING",     ""),  # UTF-8
    (b"3100000000000001;%b;A001x;%b;B1;200;%b" % (             # one field of it is
        TIME.encode(), "站台".encode("gb18030"), "好人".encode()), "BAD_ENCODING",    ""),
    ("x" * 4097,                                                "LINE_TOO_LONG",    ""),
]


@pytest.mark.parametrize("block_bytes", [50, 1 << 20])
def test_lines_of_another_layout(tmp_path: Path, block_bytes: int) -> None:
    content = old(*(line for line, _, _ in CASES)) + b"cut"
    intake = read(tmp_path, content, layout="old", block_bytes=block_bytes)
    assert outcomes(intake) == [(code, column) for _, code, column in CASES] + [
        ("COLUMN_COUNT", "")]       # what no newline ends is a record all the same
    assert "no newline ends its last record" in intake.files[0].doubts
    refusals = intake.refusals(0)
    lines = content.split(b"\r\n")
    for index, refusal in enumerate(refusals.records):
        line = lines[int(refusal["line"]) - 1]
        assert refusals.raw(index) == line[:1024]
        assert content[int(refusal["offset"]):][:int(refusal["length"])] == line


def test_values_of_another_layout(tmp_path: Path) -> None:
    names = Names()
    content = old(*(line for line, code, _ in CASES if code == "OK"))
    taps = all_taps(read(tmp_path, content, layout="old", names=names), names, {0: 3})
    assert taps["card_seq"].tolist() == taps["tapped_at"].tolist() == [SECONDS] * 4
    assert taps["paid"].tolist() == [200, 0, 0, 200]
    assert taps["flags"].tolist() == [2, 0, 2, 2]
    assert [names.code("stop", stop) for stop in taps["stop"].tolist()] == ["", "", "S", ""]
    assert [names.code("line", line) for line in taps["line"].tolist()] == ["B1", "B1", "B1", ""]
    assert {names.code("device", device) for device in taps["device"].tolist()} == {"A001"}
    assert taps["source_line"].tolist() == [2, 3, 4, 5]
    for tap in taps:
        assert content[int(tap["source_offset"]) - 1:][:1] == b"\n"


@pytest.mark.parametrize(("decimals", "text", "paid"), [
    # decimals  as it is written  minor units; None: AMOUNT_INVALID, or what is named
    (2,         "2.00",           200),
    (2,         "2.5",            250),
    (2,         "2",              200),
    (2,         "0.07",           7),
    (2,         "20000000.00",    2_000_000_000),
    (2,         "20000000.01",    "AMOUNT_OVERFLOW"),
    (2,         "-2.00",          -200),     # of a single it gives all back
    (2,         "免费",            0),
    (2,         "",               0),
    (2,         "2.005",          None),
    (2,         "2.",             200),
    (2,         ".50",            50),
    (2,         "1,000.00",       100000),
    (2,         "2.0e1",          None),
    (2,         "２.00",           None),
    (0,         "2",              2),
    (0,         "2.0",            None),
    (1,         "2.5",            25),
    (3,         "2.5",            2500),
])
def test_amounts_with_decimals(tmp_path: Path, decimals: int, text: str,
                               paid: int | str | None) -> None:
    """What a layout says that amounts are in is what they are in: exact, and nothing is rounded."""
    town = Path(shutil.copytree(FOLDER, tmp_path / "town"))
    layout = town / "layouts" / "old.toml"
    layout.write_text(layout.read_text("utf-8").replace(
        '"0" } }', f'"0" }}, decimals = {decimals} }}'), "utf-8")
    content = old(f'3100000000000001;{TIME};A001x;-;B1;"{text}";')
    names = Names()
    intake = read(tmp_path, content, layout="old", names=names, network=load_network(str(town)))
    if isinstance(paid, int):
        [tap] = all_taps(intake, names)
        assert int(tap["paid"]) == paid
    else:
        assert outcomes(intake) == [(paid or "AMOUNT_INVALID", "金额")]


def test_a_file_of_the_format_needs_no_layout(tmp_path: Path) -> None:
    intake = read(tmp_path, file_of([line_of()]), old(CASES[0][0]), layout="old")
    assert [report.layout for report in intake.files] == ["onecard-taps/1", "old"]
    assert [report.accepted for report in intake.files] == [1, 1]


def rides(*records: Any) -> bytes:
    """A file of the web shop."""
    parts = [json.dumps(record, ensure_ascii=False) for record in records]
    return ('{"page": 1, "answer": {"rides": [\n' + ",\n".join(parts) + "]}}").encode()


RIDE = {"card": "3100000000000001", "in": "2024-11-25T07:00:00", "out": "2024-11-25T07:30:00",
        "n": 5, "from": "S1", "to": "站三", "fen": 200, "more": [1, {"a": None}]}

BORN_DAY = (datetime.date(1961, 7, 30) - datetime.date(1900, 1, 1)).days
REVIEW_DAY = (datetime.date(2025, 1, 31) - datetime.date(1970, 1, 1)).days

OBJECTS: list[tuple[Any, str, str]] = [
    (RIDE,                                  "OK",               ""),
    ({**RIDE, "card": 3100000000000001},    "OK",               ""),
    ({**RIDE, "card": 1.5e20},              "CARD_SPREADSHEET", "card"),
    ({**RIDE, "card": 3100.5},              "CARD_INVALID",     "card"),
    ({**RIDE, "card": 10**30},              "CARD_INVALID",     "card"),
    ({**RIDE, "card": None},                "MISSING_VALUE",    "card"),
    ({**RIDE, "n": True},                   "NUMBER_INVALID",   "n"),
    ({**RIDE, "to": None, "out": None},     "OK",               ""),
    ({**RIDE, "to": "S9"},                  "UNKNOWN_STOP",     "to"),
    ({**RIDE, "to": "a\nb"},                "BAD_QUOTING",      ""),
    ({**RIDE, "to": "a\0b"},                "NUL_BYTE",         ""),
    ({**RIDE, "to": "x" * 5000},            "LINE_TOO_LONG",    ""),
    ({**RIDE, "in": "2024-11-25T07:33:00"}, "ENTRY_AFTER_EXIT", "in"),
    ({**RIDE, "born": "19610730"},          "OK",               ""),
    ({**RIDE, "born": "1961/7/30", "until": "2025/1/31"}, "OK", ""),
    ({**RIDE, "born": "1961-07-30"},        "OK",               ""),
    ({**RIDE, "born": "19610732"},          "DATE_INVALID",     "born"),
    ({**RIDE, "born": "0001/01/01"},        "DATE_INVALID",     "born"),
    ({**RIDE, "until": "20250131"},         "DATE_INVALID",     "until"),
    ({},                                    "EMPTY_RECORD",     ""),
    ({"card": "", "n": None},               "EMPTY_RECORD",     ""),
    (17,                                    "COLUMN_COUNT",     ""),
    (None,                                  "COLUMN_COUNT",     ""),
    ([RIDE],                                "COLUMN_COUNT",     ""),
    ({**RIDE, "more": json.loads("[" * 900 + "]" * 900)}, "OK", ""),
]


def test_records_of_json(tmp_path: Path) -> None:
    content = rides(*(record for record, _, _ in OBJECTS))
    names = Names()
    intake = read(tmp_path, content, layout="web", names=names)
    assert outcomes(intake) == [(code, column) for _, code, column in OBJECTS]
    refusals = intake.refusals(0)
    for index, refusal in enumerate(refusals.records):
        raw = content[int(refusal["offset"]):][:int(refusal["length"])]
        assert json.loads(raw) == OBJECTS[int(refusal["line"]) - 2][0]
        assert refusals.raw(index) == raw[:1024]
    taps = all_taps(intake, names)
    assert taps["card_seq"].tolist() == taps["in_at"].tolist()
    assert list(filter(None, taps["born_day"].tolist())) == [BORN_DAY] * 3
    assert list(filter(None, taps["review_day"].tolist())) == [REVIEW_DAY]
    for tap in taps:
        assert content[int(tap["source_offset"]):].startswith(b'{"card"')


def test_lists_in_lists_in_lists(tmp_path: Path) -> None:
    content = rides(RIDE, {**RIDE, "more": "?"}).replace(b'"?"', b"[" * 1900 + b"]" * 1900)
    assert read(tmp_path, content, layout="web").files[0].code == Code.FILE_STRUCTURE


def test_bytes_that_are_not_utf_8_in_json(tmp_path: Path) -> None:
    content = rides(RIDE, {**RIDE, "to": "?"}).replace(b'"?"', b'"\xff"')
    assert outcomes(read(tmp_path, content, layout="web")) == [("OK", ""), ("BAD_ENCODING", "")]


@pytest.mark.parametrize(("content", "code"), [
    (b"{}",                                     Code.FILE_STRUCTURE),
    (b'{"answer": []}',                         Code.FILE_STRUCTURE),
    (b'{"answer": {"rides": 5}}',               Code.FILE_STRUCTURE),
    (rides(RIDE)[:-3],                          Code.FILE_STRUCTURE),
    (rides(RIDE) + b"x",                        Code.FILE_STRUCTURE),
    (rides(RIDE).replace(b"S1", b"\\ud800"),    Code.FILE_STRUCTURE),   # half a surrogate pair
    (b"[" * 200_000,                            Code.FILE_STRUCTURE),
    (b'{"answer": {"rides": [' + b"[" * 200_000, Code.FILE_STRUCTURE),
    (b"\0\1\2",                                 Code.FILE_STRUCTURE),
    (b"",                                       Code.FILE_EMPTY),
])
def test_json_of_another_structure(tmp_path: Path, content: bytes, code: Code) -> None:
    report = read(tmp_path, content, layout="web").files[0]
    assert report.code == code
    assert report.refused == report.records


def test_a_mark_of_utf_8_before_json(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + rides(RIDE, {**RIDE, "n": "x"})
    intake = read(tmp_path, content, layout="web")
    assert [code for code, _ in outcomes(intake)] == ["OK", "NUMBER_INVALID"]
    [refusal] = intake.refusals(0).records
    assert content[int(refusal["offset"]):].startswith(b"{")


@pytest.mark.parametrize(("content", "code", "words"), [
    (b"a;b\n1;2\n",
     Code.HEADER_INVALID, "missing columns: '卡号'"),
    (HEADER.replace("机号", "时间").encode("gb18030") + b"\n",
     Code.HEADER_INVALID, "repeated columns: '时间'"),
    (b"\xff\xff\n",                                    Code.FILE_ENCODING,  "not in gb18030"),
    (HEADER.encode("gb18030"),                         Code.HEADER_INVALID, "newline"),
    (HEADER.encode("utf-16") + b"\n",                  Code.FILE_ENCODING,  "UTF-16"),
    (HEADER.encode("utf-16"),                          Code.HEADER_INVALID, "newline"),
    (b'"a;b\n',                                        Code.HEADER_INVALID, "badly quoted"),
])
def test_headers_that_fit_no_layout(tmp_path: Path, content: bytes, code: Code,
                                    words: str) -> None:
    report = read(tmp_path, content, layout="old").files[0]
    assert report.code == code
    assert words in report.reason


GOOD_LAYOUT = (Path(__file__).parent / "town" / "layouts" / "old.toml").read_text("utf-8")


@pytest.mark.parametrize(("old_text", "new_text", "words"), [
    ("title =", "titel =", "titel"),
    ('format = "csv"', 'format = "xml"', "xml"),
    ('"gb18030"', '"klingon"', "no encoding 'klingon'"),
    ('"gb18030"', '"utf-16"', "cannot be read by lines"),
    ('"gb18030"', '"utf-7"', "cannot be read by lines"),      # + begins other letters
    ('"gb18030"', '"hz"', "cannot be read by lines"),
    ('"gb18030"', '"idna"', "cannot be read by lines"),
    ('format = "csv"', 'format = "json"', "cannot be read by lines"),
    ('delimiter = ";"', 'delimiter = ";;"', "the delimiter is ';;'"),
    ('mode = { constant = "bus" }', "", "fields has no mode"),
    ('mode = { constant = "bus" }', 'mode = {}', "fields.mode names 0 sources"),
    ('mode = { constant = "bus" }', 'mode = { constant = "bus", column = "x" }',
     "fields.mode names 2 sources"),
    ('mode = { constant = "bus" }', 'mode = { from_time = true }', "fields.mode is from_time"),
    ('map = { "免费" = "0" }', "decimals = 5", "fields.paid has decimals = 5"),
    ('map = { "免费" = "0" }', "decimals = -1", "0 to 4"),
    ('blank = ["-", "无"]', "decimals = 2", "for due, paid, balance_before only"),
    ('mode = { constant = "bus" }', 'mode = { constant = "bus" }\nfare = { constant = "1" }',
     "fields.fare is not a column"),
    ("title =", "title", "is not TOML"),
])
def test_layouts_with_a_fault(tmp_path: Path, old_text: str, new_text: str, words: str) -> None:
    (tmp_path / "layouts").mkdir()
    assert old_text in GOOD_LAYOUT
    (tmp_path / "layouts" / "mine.toml").write_text(GOOD_LAYOUT.replace(old_text, new_text),
                                                    "utf-8")
    with pytest.raises((OnecardError, TableError)) as error:
        load_layout(tmp_path, "mine")
    assert words in str(error.value)
    assert "mine.toml" in str(error.value)


@pytest.mark.parametrize("name", [
    "new", "onecard-taps/1", "../layouts/old"])     # one is kept with its network
def test_a_layout_that_does_not_exist(name: str, tmp_path: Path) -> None:
    with pytest.raises(OnecardError, match="the network's layouts: fixed, old, web"):
        read(tmp_path, b"", layout=name)
