"""What people mistype in a table is refused before any ride is priced: file, line, remedy, code."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from clearing.answers.check_tables import check_network
from clearing.engine.context import load_context
from network.calendars import Kind, kind_of, mainland_years
from network.errors import OnecardError
from network.files import CSV_BYTES_MOST, TOML_BYTES_MOST, TableError
from network.names import Names
from tests.fares.folder import BUS, FUNDED, MATRIX, METRO, head, write

CUT = f'\n[[concession]]\nrule = "half"\npays_percent = 50\n{FUNDED}'
OD = '\n[[fare]]\nrule = "od"\nbasis = "od"\nmatrix = "od.csv"\n'
TABLE = head("bus") + BUS + CUT


class Case(NamedTuple):
    """A table with one mistake, the line that is shown, what is said, and what to do."""

    code: str
    excerpt: str
    said: str
    remedy: str
    text: str
    file: str = "bus.toml"


def changed(old: str, new: str, table: str = TABLE) -> str:
    assert table.count(old) == 1, old
    return table.replace(old, new)


CASES = [
    # A typo in a key.
    Case("KEY_UNKNOWN", "pays_percnt = 50", "unknown field `pays_percnt`",
         "did you mean pays_percent?", changed("pays_percent", "pays_percnt")),
    Case("KEY_UNKNOWN", "in_force_form = 2024-01-01", "unknown field `in_force_form`",
         "did you mean in_force_from?", changed("in_force_from", "in_force_form")),
    Case("KEY_UNKNOWN", "[[concesion]]", "unknown field `concesion`", "did you mean concession?",
         changed("[[concession]]", "[[concesion]]")),
    Case("KEY_UNKNOWN", 'funders = [{ funder = "finance", wieght = 2 }]', "field `wieght`",
         "did you mean weight?", changed('"finance" }', '"finance", wieght = 2 }')),
    Case("KEY_MISSING", "[[concession]]", "missing required field `funders`", "the keys and their",
         changed(FUNDED, "")),
    Case("KEY_MISSING", "", "missing required field `city`", "the keys and their meaning",
         changed('city = "gz"\n', "")),
    # A key that is given twice.
    Case("KEY_TWICE", 'table = "bus"', "Cannot overwrite a value", "keep one of the two",
         changed('table = "bus"', 'table = "bus"\ntable = "bus"')),
    Case("KEY_TWICE", "pays_percent = 50", "Cannot overwrite a value", "keep one of the two",
         changed("pays_percent = 50", "pays_percent = 60\npays_percent = 50")),
    # Dates that are none.
    Case("NOT_TOML", "in_force_from = 2024-02-30", "Invalid date", "correct that place",
         changed("2024-01-01", "2024-02-30")),
    Case("VALUE_INVALID", 'in_force_from = "soon"', "Invalid RFC3339 encoded date", "write a day",
         changed("2024-01-01", '"soon"')),
    Case("NOT_COMPILED", "in_force_until = 2023-12-31", "it ends on 2023-12-31, before it begins",
         "correct in_force_until",
         changed("2024-01-01", "2024-01-01\nin_force_until = 2023-12-31")),
    Case("NOT_COMPILED", "in_force_from = 2150-01-01", "the day 2150-01-01 is not between",
         "correct the date", changed("2024-01-01", "2150-01-01")),
    # More than the whole.
    Case("NOT_COMPILED", "pays_percent = 101", "101 % is more than the whole price",
         "write 0 to 100", changed("= 50", "= 101")),
    Case("NOT_COMPILED", 'pays_percent = "100.0001"', "100.0001 % is more than the whole",
         "write 0 to 100", changed("= 50", '= "100.0001"')),
    Case("FUNDERS", 'funders = [{ funder = "finance", percent = 99 }]', "pay 99 % of the discount",
         "write percents that add up to 100", changed('"finance" }', '"finance", percent = 99 }')),
    # Names that nobody bears.
    Case("NOT_COMPILED", 'funders = [{ funder = "finanse" }]', "'finanse' is not a member",
         "add it there", changed('"finance" }', '"finanse" }')),
    Case("NOT_COMPILED", 'card_kinds = ["pilot"]', "card kind 'pilot' is not in network.toml",
         "add it there", changed("= 50", '= 50\ncard_kinds = ["pilot"]')),
    Case("NOT_COMPILED", 'operators = ["bas"]', "operator 'bas' is not in network.toml",
         "it is one of metro, bus", changed('operators = ["bus"]', 'operators = ["bas"]')),
    Case("NOT_COMPILED", 'timeframes = ["peak"]', "timeframe 'peak' is not in the table",
         "add a [[timeframe]]", changed("= 50", '= 50\ntimeframes = ["peak"]')),
    Case("NOT_COMPILED", 'from_stops = ["west"]', "stop set 'west' is not in the table",
         "add it to stop_sets", changed("= 50", '= 50\nfrom_stops = ["west"]')),
    Case("NOT_COMPILED", 'line_classes = ["night"]', "line class 'night' is not in network.toml",
         "add it there", changed("= 50", '= 50\nline_classes = ["night"]')),
    Case("NOT_COMPILED", 'counts_to = ["month"]', "accumulator 'month' is not in network.toml",
         "add it there", changed("2024-01-01", '2024-01-01\ncounts_to = ["month"]')),
    Case("VALUE_INVALID", 'unless = ["half"]', "Invalid enum value 'half'", "the keys and",
         changed("= 50", '= 50\nunless = ["half"]')),
    # A table that is there twice, and a row.
    Case("OVERLAP", "in_force_from = 2024-01-01", "two tables are called metro@2024-01-01",
         "give one of them another name", head("metro") + METRO, "metro.toml"),
    Case("NOT_COMPILED", 'rule = "flat"', "two rows are called 'flat'", "give each row",
         changed('rule = "half"', 'rule = "flat"')),
    # Not tables at all.
    Case("NOT_TOML", "table =", "Invalid value", "correct that place", "table = "),
    Case("NOT_TOML", "", "brackets are nested too deep", "write values", "a = " + "[" * 100_000),
    Case("NOT_TOML", "", "Exceeds the limit", "correct that place",
         changed("amount = 200", f"amount = {'9' * 5000}")),
    Case("VALUE_INVALID", 'pays_amount = "free"', "expected a whole number, found text",
         "write 200 for 2.00 yuan",
         changed("pays_percent = 50", 'pays_amount = "free"')),
    Case("TOO_LARGE", "", f"and at most {TOML_BYTES_MOST:,} are read", "split it",
         TABLE + "#" * TOML_BYTES_MOST),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.said}")
def test_a_mistake_is_told_with_its_place(tmp_path: Path, case: Case) -> None:
    write(tmp_path, {"bus": case.text})
    errors = check_network(str(tmp_path)).errors
    assert [one.code for one in errors[:1]] == [case.code], errors
    assert case.said in errors[0].what
    assert errors[0].remedy.startswith(case.remedy)
    place = errors[0].location
    assert place is not None
    assert place.path == tmp_path / case.file
    assert place.excerpt == case.excerpt
    if case.excerpt:
        assert case.text.split("\n")[place.line - 1].strip() == case.excerpt


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.said}")
def test_no_ride_is_priced_by_it(tmp_path: Path, case: Case) -> None:
    write(tmp_path, {"bus": case.text})
    with pytest.raises((TableError, OnecardError)):
        load_context(str(tmp_path), Names())


def test_a_matrix_of_100_megabytes_is_not_read(tmp_path: Path) -> None:
    """It has no bytes on the disk; who reads it all the same needs that much memory."""
    write(tmp_path, {"metro": head("metro") + OD})
    os.truncate(tmp_path / "od.csv", 100_000_000)
    with pytest.raises(TableError, match="has 100,000,000 bytes, and at most 16,777,216 are read"):
        load_context(str(tmp_path), Names())
    errors = check_network(str(tmp_path)).errors
    assert "has 100,000,000 bytes" in errors[0].what
    assert errors[0].location is not None


def test_a_file_without_end_is_not_read_to_it(tmp_path: Path) -> None:
    write(tmp_path, {"metro": head("metro") + OD})
    (tmp_path / "od.csv").unlink()
    (tmp_path / "od.csv").symlink_to("/dev/zero")
    with pytest.raises(TableError, match=f"at most {CSV_BYTES_MOST:,} are read"):
        load_context(str(tmp_path), Names())


def test_a_matrix_with_a_stop_that_nobody_has(tmp_path: Path) -> None:
    write(tmp_path, {"metro": head("metro") + OD}, files={"od.csv": MATRIX + "a,x,300\n"})
    errors = check_network(str(tmp_path)).errors
    assert "stop 'x' is not in the operator's stops" in errors[0].what
    assert errors[0].location is not None


def test_a_year_without_published_holidays_is_named(tmp_path: Path) -> None:
    """Never a guess: neither that a day of it is a workday, nor that it is none."""
    beyond = mainland_years().stop
    with pytest.raises(TableError, match=f"'s holidays of {beyond} are not known") as it:
        kind_of(datetime.date(beyond, 1, 4), "mainland", {})
    assert "\ninstall a newer one: pip install --upgrade chinesecalendar" in str(it.value)
    own: dict[datetime.date, Kind] = {datetime.date(beyond, 1, 4): "holiday"}
    assert kind_of(datetime.date(beyond, 1, 4), "mainland", own) == "holiday"


@pytest.mark.parametrize(("text", "said"), [
    ("network = ", "Invalid value"),
    ('network = "small"', "missing required field `title`"),
])
def test_a_broken_network_file_is_a_finding_too(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path)
    (tmp_path / "network.toml").write_text(text)
    errors = check_network(str(tmp_path)).errors
    assert len(errors) == 1
    assert said in errors[0].what
    assert errors[0].location is not None
    assert errors[0].location.path == tmp_path / "network.toml"


@pytest.mark.parametrize(("old", "new", "said", "excerpt"), [
    ('code = "bus"\nname = "Bus"\ncity = "gz"', 'code = "bus"\nname = "Bus"\ncity = "xx"',
     "operator 'bus' is in city 'xx', which network.toml does not have", 'city = "xx"'),
    ('modes = ["bus"]', 'modes = ["bus", "boat"]', "operator 'bus' runs 'boat', which is not in",
     'modes = ["bus", "boat"]'),
    ('code = "civil"', 'code = "finance"', "two members are called 'finance'", 'code = "finance"'),
    ('media = ["card", "qr"]', 'media = ["card", "card"]', "media names 'card' twice",
     'media = ["card", "card"]'),
    ("taps_from = 2024-01-01", "taps_from = 1960-01-01", "taps_from is 1960-01-01",
     "taps_from = 1960-01-01"),
    # A period of days without their number, a number of days of another, and none.
    ("taps_from = 2024-01-01", 'taps_from = 2024-01-01\naccumulator = [{ accumulator = "a", '
     'period = "days" }]', "accumulator 'a' has the period 'days' and 0 days",
     'accumulator = [{ accumulator = "a", period = "days" }]'),
    ("taps_from = 2024-01-01", 'taps_from = 2024-01-01\naccumulator = [{ accumulator = "a", '
     'days = 7 }]', "accumulator 'a' has the period 'month' and 7 days",
     'accumulator = [{ accumulator = "a", days = 7 }]'),
    ("taps_from = 2024-01-01", 'taps_from = 2024-01-01\naccumulator = [{ accumulator = "a", '
     'period = "days", days = 367 }]', "and 367 days",
     'accumulator = [{ accumulator = "a", period = "days", days = 367 }]'),
])
def test_a_fault_of_the_network_file_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, said: str, excerpt: str
) -> None:
    write(tmp_path)
    text = (tmp_path / "network.toml").read_text()
    assert text.count(old) == 1
    (tmp_path / "network.toml").write_text(text.replace(old, new))
    finding, = check_network(str(tmp_path)).errors
    assert said in finding.what and finding.remedy
    assert finding.location is not None
    assert (finding.location.path.name, finding.location.excerpt) == ("network.toml", excerpt)
