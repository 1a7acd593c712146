"""A lost card is replaced: what its owner has paid in the month goes on with the new one.

Only where the network says so; and then whatever came first, the old card's records or the new's.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import clearing.engine.stages
from clearing.book import open_book
from tests.run.command import accepted, refused, shown
from tests.run.test_arrival_does_not_matter import (
    DAYS,
    SMALL,
    Row,
    clear,
    owed,
    ride,
    rides_of,
    settle,
    tap,
)
from tests.run.test_tables_that_changed import (
    at_once,
    hold_in_any_order,
    verified,
)

LOST, NEW, OTHER = "18888", "18889", "17777"
REPLACED = f"card,predecessor\n{LOST},\n{NEW},{LOST}\n"
APART = f"card\n{LOST}\n{NEW}\n"
CAP = """
[[cap]]
rule = "month-10"
accumulator = "month-paid"
amount = 1000
funders = [{ funder = "operator" }]
"""
# Two yuan each, at most ten in a month. The lost card turns up again on the second day.
RIDES: list[Row] = [
    {"card": LOST, **tap(11, "25 08:00", "bus-a")}, {"card": LOST, **tap(12, "25 10:00", "bus-a")},
    {"card": LOST, **tap(13, "25 12:00", "bus-a")}, {"card": NEW, **tap(1, "25 15:00", "bus-a")},
    {"card": LOST, **tap(14, "26 08:00", "bus-a")}, {"card": NEW, **tap(2, "26 10:00", "bus-a")}]
PAID = {(LOST, 11): 200, (LOST, 12): 200, (LOST, 13): 200, (NEW, 1): 200, (LOST, 14): 200,
        (NEW, 2): 0}


def network_of(folder: Path, register: str, follow: str = "person") -> Path:
    """The small network with a cap of the month, and a register."""
    network = folder / "network"
    if not network.exists():
        shutil.copytree(SMALL, network)
        toml, table = network / "network.toml", network / "bus-a.toml"
        toml.write_text(toml.read_text("utf-8").replace(
            'network = "small"',
            f'network = "small"\ncard_register = "cards.csv"\ntotals_follow = "{follow}"'), "utf-8")
        table.write_text(table.read_text("utf-8") + CAP, "utf-8")
    (network / "cards.csv").write_text(register, "utf-8")
    return network


def paid(book: Path) -> dict[tuple[str, int], int]:
    return {(row["card"], row["card_seq"]): row["paid"] for row in rides_of(book)}


def test_the_cap_of_the_month_goes_on(tmp_path: Path) -> None:
    book = tmp_path / "book"
    clear(book, tmp_path, RIDES, network_of(tmp_path, REPLACED))
    assert paid(book) == PAID
    assert "no differences" in verified(book)
    told = accepted("explain", f"{NEW}/2", "--book", book).out
    assert "month-10" in told and "2.00    0.00" in told


def test_without_a_word_of_the_network_it_begins_anew(tmp_path: Path) -> None:
    book = tmp_path / "book"
    clear(book, tmp_path, RIDES, network_of(tmp_path, REPLACED, "card"))
    assert set(paid(book).values()) == {200}


def test_it_does_not_matter_when_they_come(tmp_path: Path) -> None:
    """The new card's records before the lost one's, a window closed between, or both."""
    network = network_of(tmp_path, REPLACED)
    hold_in_any_order(tmp_path, network, RIDES, paid, PAID, every=178)


def test_a_card_that_is_inside_counts_when_it_is_out(tmp_path: Path) -> None:
    """The new card rides meanwhile, and a window closes: it has paid first, whatever comes then."""
    network = network_of(tmp_path, REPLACED)
    inside = [{"card": LOST, **row} for row in ride(20, "26 02:00", "26 03:30", stops="M1 M4")]
    meanwhile = [{"card": NEW, **tap(5 + number, f"26 02:{40 + number}", "bus-a")}
                 for number in (0, 1)]
    rows = [*RIDES[:3], *inside, *meanwhile]
    same = at_once(tmp_path, network, rows, *DAYS)
    book = tmp_path / "book"
    with open_book(str(book)):
        clear(book, tmp_path, [*RIDES[:3], inside[0], meanwhile[1]], network)
        settle(book, tmp_path, DAYS[0])
        clear(book, tmp_path, [inside[1]], network)
        clear(book, tmp_path, [meanwhile[0]], network)
        settle(book, tmp_path, DAYS[1])
    assert paid(book) == paid(same)
    assert owed(book) == owed(same)
    assert "no differences" in verified(book) and "no differences" in verified(same)


@pytest.mark.parametrize("closed", [False, True])
def test_a_link_that_becomes_known_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    """By open windows at once, by closed ones when they are restated; and so is one that is gone.

    Nobody else's rides are touched, and the cards are cleared in small parts.
    """
    monkeypatch.setattr(clearing.engine.stages, "TAPS_AT_ONCE", 3)
    network, book = network_of(tmp_path, APART), tmp_path / "book"
    others = [{"card": OTHER, **tap(seq, f"25 {6 + 2 * seq:02}:00", "bus-a")}
              for seq in range(1, 7)]
    clear(book, tmp_path, [*RIDES, *others], network)
    if closed:
        for day in DAYS:
            settle(book, tmp_path, day)
    for register, last_pays in ((REPLACED, 0), (APART, 200)):
        network_of(tmp_path, register)
        if closed:
            accepted("restate", "--since", DAYS[1], "--book", book)
        else:
            more = [{"card": OTHER, **tap(90 + last_pays, f"26 09:{last_pays % 60}", "bus-b")}]
            clear(book, tmp_path, more, network)
            others += more
        assert paid(book)[NEW, 2] == last_pays
        folder = tmp_path / f"last-pays-{last_pays}"
        folder.mkdir()
        same = at_once(folder, network, [*RIDES, *others], *(DAYS if closed else ()))
        assert paid(book) == paid(same)
        assert owed(book) == owed(same)
        assert "no differences" in verified(book)
    told = [row for row in shown("entries", book) if row["due"] < 0]
    assert [(row["card"], row["card_seq"]) for row in told] == [(NEW, 2)] * 2
    assert {row["reason"] for row in told} == {
        "restated" if closed else "superseded"}


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    network = network_of(tmp_path, "card,predecessor\n1,\n" + "".join(
        f"{card},{card - 1}\n" for card in range(2, 66)))
    told = refused("clear", network / "cards.csv", "--network", network, "--book", tmp_path / "b")
    assert "cards.csv:66: " in told.err and "card 65 has more than 63 cards before it" in told.err
    toml = network / "network.toml"
    toml.write_text(toml.read_text("utf-8").replace('card_register = "cards.csv"\n', ""), "utf-8")
    checked = accepted("tables", "check", network)
    assert 'totals_follow is "person", and there is no card_register' in checked.out
