"""What is new for a partner since a run: its entries and flows, in the order in which they came.

As files, or in a database of its own, which then knows by itself where the next feed begins.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from clearing.answers.card_numbers import check_cards_in_full
from clearing.answers.documents.arrow_file import DAYS, TIMES, WHOLE, batches, write_arrow_file
from clearing.answers.documents.plain_csv import csv_lines
from clearing.answers.documents.unfinished import whole_file
from clearing.answers.filters import Filter
from clearing.answers.masking import show_cards, with_pseudonyms
from clearing.answers.session import Session
from clearing.answers.show import Listing, show
from clearing.book.fed import FedDatabase
from clearing.book.native import ColumnData
from clearing.book.schema import Column
from network.errors import OnecardError
from network.language import Phrase

FeedForm = Literal["csv", "parquet", "arrow"]
TOPICS = ("entries", "flows")
_ORDER = ("window", "run")      # of a partner's tables


class Fed(NamedTuple):
    """A feed that was written; without paths: nothing is new."""

    first: int          # run
    last: int
    paths: list[Path]


class FedInto(NamedTuple):
    """A database that was fed; without rows by topic: nothing is new."""

    first: int          # run
    last: int
    rows: dict[str, int]


def write_feed(session: Session, wanted: Filter, folder: Path, form: FeedForm, *, has_cards: bool
               ) -> Fed:
    """Write the entries and flows of a member or city since a run, a file of each.

    wanted: whose, and `since_run`: the first run. has_cards: card numbers are in full; else they
    are masked, and a pseudonym is beside them. Files are named by the runs that they are of, and
    the same runs always give the same rows. Raises OnecardError.
    """
    first, through = _runs(session, wanted)
    paths = list[Path]()
    if first > through:
        return Fed(first, through, paths)
    folder.mkdir(parents=True, exist_ok=True)
    for topic in TOPICS:
        listing = _list(session, topic, wanted, has_cards=has_cards)
        paths.append(folder / f"{topic}-{first}-{through}.{form}")
        _write(listing, paths[-1], form)
    return Fed(first, through, paths)


def feed_database(session: Session, wanted: Filter, location: str, *, has_cards: bool) -> FedInto:
    """Write what a partner's database has not yet, or nothing of it: see clearing.book.fed.

    wanted: whose. location: clickhouse://… of the database. has_cards: see write_feed.
    Raises OnecardError.
    """
    whose = f"member {wanted.member}" if wanted.member is not None else f"city {wanted.city}"
    if has_cards:
        check_cards_in_full(session)
    zone = session.described().model.time_zone
    with FedDatabase(location, f"{whose}, cards {'in full' if has_cards else 'masked'}") as fed:
        wanted = wanted._replace(since_run=fed.through + 1)
        first, through = _runs(session, wanted)
        rows = dict[str, int]()
        if first > through:
            return FedInto(first, through, rows)
        lists = {topic: _list(session, topic, wanted, has_cards=has_cards) for topic in TOPICS}
        columns = {topic: _stored_columns(listing, zone) for topic, listing in lists.items()}
        for topic, of_topic in columns.items():
            fed.begin(topic, of_topic, _ORDER)
        for topic, listing in lists.items():
            rows[topic] = 0
            for some in batches(listing.rows):
                fed.write(topic, columns[topic], _ORDER, [
                    _stored_values(column, values) for column, values in zip(
                        columns[topic], zip(*some, strict=True), strict=True)], len(some))
                rows[topic] += len(some)
        fed.end(through)
    return FedInto(first, through, rows)


def _runs(session: Session, wanted: Filter) -> tuple[int, int]:
    """The first run of a feed and the last one. Raises OnecardError where there is no such run."""
    last = session.book.last_run()
    first, through = wanted.since_run or 1, last.run if last else 0
    if first > through + 1:
        raise OnecardError(Phrase("there is no run {first}", first=first),
                           where=session.book.store.where,
                           expected=Phrase("up to {next_run}, which comes next",
                                           next_run=through + 1),
                           remedy="take the number that the last feed of this book said")
    return first, through


def _list(session: Session, topic: str, wanted: Filter, *, has_cards: bool) -> Listing:
    """The rows of a topic, with their cards as they are wanted."""
    listing = show(session, topic, wanted)
    if topic != "entries":
        return listing
    if not has_cards:
        listing = with_pseudonyms(session, listing)
    return show_cards(session, listing, in_full=has_cards)


def _stored_columns(listing: Listing, time_zone: str) -> list[Column]:
    """A list's columns in a store: whole numbers, dates and times, and else text."""
    types = {**dict.fromkeys((*listing.numbers, *WHOLE), "Int64"), **dict.fromkeys(DAYS, "Date"),
             **dict.fromkeys(TIMES, f"Nullable(DateTime('{time_zone}'))")}
    return [Column(name, types.get(name, "String")) for name in listing.columns]


def _stored_values(column: Column, values: Sequence[Any]) -> ColumnData:
    """A column's values as the store takes them; a number that is not known is 0."""
    if column.type == "Int64":
        return np.array([value or 0 for value in values], "<i8")
    if column.type == "Date":
        return np.array(values, "M8[D]")
    if column.type == "String":
        return [str(value).encode() for value in values]
    times = np.empty(len(values), object)
    times[:] = [datetime.datetime.fromisoformat(value) if value else None for value in values]
    return times


def _write(listing: Listing, path: Path, form: FeedForm) -> None:
    if form != "csv":
        write_arrow_file(listing, path, form)
        return
    with whole_file(path) as unfinished, unfinished.open("wb") as out:
        out.writelines(csv_lines(listing.columns, listing.rows))
