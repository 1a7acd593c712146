"""Files that people write: each mistake is told with its file and its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from fare_tables.check.notices import REFUSALS
from fare_tables.model import Table
from fare_tables.source import load_tables
from network.errors import TableError
from network.files import TomlFile
from network.folder import find_folder, list_networks
from network.money import percent_ppm

GOOD = """
table = "bus"
title = ""
city = "gz"
operators = ["bus"]
legal_basis = ""
source = ""
in_force_from = 2024-01-01
[[fare]]
rule = "flat"
basis = "flat"
amount = 200
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "bus.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_table_as_it_is_written(tmp_path: Path) -> None:
    table = TomlFile(write(tmp_path, GOOD)).convert(Table)
    assert (table.table, table.fare[0].amount, table.in_force_until) == ("bus", 200, None)


@pytest.mark.parametrize(("text", "line", "said"), [
    ("table = ",                                 1, "is not TOML: Invalid value"),
    ("table = 'a'\ntable = 'b'",                 2, "is not TOML: Cannot overwrite a value"),
    ("table = 'a'\n\ntable = 'b'\ncity = 'c'\n", 3, "is not TOML: Cannot overwrite a value"),
    ("a = 1\n[a]\n[[b]]\n",                     2, "is not TOML: Cannot overwrite a value"),
    (GOOD.encode("utf-16"),                      1, "is not UTF-8: invalid start byte at byte 0"),
    (GOOD.encode() + "\n城 = 1".encode("gb18030"), 14, "is not UTF-8: invalid start byte"),
    (GOOD.replace("200", "9" * 5000),            1, "is not TOML: Exceeds the limit"),
    (GOOD + "colour = 1",                        13, "unknown field `colour` - at fare 1"),
    (GOOD.replace("200", "2.5"),                 12, "expected a whole number, found a number"),
    (GOOD.replace("200", "'2'"),                 12, "expected a whole number, found text"),
    (GOOD.replace("200", "true"),                12, "expected a whole number, found true or"),
    (GOOD.replace('"flat"\namount', '"free"\namount'), 11, "Invalid enum value 'free'"),
    (GOOD.replace("2024-01-01", '"soon"'),       8, "in_force_from"),
    (GOOD.replace('table = "bus"', ""),          1, "missing required field `table`"),
    (GOOD.replace("[[fare]]", "[fare]"),         9, "expected a list, found a table - at fare"),
    (GOOD + "[stop_sets]\nwest = [1]",           13, "expected text, found a whole number"),
])
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str | bytes, line: int,
                                         said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TableError) as caught:
        TomlFile(path).convert(Table)
    what, *remedy = str(caught.value).split("\n")
    assert what.startswith(f"{path}:{line}: ")
    assert said in what
    assert what.endswith(f"[{caught.value.code}]")
    assert caught.value.code in REFUSALS
    assert remedy and all(remedy)


def test_what_is_not_a_file_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(TableError, match=r"folder\.toml:1: cannot be read: Is a directory"):
        load_tables(tmp_path)


def test_tables_come_by_file_name(tmp_path: Path) -> None:
    for name in ("b", "a", "network"):
        (tmp_path / f"{name}.toml").write_text(GOOD.replace('"bus"\ntitle', f'"{name}"\ntitle'))
    assert [table.table for table in load_tables(tmp_path)] == ["a", "b"]


def test_a_network_is_found_by_name_or_folder(tmp_path: Path) -> None:
    assert find_folder("demo").name == "demo"
    assert "demo" in list_networks()
    (tmp_path / "network.toml").touch()
    assert find_folder(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["atlantis", "", ".", "/", "demo/nothing", "a\0b", "x" * 300])
def test_a_network_that_is_not_there(name: str) -> None:
    with pytest.raises(TableError) as caught:
        find_folder(name)
    what, *remedy = str(caught.value).split("\n")
    assert what.startswith(f"no network {name!r}: it is not one of ")
    assert "demo, " in what
    assert remedy == ["name a shipped network, or a folder that holds a network.toml"]


@pytest.mark.parametrize(("percent", "ppm"), [
    (0, 0), (100, 1_000_000), (95, 950_000), ("95", 950_000), ("62.5", 625_000),
    ("0.0001", 1), ("33.3333", 333_333), ("100.0", 1_000_000), ("99.9999", 999_999),
])
def test_a_percent_is_exact(percent: int | str, ppm: int) -> None:
    assert percent_ppm(percent) == ppm


@pytest.mark.parametrize("percent", [
    -1, 101, "100.0001", "", ".5", "5,5", "1e2", "0.00001", "-0", "+5", " 5", "５", "half",
])
def test_what_is_not_a_percent_of_a_price(percent: int | str) -> None:
    with pytest.raises(TableError, match="\nwrite "):
        percent_ppm(percent)
