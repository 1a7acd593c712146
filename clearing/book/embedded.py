"""A book in a folder: ClickHouse inside this process, through chdb.

One process at a time, and never fork after opening: the child would hang. Threads may share it.
"""

from __future__ import annotations

import os
import struct
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from clearing.book import folder
from clearing.book.embedded_insert import EmbeddedInserter, last_fault
from clearing.book.faults import is_wanting, translate
from clearing.book.foreign import DATABASE, find_foreign
from clearing.book.journal import FileJournal, Journal
from clearing.book.loading import check_file_size, load_store
from clearing.book.native import join_blocks, unpack_blocks
from clearing.book.schema import TABLE_SETTINGS, TABLES, Table
from clearing.book.sessions import Sessions
from clearing.book.store import Columns
from network.errors import BookDamaged, BookError, BookLocked, BookUnavailable, NotABook
from network.language import Phrase

_FOREIGN_MOST = 5       # that an error names
# What is inserted waits in no buffer that answers before it is stored; find_records sends long
# lists, and their text is our own.
_BLOCK_ROWS = 131_072
# Of a block that a reader gets: what lists take of memory is mostly the store's own blocks.
_READ_ROWS = 8_192
_LOOKS_AGAIN_S = 1 / 20        # whether a merge has ended
_RANGE = struct.Struct("<II")     # of `part` within a part, as the store writes it
_SETTINGS = (
    "SET async_insert = 0, insert_deduplicate = 0, max_query_size = 67108864, "
    "max_ast_elements = 10000000, max_expanded_ast_elements = 10000000, "
    # A full block is stored as it is, without a copy of it together with others.
    f"min_insert_block_size_rows = {_BLOCK_ROWS}, min_insert_block_size_bytes = 0, "
    # Compiling a sum or an order takes 25 to 45 ms, for what are mostly a book's parts and runs.
    "compile_aggregate_expressions = 0, compile_sort_description = 0, "
    # Whoever asks waits for what it reads in either case: that another thread reads it for him is
    # a third of a small question where the files lie in memory, and some hundredths on a disk.
    "local_filesystem_read_method = 'pread'"
)


