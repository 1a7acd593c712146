"""Amounts, times and numbers as hands and spreadsheets write them, read as what they mean."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing.intake.formats.written import read_moment, scale_change, tidy
from network.names import Names
from network.network import load_network
from tests.intake import sender

LAYOUT = '''title = "An export that people wrote"
format = "csv"
delimiter = ";"

[fields]
card = { column = "卡号", tidy = true, drop = " -" }
card_seq = { column = "序号", tidy = true }
tapped_at = { column = "时间", tidy = true, time = ["%Y-%m-%d %p%I:%M:%S", "excel_days"] }
operator = { constant = "bus" }
device = { constant = "A1" }
device_seq = { constant = "0" }
mode = { constant = "bus" }
kind = { constant = "single" }
stop = { constant = "" }
paid = { column = "金额", decimals = 2 }
'''
CARD, SECONDS = 3100000000000001, 1732491000        # 2024-11-25 07:30 in Beijing


@pytest.mark.parametrize("line", [
    "'3100000000000001;7;2024-11-25 上午7:30:00;¥2.00",
    '"=""3100000000000001""";７;２０２４-１１-２５　上午０７：３０：００;2.00元',
    "3100 0000-0000 0001;7;2024-11-25 AM07:30:00;+2",
    "３１０００００００００００００１; 7 ;45621.3125;￥ 2.",
])
def test_a_record_means_what_it_says(tmp_path: Path, line: str) -> None:
    folder = Path(shutil.copytree(sender.FOLDER, tmp_path / "town"))
    (folder / "layouts" / "hand.toml").write_text(LAYOUT, "utf-8")
    names = Names()
    intake = sender.read(tmp_path, f"卡号;序号;时间;金额\n{line}\n".encode(), layout="hand",
                         network=load_network(str(folder)), names=names)
    [tap] = sender.all_taps(intake, names)
    assert [int(tap[name]) for name in ("card_lo", "card_seq", "tapped_at", "paid")] == [
        CARD, 7, SECONDS, 200]


@pytest.mark.parametrize(("text", "minor"), [
    ("2.00", "200"), ("2", "200"), ("2.000", "200"), ("1.2500", "125"), ("-0.5", "-050"),
    ("¥2.00", "200"), ("￥2", "200"), ("2.5元", "250"), ("RMB 3", "300"), ("HK$4.10", "410"),
    ("¥-2.00", "-200"), ("-¥2.00", "-200"), ("(2.00)", "-200"), ("+2.00", "200"),
    ("1,234.50", "123450"), ("1,234", "123400"), ("12,345,678.9", "1234567890"), ("2.", "200"),
    (".5", "050"),
    # What could mean something else stays, to be refused.
    ("2.005", None), ("1,23,456", None), ("1.234", None), ("(2.00", None), ("--2", None),
    ("(-2)", None), ("免费", None), ("¥", None), (".", None), (",", None), ("1,234,", None),
    ("1 234.00", None), ("2,00", None), ("1.234,56", None),
    ("2角", None), ("0x2", None), ("２", None), ("1.234.567", None),
])
def test_amounts(text: str, minor: str | None) -> None:
    assert scale_change(2)(text) == (text if minor is None else minor)


def test_amounts_of_other_decimals() -> None:
    assert scale_change(3)("1,234") == "1234000"
    assert scale_change(0)("1,234") == "1234"
    assert scale_change(0)("2.00") == "2.00"


@pytest.mark.parametrize(("text", "form", "moment"), [
    ("45621.337", "excel_days", "2024-11-25T08:05:17"),         # 29,116.8 seconds
    ("45621", "excel_days", "2024-11-25T00:00:00"),
    ("45621.999999", "excel_days", "2024-11-26T00:00:00"),
    ("45351.5", "excel_days", "2024-02-29T12:00:00"),
    ("2024-11-25 12:05:00 上午", "%Y-%m-%d %I:%M:%S %p", "2024-11-25T00:05:00"),
    ("2024-11-25 12:05:00 下午", "%Y-%m-%d %I:%M:%S %p", "2024-11-25T12:05:00"),
    ("25-11月-24 05.06.00.000000 下午", "%d-%m月-%y %I.%M.%S.%f %p", "2024-11-25T17:06:00"),
])
def test_moments(text: str, form: str, moment: str) -> None:
    assert read_moment(text, form).isoformat() == moment


@pytest.mark.parametrize("text", ["4562.5", "045621", "45621.", "-45621", "4.5E4", "456210"])
def test_what_counts_no_days(text: str) -> None:
    with pytest.raises(ValueError, match="is not excel_days"):
        read_moment(text, "excel_days")


@pytest.mark.parametrize(("text", "plain"), [
    ("'310", "310"), ('="310"', "310"), ('= "310 "', "310"), ("310\t", "310"), ("３１０　", "310"),
    ("＝", "="), ("龙华（总站）", "龙华(总站)"), ("a'b", "a'b"), ("3.1E+18", "3.1E+18"), ("'", ""),
    ("", ""),
])
def test_what_is_tidied(text: str, plain: str) -> None:
    assert tidy(text) == plain
