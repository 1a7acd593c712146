"""Close a window, and say who pays and who receives what."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from clearing.answers import statements
from clearing.answers.archived_legs import unpaid_of
from clearing.answers.billed import list_billed
from clearing.answers.certificates import Named, certifier
from clearing.answers.charged import list_charged
from clearing.answers.claimed import check_folder, claim_folder
from clearing.answers.closing import Closing, check_records, closing_of
from clearing.answers.listings import flows_of, uncollected_of
from clearing.answers.named_views import keep_named_views
from clearing.answers.netted import Netted, check_limits, net_closing
from clearing.answers.session import Session
from clearing.answers.shared import list_shared
from clearing.book import Book, Run
from clearing.book.archived import gone_through
from clearing.book.closed import closings
from clearing.engine.run import Certify, check_open, close_window
from network.civil import day_number, day_of, number_of
from network.errors import OnecardError
from network.language import Phrase
from network.money import Currency
from network.progress import Progress, no_progress
from settlement.bills import Difference
from settlement.period_fees import Charged
from settlement.positions import Position, net_positions

FOLDER = "settlement"       # in the book's folder, unless somebody says otherwise


@dataclass(frozen=True)
class Settlement:
    """A window that is closed."""

    window: str
    run: Run                        # that closed it
    positions: list[Position]
    netted: Netted                  # who pays whom, and what is carried forward
    charged: list[Charged]          # by the window or month, with its working
    billed: list[Difference]        # by bills of months that end with it, beside what was settled
    uncollected: int                # in minor units, and of so many rides
    uncollected_rides: int
    currency: Currency
    folder: Path                    # with positions, instructions and statements
    root: str                       # of all that the window holds, in hex


def settle(session: Session, window: str, *, today: datetime.date, folder: Path | None = None,
           threads: int = 1, may_be_empty: bool = False,
           ask: Callable[[Closing], bool] = lambda _: True,
           progress: Progress = no_progress, named: Named | None = None) -> Settlement | None:
    """Close a service day, such as 2024-11-25, with all before it; None where `ask` declines.

    Where it is closed already and its files are missing, as after a crash, they are written.
    today: by UTC; folder: None: beside the book.
    may_be_empty: a day of which no record came is closed all the same.
    named: why it closes although records are missing, where the network asks (certificates.py).
    Raises OnecardError and TableError. Where the folder cannot be written, the window is closed
    all the same, and the same question asked again writes the files.
    """
    day = day_number(window)
    _check_begun(day, today)
    target = folder or session.beside(FOLDER, window)
    check_folder(session, target)
    run = _run_that_closed(session.book, day)
    if run is None and (target / statements.LAST_FILE).exists():
        raise OnecardError("the folder has the files of another window", where=str(target),
                           expected=Phrase("a folder of its own for {window}", window=window),
                           remedy="name another folder as --out, or move away what is in this one")
    if run is None or (target / statements.LAST_FILE).exists():
        closed = _close(session, day, may_be_empty=may_be_empty, threads=threads, ask=ask,
                        progress=progress, certify=certifier(session, named))
        if closed is None:
            return None
        run = closed
    numbered = session.numbered()
    parent = session.book.find_run(run.parent)
    before = parent.closed_through if parent else 0
    _check_here(session.book, before + 1)
    flows = flows_of(session.book, before + 1, day)
    uncollected = uncollected_of(session.book, before + 1, day)
    root = next(one.root for one in closings(session.book) if one.window == day)
    currency = numbered.network.model.money
    netted = net_closing(session, day)
    positions = net_positions(flows, netted.members)
    [(_, charged)] = list_charged(session, numbered, day, day)
    [(_, shared)] = list_shared(session, numbered, day, day)
    billed = [one for _, closing in list_billed(session, day, day) for one in closing]
    try:
        claim_folder(session, target)
        statements.write_settlement(target, flows, uncollected, positions, netted, charged,
                                    shared, billed, netted.members, currency.minor_unit)
    except OSError as error:
        raise OnecardError(
            Phrase("the files cannot be written: {strerror}",
                   strerror=error.strerror), where=str(target),
            expected=Phrase("window {window} is closed and stays so", window=window),
            remedy="run the same command again, with another folder as --out") from None
    return Settlement(window, run, positions, netted, charged, billed,
                      sum(one.amount for one in uncollected), sum(one.rides for one in uncollected),
                      currency, target, root)


def _close(session: Session, day: int, *, may_be_empty: bool, threads: int,
           ask: Callable[[Closing], bool], progress: Progress, certify: Certify) -> Run | None:
    """Close the day where whoever is shown what that closes says yes."""
    check_open(session.book, day)
    if not may_be_empty:
        check_records(session.book, day)
    report = close_window(day, session.locator(), session.book, threads=threads,
                          progress=progress, certify=certify, judge=partial(
                              check_limits, session, day), unpaid=unpaid_of(session),
                          decide=lambda row: ask(closing_of(session, day, row)))
    keep_named_views(session)
    return report.run if report.is_committed else None


def _check_here(book: Book, first: int) -> None:
    """Refuse to write files again of windows of which, or of whose month, entries are archived."""
    if first > 1 and gone_through(book) < number_of(day_of(first).replace(day=1)):
        return
    if book.archives():
        raise OnecardError("entries that these files are made of are archived",
                           where=book.store.where, expected="the files as they were written",
                           remedy="look for them where they were kept; `onecard statement` makes "
                                  "statements of archived windows")


def _check_begun(day: int, today: datetime.date) -> None:
    """Refuse to close a day that has not begun anywhere: it and all before it would be shut."""
    if day > number_of(today) + 1:
        raise OnecardError("this day is still to come", where=day_of(day).isoformat(),
                           expected="a service day that has begun; it is closed with all before it",
                           remedy="check the year, the month and the day")


def _run_that_closed(book: Book, day: int) -> Run | None:
    """The run that closed this day as its last one."""
    return next(iter(book.runs(f"kind = 'close' AND closed_through = {day}")), None)
