"""The amounts of the ledger, leg by leg: what statements, bills, traces and postings are made of.

One row for each amount of an entry that is not held: the entry's own columns, and of the leg
`leg_cause`, `leg_rule`, `leg_debtor`, `leg_creditor`, `leg_amount`. A reversal's are negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clearing.book.card_ranges import card_ranges
from clearing.book.queries import Queries
from clearing.book.schema import ENTRIES
from clearing.book.store import Columns
from clearing.book.stored import LEG_COLUMNS, PARTS
from clearing.book.views import RIDES_LEFT
from ext.records import RIDE_FLAGS

LEG = tuple(f"leg_{part}" for part in PARTS)
# What one member owes another: it owes itself nothing.
BETWEEN_TWO = "leg_debtor != leg_creditor"
_TYPES = {"cause": "UInt8", "rule": "UInt32", "debtor": "UInt16", "creditor": "UInt16",
          "amount": "Int64"}


def list_legs(book: Queries, fields: Sequence[str], where: str = "1", order: str = ""
              ) -> Iterator[Columns]:
    """Legs in blocks: of each some columns of its entry (and `run`), then those of LEG.

    where and order are SQL on both. What an order leaves open, all that is read decides: how the
    rows lie in the store never does.
    """
    by = f" ORDER BY {', '.join((order, *fields, *LEG))}" if order else ""
    for cards in card_ranges(book.store, book.committed, order,
                             rows=book.rows_so_far(ENTRIES)):
        yield from book.store.blocks(f"SELECT {', '.join((*fields, *LEG))} "
                                     f"{_legs(book, f'({where}) AND {cards}')}{by}")


def sum_legs(book: Queries, by: Sequence[str], where: str = "1", until: int | None = None
             ) -> Columns:
    """Legs added up by some columns: these, then `rides` and `amount`.

    rides: less those that are taken back. by: names, or SQL with a name. What comes to nothing is
    left out. until: a run that is being written, whose entries count, too.
    """
    names = ", ".join(name.rpartition(" AS ")[2] for name in by)
    return book.ask(
        f"SELECT {', '.join(by)}, {RIDES_LEFT} AS rides, sum(leg_amount) AS amount "
        f"{_legs(book, where, until)} GROUP BY {names} HAVING rides != 0 OR amount != 0 "
        f"ORDER BY {names}")


def count_legs(book: Queries, where: str) -> int:
    """How many legs fulfil a condition."""
    return int(book.ask(f"SELECT count() AS legs {_legs(book, where)}")["legs"][0])


def _legs(book: Queries, where: str, until: int | None = None) -> str:
    """FROM and WHERE of what asks for legs."""
    arrays = ", ".join(
        "[" + ", ".join(f"to{_TYPES[part]}({columns[part]})" for columns in LEG_COLUMNS)
        + f"] AS leg_{part}" for part in PARTS)
    return (f"FROM {ENTRIES.name} ARRAY JOIN {arrays} WHERE {book.span(until).sql} "
            f"AND bitAnd(flags, {RIDE_FLAGS['HELD']}) = 0 AND leg_amount != 0 AND ({where})")
