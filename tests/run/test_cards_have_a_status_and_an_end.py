"""A card that has expired, or is blocked, lost or closed, rides no more: by the record's time.

Whatever came first, the record or the register that says so. Who is inside gets out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from ext.codes import CardStatus, Code
from network.register import STATUSES
from tests.fares.folder import head, write
from tests.run.test_who_is_inside_gets_out import (
    AFTER,
    AGAIN,
    BEFORE,
    CARD,
    FARES,
    LATE_IN,
    LATE_OUT,
    NEXT_IN,
    NEXT_OUT,
    OUT_AGAIN,
    Cleared,
    tap,
)

LOST = f"card,valid_from,status\n{CARD},,active\n{CARD},2024-11-25T08:30:00,lost\n"
EXPIRED = f"card,valid_until\n{CARD},2024-11-25\n"


def registered(network: Path) -> Path:
    """The network with the register that is in its folder."""
    toml = network / "network.toml"
    toml.write_text('card_register = "cards.csv"\n' + toml.read_text("utf-8"), "utf-8")
    return network


class Place(Cleared):
    """The same with a register."""

    def __init__(self, folder: Path, register: str) -> None:
        super().__init__(folder)
        (folder / "network").mkdir()
        registered(write(folder / "network", {"metro": head("metro") + FARES},
                         files={"cards.csv": register}))

    def mend(self, register: str) -> None:
        (self._folder / "network" / "cards.csv").write_text(register, "utf-8")


@pytest.mark.parametrize("order", [*permutations([BEFORE, AFTER, AGAIN, OUT_AGAIN])])
def test_a_ride_that_began_before_the_card_was_lost_ends(tmp_path: Path, order: Sequence[Any]
                                                         ) -> None:
    place = Place(tmp_path, LOST)
    for one in order:
        place.clear(one)
    assert place.rides() == [(1, "COMPLETE", 200)]


def test_the_last_service_day_is_one_to_ride_on(tmp_path: Path) -> None:
    """Until the next one begins; a ride over its end is one of the last day."""
    place = Place(tmp_path, EXPIRED)
    assert place.clear(LATE_IN, LATE_OUT, NEXT_IN, NEXT_OUT).refusals == {Code.CARD_EXPIRED: 2}
    assert place.rides() == [(5, "COMPLETE", 200)]


@pytest.mark.parametrize(("status", "refused"), [
    ("", {}), ("active", {}), ("blocked", {Code.CARD_NOT_ACTIVE: 2}),
    ("lost", {Code.CARD_NOT_ACTIVE: 2}), ("closed", {Code.CARD_NOT_ACTIVE: 2})])
def test_each_status(tmp_path: Path, status: str, refused: dict[Code, int]) -> None:
    assert Place(tmp_path, f"card,status\n{CARD},{status}\n").clear(
        BEFORE, AFTER).refusals == refused


def test_statuses_have_the_numbers_of_the_kernel() -> None:
    assert {status.name.lower(): int(status) for status in CardStatus} == STATUSES


def test_a_mended_register_takes_rides_back_and_gives_them_again(tmp_path: Path) -> None:
    """Of records that came long before; their sender is told."""
    place = Place(tmp_path, "card\n")
    assert place.clear(BEFORE, AFTER, AGAIN, OUT_AGAIN).refusals == {}
    assert [seq for seq, _, _ in place.rides()] == [1, 3]
    place.mend(LOST)
    assert place.clear(NEXT_IN, NEXT_OUT).refusals == {Code.CARD_NOT_ACTIVE: 4}
    assert place.rides() == [(1, "COMPLETE", 200)]
    place.mend(LOST + f"{CARD},2024-11-26T07:00:00,active\n")
    place.clear(tap(9, "in", "2024-11-26T12:00:00"))
    assert [seq for seq, _, _ in place.rides()] == [1, 7]


def test_money_that_goes_back_is_not_asked(tmp_path: Path) -> None:
    """Nor are money that is loaded, and what is cancelled."""
    place = Place(tmp_path, f"card,status\n{CARD},closed\n")
    assert place.clear(tap(1, "top_up", "2024-11-25T08:10:00")).refusals == {}


def test_what_a_row_leaves_out_is_what_those_before_it_said(tmp_path: Path) -> None:
    """A row that is there for its card kind alone makes no lost card one to ride with."""
    place = Place(tmp_path, f"card,valid_from,status,card_kind\n{CARD},,lost,\n"
                            f"{CARD},2024-11-26T03:00:00,,senior\n")
    assert place.clear(NEXT_IN).refusals == {Code.CARD_NOT_ACTIVE: 1}
