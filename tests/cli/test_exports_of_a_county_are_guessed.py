"""Exports as a county's vendors write them: what is guessed reads the right rides and money."""

from __future__ import annotations

import datetime
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.run.command import accepted, onecard

CARD, OTHER = "3105000020000000035", "3105000020000000043"
HEADER = "卡号,卡交易序号,交易时间,设备号,金额(元)\n"
AT, LATER = "20241125070526", "20241125170600"


def rows(first: str, second: str = "", *, cards: tuple[str, str] = (CARD, OTHER),
         amounts: tuple[str, str] = ("2.00", "1.50")) -> str:
    """Two taps at such times."""
    return HEADER + "".join(
        f"{card},{seq},{at},P1,{amount}\n" for card, seq, at, amount in zip(
            cards, (7, 8), (first, second or first), amounts, strict=True))


PLAIN = rows("2024-11-25 07:05:26", "2024-11-25 17:06:00")
EXPORTS = {
    "12 hours":         rows("2024-11-25 07:05:26 AM", "2024-11-25 05:06:00 PM"),
    "上午, 下午":         rows("2024/11/25 上午 7:05:26", "2024/11/25 下午 5:06:00"),
    "full width":       rows("２０２４-１１-２５　０７：０５：２６",
                             "２０２４-１１-２５　１７：０６：００",
                             amounts=("２．００", "１．５")),
    "Chinese":          rows("2024年11月25日07时05分26秒", "2024年11月25日17时6分0秒"),
    "days":             rows("45621.2954398", "45621.7125"),
    "two digits":       rows("24-11-25 07:05:26", "24-11-25 17:06:00"),
    "names of months":  rows("25-Nov-2024 07:05:26", "25-Nov-2024 17:06:00"),
    "Oracle":           rows("25-11月-24 07.05.26.000000 上午", "25-11月-24 05.06.00.000 下午"),
    "zones":            rows("2024-11-25T07:05:26+08:00", "2024-11-25T17:06:00.123+08:00"),
    "milliseconds":     rows("20241125070526123", "20241125170600001"),
    "two forms":        rows("2024-11-25 07:05:26", "2024/11/25 17:06"),
    "marks of yuan":    rows("2024-11-25 07:05:26", "2024-11-25 17:06:00",
                             amounts=("¥2.00", "1.5元")).replace("(元)", ""),
    "marks of text":    rows("2024-11-25 07:05:26", "2024-11-25 17:06:00",
                             cards=(f"'{CARD}", f'"=""{OTHER}"""')),
    "cards in groups":  rows("2024-11-25 07:05:26", "2024-11-25 17:06:00",
                             cards=("3105 0000 2000 0000 035", "3105-0000-2000-0000-043")),
    "blank rows":       "\n\n" + PLAIN.replace("\n", "\n\n"),
    "a header again":   PLAIN.replace(OTHER, f"小计,,,,2.00\n{HEADER}{OTHER}") + "小计,,,,1.5\n",
    "one comma more":   PLAIN.replace("0\n", "0,\n"),
    "words never seen": PLAIN.replace(HEADER, "IC卡号,卡内计数,发生时间,车载机编号,扣款(元)\n"),
    "in English":       PLAIN.replace(HEADER, "Card Serial No,Txn Counter,Transaction Date/Time,"
                                      "Terminal No.,Amount Charged\n"),
}


def read(path: Path, content: str | bytes) -> list[dict[str, Any]]:
    """What is read of a file by the layout that is guessed for it."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    layout = path.parent / "guessed.toml"
    layout.write_text(accepted("layouts", "guess", path).out, "utf-8")
    accepted("layouts", "check", layout)
    told = onecard("convert", path, "--layout", layout, "--to", "jsonl", "--whole-cards")
    return [json.loads(line) for line in told.out.splitlines()]


def taps(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What a clerk looks at, of the rows that are taps."""
    return [(one["card"], one["card_seq"], "".join(filter(str.isdigit, one["tapped_at"]))[:14],
             one["device"], one["paid"]) for one in found if one["card"].isdigit()]


WANTED = [(CARD, "7", AT, "P1", "200"), (OTHER, "8", LATER, "P1", "150")]


@pytest.mark.parametrize("way", EXPORTS)
def test_the_taps_are_the_same(tmp_path: Path, way: str) -> None:
    assert taps(read(tmp_path / "export.csv", EXPORTS[way])) == WANTED


