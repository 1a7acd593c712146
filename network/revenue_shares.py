"""Tables of revenue shares: who has which part of a ride between two stops, or which link."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from network.dates import check_dates, overlap
from network.errors import TableError
from network.files import read_csv, refuse_row, whole_number
from network.language import Phrase
from network.model import NetworkFile, RevenueShare

COLUMNS = ("from", "to", "operator", "weight")


class ShareRow(NamedTuple):
    """A part of a pair of stops; or a link between neighbours, whose weight is its metres."""

    from_stop: str
    to_stop: str
    operator: str
    weight: int


def check_revenue_shares(model: NetworkFile) -> None:
    """Pass where shares are of operators of one system, and no ride is shared twice.

    Raises TableError, whose key is of network.toml.
    """
    systems = {one.code: one.system or one.code for one in model.operator}
    for index, one in enumerate(model.revenue_share):
        here = ("revenue_share", index)
        what = Phrase("revenue share {code!r}", code=one.revenue_share)
        unknown = [code for code in one.operators if code not in systems]
        if unknown or len({*one.operators}) < 2:
            raise TableError(Phrase("{what} is of {unknown!r}", what=what,
                                    unknown=unknown[0]) if unknown else
                             Phrase("{what} is not of several operators",
                                    what=what), "correct the list",
                             expected=", ".join(sorted(systems)), key=(*here, "operators"))
        if len({systems[code] for code in one.operators}) > 1:
            raise TableError(Phrase("{what} is of operators that share no paid area", what=what),
                             "share what rides of one system bring",
                             expected="operators with the same `system`", key=(*here, "operators"))
        check_dates(one.in_force_from, one.in_force_until, what, here)
        for other in model.revenue_share[:index]:
            if {*one.operators} & {*other.operators} and overlap(one, other):
                raise TableError(Phrase("{what} and {revenue_share!r} both share rides of "
                                        "{value!r}", what=what, revenue_share=other.revenue_share,
                                        value=min({*one.operators} & {*other.operators})),
                                 "say until when the one holds (in_force_until), and from when on "
                                 "the other (in_force_from)", expected="one for each day", key=here)



def read_shares(path: Path, one: RevenueShare, stops: Collection[str] | None) -> list[ShareRow]:
    """The rows of a share's file. stops: those of its system; None: any stop will do.

    Raises TableError with file and line.
    """
    rows = list[ShareRow]()
    for line, row, read in _rows(path):
        for stop in (read.from_stop, read.to_stop):
            if not stop or (stops is not None and stop not in stops):
                raise refuse_row(path, line, row, Phrase("there is no stop {stop!r}", stop=stop),
                                 "correct it, or add it to the operators' stops")
        if read.operator not in one.operators:
            raise refuse_row(path, line, row, Phrase("{operator!r} is not of {revenue_share!r}",
                                                     operator=read.operator,
                                                     revenue_share=one.revenue_share),
                             Phrase("write one of {operators}", operators=", ".join(one.operators)))
        rows.append(read)
    return rows


def read_links(path: Path) -> list[ShareRow]:
    """Links that ways are made of, or prices between stops: of any operator and any stops.

    Both hold either way round. Raises TableError with file and line.
    """
    rows = list[ShareRow]()
    for line, row, read in _rows(path):
        if not read.from_stop or not read.to_stop or read.from_stop == read.to_stop:
            raise refuse_row(path, line, row, "it leads nowhere", "write two stops")
        rows.append(read)
    return rows


def _rows(path: Path) -> Iterator[tuple[int, list[str], ShareRow]]:
    """Each row with its line, as it stands and as it is read."""
    seen = set[tuple[str, str, str]]()
    for line, row in enumerate(read_csv(path, COLUMNS), 2):
        start, end, operator, text = row
        if (start, end, operator) in seen:
            raise refuse_row(path, line, row, "it stands twice", "keep one line")
        seen.add((start, end, operator))
        yield line, row, ShareRow(start, end, operator, whole_number(text, path, line))
