"""The book's dictionary: every code that records refer to, and the number that stands for it.

A number, once given, is never changed or reused; 0 stands for none. Stops belong to a system
(operators that share stops), lines, vehicles and devices to an operator: that is their scope.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

KINDS = (
    "member", "stop", "line", "device", "vehicle", "mode", "medium", "card_kind",
    "table", "rule", "accumulator", "network",
)


class Name(NamedTuple):
    """One line of the dictionary."""

    kind: str
    number: int
    scope: str
    code: str


class Names:
    """Codes to numbers and back. Numbers count up from 1 within a kind."""

    def __init__(self, known: Iterable[Name] = ()) -> None:
        """Start from what a book holds."""
        self._numbers: dict[str, dict[tuple[str, str], int]] = {kind: {} for kind in KINDS}
        self._names: dict[str, list[tuple[str, str]]] = {kind: [("", "")] for kind in KINDS}
        for name in sorted(known):
            number = self.number(name.kind, name.code, name.scope)
            assert number == name.number, f"dictionary has a gap before {name}"
        self.mark_stored()

    def number(self, kind: str, code: str, scope: str = "") -> int:
        """The number of a code; a code that is new gets the next one. "" is 0."""
        if code == "":
            return 0
        numbers, key = self._numbers[kind], (scope, code)
        found = numbers.get(key)
        if found is None:
            found = numbers[key] = len(self._names[kind])
            self._names[kind].append(key)
        return found

    def find(self, kind: str, code: str, scope: str = "") -> int | None:
        """The number of a code, or None."""
        return 0 if code == "" else self._numbers[kind].get((scope, code))

    def find_all(self, kind: str, keys: Iterable[tuple[str, str]]) -> list[int]:
        """The numbers of codes, each with its scope before it; 0 where a code has none."""
        numbers = self._numbers[kind]
        return [numbers.get(key, 0) for key in keys]

    def known(self, kind: str, code: str, scope: str = "") -> int:
        """The number of a code that has been given one before."""
        number = self.find(kind, code, scope)
        assert number is not None, f"{kind} {code!r} of {scope!r} has no number"
        return number

    def code(self, kind: str, number: int) -> str:
        """The code that a number stands for; "" for 0."""
        return self._names[kind][number][1]

    def scope(self, kind: str, number: int) -> str:
        """The scope that a number's code belongs to."""
        return self._names[kind][number][0]

    def codes(self, kind: str) -> list[str]:
        """Every code of a kind, at its number; index 0 is ""."""
        return [code for _, code in self._names[kind]]

    def count(self, kind: str) -> int:
        """How many numbers a kind uses, 0 included."""
        return len(self._names[kind])

    def unstored(self) -> list[Name]:
        """What has been added since the book was read."""
        return [
            Name(kind, number, scope, code)
            for kind in KINDS
            for number, (scope, code) in enumerate(
                self._names[kind][self._stored[kind]:], self._stored[kind])
        ]

    def mark_stored(self) -> None:
        """Note that the book has all of it by now."""
        self._stored = {kind: len(names) for kind, names in self._names.items()}
