"""What clearing costs: an agreement that cannot be kept is refused before any ride is entered."""

from __future__ import annotations

import pytest

from settlement.agreements import PPM, Terms, compile_terms


def test_terms_stand_in_the_order_of_distance() -> None:
    """Same city, same province, further; where nothing is agreed there is no fee."""
    rows = compile_terms([Terms("nation", 3000, 5000, 9), Terms("city", 0, 1000, 0)])
    assert [tuple(int(row[name]) for name in ("clearing_ppm", "issuer_ppm", "centre"))
            for row in rows] == [(0, 1000, 0), (0, 0, 0), (3000, 5000, 9)]


@pytest.mark.parametrize("terms", [
    Terms("city", 0, 0, 0), Terms("city", PPM, 0, 9), Terms("city", 0, PPM, 0),
    Terms("city", PPM // 2, PPM // 2, 9),
])
def test_fees_up_to_the_whole_amount(terms: Terms) -> None:
    row = compile_terms([terms])[0]
    assert (int(row["clearing_ppm"]), int(row["issuer_ppm"])) == (terms.clearing_ppm,
                                                                  terms.issuer_ppm)


@pytest.mark.parametrize(("agreements", "message"), [
    ([Terms("city", 1, 0, 9), Terms("city", 1, 0, 9)], "two agreements for 'city': keep one"),
    ([Terms("city", -1, 0, 9)],                 "not between 0 and 1000000"),
    ([Terms("city", 0, -1, 9)],                 "not between 0 and 1000000"),
    ([Terms("city", PPM, 1, 9)],                "not between 0 and 1000000"),
    ([Terms("city", 1, 0, 0)],                  "a clearing fee and no centre that takes it"),
])
def test_what_cannot_be_kept_is_refused(agreements: list[Terms], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_terms(agreements)
