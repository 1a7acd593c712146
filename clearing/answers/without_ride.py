"""Accepted records of which the ledger has no ride: nothing else says that a ride is missing.

Rows are held to what was written, and rides are priced again of what the ledger has; a ride that
was taken back by mistake is in neither. The records that were received are the second source.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearing.book import Book
from clearing.book.card_ranges import BY_CARD_FIRST, ROWS_SORTED, card_ranges
from clearing.book.schema import ENTRIES, RECORDS, REFUSALS
from clearing.book.views import standing
from ext.codes import TapKind
from ext.records import TAP_FLAGS
from network.cards import abridge_card, card_text
from network.language import Phrase

_ROWS_COMPARED = 8 * ROWS_SORTED        # records at a time: the store keeps them as sets
_EXIT = f"kind = {TapKind.OUT}"
_OF_AN_EXIT = "out_line != 0 AND (in_file != out_file OR in_line != out_line)"    # else of a ride
_IDENTITY = f"card_hi, card_lo, card_seq, toUInt8({_EXIT})"
_CHARGES = TAP_FLAGS["HAS_DUE"] | TAP_FLAGS["HAS_PAID"]
_CHARGED_NOTHING = f"due = 0 AND paid = 0 AND bitAnd(flags, {_CHARGES}) = {_CHARGES}"
_OF_RIDES = ", ".join(str(int(kind)) for kind in (
    TapKind.SINGLE, TapKind.IN, TapKind.OUT, TapKind.RIDE))


def find_without_ride(book: Book, where: str) -> Iterator[Phrase]:
    """Records of some cards that are in no ride that stands, and were not refused, in words.

    where: SQL, which cards. Left out are cards with a correction or a refund, which take rides
    back; records one of which says that nothing was charged, which does so, too; and ways in that a
    way out may still follow: those of open windows and of the last closed.
    """
    own = f"{book.committed} AND ({where})"
    closed = book.closed_through or 0
    stand = standing(ENTRIES.name, book.committed)
    for cards in card_ranges(book.store, own, BY_CARD_FIRST, RECORDS, _ROWS_COMPARED,
                             book.rows_so_far(RECORDS)):
        mine = f"{own} AND {cards}"
        rides = f"FROM {ENTRIES.name} WHERE {mine} AND {stand}"
        found = book.store.columns(
            f"SELECT card_hi, card_lo, card_seq, source_file, source_line FROM {RECORDS.name} "
            f"WHERE {mine} AND kind IN ({_OF_RIDES}) "
            f"AND (kind != {TapKind.IN} OR service_day < {closed}) "
            f"AND (card_hi, card_lo) NOT IN (SELECT card_hi, card_lo FROM {RECORDS.name} "
            f"WHERE {mine} AND (correction != 0 OR paid < 0)) "
            f"AND ({_IDENTITY}) NOT IN ("
            f"SELECT card_hi, card_lo, card_seq, toUInt8(0) {rides} UNION ALL "
            f"SELECT card_hi, card_lo, out_seq, toUInt8(1) {rides} AND {_OF_AN_EXIT} UNION ALL "
            f"SELECT {_IDENTITY} FROM {RECORDS.name} WHERE {mine} "
            f"GROUP BY {_IDENTITY} HAVING count() > 1 AND countIf({_CHARGED_NOTHING}) != 0) "
            f"AND (source_file, source_line) NOT IN (SELECT file, line FROM {REFUSALS.name} "
            f"WHERE {book.committed} AND (file, line) IN (SELECT source_file, source_line "
            f"FROM {RECORDS.name} WHERE {mine})) ORDER BY card_hi, card_lo, card_seq")
        for high, low, seq, file, line in zip(
                *(np.asarray(column).tolist() for column in found.values()), strict=True):
            yield Phrase("card {card}: the record with counter {seq}, line {line} of file {file}, "
                         "is in no ride, and was not refused",
                         card=abridge_card(card_text(high, low)), seq=seq, line=line, file=file)
