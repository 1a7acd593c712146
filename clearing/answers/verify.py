"""Checks of a whole book that owe nothing to the kernels which wrote it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from clearing.answers.billed import find_changed_bills
from clearing.answers.brought import find_changed_archives
from clearing.answers.charged import find_changed_fees
from clearing.answers.dispute_check import find_changed_disputes
from clearing.answers.kept import FilesChecked, check_files
from clearing.answers.listings import FEES, flows_of
from clearing.answers.owners import Owners, moments_of
from clearing.answers.payments import check_amounts, find_paid_twice
from clearing.answers.priced_by import PricedBy, priced_by
from clearing.answers.replay import PRICED_ORDER, differences, replay_card, replay_owners
from clearing.answers.sampled import Sample
from clearing.answers.session import Session
from clearing.answers.shared import find_changed_shares
from clearing.answers.told_by import by_one_record
from clearing.answers.without_ride import find_without_ride
from clearing.book import Book, Run
from clearing.book.archived import gone_through
from clearing.book.closed import find_changed_windows
from clearing.book.integrity import find_changed_rows
from clearing.book.runs import SHORT_DIGITS
from clearing.book.schema import ENTRIES
from clearing.book.views import LEGS_IN_SQL, LegSql
from clearing.reference.pricing import Priced
from clearing.reference.world import World
from ext.codes import Cause
from ext.records import ENTRY, RIDE_FLAGS, Records
from network.cards import abridge_card, card_text
from network.errors import OnecardError
from network.language import Phrase
from network.members import LEVELS
from network.names import Names
from network.numbering import NumberedNetwork
from network.progress import Progress, no_progress
from settlement import disputes, period_fees
from settlement.positions import net_positions

BREAKS_MOST = 100
OF_NO_ENTRY = (*period_fees.OWN_CAUSES, *disputes.OWN_CAUSES, Cause.REVENUE_SHARE,
               Cause.BILL_DIFFERENCE)
_KEPT = re.compile(rf"(?i)(?:.*\W)?([0-9a-f]{{{SHORT_DIGITS},64}})\W*")

# What the operator is due: every leg but the fees, which it owes itself.
_GROSS = " + ".join(
    f"if({leg.cause} IN ({', '.join(str(int(fee)) for fee in FEES)}), 0, {leg.amount})"
    for leg in LEGS_IN_SQL)


def check_balances(book: Book, numbered: NumberedNetwork, gone: int = 0) -> list[str]:
    """What does not add up, in words: entries in themselves, flows, positions.

    gone: the last window whose entries are not there.
    """
    breaks, unit = list[str](), numbered.network.model.minor_unit
    used = ", ".join(f"max({leg.amount} != 0)" for leg in LEGS_IN_SQL)
    (odd,), *found = book.ask(
        f"SELECT countIf({_GROSS} != due + variance - uncollected "
        "OR variance != paid + uncollected - price OR uncollected != 0 AND paid != 0 "
        "OR (paid < 0 OR due < 0 OR uncollected < 0) "
        f"AND bitAnd(flags, {RIDE_FLAGS['REVERSAL']}) = 0), {used} "
        f"FROM {ENTRIES.name} WHERE {book.committed}").values()
    if int(odd):
        breaks.append(Phrase("{entries} entries do not balance", entries=int(odd)))
    flows = flows_of(book)
    stored = {(int(row["window"]), int(row["debtor"]), int(row["creditor"]), int(row["cause"])):
              int(row["amount"]) for row in flows if row["cause"] not in OF_NO_ENTRY}
    posted = _posted(book, [leg for leg, (is_used,) in zip(LEGS_IN_SQL, found, strict=True)
                            if int(is_used)])
    for key in sorted(stored.keys() | posted.keys()):
        window, debtor, creditor, cause = key
        if window > gone and stored.get(key, 0) != posted.get(key, 0):
            breaks.append(
                Phrase("window {window}: {debtor} owes {creditor} {amount} {unit} for {cause}, but "
                       "the entries say {posted}", window=window,
                       debtor=numbered.names.code("member", debtor),
                       creditor=numbered.names.code("member", creditor), amount=stored.get(key, 0),
                       unit=unit, cause=Cause(cause).name.lower(), posted=posted.get(key, 0)))
    for level in LEVELS:
        total = sum(one.net for one in net_positions(flows, numbered.members)
                    if one.level == level)
        if total:
            breaks.append(Phrase("positions per {level} add up to {total} {unit}, not to 0",
                                 level=level, total=total, unit=unit))
    return breaks[:BREAKS_MOST]


def _posted(book: Book, legs: Sequence[LegSql]) -> dict[tuple[int, int, int, int], int]:
    """What members owe each other by some legs of the entries, added up in SQL."""
    sums: dict[tuple[int, int, int, int], int] = {}
    for debtor, creditor, amount, cause in legs:
        found = book.ask(
            f"SELECT window, {debtor} AS debtor, {creditor} AS creditor, "
            f"toUInt8({cause}) AS cause, sum({amount}) AS owed FROM {ENTRIES.name} "
            f"WHERE {book.committed} AND {amount} != 0 AND {debtor} != {creditor} "
            f"AND bitAnd(flags, {RIDE_FLAGS['HELD']}) = 0 "
            "GROUP BY window, debtor, creditor, cause")
        for row in zip(*(np.asarray(found[name]).tolist() for name in
                         ("window", "debtor", "creditor", "cause", "owed")), strict=True):
            window, owes, gets, why, owed = (int(value) for value in row)
            key = window, owes, gets, why
            sums[key] = sums.get(key, 0) + owed
    return sums


def check_rides(session: Session, numbered: NumberedNetwork, where: str, *, is_whole: bool,
                progress: Progress = no_progress) -> tuple[int, list[str], list[str]]:
    """How many rides were looked at, which are twice in the ledger, and which cost otherwise.

    They are priced again by the plain engine. where: SQL, whose. is_whole: every row is as it was
    stored; else one may say what no ride can be.
    """
    twice, breaks, checked = list[str](), list[str](), 0
    rides = int(session.book.query(
        f"SELECT count() AS rides FROM rides WHERE {session.book.as_of_last} AND ({where})"
        )["rides"][0])
    with priced_by(session) as networks:
        owners = Owners(networks, numbered.names)
        for rows in _whole_cards(session.book, where):
            checked += len(rows)
            twice += _find_twice(rows, networks, numbered.names)
            own = owners.put_aside(rows)
            breaks += _check_cards(own, networks, numbered) if is_whole else [
                line for card in _by_card(own) for line in _check_changed(
                    card, networks, numbered)]
            progress("rides", checked, rides)
        try:
            breaks += _check_owners(session.book, owners, networks, numbered)
        except (LookupError, ValueError):
            if is_whole:
                raise
            breaks.append("cards that share totals: their rides cannot be priced again; one of "
                          "their rows says what no ride can be")
    return checked, twice[:BREAKS_MOST], breaks[:BREAKS_MOST]


def _whole_cards(book: Book, where: str) -> Iterator[Records]:
    """The entries that stand, card by card, a block of cards at a time."""
    waiting = np.zeros(0, ENTRY)
    for block in book.rides(where, f"card_hi, card_lo, {PRICED_ORDER}"):
        rows = np.concatenate([waiting, block])
        ends = np.flatnonzero(np.diff(rows["card_lo"]) | np.diff(rows["card_hi"])) + 1
        whole, waiting = (rows[:ends[-1]], rows[ends[-1]:]) if len(ends) else (rows[:0], rows)
        yield whole
    yield waiting


def _find_twice(rows: Records, networks: PricedBy, names: Names) -> list[str]:
    """Records of which two rides were made: card, counter and class are one record's (RULES.md 1).

    rows: all that stands of some cards. The counter starts again with a card's new chip.
    """
    breaks = list[str]()
    # One record with both ends is a boarding, and no exit.
    has_exit = (rows["out_line"] != 0) & ~by_one_record(rows)
    for way, counter, at, own in (("boarding", "card_seq", "started_at", rows["in_line"] != 0),
                                  ("exit", "out_seq", "ended_at", has_exit)):
        found = rows[own]
        keys = found[["card_hi", "card_lo", counter]]
        _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
        again = found[counts[place] > 1]
        if len(again) == 0:
            continue
        chips = networks.generations(again, again[at], names)
        seen = set[tuple[int, ...]]()
        for card_hi, card_lo, seq, chip in zip(
                *(again[name].tolist() for name in ("card_hi", "card_lo", counter)),
                chips.tolist(), strict=True):
            key = card_hi, card_lo, seq, chip
            if key in seen:
                card = abridge_card(card_text(card_hi, card_lo))
                breaks.append(Phrase("card {card} has two rides of one {way}, counter {seq}",
                                     card=card, way=way, seq=seq))
            seen.add(key)
    return breaks


def _by_card(rows: Records) -> list[Records]:
    """The rows of each card, of rows by card."""
    ends = np.flatnonzero(np.diff(rows["card_lo"]) | np.diff(rows["card_hi"])) + 1
    return [rows[first:last] for first, last in pairwise([0, *ends.tolist(), len(rows)])
            if first < last]


def _check_changed(rows: Records, networks: PricedBy, numbered: NumberedNetwork) -> list[str]:
    """Where the plain engine prices a card's rides otherwise, or cannot: rows were changed."""
    try:
        return _check_cards(rows, networks, numbered)
    except (LookupError, ValueError):
        card = abridge_card(card_text(int(rows["card_hi"][0]), int(rows["card_lo"][0])))
        return [Phrase("card {card}: its rides cannot be priced again; one of their rows says "
                       "what no ride can be", card=card)]