def test_english_in_utf_16(tmp_path: Path) -> None:
    """Every other byte of it is none of a text."""
    assert taps(read(tmp_path / "export.txt", EXPORTS["in English"].encode("utf-16"))) == WANTED


def test_both_ends_in_a_row(tmp_path: Path) -> None:
    """A blank end is a ride that nobody tapped out of."""
    found = read(tmp_path / "export.csv", (
        "卡号,卡交易序号,上车时间,上车站,下车时间,下车站,实收金额(元)\n"
        f"{CARD},7,2024-11-25 07:05:26,A,2024-11-25 17:06:00,B,2.00\n"
        f"{OTHER},8,2024-11-25 07:05:26,A,,,4.00\n"))
    assert [tuple(one.get(name, "") for name in ("kind", "in_at", "in_stop", "tapped_at", "stop"))
            for one in found] == [("ride", AT, "A", LATER, "B"), ("ride", AT, "A", AT, "")]


def test_only_the_way_in(tmp_path: Path) -> None:
    [found] = read(tmp_path / "export.csv", "卡号,上车时间,上车站,金额(元)\n"
                   f"{CARD},2024-11-25 07:05:26,A,2.00\n")
    assert (found["kind"], found["tapped_at"], found["stop"]) == ("single", AT, "A")


def test_what_was_done_and_where(tmp_path: Path) -> None:
    words = ["上车刷卡", "下车刷卡", "冲正", "圈存充值", "扫码", "0"]
    modes = ["公交", "地铁", "轮渡", "公交", "公交", "医保"]
    found = read(tmp_path / "export.csv", "卡号,交易时间,进出标志,行业,金额(元)\n" + "".join(
        f"{CARD},2024-11-25 07:05:26,{word},{mode},2.00\n"
        for word, mode in zip(words, modes, strict=True)))
    assert [one["kind"] for one in found] == ["in", "out", "refund", "top_up", "single", "?"]
    assert [one["mode"] for one in found] == ["bus", "metro", "ferry", "bus", "bus", "?"]


def sheets(**content: list[list[Any]]) -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    made.remove(made.active)
    for name, lines in content.items():
        sheet = made.create_sheet(name)
        for line in lines:
            sheet.append(line)
    made.save(out)
    return out.getvalue()


HEAD = ["卡号", "卡交易\n序号", "交易时间", "设备号", "金额\n(元)"]
TAPS = [[CARD, 7, datetime.datetime(2024, 11, 25, 7, 5, 26), "P1", 2],
        [OTHER, 8, datetime.datetime(2024, 11, 25, 17, 6), "P1", 1 + 1 / 2]]


def test_a_sheet_of_several(tmp_path: Path) -> None:
    """That of notes is none; of two that are taps one is read, and the other told of."""
    path = tmp_path / "export.xlsx"
    assert taps(read(path, sheets(说明=[["本表由系统导出"]], 明细=[HEAD, *TAPS]))) == WANTED
    found = read(path, sheets(一路=[HEAD, TAPS[0]], 二路=[HEAD, TAPS[1]]))
    assert taps(found) == WANTED[:1]
    told = accepted("layouts", "guess", path).out
    assert "# assumed: only the sheet 一路 is read; another of these needs a layout" in told
    path.write_bytes(sheets(说明=[["本表由系统导出"]], 备注=[["无"]]))
    assert "no sheet of '说明', '备注' reads like taps" in onecard("layouts", "guess", path).err


def test_a_time_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(PLAIN + f"{CARD},9,----,P1,2.00\n", "utf-8")
    told = accepted("layouts", "guess", path).out
    assert "# assumed: 交易时间: '----' is no time, and will be refused" in told


def test_objects_in_objects(tmp_path: Path) -> None:
    """And with a comma behind each line, as a list that was cut up has it."""
    found = read(tmp_path / "export.jsonl", "".join(json.dumps({
        "card": {"no": card, "seq": seq}, "data": {"tapTime": at}, "terminal": {"id": "P1"},
        "amount": {"due": "2.00", "paid": paid}}) + ",\n" for card, seq, at, paid in (
            (CARD, 7, "2024-11-25 07:05:26", "2.00"), (OTHER, 8, "2024-11-25 17:06:00", "1.50"))))
    assert taps(found) == WANTED
    assert [one["due"] for one in found] == ["200", "200"]
