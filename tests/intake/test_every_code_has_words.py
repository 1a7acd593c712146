"""A refusal is read by people: each code says what is wrong and what to do."""

from __future__ import annotations

from clearing.refusals import WORDS
from ext.codes import Code


def test_each_code_has_its_own_words() -> None:
    assert set(WORDS) == set(Code)
    assert len(set(WORDS.values())) == len(WORDS)
    for words in WORDS.values():
        assert "; " in words
        assert "\n" not in words
        assert len(words) < 160
