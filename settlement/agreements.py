"""Which agreement a ride is cleared under, and what the operator pays by it.

Agreements stand in network.toml, and the first that holds for a ride decides; none is no fee. They
are compiled to one short list for each issuer and operator, so that a ride looks at no others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ext import records
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
    issuers = [member for member in members if member.role == "issuer"]
    operators = [member for member in members if member.role == "operator"]
    index_rows = np.zeros((len(issuers) + 1, len(operators) + 1), dtype=records.AGREEMENT_INDEX)
    ranked: list[int] = []
    firsts: dict[tuple[int, ...], int] = {}
    for issuer_slot, issuer in enumerate(issuers, 1):
        for operator_slot, operator in enumerate(operators, 1):
            holding = tuple(index for index, one in enumerate(agreements)
                            if holds_between(one, issuer, operator))
            if holding not in firsts:
                firsts[holding] = len(ranked)
                ranked += holding
            index_rows[issuer_slot, operator_slot] = firsts[holding], len(holding)
    return AgreementArrays(rows, index_rows, np.array(ranked or [0], dtype=np.uint32))


def holds_between(agreement: Agreement, issuer: Member, operator: Member) -> bool:
    """Whether an agreement is for rides of an issuer's cards with an operator."""
    return (agreement.between in (None, distance_between(issuer, operator))
            and (agreement.issuers is None or issuer.code in agreement.issuers)
            and (agreement.operators is None or operator.code in agreement.operators))


def distance_between(issuer: Member, operator: Member) -> str:
    """How far from home a card rides: city (at home), province or nation."""
    if issuer.city == operator.city:
        return "city"
    return "province" if issuer.province == operator.province else "nation"


def _row(one: Agreement, number: Number) -> tuple[int, ...]:
    """AGREEMENT, in the order of its fields."""
    return (
        one.clearing_ppm, one.issuer_ppm, _bits("mode", one.modes, number),
        _bits("medium", one.media, number), _bits("card_kind", one.card_kinds, number),
        number("rule", one.agreement),
        0 if one.in_force_from is None else number_of(one.in_force_from),
        DAYS_MOST - 1 if one.in_force_until is None else number_of(one.in_force_until),
        number("member", one.centre or ""), 0, 0)


def _bits(kind: str, codes: Sequence[str] | None, number: Number) -> int:
    """A bit for each code; every bit where there is no condition."""
    return EVERY_BIT if codes is None else sum(1 << number(kind, code) for code in set(codes))
