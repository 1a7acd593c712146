"""An audit folder: what a book holds, as text under one seal, and checked without the book.

`tables` has every row that runs stored, `networks` the files of each network that they cleared by,
`runs.jsonl` the chain; entries.csv, postings.csv and positions.csv are what people read of it.
`archive` has the files of windows that have left the book, as they are.
audit.json names each file with its SHA-256: its own SHA-256 is the seal. Whoever checks makes a
book of the rows in a temporary folder, and asks it what `onecard verify` asks any book.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import msgspec

from clearing import __version__
from clearing.answers.archive_files import list_files
from clearing.answers.brought import place_of
from clearing.answers.card_numbers import check_cards_in_full
from clearing.answers.closings import positions_by_window
from clearing.answers.documents.plain_csv import csv_lines
from clearing.answers.filters import Filter
from clearing.answers.listings import flows_of
from clearing.answers.session import Session
from clearing.answers.show import show
from clearing.answers.verify import Verification, find_kept, verify
from clearing.book import SCHEMA_VERSION, Run, open_book
from clearing.book.schema import Table
from clearing.book.table_files import (
    RowsRead,
    make_book,
    read_rows,
    read_runs,
    write_rows,
    write_runs,
    written_tables,
)
from network.civil import day_of
from network.errors import BookDamaged, OnecardError
from network.files import sha256_of
from network.language import Phrase, joined
from network.progress import Progress, no_progress

FORM = "onecard-audit/1"
LIST, RUNS, TABLES, NETWORK_FILES = "audit.json", "runs.jsonl", "tables", "networks"
ARCHIVE = "archive"
POSITION_COLUMNS = ("window", "level", "member", "is_owed", "owes", "position")
FAULTS_MOST = 100           # that are told of one file
_SEAL = re.compile(r"[0-9a-f]{64}")


class SealedFile(msgspec.Struct, frozen=True):
    """A file of the folder."""

    path: str
    bytes: int
    sha256: str


class SealedList(msgspec.Struct, frozen=True):
    """What audit.json says."""

    form: str
    software: str
    schema: int             # of the book
    run: int                # the last one
    chain: str              # its
    files: list[SealedFile]


@dataclass(frozen=True)
class Sealed:
    """A folder that was written."""

    run: int
    chain: str
    files: int
    bytes: int
    seal: str


@dataclass
class Audit:
    """What a folder was found to be."""

    run: int
    chain: str
    seal: str                           # as the folder has it now
    is_sealed: bool | None              # None: nobody said which seal it should have
    kept: Run | None                    # whose chain was named
    faults: list[str] = field(default_factory=list)     # of files and rows, in words
    verified: Verification | None = None                # None: no book could be made of it

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults and self.is_sealed is not False and (
            self.verified is not None and self.verified.agrees)


def export_audit(session: Session, folder: Path, progress: Progress = no_progress) -> Sealed:
    """Write a folder that is not there yet.

    Card numbers are in full in it, as rides are priced again of it: raises OnecardError where the
    network does not let them be listed, and where the folder is there.
    """
    check_cards_in_full(session)
    if folder.exists():
        raise OnecardError("there is something already", where=str(folder),
                           expected="a path where nothing is", remedy="name another folder")
    last = session.book.last_run()
    if last is None or session.book.breaks:
        raise BookDamaged(joined("; ", session.book.breaks) or "the book has no run",
                          where=session.book.store.where, expected="a whole book with a run",
                          remedy="look with `onecard verify`")
    files, parts = list[SealedFile](), list(_parts(session))
    for done, (path, write) in enumerate(parts, 1):
        files.append(_write(folder, path, write))
        progress("files", done, len(parts))
    listed = msgspec.json.format(msgspec.json.encode(SealedList(
        FORM, __version__, SCHEMA_VERSION, last.run, last.chain, files)))
    (folder / LIST).write_bytes(listed + b"\n")
    return Sealed(last.run, last.chain, len(files) + 1, sum(one.bytes for one in files),
                  hashlib.sha256(listed + b"\n").hexdigest())


Write = Callable[[BinaryIO], Any]


def _parts(session: Session) -> Iterator[tuple[str, Write]]:
    """The files of a folder, and what writes each."""
    book = session.book

    def rows_of(table: Table) -> Write:
        return lambda out: write_rows(book, table, out)

    def bytes_of(content: bytes) -> Write:
        return lambda out: out.write(content)

    yield RUNS, lambda out: write_runs(book, out)
    for name, table in written_tables().items():
        yield f"{TABLES}/{name}.jsonl", rows_of(table)
    for path, content in _network_files(session):
        yield path, bytes_of(content)
    for one in book.archives():
        for file in list_files(place_of(one, session.archive), one.window, one.manifest):
            yield f"{ARCHIVE}/{file.parent.name}/{file.name}", _copy_of(file)
    for name, columns, rows in _lists(session):
        yield name, _csv_of(columns, rows)


def _copy_of(path: Path) -> Write:
    def write(out: BinaryIO) -> None:
        with path.open("rb") as file:
            shutil.copyfileobj(file, out)

    return write


def _network_files(session: Session) -> Iterator[tuple[str, bytes]]:
    """The files of every network that runs cleared by, by their names in the folder."""
    for digest in sorted(set(session.book.network_digests().values())):
        for path, content in session.book.network_contents(digest).items():
            yield f"{NETWORK_FILES}/{digest}/{path}", content


def _csv_of(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Write:
    return lambda out: out.writelines(csv_lines(columns, rows))


Rows = Iterable[tuple[Any, ...]]


def _lists(session: Session) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """What people read: names of files, columns and rows."""
    for topic in ("entries", "postings"):
        listing = show(session, topic, Filter())
        yield f"{topic}.csv", listing.columns, listing.rows
    yield "positions.csv", POSITION_COLUMNS, _positions(session)


def _positions(session: Session) -> Rows:
    """The positions of every window, closed or open."""
    for window, positions in positions_by_window(session, flows_of(session.book)):
        for one in positions:
            yield day_of(window).isoformat(), *one, one.net


def _write(folder: Path, name: str, write: Write) -> SealedFile:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        write(out)
    return SealedFile(name, path.stat().st_size, sha256_of(path))


def verify_audit(folder: Path, cards: int | None = None, seed: int | None = None,
                 seal: str | None = None, kept: str | None = None, keep: Path | None = None,
                 progress: Progress = no_progress) -> Audit:
    """Hold a folder to its list, its rows to what they were exported as, and its book to all else.

    cards and seed: see clearing.answers.verify. seal: that was noted when it was exported. kept:
    as for find_kept. keep: where input files are; None: they are not looked at.
    Raises OnecardError where it is no audit folder.
    """
    listed, found = _read_list(folder)
    audit = Audit(listed.run, listed.chain, found,
                  None if seal is None else _parse_seal(seal) == found, None)
    audit.faults += _check_files(folder, listed, progress)
    with tempfile.TemporaryDirectory(prefix="onecard-audit-") as made:
        path = Path(made, "book")
        runs, faults = _make(folder, path)
        audit.faults += faults
        if not runs:
            audit.faults.append(Phrase("{runs} has no run that could be checked", runs=RUNS))
            return audit
        with open_book(str(path), create=False, read_only=True) as book:
            audit.faults += book.breaks
            last = book.last_run()
            if last is None or (last.run, last.chain) != (listed.run, listed.chain):
                audit.faults.append(Phrase("{list} is of run {run} with another chain than "
                                           "{runs} ends with", list=LIST, run=listed.run,
                                           runs=RUNS))
            if kept is not None:
                audit.kept = find_kept(book, kept)
            _check_book(Session(book, archive=folder / ARCHIVE), folder, audit, cards, seed, keep,
                        progress)
    return audit


def _check_book(session: Session, folder: Path, audit: Audit, cards: int | None, seed: int | None,
                keep: Path | None, progress: Progress) -> None:
    """Ask a book that was made of a folder what any book is asked, and for the folder's lists."""
    with _faults_told(audit):
        audit.verified = verify(session, cards, keep, seed, progress, with_files=keep is not None)
    with _faults_told(audit):
        audit.faults += [Phrase("{name}: not the file that runs cleared by", name=name)
                         for name, content in _network_files(session)
                         if (folder / name).is_file() and (folder / name).read_bytes() != content]
        for name, columns, rows in _lists(session):
            audit.faults += _check_list(folder / name, columns, rows)


