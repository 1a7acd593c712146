"""The tables of a book, the same in a folder and on a server.

Columns of record tables are read off the records' dtypes (stored.py). State is the exception: it is
read and written whole, so its tables hold records as they lie in memory, and views (views.py) take
them apart for people. A row carries the number of its run in `run`, and that of its partition in
`part` (parts.py). People ask views, which have what counts; so tables are named apart from them,
`stored_…`. The statements keep to what ClickHouse 18.16 and the newest both understand.
"""

from __future__ import annotations

from typing import Any, NamedTuple, get_type_hints

import numpy as np

from clearing.book.archive_rows import ArchivedRecord, ArchivedRow, ArchiveRow
from clearing.book.payment_rows import AnswerFileRow, AnswerRow, BatchRow, DisputeRow, PaymentRow
from clearing.book.runs import BookFile, Certificate, Run
from clearing.book.stored import stored_fields
from ext.records import ACCUMULATOR, CARD_STATE, ENTRY, FLOW, REFUSAL, TAP

SCHEMA_VERSION = 18
RAW_BYTES = 1_024       # of a refused record; the rest is in its file

_CARD = ("card_hi", "card_lo")
PACKED = "record"       # the column of a packed record's bytes ...
PACKED_FROM = 16        # ... which begin after its card

# A store that knows this setting knows codecs, too; 18.16 knows neither.
_PARTS = "min_rows_for_wide_part"
# What every table is made with, as far as the store knows it.
TABLE_SETTINGS = {
    # What is inserted is on the disk.
    "fsync_after_insert": 1, "fsync_part_directory": 1,
    # A part has its columns in one file until it is merged: of a file for each, half of the time
    # went into making and syncing them.
    _PARTS: 262_144,
    # Columns of zeros compress to nothing either way, and as they are they need not be searched.
    "ratio_of_defaults_for_sparse_serialization": 1,
    # So is what parts are merged into, before these are removed.
    "min_rows_to_fsync_after_merge": 1,
}


class Column(NamedTuple):
    """A column's name and its ClickHouse type."""

    name: str
    type: str


# Which run a row is of, and where it lies: the first columns of whatever a run writes.
PLACE = (Column("run", "UInt32"), Column("part", "UInt32"))


class Table(NamedTuple):
    """A table of the book."""

    name: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    partition: str = "part"     # "": not in partitions
    granularity: int = 8_192    # rows between two marks of the index: the least that is read
    settings: str = ""          # of this table only, with a leading comma
    codec: str = ""             # of every column, where the store knows codecs

    @property
    def content(self) -> tuple[Column, ...]:
        """The columns that a run's rows are about: all but `run` and `part`."""
        return tuple(column for column in self.columns if column not in PLACE)

    def create(self, settings: str) -> str:
        """The statement that makes the table where it is not there yet.

        settings: those of TABLE_SETTINGS that the store knows, as SQL.
        """
        codec = f" CODEC({self.codec})" if self.codec and _PARTS in settings else ""
        columns = ", ".join(f"`{name}` {type_}{codec}" for name, type_ in self.columns)
        order = ", ".join(f"`{name}`" for name in self.order)
        partition = f" PARTITION BY {self.partition}" if self.partition else ""
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name} ({columns}) ENGINE = MergeTree"
            f"{partition} ORDER BY ({order}) "
            f"SETTINGS index_granularity = {self.granularity}{self.settings}{settings}"
        )


def packed(dtype: np.dtype[Any], *key: str) -> np.dtype[Any]:
    """A record of a card seen as its card, the fields that sort it, and all bytes after the card.

    An array of records is viewed so, not copied; the key's fields are also among the bytes.
    """
    assert dtype.fields is not None
    names = [*_CARD, *key]
    offsets = [dtype.fields[name][1] for name in names]
    formats = [dtype[name] for name in names]
    return np.dtype({
        "names": [*names, PACKED], "formats": [*formats, f"V{dtype.itemsize - PACKED_FROM}"],
        "offsets": [*offsets, PACKED_FROM], "itemsize": dtype.itemsize})


def record_columns(dtype: np.dtype[Any]) -> tuple[Column, ...]:
    """The columns that hold an array of records, behind those of their place."""
    return (*PLACE, *(Column(field.column, field.type) for field in stored_fields(dtype)))


def _typed(row: type) -> tuple[Column, ...]:
    """The columns of a row whose fields are annotated with their ClickHouse types."""
    hints = get_type_hints(row, include_extras=True)
    return tuple(Column(name, hint.__metadata__[0]) for name, hint in hints.items())


# Looked up card by card, here and there, when taps are sent again: 2,048 rows between marks read a
# third to a half as long as 8,192, and cost nothing that could be measured when writing.
_LOOKED_UP = 2_048
# As many bits as the values of a stretch need. Of a day's entries 45 bytes a row are left, with LZ4
# 60, and it is cheaper by a third: amounts and numbers are short runs that LZ4 finds one by one.
_NUMBERS = "T64"
# Folding merges parts until they are as large as this. Nor does the store by itself merge two that
# are: it begins to whenever it may merge any.
LARGE_PART_BYTES = 1 << 26      # 1.4 million entries
_MERGED_UP_TO = f", max_bytes_to_merge_at_max_space_in_pool = {2 * LARGE_PART_BYTES}"
ENTRIES = Table(
    "stored_entries", record_columns(ENTRY),
    ("service_day", *_CARD, "started_at", "ended_at", "card_seq"),
    granularity=_LOOKED_UP, settings=_MERGED_UP_TO, codec=_NUMBERS)
