"""A clerk finds rides by who, where, how, when and how much: all that fit, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.cli.clerk import make_book
from tests.cli.conftest import Demo
from tests.run.command import refused, shown

Row = dict[str, Any]


def at(row: Row) -> str:
    """The civil time of the day at which a ride began."""
    return str(row["started_at"] or row["ended_at"])[11:]


FITS: dict[tuple[str, ...], Callable[[Row], bool]] = {
    ("--operator", "gz-metro"): lambda row: row["operator"] == "gz-metro",
    ("--issuer", "hk-card"): lambda row: row["issuer"] == "hk-card",
    ("--mode", "metro", "--card-kind", "elder"):
        lambda row: (row["mode"], row["card_kind"]) == ("metro", "elder"),
    ("--away",): lambda row: row["away"] == "away",
    ("--variance",): lambda row: row["variance"] != 0,
    ("--uncollected",): lambda row: row["uncollected"] != 0,
    ("--reason", "original"): lambda row: row["reason"] == "original",
    ("--amount", "1.80..2"): lambda row: 180 <= row["paid"] <= 200,
    ("--amount", "2"): lambda row: row["paid"] == 200,
    ("--amount", "5.."): lambda row: row["paid"] >= 500,
    ("--amount", "-1..0"): lambda row: -100 <= row["paid"] <= 0,
    ("--time", "07:00..09:00"): lambda row: "07:00:00" <= at(row) <= "09:00:59",
    ("--time", "07:00:30..07:10:05"): lambda row: "07:00:30" <= at(row) <= "07:10:05",
    ("--time", "22:30..06:30"): lambda row: at(row) >= "22:30:00" or at(row) <= "06:30:59",
    ("--time", "2024-11-25T17:00.."): lambda row: at(row) >= "17:00:00",
    ("--time", "..2024-11-25 07:00"): lambda row: at(row) <= "07:00:59",
    ("--card", "…019"): lambda row: row["card"].endswith("019"),
    ("--card", "310487*19"): lambda row: row["card"][:6] == "310487" and row["card"][-2:] == "19",
    ("--since-run", "2"): lambda row: row["uncollected"] + row["due"] > 0,
}


@pytest.mark.parametrize("wanted", FITS, ids=" ".join)
def test_rides_are_those_that_fit(wanted: tuple[str, ...], demo: Demo) -> None:
    found = shown("rides", demo.book, *wanted)
    assert all(map(FITS[wanted], found))
    if wanted[0] != "--since-run":
        every = shown("rides", demo.book)
        assert found == [row for row in every if FITS[wanted](row)]
        assert 0 < len(found) < len(every) or wanted[0] == "--reason"


def test_rides_have_names_and_cities(demo: Demo) -> None:
    rides = shown("rides", demo.book, "--operator", "hk-bus", "--away")
    assert {(row["operator_name"], row["city"]) for row in rides} == {("海口公交", "6410")}
    assert "hk-card" not in {row["issuer"] for row in rides}
    assert all(row["issuer_name"] for row in rides)


def test_a_funder_pays_for_the_rides_that_are_its_own(demo: Demo) -> None:
    paid_for = shown("concessions", demo.book, "--funder", "hk-civil")
    assert {row["funder"] for row in paid_for} == {"hk-civil"}
    assert len(shown("rides", demo.book, "--funder", "hk-civil")) == sum(
        row["rides"] for row in paid_for)
    of_elders = shown("concessions", demo.book, "--funder", "hk-civil", "--card-kind", "elder")
    assert of_elders == [row for row in paid_for if row["card_kind"] == "elder"]


def test_other_lists_are_narrowed_by_rides(demo: Demo) -> None:
    rides = shown("rides", demo.book, "--away", "--mode", "metro")
    named = {(row["card"], row["card_seq"]) for row in rides}
    paying = {(row["card"], row["card_seq"]) for row in rides if row["paid"]}
    for topic in ("entries", "postings"):
        rows = shown(topic, demo.book, "--away", "--mode", "metro")
        assert paying <= {(row["card"], row["card_seq"]) for row in rows} <= named
    refusals = shown("refusals", demo.book)
    assert shown("refusals", demo.book, "--reason", "CONFLICT") == [
        row for row in refusals if row["code"] == "CONFLICT"]
    assert [row["run"] for row in shown("runs", demo.book, "--since-run", "2")] == [2]


def test_what_came_late_is_found(tmp_path: Path) -> None:
    book = make_book(tmp_path)
    with open_book(str(book)):
        late = shown("rides", book, "--late")
        assert {row["late"] for row in late} == {"late"}
        assert late == [row for row in shown("rides", book) if row["reason"] == "late_record"]
        assert {row["reason"] for row in shown("entries", book, "--late")} == {"late_record"}


@pytest.mark.parametrize(("arguments", "words"), [
    (("--mode", "metr"), "did you mean metro?"),
    (("--issuer", "gz-metro"), "there is no issuer 'gz-metro'"),
    (("--operator", "gz-card"), "there is no operator 'gz-card'"),
    (("--funder", "hk-cvil"), "did you mean hk-civil?"),
    (("--card-kind", " "), "there is no card kind ' '"),
    (("--reason", "late"), "late_record"),
    (("--time", "7..9"), "no stretch of time"), (("--time", ".."), "no stretch of time"),
    (("--time", "07:00+08:00..09:00"), "no stretch of time"),
    (("--time", "07:00..2024-11-25T09:00"), "no stretch of time"),
    (("--time", "2024-11-26T00:00..2024-11-25T00:00"), "exchange both moments"),
    (("--time", "9999-12-31T23:59..9999-12-31T23:59:61"), "no stretch of time"),
    (("--amount", "3..2"), "exchange both amounts"), (("--amount", ".."), "names no amounts"),
    (("--amount", "2,50"), "'2,50' is not an amount"),
    (("--card", "…"), "no part of a card number"), (("--card", "…'--"), "no part of a card"),
    (("--card", "…99999"), "there is no card …99999"), (("--since-run", "9"), "there is no run 9"),
])
def test_what_fits_nothing_is_told(demo: Demo, arguments: tuple[str, ...], words: str) -> None:
    done = refused("show", "rides", *arguments, "--book", demo.book)
    assert words in done.err
    assert done.out == ""


def test_what_a_refusal_is_not_of_is_told(demo: Demo) -> None:
    done = refused("show", "refusals", "--reason", "CONFLIT", "--book", demo.book)
    assert "did you mean CONFLICT?" in done.err
    done = refused("show", "positions", "--away", "--book", demo.book)
    assert "--away does not apply to `show positions`" in done.err
