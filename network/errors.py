"""What can go wrong around the engine, each in full words.

A bad record is a refusal with a code (ext/codes.pxd) and never one of these. A message says what
was found, what was expected, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from network.language import Phrase, joined, translated

if TYPE_CHECKING:
    from network.locations import KeyPath, Location


class OnecardError(Exception):
    """Something that the person or program that called has to do something about."""

    def __init__(
        self, found: str, *, where: str = "", expected: str = "", remedy: str = ""
    ) -> None:
        """Say what was found; the other parts where they help."""
        super().__init__(found)
        self.found, self.where, self.expected, self.remedy = found, where, expected, remedy

    def __str__(self) -> str:
        """All parts, each on a line of its own; in English."""
        return self._told(str)

    def said(self) -> str:
        """The same in the language that is in use, as far as its parts are phrases or literals."""
        return self._told(translated)

    def _told(self, say: Callable[[str], str]) -> str:
        parts = (self._head(say), say(self.expected), say(self.remedy))
        return "\n".join(part for part in parts if part)

    def _head(self, say: Callable[[str], str]) -> str:
        if not self.where:
            return say(self.found)
        return say(Phrase("{where}: {found}", where=say(self.where), found=say(self.found)))


class TableError(OnecardError):
    """A file of a network's folder cannot be used."""

    def __init__(
        self, found: str, remedy: str, *, where: str = "", expected: str = "",
        code: str = "NOT_COMPILED", location: Location | None = None, key: KeyPath = (),
    ) -> None:
        """Say what was found and what to do.

        code: one of fare_tables/check/notices.py. key: the part of a fare table that is wrong, from
        its version down, for whoever knows the table's file to find the location by.
        """
        super().__init__(found, where=where, expected=expected, remedy=remedy)
        self.code, self.location, self.key = code, location, key

    def within(self, where: str, *key: str | int) -> Self:
        """Tell it as an error of a part around it."""
        self.where = joined(": ", (part for part in (where, self.where) if part))
        self.key = (*key, *self.key)
        return self

    def _head(self, say: Callable[[str], str]) -> str:
        head = super()._head(say)
        if self.location is None:
            return head
        path, line, excerpt = self.location
        return f"{path}:{line}: {head} [{self.code}]" + (f"\n    {excerpt}" if excerpt else "")


class BookError(OnecardError):
    """A book cannot do what it was asked for."""


class NotABook(BookError):
    """The place holds something else, or nothing, where a book was expected."""


class BookLocked(BookError):
    """Another process holds the book."""


class BookTooNew(BookError):
    """A newer version of the engine wrote the book."""


class BookTooOld(BookError):
    """An older version of the engine wrote the book, with other columns."""


class BookDamaged(BookError):
    """What the book holds contradicts itself, or cannot be read."""


class BookUnavailable(BookError):
    """The store does not answer, or gave up on its own account."""


class BookReadOnly(BookError):
    """A book that was opened for reading was asked to write."""


class DiskFull(BookError):
    """The store has no room left; nothing of the run was committed."""


class QueryRefused(BookError):
    """The store does not accept the query as it is written."""


class RunNotOpen(BookError):
    """A run was used after it was committed or given up."""
