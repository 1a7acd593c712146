"""Checks of a whole book that owe nothing to the kernels which wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from clearing.answers.kept import FilesChecked, check_files
from clearing.answers.listings import flows_of
from clearing.answers.priced_by import PricedBy, priced_by
from clearing.answers.replay import PRICED_ORDER, differences, replay_card
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.integrity import find_changed_rows
from clearing.book.views import LEGS_IN_SQL
from ext.codes import Cause
from ext.records import ENTRY, RIDE_FLAGS, Records
from network.members import LEVELS
from network.numbering import NumberedNetwork
from settlement.positions import net_positions

BREAKS_MOST = 100

# What the operator is due: every leg but the fees, which it owes itself.
_GROSS = " + ".join(
    f"if({leg.cause} IN ({int(Cause.CLEARING_FEE)}, {int(Cause.ISSUER_FEE)}), 0, {leg.amount})"
    for leg in LEGS_IN_SQL)


def check_balances(book: Book, numbered: NumberedNetwork) -> list[str]:
    """What does not add up, in words: entries in themselves, flows, positions."""
    breaks, unit = [], numbered.network.model.minor_unit
    found = book.query(
        f"SELECT count() AS rides FROM ledger WHERE {_GROSS} != due + variance - uncollected "
        "OR variance != paid + uncollected - price OR uncollected != 0 AND paid != 0 "
        "OR (paid < 0 OR due < 0 OR uncollected < 0) "
        f"AND bitAnd(flags, {RIDE_FLAGS['REVERSAL']}) = 0")
    if int(found["rides"][0]):
        breaks.append(f"{int(found['rides'][0])} entries do not balance in themselves")
    flows = flows_of(book)
    stored = {(int(row["window"]), int(row["debtor"]), int(row["creditor"]), int(row["cause"])):
              int(row["amount"]) for row in flows}
    posted = _posted(book)
    for key in sorted(stored.keys() | posted.keys()):
        if stored.get(key, 0) != posted.get(key, 0):
            window, debtor, creditor, cause = key
            breaks.append(
                f"window {window}: {numbered.names.code('member', debtor)} owes "
                f"{numbered.names.code('member', creditor)} {stored.get(key, 0)} {unit} for "
                f"{Cause(cause).name.lower()}, but the entries say {posted.get(key, 0)}")
    for level in LEVELS:
        total = sum(one.net for one in net_positions(flows, numbered.members)
                    if one.level == level)
        if total:
            breaks.append(f"positions per {level} add up to {total} {unit}, not to 0")
    return breaks[:BREAKS_MOST]


def _posted(book: Book) -> dict[tuple[int, int, int, int], int]:
    """What members owe each other by the entries, added up in SQL."""
    sums: dict[tuple[int, int, int, int], int] = {}
    for debtor, creditor, amount, cause in LEGS_IN_SQL:
        found = book.query(
            f"SELECT window, {debtor} AS debtor, {creditor} AS creditor, "
            f"toUInt8({cause}) AS cause, sum({amount}) AS owed FROM ledger "
            f"WHERE {amount} != 0 AND {debtor} != {creditor} "
            f"AND bitAnd(flags, {RIDE_FLAGS['HELD']}) = 0 "
            "GROUP BY window, debtor, creditor, cause")
        for row in zip(*(np.asarray(found[name]).tolist() for name in
                         ("window", "debtor", "creditor", "cause", "owed")), strict=True):
            window, owes, gets, why, owed = (int(value) for value in row)
            key = window, owes, gets, why
            sums[key] = sums.get(key, 0) + owed
    return sums


def check_prices(session: Session, numbered: NumberedNetwork, cards: int | None
                 ) -> tuple[int, list[str]]:
    """How many rides were priced again by the plain engine, and where it differs.

    cards: so many, taken evenly from all by their number; None: every card.
    """
    where = "1" if cards is None else _sample(session.book, cards)
    breaks, checked = list[str](), 0
    waiting = np.zeros(0, ENTRY)
    with priced_by(session) as networks:
        for block in session.book.rides(where, f"card_hi, card_lo, {PRICED_ORDER}"):
            rows = np.concatenate([waiting, block])
            ends = np.flatnonzero(np.diff(rows["card_lo"]) | np.diff(rows["card_hi"])) + 1
            whole, waiting = (rows[:ends[-1]], rows[ends[-1]:]) if len(ends) else (rows[:0], rows)
            checked += len(whole)
            breaks += _check_cards(whole, networks, numbered)
        checked += len(waiting)
        breaks += _check_cards(waiting, networks, numbered)
    return checked, breaks[:BREAKS_MOST]


def _sample(book: Book, cards: int) -> str:
    """A condition that about so many cards fulfil, the same ones every time."""
    found = book.query("SELECT uniqExact(card_hi, card_lo) AS cards FROM ledger")
    every = max(1, int(found["cards"][0]) // max(cards, 1))
    return f"intHash64(card_lo) % {every} = 0" if cards else "0"


def _check_cards(rows: Records, networks: PricedBy, numbered: NumberedNetwork) -> list[str]:
    """Where the plain engine prices otherwise; rows: all that stands of some cards, by card."""
    rows = networks.in_order(rows, numbered.names)
    breaks, worlds = [], networks.worlds(rows)
    ends = np.flatnonzero(np.diff(rows["card_lo"]) | np.diff(rows["card_hi"])) + 1
    for first, last in pairwise([0, *ends.tolist(), len(rows)]):
        own = worlds[first:last]
        replayed = replay_card(rows[first:last], own, numbered.names)
        for world, (row, priced) in zip(own, replayed, strict=True):
            for difference in differences(row, priced, world, numbered.names):
                breaks.append(f"ride {priced.ride.card}/{priced.ride.card_seq}: {difference}")
    return breaks


@dataclass(frozen=True)
class Verification:
    """What was looked at, and what is wrong, in words."""

    breaks: list[str]           # sums that do not add up
    checked: int                # rides that were priced again
    differences: list[str]      # of these, where the ledger has something else
    files: FilesChecked         # those that the rides are from; of all cards: every one

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong."""
        return not self.breaks and not self.differences and not self.files.faults


def verify(session: Session, cards: int | None = None, keep: Path | None = None) -> Verification:
    """Hold a book to its chain, add it up again, and price rides of so many cards; None: of all.

    Their input files are held to their digests. keep: where these are; None: where the book says.
    Raises OnecardError and TableError.
    """
    numbered = session.numbered()
    breaks = list(islice(find_changed_rows(session.book), BREAKS_MOST))
    breaks += check_balances(session.book, numbered)
    return Verification(breaks[:BREAKS_MOST], *check_prices(session, numbered, cards),
                        check_files(session, _files_of(session.book, cards), keep))


def _files_of(book: Book, cards: int | None) -> set[int] | None:
    """The files that the entries of a sample are from; None: all."""
    if cards is None:
        return None
    found = book.query("SELECT DISTINCT arrayJoin([in_file, out_file]) AS file FROM ledger "
                       f"WHERE {_sample(book, cards)}")
    return set(np.asarray(found["file"]).tolist())
