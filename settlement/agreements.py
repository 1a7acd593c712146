"""Which agreement a ride is cleared under, and what the operator pays by it.

Agreements stand in network.toml, and the first that holds for a ride decides; none is no fee,
unless the network wants such rides held. They are compiled to one short list for each issuer and
operator, so that a ride looks at no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ext import records
from ext.codes import Rounding
from ext.records import Records
from network.civil import DAYS_MOST, number_of
from network.members import Member
from network.model import Agreement

EVERY_BIT = (1 << 64) - 1

Number = Callable[[str, str], int]      # of a name: kind and code


class AgreementArrays(NamedTuple):
    """What the kernel reads; see ext/clearing/tables.pxd."""

    agreements: Records
    agreement_index: Records
    ranked_agreements: np.ndarray[tuple[int], np.dtype[np.uint32]]


def compile_agreements(agreements: Sequence[Agreement], members: Sequence[Member],
                       number: Number) -> AgreementArrays:
    """The agreements of a network, for each issuer with each operator.

    number: the number that a member, mode, medium, card kind or rule has.
    """
    rows = np.zeros(max(len(agreements), 1), dtype=records.AGREEMENT)
    for index, one in enumerate(agreements):
        rows[index] = _row(one, number)
    issuers, operators = (
        {code: slot for slot, code in enumerate(
            (member.code for member in members if member.role == role), 1)}
        for role in ("issuer", "operator"))
    index_rows = np.zeros((len(issuers) + 1, len(operators) + 1), dtype=records.AGREEMENT_INDEX)
    ranked: list[int] = []
    firsts: dict[tuple[int, ...], int] = {}
    for issuer, operator, holding in list_pairs(agreements, members):
        if holding not in firsts:
            firsts[holding] = len(ranked)
            ranked += holding
        index_rows[issuers[issuer.code], operators[operator.code]] = firsts[holding], len(holding)
    return AgreementArrays(rows, index_rows, np.array(ranked or [0], dtype=np.uint32))


def list_pairs(agreements: Sequence[Agreement], members: Sequence[Member]
               ) -> Iterator[tuple[Member, Member, tuple[int, ...]]]:
    """Each issuer with each operator, and the indexes of the agreements between them, in order."""
    operators = [member for member in members if member.role == "operator"]
    # A network of 400 members has 40,000 pairs: of each only the agreements of both are looked at.
    by_operator = {operator.code: {index for index, one in enumerate(agreements)
                                   if one.operators is None or operator.code in one.operators}
                   for operator in operators}
    for issuer in members:
        if issuer.role != "issuer":
            continue
        own = [(index, one.between) for index, one in enumerate(agreements)
               if one.issuers is None or issuer.code in one.issuers]
        for operator in operators:
            distance, theirs = distance_between(issuer, operator), by_operator[operator.code]
            yield issuer, operator, tuple(index for index, between in own if index in theirs
                                          and between in (None, distance))


def distance_between(issuer: Member, operator: Member) -> str:
    """How far from home a card rides: city (at home), province or nation."""
    if issuer.city == operator.city:
        return "city"
    return "province" if issuer.province == operator.province else "nation"


def _row(one: Agreement, number: Number) -> tuple[int, ...]:
    """AGREEMENT, in the order of its fields."""
    return (
        one.clearing_ppm, one.clearing_per_ride, one.clearing_least, _most(one.clearing_most),
        one.issuer_ppm, one.issuer_per_ride, one.issuer_least, _most(one.issuer_most),
        one.acquirer_ppm, one.acquirer_per_ride, one.acquirer_least, _most(one.acquirer_most),
        _bits("mode", one.modes, number),
        _bits("medium", one.media, number), _bits("card_kind", one.card_kinds, number),
        number("rule", one.agreement),
        0 if one.in_force_from is None else number_of(one.in_force_from),
        DAYS_MOST - 1 if one.in_force_until is None else number_of(one.in_force_until),
        number("member", one.centre or ""), number("member", one.acquirer or ""),
        int(Rounding[one.rounding.upper()]), 0, 0)


def _most(amount: int | None) -> int:
    return np.iinfo(np.int64).max if amount is None else amount


def _bits(kind: str, codes: Sequence[str] | None, number: Number) -> int:
    """A bit for each code; every bit where there is no condition."""
    return EVERY_BIT if codes is None else sum(1 << number(kind, code) for code in set(codes))