# Every record that was received in order, as it was decoded: what cards are cleared from, again
# and again. A part is of one run, mostly of one day: days come first, so that what a run reads of
# the open days passes over all the others.
RECORDS = Table(
    "stored_records", record_columns(TAP), ("service_day", *_CARD, "tapped_at", "card_seq"),
    granularity=_LOOKED_UP, settings=_MERGED_UP_TO, codec=_NUMBERS)
REFUSALS = Table(
    "stored_refusals",
    (*record_columns(REFUSAL), Column("raw", "String"), Column("value", "String")),
    ("file", "offset"))
FLOWS = Table(
    "stored_flows", record_columns(FLOW), ("window", "debtor", "creditor", "cause"))
# What a card was like at the end of closed windows. `window` and `run` end a card's key: rows of
# all runs in the key's order give its newest row last. Parts of this size are merged no more: that
# would cost more than reading a few dozen parts does.
_UNMERGED = ", max_bytes_to_merge_at_max_space_in_pool = 8388608"
CARD_STATE_PACKED = packed(CARD_STATE, "window")
ACCUMULATOR_PACKED = packed(ACCUMULATOR, "window", "accumulator", "period")
CARD_STATES = Table(
    "stored_cards", record_columns(CARD_STATE_PACKED), (*_CARD, "window", "run"),
    settings=_UNMERGED)
# Every card that has a row there has one with accumulator 0 here, too: what older rows say of it
# counts no more.
ACCUMULATORS = Table(
    "stored_accumulators", record_columns(ACCUMULATOR_PACKED),
    (*_CARD, "window", "run", "accumulator", "period"), settings=_UNMERGED)
# Gate-ins that an exit may still follow behind the end of a window: `service_day` is that window.
OPEN_RIDES = Table("stored_open_rides", record_columns(TAP), ("service_day", *_CARD))
FILES = Table("stored_files", (*PLACE, *_typed(BookFile)), ("file",))
NAMES = Table(
    "stored_names",
    (*PLACE, Column("kind", "String"), Column("number", "UInt32"),
     Column("scope", "String"), Column("code", "String")),
    ("kind", "number"))
# The files of each network that runs cleared by, under the digest that their commit rows name.
NETWORKS = Table(
    "stored_networks",
    (*PLACE, Column("digest", "String"), Column("path", "String"),
     Column("content", "String")),
    ("digest", "path"))
WINDOWS = Table("stored_windows", (*PLACE, Column("window", "UInt16")), ("window",))
# What stands for all that a closed window holds: see roots.py.
ROOTS = Table("stored_roots", (*PLACE, Column("window", "UInt16"), Column("root", "String")),
              ("window",))
CERTIFICATES = Table("stored_certificates", (*PLACE, *_typed(Certificate)), ("window", "counters"))
# Payments are events, too: what becomes of one is the newest row of its batch, or of its answers.
BATCHES = Table("stored_batches", (*PLACE, *_typed(BatchRow)), ("batch",))
PAYMENTS = Table("stored_payments", (*PLACE, *_typed(PaymentRow)), ("batch", "payment"))
ANSWERS = Table("stored_answers", (*PLACE, *_typed(AnswerRow)), ("batch", "payment"))
ANSWER_FILES = Table("stored_answer_files", (*PLACE, *_typed(AnswerFileRow)), ("sha256",))
DISPUTES = Table("stored_disputes", (*PLACE, *_typed(DisputeRow)), ("dispute", "place"))
# What has left the book: see archived.py. Records by what tells them apart stay for ever, as a copy
# may come when the record is long gone.
ARCHIVES = Table("stored_archives", (*PLACE, *_typed(ArchiveRow)), ("window",))
ARCHIVED = Table("stored_archived", (*PLACE, *_typed(ArchivedRow)), ("window", "name", "of_run"))
ARCHIVED_RECORDS = Table("stored_archived_records", (*PLACE, *_typed(ArchivedRecord)),
                         (*_CARD, "card_seq"), codec=_NUMBERS)
# A question is mostly of one run, and a row has some 1,500 bytes of contents.
RUNS = Table("runs", _typed(Run), ("run",), partition="", granularity=64)
# On a server only: in a folder the journal is a file beside the store. See journal.py.
JOURNAL = Table("journal", (Column("run", "UInt32"), Column("chain", "String")), ("run",),
                partition="")
# Up to which run small runs are folded, a row for each time: see folding.py.
FOLDS = Table("folds", (Column("through", "UInt32"),), ("through",), partition="")
BOOK = Table(
    "book", (Column("schema_version", "UInt32"), Column("software", "String")),
    ("schema_version",), partition="")

# Rows that are told and asked for as they are.
TOLD = (BATCHES, PAYMENTS, ANSWERS, ANSWER_FILES, DISPUTES, CERTIFICATES, ARCHIVES, ARCHIVED,
        ARCHIVED_RECORDS)
STATE = (CARD_STATES, ACCUMULATORS, OPEN_RIDES)
# What a run writes before its commit row.
LEDGER = (ENTRIES, RECORDS, REFUSALS, FLOWS, *STATE, FILES, NAMES, NETWORKS, WINDOWS, ROOTS,
          *TOLD)
TABLES = (*LEDGER, RUNS, FOLDS, BOOK)

# What each version's books have that those of the one before had not, or views that were made
# otherwise, by name: an older book that lacks no more than this can be upgraded, see upgrade.py.
ADDED = {15: (ROOTS.name, "roots", CERTIFICATES.name, "certificates"),
         16: (ARCHIVES.name, "archives", ARCHIVED.name, "archived", ARCHIVED_RECORDS.name,
              "archived_records"),
         17: ("postings",),         # by causes, of which there are more
         18: ("card_states",)}      # by chains, of which a card can have several
