"""Backups of a book in a folder: every file under its digest, and a list of them for each backup.

A backup is taken of a snapshot (snapshot.py), so a run may go on meanwhile; it costs what has
changed, as a part of the store that is there already has the same digest. The list has the last
run's number and chain: backups of one book only are put together, and what is restored is held to
them, after every file was held to its digest.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from clearing.book import open_book
from clearing.book.folder import (
    COPY,
    JOURNAL,
    LOCK,
    MARKER,
    PRIVATE_FOLDER,
    STORE,
    is_book,
    open_private,
    sync_folder,
)
from clearing.book.journal import Journal
from clearing.book.snapshot import FOLDER as SNAPSHOTS
from clearing.book.snapshot import SnapshotStore, open_snapshot
from network.errors import BookDamaged, BookUnavailable, DiskFull, NotABook
from network.files import sha256_of
from network.language import Phrase, joined
from network.progress import Progress, no_progress

LISTS, OBJECTS = "lists", "objects"
_OF_THE_PROCESS = (LOCK,)
_IN_THE_SNAPSHOT = (LOCK, SNAPSHOTS, COPY, STORE, MARKER, JOURNAL)   # or of no use to anybody
_CHUNK_BYTES = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Stored(msgspec.Struct, frozen=True):
    """A file of a book, by its path in the folder: what it holds, or where it leads as a link."""

    path: str
    bytes: int = 0
    sha256: str = ""
    link: str = ""


class Listed(msgspec.Struct, frozen=True):
    """A backup: the book after a run, and its files."""

    run: int
    chain: str
    files: list[Stored]


class Taken(NamedTuple):
    """What a backup came to."""

    run: int
    files: int
    bytes: int
    new_bytes: int      # of files that no earlier backup had


def back_up(path: Path, target: Path, progress: Progress = no_progress) -> Taken:
    """Back a book up as after its last run, beside the earlier backups of it in a folder.

    It may be one that an older version wrote, where that can be upgraded.
    Raises BookDamaged where the book is not whole, and OnecardError where the folder is another's.
    """
    if not is_book(path):
        raise NotABook("there is no book here", where=str(path), expected="a book in a folder",
                       remedy="name another path with --book")
    book = open_snapshot(path, may_be_old=True)
    if book is None:
        raise BookUnavailable("no links can be made in this folder", where=str(path),
                              expected="a file system with hard links",
                              remedy="copy the folder as a whole while nobody has it open")
    with book:
        last = book.last_run()
        if book.breaks or last is None:
            raise BookDamaged(joined("; ", book.breaks) or "the book has no run", where=str(path),
                              expected="a whole book with a run",
                              remedy="an earlier backup stays as it is; look with `onecard verify`")
        assert isinstance(book.store, SnapshotStore)
        _check_target(target, book.store.journal, str(path))
        files, new_bytes = list[Stored](), 0
        every = [*_files_of(book.store.links, _OF_THE_PROCESS),
                 *_files_of(path, _IN_THE_SNAPSHOT)]
        for done, (root, name) in enumerate(every, 1):
            progress("files", done, len(every))
            stored, is_new = _store(root, name, target)
            files.append(stored)
            new_bytes += stored.bytes * is_new
        listed = Listed(last.run, last.chain, sorted(files, key=lambda file: file.path))
        _write(target / LISTS / f"{last.run:010}.json", io.BytesIO(msgspec.json.encode(listed)))
        sync_folder(target / LISTS)
        return Taken(last.run, len(files), sum(file.bytes for file in files), new_bytes)


def list_backups(target: Path) -> list[Listed]:
    """The backups in a folder, oldest first. Raises NotABook and BookDamaged."""
    paths = sorted((target / LISTS).glob("*.json"))
    if not paths:
        raise NotABook("there is no backup here", where=str(target),
                       expected="a folder that `onecard book backup` wrote",
                       remedy="name another folder")
    return [_read(path) for path in paths]


def check_backups(target: Path, progress: Progress = no_progress) -> Iterator[str]:
    """What of the backups in a folder is missing or is not as it was written, in words."""
    backups = list_backups(target)
    every = {file.sha256: file for listed in backups for file in listed.files if not file.link}
    for done, file in enumerate(every.values(), 1):
        progress("files", done, len(every))
        wrong = _wrong(target, file)
        if wrong:
            runs = [str(listed.run) for listed in backups if file in listed.files]
            yield Phrase("{file} ({kept}) {wrong}: of the backups after runs {runs}",
                         file=file.path, kept=_object(Path(), file.sha256), wrong=wrong,
                         runs=", ".join(runs))


def restore(target: Path, into: Path, run: int | None, progress: Progress = no_progress
            ) -> Listed:
    """Make a book of a backup, in a folder that is not there yet; run: None: of the newest one.

    Raises OnecardError where a file is not as it was backed up; then there is no book.
    """
    backups = {listed.run: listed for listed in list_backups(target)}
    listed = backups.get(max(backups) if run is None else run)
    if listed is None:
        raise NotABook(Phrase("there is no backup after run {run}", run=run), where=str(target),
                       expected=Phrase("one of the runs {runs}", runs=", ".join(map(str, backups))),
                       remedy="name one of these with --run")
    if into.exists():
        raise NotABook("there is something already", where=str(into),
                       expected="a path where nothing is", remedy="name another path with --book")
    try:
        every = sorted(listed.files, key=lambda file: file.path == MARKER)      # that last
        for done, file in enumerate(every, 1):
            progress("files", done, len(every))
            _put(target, file, into)
        _hold_to(into, listed)
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise
    return listed


def _files_of(root: Path, but: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Every file and link below a folder, with its path in it; but: names in the folder itself."""
    for where, folders, files in os.walk(root):
        if Path(where) == root:
            folders[:] = [name for name in folders if name not in but]
            files = [name for name in files if name not in but]
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        for name in [*files, *links]:
            yield root, str((Path(where) / name).relative_to(root))


