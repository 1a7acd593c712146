"""What cases are drawn by: one choice among some values after the other.

Hypothesis makes the choices of a property test, and makes a case that fails a smaller one. Where
that is not asked, a generator of random numbers makes them, in a hundredth of the time and without
drawing each case from the one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choices:
    """Values among others. below: a number from 0 to below its argument; 0 is the simplest."""

    def __init__(self, below: Callable[[int], int]) -> None:
        self._below = below

    def pick(self, values: Sequence[T]) -> T:
        """One of the values, rather the first than others where a case is made smaller."""
        return values[self._below(len(values))]

    def flip(self) -> bool:
        """Yes or no."""
        return self.pick((False, True))

    def several(self, values: Sequence[T], least: int, most: int) -> list[T]:
        """Some of the values, also the same again."""
        return [self.pick(values) for _ in range(self.pick(range(least, most + 1)))]

    def distinct(self, values: Sequence[T], least: int, most: int) -> list[T]:
        """Some of the values, each place once."""
        count = self.pick(range(least, most + 1))
        left = list(values)
        return [left.pop(self._below(len(left))) for _ in range(count)]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """All of the values, in any order."""
        return self.distinct(values, len(values), len(values))


@st.composite
def made(draw: st.DrawFn, make: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """What a function makes by choices of Hypothesis, which it takes first."""
    return make(Choices(lambda count: draw(_below(count)) if count > 1 else 0),
                *arguments, **named)


@cache
def _below(count: int) -> st.SearchStrategy[int]:
    """Kept: a strategy is validated, labelled and looked through when it is first drawn from."""
    return st.integers(0, count - 1)
