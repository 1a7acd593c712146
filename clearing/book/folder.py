"""A book's folder: told from any other folder, made where there is none, held by one process.

The folder has a marker that says what it is, a lock that dies with the process which holds it, a
journal with a line for each run, and `clickhouse/`, which belongs to the embedded store.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path

from clearing.book.known import Known
from network.errors import BookLocked, BookReadOnly, NotABook
from network.language import Phrase

WAIT_S = 3.0        # a process that was killed takes a moment to be gone
MARKER = "onecard-book"
STORE = "clickhouse"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600     # where and how somebody rode is nobody else's
JOURNAL = "journal"
COPY = "changing"       # a copy of the book that is to take its place, see changing.py
LOCK = "lock"
# What may lie where a new book is made: answers to runs that came to nothing among it.
_BESIDE = ("lost+found", "acknowledgements", LOCK)
_MARKER_TEXT = """\
This folder is a book of onecard-clearing: the ledger, the state of every card, and the runs that
made them. It is read with `onecard show` and written by `onecard clear` and `onecard settle`.
Copy or remove it as a whole, while no process has it open; do not change what is in it.
"""
_BEING_MADE = """\
This folder is to be a book of onecard-clearing, and somebody is making it, or was stopped. There is
nothing in it yet: the next `onecard clear` begins it anew.
"""


def open_private(path: str, flags: int) -> int:
    """Open a file, and make it for its owner only where it is not there yet."""
    return os.open(path, flags | os.O_CLOEXEC, PRIVATE_FILE)


class Folder:
    """A book's folder, held by this process until it is released as often as it was taken."""

    def __init__(self, path: Path, handle: int, *, made: bool) -> None:
        """made: whether the folder was not there before."""
        self.path = path
        self.made = made
        self.handle = handle
        self.holders = 1
        self.is_made = not _is_unfinished(path)
        self.writer = threading.Lock()
        self.changes = 0        # to its store, by this process, while no other can make any
        self.known = Known()
        self.brought = set[int]()       # archived windows whose rows are in it again

    @property
    def store(self) -> Path:
        """Where the embedded store keeps its files."""
        return self.path / STORE

    def say_made(self) -> None:
        """Write into the marker that the book is whole, for good; it is not begun anew from now."""
        if not self.is_made:
            unfinished = self.path / f"{MARKER}.tmp"
            with open(unfinished, "w", encoding="utf-8", opener=open_private) as marker:
                marker.write(_MARKER_TEXT)
                marker.flush()
                os.fsync(marker.fileno())
            unfinished.rename(self.path / MARKER)
            sync_folder(self.path)
            self.is_made = True

    def check_in_place(self) -> None:
        """Raise BookLocked where the folder has another place by now: nobody is kept out of this.

        Another book may be there, which another process writes to, or no book at all.
        """
        with suppress(OSError):
            if os.path.samestat(os.fstat(self.handle), os.stat(self.path / LOCK)):
                return
        raise BookLocked(
            "the folder that this process has open is not there any more", where=str(self.path),
            expected="a book that stays in its place as long as a process has it open",
            remedy="nothing of this run was committed; stop this process, see which book is the "
                   "right one, and run the same command again")

    def release(self, *, remove: bool = False) -> None:
        """Let go; the last one to do so lets other processes in.

        remove: the book is an empty one, and goes; what lies beside it in the folder stays.
        """
        global _held
        with _guard:
            self.holders -= 1
            if self.holders == 0:
                if remove:
                    self._remove()
                os.close(self.handle)
                _held = None

    def _remove(self) -> None:
        """Take the book out of the folder, its marker last, and the folder where nothing is left.

        Whoever is stopped on the way leaves an empty book, which the next run completes.
        """
        shutil.rmtree(self.store, ignore_errors=True)
        for name in (LOCK, MARKER):
            (self.path / name).unlink(missing_ok=True)
        with suppress(OSError):
            if self.made:
                self.path.rmdir()


# The store inside a process serves one folder at a time.
_held: Folder | None = None
_guard = threading.Lock()


