"""What a book is asked: runs, names, files, entries. Committed runs only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from clearing.book.archive_rows import ArchivedRecord, ArchiveRow
from clearing.book.archived import list_archives
from clearing.book.card_ranges import card_ranges, listed_cards
from clearing.book.cards import EVERY_CARD, LAST_CARD, Cards
from clearing.book.committed import CommittedRuns
from clearing.book.export import export
from clearing.book.kept_codes import PAGE_CODES, KeptCodes
from clearing.book.native import Array, Column, join_records
from clearing.book.parts import Span
from clearing.book.questions import changing_refused, check_question
from clearing.book.recent import ENTRIES_MOST, RECORDS_MOST, RecentRows
from clearing.book.schema import (
    ARCHIVED_RECORDS,
    CARD_STATES,
    ENTRIES,
    FILES,
    FLOWS,
    NAMES,
    NETWORKS,
    RECORDS,
    REFUSALS,
    WINDOWS,
    Table,
)
from clearing.book.standing import IDENTITY, not_taken_back
from clearing.book.state import marked, read_records, records_of
from clearing.book.store import Columns, Store
from clearing.book.stored import complete_legs, stored_columns
from clearing.book.views import REVERSAL, standing
from ext.clearing.persons import Persons
from ext.codes import Code, TapKind
from ext.records import ENTRY, FLOW, TAP, TAP_FLAGS
from network.civil import DAYS_MOST
from network.errors import BookReadOnly
from network.names import KINDS, Name, Names

BY_CARD = "card_hi, card_lo, started_at, ended_at, card_seq, out_seq"

# Column, SQL and type of what `taps_by_counter` finds of a record.
_BY_COUNTER = (
    ("card_hi", "card_hi", "<u8"), ("card_lo", "card_lo", "<u8"),
    ("card_seq", "card_seq", "<u4"), ("is_exit", f"kind = {int(TapKind.OUT)}", "<u1"),
    ("revision", "revision", "<u1"), ("correction", "correction", "<u1"),
    ("operator", "operator", "<u2"), ("device", "device", "<u4"),
    ("service_day", "service_day", "<u2"),
    ("at", f"if(kind = {int(TapKind.RIDE)} AND in_at != 0, in_at, tapped_at)", "<i8"),
)
TAP_BY_COUNTER = np.dtype([(name, dtype) for name, _, dtype in _BY_COUNTER])

# What one statement looks for; more make its text slow to read for the store.
_WANTED = 10_000
_EXPRESSIONS = 100      # of names, likewise: put together they are to stay small


# What a record is refused with that could be read: beside others, or with its ride. By their group
# in ext/codes.pxd, so that a new one is not forgotten.
JUDGED = tuple(code for code in Code if Code.DUPLICATE < code < Code.DUPLICATE_FILE)


class Taken(NamedTuple):
    """What became of a file that was taken."""

    run: int
    name: str
    refused: int        # of its records
    layout: str         # that it was read by
    sender: str


class Received(NamedTuple):
    """A file that a sender handed in, whose records the book has."""

    name: str
    sha256: str
    run: int


class Given(NamedTuple):
    """A file that runs were given."""

    number: int
    name: str
    folders: tuple[str, ...]    # that keep it, see BookFile.kept_in; the last one first


class Queries(CommittedRuns):
    """Questions to a book."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.recent_records = RecentRows(TAP, RECORDS_MOST)
        self.recent_entries = RecentRows(ENTRY, ENTRIES_MOST)

    def names(self, until: int | None = None, where: str = "1") -> list[Name]:
        """The dictionary: of committed runs; of those up to `until`, for whoever is writing it.

        where: SQL on its columns, see schema.NAMES.
        """
        runs = self.span(until)
        found = self.store.columns(
            f"SELECT kind, number, scope, code FROM {NAMES.name} WHERE {runs.sql} AND ({where}) "
            "ORDER BY kind, number")
        return list(map(Name, found["kind"], _integers(found["number"]), found["scope"],
                        found["code"]))

    def dictionary(self, until: int | None = None) -> Names:
        """The same for whoever looks up some of it: kinds with many codes are not read whole."""
        names, many = self._read_names(until) if until is not None else self._known_names()
        return Names(names, {kind: KeptCodes(partial(self._names_of, until, kind), last + 1)
                             for kind, last in many.items()})

    def _known_names(self) -> tuple[list[Name], dict[str, int]]:
        """See _read_names; not asked for again as long as nothing can have changed it."""
        known, asked = self.known, (self.store.changes, self.span())
        if asked[0] is None or known.names[:2] != asked:
            known.names = *asked, *self._read_names(None)
        return known.names[2:]

    def _read_names(self, until: int | None) -> tuple[list[Name], dict[str, int]]:
        """The dictionary but for kinds with many codes, and the last number of each of those."""
        found = self.store.columns(
            f"SELECT kind, max(number) AS last FROM {NAMES.name} WHERE {self.span(until).sql} "
            f"GROUP BY kind HAVING last >= {PAGE_CODES}")
        many = dict(zip(found["kind"], _integers(found["last"]), strict=True))
        others = ", ".join(f"'{kind}'" for kind in KINDS if kind not in many)
        return self.names(until, f"kind IN ({others})"), many

    def _names_of(self, until: int | None, kind: str, where: str) -> list[Name]:
        return self.names(until, f"kind = '{kind}' AND {where}")

    def has_network(self, digest: str) -> bool:
        """Whether the book keeps the network's files."""
        last = self.last_run()
        if last is not None and last.network_digest == digest:
            return True
        found = self.store.columns(f"SELECT count() AS files FROM {NETWORKS.name} "
                                   f"WHERE {self.committed} AND digest = '{digest}'")
        return bool(found["files"][0])

    def network_contents(self, digest: str) -> dict[str, bytes]:
        """The files of a network that a run cleared by, by their paths.

        Those that were asked for last are remembered, until something is changed.
        """
        known, asked = self.known, (self.store.changes, digest)
        if known.contents[:2] != asked:
            found = self.store.columns(
                f"SELECT path, hex(content) AS content FROM {NETWORKS.name} "
                f"WHERE {self.committed} AND digest = '{digest}' ORDER BY run, path")
            known.contents = *asked, {
                str(path): bytes.fromhex(str(content))
                for path, content in zip(found["path"], found["content"], strict=True)}
        return known.contents[2]

    def files_taken(self, digests: Collection[str] | None = None, before: int | None = None
                    ) -> dict[str, Taken]:
        """Of files, by their SHA-256 in hex, those that were taken, and what became of them last.

        digests: None: of all files. before: only by runs before this one.
        """
        runs = self.span(None if before is None else before - 1)
        found = self.store.columns(
            f"SELECT sha256, run, name, refused, layout, sender FROM {FILES.name} WHERE {runs.sql} "
            f"AND code = 0 AND {_of_digests(digests)} ORDER BY run, file")
        return {
            str(digest): Taken(run, str(name), refused, str(layout), str(sender))
            for digest, run, name, refused, layout, sender in zip(
                found["sha256"], _integers(found["run"]), found["name"],
                _integers(found["refused"]), found["layout"], found["sender"], strict=True)
        }

    def files_received(self, sender: str, names: Collection[str]) -> list[Received]:
        """Files of a sender that were taken or known, by expressions of their whole names.

        Expressions are what RE2 and Python take alike. What came last is last.
        """
        received, wanted = [], sorted(names)
        for start in range(0, len(wanted), _EXPRESSIONS):
            whole = f"^(?s:{'|'.join(wanted[start:start + _EXPRESSIONS])})$".encode().hex()
            found = self.store.columns(
                f"SELECT name, sha256, run FROM {FILES.name} WHERE {self.committed} "
                f"AND sender = unhex('{sender.encode().hex()}') "
                f"AND code IN ({Code.OK:d}, {Code.DUPLICATE_FILE:d}) "
                f"AND match(name, unhex('{whole}')) ORDER BY run, file")
            received += [Received(str(name), str(digest), run) for name, digest, run in zip(
                found["name"], found["sha256"], _integers(found["run"]), strict=True)]
        return received

    def latest_tap(self) -> int:
        """When the last tap was that the book has, UTC seconds; 0: it has none."""
        last = _integers(self.store.columns(
            f"SELECT max(service_day) AS day FROM {RECORDS.name} WHERE {self.committed}")["day"])
        found = self.store.columns(
            f"SELECT max(tapped_at) AS at FROM {RECORDS.name} WHERE {self.committed} "
            f"AND service_day >= {max([1, *last]) - 1}")   # a ride's day is that of its way in
        return max([0, *_integers(found["at"])])

    def number_files(self, digests: Collection[str]) -> dict[str, int]:
        """The numbers that files have in the book, and the next ones for those that are new."""
        found = self.store.columns(     # a file has one number, all others count here as one
            f"SELECT if({_of_digests(digests)}, sha256, '') AS digest, max(file) AS last "
            f"FROM {FILES.name} WHERE {self.committed} GROUP BY digest")
        numbers = dict(zip(map(str, found["digest"]), _integers(found["last"]), strict=True))
        last = max(numbers.values(), default=0)
        numbers.pop("", None)
        new = sorted(set(digests) - numbers.keys())
        return numbers | {digest: number for number, digest in enumerate(new, last + 1)}

    def find_files(self, where: str) -> dict[int, str]:
        """The SHA-256 of files, in hex, by their numbers; `where` is SQL, which."""
        found = self.store.columns(f"SELECT DISTINCT file, sha256 FROM {FILES.name} "
                                   f"WHERE {self.committed} AND ({where})")
        return dict(zip(_integers(found["file"]), found["sha256"], strict=True))

    def files_given(self, digests: Collection[str] | None = None) -> dict[str, Given]:
        """Of files, by their SHA-256 in hex, those that runs were given, and where they are kept.

        digests: None: of all files.
        """
        found = self.store.columns(
            f"SELECT sha256, file, name, kept_in FROM {FILES.name} WHERE {self.committed} "
            f"AND {_of_digests(digests)} ORDER BY run DESC, file")
        files: dict[str, Given] = {}
        for digest, number, name, folder in zip(
                found["sha256"], _integers(found["file"]), found["name"], found["kept_in"],
                strict=True):
            given = files.setdefault(str(digest), Given(number, str(name), ()))
            if folder and folder not in given.folders:
                files[str(digest)] = given._replace(folders=(*given.folders, str(folder)))
        return files

    def entries(
        self, where: str = "1", order: str = BY_CARD, fields: Sequence[str] | None = None
    ) -> Iterator[Array]:
        """Entries (ENTRY) in blocks, in bounded memory; `where` and `order` are SQL.

        Where only some `fields` are asked for, the others are 0, and the rest is read faster.
        """
        names = fields or stored_columns(ENTRY)
        columns = ", ".join(f"`{name}`" for name in names)
        by, which = f" ORDER BY {order}" if order else "", f"{self.committed} AND ({where})"
        for cards in card_ranges(self.store, which, order,
                                 rows=self.rows_so_far(ENTRIES)):
            for entries in records_of(self.store.blocks(
                    f"SELECT {columns} FROM {ENTRIES.name} WHERE {which} AND {cards}{by}"),
                    ENTRY, names):
                if fields is None:
                    complete_legs(entries)
                yield entries

    def runs_with_entries(self, where: str = "1") -> list[int]:
        """The runs that wrote entries that fulfil a condition, oldest first; `where` is SQL."""
        return _integers(self.store.columns(
            f"SELECT DISTINCT run FROM {ENTRIES.name} WHERE {self.committed} AND ({where}) "
            "ORDER BY run")["run"])

    def rides(self, where: str = "1", order: str = BY_CARD,
              fields: Sequence[str] | None = None) -> Iterator[Array]:
        """The entries that stand: neither reversals nor what was taken back; see `entries`."""
        stand = standing(ENTRIES.name, self.committed)
        return self.entries(f"({where}) AND {stand}", order, fields)

    def flows(self, first: int, last: int) -> Array:
        """FLOW rows of committed runs, added up, of the windows from `first` to `last`."""
        by = ("window", "debtor", "creditor", "cause")
        listed = ", ".join(by)
        found = self.store.columns(
            f"SELECT {listed}, sum(amount) AS owed, sum(`count`) AS counted FROM {FLOWS.name} "
            f"WHERE {self.committed} AND window BETWEEN {first} AND {last} "
            f"GROUP BY {listed} ORDER BY {listed}")
        rows = np.zeros(len(found["owed"]), dtype=FLOW)
        for name in by:
            rows[name] = found[name]
        rows["amount"], rows["count"] = found["owed"], found["counted"]
        return rows

    def closed_windows(self) -> list[int]:
        """The days up to which windows were closed, one for each time."""
        found = self.store.columns(
            f"SELECT window FROM {WINDOWS.name} WHERE {self.committed} ORDER BY window")
        return _integers(found["window"])

    def network_digests(self) -> dict[int, str]:
        """The network that each run cleared by, where runs differ; else only the last run's."""
        found = self.store.columns(
            f"SELECT run, network_digest FROM runs WHERE run <= {self.last} AND "
            f"(run = {self.last} OR (SELECT uniqExact(network_digest) FROM runs) > 1)")
        return dict(zip(_integers(found["run"]), found["network_digest"], strict=True))

    def networks_since(self, day: int) -> set[tuple[str, str]]:
        """Network digest and software version of the runs that closed this day, or came later."""
        found = self.store.columns(
            "SELECT DISTINCT network_digest, version FROM runs "
            f"WHERE run <= {self.last} AND closed_through >= {day}")
        return set(zip(found["network_digest"], found["version"], strict=True))

    def state_writers(self, cards: Array) -> Array:
        """Who wrote last what some cards are like at the ends of windows.

        cards: records with card_hi and card_lo, each card once. Rows of card_hi, card_lo, window
        and run.
        """
        columns = ("card_hi", "card_lo", "window", "run")
        found = [np.zeros(0, [("card_hi", "<u8"), ("card_lo", "<u8"), ("window", "<u2"),
                              ("run", "<u4")])]
        for start in range(0, len(cards), _WANTED):
            listed = ",".join(f"({high},{low})" for high, low in zip(
                *(cards[name][start:start + _WANTED].tolist() for name in columns[:2]),
                strict=True))
            read = self.store.columns(
                f"SELECT card_hi, card_lo, window, max(run) AS writer FROM {CARD_STATES.name} "
                f"WHERE {self.committed} AND (card_hi, card_lo) IN ({listed}) "
                "GROUP BY card_hi, card_lo, window")
            rows = np.zeros(len(read["writer"]), found[0].dtype)
            for name, column in zip(columns, ("card_hi", "card_lo", "window", "writer"),
                                    strict=True):
                rows[name] = read[column]
            found.append(rows)
        return np.concatenate(found)

    def find_records(self, identities: Array) -> Array:
        """The received records (TAP) that have one of these cards and counters.

        identities: records of any kind with card_hi, card_lo and card_seq.
        """
        return self._find(identities, RECORDS, stored_columns(TAP))

    def _find(self, identities: Array, table: Table, names: Sequence[str]) -> Array:
        """Rows of a table of records as TAP, by card and counter; names: of its columns."""
        fields = ", ".join(f"`{name}`" for name in names)
        wanted = sorted(set(zip(*(identities[name].tolist() for name in IDENTITY), strict=True)))
        found = [np.zeros(0, TAP)]
        for start in range(0, len(wanted), _WANTED):
            listed = ",".join(f"({high},{low},{seq})"
                              for high, low, seq in wanted[start:start + _WANTED])
            found += records_of(self.store.blocks(
                f"SELECT {fields} FROM {table.name} WHERE {self.committed} "
                f"AND (card_hi, card_lo, card_seq) IN ({listed})"), TAP, names)
        return np.concatenate(found)

    def archives(self) -> list[ArchiveRow]:
        """The closed windows that are in an archive, oldest first; see archived.py."""
        return list_archives(self)

    def find_archived(self, identities: Array) -> Array:
        """The archived records that have one of these cards and counters.

        identities: as for find_records. TAP, of which only what an ArchivedRecord has is set.
        """
        return self._find(identities, ARCHIVED_RECORDS, ArchivedRecord._fields)

    def find_refusals(self, places: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """Of places (file, line), those whose record some run has refused after it was read.

        What could not be read can have been read later, from the same file.
        """
        found = set[tuple[int, int]]()
        wanted = sorted(places)
        for start in range(0, len(wanted), _WANTED):
            listed = ",".join(map(str, wanted[start:start + _WANTED]))
            columns = self.store.columns(
                f"SELECT file, line FROM {REFUSALS.name} WHERE {self.committed} "
                f"AND code IN ({', '.join(str(int(code)) for code in JUDGED)}) "
                f"AND (file, line) IN ({listed})")
            found |= set(zip(_integers(columns["file"]), _integers(columns["line"]), strict=True))
        return found

    def count_records(self, day: int, until: int = DAYS_MOST) -> int:
        """How many records there are of days after one, up to another."""
        found = self.store.columns(
            f"SELECT count() AS records FROM {RECORDS.name} WHERE {self.committed} "
            f"AND service_day > {day} AND service_day <= {until}")
        return int(found["records"][0])

    def split_cards(self, day: int, until: int, records: int, persons: Persons) -> list[Cards]:
        """All cards, in parts that have about so many records of days after one, up to another.

        persons: their cards are in parts of their own, each with all that somebody has.
        """
        parts = -(-self.count_records(day, until) // records)
        if parts < 2:
            return [EVERY_CARD]
        if not len(persons):
            return self._split_evenly(day, until, parts)
        owned = sum(len(block["card_hi"]) for block in marked(self.store.blocks(
            f"SELECT card_hi, card_lo FROM {RECORDS.name} WHERE {self.committed} "
            f"AND service_day > {day} AND service_day <= {until}"), persons.card_filter))
        of_persons = -(-owned // records)
        return [*(cards._replace(persons=persons)
                  for cards in self._split_evenly(day, until, parts)),
                *(Cards(persons=persons, parts=of_persons, part=part)
                  for part in range(of_persons))]

    def _split_evenly(self, day: int, until: int, parts: int) -> list[Cards]:
        """All cards in so many parts, as split_cards."""
        levels = ", ".join(f"{part} / {parts}" for part in range(1, parts))
        found = self.store.columns(
            f"SELECT arrayJoin(arrayMap(x -> toUInt64(x), quantiles({levels})(card_lo))) AS cut "
            f"FROM {RECORDS.name} WHERE {self.committed} "
            f"AND service_day > {day} AND service_day <= {until}")
        cuts = sorted(set(_integers(found["cut"])))
        return [Cards(first, last - 1) for first, last in pairwise(
            [0, *cuts, LAST_CARD + 1]) if first < last]

    def records_since(self, day: int, card_filter: Array | None = None,
                      until: int = DAYS_MOST, cards: Cards = EVERY_CARD) -> Array:
        """The records (TAP, flagged CARRIED) of days after one, in no order.

        card_filter: see ext.clearing.partition: of its cards and of a few others; None: of all.
        until: the last of the days.
        """
        runs = self.span()
        first = self.recent_records.first_of(runs.last)
        if first is None:
            found = cards.of(self._stored_records(runs, day, card_filter, until, cards))
        else:
            older = runs._replace(last=first - 1)
            stored = [cards.of(self._stored_records(older, day, card_filter, until, cards))
                      ] if first > 1 else []
            found = join_records([*stored, *self.recent_records.days(
                day, until, runs.last, card_filter, cards.of)], TAP)
        found["flags"] |= TAP_FLAGS["CARRIED"]
        return found

    def _stored_records(self, runs: Span, day: int, card_filter: Array | None, until: int,
                        cards: Cards) -> Array:
        """Records of some runs as they are read, and of a few other cards."""
        if card_filter is None:
            card_filter = cards.card_filter
        columns = ", ".join(f"`{name}`" for name in stored_columns(TAP))
        which = (f"FROM {RECORDS.name} WHERE {runs.sql} AND service_day > {day} "
                 f"AND service_day <= {until} AND {cards.sql()}")
        blocks = self.store.blocks(f"SELECT {columns} {which}")
        if card_filter is None:
            [rows] = _integers(self.store.columns(f"SELECT count() AS counted {which}")["counted"])
            return read_records(blocks, np.zeros(rows, TAP))
        return join_records(list(records_of(marked(blocks, card_filter), TAP)), TAP)

    def taps_by_counter(self, where: str = "1") -> Iterator[Array]:
        """Received records in blocks of whole cards, by card and counter, boarding before exit.

        Of one identity the highest revision comes first. `at` is when the record takes its place
        among its card's. where: SQL, which records.
        """
        left = np.zeros(0, TAP_BY_COUNTER)
        columns = ", ".join(f"{sql} AS `{name}`" for name, sql, _ in _BY_COUNTER)
        for block in self.store.blocks(
                f"SELECT {columns} FROM {RECORDS.name} WHERE {self.committed} AND ({where}) "
                "ORDER BY card_hi, card_lo, card_seq, is_exit, revision DESC"):
            rows = np.zeros(len(block["card_hi"]), TAP_BY_COUNTER)
            for name in TAP_BY_COUNTER.names or ():
                rows[name] = block[name]
            rows = np.concatenate([left, rows])
            # The last card may go on in the next block.
            others = np.zeros(len(rows), bool)
            for name in ("card_hi", "card_lo"):
                others |= rows[name] != rows[name][-1:]
            cut = int(np.count_nonzero(others))
            left = rows[cut:]
            yield rows[:cut]
        yield left

    def rides_since(self, day: int, card_filter: Array | None = None, until: int = DAYS_MOST,
                    cards: Cards = EVERY_CARD, of: Array | None = None) -> Array:
        """The entries that stand of service days from one on, in no order.

        Their `replaces` says which run wrote them. card_filter: as in `records_since`.
        of: records of the cards that are meant, if known: where they are few, no others are read.
        """
        names = stored_columns(ENTRY)
        columns = ", ".join(f"`{name}`" for name in names if name != "replaces")
        # A reversal has what it takes back in `replaces`, any other entry is looked for by its run.
        if card_filter is None:
            card_filter = cards.card_filter
        parts = list(records_of(marked(self.store.blocks(
            f"SELECT {columns}, if({REVERSAL}, replaces, run) AS replaces "
            f"FROM {ENTRIES.name} WHERE {self.committed} "
            f"AND service_day >= {day} AND service_day <= {until} "
            f"AND {cards.sql()} AND {listed_cards(of)}"), card_filter), ENTRY, names))
        found = cards.of(join_records(parts, ENTRY))
        complete_legs(found)
        return not_taken_back(found)

    def rides_written(self, last: int, card_filter: Array) -> Array:
        """Of `rides_since` what runs up to the last one wrote, as far as it is remembered."""
        return not_taken_back(self.recent_entries.of_cards(last, card_filter))

    def ask(self, sql: str) -> Columns:
        """As `query`, for a question of the engine's own: where it has no rows, no column is named.

        Each is empty then, whatever it is asked for by: the store would take as long again to say
        what they are called.
        """
        return defaultdict(list, self._readable(sql, is_named=False))

    def query(self, sql: str) -> Columns:
        """The result of a user's query: numbers and times as arrays, text as lists of str."""
        check_question(sql, self.store.where)
        return self._readable(sql.rstrip().removesuffix(";"), is_named=True)

    def _readable(self, sql: str, *, is_named: bool) -> Columns:
        try:
            found = self.store.read_only(sql, is_named=is_named)
        except BookReadOnly as error:
            raise changing_refused(self.store.where) from error
        return {name: _readable(column) for name, column in found.items()}

    def export(self, stream: BinaryIO) -> int:
        """Write what stands in the ledger as text, however the book came about; its size."""
        return export(lambda order: self.rides(order=order), self.names(), stream)


def _of_digests(digests: Collection[str] | None) -> str:
    """A condition on files: that they are these; None: any."""
    if digests is None:
        return "1"
    listed = ", ".join(f"'{digest}'" for digest in sorted(digests))
    return f"sha256 IN ({listed})" if listed else "0"


def _readable(column: Column) -> Column:
    """Bytes of a fixed width as text; everything else as it is."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "V":
        return [bytes(value).rstrip(b"\0").decode(errors="backslashreplace")
                for value in column.tolist()]
    return column


def _integers(column: Any) -> list[int]:
    values: list[int] = np.asarray(column).tolist()
    return values
