"""What vendors export is read as it comes: title rows, totals, yuan, two columns, workbooks, bytes.

Each file is built here from what its layout says, and what is wrong with one is refused with its
place; a count or a sum that a file states is held to.
"""

from __future__ import annotations

import datetime
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from clearing.intake.formats import text as text_module
from clearing.intake.layout import load_layout
from ext.codes import Code
from network.errors import OnecardError
from network.names import Names
from network.network import Network, load_network
from tests.intake import sender
from tests.intake.test_reject_files_are_read_again import rejects_of

FIELDS = """
[fields]
card = [{ column = "卡号" }, { column = "主账号", strip = true }]
card_seq = { column = "序号" }
tapped_at = { columns = ["日期", "时间"], time = ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M"] }
operator = { constant = "bus" }
device = { column = "终端", strip = true }
device_seq = { constant = "0" }
mode = { constant = "bus" }
kind = { column = "交易", map = { "消费" = "single", "退款" = "refund" } }
stop = { constant = "" }
paid = { column = "金额", decimals = 2 }
"""
NAMES = ("卡号", "主账号", "序号", "日期", "时间", "终端", "交易", "金额")
ROWS = [
    # 卡号              主账号               序号 日期         时间        终端  交易   金额
    ("3100000000000001", "",                 "7", "2024-11-25", "07:30:00", "A1", "消费", "2.00"),
    ("3100000000000002", "",                 "8", "2024-11-25", "07:31:00", "A1", "消费", "2.5"),
    ("",             " 3100000000000003 ",   "9", "2024/11/25", "7:32",     "A1", "消费", "2"),
    ("3100000000000004", "",                 "1", "2024-11-25", "07:33:00", "A1", "退款", "1.20"),
]
SUM = [200, 250, 200, -120]
SECONDS = 1732491000        # 2024-11-25 07:30 in Beijing

LAYOUTS = {
    "titled": f'''title = "With a title and a total"
format = "csv"
encoding = "gb18030"
head_rows = 2
head = '明细表[^\\n]*\\n共(?P<records>[0-9]+)笔.*'
tail = '合计,(?P<records>[0-9]+),.*,(?P<paid>[0-9.]+)'
{FIELDS}''',
    "bare": 'title = "Without a header"\nformat = "csv"\ndelimiter = "|"\nheader = '
            + json.dumps(NAMES, ensure_ascii=False) + FIELDS,
    "book": 'title = "A workbook"\nformat = "xlsx"\nhead_rows = 1\n' + FIELDS,
    "named": 'title = "A sheet of several"\nformat = "xlsx"\nsheet = "明细"\nhead_rows = 1\n'
             + FIELDS,
    "objects": 'title = "One to a line"\nformat = "jsonl"\n' + FIELDS,
    "nested": 'title = "Objects in objects"\nformat = "jsonl"\n' + FIELDS.replace(
        '"日期", "时间"', '"交易.时.日期", "交易.时.时间"').replace(
            '"交易", map', '"交易.类型", map'),
    "packed": 'title = "A list in MessagePack"\nformat = "msgpack"\n' + FIELDS,
    "plain": 'title = "CSV"\nformat = "csv"\n' + FIELDS,
}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """The town, whose operators send what theirs do."""
    folder = Path(shutil.copytree(sender.FOLDER, tmp_path_factory.mktemp("sent") / "town"))
    for name, content in {**LAYOUTS, **BINARY}.items():
        (folder / "layouts" / f"{name}.toml").write_text(content, "utf-8")
    return load_network(str(folder))


def titled(rows: list[tuple[str, ...]] = ROWS, records: int = 4, paid: str = "7.70",
           last: str | None = None) -> bytes:
    lines = ["明细表 2024-11-25,,,,,,,", f"共{records}笔,,,,,,,", ",".join(NAMES),
             *(",".join(row) for row in rows)]
    lines.append(f"合计,{records},,,,,,{paid}" if last is None else last)
    return "".join(line + "\r\n" for line in lines).encode("gb18030")


def bare(rows: list[tuple[str, ...]] = ROWS) -> bytes:
    return "".join("|".join(row) + "\n" for row in rows).encode()


