"""What can go wrong around the engine, each in full words.

A bad record is a refusal with a code (ext/codes.pxd) and never one of these. A message says what
was found, what was expected, where, and what to do.
"""

from __future__ import annotations


class OnecardError(Exception):
    """Something that the person or program that called has to do something about."""

    def __init__(
        self, found: str, *, where: str = "", expected: str = "", remedy: str = ""
    ) -> None:
        """Say what was found; the other parts where they help."""
        self.found, self.where, self.expected, self.remedy = found, where, expected, remedy
        head = f"{where}: {found}" if where else found
        super().__init__("\n".join(part for part in (head, expected, remedy) if part))


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
