"""What a period's entries come to by some of their columns: what every report adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clearing.answers.documents.document import Document, Section
from clearing.answers.periods import Period
from clearing.answers.session import Session
from clearing.book.views import REVERSAL, RIDES_LEFT
from ext.codes import RideState
from ext.records import RIDE_FLAGS
from network.language import Phrase, language
from network.money import Currency
from network.numbering import NumberedNetwork

_IS_HELD = f"bitAnd(flags, {RIDE_FLAGS['HELD']}) != 0"
_LACKS_END = f"state IN ({int(RideState.MISSING_IN)}, {int(RideState.MISSING_OUT)})"


class Sums(NamedTuple):
    """What some entries come to; reversals count as less, amounts are minor units."""

    rides: int
    due: int
    paid: int
    variance: int
    uncollected: int
    held: int               # rides
    lacking_end: int        # rides without their way in, or out


TOTAL = Phrase("total")

# Those that are amounts.
AMOUNTS = ("due", "paid", "variance", "uncollected")


@dataclass(frozen=True)
class Books:
    """What a report of a period is made with."""

    session: Session
    numbered: NumberedNetwork
    period: Period

    @property
    def currency(self) -> Currency:
        """What amounts are in."""
        return self.numbered.network.model.money

    def sums(self, by: str) -> dict[int, Sums]:
        """What the period's entries come to by a number, which is SQL on them."""
        found = self.session.book.ask(
            f"SELECT toInt64({by}) AS key, {RIDES_LEFT} AS rides, sum(due) AS due_, "
            "sum(paid) AS paid_, sum(variance) AS variance_, sum(uncollected) AS uncollected_, "
            f"{_rides_that(_IS_HELD)} AS held_, {_rides_that(_LACKS_END)} AS lacking FROM ledger "
            f"WHERE {self.period.windows} AND {self.session.book.as_of_last} "
            "GROUP BY key ORDER BY key")
        return {key: Sums(*map(int, row)) for key, *row in zip(
            *(np.asarray(column).tolist() for column in found.values()), strict=True)}

    def document(self, title: Phrase, sections: list[Section]) -> Document:
        """A document of the period."""
        run = self.session.book.last_run()
        state = (Phrase("closed") if self.period.is_closed
                 else Phrase("not all closed: amounts can change"))
        return Document(
            title,
            [(Phrase("network"), self.numbered.network.model.title),
             (Phrase("windows"), self.period.days()), (Phrase("state"), state),
             (Phrase("as after run"), str(run.run if run else 0)),
             (Phrase("money"), Phrase("in {currency}", currency=self.currency.name))],
            sections, (), language(), self.currency)


def _rides_that(condition: str) -> str:
    """How many rides fulfil a condition, less those that are taken back."""
    return f"sum(if({condition}, if({REVERSAL}, -1, 1), 0))"


def money_of(columns: Sequence[str], money: Sequence[str]) -> frozenset[int]:
    """Where the columns of amounts stand."""
    return frozenset(index for index, name in enumerate(columns) if name in money)
