"""Hong Kong from April 2026: elders pay 2 dollars or a fifth, and everybody else what he paid."""

from __future__ import annotations

import csv

import pytest

from fare_tables.source import load_tables
from network.folder import SHIPPED
from tests.run.command import onecard

FOLDER = SHIPPED / "hongkong"
OUTSIDE = {"LOW", "LMC", "RAC"}         # the scheme is not for the boundary and the racecourse
ELDER = ("--card-kind", "elder", "--age", "70")


def rows(name: str) -> dict[tuple[str, str], dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return {(row["from"], row["to"]): row for row in csv.DictReader(file)}


def scheme(adult: int) -> int:
    """A fifth to 10 cents, half up; at least 2 dollars."""
    return max(200, (adult + 25) // 50 * 10)


def test_every_pair_is_by_the_scheme() -> None:
    before, after = rows("mtr-fares.csv"), rows("mtr-scheme-2026.csv")
    assert before.keys() == after.keys()
    inside = [pair for pair in before if pair[0] != pair[1] and not OUTSIDE & {*pair}]
    changed = 0
    for pair, old in before.items():
        for column, was in (("elder", "octopus_elder"), ("joyyou_60", "octopus_joyyou_60")):
            fare, was_fare = int(after[pair][column]), int(old[was])
            # What MTR gives by itself, below 2 dollars, stays.
            by_scheme = pair in inside and was_fare == 200
            assert fare == (scheme(int(old["octopus_adult"])) if by_scheme else was_fare), pair
        changed += pair in inside and after[pair]["elder"] != old["octopus_elder"]
        assert old["octopus_elder"] == old["octopus_disabled"]
    assert (changed, len(inside)) == (6_102, 8_556)


def test_all_else_is_as_it_was() -> None:
    before, after = sorted(load_tables(FOLDER), key=lambda one: one.in_force_from)
    assert (str(before.in_force_until), str(after.in_force_from)) == ("2026-04-02", "2026-04-03")
    others = [row for row in before.fare if row not in after.fare]
    assert {row.rule for row in others} == {"octopus-elder", "octopus-disabled",
                                            "octopus-joyyou-60"}
    assert (before.concession, before.promotion) == (after.concession, after.promotion)


@pytest.mark.parametrize(("day", "who", "pays"), [
    ("2026-04-02", ELDER, "2.00 of 11.00"), ("2026-04-03", ELDER, "2.20 of 11.00"),
    ("2026-06-10", ELDER, "2.20 of 11.00"),
    ("2026-06-10", ("--card-kind", "elder", "--age", "61"), "2.20 of 11.00"),
    ("2026-06-10", ("--card-kind", "disabled"), "2.20 of 11.00"),
    ("2026-06-10", (), "11.00 of 11.00")])
def test_asked_for_by_day(day: str, who: tuple[str, ...], pays: str) -> None:
    done = onecard("price", "--network", "hongkong", "--from", "TSY", "--to", "NTK",
                   "--at", f"{day} 09:00", *who)
    assert (done.code, done.err) == (0, "")
    assert f"the rider pays {pays} HKD" in done.out
