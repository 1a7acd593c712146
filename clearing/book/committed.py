"""Which runs of a book count, and what they are: what every question to it begins with."""

from __future__ import annotations

import numpy as np

from clearing.book.contents import unpack_contents
from clearing.book.parts import Span
from clearing.book.runs import Run
from clearing.book.schema import RUNS, Table
from clearing.book.store import Store

_ROWS_MOST = 100        # commit rows that are remembered


class CommittedRuns:
    """The runs of a book that count, as its store has them."""

    def __init__(self, store: Store) -> None:
        self.store, self.known = store, store.known
        # Tables and views that a book of an older version has not, before it is upgraded.
        self.lacking: frozenset[str] = frozenset()
        # What is asked is answered as after this run; None: after the last.
        self.as_of: int | None = None

    @property
    def committed(self) -> str:
        """A condition on the rows of tables (schema.LEDGER): those that count."""
        return self.span().sql

    @property
    def as_of_last(self) -> str:
        """The same on views, which have nothing but what counts: as of which run it is asked."""
        return f"run <= {self.last}"

    def runs(self, where: str = "1", order: str = "run") -> list[Run]:
        """Committed runs that fulfil a condition, oldest first; `where` and `order` are SQL."""
        return self._runs(f"run <= {self.last} AND ({where})", order)

    def _runs(self, where: str, order: str) -> list[Run]:
        columns = ", ".join(
            f"toUInt32({name})" if type_.startswith("DateTime") else f"`{name}`"
            for name, type_ in RUNS.columns)
        found = self.store.columns(f"SELECT {columns} FROM runs WHERE {where} ORDER BY {order}")
        values = [
            column.tolist() if isinstance(column, np.ndarray) else column
            for column in found.values()]
        return [Run(*row) for row in zip(*values, strict=True)]

    def find_run(self, number: int) -> Run | None:
        """A committed run by its number."""
        if number > self.last:
            return None
        runs = self.known.runs
        if number not in runs:
            for run in self._runs(f"run = {number}", "run"):
                self._keep(run)
        return runs.get(number)

    def last_run(self) -> Run | None:
        """The newest committed run; where it is asked as of a run, that one."""
        last = self.last
        return self.find_run(last) if last else None

    def rows_so_far(self, table: Table) -> int | None:
        """How many rows the last run says a table has got; None: it has not been committed yet."""
        last = self.last_run()
        stated = unpack_contents(last.contents).get(table.name) if last else None
        return stated.so_far if stated else None

    def learn(self, run: Run) -> None:
        """Remember the last run, which was committed a moment ago, as long as that holds."""
        self._keep(run)
        self.known.newest = self.store.changes, Span(run.run, self.known.newest[1].folded)

    def _keep(self, run: Run) -> None:
        runs = self.known.runs
        if len(runs) == _ROWS_MOST:
            runs.clear()
        runs[run.run] = run

    def _committed_span(self) -> Span:
        """The committed runs: asked for again where they can be others by now."""
        changes, known = self.store.changes, self.known
        if changes is None or known.newest[0] != changes:
            found = self.store.columns(
                "SELECT max(run) AS last, "
                "ifNull((SELECT max(through) FROM folds), 0) AS folded FROM runs")
            known.newest = changes, Span(int(found["last"][0]), int(found["folded"][0]))
        return known.newest[1]

    @property
    def closed_through(self) -> int | None:
        """The last closed service day, in days since 1970."""
        last = self.last_run()
        return last.closed_through if last and last.closed_through else None

    @property
    def last(self) -> int:
        """The last run's number, or `as_of`: runs that count are 1 up to it; 0: there is none."""
        if self.as_of is not None:
            return self.as_of
        return self._committed_span().last

    @property
    def committed_last(self) -> int:
        """The last run that was committed, whatever run the book answers as of."""
        return self._committed_span().last

    def span(self, until: int | None = None) -> Span:
        """The runs that count, or those up to one of them, also where it is being written."""
        return Span(self.last if until is None else until, self._committed_span().folded)
