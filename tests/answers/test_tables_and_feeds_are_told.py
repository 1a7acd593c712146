"""What tables a network has, what one says, what is wrong with them, and a demonstration."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing.answers.check_tables import check_network
from clearing.answers.demo import demonstrate
from clearing.answers.tables import describe_table, list_tables
from network.errors import OnecardError
from tests.answers.conftest import RECEIVED_AT

SMALL = Path(__file__).parents[1] / "cli" / "small"


def test_tables_are_listed_and_told() -> None:
    listed = {one.table: one for one in list_tables(str(SMALL))}
    assert listed["metro"].operators == ("metro",)
    assert listed["metro"].until_day == ""
    lines = describe_table(str(SMALL), "metro")
    assert any("early-half" in line for line in lines)
    assert describe_table(str(SMALL), f"metro@{listed['metro'].from_day}") == lines
    with pytest.raises(OnecardError, match="has no table 'metor'"):
        describe_table(str(SMALL), "metor")


BROKEN = {
    "currency = \"\"": "currency is blank",
    "currency_decimals = 4": "currency_decimals is 4",
    "currency_decimals = -1": "currency_decimals is -1",
    "currency = \"rupiah\"\ncurrency_decimals = 0": "amounts without decimals are whole rupiah",
    "minor_unit = \" \"": "minor_unit is blank",
}


@pytest.mark.parametrize("lines", BROKEN)
def test_a_currency_that_is_none_is_found(lines: str, tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "own")
    path = tmp_path / "own" / "network.toml"
    path.write_text(f"{lines}\n{path.read_text('utf-8')}", "utf-8")
    report = check_network(str(tmp_path / "own"))
    assert BROKEN[lines] in report.errors[0].what


def test_a_demonstration_is_answered_as_figures(tmp_path: Path) -> None:
    demo = demonstrate(tmp_path / "demo", taps=2_000, seed=5, threads=1, received_at=RECEIVED_AT)
    run = demo.report.run
    assert sum(one.records for one in demo.files) == run.taps
    assert sum(one.rides for one in demo.rides) >= run.rides > 0     # and those without an exit
    assert sum(one.paid for one in demo.payers) == sum(
        one.from_riders + one.from_funders for one in demo.operators)
    for level in ("member", "city", "province"):
        assert sum(one.net for one in demo.positions if one.level == level) == 0
    assert demo.currency.name == "yuan"
    assert demo.ride.count("/") == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("keep")
    with pytest.raises(OnecardError, match="other things than a demo"):
        demonstrate(tmp_path / "mine", taps=2_000, seed=5, threads=1, received_at=RECEIVED_AT)
