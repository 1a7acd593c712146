"""A network's card register as the kernels read it: sorted rows, of which none contradicts another.

With member_rows.py this is all in `network` that needs a kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ext.clearing.persons import CARDS_OF_A_PERSON_MOST
from ext.clearing.register import MARGIN, read_cards
from ext.records import CARD_ROW, PERSON_ROW, Records
from network.cards import card_text
from network.errors import TableError
from network.language import Phrase
from network.locations import locate
from network.names import Names
from network.network import Network
from network.register import SHOWN_MOST, Part, RegisterFile

ROWS_OF_A_CARD_MOST = 1_000
# The columns that numbers are read from, and the fields that they fill.
FIELDS = {"valid_from": "valid_from", "card_kind": "card_kind", "reviewed_until": "review_day",
          "born_on": "born_day", "valid_until": "last_day", "status": "status"}

Bits = npt.NDArray[np.uint64]       # card_hi and card_lo in each row
Places = npt.NDArray[np.int64]


class CardRows(NamedTuple):
    """A register as kernels read it."""

    cards: Records      # CARD_ROW, by card and moment
    persons: Records    # PERSON_ROW, by card; none where totals follow the card


def card_rows(network: Network, names: Names) -> CardRows:
    """The rows of a network's register; none where it has no register.

    Card kinds are by their numbers in a dictionary. What a row leaves out is what the card's rows
    before it said. Raises TableError, with file and line, for a register that cannot be.
    """
    file = network.register_file()
    if file is None:
        return CardRows(np.zeros(0, CARD_ROW), np.zeros(0, PERSON_ROW))
    rows, persons = _read(file, with_persons=network.model.totals_follow == "person")
    numbers = [0, *(names.number("card_kind", kind) for kind in file.card_kinds)]
    rows["card_kind"] = np.array(numbers, np.uint8)[rows["card_kind"]]
    places, starts = np.arange(len(rows)), _starts(rows)
    for name in ("card_kind", "born_day", "review_day", "last_day", "status"):
        said = np.where(rows[name] != 0, places, starts)
        rows[name] = rows[name][np.maximum.accumulate(said)]
    rows["generation"] = places - starts + 1
    return CardRows(rows, persons)


def changed_cards(before: CardRows, after: CardRows) -> Records:
    """The cards (CARD_ROW) of which, or of whose owner, only one of two registers says something.

    Where it is their owner that has other cards now, these are all that they have or had.
    """
    persons = np.concatenate([before.persons, after.persons])
    persons["person"] = 0           # numbered anew in each register
    differ = _only_one_has(persons)
    owned = persons[np.isin(_first_cards(persons), _first_cards(differ))]
    cards = np.zeros(len(owned), CARD_ROW)
    cards["card_hi"], cards["card_lo"] = owned["card_hi"], owned["card_lo"]
    return np.concatenate([_only_one_has(np.concatenate([before.cards, after.cards])), cards])


def _only_one_has(both: Records) -> Records:
    """What only one of two lists has, of rows that each has once."""
    keys = np.ascontiguousarray(both).view(f"V{both.itemsize}")
    _, firsts, counts = np.unique(keys, return_index=True, return_counts=True)
    only: Records = both[firsts[counts == 1]]
    return only


def _first_cards(persons: Records) -> npt.NDArray[np.bytes_]:
    return _keys(np.stack([persons[name] for name in ("first_hi", "first_lo")], axis=1))


def _read(file: RegisterFile, *, with_persons: bool) -> tuple[Records, Records]:
    """The rows as they are written, sorted; and whose cards they are, if that is asked for."""
    parts = [(np.zeros(0, CARD_ROW), np.zeros((0, 2), np.uint64))]
    for part in file.parts():
        rows = np.zeros(len(part), CARD_ROW)
        cards, predecessors = _cards(part, "card"), _cards(part, "predecessor")
        rows["card_hi"], rows["card_lo"] = cards[:, 0], cards[:, 1]
        for column, name in FIELDS.items():
            rows[name] = part.numbers(column)
        parts.append((rows, predecessors))
    rows, predecessors = map(np.concatenate, zip(*parts, strict=True))
    order = np.lexsort([rows[name] for name in ("valid_from", "card_lo", "card_hi")])
    rows, predecessors = rows[order], predecessors[order]
    checked = _Check(file.path, file.text, rows, predecessors, order + 2)
    checked.check()
    if not with_persons or not predecessors.any():
        return rows, np.zeros(0, PERSON_ROW)
    return rows, checked.persons()


def _cards(part: Part, column: str) -> Bits:
    """The numbers of a column; zeros where a predecessor is blank."""
    texts = part.texts(column)
    if column != "card" and not any(texts):
        return np.zeros((len(texts), 2), np.uint64)
    places = [place for place, text in enumerate(texts) if text or column == "card"]
    told = [texts[place] for place in places]
    cards = np.zeros((len(told), 2), np.uint64)
    joined = b"\n".join(text.encode() for text in told) + b"\n" * bool(told)
    read = read_cards(np.frombuffer(joined + bytes(MARGIN), np.uint8), cards)
    if read < len(told) or joined.count(b"\n") != len(told):
        place = places[min(read, next((place for place, text in enumerate(told) if "\n" in text),
                                      read))]
        raise part.refuse(place, Phrase("{text!r} is not a card number",
                                        text=texts[place][:SHOWN_MOST]),
                          Phrase("write up to 20 digits, or up to 16 letters and digits"))
    found = np.zeros((len(texts), 2), np.uint64)
    found[places] = cards
    return found


@dataclass(frozen=True)
class _Check:
    """Refuses rows that contradict each other."""

    path: Path
    text: str
    rows: Records
    predecessors: Bits
    lines: Places           # of each row

    def check(self) -> None:
        """Pass where a card has one row for a moment, and one predecessor that is in no circle."""
        starts = _starts(self.rows)
        again = np.flatnonzero((starts[1:] == starts[:-1]) & (
            self.rows["valid_from"][1:] == self.rows["valid_from"][:-1])) + 1
        if len(again):
            row = int(again[0])
            raise self._refuse(row, Phrase("card {card} is listed from the same moment on line "
                                           "{line}, too", card=self._card(row),
                                           line=self.lines[row - 1]),
                               "keep one of the two, or correct its valid_from")
        many = np.flatnonzero(np.arange(len(starts)) - starts >= ROWS_OF_A_CARD_MOST)
        if len(many):
            raise self._refuse(int(many[0]), Phrase("card {card} is listed more than "
                                                    "{most} times",
                                                    card=self._card(int(many[0])),
                                                    most=ROWS_OF_A_CARD_MOST),
                               "leave out what is long past")
        if self.predecessors.any():
            self._check_predecessors(starts)

    def _check_predecessors(self, starts: Places) -> None:
        first = np.flatnonzero(starts == np.arange(len(starts)))    # of each card
        cards = _keys(np.stack([self.rows[name][first] for name in ("card_hi", "card_lo")], axis=1))
        told = np.flatnonzero(self.predecessors[:, 0])
        named = _keys(self.predecessors[told])
        before = np.minimum(np.searchsorted(cards, named), len(cards) - 1)
        for row in told[cards[before] != named].tolist():
            raise self._refuse(row, Phrase("card {card} has the predecessor {predecessor}, "
                                           "which the register does not have",
                                           card=self._card(row),
                                           predecessor=self._predecessor(row)),
                               "correct it, or add a row for that card")
        card = np.searchsorted(first, starts[told])     # cards by their number
        for row, other in _differ(told, card, before):
            raise self._refuse(row, Phrase("card {card} has two predecessors: {predecessor}, "
                                           "and {other} on line {line}",
                                           card=self._card(row),
                                           predecessor=self._predecessor(row),
                                           other=self._predecessor(other),
                                           line=self.lines[other]), "keep one of the two")
        for row, other in _differ(told, before, card):
            raise self._refuse(row, Phrase("card {predecessor} is replaced by two: {card}, and "
                                           "{other} on line {line}",
                                           predecessor=self._predecessor(row),
                                           card=self._card(row), other=self._card(other),
                                           line=self.lines[other]),
                               "leave out one of the two predecessors")
        for row in told[_comes_from_circle(card, before, len(cards))].tolist():
            raise self._refuse(row, Phrase("card {card} is in a circle of predecessors",
                                           card=self._card(row)),
                               "leave out the predecessor of the oldest of them; a number that "
                               "gets a new chip is listed again with its valid_from, and without "
                               "a predecessor")

    def persons(self) -> Records:
        """PERSON_ROW of cards that replace each other."""
        starts = _starts(self.rows)
        first = np.flatnonzero(starts == np.arange(len(starts)))    # of each card
        bits = np.stack([self.rows[name][first] for name in ("card_hi", "card_lo")], axis=1)
        told = np.flatnonzero(self.predecessors[:, 0])
        following = np.full(len(first), -1)
        following[np.searchsorted(_keys(bits), _keys(self.predecessors[told]))] = (
            np.searchsorted(first, starts[told]))
        oldest = np.setdiff1d(np.flatnonzero(following >= 0), following)
        persons, cards, parts = np.arange(len(oldest)), oldest, [np.zeros(0, PERSON_ROW)]
        while len(cards):
            if len(parts) > CARDS_OF_A_PERSON_MOST:
                row = int(first[cards[0]])
                raise self._refuse(row, Phrase("card {card} has more than {number} cards before "
                                               "it", card=self._card(row),
                                               number=CARDS_OF_A_PERSON_MOST - 1),
                                   "leave out the predecessor of one that is long past")
            part = np.zeros(len(cards), PERSON_ROW)
            part["card_hi"], part["card_lo"] = bits[cards].T
            part["first_hi"], part["first_lo"] = bits[oldest[persons]].T
            part["person"], part["place"] = persons, len(parts) - 1
            parts.append(part)
            persons, cards = persons[following[cards] >= 0], following[cards]
            cards = cards[cards >= 0]
        rows = np.concatenate(parts)
        in_order: Records = rows[np.lexsort([rows["card_lo"], rows["card_hi"]])]
        return in_order

    def _card(self, row: int) -> str:
        return card_text(int(self.rows["card_hi"][row]), int(self.rows["card_lo"][row]))

    def _predecessor(self, row: int) -> str:
        return card_text(*self.predecessors[row].tolist())

    def _refuse(self, row: int, found: str, remedy: str) -> TableError:
        return TableError(found, remedy,
                          location=locate(self.path, self.text, int(self.lines[row])))


def _differ(rows: Places, of: Places, other: Places) -> Iterator[tuple[int, int]]:
    """Two rows that have the same number in `of`, and two in `other`."""
    order = np.lexsort([other, of])
    same = of[order][1:] == of[order][:-1]
    for place in np.flatnonzero(same & (other[order][1:] != other[order][:-1])).tolist():
        yield int(rows[order[place + 1]]), int(rows[order[place]])


def _comes_from_circle(card: Places, before: Places, cards: int) -> npt.NDArray[np.bool_]:
    """Of which cards the way from predecessor to predecessor does not end."""
    back = np.full(cards + 1, cards)        # the last stands for none
    back[card] = before
    for _ in range(cards.bit_length()):     # each time twice as many steps at once
        back = back[back]
    endless: npt.NDArray[np.bool_] = back[card] < cards
    return endless


def _starts(rows: Records) -> Places:
    """Of each row, where the rows of its card begin."""
    begins = np.ones(len(rows), bool)
    begins[1:] = ((rows["card_hi"][1:] != rows["card_hi"][:-1])
                  | (rows["card_lo"][1:] != rows["card_lo"][:-1]))
    starts: Places = np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))
    return starts


def _keys(cards: Bits) -> npt.NDArray[np.bytes_]:
    """Cards as text that sorts as they do."""
    keys: npt.NDArray[np.bytes_] = cards.astype(">u8").view("S16").reshape(len(cards))
    return keys
