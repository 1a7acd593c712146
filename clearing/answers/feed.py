"""What is new for a partner since a run: its entries and flows, in the order in which they came."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from clearing.answers.documents.arrow_file import write_arrow_file
from clearing.answers.documents.plain_csv import csv_lines
from clearing.answers.documents.unfinished import whole_file
from clearing.answers.filters import Filter
from clearing.answers.masking import show_cards, with_pseudonyms
from clearing.answers.session import Session
from clearing.answers.show import Listing, show
from network.errors import OnecardError
from network.language import Phrase

FeedForm = Literal["csv", "parquet", "arrow"]
TOPICS = ("entries", "flows")


class Fed(NamedTuple):
    """A feed that was written; without paths: nothing is new."""

    first: int          # run
    last: int
    paths: list[Path]


def write_feed(session: Session, wanted: Filter, folder: Path, form: FeedForm, *, has_cards: bool
               ) -> Fed:
    """Write the entries and flows of a member or city since a run, a file of each.

    wanted: whose, and `since_run`: the first run. has_cards: card numbers are in full; else they
    are masked, and a pseudonym is beside them. Files are named by the runs that they are of, and
    the same runs always give the same rows. Raises OnecardError.
    """
    last = session.book.last_run()
    first, through = wanted.since_run or 1, last.run if last else 0
    if first > through + 1:
        raise OnecardError(Phrase("there is no run {first}", first=first),
                           where=session.book.store.where,
                           expected=Phrase("up to {next_run}, which comes next",
                                           next_run=through + 1),
                           remedy="take the number that the last feed of this book said")
    paths = list[Path]()
    if first > through:
        return Fed(first, through, paths)
    folder.mkdir(parents=True, exist_ok=True)
    for topic in TOPICS:
        listing = show(session, topic, wanted)
        if topic == "entries":
            listing = _of_cards(session, listing, in_full=has_cards)
        paths.append(folder / f"{topic}-{first}-{through}.{form}")
        _write(listing, paths[-1], form)
    return Fed(first, through, paths)


def _of_cards(session: Session, listing: Listing, *, in_full: bool) -> Listing:
    if not in_full:
        listing = with_pseudonyms(session, listing)
    return show_cards(session, listing, in_full=in_full)


def _write(listing: Listing, path: Path, form: FeedForm) -> None:
    if form != "csv":
        write_arrow_file(listing, path, form)
        return
    with whole_file(path) as unfinished, unfinished.open("wb") as out:
        out.writelines(csv_lines(listing.columns, listing.rows))
