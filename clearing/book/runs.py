"""The rows that describe runs: a run itself (its commit row) and the files it was given.

Each field is annotated with its ClickHouse type; the tables are made from these classes.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, NamedTuple

SHORT_DIGITS = 16       # of a chain, where people compare it

U16 = Annotated[int, "UInt16"]
U32 = Annotated[int, "UInt32"]
U64 = Annotated[int, "UInt64"]
Amount = Annotated[int, "Int64"]
Text = Annotated[str, "String"]
Time = Annotated[int, "DateTime('UTC')"]    # seconds since 1970


class BookFile(NamedTuple):
    """A file that a run was given, and what became of it."""

    file: U32           # its number: files count up from 1 by their first run
    name: Text
    sha256: Text        # in hex
    bytes: U64
    records: U64
    accepted: U64
    known: U64          # copies of records that the book has, of this run or of an earlier one
    refused: U64
    code: U16           # 0: taken; else known, or why the whole file was refused
    message: Text
    layout: Text        # that its records were read by; blank where none fits
    sender: Text        # who handed it in; blank: nobody is told apart
    kept_in: Text       # the folder that keeps it: from the book's on, or absolute; blank: none


class Certificate(NamedTuple):
    """What a window had of what it should when it closed, where its network asks."""

    window: U16         # a service day, days since 1970
    counters: Text      # of validators, or of cards; or files
    counted: U64        # of them, that have counters; contracts of senders
    expected: U64       # numbers; files
    found: U64
    missing: U64
    repeated: U64
    set_back: U64       # how often a counter began again
    reason: Text        # why it closed all the same; blank: nothing is missing or repeated
    named_by: Text      # an approver of the network; blank likewise


class Counts(NamedTuple):
    """How many of each a run saw, as its stages count them."""

    taps: int = 0       # records read
    accepted: int = 0
    known: int = 0
    refused: int = 0
    rides: int = 0          # entered
    reversed: int = 0       # entries that this run took back
    open_rides: int = 0     # of the cards that it cleared


class Run(NamedTuple):
    """A committed run: the row that makes everything else of it count."""

    run: U32
    parent: U32             # the run before; 0: none
    digest: Text            # of everything that decided its outcome, in hex
    kind: Text              # "clear", "close", "restate", "pay", "dispute", "archive", "upgrade"
    version: Text           # of the software
    network: Text
    network_digest: Text
    tables: Text            # digests of the fare tables, a JSON object by table
    closed_through: U16     # last closed service day, days since 1970; 0: none
    state_base: U16         # the window from which on state is read; 0: there is none
    taps: U64
    accepted: U64
    known: U64
    refused: U64
    rides: U64
    reversed: U64
    open_rides: U64
    entries: U64            # rows in the ledger
    due: Amount             # sums over the run's entries
    price: Amount
    paid: Amount
    variance: Amount
    uncollected: Amount
    discounts: Amount       # of every kind: due - price
    fees: Amount
    started_at: Time
    finished_at: Time
    contents: Text          # its rows and what they are, by table: see contents.py
    chain: Text             # over all of the above and the chain of the run before, in hex


def chain_of(run: Run, parent: Run | None) -> str:
    """What `chain` is by the rest of a commit row and by the run before it."""
    what = [parent.chain if parent else "", *run[:-1]]
    return hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()
