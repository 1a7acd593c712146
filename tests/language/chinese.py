"""What a text says in Chinese, whatever language is in use."""

from __future__ import annotations

from network.language import Phrase, language, translated, use


def in_chinese(text: str) -> str:
    """A sentence as it is said in Chinese."""
    before = language()
    use("zh")
    try:
        return translated(Phrase(text))
    finally:
        use(before)