def _check_cards(rows: Records, networks: PricedBy, numbered: NumberedNetwork) -> list[str]:
    """Where the plain engine prices otherwise; rows: all that stands of some cards, by card."""
    rows = networks.in_order(rows, numbered.names)
    breaks, worlds = [], networks.worlds(rows)
    ends = np.flatnonzero(np.diff(rows["card_lo"]) | np.diff(rows["card_hi"])) + 1
    for first, last in pairwise([0, *ends.tolist(), len(rows)]):
        own = worlds[first:last]
        breaks += _tell(own, replay_card(rows[first:last], own, numbered.names), numbered.names)
    return breaks


def _check_owners(book: Book, owners: Owners, networks: PricedBy, numbered: NumberedNetwork
                  ) -> list[str]:
    """The same of cards that were put aside, and of those that they share totals with."""
    breaks = []
    for cards in owners.groups():
        rows = owners.rides_of(book, cards, PRICED_ORDER)
        worlds = networks.worlds(rows)
        replayed = replay_owners(rows, worlds, numbered.names, moments_of(book, rows, worlds),
                                 owners.of(rows))
        breaks += _tell(worlds, replayed, numbered.names)
    return breaks


def _tell(worlds: Iterable[World], replayed: Iterable[tuple[Any, Priced]], names: Names
          ) -> list[str]:
    """Where entries are not what the plain engine makes of their rides."""
    return [Phrase("ride {card}/{card_seq}: {difference}",
                   card=abridge_card(priced.ride.card), card_seq=priced.ride.card_seq,
                   difference=difference)
            for world, (row, priced) in zip(worlds, replayed, strict=True)
            for difference in differences(row, priced, world, names)]


