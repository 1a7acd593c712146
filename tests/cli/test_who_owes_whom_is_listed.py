"""A clerk asks who owes whom, who pays in, who paid for whose rides: lists that re-add exactly."""

from __future__ import annotations

import csv
import io
from collections import defaultdict

import pytest

from clearing.cli.output import ROWS_SHOWN
from tests.cli.conftest import Demo
from tests.cli.terminal import on_terminal
from tests.run.command import accepted, refused, shown

LEVELS = ("member", "city", "province")


@pytest.mark.parametrize("level", LEVELS)
def test_obligations_come_to_the_positions(demo: Demo, level: str) -> None:
    net: dict[str, int] = defaultdict(int)
    for row in shown("obligations", demo.book, "--level", level):
        assert row["debtor"] != row["creditor"]
        assert row["debtor_name"]
        assert row["creditor_name"]
        net[row["debtor"]] -= row["amount"]
        net[row["creditor"]] += row["amount"]
    positions = shown("positions", demo.book, "--level", level)
    assert {row["level"] for row in positions} == {level}
    assert {place: amount for place, amount in net.items() if amount} == {
        row["member"]: row["position"] for row in positions if row["position"]}


def test_obligations_can_be_narrowed(demo: Demo) -> None:
    every = shown("obligations", demo.book)
    debtor = every[0]["debtor"]
    assert shown("obligations", demo.book, "--member", debtor) == [
        row for row in every if debtor in (row["debtor"], row["creditor"])]
    assert shown("obligations", demo.book, "--cause", "issuer_fee") == [
        row for row in every if row["cause"] == "issuer_fee"]
    window = shown("rides", demo.book)[0]["window"]
    assert shown("obligations", demo.book, "--from", window, "--to", window) == every
    assert shown("obligations", demo.book, "--to", "2020-01-01") == []
    of_city = shown("obligations", demo.book, "--city", "6410")
    assert 0 < len(of_city) < len(every)
    assert all({"hk-", "cn-"} & {row["debtor"][:3], row["creditor"][:3]} for row in of_city)


