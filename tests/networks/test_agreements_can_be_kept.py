"""An agreement that cannot be kept is refused before any ride is entered, with its line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clearing.reference.entries import list_fees
from network.errors import TableError
from network.model import Agreement
from network.money import PPM
from network.network import load_network
from tests.fares.folder import write

CENTRE = '[[centre]]\ncode = "centre"\nname = "清分中心"\n'


def load_with(folder: Path, *agreements: str) -> None:
    """Load a small network with these agreements, each as its keys."""
    write(folder)
    written = "".join(f"[[agreement]]\nagreement = \"a{number}\"\n{keys}\n"
                      for number, keys in enumerate(agreements))
    path = folder / "network.toml"
    path.write_text(f"{path.read_text()}\n{CENTRE}\n{written}")
    load_network(str(folder))


@pytest.mark.parametrize("keys", [
    "", 'clearing_ppm = 1000000\ncentre = "centre"', "issuer_ppm = 1000000",
    'clearing_ppm = 500000\nissuer_ppm = 500000\ncentre = "centre"\nrounding = "down"',
    'clearing_ppm = 6000\nissuer_ppm = 4000\nissuer_most = 0\ncentre = "centre"\nrounding = "up"',
    'issuer_ppm = 1000000\nrounding = "up"',
    'between = "nation"\nmodes = ["bus"]\nmedia = ["qr"]\nissuers = ["gz-card"]',
    "in_force_from = 2024-01-01\nin_force_until = 2105-12-31",
    'acquirer_ppm = 1000000\nacquirer = "bus"\nrounding = "up"',
    'issuer_per_ride = 2\nissuer_least = 5\nissuer_most = 5\nrounding = "half_even"',
])
def test_what_can_be_kept(tmp_path: Path, keys: str) -> None:
    load_with(tmp_path, keys, 'modes = ["metro"]')


@pytest.mark.parametrize(("agreements", "found", "excerpt"), [
    (["clearing_ppm = -1"], "are -1, 0, 0 parts per million", ""),
    (["issuer_ppm = -1"], "are 0, -1, 0 parts per million", ""),
    (['clearing_ppm = 1000000\nissuer_ppm = 1\ncentre = "centre"'],
     "are 1000000, 1, 0 parts per million", ""),
    (["clearing_ppm = 1"], "clearing_ppm and no centre that takes it", "clearing_ppm = 1"),
    (["clearing_per_ride = 1"], "clearing_per_ride and no centre that takes it",
     "clearing_per_ride"),
    (["clearing_least = 1"], "clearing_least and no centre that takes it", "clearing_least = 1"),
    (["acquirer_ppm = 1"], "acquirer_ppm and no acquirer that takes it", "acquirer_ppm = 1"),
    (['acquirer = "nobody"'], "names 'nobody', which network.toml does not have",
     'acquirer = "nobody"'),
    (['issuer_ppm = 999999\nacquirer_ppm = 2\nacquirer = "bus"'],
     "are 0, 999999, 2 parts per million", ""),
    (['clearing_ppm = 333334\nissuer_ppm = 333333\nacquirer_ppm = 333333\ncentre = "centre"\n'
      'acquirer = "bus"'], "come to more than a ride of 2 minor units", ""),
    (["issuer_per_ride = -1"], "issuer_per_ride of agreement 'a0' is -1", "issuer_per_ride = -1"),
    (["issuer_least = 100000001"], "issuer_least of agreement 'a0' is 100000001", "issuer_least"),
    (["issuer_least = 6\nissuer_most = 5"], "at least 6 and at most 5", "issuer_most = 5"),
    (['clearing_ppm = 500000\nissuer_ppm = 500000\ncentre = "centre"'],
     "come to more than a ride of 1 minor unit", ""),
    (['clearing_ppm = 500000\nissuer_ppm = 500000\ncentre = "centre"\nrounding = "half_even"'],
     "come to more than a ride of 3 minor units", 'rounding = "half_even"'),
    (['clearing_ppm = 6000\nissuer_ppm = 4000\ncentre = "centre"\nrounding = "up"'],
     "come to more than a ride of 1 minor unit", 'rounding = "up"'),
    (['rounding = "nearest"'], "nearest", "rounding"),
    (["issuer_ppm = 2.5"], "", "issuer_ppm = 2.5"),
    (['centre = "nobody"'], "names 'nobody', which network.toml does not have",
     'centre = "nobody"'),
    (['issuers = ["bus"]'], "names 'bus', which", 'issuers = ["bus"]'),
    (['operators = ["bus", "x"]'], "names 'x', which", 'operators = ["bus", "x"]'),
    (['modes = ["boat"]'], "names 'boat', which", 'modes = ["boat"]'),
    (['media = ["face"]'], "names 'face', which", 'media = ["face"]'),
    (['card_kinds = ["king"]'], "names 'king', which", 'card_kinds = ["king"]'),
    (["in_force_until = 2106-01-01"], "has the date 2106-01-01", "in_force_until = 2106-01-01"),
    (["in_force_from = 2024-12-01\nin_force_until = 2024-11-30"],
     "'a0' is in force from 2024-12-01 until 2024-11-30", "in_force_until = 2024-11-30"),
    (['between = "city"', "", 'between = "city"'], "'a2' is for the same rides as 'a0'", ""),
    (['modes = ["bus", "metro"]', 'modes = ["metro", "bus"]'],
     "'a1' is for the same rides as 'a0'", ""),
])
def test_what_cannot_be_kept_is_refused(tmp_path: Path, agreements: list[str], found: str,
                                        excerpt: str) -> None:
    with pytest.raises(TableError) as refused:
        load_with(tmp_path, *agreements)
    assert found in refused.value.found
    assert refused.value.remedy
    assert refused.value.location is not None
    assert refused.value.location.path.name == "network.toml"
    assert excerpt in refused.value.location.excerpt


@pytest.mark.parametrize("rounding", ["half_up", "half_even", "down", "up"])
@pytest.mark.parametrize(("clearing", "issuer"), [
    (1, 1), (3_000, 5_000), (250_000, 750_000), (333_000, 667_000), (499_000, 501_000),
    (500_000, 499_999), (499_000, 499_000), (PPM // 2, PPM // 2), (PPM, 0)])
def test_shares_that_are_taken_leave_an_operator_0_or_more(tmp_path: Path, clearing: int,
                                                           issuer: int, rounding: Any) -> None:
    """What the plain engine makes of them is not more than was paid; else they are refused."""
    one = Agreement(agreement="a0", clearing_ppm=clearing, issuer_ppm=issuer, rounding=rounding,
                    centre="centre")
    ride = SimpleNamespace(operator="bus", issuer="card")
    most = max(sum(leg.amount for leg in list_fees(ride, SimpleNamespace(paid=paid), one)) - paid
               for paid in range(3_000))
    keys = (f'clearing_ppm = {clearing}\nissuer_ppm = {issuer}\ncentre = "centre"\n'
            f'rounding = "{rounding}"')
    if most <= 0:
        load_with(tmp_path, keys)
    else:
        with pytest.raises(TableError, match="leave an operator 0 or more"):
            load_with(tmp_path, keys)