@contextmanager
def _faults_told(audit: Audit) -> Iterator[None]:
    """Where rows were changed, what they say can be impossible: that is told, and no more."""
    try:
        yield
    except OnecardError as error:
        audit.faults.append(Phrase("cannot be checked further: {why}", why=error.args[0]))
    except (LookupError, ValueError, OverflowError, AssertionError):
        if not audit.faults:
            raise
        audit.faults.append("cannot be checked further: some row says what cannot be")


def _read_list(folder: Path) -> tuple[SealedList, str]:
    """What audit.json says, and its SHA-256. Raises OnecardError."""
    try:
        content = (folder / LIST).read_bytes()
        listed = msgspec.json.decode(content, type=SealedList)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise OnecardError("this is no audit folder", where=str(folder / LIST),
                           expected=Phrase("a list of files in the form {form}", form=FORM),
                           remedy="name the folder that `onecard export --audit` wrote") from error
    if (listed.form, listed.schema) != (FORM, SCHEMA_VERSION):
        raise OnecardError(Phrase("the folder is of another form, {form}, or of a book of another "
                                  "schema, {schema}", form=listed.form, schema=listed.schema),
                           where=str(folder / LIST),
                           expected=Phrase("{form}, {schema}", form=FORM, schema=SCHEMA_VERSION),
                           remedy=Phrase("check it with version {software}, which wrote it",
                                         software=listed.software))
    return listed, hashlib.sha256(content).hexdigest()


