"""A run while it is written: rows first, the commit row last, so that it is all or nothing.

Until the commit row is stored nothing of the run is seen by readers, and the next run to begin
sets it apart. Whoever kills the process, and whenever, loses at most the run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType

import numpy as np

from clearing.book.contents import Content, pack_contents, text_of_digest, unpack_contents
from clearing.book.journal import Line
from clearing.book.leftovers import Leftovers
from clearing.book.native import Array, ColumnData
from clearing.book.parts import Span, part_of
from clearing.book.recent import Written
from clearing.book.runs import BookFile, Counts, Run, chain_of
from clearing.book.schema import (
    ACCUMULATOR_PACKED,
    ACCUMULATORS,
    CARD_STATE_PACKED,
    CARD_STATES,
    ENTRIES,
    FILES,
    FLOWS,
    NAMES,
    NETWORKS,
    OPEN_RIDES,
    RAW_BYTES,
    RECORDS,
    REFUSALS,
    ROOTS,
    RUNS,
    TOLD,
    WINDOWS,
    Table,
)
from clearing.book.state import (
    Stretch,
    deltas_outgrow_base,
    newest_accumulators,
    newest_cards,
    newest_open_rides,
    touch_marks,
)
from clearing.book.store import Store
from clearing.book.stored import LEG_COLUMNS, stored_fields
from clearing.book.writer import PackedWriter, RecordWriter, TableWriter, columns_of_rows
from ext.records import (
    ACCUMULATOR,
    CARD_STATE,
    ENTRY,
    FLOW,
    REFUSAL,
    TAP,
)
from network.errors import BookDamaged, BookError, BookLocked, RunNotOpen
from network.language import Phrase
from network.names import Name
from network.outcome import note_found, note_sent

_TOTALS = ("due", "price", "paid", "variance", "uncollected")
_LEGS = tuple(columns["amount"] for columns in LEG_COLUMNS[1:])
_ENDING = 4     # tables whose last rows are stored side by side


class OpenRun:
    """A run that is being written. Leaving it without `commit` gives it up."""

    def __init__(self, store: Store, leftovers: Leftovers, parent: Run | None, folded: int,
                 digest: str, kind: str, *, is_large: bool,
                 written: Written | None, committed: Callable[[Run], None]) -> None:
        """written: takes copies of what is written, which may come to nothing.

        committed: is told of the run when it is on the disk.
        """
        self._store, self._leftovers = store, leftovers
        self._parent = parent
        self.number = parent.run + 1 if parent else 1
        # Of this run, too, which nobody else counts yet.
        self._span = Span(self.number, folded)
        self._is_large = is_large
        self._part = part_of(self.number, is_large=is_large)
        self._digest, self._kind = digest, kind
        self._written, self._committed = written, committed
        self._asked_at: int | None = None       # changes of the store, when rows were counted
        self._started_at = int(time.time())
        self._days: list[int] = []
        self._phase = "open"        # "concluded", "deciding", "committed"; or "given up"
        run, part = self.number, self._part
        self._entries = RecordWriter(store, ENTRIES, run, part, ENTRY, (*_TOTALS, *_LEGS))
        self._records = RecordWriter(store, RECORDS, run, part, TAP)
        self._flows = RecordWriter(store, FLOWS, run, part, FLOW)
        self._cards = PackedWriter(store, CARD_STATES, run, part, CARD_STATE,
                                   CARD_STATE_PACKED)
        self._accumulators = PackedWriter(
            store, ACCUMULATORS, run, part, ACCUMULATOR, ACCUMULATOR_PACKED)
        self._open_rides = RecordWriter(store, OPEN_RIDES, run, part, TAP)
        self._refusals = TableWriter(store, REFUSALS, run, part)
        self._files = TableWriter(store, FILES, run, part)
        self._names = TableWriter(store, NAMES, run, part)
        self._networks = TableWriter(store, NETWORKS, run, part)
        self._windows = TableWriter(store, WINDOWS, run, part)
        self._roots = TableWriter(store, ROOTS, run, part)
        self._told = {table: TableWriter(store, table, run, part) for table in TOLD}

    @property
    def _writers(self) -> tuple[TableWriter, ...]:
        return (
            self._entries, self._records, self._refusals, self._flows, self._cards,
            self._accumulators, self._open_rides, self._files, self._names, self._networks,
            self._windows, self._roots, *self._told.values())

    def write_entries(self, entries: Array) -> None:
        """Hand over entries (ENTRY), as often as there are some; sorted by card is fastest."""
        self._check_open()
        self._entries.write_records(entries)
        if self._written is not None:
            self._written.entries.add(entries)

    def store_entries(self) -> None:
        """Return when the entries that were handed over can be asked for, with this run's number.

        No thread writes any meanwhile.
        """
        self._check_open()
        self._entries.finish()

    def write_records(self, taps: Array) -> None:
        """Hand over the records that the run received (TAP), each once."""
        self._check_open()
        self._records.write_records(taps)
        if self._written is not None:
            self._written.records.add(taps)

    def write_refusals(
        self, refusals: Array, raw: Sequence[bytes], values: Sequence[str] | None = None
    ) -> None:
        """Hand over refusals (REFUSAL) with each record's bytes, and what was wrong in them."""
        self._check_open()
        if len(raw) != len(refusals) or (values is not None and len(values) != len(refusals)):
            raise ValueError(
                f"{len(refusals)} refusals, {len(raw)} records' bytes, "
                f"{'no' if values is None else len(values)} values; expected as many of each")
        assert refusals.dtype == REFUSAL
        columns: list[ColumnData] = [
            np.ascontiguousarray(field.of(refusals)) for field in stored_fields(REFUSAL)]
        columns.append([record[:RAW_BYTES] for record in raw])
        columns.append([value.encode()[:RAW_BYTES] for value in values or [""] * len(raw)])
        self._refusals.write(columns)

    def write_flows(self, flows: Array) -> None:
        """Hand over flows (FLOW)."""
        self._check_open()
        self._flows.write_records(flows)

    def write_state(self, window: int, cards: Array, accumulators: Array,
                    open_rides: Array) -> None:
        """Hand over what cards are like at the end of a closed window.

        `accumulators` has all that those cards still have; `open_rides` the gate-ins (TAP) that an
        exit may still follow, of which the state says nothing yet. Several calls add up, in any
        order and from any thread; sorted by card is fastest. Each card once for each window.
        """
        self._check_open()
        for rows, column in ((cards, "window"), (accumulators, "window"),
                             (open_rides, "service_day")):
            rows[column] = window
        self._cards.write_records(cards)
        self._accumulators.write_records(touch_marks(cards[cards["chain"] == 0]))
        self._accumulators.write_records(accumulators)
        self._open_rides.write_records(open_rides)

    def write_names(self, names: Sequence[Name]) -> None:
        """Hand over what the dictionary learned."""
        self._check_open()
        self._names.write([
            [name.kind.encode() for name in names],
            np.array([name.number for name in names], "<u4"),
            [name.scope.encode() for name in names],
            [name.code.encode() for name in names],
        ])

    def write_network(self, digest: str, contents: Mapping[str, bytes]) -> None:
        """Hand over the files of a network that the book does not have yet, by their paths."""
        self._check_open()
        self._networks.write([[digest.encode()] * len(contents),
                              [path.encode() for path in contents], list(contents.values())])

    def write_files(self, files: Iterable[BookFile]) -> None:
        """Hand over what became of each file."""
        self._check_open()
        self._files.write(columns_of_rows(FILES.content, list(files)))

    def write_window(self, day: int, root: str) -> None:
        """Close a service day (days since 1970); root: of what it holds, in hex."""
        self._check_open()
        self._days.append(day)
        self._windows.write([np.array([day], "<u2")])
        self.write_roots({day: root})

    def write_roots(self, roots: Mapping[int, str]) -> None:
        """Hand over what stands for all that closed windows hold, see roots.py."""
        self._check_open()
        self._roots.write([np.array(list(roots), "<u2"),
                           [root.encode() for root in roots.values()]])

    def write_rows(self, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """Hand over rows of a table that is asked for as it was told."""
        if rows:
            self.write_columns(table, columns_of_rows(table.content, rows))

    def write_columns(self, table: Table, columns: Sequence[ColumnData]) -> None:
        """The same, as the columns of the table's content."""
        self._check_open()
        self._told[table].write(columns)

    def conclude(
        self, *, version: str, network: str, network_digest: str, tables: Mapping[str, str],
        counts: Counts,
    ) -> Run:
        """Store all rows but the commit row, which is returned: `commit` makes it count.

        Until then queries that ask for this run's number find what it would bring; whoever leaves
        without `commit` gives it up.
        """
        self._check_open()
        with ThreadPoolExecutor(_ENDING) as pool:
            list(pool.map(lambda writer: writer.finish(), self._writers))
        base = self._complete_state()
        self._check_rows()
        parent, rows = self._parent, self._entries.rows
        closed = max([*self._days, parent.closed_through if parent else 0])
        self._phase = "concluded"
        return Run(
            run=self.number, parent=parent.run if parent else 0, digest=self._digest,
            kind=self._kind, version=version, network=network, network_digest=network_digest,
            tables=json.dumps(dict(tables), sort_keys=True, ensure_ascii=False),
            closed_through=closed, state_base=base,
            **counts._asdict(), entries=rows, **self._totals(),
            started_at=self._started_at, finished_at=int(time.time()),
            contents=self._contents(), chain="",
        )

    def commit(self, row: Run) -> Run:
        """Store the commit row, and with it the run; it is on the disk when this returns."""
        assert self._phase == "concluded", "a run is concluded, and then committed"
        row = row._replace(chain=chain_of(row, self._parent))
        self._store.check_writer()
        # Since it was concluded somebody may have been asked, and another writer been let in.
        if self._asked_at is None or self._asked_at != self._store.changes:
            self._check_parent()
            self._check_rows()
        self._phase = "deciding"
        note_sent(row.run)
        inserter = self._store.insert(RUNS)
        inserter.append(columns_of_rows(RUNS.columns, [row]), 1)
        inserter.finish()
        self._check_stored(row)
        self._phase = "committed"
        note_found(row.run, is_committed=True)
        # The run counts; where this process cannot add its line, or ends before, the next does.
        with suppress(BookError, OSError):
            self._store.journal.append(Line(row.run, row.chain))
            self._committed(row)
            if self._is_large:      # the parts of small ones are merged when they are folded
                self._store.let_merge()
        return row

    def _contents(self) -> str:
        """What the run has in every table, and how many rows all runs have by now."""
        contents = dict(unpack_contents(self._parent.contents)) if self._parent else {}
        for writer in self._writers:
            before = contents.get(writer.table.name)
            contents[writer.table.name] = Content(
                writer.rows, text_of_digest(writer.digest),
                writer.rows + (before.so_far if before else 0))
        return pack_contents(contents)

    def _complete_state(self) -> int:
        """The window from which on state is read, having completed this one's where that is due."""
        before = self._parent.state_base if self._parent else 0
        if not self._days or before == 0:
            return before or max(self._days, default=0)
        stretch = Stretch(before, max(self._days), self._span)
        if not deltas_outgrow_base(self._store, stretch):
            return before
        # What is copied is what cards were like at the end of this window, too. Cards last: which
        # of the other rows count is told by theirs as they are now.
        for writer, rows, column in (
            (self._open_rides, [newest_open_rides(self._store, stretch)], "service_day"),
            (self._accumulators, newest_accumulators(self._store, stretch), "window"),
            (self._cards, newest_cards(self._store, stretch), "window"),
        ):
            for _, records in rows:
                copied = records[records[column] != stretch.last]
                copied[column] = stretch.last
                writer.write_records(copied)
            writer.finish()
        return stretch.last

    def _last_stored(self) -> int:
        """The last run that has a commit row."""
        return int(self._store.columns("SELECT max(run) AS last FROM runs")["last"][0])

    def _check_parent(self) -> None:
        """Raise BookLocked where another run was committed since this one was begun."""
        last = self._last_stored()
        if last != self.number - 1:
            raise BookLocked(
                Phrase("another writer has committed run {run}", run=last),
                where=self._store.where,
                expected=Phrase("nobody else writes while run {run} is written", run=self.number),
                remedy="nothing of this run was committed; run the same command again")

    def _check_stored(self, row: Run) -> None:
        """Raise BookDamaged where what was committed is not there, or not alone."""
        found = self._store.columns(f"SELECT chain FROM runs WHERE run = {row.run}")["chain"]
        if list(found) != [row.chain]:
            raise self._store.last_fault() or BookDamaged(
                Phrase("table {table} has {rows} rows of run {run}", table=RUNS.name,
                       rows=len(found), run=row.run),
                where=self._store.where, expected="the one that was stored a moment ago",
                remedy="look whether another writer is at work; `onecard verify` says what holds")
        if self._store.changes is None:     # else nobody else could
            self._check_rows()

    def _check_rows(self) -> None:
        """Raise BookDamaged where the store holds other rows of this run than it was given."""
        self._asked_at = self._store.changes
        written = {writer.table.name: writer.rows for writer in self._writers if writer.rows}
        if not written:
            return
        # As the store counts its parts: one question for all, and a short one.
        found = self._store.columns(
            "SELECT table, sum(rows) AS counted FROM system.parts WHERE active "
            f"AND database = currentDatabase() AND partition = '{self._part}' GROUP BY table")
        rows = dict(zip(map(str, found["table"]), map(int, found["counted"]), strict=True))
        for name, expected in written.items():
            stored = rows.get(name, 0)
            if stored != expected:
                raise self._store.last_fault() or BookDamaged(
                    Phrase("table {table} holds {rows} rows of run {run}", table=name, rows=stored,
                           run=self.number),
                    where=self._store.where,
                    expected=Phrase("the {rows} rows that were written", rows=expected),
                    remedy="the run was not committed; run it again, with no other writer")

    def _totals(self) -> dict[str, int]:
        """What the run's entries add up to.

        They were added on their way: the store would read ten columns again, 0.04 s a million rows.
        Legs but the fare's are what was taken off and what is paid for clearing.
        """
        totals = self._entries.totals
        discounts = totals["due"] - totals["price"]
        return {**{name: totals[name] for name in _TOTALS}, "discounts": discounts,
                "fees": sum(totals[name] for name in _LEGS) - discounts}

    def _check_open(self) -> None:
        if self._phase != "open":
            raise RunNotOpen(
                Phrase("run {run} is {phase}", run=self.number, phase=self._phase),
                where=self._store.where,
                remedy="begin another run")

    def __enter__(self) -> OpenRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the run up unless it was committed, and let others write."""
        try:
            for writer in self._writers:
                writer.cancel()
            # Where the commit row may have been stored, only the next run to begin can tell.
            if self._phase in ("open", "concluded"):
                self._phase = "given up"
                self._clean_up()
            elif self._phase == "deciding":
                self._look_for_it()
        finally:
            self._store.unlock_writer()

    def _look_for_it(self) -> None:
        """Note whether the commit row was stored: a server may store it yet, where it was not."""
        with suppress(BookError):
            is_committed = self._last_stored() == self.number
            if is_committed or self._store.changes is not None:
                note_found(self.number, is_committed=is_committed)

    def _clean_up(self) -> None:
        with suppress(BookError):   # the next run to begin sets them apart otherwise
            # Whoever has lost the writer's lock may meet rows of another run of this number.
            self._store.check_writer()
            if self._last_stored() < self.number:
                self._leftovers.drop(self._part)
