"""The book's dictionary: every code that records refer to, and the number that stands for it.

A number, once given, is never changed or reused; 0 stands for none. Stops belong to a system
(operators that share stops), lines, vehicles and devices to an operator: that is their scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

KINDS = (
    "member", "stop", "line", "device", "vehicle", "mode", "medium", "card_kind",
    "table", "rule", "accumulator", "network", "chain",
)


class Name(NamedTuple):
    """One line of the dictionary."""

    kind: str
    number: int
    scope: str
    code: str


Key = tuple[str, str]       # scope and code


class Codes:
    """The codes of one kind, all of them in memory."""

    def __init__(self) -> None:
        self._keys: list[Key] = [("", "")]
        self._numbers: dict[Key, int] = {}

    def __len__(self) -> int:
        """How many numbers there are, 0 included."""
        return len(self._keys)

    def find(self, keys: Sequence[Key]) -> list[int]:
        """The number of each; 0 where it has none."""
        return [self._numbers.get(key, 0) for key in keys]

    def add(self, key: Key) -> int:
        """The next number, for one that has none."""
        number = self._numbers[key] = len(self)
        self._keys.append(key)
        return number

    def at(self, number: int) -> Key:
        """What a number stands for."""
        return self._keys[number]

    def since(self, number: int) -> list[Key]:
        """What stands behind a number, in order, itself first."""
        return self._keys[number:]


class Names:
    """Codes to numbers and back. Numbers count up from 1 within a kind."""

    def __init__(self, known: Iterable[Name] = (), kept: Mapping[str, Codes] | None = None
                 ) -> None:
        """Start from what a book holds. kept: kinds that are looked up where they are kept."""
        self._codes = {kind: Codes() for kind in KINDS} | dict(kept or {})
        rows = sorted(known)
        assert len({(kind, scope, code) for kind, _, scope, code in rows if code}) == len(rows)
        for name in rows:
            number = self._codes[name.kind].add((name.scope, name.code))
            assert number == name.number, f"dictionary has a gap before {name}"
        self.mark_stored()

    def number(self, kind: str, code: str, scope: str = "") -> int:
        """The number of a code; a code that is new gets the next one. "" is 0."""
        return self.find(kind, code, scope) or self._add(kind, code, scope)

    def _add(self, kind: str, code: str, scope: str) -> int:
        return 0 if code == "" else self._codes[kind].add((scope, code))

    def number_all(self, kind: str, keys: Sequence[Key]) -> None:
        """Give every code that has none a number, in this order; they are looked for together."""
        for (scope, code), number in zip(keys, self.find_all(kind, keys), strict=True):
            if number == 0:
                self.number(kind, code, scope)

    def find(self, kind: str, code: str, scope: str = "") -> int | None:
        """The number of a code, or None."""
        return 0 if code == "" else self._codes[kind].find([(scope, code)])[0] or None

    def find_all(self, kind: str, keys: Sequence[Key]) -> list[int]:
        """The numbers of codes, each with its scope before it; 0 where a code has none."""
        return self._codes[kind].find(keys)

    def known(self, kind: str, code: str, scope: str = "") -> int:
        """The number of a code that has been given one before."""
        number = self.find(kind, code, scope)
        assert number is not None, f"{kind} {code!r} of {scope!r} has no number"
        return number

    def code(self, kind: str, number: int) -> str:
        """The code that a number stands for; "" for 0."""
        return self._codes[kind].at(number)[1]

    def scope(self, kind: str, number: int) -> str:
        """The scope that a number's code belongs to."""
        return self._codes[kind].at(number)[0]

    def codes(self, kind: str) -> list[str]:
        """Every code of a kind, at its number; index 0 is ""."""
        return [code for _, code in self._codes[kind].since(0)]

    def keys(self, kind: str) -> list[Key]:
        """The same, each with its scope before it."""
        return self._codes[kind].since(0)

    def count(self, kind: str) -> int:
        """How many numbers a kind uses, 0 included."""
        return len(self._codes[kind])

    def unstored(self) -> list[Name]:
        """What has been added since the book was read."""
        return [Name(kind, number, *key) for kind, codes in self._codes.items()
                for number, key in enumerate(codes.since(self._stored[kind]), self._stored[kind])]

    def mark_stored(self) -> None:
        """Note that the book has all of it by now."""
        self._stored = {kind: len(codes) for kind, codes in self._codes.items()}
