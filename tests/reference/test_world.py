"""The plain engine reads a network's folder by itself, and each file when a ride asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clearing.reference.distances import along_line, list_reached, stops_along
from clearing.reference.world import World
from fare_tables.model import Fare
from network.errors import TableError
from tests.reference.plain import read_world

NETWORK = """\
network = "n"
title = ""
time_zone = "Asia/Shanghai"
day_starts_at = 04:00:00
taps_from = 2026-01-01
modes = ["metro"]
card_kinds = []
media = []
province = [{code = "P", name = ""}]
city = [{code = "C", name = "", province = "P"}]
issuer = []
[[operator]]
code = "M"
name = ""
city = "C"
modes = ["metro"]
charged_by = {default = "engine"}
stops = "stops.csv"
links = "links.csv"
line_stops = "lines.csv"
"""
TABLE = """\
table = "t"
title = ""
city = "C"
operators = ["M"]
legal_basis = ""
source = ""
in_force_from = 2026-01-01
[[fare]]
rule = "od"
basis = "od"
matrix = "od.csv"
"""
FILES = {
    "network.toml": NETWORK, "table.toml": TABLE,
    "stops.csv": "stop,name\na,甲\nb,乙\nc,丙\nd,丁\n",
    "links.csv": "from,to,metres\na,b,700\nb,c,300\na,c,1200\nb,a,650\n",
    "lines.csv": "line,stop,metres\n1,a,0\n1,b,700\n2,b,90\n",
    "zones.csv": "stop,zone\na,Z1\nb,Z2\n",
    "od.csv": "from,to,amount,child\na,b,200,100\nb,a,210,\n",
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    return read_world(tmp_path)


def test_folder(world: World) -> None:
    assert [table.table for table in world.tables] == ["t"]
    assert world.stops_of("M") == {"a": "甲", "b": "乙", "c": "丙", "d": "丁"}
    assert list_reached(world, "links.csv", "c") == {"c": 0, "b": 300, "a": 950}
    assert list_reached(world, "links.csv", "d") == {"d": 0}
    assert world.folder.zones_in("zones.csv") == {"a": "Z1", "b": "Z2"}


def test_columns_of_a_matrix(world: World) -> None:
    assert world.folder.matrix_in("od.csv", "amount") == {("a", "b"): 200, ("b", "a"): 210}
    # A blank field is no fare.
    assert world.folder.matrix_in("od.csv", "child") == {("a", "b"): 100}


@pytest.mark.parametrize(("operator", "line", "start", "end", "metres"), [
    ("M", "1", "a", "b", 700), ("M", "1", "b", "a", 700), ("M", "1", "b", "b", 0),
    ("M", "2", "a", "b", None), ("M", "3", "a", "b", None), ("M", "1", "a", "", None),
    ("", "", "a", "b", None),
])
def test_metres_along_a_line(world: World, operator: str, line: str, start: str, end: str,
                             metres: int | None) -> None:
    fare = Fare(rule="along", basis="distance", distance="line")
    assert along_line(stops_along(world, fare, (operator, line)), start, end) == metres


def test_a_file_is_read_once_and_not_before_it_is_needed(world: World) -> None:
    assert world.folder.links == {}
    assert world.links_of("M")["b"] == {"a": 650, "c": 300}
    (world.folder.path / "links.csv").unlink()
    assert world.links_of("M")["b"] == {"a": 650, "c": 300}
    (world.folder.path / "stops.csv").unlink()
    with pytest.raises(TableError, match=r"stops\.csv"):
        world.stops_of("M")


@pytest.mark.parametrize(("text", "said"), [
    ("from,to\na,b\n", r"od\.csv:1: there is no column 'amount'"),
    ("from,to,amount\na,b,2.00\n", r"od\.csv:2: '2\.00' is not a whole number"),
])
def test_a_file_that_makes_no_sense_says_what_to_do(world: World, text: str, said: str) -> None:
    (world.folder.path / "od.csv").write_text(text, "utf-8")
    with pytest.raises(TableError, match=said):
        world.folder.matrix_in("od.csv", "amount")


def test_nothing_heavy_is_imported() -> None:
    """`onecard price` answers at once."""
    asked = ("import sys, clearing.reference.pricing, clearing.reference.world; "
             "sys.exit(str(sorted({'numpy', 'chdb', 'chinese_calendar', 'ext'} & {*sys.modules})))")
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True,
                          check=False)
    assert done.stderr.strip() == "[]"
