"""Clear closed windows again by changed tables, and post what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearing.answers.listings import FEES
from clearing.answers.named_views import keep_named_views
from clearing.answers.session import Session
from clearing.book import Run
from clearing.engine.run import Restated, restate_windows
from ext.codes import Cause
from network.civil import day_number, day_of
from network.errors import OnecardError
from network.language import Phrase
from network.money import Currency
from network.numbering import NumberedNetwork
from network.progress import Progress, no_progress

COLUMNS = ("cause", "city", "operator", "debtor", "creditor", "count", "amount")


@dataclass(frozen=True)
class Restatement:
    """What changed tables make of the days from one on."""

    since: str
    number: int             # of the book's restatements, from 1
    run: Run | None         # None: nothing was posted
    entered: int            # entries by the tables as they are now
    taken_back: int         # entries that they take the place of
    differences: list[tuple[Any, ...]]      # in the order of COLUMNS
    currency: Currency


def restate(session: Session, since: str, *, threads: int = 1, dry_run: bool = False,
            progress: Progress = no_progress) -> Restatement:
    """Clear the closed days from one on by the network as it is now, such as 2024-11-25.

    dry_run: say what would be posted, and post nothing.
    Raises OnecardError and TableError.
    """
    day = day_number(since)
    closed = session.book.closed_through
    if closed is None or day > closed:
        raise OnecardError(
            "this day is not closed", where=since,
            expected=Phrase("a closed day: the last is {day}", day=day_of(closed))
            if closed else "a closed day",
            remedy="clear some file: open windows follow changed tables by themselves")
    restated = restate_windows(day, session.locator(), session.book, threads=threads,
                               dry_run=dry_run, progress=progress)
    keep_named_views(session)
    numbered = session.numbered()
    found = session.book.ask("SELECT count() AS made FROM runs WHERE kind = 'restate'")
    number = int(found["made"][0]) + (restated.run is None)
    return Restatement(since, number, restated.run, restated.entered, restated.taken_back,
                       sorted(_differences(restated, numbered)), numbered.network.model.money)


def _differences(restated: Restated, numbered: NumberedNetwork) -> Iterator[tuple[Any, ...]]:
    """What each owes the other more, or less, for each cause; of which city's rides."""
    names, operators = numbered.names, numbered.network.operators
    flows = restated.flows
    for flow in flows[np.lexsort([flows["creditor"], flows["debtor"], flows["cause"]])]:
        debtor, creditor = (names.code("member", int(flow[side]))
                            for side in ("debtor", "creditor"))
        cause = Cause(int(flow["cause"]))
        fee = cause in FEES
        operator = debtor if fee else creditor
        city = operators[operator].city if operator in operators else ""    # it may have left
        yield (cause.name.lower(), city, operator, debtor, creditor,
               int(flow["count"]), int(flow["amount"]))
