"""What clearing costs: each issuer has its agreements with each operator, in their order."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from ext.codes import Rounding
from network.members import Member
from network.model import Agreement
from network.money import PPM
from network.names import Names
from settlement.agreements import AgreementArrays, compile_agreements

MEMBERS = [
    Member("bus", 1, "operator", "公交", "gz", "GD"),
    Member("szbus", 2, "operator", "深圳公交", "sz", "GD"),
    Member("card", 3, "issuer", "羊城通", "gz", "GD"),
    Member("cs-card", 4, "issuer", "潇湘卡", "cs", "HN"),
    Member("centre", 5, "centre", "清分中心", "gz", "GD"),
]


def compiled(*agreements: dict[str, Any]) -> AgreementArrays:
    names = Names()
    for member in MEMBERS:
        assert names.number("member", member.code) == member.number
    return compile_agreements(
        [Agreement(agreement=f"a{place}", **one) for place, one in enumerate(agreements)], MEMBERS,
        lambda kind, code: names.number(kind, code))


def holding(arrays: AgreementArrays, issuer: int, operator: int) -> list[int]:
    """The agreements of an issuer with an operator, by their slots."""
    first, count = arrays.agreement_index[issuer, operator].tolist()
    return arrays.ranked_agreements[first:first + count].tolist()


def test_each_issuer_has_its_agreements_with_each_operator() -> None:
    arrays = compiled({"between": "city"}, {"between": "province"}, {"between": "nation"},
                      {"operators": ["szbus"]}, {"issuers": ["cs-card"], "operators": ["bus"]}, {})
    assert holding(arrays, 1, 1) == [0, 5]
    assert holding(arrays, 1, 2) == [1, 3, 5]
    assert holding(arrays, 2, 1) == [2, 4, 5]
    assert holding(arrays, 2, 2) == [2, 3, 5]
    assert holding(arrays, 0, 0) == []


def test_conditions_of_the_ride_are_bits_and_days() -> None:
    arrays = compiled({"modes": ["bus"], "media": ["qr", "card"], "card_kinds": [],
                       "in_force_from": datetime.date(2024, 1, 1),
                       "in_force_until": datetime.date(2024, 12, 31)}, {})
    one, other = arrays.agreements
    assert [int(one[name]) for name in ("modes", "card_kinds")] == [1 << 1, 0]
    assert int(one["media"]) == 1 << 1 | 1 << 2
    assert [int(one["first_day"]), int(one["last_day"])] == [19723, 20088]
    every = 2**64 - 1
    assert [int(other[name]) for name in ("modes", "media", "card_kinds", "first_day",
                                          "last_day")] == [every, every, every, 0, 65_535]
    assert len({int(one["rule"]), int(other["rule"])}) == 2


def test_terms_of_a_fee_are_in_the_row() -> None:
    terms = {"clearing_ppm": 1, "clearing_per_ride": 2, "clearing_least": 3, "clearing_most": 4,
             "issuer_ppm": 5, "issuer_per_ride": 6, "issuer_least": 7,
             "acquirer_ppm": 8, "acquirer_per_ride": 9, "acquirer_least": 10, "acquirer_most": 11}
    row = compiled({**terms, "centre": "centre", "acquirer": "card", "rounding": "down"}
                   ).agreements[0]
    assert {name: int(row[name]) for name in terms} == terms
    assert (int(row["centre"]), int(row["acquirer"])) == (5, 3)
    assert (int(row["issuer_most"]), int(row["rounding"])) == (2**63 - 1, Rounding.DOWN)


def test_no_agreement_is_no_fee() -> None:
    arrays = compiled()
    assert len(arrays.agreements) == len(arrays.ranked_agreements) == 1
    assert not arrays.agreement_index["count"].any()
    assert arrays.ranked_agreements.dtype == np.uint32


@pytest.mark.parametrize(("clearing", "issuer"), [
    (0, 0), (PPM, 0), (0, PPM), (PPM // 2, PPM // 2),
])
def test_fees_up_to_the_whole_amount(clearing: int, issuer: int) -> None:
    row = compiled({"clearing_ppm": clearing, "issuer_ppm": issuer,
                    "centre": "centre"}).agreements[0]
    assert (int(row["clearing_ppm"]), int(row["issuer_ppm"]), int(row["centre"])) == (
        clearing, issuer, 5)
