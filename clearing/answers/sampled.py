"""What `verify` looks at where it does not look at all: about as much, however large a book is.

Sums are added up over everything. What reads rows one by one, or prices them again, takes some
cards, runs and closed windows, chosen by a number: others each time, so that nobody can know where
it is not looked, and a book is seen whole after some times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clearing.book import Book
from clearing.book.closed import closings
from clearing.book.contents import unpack_contents
from clearing.book.integrity import NOTHING, ChosenRuns, all_contents
from clearing.book.roots import Closing
from clearing.book.schema import ENTRIES, RECORDS, WINDOWS

ROWS_MOST = 1_000_000   # a book of no more is looked at whole; some seconds of a processor
RUNS_LEAST = 4          # are looked at, whatever they have


@dataclass(frozen=True)
class Sample:
    """Some cards of a book, about so many, and some runs and windows; cards None: everything."""

    cards: int | None
    seed: int       # 64 bits

    def cards_sql(self, book: Book) -> str:
        """Which cards, as a condition. Who does not know the seed cannot tell."""
        if not self.cards:
            return "1" if self.cards is None else "0"
        found = book.ask("SELECT uniqExact(card_hi, card_lo) AS cards "
                         f"FROM {ENTRIES.name} WHERE {book.committed}")
        every = max(1, int(found["cards"][0]) // self.cards)
        return f"intHash64(bitXor(card_lo, toUInt64({self.seed}))) % {every} = 0"

    def runs(self, book: Book) -> ChosenRuns:
        """The runs whose rows and commit rows are held to what was stored."""
        last = book.last_run()
        if self.cards is None or last is None:
            return ChosenRuns()
        rows = sum(content.so_far for content in unpack_contents(last.contents).values())
        return ChosenRuns(max(1, min(rows // ROWS_MOST, last.run // RUNS_LEAST)), self.seed)

    def closings(self, book: Book) -> Sequence[Closing]:
        """The closed windows whose roots are made again: some that follow each other."""
        listed = closings(book)
        if self.cards is None or not listed:
            return listed
        so_far = {run: sum(contents.get(table.name, NOTHING).so_far for table in (ENTRIES, RECORDS))
                  for run, contents in all_contents(book, f"run IN (SELECT run FROM {WINDOWS.name} "
                                                          f"WHERE {book.committed})")}
        stretches, begins = list[list[Closing]](), 0
        for closing in listed:
            if not stretches or so_far.get(closing.run, 0) - begins > ROWS_MOST:
                stretches.append([])
                begins = so_far.get(closing.after, 0)
            stretches[-1].append(closing)
        return stretches[self.seed % len(stretches)]
