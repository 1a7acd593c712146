"""What operators pay for clearing, by how far from home a card rides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ext import records

PPM = 1_000_000
DISTANCES = ("city", "province", "nation")  # same city; same province; further


@dataclass(frozen=True)
class Terms:
    """One agreement: parts per million of what the rider paid, and the centre that takes them."""

    between: str
    clearing_ppm: int
    issuer_ppm: int
    centre: int                 # member number; 0: none


def compile_terms(agreements: Iterable[Terms]) -> npt.NDArray[Any]:
    """The terms for each of DISTANCES, as AGREEMENT_TERMS rows; no agreement is no fee.

    Raises ValueError for a fee without a receiver, over the whole amount, or given twice.
    """
    rows = np.zeros(len(DISTANCES), dtype=records.AGREEMENT_TERMS)
    given: set[str] = set()
    for terms in agreements:
        if terms.between in given:
            raise ValueError(f"there are two agreements for {terms.between!r}: keep one")
        given.add(terms.between)
        if not (min(terms.clearing_ppm, terms.issuer_ppm) >= 0
                and terms.clearing_ppm + terms.issuer_ppm <= PPM):
            raise ValueError(f"the fees of the agreement for {terms.between!r} are not between 0 "
                             f"and {PPM} parts per million together")
        if terms.clearing_ppm and not terms.centre:
            raise ValueError(f"the agreement for {terms.between!r} has a clearing fee and no "
                             "centre that takes it: name one")
        place = DISTANCES.index(terms.between)
        rows["clearing_ppm"][place] = terms.clearing_ppm
        rows["issuer_ppm"][place] = terms.issuer_ppm
        rows["centre"][place] = terms.centre
    return rows
