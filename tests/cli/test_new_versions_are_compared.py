"""`onecard tables diff`: what a new version changes, in words and in prices, for whom."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.run.command import REPOSITORY, accepted, onecard, refused

NEWER = """
table = "haikou-bus"
like = "haikou-bus@2024-10-01"
in_force_from = 2025-01-01

[[fare]]
rule = "flat-2-yuan"
basis = "flat"
amount = 300
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network of examples, whose bus in Haikou costs 3 yuan from 2025 on."""
    folder = tmp_path_factory.mktemp("diff") / "network"
    shutil.copytree(REPOSITORY / "examples" / "network", folder)
    path = folder / "haikou-bus.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("in_force_from = 2024-10-01",
                                 "in_force_from = 2024-10-01\nin_force_until = 2024-12-31"),
                    "utf-8")
    (folder / "haikou-bus-2025.toml").write_text(NEWER, "utf-8")
    return folder


def test_words_and_prices_of_two_versions(network: Path) -> None:
    said = accepted("tables", "diff", network, "haikou-bus@2024-10-01",
                    "haikou-bus@2025-01-01").out
    assert ("  fare, by the first row that fits:\n  - flat-2-yuan: 200\n"
            "  + flat-2-yuan: 300\n") in said
    rows = [line.split() for line in said.splitlines() if line.startswith(" ordinary")]
    assert ["ordinary", "card", "home", "1", "1", "0", "Mon", "12:00", "1.70", "2.55"] in rows
    assert not [line for line in said.splitlines() if line.startswith(" elder") and "home" in line
                and " card " in line]           # they ride free before and after


def test_files_are_named_as_well(network: Path) -> None:
    by_name = accepted("tables", "diff", f"{network}/haikou-bus@2024-10-01",
                       f"{network}/haikou-bus@2025-01-01").out
    assert accepted("tables", "diff", network / "haikou-bus.toml",
                    network / "haikou-bus-2025.toml").out == by_name


def test_nothing_changes_but_the_days(network: Path) -> None:
    said = accepted("tables", "diff", network / "haikou-bus.toml", network / "haikou-bus.toml").out
    assert "no price changes; rides priced by both, of each sort of rider: 1\n" in said


def test_a_month_is_priced_where_tiers_differ() -> None:
    """Guangzhou in 2023: a code has the month's tiers, too; a card pays in full until 80 yuan.

    120 rides at 4.50 a ride on average: 15 at 95 % and the rest at 60 %; then 80, 120 of 150, and
    half of 310.
    """
    versions = ("guangzhou-metro@2018-01-01", "guangzhou-metro@2023-09-01")
    said = accepted("tables", "diff", "guangzhou", *versions).out
    assert ("a month of one card, every day: 0101 → 0102, 08:00; 0102 → 0308, 08:25; "
            "0308 → 0102, 18:00; 0102 → 0101, 18:25\n") in said
    rows = [line.split() for line in said.split("what it comes to")[1].splitlines()]
    assert ["ordinary", "card", "home", "120", "348.50", "355.00"] in rows
    assert ["ordinary", "qr", "home", "120", "540.00", "355.00"] in rows
    assert not [row for row in rows if row and row[0] in ("elder", "student")]
    told = json.loads(accepted("tables", "diff", "guangzhou", *versions, "--json").out)
    assert {(one["before"], one["after"]) for one in told["months"]} == {
        (34_850, 35_500), (54_000, 35_500)}


def test_no_month_is_priced_where_rides_before_do_not_matter(network: Path) -> None:
    said = accepted("tables", "diff", network, "haikou-bus@2024-10-01",
                    "haikou-bus@2025-01-01").out
    assert "a month of one card" not in said


def test_hong_kongs_elders_pay_more_and_nobody_else() -> None:
    told = json.loads(accepted("tables", "diff", "hongkong", "mtr@2024-06-30", "mtr@2026-04-03",
                               "--json").out)
    assert {(one["card_kind"], one["medium"]) for one in told["changes"]} == {
        ("elder", "card"), ("disabled", "card")}
    assert all(one["cheaper"] == 0 < one["dearer"] < one["rides"] for one in told["changes"])
    assert told["rides_there"] == 96 * 95


@pytest.mark.parametrize(("versions", "said"), [
    (("hongkong", "mtr", "mtr@2026-04-03"), "2 versions of a table are called 'mtr'"),
    (("hongkong", "mtr@2020-01-01", "mtr@2026-04-03"), "one of mtr@2024-06-30, mtr@2026-04-03"),
    (("mtr@2024-06-30", "mtr@2026-04-03"), "does not say of which network"),
    (("nowhere/mtr", "mtr@2026-04-03"), "no network 'nowhere'"),
    (("hongkong", "mtr.tom", "mtr.toml"), "no versions of a table are called 'mtr.tom'"),
    (("hongkong", "nothing.toml", "mtr.toml"), "name one of mtr-2026.toml, mtr.toml"),
    (("chengdu/chengdu-metro", "hefei/hefei-metro"), "price rides of other operators"),
])
def test_what_is_not_there_is_said(versions: tuple[str, ...], said: str) -> None:
    assert said in refused("tables", "diff", *versions).err


def test_one_name_is_too_few() -> None:
    assert onecard("tables", "diff", "hongkong").code == 2
