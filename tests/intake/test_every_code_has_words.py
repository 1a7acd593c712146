"""A refusal is read by people: each code says what is wrong and what to do."""

from __future__ import annotations

from ext.codes import Code
from network.refusals import WORDS


def test_each_code_has_its_own_words() -> None:
    assert set(WORDS) == set(Code)
    assert len(set(WORDS.values())) == len(WORDS)
    for words in WORDS.values():
        assert "; " in words
        assert "\n" not in words
        assert len(words) < 160
