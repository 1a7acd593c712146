"""One table prices several operators: a row can be for some of them, or for all but some."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing.answers.check_tables import check_network
from tests.fares.folder import FUNDED, METRO, head, write
from tests.kernels.ground import make_ride, make_table, price

BOTH = head("both").replace('["both"]', '["metro", "bus"]')
METRO_ONLY = METRO.replace('basis =', 'operators = ["metro"]\nbasis =')
FLAT = """
[[fare]]
rule = "flat"
not_operators = ["metro"]
basis = "flat"
amount = 200
"""


def codes_of(folder: Path, rows: str) -> set[str]:
    """What is found in a table of the railway, which has stops and links, and the bus."""
    for name in ("metro", "bus"):
        (folder / f"{name}.toml").unlink(missing_ok=True)
    write(folder, {"both": BOTH + rows})
    for name in ("metro", "bus"):
        (folder / f"{name}.toml").unlink()
    return {one.code for one in check_network(str(folder)).findings}


@pytest.mark.parametrize(("rows", "codes"), [
    (METRO_ONLY + FLAT, []),
    (METRO_ONLY, ["NO_FARE_ROW"]),                      # none for the bus
    (FLAT + FLAT.replace('"flat"', '"own"', 1).replace("not_operators", "operators"), []),
    (METRO_ONLY + FLAT + f"""
[[concession]]
rule = "half"
operators = ["bus"]
modes = ["metro"]
pays_percent = 50
{FUNDED}""", ["UNREACHABLE"]),
    ("""
[[fare]]
rule = "not-here"
operators = ["bus"]
basis = "none"
""" + METRO_ONLY, []),                                       # on purpose: nothing is missing
])
def test_every_operator_has_its_rows(tmp_path: Path, rows: str, codes: list[str]) -> None:
    assert codes_of(tmp_path, rows) == set(codes)


@pytest.mark.kernels
def test_each_pays_by_its_own(tmp_path: Path) -> None:
    """The railway by distance, the bus flat; szbus is not priced, and its records are refused."""
    table = make_table("metro", operators=["metro", "bus", "szbus"], fare=[
        {"rule": "km", "operators": ["metro"], "basis": "distance",
         "bands": [{"to_m": 1000, "amount": 150}, {"amount": 400}]},
        {"rule": "not-here", "operators": ["szbus"], "basis": "none"},
        {"rule": "flat", "basis": "flat", "amount": 200}], concession=[
        {"rule": "half", "not_operators": ["bus"], "pays_percent": 50,
         "funders": [{"funder": "finance"}]}])
    outcome = price(tmp_path, [table], make_ride("metro", from_stop="a", to_stop="b"),
                    make_ride("bus"), make_ride("szbus"))
    assert outcome.codes == ["OK", "OK", "NO_FARE"]
    assert outcome.price[:2] == [75, 200]
