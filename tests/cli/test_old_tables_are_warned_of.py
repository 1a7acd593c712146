"""A table that nobody has held to its source for long is warned of, in one line, and prices on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fare_tables.source import load_tables
from tests.cli.clerk import COLUMNS, tap
from tests.run.command import REPOSITORY, Outcome, onecard, write_csv

CHECKED, LAST_DAY, LATE = "2024-11-01", "2024-12-01", "2024-12-02"      # 30 days apart, and 31
BUS = ("--operator", "hk-bus", "--line", "19")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cities; of Haikou's table somebody says when it was checked, of Zhongshan's nobody."""
    folder = tmp_path_factory.mktemp("old") / "network"
    shutil.copytree(REPOSITORY / "examples" / "network", folder)
    for path, keys in ((folder / "network.toml", "recheck_after_days = 30\n"),
                       (folder / "haikou-bus.toml", f"checked_on = {CHECKED}\n")):
        path.write_text(keys + path.read_text("utf-8"), "utf-8")
    return folder


def price(network: Path, day: str, *more: str) -> Outcome:
    return onecard("price", "--network", network, *BUS, "--at", f"{day} 08:00", *more)


def test_a_price_of_the_last_day_is_not_warned_of(network: Path) -> None:
    assert (price(network, LAST_DAY).code, price(network, LAST_DAY).err) == (0, "")


def test_a_later_price_is_and_stays_the_same(network: Path) -> None:
    done = price(network, LATE)
    assert done.code == 0
    assert done.out.endswith(price(network, LAST_DAY).out.splitlines()[-1] + "\n")
    assert done.err == (
        "warning: haikou-bus@2024-10-01 was last held to its source on 2024-11-01, and priced "
        "rides of 2024-12-02: more than 30 days later; see whether these fares still hold, then "
        "write the day to `checked_on`, or add a version with the new ones\n")
    assert json.loads(price(network, LATE, "--json").out)["warning"] in done.err


def test_a_run_is_warned_of_once(network: Path, tmp_path: Path) -> None:
    """Whatever the number of rides; and a dry run says what the run says."""
    taps = write_csv(tmp_path / "taps.csv", [
        tap("3105000020000000043", seq, day) for seq, day in enumerate(
            (CHECKED, LATE, LATE, "2024-12-03"), 1)], COLUMNS)
    how = (taps, "--network", network, "--book", tmp_path / "book")
    tried, done = onecard("clear", *how, "--dry-run"), onecard("clear", *how)
    assert tried.code == done.code == 0
    assert tried.err == done.err
    assert done.err.count("\n") == 1
    assert "haikou-bus@2024-10-01" in done.err
    assert "of 2024-12-03: more than 30" in done.err


def test_early_rides_are_not(network: Path, tmp_path: Path) -> None:
    taps = write_csv(tmp_path / "taps.csv", [tap("3105000020000000043", 1, LAST_DAY)], COLUMNS)
    assert onecard("clear", taps, "--network", network, "--book", tmp_path / "book").err == ""


def test_a_check_of_tables_names_them_and_passes(network: Path) -> None:
    done = onecard("tables", "check", network)
    assert done.code == 0
    assert "warning STALE: last held to their sources more than 30 days before " in done.out
    assert "haikou-bus@2024-10-01 (on 2024-11-01); zhongshan-bus@2024-10-01 (on 2024-10-01)" in (
        done.out)


def test_a_table_like_another_was_not_checked_with_it(network: Path, tmp_path: Path) -> None:
    folder = tmp_path / "network"
    shutil.copytree(network, folder)
    (folder / "later.toml").write_text(
        'table = "haikou-bus"\nlike = "haikou-bus@2024-10-01"\nin_force_from = 2025-01-01\n')
    later = [one for one in load_tables(folder) if str(one.in_force_from) == "2025-01-01"]
    assert [one.checked_on for one in later] == [None]


def test_days_before_the_check_are_no_number(network: Path, tmp_path: Path) -> None:
    folder = tmp_path / "network"
    shutil.copytree(network, folder)
    path = folder / "network.toml"
    path.write_text(path.read_text("utf-8").replace("= 30", "= -1", 1), "utf-8")
    done = onecard("tables", "check", folder)
    assert done.code == 1
    assert "recheck_after_days is -1" in done.out
