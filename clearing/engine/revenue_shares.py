"""What operators share of rides when windows close, from the entries of a book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from clearing.book import Book
from clearing.book.schema import ENTRIES
from clearing.book.views import LEGS_IN_SQL, REVERSAL
from ext.codes import Cause
from ext.records import RIDE_FLAGS, Records
from network.civil import DAYS_MOST, day_of, number_of
from network.names import Names
from network.network import Network
from settlement.flows import OwnFlow, rows_of_flows
from settlement.period_fees import months
from settlement.revenue_shares import Brought, Shared, ShareTable

# What a ride brings its operator: all that others owe it.
_BROUGHT = " + ".join(
    f"if(({leg.creditor} = operator) AND ({leg.debtor} != operator), {leg.amount}, 0)"
    for leg in LEGS_IN_SQL)
_SETTLED = f"bitAnd(flags, {RIDE_FLAGS['HELD']}) = 0 AND from_stop != 0 AND to_stop != 0"


def share_tables(network: Network) -> list[ShareTable]:
    """The shares of a network, with their files. Raises TableError."""
    return [ShareTable(one, network.shares_of(one)) for one in network.model.revenue_share]


def share_closing(book: Book, tables: list[ShareTable], names: Names, first: int, last: int,
                  until: int | None = None) -> list[Shared]:
    """What is shared when the windows from one to another close, days since 1970.

    until: a run that is being written, whose entries count, too.
    """
    shared = list[Shared]()
    if not tables:
        return shared
    found = book.ask(
        f"SELECT count() AS entries, min(window) AS first FROM {ENTRIES.name} "
        f"WHERE {book.span(until).sql} AND window BETWEEN {first} AND {last}")
    if not int(found["entries"][0]):
        return shared
    first = max(first, int(found["first"][0]))      # where nothing was closed before
    for begin, end in months(day_of(first), day_of(last)):
        span = number_of(begin), first, min(number_of(end), last)
        for table in tables:
            for brought in _brought(book, table, names, span, until):
                shared += [one for one in table.share_out(brought) if one.amount or one.rides]
    return shared


def _brought(book: Book, table: ShareTable, names: Names, span: tuple[int, int, int],
             until: int | None) -> Iterator[Brought]:
    """By pair of stops: from a month's begin on, before a window and up to another one."""
    begin, first, last = span
    share = table.share
    operators = ", ".join(str(names.known("member", code)) for code in share.operators)
    since = 0 if share.in_force_from is None else number_of(share.in_force_from)
    through = DAYS_MOST if share.in_force_until is None else number_of(share.in_force_until)
    found = book.ask(
        f"SELECT operator, from_stop, to_stop, "
        f"sumIf(if({REVERSAL}, -1, 1), window >= {first}) AS rides, "
        f"sumIf({_BROUGHT}, window < {first}) AS before, sum({_BROUGHT}) AS now "
        f"FROM {ENTRIES.name} WHERE {book.span(until).sql} AND {_SETTLED} "
        f"AND window BETWEEN {begin} AND {last} AND service_day BETWEEN {since} AND {through} "
        f"AND operator IN ({operators}) GROUP BY operator, from_stop, to_stop "
        "ORDER BY operator, from_stop, to_stop")
    for operator, start, end, *sums in zip(
            *(np.asarray(column).tolist() for column in found.values()), strict=True):
        yield Brought(names.code("member", operator), names.code("stop", start),
                      names.code("stop", end), *sums)


def flows_of_shares(shared: list[Shared], numbers: Mapping[str, int], window: int) -> Records:
    """FLOW rows that post parts in a window; a part of nothing is none."""
    return rows_of_flows((OwnFlow(one.operator, one.carrier, Cause.REVENUE_SHARE, one.amount,
                                  one.rides) for one in shared if one.amount), numbers, window)
