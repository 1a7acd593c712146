"""The plain engine reads a network's folder by itself."""

from __future__ import annotations

from pathlib import Path

from clearing.reference.distances import list_reached
from clearing.reference.world import read_world

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
"""
TABLE = """\
table = "t"
title = ""
city = "C"
operators = ["M"]
legal_basis = ""
source = ""
in_force_from = 2026-01-01
[fare]
rule = "od"
basis = "od"
matrix = "od.csv"
"""


def test_folder(tmp_path: Path) -> None:
    for name, text in {
        "network.toml": NETWORK, "table.toml": TABLE,
        "stops.csv": "stop,name\na,甲\nb,乙\nc,丙\nd,丁\n",
        "links.csv": "from,to,metres\na,b,700\nb,c,300\na,c,1200\nb,a,650\n",
        "od.csv": "from,to,amount\na,b,200\n",
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
    world = read_world(tmp_path)
    assert world.stops == {"stops.csv": {"a": "甲", "b": "乙", "c": "丙", "d": "丁"}}
    assert world.matrices == {"od.csv": {("a", "b"): 200}}
    assert list_reached(world, "M", "c") == {"c": 0, "b": 300, "a": 950}
    assert list_reached(world, "M", "d") == {"d": 0}
    assert [table.table for table in world.tables] == ["t"]