def test_obligations_of_some_rides_come_to_all(demo: Demo) -> None:
    """By operators, and by issuers; each ride has one of both."""
    every = {(row["debtor"], row["creditor"], row["cause"]): (row["items"], row["amount"])
             for row in shown("obligations", demo.book)}
    for part in ("operator", "issuer"):
        sums: dict[tuple[str, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for code in {row[part] for row in shown("rides", demo.book)}:
            for row in shown("obligations", demo.book, f"--{part}", code):
                key = row["debtor"], row["creditor"], row["cause"]
                sums[key] = sums[key][0] + row["items"], sums[key][1] + row["amount"]
        assert sums == every
    listed = accepted("show", "obligations", "--operator", "hk-bus", "--book", demo.book).out
    assert listed.startswith("obligations: what each member owes another for these rides")


def test_positions_of_a_member_are_its_own_and_those_of_its_places(demo: Demo) -> None:
    every = shown("positions", demo.book)
    own = shown("positions", demo.book, "--member", "hk-civil")
    assert [(row["level"], row["member"]) for row in own] == [
        ("member", "hk-civil"), ("city", "6410"), ("province", "46")]
    assert all(row in every for row in own)
    of_city = shown("positions", demo.book, "--city", "6410", "--level", "member")
    assert own[0] in of_city
    assert sum(row["position"] for row in of_city) == own[1]["position"]


def test_instructions_are_those_of_the_positions(demo: Demo) -> None:
    signs = {"pays": -1, "receives": 1}
    rows = shown("instructions", demo.book)
    assert {row["member"]: signs[row["action"]] * row["amount"] for row in rows} == {
        row["member"]: row["position"] for row in shown("positions", demo.book, "--level", "member")
        if row["position"]}
    assert {row["window"] for row in rows} == {shown("rides", demo.book)[0]["window"]}
    assert shown("instructions", demo.book, "--member", rows[0]["member"]) == rows[:1]
    assert shown("instructions", demo.book, "--from", "2024-11-26") == []


def test_concessions_are_what_funders_owe(demo: Demo) -> None:
    """But for what operators fund themselves, which nobody owes."""
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in shown("concessions", demo.book):
        if row["funder"] != row["operator"]:
            sums[row["funder"], row["operator"], row["cause"]] += row["amount"]
    assert sums == {(row["debtor"], row["creditor"], row["cause"]): row["amount"]
                    for row in shown("obligations", demo.book)
                    if row["cause"] not in ("fare", "clearing_fee", "issuer_fee")}
    own = shown("concessions", demo.book, "--member", "hk-civil", "--cause", "concession")
    assert own
    assert {row["funder"] for row in own} == {"hk-civil"}


def test_entries_and_postings_of_a_member_are_all_of_its_legs(demo: Demo) -> None:
    every = shown("postings", demo.book)
    own = shown("postings", demo.book, "--member", "hk-civil")
    assert own == [row for row in every if row["member"] == "hk-civil"]
    entries = shown("entries", demo.book, "--member", "hk-civil", "--cause", "concession")
    assert sum(row["amount"] for row in own) == sum(
        entry[f"leg{leg}_amount"] for entry in entries for leg in range(1, 8)
        if entry[f"leg{leg}_debtor"] == "hk-civil")
    assert {row["cause"] for row in shown("postings", demo.book, "--cause", "fare")} == {"fare"}


@pytest.mark.parametrize(("arguments", "words"), [
    (("positions", "--card", "3104870503571386317"), "--card does not apply to `show positions`"),
    (("runs", "--from", "2024-11-25"), "--from does not apply to `show runs`"),
    (("rides", "--level", "city"), "--level does not apply"),
    (("positions", "--json", "--csv"), "choose one"),
    (("rides", "--run", "99"), "there is no run 99"),
    (("rides", "--card", "31"), "there is no card 31"),
    (("rides", "--window", "2020-01-01"), "there is no window 2020-01-01"),
    (("rides", "--window", "2024-11-25", "--to", "2024-11-26"), "leave out --window"),
    (("rides", "--from", "2024-11-26", "--to", "2024-11-25"), "exchange --from and --to"),
    (("rides", "--member", "hk-bu"), "such as hk-bus"),
    (("obligations", "--city", "海口"), "there is no city"),
    (("obligations", "--member", " "), "there is no member"),
    (("obligations", "--cause", "fares"), "nothing is owed for 'fares'"),
])
def test_what_is_not_there_is_no_empty_list(demo: Demo, arguments: tuple[str, ...], words: str
                                            ) -> None:
    done = refused("show", *arguments, "--book", demo.book)
    assert words in done.err
    assert done.out == ""


def test_what_is_piped_is_complete_and_in_yuan(demo: Demo) -> None:
    rows = shown("rides", demo.book)
    listed = accepted("show", "rides", "--cards", "full", "--book", demo.book).out.splitlines()
    assert listed[0] == "rides, money in yuan"
    assert len(listed) == len(rows) + 7     # the head, a rule, and the sums
    assert listed[4].split()[0] == rows[0]["card"]
    assert f"{rows[0]['due'] // 100}.{rows[0]['due'] % 100:02}" in listed[4]


def test_a_list_ends_with_its_sums(demo: Demo) -> None:
    def total(*words: str, terminal: bool = False) -> list[str]:
        out = (on_terminal("show", *words, "--book", demo.book) if terminal
               else accepted("show", *words, "--book", demo.book).out)
        return out.rstrip().splitlines()[-1].split()

    rides = shown("rides", demo.book)
    paid = sum(row["paid"] for row in rides)
    assert total("rides", "--columns", "card,paid,line") == [
        "total", f"{paid // 100:,}.{paid % 100:02}"]
    owed = shown("obligations", demo.book, "--level", "city")
    items, amount = (sum(row[name] for row in owed) for name in ("items", "amount"))
    assert total("obligations", "--level", "city") == [
        "total", str(items), f"{amount // 100:,}.{amount % 100:02}"]
    variances = shown("variances", demo.book)
    assert total("variances", terminal=True)[:2] == [
        "total", str(sum(row["rides"] for row in variances))]
    # Of some of its rows, nothing can be summed up; of one, nothing need be.
    assert "total" not in on_terminal("show", "rides", "--columns", "card,paid", "--book",
                                      demo.book)
    assert total("files", "--columns", "name,records")[0] == "total"


def test_a_terminal_is_told_how_many_rows_are_left(demo: Demo) -> None:
    for topic in ("rides", "postings", "concessions"):
        lines = on_terminal("show", topic, "--wide", "--book", demo.book).splitlines()
        assert len(lines) == ROWS_SHOWN + 6
        left = len(shown(topic, demo.book)) - ROWS_SHOWN
        assert lines[-1].startswith(f"… and {left:,} more rows: ")


def test_machines_get_minor_units(demo: Demo) -> None:
    rows = list(csv.DictReader(io.StringIO(
        accepted("show", "obligations", "--csv", "--book", demo.book).out)))
    assert [int(row["amount"]) for row in rows] == [
        row["amount"] for row in shown("obligations", demo.book)]
