"""Who gets a file that nobody has described finds out what it holds, and writes its layout.

As a county's IT person would: a GB18030 export with a title, in yuan, and the same as a workbook.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from clearing.book import open_book
from tests.run.command import accepted, onecard, shown
from tests.run.test_what_closes_is_shown_and_asked import NETWORK

HEADER = ["卡号", "卡交易序号", "交易日期", "交易时间", "终端编号", "终端流水号", "线路",
          "站名", "交易类型", "卡种", "应收金额(元)", "实收金额(元)", "备注"]
PLACE = ["19", "龙华总站", "公交消费"]
ROWS = [
    ["3105000020000000035", "231", "2024/11/25", "07:05:26", "P2201", "121", *PLACE,
     "普通卡", "2.00", "1.70", "好"],
    ["3105000020000000043", "61", "2024/11/25", "07:06:00", "P2201", "122", *PLACE,
     "老年卡", "2", "0", ""],
    ["3105000020000000027", "15", "2024/11/25", "07:07:30", "P2201", "123", *PLACE,
     "学生卡", "2.00", "1.5", ""],
]
FIXES = {   # what the clerk writes for what was assumed
    'constant = "OPERATOR"': 'constant = "hk-bus"',
    '"普通卡" = "普通卡"': '"普通卡" = "ordinary"', '"老年卡" = "老年卡"': '"老年卡" = "elder"',
    '"学生卡" = "学生卡"': '"学生卡" = "student"',
}


def export(*rows: list[str]) -> bytes:
    lines = [["公交刷卡明细", *[""] * 12], HEADER, *(rows or ROWS),
             ["合计", str(len(rows or ROWS)), *[""] * 11]]
    return "".join(",".join(row) + "\r\n" for row in lines).encode("gb18030")


def workbook() -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    for row in [["公交刷卡明细"], HEADER, *ROWS]:
        made.active.append(row)
    made.save(out)
    return out.getvalue()


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(NETWORK, tmp_path / "town"))
    (folder / "layouts").mkdir()
    return folder


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """A new book, open meanwhile."""
    with open_book(str(tmp_path / "book")):
        yield tmp_path / "book"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_from_a_guess_to_a_ledger(kind: str, tmp_path: Path, town: Path, book: Path) -> None:
    """Guessed, looked at, put right where it was assumed, tried, and cleared."""
    path = tmp_path / f"export.{kind}"
    path.write_bytes(export() if kind == "csv" else workbook())
    guessed = accepted("layouts", "guess", path).out
    assert "# assumed: operator: write the operator's code" in guessed
    assert "# assumed: not read: 备注" in guessed
    chinese = accepted("--lang", "zh", "layouts", "guess", path).out
    assert "# 推定：operator：请写 network.toml 中运营单位的代码\n" in chinese
    assert chinese.partition("\n\n")[2] == guessed.partition("\n\n")[2]
    for old, new in FIXES.items():
        assert old in guessed
        guessed = guessed.replace(old, new)
    layout = town / "layouts" / "export.toml"
    layout.write_text(guessed, "utf-8")
    assert "export.toml" in accepted("layouts", "check", layout).out
    assert f"export   {kind}" in accepted("layouts", "show", town).out
    assert "交易日期 + 交易时间" in accepted("layouts", "show", town, "export").out
    tried = accepted("layouts", "try", path, "--layout", "export", "--network", town,
                     "--rows", "3").out
    assert "'310500*********0035'" in tried
    assert "3105000020000000035" not in tried
    assert "20241125070526" in tried
    accepted("clear", path, "--layout", "export", "--network", town, "--book", book)
    assert [(row["card_seq"], row["paid"], row["card_kind"]) for row in shown("rides", book)] == [
        (15, 150, "student"), (231, 170, "ordinary"), (61, 0, "elder")]


def test_a_file_without_a_layout_is_told_which_reads_it(tmp_path: Path, town: Path, book: Path
                                                        ) -> None:
    path, clear = tmp_path / "export.csv", ("clear", tmp_path / "export.csv", "--network", town,
                                            "--book", book)
    path.write_bytes(export())
    told = onecard(*clear).out.splitlines()[-1]
    assert told == ("export.csv: no layout of the network reads it: `onecard layouts guess` "
                    "writes one")
    text = accepted("layouts", "guess", path).out
    (town / "layouts" / "bars.toml").write_text(text, "utf-8")
    (town / "layouts" / "other.toml").write_text(text.replace("卡号", "别号"), "utf-8")
    for more in ((), ("--dry-run",)):
        told = onecard(*clear, *more).out.splitlines()[-1]
        assert told == "export.csv: the layout bars reads it: add --layout bars"
    assert "reads it" not in onecard(*clear, "--layout", "bars").out


def test_what_would_become_of_a_record_is_said(tmp_path: Path, town: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(export(ROWS[0], [*ROWS[1][:11], "1.705", ""], ["x"]))
    text = accepted("layouts", "guess", path).out
    for old, new in FIXES.items():
        text = text.replace(old, new)
    (town / "layouts" / "mine.toml").write_text(text, "utf-8")
    told = accepted("layouts", "try", path, "--layout", town / "layouts" / "mine.toml",
                    "--network", town, "--rows", "9", "--whole-cards").out
    second = path.read_bytes().split(b"\r\n")[3]
    assert f"line 4, {len(second)} bytes at byte {path.read_bytes().index(second)}: AMOUNT" in told
    assert "AMOUNT_INVALID, 实收金额(元): the amount is not a whole number" in told
    assert "COLUMN_COUNT: the line has more or fewer fields" in told
    assert "'3105000020000000043'" in told


def test_a_file_is_described(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(export())
    told = accepted("describe", path).out
    assert "assumed: not read: 备注" in told
    assert "guessed: 3 records" in told
    assert "交易日期 + 交易时间   2024/11/25 07:05:26   20241125070526" in told
    assert "310500*********0035" in told
    assert "3105000020000000035" not in told
    path.write_bytes(export(*ROWS, ["x"]))
    done = onecard("describe", path)
    assert done.code == 1
    assert "COLUMN_COUNT         1   the line has more or fewer fields" in done.out


def test_what_is_converted_is_the_same(tmp_path: Path) -> None:
    """A canonical file comes back as it is; of another, cards are masked unless asked for."""
    path, taps = tmp_path / "export.csv", tmp_path / "taps.csv"
    path.write_bytes(export(*ROWS, ["x"]))
    done = onecard("convert", path)
    assert done.code == 1
    at = path.read_bytes().index(b"x\r\n")
    assert f"left out: line 6, byte {at}: COLUMN_COUNT" in done.err
    assert "3105000020000000035" not in done.out
    whole = onecard("convert", path, "--whole-cards").out
    assert whole.count("3105000020000000035") == 1
    taps.write_text(whole, "utf-8")
    assert accepted("convert", taps, "--whole-cards").out == whole
    objects = [json.loads(line) for line in
               onecard("convert", path, "--to", "jsonl", "--whole-cards").out.splitlines()]
    assert [int(one["paid"]) for one in objects] == [170, 0, 150]


GUESSES = {
    # what is sent                                        what the layout says of it
    "title,,,,\n卡号,交易时间,线路,实收,x\n1,2024-01-05 07:05:06,1,200,\n": "head_rows = 1",
    "卡号;时间;终端号;金额(分)\n31;2024年01月05日 07:05:06;D;200\n": "%Y年%m月%d日 %H:%M:%S",
    "PAN,DateTimeUTC,TapType\n1,05-01-2024 07:05:06,ON\n": "utc = true",
    "3105000020000000035|20241125070526|P1|200\n" * 3: 'header = ["column 1", "column 2"',
    # A name too many: no telling which column is whose.
    "卡号,交易时间,线路,实收,x,y\n" + "3105000020000000035,20241125070526,P1,200,\n" * 3:
        'header = ["column 1", "column 2"',
    '{"card": "31", "tapTime": "2024-01-05T07:05:06"}\n' * 2: 'format = "jsonl"',
    '{"a": {"b": [{"card_no": "31", "deal_date": "2024-01-05 07:05:06"}]}}': 'records_at = "a.b"',
    "card,date,amount\n1,05/01/2024 07:05:06,2\n": "the day stands before the month in date",
    "卡号\t交易日期\t交易时间\t金额\n1\t20240105\t070506\t2\n": '"%Y%m%d %H%M%S"',
}


@pytest.mark.parametrize("content", GUESSES)
def test_files_of_many_forms(content: str, tmp_path: Path) -> None:
    """Whatever is guessed is a layout by which the file can be read."""
    path, layout = tmp_path / "file", tmp_path / "guessed.toml"
    path.write_text(content, "utf-8")
    layout.write_text(accepted("layouts", "guess", path).out, "utf-8")
    assert GUESSES[content] in layout.read_text("utf-8")
    accepted("layouts", "check", layout)
    assert "20240105070506" in (text := accepted("convert", path, "--layout", layout).out) \
        or "2024-01-05T07:05:06+00:00" in text or "20241125070526" in text


@pytest.mark.parametrize(("content", "words"), [
    (b"\x00\x01\x02" * 99,              "records of bytes are described by hand"),
    (b"31050000200000000352024\n" * 9,  "lines of one length are described by hand"),
    (b"a,b,c\n1,2,3\n",                 "no column reads like tapped_at"),
    ("卡号,交易时间,金额\n1,昨天,2\n".encode(), "the times of 交易时间 cannot be read"),
    (b"{}",                             "the JSON has no list of records"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a workbook of the old form (.xls)"),
    (b"<html><table><tr><td>1</td></tr></table></html>", "a web page or XML, whatever its name"),
    ("card,date,amount\n1,2,3\n".encode("utf-16-le"), "reads like UTF-16 without its mark"),
    (b"PK\3\4junk",                     "the workbook cannot be unpacked"),
    (b"",                               "no comma, bar, semicolon or tab"),
    (b'card,time,"x\n1,2,3\n',          "badly quoted"),
])
def test_what_cannot_be_guessed(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    done = onecard("layouts", "guess", path)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert str(path) in done.err


def test_faults_are_told_with_their_line(tmp_path: Path) -> None:
    layout = tmp_path / "mine.toml"
    layout.write_text('title = "x"\nformat = "csv"\ndelimiter = "||"\n', "utf-8")
    done = onecard("layouts", "check", layout)
    assert done.code == 1
    assert f"{layout}:3: the delimiter is '||'" in done.out
    done = onecard("layouts", "show", "shenzhen", "other")
    assert done.code == 2
    assert "shenzhen has no layout 'other' that can be read\nszt" in done.err


def test_moments_that_are_counted_since_1970(tmp_path: Path, town: Path, book: Path) -> None:
    """In seconds or milliseconds; and headers in other words, with the kind of each tap."""
    path = tmp_path / "tapped.jsonl"
    path.write_text("".join(json.dumps({
        "卡号": f"310500002000000{card}", "交易计数": 7, "时间戳": 1_732_489_526_000 + card % 100,
        "线路编码": "19", "设备": "P2201", "站点编码": "19", "进出站标识": kind, "交易金额": "2.00",
    }, ensure_ascii=False) + "\n" for card, kind in ((7035, "进站"), (7043, "出站"))), "utf-8")
    guessed = accepted("layouts", "guess", path).out
    assert "not read" not in guessed
    assert 'tapped_at = { column = "时间戳", time = ["unix_ms"] }' in guessed
    assert 'map = { "进站" = "in", "出站" = "out" }' in guessed
    layout = town / "layouts" / "tapped.toml"
    layout.write_text(guessed.replace("OPERATOR", "hk-bus"), "utf-8")
    tried = accepted("layouts", "try", path, "--layout", "tapped", "--network", town).out
    assert tried.count("2024-11-24T23:05:26+00:00") == 2
