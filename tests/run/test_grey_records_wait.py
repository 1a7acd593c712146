"""A grey record (闪卡) is held until its card's next record shows that it paid."""

from __future__ import annotations

from typing import Any

import pytest

from tests.run.command import accepted, onecard
from tests.run.test_claims_have_limits import CARD, COLUMNS, DAY, Place, place
from tests.run.test_claims_have_limits import ride as claim

__all__ = ["place"]         # the fixture

GREY = "FFFFFFFF"


@pytest.fixture(autouse=True)
def _with_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.run.test_claims_have_limits.COLUMNS", (*COLUMNS, "tac"))


def ride(seq: int, balance: int | str, **values: Any) -> dict[str, Any]:
    return claim(seq, balance_before=balance, **values)


FIRST = ride(1, 1000, tac=GREY)
#   the card's next record                                      whether the first is held
NEXT: list[tuple[dict[str, Any], bool]] = [
    (ride(2, 800),                                              False),
    (ride(2, 1000),                                             True),      # it did not pay
    (ride(2, 799),                                              True),
    (ride(2, ""),                                               True),
    (ride(3, 800),                                              True),      # one is missing
    (ride(2, 800, tapped_at="2024-11-26T08:00:00"),             True),      # of the next day
    (ride(2, 800, tapped_at="2024-11-26T02:00:00"),             False),     # of the same
    (ride(2, 800, kind="top_up"),                               True),
]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("after", "is_held"), NEXT)
def test_the_next_record_decides(place: Place, after: dict[str, Any], is_held: bool,
                                 backwards: bool) -> None:
    for one in [FIRST, after][::-1 if backwards else 1]:
        place.clear(one)
    assert place.held() == [1] * is_held
    assert place.owed() == 200 * (after["kind"] == "single") + 200 * (not is_held)


def test_it_is_said_why(place: Place) -> None:
    place.clear(FIRST)
    assert place.held() == [1]
    told = accepted("explain", f"{CARD}/1", "--book", place.book).out
    assert "held, not settled: the card was gone before it gave its authentication code" in told
    listed = accepted("held", "list", "--csv", "--book", place.book).out
    assert listed.splitlines()[1].endswith(",grey record")
    place.clear(ride(2, 800))
    assert "held" not in accepted("explain", f"{CARD}/1", "--book", place.book).out


@pytest.mark.parametrize(("what", "owed"), [("release", 200), ("reject", 0)])
def test_a_person_decides_where_nothing_shows_it(place: Place, what: str, owed: int) -> None:
    place.clear(FIRST)
    assert place.owed() == 0
    place.decide(what, 1)
    assert (place.held(), place.owed()) == ([], owed)
    place.clear(ride(2, 1000))      # which says that it did not pay: the decision stands
    assert (place.held(), place.owed()) == ([], owed + 200)


def test_what_a_closed_window_held_is_settled_in_an_open_one(place: Place) -> None:
    place.clear(FIRST)
    onecard("settle", "--yes", "--window", DAY, "--network", place.network, "--book", place.book)
    assert place.owed() == 0
    place.clear(ride(2, 800))
    assert (place.held(), place.owed()) == ([], 400)


def test_a_chain_of_them(place: Place) -> None:
    """Each is shown by the next one; the last by nothing."""
    place.clear(*(ride(seq, 1000 - 200 * (seq - 1), tac=GREY) for seq in (1, 2, 3)))
    assert place.held() == [3]
    assert place.owed() == 400
