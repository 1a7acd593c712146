"""Every notice of the check has its case: what is said, and on which line of which file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from clearing.answers.check_tables import check_network
from fare_tables.check.checks import Report
from fare_tables.check.notices import WARNINGS
from tests.fares.folder import BUS, FUNDED, LINKS, MATRIX, METRO, head, write
from tests.language.chinese import in_chinese


class Case(NamedTuple):
    """A network with one fault, and what is said of it."""

    code: str
    file: str
    excerpt: str                    # the line that is shown
    said: str
    tables: dict[str, str] = {}
    network: str = ""
    files: dict[str, str] = {}


def rows(kind: str, *each: str) -> str:
    return "".join(f"\n[[{kind}]]\n{one}\n{FUNDED}" for one in each)


def half(rule: str, more: str = "") -> str:
    return f'rule = "{rule}"\npays_percent = 50\n{more}'


def fare(rule: str, more: str = "") -> str:
    return f'\n[[fare]]\nrule = "{rule}"\nbasis = "flat"\namount = 100\n{more}\n'


def tier(rule: str, more: str) -> str:
    return f'rule = "{rule}"\naccumulator = "month"\npays_percent = 80\n{more}'


OD = '\n[[fare]]\nrule = "od"\nbasis = "od"\nmatrix = "od.csv"\nsame_station = "lowest"\n'
ZONE = ('\n[[fare]]\nrule = "zone"\nbasis = "zone"\nmatrix = "zones-od.csv"\nzones = "zones.csv"\n'
        'same_station = 300\n')
ZONE_FARES = "from,to,amount\n1,1,200\n1,2,300\n2,1,300\n2,2,200\n"
LINE = '\n[[fare]]\nrule = "line"\nbasis = "distance"\ndistance = "line"\n'
TAP = ('\n[[fare]]\nrule = "tap"\nbasis = "distance"\ndistance = "tap"\nmissing_in = 200\n'
       'missing_out = 200\nbands = [{ amount = 200 }]\n')
TIME = ('\n[[fare]]\nrule = "time"\nbasis = "time"\nmissing_in = 200\nmissing_out = 200\n'
        'bands = [{ to_s = 3600, amount = 200 }, { every_s = 600, add = 100 }]\n')
MONTH = '\n[[accumulator]]\naccumulator = "month"\n'
RIDES = '\n[[accumulator]]\naccumulator = "rides"\ncounts = "rides"\n'
COUNTED = head("bus", more='counts_to = ["month"]') + BUS
NIGHT = '\n[[line_class]]\nline_class = "night"\noperators = ["bus"]\nlines = ["N1", "N2"]\n'
OTHER_RAILWAY = """
[[operator]]
code = "other"
name = "Another railway"
city = "gz"
modes = ["metro"]
charged_by = { default = "engine" }
stops = "other-stops.csv"
runs_from = 2149-12-31
"""
PEAK = ('\n[[timeframe]]\ntimeframe = "peak"\ndays = ["workday"]\nsince = 07:00:00\n'
        'until = 09:00:00\n')
ENDED = head("bus", more="in_force_until = 2024-06-30") + BUS

CASES = [
    # Dates.
    Case("GAP", "bus.toml", "in_force_until = 2024-06-30", "from 2024-07-01 on", {"bus": ENDED}),
    Case("GAP", "bus.toml", "in_force_until = 2024-06-30", "from 2024-07-01 to 2024-08-31",
         {"bus": ENDED, "bus-2": head("bus", "2024-09-01") + BUS}),
    Case("GAP", "bus.toml", "in_force_from = 2024-02-01", "from 2024-01-01 to 2024-01-31",
         {"bus": head("bus", "2024-02-01") + BUS}),
    Case("GAP", "network.toml", 'code = "bus"', "from 2024-01-01 on for lines that no table names",
         {"bus": head("bus", more='lines = ["1"]') + BUS}),
    Case("OVERLAP", "later.toml", "in_force_from = 2024-06-01",
         "bus@2024-01-01 is in force on 2024-06-01, too, for bus bus",
         {"later": head("bus", "2024-06-01") + BUS}),
    Case("OVERLAP", "second.toml", "in_force_from = 2024-01-01", "for bus bus line 2",
         {"first": head("bus-1", more='lines = ["1", "2"]') + BUS,
          "second": head("bus-2", more='lines = ["2", "3"]') + BUS}),
    Case("LINE_GAP", "second.toml", "in_force_from = 2024-09-01",
         "from 2024-07-01 to 2024-08-31 line '1' of bus has the fares of all lines",
         {"first": head("bus-1", more='lines = ["1"]\nin_force_until = 2024-06-30') + BUS,
          "second": head("bus-1", "2024-09-01", 'lines = ["1"]') + BUS}),
    Case("NO_SERVICE", "boat.toml", 'operators = ["bus"]', "none of its operators runs",
         {"boat": head("boat", more='modes = ["metro"]', operator="bus") + BUS}),
    # Conditions of fare rows.
    Case("NO_FARE_ROW", "bus.toml", 'table = "bus"', "card_kind senior",
         {"bus": head("bus") + fare("young", 'card_kinds = ["adult", "student"]')}),
    Case("NO_FARE_ROW", "bus.toml", 'table = "bus"', "medium qr",
         {"bus": head("bus") + fare("card", 'media = ["card"]')}),
    Case("NO_FARE_ROW", "bus.toml", 'table = "bus"', "city sz",
         {"bus": head("bus") + fare("home", 'cards = "home"')}),
    Case("NO_FARE_ROW", "bus.toml", 'table = "bus"', "bus bus, single tap, age not known",
         {"bus": head("bus") + fare("young", "age_to = 64") + fare("old", "age_from = 66")}),
    Case("NO_FARE_ROW", "bus.toml", 'table = "bus"', "workday 00:00",
         {"bus": head("bus") + PEAK + fare("peak", 'timeframes = ["peak"]')}),
    Case("NO_FARE_ROW", "bus.toml", 'table = "bus"', "line N1",
         {"bus": head("bus") + fare("day", 'line_classes = ["day"]')},
         network=NIGHT + NIGHT.replace("night", "day").replace('"N1", "N2"', '"D1"')),
    Case("NO_FARE_ROW", "metro.toml", 'table = "metro"', "from_stop c",
         {"metro": head("metro") + '[stop_sets]\nwest = ["a", "b"]\n'
          + METRO.replace("bands", 'from_stops = ["west"]\nbands')}),
    Case("NO_FARE_ROW", "metro.toml", 'table = "metro"', "missing in",
         {"metro": head("metro") + '\n[[timeframe]]\ntimeframe = "all"\n'
          + METRO.replace("bands", 'timeframes = ["all"]\nbands')}),
    Case("NO_FARE_ROW", "bus.toml", 'table = "bus"', "companion yes",
         {"bus": head("bus", more="companion_within_s = 9") + fare("one", "companions = false")}),
    # Fares between stops.
    Case("MATRIX_HOLE", "metro.toml", 'matrix = "od.csv"', "1 pair such as a to c",
         {"metro": head("metro") + OD}, files={"od.csv": MATRIX.replace("a,c,300\n", "")}),
    Case("MATRIX_HOLE", "metro.toml", 'matrix = "zones-od.csv"', "2 pairs such as a to c",
         {"metro": head("metro") + ZONE},
         files={"zones.csv": "stop,zone\na,1\nb,2\nc,3\nd,2\n", "zones-od.csv":
                "from,to,amount\n1,2,1\n2,1,1\n2,2,1\n2,3,1\n3,2,1\n"}),
    Case("ZONE_MISSING", "metro.toml", 'zones = "zones.csv"', "1 stop of metro is in no zone",
         {"metro": head("metro") + ZONE},
         files={"zones.csv": "stop,zone\na,1\nb,1\nc,2\n", "zones-od.csv": ZONE_FARES}),
    Case("STOP_UNREACHABLE", "metro.toml", 'basis = "distance"', "6 pairs such as a to d",
         files={"links.csv": LINKS.replace("c,d,3000\n", "")}),
    Case("BANDS_END", "metro.toml", "bands = [{ to_m = 4000, amount = 200 }]",
         "4 pairs such as a to d",
         {"metro": head("metro") + METRO.replace(", { every_m = 4000, add = 100 }", "")}),
    Case("BANDS_END", "metro.toml", "bands = [{ to_m = 2999, amount = 200 }]",
         "line 1, 2 pairs such as a to c",
         {"metro": head("metro") + LINE + "bands = [{ to_m = 2999, amount = 200 }]\n"}),
    Case("BANDS_END", "bus.toml", "bands = [{ to_m = 9000, amount = 200 }]", "ends at 9000 m",
         {"bus": head("bus") + TAP.replace("{ amount", "{ to_m = 9000, amount")}),
    Case("BANDS_END", "bus.toml", "bands = [{ to_s = 3600, amount = 200 }, "
         "{ to_s = 7200, every_s = 600, add = 100 }]", "ends at 7200 s",
         {"bus": head("bus") + TIME.replace("{ every", "{ to_s = 7200, every")}),
    Case("EDGE_FARE_MISSING", "bus.toml", 'missing_out = "highest"', "no stop is known",
         {"bus": head("bus") + TAP.replace("missing_out = 200", 'missing_out = "highest"')}),
    Case("EDGE_FARE_MISSING", "metro.toml", 'same_station = "fare"', "4 stops of metro have none",
         {"metro": head("metro") + OD.replace('"lowest"', '"fare"')}),
    Case("EDGE_FARE_MISSING", "metro.toml", 'rule = "od"', "missing_out is 'highest', and 1 stop",
         {"metro": head("metro") + OD},
         files={"od.csv": "".join(line for line in MATRIX.splitlines(True) if line[0] != "d")}),
    Case("STOP_UNKNOWN", "metro.toml", 'west = ["a", "w"]', "stop 'w' of the stop set 'west'",
         {"metro": head("metro") + '[stop_sets]\nwest = ["a", "w"]\n' + METRO
          + rows("concession", half("cut", 'from_stops = ["west"]\n'))},
         OTHER_RAILWAY, {"other-stops.csv": "stop,name\nw,W\n"}),
    Case("LINE_UNKNOWN", "metro-3.toml", 'distance = "line"', "1 line of metro is not known",
         {"metro": head("metro") + METRO, "metro-3": head("metro-3", more='lines = ["2", "3"]')
          + LINE + "bands = [{ amount = 200 }]\n"}),
    # Rows that never win.
    Case("UNREACHABLE", "bus.toml", 'rule = "second"', "this concession never applies",
         {"bus": head("bus") + BUS + rows("concession", half("first"), half("second"))}),
    Case("UNREACHABLE", "bus.toml", 'rule = "third"', "rows before it win every ride",
         {"bus": head("bus") + BUS + rows(
             "concession", half("first", 'cards = "home"\n'), half("second", 'cards = "away"\n'),
             half("third", 'media = ["qr"]\n'))}),
    Case("UNREACHABLE", "bus.toml", 'rule = "flat"', "this fare never applies",
         {"bus": head("bus") + fare("cheap") + BUS}),
    Case("UNREACHABLE", "bus.toml", 'rule = "more"', "this promotion never applies",
         {"bus": head("bus") + BUS + rows("concession", half("first"))
          + rows("promotion", half("more", 'unless = ["concession"]\n'))}),
    Case("UNREACHABLE", "bus.toml", 'rule = "nobody"', "no ride meets all of its conditions",
         {"bus": head("bus") + BUS + rows("concession", half("nobody", 'modes = ["metro"]\n'))}),
    Case("UNREACHABLE", "bus.toml", 'rule = "inner"', "this tier never applies",
         {"bus": COUNTED + rows("tier", tier("outer", "over = 100"), tier("inner", "over = 200"))},
         network=MONTH),
    Case("UNREACHABLE", "bus.toml", 'rule = "later"', "this transfer never applies",
         {"bus": head("bus") + BUS + rows(
             "transfer", 'rule = "sooner"\nwithin_s = 3600\ncredit = 40',
             'rule = "later"\nwithin_s = 1800\ncredit = 20')}),
    # Rows by themselves.
    Case("NOT_COUNTED", "bus.toml", 'accumulator = "month"', "which is always 0",
         {"bus": head("bus") + BUS + rows("tier", tier("over", "over = 100"))}, network=MONTH),
    Case("FUNDERS", "bus.toml", 'funders = [{ funder = "finance", percent = 60 }, { funder = '
         '"civil", percent = 30 }]', "its funders pay 90 % of the discount",
         {"bus": head("bus") + BUS + rows("concession", half("cut")).replace(
             '"finance" }', '"finance", percent = 60 }, { funder = "civil", percent = 30 }')}),
    Case("FUNDERS", "bus.toml", 'funders = [{ funder = "finance", percent = 60 }, { funder = '
         '"civil" }]', "pay 60 % of the discount, 1 of 2 by percent",
         {"bus": head("bus") + BUS + rows("concession", half("cut")).replace(
             '"finance" }', '"finance", percent = 60 }, { funder = "civil" }')}),
    # Warnings.
    Case("NOT_MONOTONE", "metro.toml", "bands = [{ to_m = 4000, amount = 200 }, { amount = 150 }]",
         "band 2 costs 150, the one before ends at 200",
         {"metro": head("metro") + METRO.replace("every_m = 4000, add = 100", "amount = 150")}),
    Case("NOT_MONOTONE", "metro.toml", 'matrix = "od.csv"',
         "from a to d costs 250, to c on the way 300",
         {"metro": head("metro") + OD}, files={"od.csv": MATRIX.replace("a,d,300", "a,d,250")}),
    Case("UNUSED", "bus.toml", 'timeframe = "peak"', "no row holds in timeframe 'peak'",
         {"bus": head("bus") + PEAK + BUS}),
    Case("UNUSED", "metro.toml", 'west = ["a"]', "no row names the stop set 'west'",
         {"metro": head("metro") + '[stop_sets]\nwest = ["a"]\n' + METRO}),
    Case("UNUSED", "network.toml", 'accumulator = "month"', "no table uses it", network=MONTH),
    Case("UNUSED", "network.toml", 'line_class = "night"', "no table uses it", network=NIGHT),
    Case("UNUSED", "bus.toml", 'unless = ["tier"]', "order has no tier before concession",
         {"bus": head("bus") + BUS + rows("concession", half("cut", 'unless = ["tier"]\n'))}),
    Case("TIER_GAP", "bus.toml", 'rule = "high"', "101 to 199 counted is between low and this row",
         {"bus": COUNTED + rows("tier", tier("low", "over = 50\nup_to = 100"),
                                tier("high", "at_least = 200"))}, network=MONTH),
    Case("CALENDAR", "bus.toml", 'timeframe = "peak"', "are not known: taps of",
         {"bus": head("bus") + PEAK + BUS
          + rows("concession", half("cut", 'timeframes = ["peak"]'))}),
]


def check(folder: Path, case: Case) -> Report:
    return check_network(str(write(folder, case.tables, network=case.network, files=case.files)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.said}")
def test_a_fault_is_found_with_its_place(tmp_path: Path, case: Case) -> None:
    findings = check(tmp_path, case).findings
    found = [one for one in findings if one.code == case.code and case.said in one.what]
    assert found, findings
    place = found[0].location
    assert place is not None
    assert (place.path.name, place.excerpt) == (case.file, case.excerpt)
    lines = place.path.read_text("utf-8").split("\n")
    assert lines[place.line - 1].strip() == case.excerpt
    assert found[0].remedy
    assert found[0].severity == ("warning" if case.code in WARNINGS else "error")
    assert case.said not in in_chinese(found[0].what)
    assert in_chinese(found[0].remedy) != found[0].remedy


# Findings that follow from each other: what cannot be told of without them.
TOGETHER = {"LINE_GAP": set(), "MATRIX_HOLE": {"EDGE_FARE_MISSING"}, "UNUSED": {"UNREACHABLE"},
            "EDGE_FARE_MISSING": {"MATRIX_HOLE"}, "ZONE_MISSING": {"EDGE_FARE_MISSING"},
            "BANDS_END": {"EDGE_FARE_MISSING"}, "STOP_UNKNOWN": {"GAP"}, "UNREACHABLE": {"UNUSED"},
            "NO_FARE_ROW": {"UNUSED", "CALENDAR"}, "STOP_UNREACHABLE": {"EDGE_FARE_MISSING"}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.said}")
def test_nothing_else_is_found(tmp_path: Path, case: Case) -> None:
    codes = {one.code for one in check(tmp_path, case).findings}
    assert codes - {case.code} <= TOGETHER.get(case.code, set())


def too_many() -> Case:
    """120 ages, times 120 timeframes, times 16 ways in which lines are of classes."""
    numbers = range(1, 121)
    timeframes = "".join(
        f'\n[[timeframe]]\ntimeframe = "w{n}"\nsince = {n // 60:02d}:{n % 60:02d}:00\n'
        for n in numbers)
    fares = "".join(fare(f"age-{n}", f"age_from = {n}") + fare(f"at-{n}", f'timeframes = ["w{n}"]')
                    for n in numbers)
    fares += "".join(fare(f"class-{n}", f'line_classes = ["{n}"]') for n in range(16))
    classes = "".join(NIGHT.replace("night", str(n)).replace('"N1", "N2"', f'"{n}"')
                      for n in range(16))
    return Case("TOO_MANY", "", "", "", {"bus": head("bus") + timeframes + fares + BUS}, classes)


def test_more_than_can_be_looked_at_is_said(tmp_path: Path) -> None:
    assert [one.code for one in check(tmp_path, too_many()).findings] == ["TOO_MANY"]


def test_sound_tables_are_proved(tmp_path: Path) -> None:
    report = check_network(str(write(tmp_path)))
    assert not report.findings
    assert (report.tables, report.services, report.fares) == (2, 2, 12)
    # Metro: complete, same station, missing in, missing out. Bus: one tap, or two.
    assert report.combinations == 6


@pytest.mark.parametrize(("more", "combinations"), [
    ("card_kinds = [\"adult\"]", 4), ("card_kinds = [\"adult\", \"student\", \"senior\"]", 2),
    ("cards = \"home\"", 4), ("age_from = 60\nage_to = 64", 4), ("reviewed = true", 4),
    ("media = [\"qr\"]\ncards = \"away\"", 8),
])
def test_combinations_are_those_that_rows_tell_apart(tmp_path: Path, more: str,
                                                     combinations: int) -> None:
    tables = {"bus": head("bus") + BUS + rows("concession", half("cut", more + "\n"))}
    report = check_network(str(write(tmp_path, tables)))
    assert report.combinations == 4 + combinations


def test_a_fare_row_that_another_row_asks_is_needed(tmp_path: Path) -> None:
    cut = 'rule = "cheap"\ncard_kinds = ["student"]\npays_fare = "low"'
    tables = {"bus": head("bus") + BUS + fare("low") + rows("concession", cut)}
    assert not check_network(str(write(tmp_path, tables))).findings


def test_the_holes_of_a_column_that_another_row_asks_are_found(tmp_path: Path) -> None:
    """A pair without a child's fare would be priced as an adult's, without a word."""
    first, *lines = MATRIX.splitlines()
    matrix = [f"{first},child", *(line + ",100" for line in lines if line != "b,d,300")]
    adult = [f"{first}", *lines]
    child = OD.replace('rule = "od"', 'rule = "child"').replace(
        '"od.csv"', '"child.csv"\ncolumn = "child"')
    cut = 'rule = "cheap"\ncard_kinds = ["student"]\npays_fare = "child"'
    tables = {"metro": head("metro") + OD + child + rows("concession", cut)}
    files = {"od.csv": "\n".join(adult) + "\n", "child.csv": "\n".join(matrix) + "\n"}
    found = check_network(str(write(tmp_path, tables, files=files))).findings
    assert [(one.code, one.what) for one in found] == [
        ("MATRIX_HOLE", "child.csv has no child between stops, 1 pair such as b to d")]
