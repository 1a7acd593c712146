"""Codes that files bring again and again are looked for once, and always stand for the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from clearing.intake import known_numbers
from clearing.intake.decoder_tables import CodeTable
from clearing.intake.known_numbers import KnownNumbers
from network.names import Key, Names


class Asked(Names):
    """A dictionary that notes what is looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = list[Key]()

    def find_all(self, kind: str, keys: Sequence[Key]) -> list[int]:
        self.asked += keys
        return super().find_all(kind, keys)


def table_of(*codes: tuple[int, str]) -> CodeTable:
    """What a worker has read."""
    table = CodeTable(2)
    for scope, code in codes:
        table.add(code, scope)
    return table


def number(numbers: KnownNumbers, table: CodeTable, scopes: Sequence[str], used: Sequence[int] = ()
           ) -> list[int]:
    marks = np.array([0, *(used or [1] * (len(table) - 1))], np.uint8)
    [found] = numbers.number("device", [table], scopes, [marks])
    return found.tolist()[1:]


def test_the_dictionary_is_asked_once_for_a_code() -> None:
    names = Asked()
    numbers = KnownNumbers(names)
    assert number(numbers, table_of((0, "b"), (1, "b"), (0, "a")), ["x", "y"]) == [2, 3, 1]
    names.asked.clear()
    # Another network's scopes stand elsewhere.
    assert number(numbers, table_of((1, "a"), (1, "b"), (2, "b")), ["", "x", "y"]) == [1, 2, 3]
    assert names.asked == []
    assert number(numbers, table_of((0, "a"), (0, "c")), ["y"]) == [4, 5]
    assert set(names.asked) == {("y", "a"), ("y", "c")}
    assert names.keys("device")[1:] == [("x", "a"), ("x", "b"), ("y", "b"), ("y", "a"), ("y", "c")]


def test_what_no_tap_has_gets_no_number() -> None:
    numbers = KnownNumbers(Names())
    assert number(numbers, table_of((0, "a"), (0, "b")), ["x"], used=[0, 1]) == [0, 1]
    assert number(numbers, table_of((0, "a"), (0, "b")), ["x"], used=[1, 0]) == [2, 1]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_numbers, "_KEPT_MOST", 3)
    numbers = KnownNumbers(Names())
    assert number(numbers, table_of(*((0, code) for code in "abc")), ["x"]) == [1, 2, 3]
    assert number(numbers, table_of((0, "d"), (0, "a")), ["x"]) == [4, 1]
    assert number(numbers, table_of((0, "d"), (0, "b")), ["x"]) == [4, 2]
