"""A book as scripts and notebooks use it: every question to it, as a method of one object."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from clearing.answers import arrays
from clearing.answers.brought import reach
from clearing.answers.clear import Clearing, clear
from clearing.answers.explain import RideExplanation, explain_ride
from clearing.answers.filters import Filter
from clearing.answers.named_views import ask_in_sql
from clearing.answers.session import Session, open_session
from clearing.answers.settle import Settlement, settle
from clearing.answers.show import Listing, lister, show
from clearing.answers.verify import Verification, verify
from clearing.book import Columns

if TYPE_CHECKING:
    import pyarrow

Rides = np.recarray[Any, Any]


class OpenBook:
    """A book that is open. Amounts are minor units of the network's currency.

    Every method raises OnecardError for what cannot be asked, with what to do.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @overload
    def rides(self, *, window: str | None = None, run: int | None = None,
              card: str | None = None, form: Literal["numpy"] = "numpy") -> Rides: ...

    @overload
    def rides(self, *, window: str | None = None, run: int | None = None,
              card: str | None = None, form: Literal["arrow"]) -> pyarrow.Table: ...

    def rides(self, *, window: str | None = None, run: int | None = None,
              card: str | None = None, form: Literal["numpy", "arrow"] = "numpy"
              ) -> Rides | pyarrow.Table:
        """The rides of a service day, a run or a card, or all: by card and time.

        A NumPy record array with names as text and civil times; or, where pyarrow is installed, an
        Arrow table.
        """
        make = {"numpy": arrays.numpy_rides, "arrow": arrays.arrow_rides}[form]
        wanted = Filter(window, run, card).select(self._session)
        reach(self._session, *wanted.days, run=run or 0)
        return make(lister(self._session), wanted.of_entries())

    def show(self, topic: str, *, window: str | None = None, run: int | None = None,
             card: str | None = None) -> Listing:
        """The rows of a topic, as `onecard show` lists them; read while the book is open."""
        return show(self._session, topic, Filter(window, run, card))

    def explain(self, ride: str) -> list[RideExplanation]:
        """Why a ride, CARD/COUNTER, costs what it costs; of each of its entries."""
        return explain_ride(self._session, ride)

    def verify(self, cards: int | None = None) -> Verification:
        """The book added up again, and rides of so many cards, or all, priced again."""
        return verify(self._session, cards)

    def query(self, sql: str) -> Columns:
        """The columns of a query in ClickHouse's SQL that only reads."""
        return ask_in_sql(self._session, sql)

    def clear(self, files: Sequence[str | Path], *, received_at: int, threads: int = 1,
              layout: str | None = None, sender: str | None = None, folder: Path | None = None
              ) -> Clearing:
        """Clear tap files in one run; see clearing.answers.clear. received_at: UTC seconds."""
        return clear(self._session, [Path(file) for file in files], received_at=received_at,
                     threads=threads, layout=layout, senders=sender, folder=folder,
                     keep=self._session.kept())

    def settle(self, window: str, *, today: datetime.date, folder: Path | None = None,
               threads: int = 1, may_be_empty: bool = False) -> Settlement:
        """Close a service day with all before it; see clearing.answers.settle. today: by UTC."""
        settled = settle(self._session, window, today=today, folder=folder, threads=threads,
                         may_be_empty=may_be_empty)
        assert settled is not None, "nobody was asked"
        return settled


@contextmanager
def open_book(location: str | Path, *, network: str | None = None,
              read_only: bool = True) -> Iterator[OpenBook]:
    """A book, open inside `with`. To clear or settle, and to make a new one: read_only=False.

    location: a folder, or clickhouse://[user[:password]@]host[:port]/database.
    network: a shipped one's name or a folder; None: the one that the book was last cleared with.
    """
    with open_session(str(location), network, read_only=read_only,
                      create=not read_only) as session:
        yield OpenBook(session)
