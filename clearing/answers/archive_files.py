"""The files of an archive: a folder for each closed window, with its rows as Parquet.

`manifest.json` lists the files with their SHA-256, and of each table how many rows of which run
they have and what these come to (contents.py); the run that closed the window, its chain, and the
window's root. The book has the manifest's own SHA-256.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from clearing.answers.arrays import import_pyarrow
from clearing.book import Book
from clearing.book.archived import LEAVING, Left
from clearing.book.contents import digests_by_run, number_rows, text_of_digest
from clearing.book.folder import PRIVATE_FOLDER, open_private, sync_folder
from clearing.book.native import ColumnData
from clearing.book.roots import Closing
from clearing.book.schema import Table
from network.civil import day_of
from network.errors import BookDamaged, BookReadOnly, DiskFull, OnecardError
from network.files import sha256_of
from network.language import Phrase

FORM = "onecard-archive/1"
MANIFEST = "manifest.json"
_ROWS = 65_536      # that are read at a time


class ArchivedFile(msgspec.Struct, frozen=True):
    """The rows of a table."""

    path: str
    bytes: int
    sha256: str
    rows: int
    runs: list[tuple[int, int, str]]    # run, rows, and what they come to


class Manifest(msgspec.Struct, frozen=True):
    """What an archive has of a closed window."""

    form: str
    window: str         # the last of its days
    first: str          # of its days
    run: int            # that closed it
    chain: str          # its
    root: str
    files: dict[str, ArchivedFile]      # by table


def folder_of(archive: Path, window: int) -> Path:
    """Where an archive has a window."""
    return archive / day_of(window).isoformat()


def write_window(book: Book, closing: Closing, chain: str, wheres: Mapping[Table, str],
                 archive: Path) -> tuple[Manifest, str]:
    """Write the files of a closed window; the manifest, and its SHA-256.

    chain: of the run that closed it; wheres: SQL, which rows of each table.
    Raises OnecardError where another book's window is there, and DiskFull.
    """
    folder = folder_of(archive, closing.window)
    _check_free(folder, chain)
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    files = {table.name: _write_rows(book, table, where, folder)
             for table, where in wheres.items()}
    manifest = Manifest(FORM, folder.name, day_of(closing.first).isoformat(), closing.run, chain,
                        closing.root, files)
    text = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
    _put(folder / MANIFEST, lambda out: out.write(text))
    sync_folder(folder)
    sync_folder(archive)
    return manifest, hashlib.sha256(text).hexdigest()


def _check_free(folder: Path, chain: str) -> None:
    """Refuse a folder that has something else than this window of this book."""
    if not folder.exists():
        return
    path = folder / MANIFEST
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest).chain if path.exists() else (
            chain if {one.name for one in folder.iterdir()} <= _names() else "")
    except (OSError, msgspec.DecodeError):
        found = ""
    if found != chain:
        raise OnecardError(
            "this folder has something else, or a window of another book", where=str(folder),
            expected=Phrase("nothing, or what was written of this book's window {day}",
                            day=folder.name),
            remedy="name another folder with --to")


def _names() -> set[str]:
    """What lies where an archive was stopped."""
    names = [MANIFEST, *(_name_of(table) for table in LEAVING)]
    return {*names, *(f"{name}.new" for name in names)}


def _name_of(table: Table) -> str:
    return f"{table.name.removeprefix('stored_')}.parquet"


def _put(path: Path, write: Any) -> None:
    """Write a file as a whole, or not at all."""
    new = path.with_name(f"{path.name}.new")
    try:
        with open(new, "wb", opener=open_private) as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            raise DiskFull("the disk of the archive is full", where=str(path),
                           expected="room for the rows of every window",
                           remedy="nothing has left the book; make room, or name a folder on "
                                  "another disk with --to") from error
        raise BookReadOnly(Phrase("the archive cannot be written: {why}",
                                  why=error.strerror or type(error).__name__), where=str(path),
                           remedy="nothing has left the book; check the folder's owner and its "
                                  "disk, or name another one with --to") from error


def _write_rows(book: Book, table: Table, where: str, folder: Path) -> ArchivedFile:
    """Write rows of a table into a file, a block at a time."""
    import_pyarrow()
    sums = dict[int, Left]()
    path = folder / _name_of(table)

    def write(out: Any) -> None:
        import pyarrow
        from pyarrow.parquet import ParquetWriter

        schema = pyarrow.schema([(name, _type_of(type_)) for name, type_ in _columns(table)])
        with ParquetWriter(out, schema, compression="zstd") as writer:
            for block in _read_block(book, table, where):
                _add_up(table, block, sums)
                writer.write_batch(pyarrow.record_batch(
                    [pyarrow.array(column, field.type)
                     for field, column in zip(schema, block, strict=True)], schema=schema))

    _put(path, write)
    return ArchivedFile(path.name, path.stat().st_size, sha256_of(path),
                        sum(left.rows for left in sums.values()),
                        [(run, left.rows, text_of_digest(left.digest))
                         for run, left in sorted(sums.items())])


def _columns(table: Table) -> list[tuple[str, str]]:
    return [("run", "UInt32"), *table.content]


def _type_of(type_: str) -> Any:
    import pyarrow

    return pyarrow.binary() if type_ == "String" else pyarrow.type_for_alias(type_.lower())


def _read_block(book: Book, table: Table, where: str) -> Iterator[list[ColumnData]]:
    """Rows of a book, some at a time; text as the bytes that it is."""
    listed = ", ".join(f"hex(`{name}`) AS `{name}`" if type_ == "String" else f"`{name}`"
                       for name, type_ in _columns(table))
    for block in book.store.blocks(
            f"SELECT {listed} FROM {table.name} WHERE {book.committed} AND ({where})"):
        yield [[bytes.fromhex(str(text)) for text in block[name]] if type_ == "String"
               else np.asarray(block[name]) for name, type_ in _columns(table)]


def _add_up(table: Table, block: Sequence[ColumnData], sums: dict[int, Left]) -> None:
    """Add what rows come to, by run."""
    runs = np.asarray(block[0])
    counts = dict(zip(*(part.tolist() for part in np.unique(runs, return_counts=True)),
                      strict=True))
    for run, digest in digests_by_run(runs, number_rows(table, block[1:])):
        before = sums.get(run, Left(0, 0))
        sums[run] = Left(before.rows + counts[run], before.digest + digest)


def check_window(archive: Path, window: int, digest: str) -> Manifest:
    """The manifest of a window, once every file of it is held to its SHA-256.

    digest: the manifest's, as the book has it. Raises BookDamaged where a file is missing, or is
    not as it was written.
    """
    path = folder_of(archive, window) / MANIFEST
    try:
        text = path.read_bytes()
    except OSError as error:
        raise _not_there(path, str(error.strerror)) from error
    if hashlib.sha256(text).hexdigest() != digest:
        raise _changed(path)
    manifest = msgspec.json.decode(text, type=Manifest)
    for file in manifest.files.values():
        _check_file(path.with_name(file.path), file.sha256)
    return manifest


def list_files(archive: Path, window: int, digest: str) -> Iterator[Path]:
    """The files of a window, each as it was written; see check_window."""
    manifest = check_window(archive, window, digest)
    folder = folder_of(archive, window)
    yield folder / MANIFEST
    for file in manifest.files.values():
        yield folder / file.path


def read_rows(archive: Path, window: int, table: Table) -> Iterator[list[ColumnData]]:
    """The rows of a file that was checked, some at a time: runs, and what the table stores."""
    import_pyarrow()
    from pyarrow.parquet import ParquetFile

    with ParquetFile(folder_of(archive, window) / _name_of(table)) as rows:
        for batch in rows.iter_batches(_ROWS, columns=[name for name, _ in _columns(table)]):
            yield [column.to_pylist() if type_ == "String" else column.to_numpy()
                   for (_, type_), column in zip(_columns(table), batch.columns, strict=True)]


def _check_file(path: Path, digest: str) -> None:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise _not_there(path, str(error.strerror)) from error
    if found != digest:
        raise _changed(path)


def _changed(path: Path) -> BookDamaged:
    return BookDamaged("a file of the archive is not as it was written", where=str(path),
                       expected="the SHA-256 that the book has of it",
                       remedy="put a copy of the archive in its place")


def _not_there(path: Path, why: str) -> BookDamaged:
    return BookDamaged(Phrase("a file of the archive cannot be read: {why}", why=why),
                       where=str(path),
                       expected="the folder that windows of this book were archived in",
                       remedy="bring it back from where it is kept, or name it with --archive")
