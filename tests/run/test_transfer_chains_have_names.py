"""A card's transfer chains by their names go on over closed windows, whatever came when."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing.book import open_book
from fare_tables.compile.numbering import number_names
from network.errors import OnecardError
from network.names import Names
from tests.kernels.ground import make_network, make_table
from tests.run.test_arrival_does_not_matter import (
    DAYS,
    SMALL,
    Row,
    clear,
    owed,
    rides_of,
    settle,
    tap,
)
from tests.run.test_tables_that_changed import at_once, verified

# A bus of each operator in turn; the service day ends at 03:00.
RIDES: list[Row] = [{"card": "18888", **row} for row in (
    tap(1, "26 02:10", "bus-a"), tap(2, "26 02:20", "bus-b"), tap(3, "26 02:50", "bus-a"),
    tap(4, "26 03:05", "bus-b"), tap(5, "26 03:45", "bus-a"))]
TRANSFER = """
[[transfer]]
rule = "own-change"
within_s = 3600
pays_amount = 0
same_line = true
max_transfers = 9
funders = [{ funder = "operator" }]
"""


def network_of(folder: Path, **chains: str) -> Path:
    """The small network with free changes, and a chain for each operator of buses."""
    network = folder / "network"
    shutil.copytree(SMALL, network)
    for operator, chain in chains.items():
        path = network / f"{operator.replace('_', '-')}.toml"
        text, _, _ = path.read_text("utf-8").partition("[[transfer]]")
        text = text.replace('basis = "flat"', f'basis = "flat"\nchain = "{chain}"', 1)
        path.write_text(text + TRANSFER, "utf-8")
    return network


def paid(book: Path) -> dict[int, int]:
    return {row["card_seq"]: row["paid"] for row in rides_of(book)}


def test_each_chain_goes_on_over_a_closed_window(tmp_path: Path) -> None:
    """Every ride but the first of either transfers to the one of its own chain, not the last."""
    network = network_of(tmp_path, bus_a="first", bus_b="second")
    same = at_once(tmp_path, network, RIDES, *DAYS)
    priced, owed_at_once = paid(same), owed(same)
    assert priced == {1: 200, 2: 300, 3: 0, 4: 0, 5: 0}
    for number, order in enumerate((RIDES, RIDES[::-1], [*RIDES[3:], *RIDES[:3]])):
        book = tmp_path / f"book-{number}"
        with open_book(str(book)):
            clear(book, tmp_path, order[:3], network)
            settle(book, tmp_path, DAYS[0])
            clear(book, tmp_path, order[3:], network)
            assert paid(book) == priced
            assert owed(book) == owed_at_once
            assert "no differences" in verified(book)
    book = tmp_path / "book-0"
    with open_book(str(book)) as opened:
        chains = opened.query("SELECT toInt64(chain) AS number FROM card_states "
                              "WHERE transfers != 255 ORDER BY number")
        assert [int(one) for one in chains["number"]] == [1, 2]


def test_one_chain_is_of_the_last_ride(tmp_path: Path) -> None:
    """The same rides where both have one chain: each goes on from whatever was ridden last."""
    network = network_of(tmp_path, bus_a="both", bus_b="both")
    assert paid(at_once(tmp_path, network, RIDES, *DAYS)) == {1: 200, 2: 0, 3: 0, 4: 0, 5: 0}


def test_there_are_numbers_for_254_chains(tmp_path: Path) -> None:
    def fares(count: int) -> list[dict[str, object]]:
        return [{"rule": f"r{n}", "basis": "flat", "amount": 1, "chain": f"c{n}"}
                for n in range(count)]

    network = make_network(tmp_path)
    number_names(network, [make_table(fare=fares(254))], Names())
    with pytest.raises(OnecardError, match="the book's dictionary has 255 of kind chain"):
        number_names(network, [make_table(fare=fares(255))], Names())
