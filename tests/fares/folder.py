"""A small network as a folder: a railway of stops a to d, a bus company, and tables as text."""

from __future__ import annotations

from pathlib import Path

NETWORK = """
network = "small"
title = "A small network"
time_zone = "Asia/Shanghai"
day_starts_at = 03:00:00
taps_from = 2024-01-01
modes = ["metro", "bus"]
card_kinds = ["adult", "student", "senior"]
media = ["card", "qr"]
calendar = "mainland"
province = [{ code = "44", name = "Guangdong" }]
city = [{ code = "gz", name = "Guangzhou", province = "44" },
        { code = "sz", name = "Shenzhen", province = "44" }]

[[operator]]
code = "metro"
name = "Metro"
city = "gz"
modes = ["metro"]
charged_by = { default = "engine" }
stops = "stops.csv"
links = "links.csv"
line_stops = "line-stops.csv"

[[operator]]
code = "bus"
name = "Bus"
city = "gz"
modes = ["bus"]
charged_by = { default = "engine" }

[[issuer]]
code = "gz-card"
name = "Guangzhou cards"
city = "gz"
card_prefixes = ["1"]

[[issuer]]
code = "sz-card"
name = "Shenzhen cards"
city = "sz"
card_prefixes = ["2"]

[[funder]]
code = "finance"
name = "Finance bureau"
city = "gz"

[[funder]]
code = "civil"
name = "Civil affairs"
city = "gz"
"""
LINKS = "from,to,metres\na,b,1000\nb,c,2000\nc,d,3000\n"
STOPS = "stop,name\na,A\nb,B\nc,C\nd,D\n"
LINE_STOPS = "line,stop,metres\n1,a,0\n1,b,1000\n1,c,3000\n2,c,0\n2,d,3000\n"
PAIRS = [f"{start},{end}" for start in "abcd" for end in "abcd" if start != end]
MATRIX = "from,to,amount\n" + "".join(f"{pair},300\n" for pair in PAIRS)

FUNDED = 'funders = [{ funder = "finance" }]\n'
METRO = """
[[fare]]
rule = "by-distance"
basis = "distance"
bands = [{ to_m = 4000, amount = 200 }, { every_m = 4000, add = 100 }]
"""
BUS = """
[[fare]]
rule = "flat"
basis = "flat"
amount = 200
"""


def head(table: str, since: str = "2024-01-01", more: str = "", operator: str = "") -> str:
    """The keys that every table has; it is of the operator of its name."""
    return f"""
table = "{table}"
title = "Fares"
city = "gz"
operators = ["{operator or table.partition('-')[0]}"]
legal_basis = "a notice"
source = "a page"
in_force_from = {since}
{more}
"""


def write(folder: Path, tables: dict[str, str] | None = None, *, network: str = "",
          files: dict[str, str] | None = None) -> Path:
    """The network with these tables, by file name without .toml; others are sound."""
    texts = {"metro": head("metro") + METRO, "bus": head("bus") + BUS, **(tables or {})}
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    beside = {"stops.csv": STOPS, "links.csv": LINKS, "line-stops.csv": LINE_STOPS,
              "od.csv": MATRIX, "network.toml": NETWORK + network, **(files or {})}
    for name, text in beside.items():
        (folder / name).write_text(text, "utf-8")
    return folder