def _parse_seal(text: str) -> str:
    seal = text.strip().lower()
    if _SEAL.fullmatch(seal) is None:
        raise OnecardError(Phrase("{text!r} is no seal", text=text),
                           expected="64 hexadecimal digits, as `onecard export` printed them",
                           remedy="copy the whole of it")
    return seal


def _check_files(folder: Path, listed: SealedList, progress: Progress) -> Iterator[str]:
    """Files that are not as they are listed, or not listed, or missing."""
    for done, one in enumerate(listed.files, 1):
        if not _is_inside(one.path):
            yield Phrase("{list} names {path!r}, which is not in the folder", list=LIST,
                         path=one.path)
        elif not (path := folder / one.path).is_file():
            yield Phrase("{path} is missing", path=one.path)
        elif (path.stat().st_size, sha256_of(path)) != (one.bytes, one.sha256):
            yield Phrase("{path} is not the file that was sealed", path=one.path)
        progress("files", done, len(listed.files))
    named = {LIST, *(one.path for one in listed.files)}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in named:
            yield Phrase("{name} is not in {list}", name=name, list=LIST)


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _make(folder: Path, path: Path) -> tuple[list[Run], list[str]]:
    """Make a book of a folder's rows; its runs, and which rows are not as they were exported."""
    faults = _Faults()
    with _opened(folder / RUNS, faults) as lines:
        runs = read_runs(lines, faults.teller(RUNS))
    if runs:
        make_book(path, runs, _rows(folder, faults))
    return runs, faults.told


class _Faults:
    """Of each file the first so many."""

    def __init__(self) -> None:
        self.told = list[str]()

    def teller(self, name: str) -> Callable[[int, str], None]:
        """Takes what is wrong with the lines of a file."""
        count = 0

        def tell(line: int, what: str) -> None:
            nonlocal count
            count += 1
            if count <= FAULTS_MOST:
                self.told.append(Phrase("{name} line {line}: {what}", name=name, line=line,
                                        what=what))

        return tell


@contextmanager
def _opened(path: Path, faults: _Faults) -> Iterator[Iterable[bytes]]:
    """A file's lines; of one that is missing, which is told elsewhere, none."""
    if not path.is_file():
        yield ()
        return
    with path.open("rb") as file:
        yield file


def _rows(folder: Path, faults: _Faults) -> Iterator[tuple[Table, RowsRead]]:
    for name, table in written_tables().items():
        file = f"{TABLES}/{name}.jsonl"
        with _opened(folder / file, faults) as lines:
            for rows in read_rows(table, lines, faults.teller(file)):
                yield table, rows


def _check_list(path: Path, columns: tuple[str, ...], rows: Rows) -> Iterator[str]:
    """Lines of a list that the rows of the tables do not come to."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        odd = (number for number, (found, line) in enumerate(
            zip_longest(file, csv_lines(columns, rows)), 1) if found != line)
        for number in islice(odd, FAULTS_MOST):
            yield Phrase("{name} line {number}: not what the rows of {tables} come to",
                         name=path.name, number=number, tables=TABLES)
