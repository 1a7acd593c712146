"""Codes of a kind that has very many, such as devices: looked up in the book, not all read.

A sender can bring 100,000 new ones with each file; what a question or a run takes must not grow
with all that ever came, but with what it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from network.names import Codes, Key, Name

PAGE_CODES = 4_096      # that are read together: those of one run stand side by side, sorted
_WANTED = 2_000         # that are looked for at a time

Ask = Callable[[str], list[Name]]       # names of a kind that fulfil a condition, by number


class KeptCodes(Codes):
    """The codes of one kind that a book has, and those that are added."""

    def __init__(self, ask: Ask, count: int) -> None:
        """count: how many numbers the book has, 0 included."""
        super().__init__()
        self._ask, self._stored = ask, count
        self._pages: dict[int, list[Key]] = {}

    def __len__(self) -> int:
        """How many numbers there are, 0 included."""
        return self._stored + len(self._keys) - 1       # 0 is among the book's

    def find(self, keys: Sequence[Key]) -> list[int]:
        """The number of each; 0 where it has none."""
        missing = sorted({key for key in keys if key not in self._numbers})
        for start in range(0, len(missing), _WANTED):
            some = missing[start:start + _WANTED]
            listed = ", ".join(f"('{_hex(scope)}', '{_hex(code)}')" for scope, code in some)
            self._numbers |= dict.fromkeys(some, 0)
            self._numbers |= {(name.scope, name.code): name.number for name in self._ask(
                f"(hex(scope), hex(code)) IN ({listed})")}
        return super().find(keys)

    def at(self, number: int) -> Key:
        """What a number stands for."""
        if number >= self._stored:
            return self._keys[number - self._stored + 1]
        page, place = divmod(number, PAGE_CODES)
        if page not in self._pages:
            first = page * PAGE_CODES
            self._pages[page] = self._between(first, first + PAGE_CODES)
        return self._pages[page][place]

    def since(self, number: int) -> list[Key]:
        """What stands behind a number, in order, itself first."""
        if number >= self._stored:
            return self._keys[number - self._stored + 1:]
        return self._between(number, self._stored) + self._keys[1:]

    def _between(self, first: int, end: int) -> list[Key]:
        """What the book has of the numbers from one up to another."""
        end = min(end, self._stored)
        found = [(name.scope, name.code) for name in self._ask(
            f"number >= {first} AND number < {end}")]
        keys = [("", ""), *found] if first == 0 else found
        assert len(keys) == end - first, f"dictionary has a gap between {first} and {end}"
        return keys


def _hex(text: str) -> str:
    return text.encode().hex().upper()
