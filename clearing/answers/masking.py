"""Card numbers as lists show them: masked, with a pseudonym for each card by a key of the book.

A masked number names its issuer and its last digits, and with a counter nearly always one ride:
`onecard explain` and others take it. The pseudonym is the same wherever a card is listed from the
same key, so that its rides can be joined; without the key nobody can try numbers against it.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from clearing.answers.card_numbers import check_cards_in_full
from clearing.answers.session import Session
from clearing.answers.show import Listing
from clearing.book.address import SCHEMES
from network.cards import abridge_card
from network.errors import OnecardError
from network.files import read_regular
from network.language import Phrase

KEY_FILE, KEY_FILE_VARIABLE = "pseudonym.key", "ONECARD_PSEUDONYM_KEY_FILE"
PSEUDONYM = "card_id"
_KEY_BYTES, _PSEUDONYM_BYTES = 32, 8
_CARD_LEAST = 10 ** 15          # a larger number is no amount, and may be a card's
_IN_TEXT = re.compile(r"[0-9]{12,20}")      # of a record that is listed as it came


def mask_ride(ride: str) -> str:
    """CARD/COUNTER with the card masked."""
    card, _, counter = ride.rpartition("/")
    return f"{abridge_card(card)}/{counter}"


def mask_text(text: str) -> str:
    """A record with whatever can be a card's number in it masked."""
    return _IN_TEXT.sub(lambda found: abridge_card(found[0]), text)


def mask_value(value: Any) -> Any:
    """A value with whatever can be a card's number in it masked."""
    if isinstance(value, str):
        return mask_text(value)
    return mask_text(str(value)) if value >= _CARD_LEAST else value


# How the columns of lists are masked that have cards.
_MASKS: dict[str, Callable[[str], str]] = {
    "card": abridge_card, "ride": mask_ride, "record": mask_text}


def show_cards(session: Session, listing: Listing, *, in_full: bool) -> Listing:
    """A list with its card numbers masked, or in full where the network lets them be listed.

    Raises OnecardError where it does not.
    """
    masks = ([(index, mask_value) for index in range(len(listing.columns))] if listing.is_free else
             [(index, _MASKS[name]) for index, name in enumerate(listing.columns)
              if name in _MASKS])
    if in_full:
        if not masks:
            raise OnecardError("this list has no card numbers", expected="one that has some",
                               remedy="leave out --cards full")
        check_cards_in_full(session)
        return listing
    listing = listing._replace(title=_mask_title(listing.title))
    return listing if not masks else listing._replace(rows=_masked(listing.rows, masks))


def _masked(rows: Iterator[tuple[Any, ...]], masks: Sequence[tuple[int, Callable[[str], str]]]
            ) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        cells = list(row)
        for index, mask in masks:
            cells[index] = mask(cells[index])
        yield tuple(cells)


def with_pseudonyms(session: Session, listing: Listing) -> Listing:
    """A list of cards, not masked yet, with a column of their pseudonyms behind the others.

    Raises OnecardError where there is no key, and none can be made.
    """
    if "card" not in listing.columns:
        return listing
    index, key = listing.columns.index("card"), _key_of(session)
    return listing._replace(columns=(*listing.columns, PSEUDONYM),
                            rows=_pseudonyms(listing.rows, index, key))


def _pseudonyms(rows: Iterator[tuple[Any, ...]], index: int, key: bytes
                ) -> Iterator[tuple[Any, ...]]:
    @lru_cache(maxsize=1 << 12)     # lists are by card
    def pseudonym(card: str) -> str:
        return hashlib.blake2b(card.encode(), key=key, digest_size=_PSEUDONYM_BYTES).hexdigest()

    for row in rows:
        yield (*row, pseudonym(row[index]))


def _key_of(session: Session) -> bytes:
    """The key of pseudonyms: of the file that the environment names, or of the book's folder."""
    named = os.environ.get(KEY_FILE_VARIABLE)
    path = session.beside(KEY_FILE) if named is None else Path(named)
    if named is None and session.book.store.where.startswith(SCHEMES):
        raise OnecardError(
            "a book on a server has no key for pseudonyms of cards",
            where=session.book.store.where,
            expected=Phrase("a file of {key_bytes} random bytes or more, named by "
                            "{key_file_variable}", key_bytes=_KEY_BYTES,
                            key_file_variable=KEY_FILE_VARIABLE),
            remedy="make one: head -c 32 /dev/urandom > FILE; export ONECARD_PSEUDONYM_KEY_FILE="
                   "FILE; or take --cards full, or of a list --columns without card_id")
    try:
        if named is None and not path.exists():
            _make_key(path)
        key = read_regular(path, hashlib.blake2b.MAX_KEY_SIZE)
    except OSError as error:
        raise _no_key(path, error.strerror or str(error)) from None
    if len(key) < _KEY_BYTES:
        raise _no_key(path, Phrase("{number} bytes", number=len(key)))
    return key


def _make_key(path: Path) -> None:
    """Make a key that only the book's owner can read; whole, or not at all."""
    handle, made = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(_KEY_BYTES))
    try:
        os.link(made, path)
    except FileExistsError:
        pass            # another process was first: its key counts
    finally:
        os.unlink(made)


def _no_key(path: Path, found: str) -> OnecardError:
    return OnecardError(Phrase("the key for pseudonyms of cards cannot be had: {found}",
                               found=found), where=str(path),
                        expected=Phrase("a file of {key_bytes} random bytes or more, which can be "
                                        "read", key_bytes=_KEY_BYTES),
                        remedy=Phrase("name another one by {key_file_variable}, or choose "
                                      "--columns without card_id",
                                      key_file_variable=KEY_FILE_VARIABLE))


def _mask_title(title: str) -> str:
    """A title without whole card numbers; a phrase stays one."""
    if not isinstance(title, Phrase):
        return mask_text(title)
    return Phrase(title.template, **{name: _mask_title(value) if isinstance(value, str) else value
                                     for name, value in title.values.items()})