def plain(rows: list[tuple[str, ...]] = ROWS) -> str:
    return "".join(",".join(row) + "\r\n" for row in [NAMES, *rows])


def objects(rows: list[tuple[str, ...]] = ROWS) -> bytes:
    return b"".join(json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False).encode()
                    + b"\n" for row in rows)


def nested(rows: list[tuple[str, ...]]) -> bytes:
    made = []
    for row in rows:
        one: dict[str, Any] = dict(zip(NAMES, row, strict=True))
        times = {name: one.pop(name) for name in ("日期", "时间")}
        one["交易"] = {"类型": one["交易"], "时": times}
        made.append(json.dumps(one, ensure_ascii=False).encode() + b"\n")
    return b"".join(made)


def workbook(rows: list[tuple[Any, ...]] = ROWS, **more: list[tuple[Any, ...]]) -> bytes:
    """A workbook whose first sheet has a title, a header and rows; more sheets by name."""
    made = openpyxl.Workbook()
    for number, (name, content) in enumerate({"明细": [("标题",), NAMES, *rows], **more}.items()):
        sheet = made.active if number == 0 else made.create_sheet()
        sheet.title = name
        for row in content:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(folder: Path, content: bytes, layout: str, town: Network, **options: Any) -> Any:
    return sender.read(folder, content, layout=layout, network=town, **options)


def codes_of(intake: Any) -> list[tuple[str, str]]:
    """What became of each record, and which column that is about."""
    [report] = intake.files
    assert not report.code, report.reason
    rows = intake.refusals(0).records
    first = min([chunk.first_line for chunk in intake.chunks], default=0)
    found = [("OK", "")] * report.records
    for row in rows:
        field = int(row["field"])
        found[int(row["line"]) - first] = (Code(int(row["code"])).name,
                                           report.columns[field - 1] if field else "")
    return found


# As sheets have them: numbers, dates and times of their own kind.
TYPED = [
    (3100000000000001, None, 7, datetime.date(2024, 11, 25), datetime.time(7, 30), "A1", "消费", 2),
    ("3100000000000002", None, 8, datetime.date(2024, 11, 25), datetime.time(7, 31), "A1", "消费",
     5 / 2),
    (None, " 3100000000000003 ", 9, "2024/11/25", "7:32", "A1", "消费", "2.00"),
    ("3100000000000004", "", "1", "2024-11-25", "07:33:00", "A1", "退款", 12 / 10),
]
WAYS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "title and total": ("titled", titled),
    "no newline at the end": ("titled", lambda: titled().removesuffix(b"\r\n")),
    "no header": ("bare", bare),
    "UTF-16": ("plain", lambda: plain().encode("utf-16")),
    "UTF-16, the other way round": ("plain", lambda: b"\xfe\xff" + plain().encode("utf-16-be")),
    "a mark of UTF-8": ("plain", lambda: plain().encode("utf-8-sig")),
    "objects": ("objects", objects),
    "objects, a comma behind each": ("objects", lambda: objects().replace(b"}\n", b"},\r\n")),
    "objects in objects": ("nested", lambda: nested(ROWS)),
    "returns only": ("plain", lambda: plain().replace("\n", "").encode()),
    "returns only, in GB18030": ("titled", lambda: titled().replace(b"\n", b"")),
    "a workbook": ("book", workbook),
    "a workbook of numbers and dates": ("book", lambda: workbook(TYPED)),
    "a sheet of several": ("named", lambda: workbook(汇总=[("合计", 4)])),
    "a workbook's sheet as CSV": ("book", lambda: b"title\n" + plain().encode()),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("block_bytes", [97, 1 << 20])
def test_the_same_records_in_each_way(tmp_path: Path, town: Network, way: str,
                                      block_bytes: int) -> None:
    layout, make = WAYS[way]
    names = Names()
    intake = read(tmp_path, make(), layout, town, names=names, block_bytes=block_bytes)
    assert codes_of(intake) == [("OK", "")] * 4
    taps = sender.all_taps(intake, names)
    assert taps["paid"].tolist() == SUM
    assert taps["card_seq"].tolist() == [7, 8, 9, 1]
    assert taps["tapped_at"].tolist() == [SECONDS + 60 * row for row in range(4)]
    assert [int(card) for card in taps["card_lo"]] == [3100000000000001 + row for row in range(4)]
    assert (intake.files[0].layout, intake.files[0].doubts) == (layout, "")