def take(path: Path, *, create: bool, wait_s: float = WAIT_S) -> Folder:
    """The folder of a book, locked for this process, and made if it may be.

    wait_s: how long for another process to let go of it.
    """
    global _held
    path = path.absolute()
    with _guard:
        if _held is not None and _held.path.resolve() == path.resolve():
            _held.holders += 1
            return _held
        if _held is not None:
            raise BookLocked(
                "this process has another book open", where=str(path),
                expected=Phrase("one folder at a time; open is {open}", open=_held.path),
                remedy="close that book first, or use another process")
        while True:
            made = _check(path, create=create)
            handle = lock(path, wait_s)
            if (path / MARKER).exists():
                break
            os.close(handle)    # meanwhile, whoever held the book has removed it as a new one
        try:
            _begin_anew(path, create=create)
        except BaseException:
            os.close(handle)
            raise
        shutil.rmtree(path / COPY, ignore_errors=True)      # somebody was stopped with it
        _held = Folder(path, handle, made=made)
        return _held


def is_book(path: Path) -> bool:
    """Whether a folder is a book, and was not left while it was made."""
    return (path / MARKER).exists() and (path / STORE).exists() and not _is_unfinished(path)


def held_in(path: Path) -> Path | None:
    """The folder in another one that this process has open as a book, if it has."""
    held = _held
    return held.path if held is not None and held.path.parent == path.absolute() else None


def is_own(path: Path) -> bool:
    """Whether this process has this very book open."""
    held = _held
    return held is not None and held.path.resolve() == path.resolve()


def is_held(path: Path) -> bool:
    """Whether some process has the book of a folder open."""
    try:
        handle = os.open(path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:     # nobody has ever opened it, or may
        return False
    try:
        return not _try_lock(handle, fcntl.LOCK_SH)     # who looks, too, keeps nobody from it
    finally:
        os.close(handle)


def _check(path: Path, *, create: bool) -> bool:
    """Make sure that the path is a book's folder, making it one if that is wanted.

    Whether the folder itself was made.
    """
    if path.is_dir() and (path / MARKER).exists():
        return False
    if path.exists() and not path.is_dir():
        raise NotABook(
            "this is a file", where=str(path), expected="a book is a folder",
            remedy="name another path with --book")
    made = not path.exists()
    others = [] if made else sorted(entry.name for entry in path.iterdir()
                                    if entry.name not in _BESIDE)
    if others:
        raise NotABook(
            Phrase("this folder holds other things ({things}, …) and is not a book",
                   things=", ".join(others[:3])),
            where=str(path),
            expected=Phrase("a book has a file {file}; a new one needs an empty folder",
                            file=MARKER),
            remedy="name another path with --book")
    if not create:
        raise NotABook(
            "there is no book here", where=str(path),
            remedy="clear some files into it first, or name another path with --book")
    try:
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with suppress(PermissionError):     # another one's, who says who may look into it
            path.chmod(PRIVATE_FOLDER)
        os.close(open_private(str(path / LOCK), os.O_CREAT))
        with open(path / MARKER, "w", encoding="utf-8", opener=open_private) as marker:
            marker.write(_BEING_MADE)
        (path / STORE).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    except OSError as error:
        raise BookReadOnly(
            Phrase("the folder cannot be written: {why}", why=error.strerror), where=str(path),
            remedy="check its owner and the disk, or name another path with --book") from error
    return made


def _is_unfinished(path: Path) -> bool:
    """Whether whoever made the book was stopped before its tables were all there.

    The marker says so, and no run has a line in the journal. A marker that is blank or cut says
    nothing: it may have been lost.
    """
    with suppress(FileNotFoundError):
        if (path / JOURNAL).lstat().st_size:
            return False
    try:        # a stranger's marker may be a pipe
        marker = os.open(path / MARKER, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(marker).st_mode) and (
            os.read(marker, len(_BEING_MADE) + 1) == _BEING_MADE.encode())
    finally:
        os.close(marker)


def _begin_anew(path: Path, *, create: bool) -> None:
    """Empty what a disk that was full, or a kill, left of a book's store: it may open no more."""
    if not _is_unfinished(path):
        return
    if not create:
        raise NotABook(
            "whoever started to make this book was stopped", where=str(path),
            remedy="clear some files into it first, or name another path with --book")
    if (path / STORE).exists():
        shutil.rmtree(path / STORE)
    (path / STORE).mkdir(mode=PRIVATE_FOLDER)


def sync_folder(folder: Path) -> None:
    """Have the name of a new file on the disk, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(path: Path, wait_s: float = WAIT_S) -> int:
    """An open file that no other process can lock as long as this one lives, nor this one again."""
    handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + wait_s
    while not _try_lock(handle):
        if time.monotonic() > deadline:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise BookLocked(
                Phrase("another process (number {process}) has this book open", process=holder),
                where=str(path),
                expected="one process at a time may open a book in a folder",
                remedy="wait until it ends, or stop it")
        time.sleep(0.05)
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def _try_lock(handle: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
