"""What a misspelt word is written most like."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from network.language import Phrase, joined

CLOSE_MOST = 3          # words that one is told of


def close_to(word: str, known: Iterable[str], most: int = CLOSE_MOST, *, at_all: bool = False
             ) -> list[str]:
    """The known words that it is written like, the nearest first; at_all: however little."""
    words = list(known)
    return get_close_matches(word, words, most, 0) if at_all else get_close_matches(
        word, words, most)


def did_you_mean(word: str, known: Iterable[str], otherwise: Phrase) -> Phrase:
    """What to do about a misspelt word; otherwise: where nothing is written like it."""
    close = close_to(word, known)
    return (Phrase("did you mean {close}?", close=joined(" or ", close)) if close else otherwise)