BAD = [
    *ROWS[:1],
    ("3100000000000005", "", "2", "2024-11-25", "07:35:00", "A1", "消费", "2.005"),
    ("3100000000000006", "", "3", "2024-11-25", "", "A1", "消费", "2.00"),
    ("3100000000000007", "", "4", "2024-11-25", "07:36:00", "A1", "转账", "2.00"),
    ("", "", "5", "2024-11-25", "07:37:00", "A1", "消费", "2.00"),
    ("3100000000000008", "", "6", "2024-11-25", "07:38:00", "A1", "消费", "2,00"),
]
REFUSED = ["AMOUNT_INVALID", "PADDED_VALUE", "UNKNOWN_KIND", "MISSING_VALUE"]
LAST = dict.fromkeys(("objects", "nested", "bare", "book"), "AMOUNT_INVALID")


@pytest.mark.parametrize(("layout", "make"), [
    ("titled", lambda: titled(BAD, 6, "0.00")), ("bare", lambda: bare(BAD)),
    ("plain", lambda: plain(BAD).encode("utf-16")), ("objects", lambda: objects(BAD)),
    ("objects", lambda: objects(BAD).replace(b"}\n", b"},\n")),
    ("nested", lambda: nested(BAD)), ("plain", lambda: plain(BAD).replace("\n", "").encode()),
    ("book", lambda: workbook(BAD)),
])
def test_what_is_refused_comes_back_in_the_same_form(
        tmp_path: Path, town: Network, layout: str, make: Callable[[], bytes]) -> None:
    """And is read again by the same layout, though its title still counts what it was cut from."""
    content = make()
    intake = read(tmp_path, content, layout, town)
    wanted = [*REFUSED, LAST.get(layout, "COLUMN_COUNT")]
    assert [code for code, _ in codes_of(intake)] == ["OK", *wanted]
    assert [column.rpartition(".")[2].replace("类型", "交易")
            for _, column in codes_of(intake)][1:5] == ["金额", "日期", "交易", "卡号"]
    again, codes = rejects_of(intake, content, town)
    assert sorted(codes) == sorted(wanted)
    second = read(tmp_path, again, layout, town)
    assert (second.files[0].reason, second.files[0].accepted) == ("", 0)
    assert [code for code, _ in codes_of(second)] == wanted
    mended = read(tmp_path, again.replace(b"2.005", b"2.00"), layout, town)
    assert mended.files[0].accepted == 1
    third, _ = rejects_of(second, again, town)
    assert len(third) == len(again), "code and reason do not pile up"


@pytest.mark.parametrize(("content", "code", "words"), [
    (titled(records=5), Code.TRAILER_MISMATCH, "4 records found, the top says '5'"),
    (titled(records=2**31), Code.TRAILER_MISMATCH, "the top says '2147483648'"),
    (titled(paid="7.71"), Code.TRAILER_MISMATCH,
     "770 minor units of paid found, the last row says '7.71'"),
    (titled(paid="7.701"), Code.TRAILER_MISMATCH, "the last row says '7.701'"),
    (titled(ROWS[:3]), Code.TRAILER_MISMATCH, "3 records found"),
    (titled(last="") .removesuffix(b"\r\n"), Code.TRAILER_MISMATCH,
     "does not end with a line as tail of layout 'titled' says: 合计"),
    (titled().replace("明细表".encode("gb18030"), b"x"), Code.HEADER_INVALID,
     "expected what head of layout 'titled' says: 明细表"),
    (titled()[:20], Code.HEADER_INVALID, "row 1, which layout 'titled' has before the records"),
])
def test_what_is_stated_is_held_to(tmp_path: Path, town: Network, content: bytes, code: Code,
                                   words: str) -> None:
    [report] = read(tmp_path, content, "titled", town).files
    assert report.code == code
    assert words in report.reason
    assert report.refused == report.records


