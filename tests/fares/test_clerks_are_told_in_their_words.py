"""What a clerk writes wrong is told as he wrote it, with what to write; Notepad may be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing.answers.check_tables import check_network
from fare_tables.check.findings import Finding
from tests.fares.folder import BUS, FUNDED, NETWORK, head, write
from tests.language.chinese import in_chinese

HALF = f'\n[[concession]]\nrule = "half"\ncard_kinds = ["senior"]\npays_percent = 50\n{FUNDED}'
TABLE = head("bus") + BUS + HALF


def first(folder: Path, text: str) -> Finding:
    write(folder, {"bus": text})
    return check_network(str(folder)).errors[0]


@pytest.mark.parametrize(("old", "new", "found", "remedy"), [
    ("amount = 200", "amount = 2.00", "a whole number, found a number with decimals",
     "write 200 for 2.00 yuan; "),
    ("amount = 200", 'amount = "1.50"', "a whole number, found", "write 150 for 1.50 yuan; "),
    ("amount = 200", "amount = 1.999", "a whole number, found", "write 200 for 2.00 yuan; "),
    ("amount = 200", 'amount = 200\nzzzzzz = 1', "unknown field `zzzzzz`", "the keys"),
    ("= 50", "= 62.5", "a whole number or text",
     'write it in quotes: "62.5"; '),
    ("= 50", '= 50\nage_from = "65"', "a whole number, found text",
     "write digits alone"),
    ('card_kinds = ["senior"]', 'card_kinds = "senior"', "expected a list, found text",
     'write it in brackets: card_kinds = ["senior"]; '),
    ("= 2024-01-01", '= "2024年1月1日"', "Invalid RFC3339 encoded date", "write a day such"),
    ("= 2024-01-01", "= 2024", "expected a date, found a whole number", "write a day such as"),
    ('operators = ["bus"]', 'operators = ["bus"]\nlines = [19]', "expected text, found a",
     'write it in quotes: "19"; '),
    ("= 50", '= 50\nreviewed = "yes"', "expected true or false", "write true or false"),
    ('[{ funder = "finance" }]', '["finance"]', "expected a table", "write its keys and"),
    ("[[fare]]", "[fare]", "a list, found a table", "write [[fare]] with two brackets each"),
])
def test_a_wrong_value(old: str, new: str, found: str, remedy: str, tmp_path: Path) -> None:
    error = first(tmp_path, TABLE.replace(old, new, 1))
    assert found in error.what and found not in in_chinese(error.what)
    assert error.remedy.startswith(remedy) and remedy not in in_chinese(error.remedy)
    assert "Expected `" not in error.what


@pytest.mark.parametrize(("old", "new", "found", "remedy"), [
    ('["bus"]', '["bus"，"metro"]', "is a Chinese comma (，) outside of quotes", "write , in"),
    ('"flat"\namount', '“flat”\namount', "a Chinese quotation mark (“)", 'write " in its place'),
    ("= 50", "＝ 50", "a wide equals sign (＝)", "write = in its place"),
    ("= 50", "= ５０", "a wide digit (５)", "write 5 in its place"),
    ("= 50", "= 50，", "a Chinese comma (，)", "write , in"),
    ("= 50", "=　50", "a wide space", "write a space in its place"),
    ('["bus"]', '["bus"\n，"metro"]', "a Chinese comma", "write , in"),
])
def test_a_sign_of_the_chinese_keyboard(
    old: str, new: str, found: str, remedy: str, tmp_path: Path
) -> None:
    error = first(tmp_path, TABLE.replace(old, new, 1))
    assert error.code == "NOT_TOML"
    assert found in error.what and found not in in_chinese(error.what)
    assert error.remedy.startswith(remedy) and remedy not in in_chinese(error.remedy)
    assert error.location is not None
    assert error.location.excerpt


@pytest.mark.parametrize(("old", "new", "found", "remedy"), [
    ("= 2024-01-01", "= 2024/1/1", "2024/1/1 is no day as TOML has it", "write 2024-01-01"),
    ("= 2024-01-01", "= 2024年1月1日", "is no day as TOML has it", "write 2024-01-01"),
    ("= 2024-01-01", "= 2024-1-1", "is no day as TOML has it", "write 2024-01-01"),
    ("[[fare]]", '[[timeframe]]\ntimeframe = "t"\nsince = 7:30\n[[fare]]',
     "7:30 is no time as TOML has it", "write 07:30:00"),
    ('"Fares"', "公交票价", "a text is not in quotes", 'write title = "公交票价"'),
    ('basis = "flat"', "basis = flat", "a text is not in quotes", 'write basis = "flat"'),
])
def test_what_people_write_and_toml_does_not(
    old: str, new: str, found: str, remedy: str, tmp_path: Path
) -> None:
    error = first(tmp_path, TABLE.replace(old, new, 1))
    assert error.code == "NOT_TOML"
    assert (found in error.what, error.remedy) == (True, remedy)


def test_a_chinese_comma_in_a_csv(tmp_path: Path) -> None:
    write(tmp_path, files={"stops.csv": "stop，name\na，A\n"})
    error, = check_network(str(tmp_path)).errors
    assert error.remedy.endswith("write , in place of the Chinese comma ，")


def test_chinese_signs_in_texts_are_fine(tmp_path: Path) -> None:
    text = TABLE.replace('"Fares"', '"公交票价，“普通”：２元"  # 注：，')
    write(tmp_path, {"bus": text})
    assert not check_network(str(tmp_path)).errors
    assert "Chinese" not in first(tmp_path, text.replace("amount = 200", "amount = ")).what


def test_notepads_mark_of_utf_8_is_read(tmp_path: Path) -> None:
    write(tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert not check_network(str(tmp_path)).errors


def test_notepads_other_encodings_are_told_what_to_choose(tmp_path: Path) -> None:
    write(tmp_path, files={"network.toml": NETWORK})
    (tmp_path / "bus.toml").write_bytes(TABLE.replace("Fares", "公交").encode("gb18030"))
    error, = check_network(str(tmp_path)).errors
    assert error.remedy.startswith("store the file as UTF-8 (in Notepad: Save as")
