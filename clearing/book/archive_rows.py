"""The rows that say what has left a book for an archive: which windows, where to, and how much.

Each field is annotated with its ClickHouse type; the tables are made from these classes.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from clearing.book.runs import U16, U32, U64, Text

U8 = Annotated[int, "UInt8"]


class ArchiveRow(NamedTuple):
    """A closed window whose entries, records and refusals are in an archive."""

    window: U16         # the last of its days, since 1970
    first: U16          # of its days
    closed_by: U32      # the run that closed it
    folder: Text        # of the archive, absolute, as it was written
    manifest: Text      # SHA-256 of the file that lists the window's files, in hex


class ArchivedRow(NamedTuple):
    """What of a run's rows in a table has left the book with a window."""

    window: U16
    name: Text          # of the table
    of_run: U32         # that stored the rows
    rows: U64
    digest: Text        # of them, as contents.py makes it


class ArchivedRecord(NamedTuple):
    """A record that is in an archive: what tells it from others of its card."""

    card_hi: U64
    card_lo: U64
    card_seq: U32
    tapped_at: U32      # UTC seconds
    in_at: U32
    kind: U8