@dataclass(frozen=True)
class Verification:
    """What was looked at, and what is wrong, in words."""

    breaks: list[str]           # sums that do not add up
    sample: Sample              # of cards, runs and windows that were looked at
    runs_one_of: int            # runs whose rows were: one of so many
    windows: int                # closed windows whose roots were made again
    checked: int                # rides that were priced again
    differences: list[str]      # of these, where the ledger has something else
    files: FilesChecked         # those that the rides are from; of all cards: every one
    absent: list[str]           # folders of archived windows that are not there

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong."""
        return not self.breaks and not self.differences and not self.files.faults


def verify(session: Session, cards: int | None = None, keep: Path | None = None,
           seed: int | None = None, progress: Progress = no_progress, *,
           with_files: bool = True) -> Verification:
    """Hold a book to its chain, add it up again, and price rides of so many cards.

    cards: about how many; of a large book rows are read of some runs and windows only, too
    (sampled.py). None: all of it.
    with_files: their input files are held to their digests; keep: where these are; None: where the
    book says.
    seed: which cards are taken, 64 bits; None: other ones each time.
    Archived windows are brought back. Where their folder is not there, what stays is held to what
    left, and no ride is priced again, as cards go on from what they have counted.
    Raises OnecardError and TableError.
    """
    numbered = session.numbered()
    sample = Sample(cards, secrets.randbits(64) if seed is None else seed)
    breaks, absent = find_changed_archives(session)
    gone = gone_through(session.book)
    where = sample.cards_sql(session.book)
    runs = sample.runs(session.book)
    windows = [one for one in sample.closings(session.book) if one.window > gone]
    breaks += islice(find_changed_rows(session.book, progress, runs), BREAKS_MOST)
    breaks += find_changed_windows(session.book, numbered.names, windows)
    breaks += check_balances(session.book, numbered, gone)
    breaks += find_changed_fees(session, numbered)
    if not gone:
        breaks += find_changed_shares(session, numbered)[:BREAKS_MOST]
        breaks += find_changed_bills(session, numbered)[:BREAKS_MOST]
        breaks += find_changed_disputes(session, numbered)[:BREAKS_MOST]
    breaks += _check_payments(session, is_whole=not breaks)
    checked, twice, differences = (0, list[str](), list[str]()) if gone else check_rides(
        session, numbered, where, is_whole=not breaks, progress=progress)
    if not gone:
        breaks += islice(find_without_ride(session.book, where), BREAKS_MOST)
    files = check_files(session, None if cards is None else _files_of(session.book, where), keep,
                        progress) if with_files else FilesChecked(0, 0, [])
    return Verification([*breaks, *twice][:BREAKS_MOST], sample, runs.one_of, len(windows), checked,
                        differences, files, absent)


def _check_payments(session: Session, *, is_whole: bool) -> list[str]:
    """Payments that are not what their windows come to. is_whole: as for check_rides."""
    try:
        return [*check_amounts(session), *find_paid_twice(session.book)][:BREAKS_MOST]
    except (LookupError, ValueError, OverflowError):
        if is_whole:
            raise
        return ["payments cannot be added up again; one of their rows says what cannot be"]


def _files_of(book: Book, where: str) -> set[int]:
    """The files that the entries of a sample are from."""
    found = book.ask("SELECT DISTINCT arrayJoin([in_file, out_file]) AS file FROM ledger "
                       f"WHERE {where}")
    return set(np.asarray(found["file"]).tolist())


def find_kept(book: Book, line: str) -> Run | None:
    """The run whose chain somebody kept, as a command printed it or in its short form; None: none.

    A chain is over all runs up to its own: where no run has it, one of them was changed, or the
    line is of another book. Raises OnecardError where the line has no chain.
    """
    found = _KEPT.fullmatch(line)
    if found is None:
        raise OnecardError(Phrase("{line!r} is no chain", line=line), where=book.store.where,
                           expected=Phrase("the line that `clear` or `settle` printed, or "
                                           "{short_digits} to 64 hexadecimal digits of it",
                                           short_digits=SHORT_DIGITS),
                           remedy="look for it where it was kept; `onecard show runs` lists those "
                           "that the book has now")
    digits = found[1].lower()
    return next(iter(book.runs(f"startsWith(chain, '{digits}')")), None)