def _store(root: Path, name: str, target: Path) -> tuple[Stored, bool]:
    """Put a file among those that are backed up; whether it was not there yet."""
    path = root / name
    if path.is_symlink():
        return Stored(name, link=os.readlink(path)), False
    digest = sha256_of(path)
    stored, place = Stored(name, path.stat().st_size, digest), _object(target, digest)
    if place.exists():
        return stored, False
    with path.open("rb") as source:
        _write(place, source)
    return stored, True


def _check_target(target: Path, journal: Journal, book: str) -> None:
    """Refuse a folder that holds backups of another book, or something else."""
    if not any((target / LISTS).glob("*.json")):
        names = {path.name for path in target.iterdir()} if target.exists() else set[str]()
        if names - {LISTS, OBJECTS}:
            raise NotABook("this folder holds other things", where=str(target),
                           expected="an empty folder, or one with backups of this book",
                           remedy="name another folder")
        (target / LISTS).mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        return
    for listed in list_backups(target)[-1:]:
        line = next(iter(journal.lines(listed.run)), None)
        if line is None or line.chain != listed.chain:
            raise NotABook(Phrase("this folder holds backups of another book than {book}",
                                  book=book),
                           where=str(target),
                           expected=Phrase("run {run} with chain {chain}", run=listed.run,
                                           chain=listed.chain),
                           remedy="name another folder")


def _read(path: Path) -> Listed:
    """A list that was written, or the error that says that it is not as it was."""
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=Listed)
    except (OSError, msgspec.DecodeError) as error:
        raise BookDamaged("a backup's list is not as it was written", where=str(path),
                          expected=str(error), remedy="use the backup of another run") from error
    for file in listed.files:
        place = Path(file.path)
        led = os.path.normpath(place.parent / file.link) if file.link else str(place)
        if place.is_absolute() or ".." in place.parts or led.startswith(("/", "..")) or not (
                file.link or _DIGEST.fullmatch(file.sha256)):
            raise BookDamaged(Phrase("a backup's list names {file!r}", file=file.path),
                              where=str(path),
                              expected="files within a book's folder, and their SHA-256",
                              remedy="use the backup of another run")
    _check_links(path, listed)
    return listed


def _check_links(path: Path, listed: Listed) -> None:
    """Refuse files and links whose way goes through a link: that can lead anywhere.

    A link by itself leads to where its text says, if `..` stands at its beginning only.
    """
    links = {Path(file.path) for file in listed.files if file.link}
    for file in listed.files:
        place = Path(file.path)
        led = Path(os.path.normpath(place.parent / file.link)) if file.link else place
        turns_back = ".." in Path(re.sub(r"^(\.\./)*", "", file.link)).parts
        if turns_back or any(links.intersection(way.parents) for way in (place, led)):
            raise BookDamaged(Phrase("a backup's list has {path!r} beyond a link",
                                     path=file.path), where=str(path),
                              expected="files within a book's folder, and their SHA-256",
                              remedy="use the backup of another run")


def _wrong(target: Path, file: Stored) -> str:
    """What is wrong with a file that was backed up; "": nothing."""
    place = _object(target, file.sha256)
    if not place.exists():
        return Phrase("is missing")
    if sha256_of(place) == file.sha256:
        return ""
    return Phrase("is not as it was written")


def _put(target: Path, file: Stored, into: Path) -> None:
    """Put a file, or a link, where a backup had it."""
    place = into / file.path
    if file.link:
        place.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        place.symlink_to(file.link)
        return
    wrong = _wrong(target, file)
    if wrong:
        raise BookDamaged(Phrase("{file} {wrong}", file=file.path, wrong=wrong),
                          where=str(_object(target, file.sha256)),
                          expected="every file of the backup",
                          remedy="restore the backup of another run with --run; "
                                 "`onecard book check` says which are whole")
    with _object(target, file.sha256).open("rb") as source:
        _write(place, source)


def _hold_to(into: Path, listed: Listed) -> None:
    """Refuse a book that is not the one that was backed up."""
    with open_book(str(into), create=False, may_be_old=True) as book:
        last = book.last_run()
        if last is None or (last.run, last.chain) != (listed.run, listed.chain):
            raise BookDamaged("what was restored is another book than was backed up",
                              where=str(into),
                              expected=Phrase("run {run} with chain {chain}", run=listed.run,
                                              chain=listed.chain),
                              remedy="restore the backup of another run with --run")


def _object(target: Path, digest: str) -> Path:
    return target / OBJECTS / digest[:2] / digest[2:]


def _write(path: Path, source: BinaryIO) -> None:
    """Write a file as a whole, or not at all, and its folder where that is missing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    new = path.with_name(f"{path.name}.new")
    try:
        with open(new, "wb", opener=open_private) as file:
            shutil.copyfileobj(source, file, _CHUNK_BYTES)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException as error:      # Ctrl-C, too
        new.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise DiskFull("the disk is full", where=str(path),
                           expected="room for every file that is new",
                           remedy="make room, or name a folder on another disk; then run the same "
                                  "command again") from error
        raise