def test_a_workbook_under_a_layout_of_text(tmp_path: Path, town: Network) -> None:
    """Nobody has to unpack it."""
    [report] = read(tmp_path, workbook(), "plain", town).files
    assert report.code == Code.ARCHIVE
    assert "is a workbook" in report.reason
    assert "unpack" not in report.reason


def test_a_last_row_of_commas_is_judged_at_once(tmp_path: Path, town: Network) -> None:
    """A pattern that tries each way to part a row needs 2^60 of them here."""
    layout = LAYOUTS["titled"].replace("'合计,(?P<records>[0-9]+),.*,(?P<paid>[0-9.]+)'",
                                       "'((.*,)*)*合计(?P<records>[0-9]+)'")
    assert "((.*" in layout
    folder = Path(shutil.copytree(town.folder.path, tmp_path / "town"))
    (folder / "layouts" / "titled.toml").write_text(layout, "utf-8")
    [report] = read(tmp_path, titled(last="," * 60), "titled", load_network(str(folder))).files
    assert report.code == Code.TRAILER_MISMATCH


def bomb() -> bytes:
    """A workbook of some kilobytes that unpacks to a gigabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"<x>" + b" " * (8 << 20))
    return out.getvalue()


def changed(*pairs: tuple[bytes, bytes]) -> bytes:
    """A workbook in whose XML something was replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            content = given.read(name)
            for old, new in pairs:
                content = content.replace(old, new)
            made.writestr(name, content)
    return out.getvalue()


# An entity of entities of entities, each ten times.
LAUGHS = b"<!DOCTYPE sst [<!ENTITY a0 'ha'>" + b"".join(
    b"<!ENTITY a%d '%b'>" % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 10)) + b"]>"


@pytest.mark.parametrize(("content", "words"), [
    (bomb(),                                        "unpack to 33554444, at most 200 times as"),
    (workbook()[:-30],                              "cannot be unpacked"),
    (b"PK\3\4" + b"\0" * 60,                        "cannot be unpacked"),
    (changed((b"<sheetData>", b"<sheetData><row>")), "the workbook cannot be read"),
    (changed((b"worksheet", b"worksheat")),         "the workbook"),
    (changed((b"<sst ", LAUGHS + b"<sst "), (b">A1<", b">&a9;<")),
                                                    "the workbook cannot be read: ParseError"),
    (workbook(汇总=[("合计", 4)]),                   "has rows in '明细', '汇总', and the"),
])
def test_workbooks_that_cannot_be_read(tmp_path: Path, town: Network, content: bytes,
                                       words: str) -> None:
    [report] = read(tmp_path, content, "book", town).files
    assert report.code == Code.FILE_STRUCTURE
    assert words in report.reason