class EmbeddedStore:
    """The store of a folder. Every stream has a session of its own; the rest share one."""

    # Each full block becomes a part of the table. Half as many rows are a quarter dearer to store,
    # because of what each part costs; more rows are dearer again, because of their memory.
    block_rows = _BLOCK_ROWS
    database = DATABASE

    def __init__(self, path: Path, *, create: bool, read_only: bool) -> None:
        """Open the folder's store, or raise what the folder is instead of a book."""
        if not read_only:
            check_file_size()
        # Who only reads comes here where there can be no snapshot, and has nothing to wait for.
        self._folder = folder.take(path, create=create and not read_only,
                                   wait_s=0 if read_only else folder.WAIT_S)
        self.where = str(path)
        self.journal: Journal = FileJournal(path / folder.JOURNAL)
        self.known = self._folder.known
        self._read_only = read_only
        self._writing = self._discard = False
        self._process = os.getpid()
        self._session: Any = None
        self._sessions = Sessions(self._open)
        self._reading = Sessions(lambda: self._open(read_only=True))
        try:
            self._check_foreign()
            self._session = self._open(database="default", read_only=False)
            if self._folder.holders == 1:
                # Merges that it begins by itself mostly end with the process, before they are done.
                self._tell("SYSTEM STOP MERGES")
            if read_only:
                self._tell("SET readonly = 2")
        except BaseException:
            self._folder.release()
            raise

    def _check_foreign(self) -> None:
        """Raise where the folder has what no book has; the store would take it for its own."""
        if self._folder.holders > 1:
            return      # open already, and maybe being written
        foreign = list(islice(find_foreign(self._folder.store), _FOREIGN_MOST))
        if foreign:
            raise BookDamaged(
                Phrase("{found}: no book has this in its store", found=", ".join(foreign)),
                where=self.where,
                expected="plain tables and views of one database, as they are made for a book; "
                "anything else could be a program that runs when it is opened",
                remedy="nothing of it was opened; put a copy of the book in its place, or ask "
                "whoever gave it to you, and clear the files into a new one")

    def _open(self, database: str = DATABASE, *, read_only: bool | None = None) -> Any:
        """A session with the book's settings; read_only: None: as the store was opened."""
        self._check_process()
        library = load_store()
        try:
            session: Any = library.Session(str(self._folder.store))
            session.query(_SETTINGS)
            session.query(f"USE {database}")
            if self._read_only:
                # Of rows that are read in their order the store would keep whole parts otherwise.
                session.query(f"SET max_block_size = {_READ_ROWS}, read_in_order_use_buffering = 0")
            if self._read_only if read_only is None else read_only:
                session.query("SET readonly = 2")
        except Exception as error:
            raise self._unopened(error) from error
        return session

    @property
    def _main(self) -> Any:
        self._check_process()
        return self._session

    def _check_process(self) -> None:
        """Raise in a forked child, where the store's threads are missing and it would hang."""
        if os.getpid() != self._process:
            raise BookUnavailable(
                "this process was forked from one that has the book open", where=self.where,
                expected="a process of its own: multiprocessing's spawn, or exec",
                remedy="open books in the children only, or start them with spawn")

    def _unopened(self, error: Exception) -> BookError:
        if "EmbeddedServer already initialized" in str(error):
            return BookLocked(
                "this process uses chdb for another folder", where=self.where,
                remedy="close that first, or use another process")
        if "initializing EmbeddedServer" in str(error) and not is_wanting(str(error)):
            return BookDamaged(
                "the embedded store does not start on this folder", where=self.where,
                expected=str(error),
                remedy="its own words are on standard error; restore the book from a copy")
        return translate(error, self.where)

    def create_database(self) -> None:
        """Make the database where it is not there, and use it."""
        if not self._read_only:
            self._tell(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        found = self.columns(f"SELECT name FROM system.databases WHERE name = '{DATABASE}'")
        if not found["name"]:
            raise NotABook(
                "whoever started to make this book was stopped", where=self.where,
                remedy="clear some files into it first, or name another path with --book")
        self._tell(f"USE {DATABASE}")

    def say_made(self) -> None:
        """Let the folder say that the book is whole."""
        self._folder.say_made()

    def table_settings(self) -> str:
        """What is inserted is on the disk, not only in the system's memory; see also schema.py."""
        return "".join(f", {name} = {value}" for name, value in TABLE_SETTINGS.items())

    @property
    def brought(self) -> set[int]:
        """Archived windows whose rows are in this folder again."""
        return self._folder.brought

    @property
    def changes(self) -> int:
        """How often what the folder holds has been changed."""
        return self._folder.changes

    def _count_change(self) -> None:
        self._folder.changes += 1

    def run(self, sql: str) -> None:
        """Carry out a statement that returns no rows, beside those of other threads."""
        self._check_process()
        session = self._sessions.take()
        try:
            session.query(sql)
        except Exception as error:
            raise translate(error, self.where) from error
        finally:
            self._sessions.give_back(session)
            self._count_change()

    def _tell(self, sql: str) -> None:
        """Carry out a statement that changes nothing that is asked for."""
        try:
            self._main.query(sql)
        except Exception as error:
            raise translate(error, self.where) from error

    def columns(self, sql: str) -> Columns:
        """The whole result of a query."""
        # Without rows its columns have no names: asking for these costs as much again.
        return self._columns(self._main, sql) or defaultdict(list)

    def read_only(self, sql: str, *, is_named: bool) -> Columns:
        """The whole result of a query that cannot change anything."""
        session = self._reading.take()
        keeps = False
        try:
            found = self._columns(session, sql)
            if is_named and not found:
                named = self._columns(session, f"DESCRIBE TABLE ({sql}\n)")
                found = {str(name): [] for name in named.get("name", [])}
            keeps = sql.startswith("SELECT ")       # others may leave settings behind
            return found
        finally:
            if keeps:
                self._reading.give_back(session)
            else:
                session.close()

    def _columns(self, session: Any, sql: str) -> Columns:
        try:
            data = session.query(sql, "Native").bytes()
            return join_blocks([block for block in unpack_blocks(data) if block])
        except Exception as error:
            raise translate(error, self.where) from error

    def blocks(self, sql: str) -> Iterator[Columns]:
        """The result of a query, block by block."""
        session = self._sessions.take()
        ended = False
        try:
            with session.send_query(sql, "Native") as chunks:
                for chunk in chunks:
                    yield from unpack_blocks(chunk.bytes())
            ended = True
        except BookError:
            raise
        except Exception as error:
            raise translate(error, self.where) from error
        finally:
            if ended:
                self._sessions.give_back(session)
            else:
                session.close()

    def drop_table(self, name: str) -> None:
        """Remove a table with its files, where it is there."""
        self.run(f"DROP TABLE IF EXISTS {name} SYNC")

    def merge(self, name: str) -> None:
        """Merge now: a process may end before the store comes to it by itself.

        Of a partition that is named the store would merge all, however large.
        """
        self._tell(f"SYSTEM START MERGES {name}")
        try:
            self.run(f"OPTIMIZE TABLE {name}")
            # What the store began by itself before that, with parts that were left.
            while self.columns("SELECT count() AS merges FROM system.merges WHERE "
                               f"database = currentDatabase() AND table = '{name}'")["merges"][0]:
                time.sleep(_LOOKS_AGAIN_S)
        finally:
            self._tell(f"SYSTEM STOP MERGES {name}")
        # The store removes what was merged when it gets to it, which a process of a second never
        # sees; and at once when a partition is dropped, also one that is not there.
        self.run(f"ALTER TABLE {name} DROP PARTITION ID 'none'")

    def let_merge(self) -> None:
        """Let parts be merged until the next run is written, which cuts short what is begun."""
        self._tell("SYSTEM START MERGES")

    def insert(self, table: Table) -> EmbeddedInserter:
        """Start to insert into a table."""
        return EmbeddedInserter(self._sessions, table, self.where, _BLOCK_ROWS,
                                self._count_change)

    def last_fault(self) -> BookError | None:
        """What the engine met last: a streaming insert keeps that to itself."""
        return last_fault(self._main, self.where)

    def statements(self) -> tuple[dict[str, str], str]:
        """The statements as they are in files: asked for, they cost more than all else at opening.

        What they say is what the store took up, and what it keeps when it changes one.
        """
        folder = self._folder.store / "metadata" / DATABASE
        return {path.stem: path.read_text(errors="replace") for path in folder.glob("*.sql")
                }, DATABASE

    def find_odd_parts(self) -> list[str]:
        """Parts whose notes on their own place, or on their columns, are not of their table.

        The store believes these notes, and passes over rows by them; of all of a part's small
        files they alone are covered by no checksum that it looks at.
        """
        breaks = list[str]()
        for name, first, last in self._ranges():
            breaks.append(Phrase("table {table}: a part's own notes say that it is of partitions "
                                 "{first} to {last}, and not of the one that it is in", table=name,
                                 first=first, last=last))
        return [*breaks, *self._odd_columns()]

    def _ranges(self) -> list[tuple[str, int, int]]:
        """The tables and partitions of parts whose notes name others than they are in."""
        # The notes are read as files: asking each table for its least and last takes longer
        # than all else that is looked at on opening. What a dropped partition leaves for a moment
        # has no rows, and no notes.
        found = self.columns("SELECT table, partition, path FROM system.parts WHERE active "
                             "AND rows != 0 AND database = currentDatabase() "
                             "AND partition != 'tuple()'")
        ranges = list[tuple[str, int, int]]()
        for table, partition, path in zip(*found.values(), strict=True):
            first, last = _read_range(Path(str(path)) / "minmax_part.idx")
            if not first == last == int(partition):
                ranges.append((str(table), first, last))
        return ranges

    def _odd_columns(self) -> list[str]:
        """Tables of which a part has other columns."""
        where = "WHERE active AND database = currentDatabase() GROUP BY table"
        parts = self.columns(f"SELECT table, count() AS parts FROM system.parts {where}")
        expected = dict(zip(parts["table"], parts["parts"], strict=True))
        found = self.columns("SELECT table, column, type, count() AS parts "
                             f"FROM system.parts_columns {where}, column, type")
        columns: dict[str, list[tuple[str, str]]] = {}
        for table, column, type_, counted in zip(*found.values(), strict=True):
            if counted == expected[table]:
                columns.setdefault(str(table), []).append((str(column), str(type_)))
        return [Phrase("table {table}: a part has other columns than its table", table=table.name)
                for table in TABLES
                if table.name in expected
                and sorted(columns.get(table.name, [])) != sorted(table.columns)]

    def check_files(self) -> list[str]:
        """Parts whose files are not those of their checksums."""
        breaks = list[str]()
        tables = self.columns("SELECT DISTINCT table FROM system.parts WHERE active "
                              "AND database = currentDatabase() ORDER BY table")
        for table in tables["table"]:
            found = self.columns(
                f"CHECK TABLE {table} SETTINGS check_query_single_value_result = 0")
            parts = zip(found["part_path"], found["is_passed"], found["message"], strict=True)
            breaks += [Phrase("table {table}: the files of part {part} are not as they were "
                              "written: {message}", table=table, part=part, message=message)
                       for part, passed, message in parts if not passed]
        return breaks

    def lock_writer(self) -> None:
        """Become the only writer of this process; other processes are kept out by the folder."""
        if not self._folder.writer.acquire(blocking=False):
            raise BookLocked(
                "this process is already writing a run", where=self.where,
                remedy="commit it or leave it before the next one begins")
        self._writing = True
        try:
            self._folder.check_in_place()
            # They would take the processors from the run that makes the parts. Whoever kills this
            # process ends that, too.
            self._tell("SYSTEM STOP MERGES")
        except BaseException:
            self.unlock_writer()
            raise

    def check_writer(self) -> None:
        """Raise BookLocked where this store was left to others, or its folder was moved away."""
        if not self._writing:
            raise BookLocked(
                "this process has let another run be written meanwhile", where=self.where,
                expected="one run at a time",
                remedy="nothing of this run was committed; run it again")
        self._folder.check_in_place()

    def unlock_writer(self) -> None:
        """Let others write."""
        if self._writing:
            self._writing = False
            self._folder.writer.release()

    def discard(self) -> None:
        """Remove the book with its folder when this store is closed."""
        self._discard = True

    def close(self) -> None:
        """Let go of the folder."""
        if self._session is not None:
            self.unlock_writer()
            self._sessions.close()
            self._reading.close()
            self._session.close()
            self._session = None
            self._folder.release(remove=self._discard)


def _read_range(path: Path) -> tuple[int, int]:
    """The least and the last partition of a part by its own notes; 0 where these are not whole."""
    try:
        first, last = _RANGE.unpack(path.read_bytes())
    except (OSError, struct.error):
        return 0, 0
    return first, last
