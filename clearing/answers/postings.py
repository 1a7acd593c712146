"""Postings as rows: each leg twice, as a debit of who owes it and a credit of whom it is owed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from clearing.answers.filters import Selection
from clearing.answers.listings import cards_of, days_of, slices, words_of_cause
from clearing.answers.session import Session
from clearing.book.legs import count_legs, list_legs
from clearing.book.queries import BY_CARD

POSTING_COLUMNS = ("run", "window", "card", "card_seq", "member", "side", "amount", "cause")
_FIELDS = ("run", "window", "card_hi", "card_lo", "card_seq")
_DEBTOR, _CREDITOR = "leg_debtor", "leg_creditor"
_ORDER = f"{BY_CARD}, run, reason"
SIDES = {_DEBTOR: "debit", _CREDITOR: "credit"}


def postings(session: Session, wanted: Selection) -> Iterator[tuple[Any, ...]]:
    """Debits and credits in the order of POSTING_COLUMNS, by card, time and run."""
    names = session.names().codes("member")
    for block in list_legs(session.book, _FIELDS, _condition(wanted), _ORDER):
        for some in slices(len(block["run"])):
            columns = {name: np.asarray(column[some]) for name, column in block.items()}
            causes = map(words_of_cause, columns["leg_cause"].tolist())
            rows = zip(columns["run"].tolist(), days_of(columns["window"]), cards_of(columns),
                       columns["card_seq"].tolist(), columns["leg_amount"].tolist(), causes, *(
                           columns[party].tolist() for party in SIDES), strict=True)
            for run, window, card, seq, amount, cause, *parties in rows:
                for side, member in zip(SIDES.values(), parties, strict=True):
                    if wanted.members is None or member in wanted.members:
                        yield run, window, card, seq, names[member], side, amount, cause


def count_postings(session: Session, wanted: Selection) -> int:
    """How many they are."""
    parties = [wanted._replace(cause=None).of_leg("0", party, party) for party in SIDES]
    return sum(count_legs(session.book, f"{_condition(wanted)} AND {party}") for party in parties)


def _condition(wanted: Selection) -> str:
    return f"{wanted.of_rides()} AND {wanted.of_leg('leg_cause', _DEBTOR, _CREDITOR)}"