def test_a_workbook_that_lies_about_its_size(tmp_path: Path, town: Network,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """What is unpacked is bounded by what was looked at."""
    monkeypatch.setattr(text_module, "ROWS_MOST", 3)
    [report] = read(tmp_path, workbook(), "book", town).files
    assert (report.code, "at most 3 rows" in report.reason) == (Code.FILE_STRUCTURE, True)


ONE_ROW = b'<sheetData><row r="%d"><c r="A%d"><v>1</v></c></row>'


@pytest.mark.parametrize("content", [
    changed((b"<dimension ", b"<nothing "), (b"<sheetData>", ONE_ROW % (2**31, 2**31))),
    changed((b"<dimension ", b"<nothing "), (b"<sheetData>", b'<sheetData><row r="2147483648"/>')),
])
def test_a_workbook_whose_rows_say_any_number(tmp_path: Path, town: Network, content: bytes,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """Two billion rows of nothing are not walked through to find one that has something."""
    monkeypatch.setattr(text_module, "ROWS_MOST", 200)
    [report] = read(tmp_path, content, "book", town).files
    assert (report.code, report.accepted) == (Code.FILE_STRUCTURE, 0)


def test_card_numbers_that_a_sheet_keeps_as_numbers(tmp_path: Path, town: Network) -> None:
    """A number of more than 15 digits is not what it was; one that is text is."""
    rows = [(3.105e18, None, 1, "2024-11-25", "07:30:00", "A1", "消费", 2),
            ("3105000020000000017", None, 1, "2024-11-25", "07:30:00", "A1", "消费", 2)]
    intake = read(tmp_path, workbook(rows), "book", town)
    assert codes_of(intake) == [("CARD_SPREADSHEET", "卡号"), ("OK", "")]


def test_utf_16_that_is_cut(tmp_path: Path, town: Network) -> None:
    [report] = read(tmp_path, plain().encode("utf-16")[:-1], "plain", town).files
    assert (report.code, "at byte" in report.reason) == (Code.FILE_ENCODING, True)


def test_lines_that_are_no_objects(tmp_path: Path, town: Network) -> None:
    lines = [b"{", b"[]", b"17", b"", b"{}", b'{"\xff": 1}', objects(ROWS[:1]).rstrip(),
             b"x" * 4097]
    intake = read(tmp_path, b"\n".join(lines), "objects", town)
    assert [code for code, _ in codes_of(intake)] == [
        "BAD_QUOTING", "COLUMN_COUNT", "COLUMN_COUNT", "EMPTY_RECORD", "EMPTY_RECORD",
        "BAD_ENCODING", "OK", "LINE_TOO_LONG"]


# Records of bytes.

BINARY = {
    "box": """title = "Records of 40 bytes"
format = "binary"
record_bytes = 40

[columns]
card = { start = 0, width = 10, type = "bcd" }
seq = { start = 10, width = 2, type = "big_endian" }
at = { start = 12, width = 7, type = "bcd" }
device = { start = 19, width = 6, type = "hex", pad = "F" }
line = { start = 25, width = 6, pad = "F" }
fen = { start = 31, width = 4, type = "little_endian" }
tac = { start = 35, width = 4, type = "hex" }

[fields]
card = { column = "card", slice = [1, 20] }
card_seq = { column = "seq" }
tapped_at = { column = "at" }
operator = { constant = "bus" }
device = { column = "device" }
device_seq = { constant = "0" }
mode = { constant = "bus" }
kind = { constant = "single" }
stop = { constant = "" }
line = { column = "line" }
paid = { column = "fen" }
tac = { column = "tac" }
""",
}
BINARY["units"] = BINARY["box"].replace("record_bytes = 40", """record_bytes = 41
length = { start = 40, width = 1, unit = 16, besides = 9 }""")


def box(card: str = "03105000020000000017", seq: int = 7, at: str = "20241125073000",
        device: str = "A0011234FFFF", line: bytes = b"B1FFFF", fen: int = 200) -> bytes:
    return (bytes.fromhex(card) + seq.to_bytes(2, "big") + bytes.fromhex(at)
            + bytes.fromhex(device) + line + fen.to_bytes(4, "little")
            + bytes.fromhex("0123ABCD") + b"\0")


def test_records_of_bytes(tmp_path: Path, town: Network) -> None:
    names = Names()
    content = box() + box(seq=65535, line=b"  12FF", fen=2**31 - 1)
    intake = read(tmp_path, content, "box", town, names=names)
    assert codes_of(intake) == [("OK", ""), ("AMOUNT_OVERFLOW", "fen")]
    [tap] = sender.all_taps(intake, names)
    assert (int(tap["card_lo"]), int(tap["card_seq"])) == (3105000020000000017 % 2**64, 7)
    assert (int(tap["tapped_at"]), int(tap["paid"]), int(tap["tac"])) == (SECONDS, 200, 0x0123ABCD)
    assert names.code("device", int(tap["device"])) == "A0011234"
    assert names.code("line", int(tap["line"])) == "B1"
    assert intake.refusals(0).records["offset"].tolist() == [40]


@pytest.mark.parametrize(("record", "code", "column"), [
    (box(card="031050000200000000A7"),  "NUMBER_INVALID", "card"),      # a digit above 9
    (box(at="2024112507300F"),          "NUMBER_INVALID", "at"),
    (box(at="20241325073000"),          "TIME_INVALID",   "at"),
    (box(line=b"\xff\xfe\0\0FF"),       "BAD_ENCODING",   "line"),
    (box(line=b"B\0FFFF"),              "NUL_BYTE",       ""),
    (box(line=b"B\nFFFF"),              "BAD_QUOTING",    ""),
    (b"\0" * 40,                        "EMPTY_RECORD",   ""),
    (b"\xff" * 40,                      "EMPTY_RECORD",   ""),
    (box()[:39],                        "TRUNCATED_LINE", ""),
])
def test_bytes_that_are_no_record(tmp_path: Path, town: Network, record: bytes, code: str,
                                  column: str) -> None:
    content = box() + record
    intake = read(tmp_path, content, "box", town)
    assert codes_of(intake) == [("OK", ""), (code, column)]
    assert intake.refusals(0).raw(0) == record
    again, _ = rejects_of(intake, content, town)
    assert again == record


def test_records_that_say_how_long_they_are(tmp_path: Path, town: Network) -> None:
    def long(units: int, more: bytes = b"") -> bytes:
        return box() + bytes([units]) + more

    good = [long(2), long(4, b"\xee" * 32), long(3, b"x" * 16)]
    intake = read(tmp_path, b"".join(good), "units", town)
    assert codes_of(intake) == [("OK", "")] * 3
    for content, words in [
        (good[0] + long(1), "record 2 at byte 41 says that it has 25 bytes, expected 41 to 4096"),
        (good[0] + long(255), "says that it has 4089 bytes, and 41 are left"),
        (good[0] + long(3), "record 2 at byte 41 says that it has 57 bytes, and 41 are left"),
        (good[0] + box(), "record 2 at byte 41 is cut off: 40 bytes are left"),
    ]:
        [report] = read(tmp_path, content, "units", town).files
        assert report.code == Code.FILE_STRUCTURE
        assert words in report.reason


@pytest.mark.parametrize(("layout", "old", "new", "words"), [
    ("box", "start = 10, width = 2", "start = 9, width = 2", "mine.toml:7: columns.seq has 2"),
    ("box", "start = 35, width = 4", "start = 35, width = 6", "end at byte 41, a record at 40"),
    ("box", 'type = "bcd"', 'type = "bdc"', "mine.toml:6"),
    ("box", 'column = "fen"', 'column = "yuan"', "fields.paid reads 'yuan'"),
    ("box", 'pad = "F"', 'pad = "FF"', "pad = 'FF'"),
    ("box", "start = 31, width = 4, type", "start = 31, width = 4, pad = '0', type", "pad = '0'"),
    ("units", "width = 1, unit", "width = 9, unit", "mine.toml:4: length has 9 bytes"),
    ("units", "unit = 16", "unit = 0", "length has unit = 0"),
    ("titled", "head_rows = 2", "head_rows = 101", "mine.toml:4: head_rows is 101"),
    ("titled", "head_rows = 2", "", "head says what rows"),
    ("titled", "(?P<paid>", "(?P<fare>", "mine.toml:6: tail names fare"),
    ("titled", "(?P<paid>", "((", "tail is no pattern"),
    ("titled", "(?P<paid>", "(?=1)(?P<paid>", "without looks ahead"),
    ("titled", "encoding", "sheet", "sheet says nothing of csv"),
    ("bare", '"主账号"', '"卡号"', "header names a column twice"),
    ("plain", '"%Y/%m/%d %H:%M"', '"%Y/%m/%d %Q"', "mine.toml:7: fields.tapped_at has the time"),
    ("plain", '"%Y/%m/%d %H:%M"', '"%Y/%m/%"', "'%Y/%m/%': stray %"),
    ("box", "slice = [1, 20]", "slice = [20, 1]", "fields.card has slice = [20, 1]"),
    ("box", "slice = [1, 20]", "slice = [-1, 20]", "fields.card has slice = [-1, 20]"),
    ("plain", "card = [", "card = []\nx = [", "fields.card is an empty list"),
    ("plain", 'card_seq = { column = "序号" }',
     'card_seq = [{ column = "序号" }, { from_time = true }]', "from_time among others"),
    ("plain", 'columns = ["日期", "时间"]', 'column = "日期", columns = ["时间"]', "names 2"),
])
def test_layouts_with_a_fault(tmp_path: Path, layout: str, old: str, new: str, words: str) -> None:
    """Each is told with its line, and with what to write."""
    text = {**LAYOUTS, **BINARY}[layout]
    assert old in text
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts" / "mine.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(OnecardError) as error:
        load_layout(tmp_path, "mine")
    assert words in str(error.value)
