"""An entry has room for four discount legs: rows that no ride can have together are no more."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from network.errors import TableError
from network.model import Agreement
from tests.kernels.ground import compile_for, make_network, make_table

FUNDERS = [{"funder": "finance"}]
TWO = [{"funder": "finance"}, {"funder": "civil"}]
FRAMES = [{"timeframe": "peak", "since": "07:00:00", "until": "09:00:00"},
          {"timeframe": "day", "since": "09:00:00", "until": "17:00:00"},
          {"timeframe": "night", "since": "22:00:00", "until": "04:00:00"},
          {"timeframe": "work", "days": ["workday"]}, {"timeframe": "rest", "days": ["restday"]},
          {"timeframe": "sunday", "days": ["sun"]}, {"timeframe": "monday", "days": ["mon"]}]


def caps(*conditions: dict[str, Any], funders: Any = TWO) -> dict[str, Any]:
    return {"cap": [{"rule": f"cap-{n}", "accumulator": "month", "amount": 900,
                     "funders": funders, **each} for n, each in enumerate(conditions)]}


def during(*names: str) -> dict[str, Any]:
    return {"timeframes": list(names)}


def years(**bounds: int) -> dict[str, Any]:
    return {"counted": {"accumulator": "year", **bounds}}


def check_room(folder: Path, *, fits: bool, **table: Any) -> None:
    """Pass where a table compiles, or is refused, for the legs that a ride can need."""
    refused = nullcontext() if fits else pytest.raises(TableError, match="has room for 4")
    with refused:
        compile_for(make_network(folder), make_table(timeframe=FRAMES, **table))


@pytest.mark.parametrize(("table", "fits"), [
    (caps({}, {}),                                              True),
    (caps({}, {}, {}),                                          False),     # six legs
    (caps({}, {"card_kinds": ["adult"]}, {"card_kinds": ["student"]}), True),
    (caps({}, {"card_kinds": ["adult"]}, {"not_card_kinds": ["adult"]}), True),
    # A kind that is newer than the table is neither.
    (caps({}, {"not_card_kinds": ["adult", "senior"]}, {"not_card_kinds": ["student"]}), False),
    (caps({}, {"media": ["card"]}, {"media": ["card", "qr"]}),  False),
    (caps({}, {"age_to": 59}, {"age_from": 60}),                True),
    (caps({}, {"age_to": 60}, {"age_from": 60}),                False),
    (caps({}, {}, {"age_from": 60}),                            False),
    (caps({}, years(over=2), years(at_least=0, up_to=2)),       True),
    (caps({}, years(over=2), years(at_least=0, up_to=3)),       False),
    (caps({}, during("peak"), during("day")),                   True),
    (caps({}, during("peak"), during("day", "peak")),           False),
    (caps({}, during("peak"), {"exit_timeframes": ["day"]}),    False),
    (caps({}, during("peak"), during("night")),                 False),     # may be told apart
    (caps({}, during("work"), during("rest")),                  True),
    (caps({}, during("sunday"), during("monday")),              True),
    (caps({}, during("sunday"), during("work")),                False),     # it may be one
    (caps({}, {}, {"unless": ["cap"]}),                         True),
    (caps({"unless": ["cap"]}, {}, {}),                         False),     # none stands above it
    (caps(*[{"unless": ["cap"]}] * 8, funders=TWO * 2),         True),
    ({**caps({"card_kinds": ["adult"]}, {}), "concession": [
        {"rule": "half", "card_kinds": ["student"], "pays_percent": 50, "funders": TWO}]}, True),
    ({**caps({}, {}), "concession": [
        {"rule": "half", "card_kinds": ["student"], "pays_percent": 50, "funders": TWO}]}, False),
    ({**caps({"unless": ["concession"]}, {}), "concession": [
        {"rule": "half", "pays_percent": 50, "funders": TWO}]},                            True),
    ({**caps({"unless": ["concession"]}, {}), "order": ["cap", "concession"], "concession": [
        {"rule": "half", "pays_percent": 50, "funders": TWO}]},                            False),
])
def test_what_one_ride_can_need(tmp_path: Path, table: dict[str, Any], fits: bool) -> None:
    check_room(tmp_path, fits=fits, **table)


def test_caps_of_several_operators(tmp_path: Path) -> None:
    table = caps({}, {"operators": ["bus"]}, {"not_operators": ["bus"]})
    check_room(tmp_path, fits=True, operators=["bus", "szbus"], **table)


def test_three_fees_leave_room_for_three(tmp_path: Path) -> None:
    """A centre, an issuer and an acquirer: an entry has seven legs, and the fare is one."""
    network = make_network(tmp_path)
    network.model.agreement.append(Agreement(
        agreement="all three", clearing_ppm=1, centre="finance", issuer_ppm=1, acquirer_per_ride=1,
        acquirer="finance"))
    compile_for(network, make_table(**caps({}, funders=[*TWO, {"funder": "sponsor"}])))
    with pytest.raises(TableError, match="has room for 3"):
        compile_for(network, make_table(**caps({}, {})))
