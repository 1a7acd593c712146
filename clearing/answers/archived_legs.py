"""What bills need of windows that have left the book, read where these were archived."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearing.answers.archive_files import check_window, read_rows
from clearing.answers.brought import place_of
from clearing.answers.session import Session
from clearing.book.schema import ENTRIES
from clearing.book.stored import LEG_COLUMNS
from clearing.engine.bills import Unpaid
from ext.codes import Cause
from ext.records import RIDE_FLAGS

_COLUMNS = ("run", *(column.name for column in ENTRIES.content))


def unpaid_of(session: Session) -> Unpaid:
    """Adds up the rides of cards that a bill does not pay; a writer cannot bring windows back.

    Raises OnecardError where an archive is not to be had.
    """
    def add_up(first: int, last: int, funder: int, paid: frozenset[int]
               ) -> Iterator[tuple[int, int, int, int]]:
        for one in session.book.archives():
            if one.window < first or one.first > last or one.window in session.book.store.brought:
                continue
            folder = place_of(one, session.archive)
            check_window(folder, one.window, one.manifest)
            for block in read_rows(folder, one.window, ENTRIES):
                columns = dict(zip(_COLUMNS, map(np.asarray, block), strict=True))
                held, back = (columns["flags"] & RIDE_FLAGS[flag] != 0
                              for flag in ("HELD", "REVERSAL"))
                counted = ~held & ~np.isin(columns["issuer"], sorted(paid)) & (
                    columns["window"] >= first) & (columns["window"] <= last)
                for leg in LEG_COLUMNS[1:]:     # the first is what riders paid
                    cause, creditor, amount = (
                        columns[leg[part]] for part in ("cause", "creditor", "amount"))
                    own = counted & (columns[leg["debtor"]] == funder) & (creditor != funder) & (
                        cause < Cause.FARE) & (amount != 0)
                    yield from zip(creditor[own].tolist(), cause[own].tolist(),
                                   np.where(back[own], -1, 1).tolist(), amount[own].tolist(),
                                   strict=True)

    return add_up
