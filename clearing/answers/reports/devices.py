"""Validators that somebody should look at: what they charged beside the tables, what they missed.

A ride counts for the device of its boarding; of one without, for that of its exit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearing.answers.clocks import list_off
from clearing.answers.documents.document import Bars, Document, Section, add_up
from clearing.answers.periods import Period
from clearing.answers.reports.sums import AMOUNTS, TOTAL, Books, Sums, money_of
from clearing.answers.session import Session
from clearing.book.views import REVERSAL, RIDES_LEFT
from network.language import Phrase
from network.names import Names

DRAWN_MOST = 20         # devices in a picture
_NUMBER_BITS = 32       # of a device, below its operator's
Row = tuple[str, str, int, int, int, int]
_VARIANCE = ("rides", "above", "below", "total")


def report_variances(session: Session, period: Period) -> Document:
    """Where validators took other than the tables say, by device and by table."""
    books = Books(session, session.numbered(), period)
    names = books.numbered.names
    by_device = list(_variances(books, names, "device"))
    drawn = {f"{operator} {device}": above - below
             for operator, device, _, above, below, _ in by_device[:DRAWN_MOST]}
    return books.document(Phrase("variances {period}", period=period.label), [
        _section(Phrase("variances by device: what validators took less the tables' prices"),
                 "device", by_device, Bars(drawn, is_money=True) if drawn else None),
        _section(Phrase("variances by table"), "table", list(_variances(books, names, "table")))])


def _variances(books: Books, names: Names, by: str) -> Iterator[Row]:
    """Operator, device or table, rides, above, below and total, the farthest apart first.

    A reversal takes back on the side on which its ride was.
    """
    is_above = f"(variance > 0) != ({REVERSAL})"
    found = books.session.book.ask(
        f"SELECT operator, `{by}`, {RIDES_LEFT} AS rides, "
        f"sum(if({is_above}, variance, 0)) AS above, sum(if({is_above}, 0, variance)) AS below "
        f"FROM ledger WHERE variance != 0 AND {books.period.windows} "
        f"AND {books.session.book.as_of_last} GROUP BY operator, `{by}` "
        "HAVING rides != 0 OR above != 0 OR below != 0 "
        f"ORDER BY above - below DESC, operator, `{by}`")
    for operator, number, rides, above, below in zip(
            *(np.asarray(column).tolist() for column in found.values()), strict=True):
        yield (names.code("member", operator), names.code(by, number), rides, above, below,
               above + below)


def _section(title: str, by: str, rows: list[Row],
             picture: Bars | None = None) -> Section:
    columns = ("operator", by, *_VARIANCE)
    return Section(title, columns, rows, money_of(columns, _VARIANCE[1:]),
                   add_up(rows, range(2, len(columns)), len(columns), TOTAL), picture)


def report_devices(session: Session, period: Period) -> Document:
    """Every device by what it recorded, those first of whose rides most lack an end."""
    books = Books(session, session.numbered(), period)
    names = books.numbered.names
    off = {(one.operator, one.device): str(one.off_s) for one in list_off(
        session.book, session.register(),
        f"service_day BETWEEN {period.first} AND {period.last}")}
    rows = list[tuple[str, str, Sums, str]]()
    for key, sums in books.sums(f"bitShiftLeft(toUInt64(operator), {_NUMBER_BITS}) + device"
                                ).items():
        operator, device = divmod(key, 1 << _NUMBER_BITS)
        rows.append((names.code("member", operator), names.code("device", device), sums,
                     off.get((operator, device), "")))
    rows.sort(key=lambda row: (-row[2].lacking_end, row[:2]))
    told = [(operator, device, *sums, off_s) for operator, device, sums, off_s in rows]
    columns = ("operator", "device", *Sums._fields, "clock off, s")
    return books.document(Phrase("devices {period}", period=period.label), [Section(
        Phrase("devices; clocks that are behind are off by less than 0"), columns, told,
        money_of(columns, AMOUNTS),
        add_up(told, range(2, len(columns) - 1), len(columns), TOTAL))])
