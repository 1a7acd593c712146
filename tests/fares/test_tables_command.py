"""`onecard tables`: findings for people and machines, exit codes, and tables in words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clearing.cli.tables import command
from fare_tables.describe import describe
from fare_tables.source import load_tables
from network.folder import SHIPPED, list_networks
from tests.fares.folder import BUS, FUNDED, METRO, head, write

PEAK = ('\n[[timeframe]]\ntimeframe = "peak"\ndays = ["workday"]\nsince = 22:00:00\n'
        'until = 05:00:00\n')


def call(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_a_sound_network_says_what_was_proved(tmp_path: Path) -> None:
    result = call("check", str(write(tmp_path)))
    assert result.exit_code == 0
    assert result.output == (f"{tmp_path}: 2 tables, 2 services: 6 combinations and 12 fares "
                             "between stops each have one price; 0 figures assumed\n")


def test_an_error_makes_the_exit_code_1_and_has_its_place(tmp_path: Path) -> None:
    text = head("bus") + BUS.replace("amount", 'card_kinds = ["adult"]\namount')
    result = call("check", str(write(tmp_path, {"bus": text})))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{tmp_path}/bus.toml:2: error NO_FARE_ROW: bus@2024-01-01: no fare row holds for bus bus, "
        "single tap, card_kind student",
        '    table = "bus"',
        "  add a fare row without conditions as the last, or widen one",
        f"{tmp_path}/bus.toml:2: error NO_FARE_ROW: bus@2024-01-01: no fare row holds for bus bus, "
        "complete, card_kind student",
        '    table = "bus"',
        "  add a fare row without conditions as the last, or widen one",
        f"{tmp_path}: 2 tables, 2 services: 2 errors",
    ]


def test_a_warning_leaves_it_0(tmp_path: Path) -> None:
    result = call("check", str(write(tmp_path, {"bus": head("bus") + PEAK + BUS})))
    assert result.exit_code == 0
    unused = ": warning UNUSED: bus@2024-01-01 peak: no row holds in timeframe 'peak'"
    assert unused in result.output
    assert "each have one price; 1 warning; " in result.output


def test_machines_get_all_of_it(tmp_path: Path) -> None:
    folder = str(write(tmp_path, {"bus": head("bus", more="in_force_until = 2024-06-30") + BUS}))
    result = call("check", folder, "demo", "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert [one["network"] for one in told] == [folder, "demo"]
    assert told[0]["errors"] == 1
    assert told[0]["findings"] == [{
        "code": "GAP", "severity": "error", "file": f"{tmp_path}/bus.toml", "line": 9,
        "excerpt": "in_force_until = 2024-06-30", "where": "bus bus",
        "what": "no table is in force from 2024-07-01 on",
        "remedy": "add a table, or the days to one: rides of those days are refused as NO_FARE"}]
    assert told[1]["errors"] == 0
    assert told[1]["combinations"] > told[1]["services"]


def test_a_table_in_words(tmp_path: Path) -> None:
    text = head("metro", more="companion_within_s = 90\ncounts_to = []") + """
[stop_sets]
west = ["a", "b"]
""" + PEAK + METRO.replace("bands", 'missing_in = 300\novertime_after_s = 9000\nbands') + f"""
[[concession]]
rule = "senior"
card_kinds = ["senior"]
cards = "home"
age_from = 60
reviewed = true
from_stops = ["west"]
timeframes = ["peak"]
pays_percent = 50
unit = 10
rounding = "down"
{FUNDED}
[[transfer]]
rule = "again"
within_s = 5400
credit_up_to = 100
from_modes = ["bus"]
same_vehicle = false
funders = [{{ funder = "finance", percent = 60 }}, {{ funder = "civil", percent = 40 }}]
"""
    write(tmp_path, {"metro": text})
    result = call("show", str(tmp_path), "metro")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "metro: Fares",
        "  in force from 2024-01-01 on",
        "  held to its source on 2024-01-01",
        "  legal basis: a notice (a page)",
        "  prices rides of metro; home is city gz; amounts in fen",
        "  timeframe peak: workday, 22:00 to 05:00 of the next morning",
        "  stop set west: a and b",
        "  fare, by the first row that fits:",
        "    by-distance: by the shortest way between the stops",
        "      at first, up to 4000 m: 200",
        "      over 4000 m: 100 more for every 4000 m begun",
        "      without a way in 300; without a way out the highest fare of the stop; back at "
        "the same station the fare as it is",
        "      after 2 h 30 min inside 0 more",
        "  then concession, the first that fits:",
        "    senior: pays 50 %; for card kinds senior; cards of this city; from stops of west; "
        "entered in peak; aged 60 and older; while the card's yearly review is valid; rounded "
        "down to 10; paid for by finance",
        "  then transfer, the first that fits:",
        "    again: the first ride's fare off, up to 100, starting within 1 h 30 min of the "
        "end of the ride before, from bus, once, not to the same line, not to the same vehicle; "
        "paid for by finance 60 % and civil 40 %",
        "  tapped again within 1 min 30 s, a card pays for who rides along",
    ]


@pytest.mark.parametrize("network", list_networks())
def test_every_shipped_table_has_words_for_all_of_its_rows(network: str) -> None:
    for table in load_tables(SHIPPED / network):
        said = "\n".join(line.words for line in describe(table, "fen"))
        rows = [*table.fare, *table.concession, *table.promotion, *table.transfer, *table.tier,
                *table.cap]
        assert all(f"{row.rule}: " in said for row in rows)
        assert all(f"timeframe {timeframe.timeframe}: " in said for timeframe in table.timeframe)
        assert "None" not in said


def test_a_timeframe_shows_its_seconds() -> None:
    said = call("show", "beijing", "beijing-metro").output
    assert "timeframe workday-to-seven: workday, 00:00 to 07:00:01\n" in said


def test_one_version_of_a_table_can_be_named() -> None:
    both = call("show", "demo", "guangzhou-metro").output
    one = call("show", "demo", "guangzhou-metro@2022-05-01").output
    assert both.count("\n  in force from ") == 2
    assert one.count("\n  in force from ") == 1
    assert one in both


def test_help_lists_every_command_and_reads_no_table() -> None:
    """--help answers at once: nothing that reads tables or feeds is imported for it."""
    program = ("import sys\nfrom clearing.cli import onecard\n"
               "try:\n    onecard(['tables', '--help'])\nexcept SystemExit:\n    pass\n"
               "heavy = {'numpy', 'msgspec', 'chdb', 'network.folder', 'fare_tables.gtfs'}\n"
               "print('imported:', sorted(heavy & set(sys.modules)))\n")
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True).stdout
    assert all(f"\n  {name} " in said for name in ("check", "show", "import-gtfs"))
    assert said.endswith("imported: []\n")
