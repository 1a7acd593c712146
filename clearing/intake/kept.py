"""The input files themselves, kept: compressed, and addressed by their digests.

So any amount leads back to the very bytes that it is from. A file is compressed on a thread of its
own while it is decoded, from the bytes that its digest is fed with; it gets its place when the run
is about to be committed, and is on the disk by then. A run that comes to nothing keeps nothing.
`zstd -d` reads what is kept, too.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import zstandard

from network.errors import BookDamaged, DiskFull, OnecardError
from network.language import Phrase

FOLDER = "kept"                 # in the book's folder, unless somebody says otherwise
LEVEL = 1                       # 0.3 GB/s on one core, and a fifth is left of a tap file
BLOCKS_WAITING = 8              # what the reader may be ahead: bounds the memory
_PRIVATE = 0o600        # what operators sent is its owner's only
_UNFINISHED = "unfinished-"


class KeptFile:
    """A file while it is read, and then until the run is decided on."""

    def __init__(self, path: Path, pool: ThreadPoolExecutor) -> None:
        self._path, self._pool = path, pool
        self._file = os.fdopen(os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _PRIVATE), "wb")
        self._under_way: deque[Future[None]] = deque()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes; they are copied, and compressed on the thread."""
        if len(self._under_way) >= BLOCKS_WAITING:
            self._under_way.popleft().result()
        self._under_way.append(self._pool.submit(self._append, bytes(data)))

    def _append(self, data: bytes) -> None:
        # Each block is a frame of its own: frames one behind the other are a file of zstd, too.
        self._file.write(zstandard.ZstdCompressor(level=LEVEL).compress(data))

    def finish(self) -> None:
        """All has been handed over: have it written to the disk, while others are read."""
        self._under_way.append(self._pool.submit(self._sync))

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def place(self, path: Path) -> None:
        """Put the file where it is kept, for good."""
        while self._under_way:
            self._under_way.popleft().result()
        path.parent.mkdir(exist_ok=True)
        os.replace(self._path, path)
        _sync_folder(path.parent)

    def drop(self) -> None:
        """Keep nothing of it; where it has got its place, that stays."""
        for waiting in self._under_way:
            waiting.cancel()
            with suppress(Exception):
                waiting.result()
        self._under_way.clear()
        self._file.close()
        self._path.unlink(missing_ok=True)


class Keeper:
    """Keeps the files of one run in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        """name: what a book calls the folder, see BookFile.kept_in."""
        self.folder, self.name = folder, name
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="keep")
        self._files: list[KeptFile] = []

    def begin(self) -> KeptFile:
        """Begin to keep a file.

        Raises OnecardError.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._files:
                _remove_unfinished(self.folder)
            path = self.folder / f"{_UNFINISHED}{os.getpid()}-{id(self)}-{len(self._files)}"
            self._files.append(KeptFile(path, self._pool))
        except OSError as error:
            raise _explain(error, self.folder) from error
        return self._files[-1]

    def keep(self, digests: Mapping[int, str]) -> None:
        """Give files their places, by the order in which they were begun.

        Raises OnecardError. The same bytes may have been kept before: they are kept anew.
        """
        try:
            for index, digest in digests.items():
                self._files[index].place(place_of(self.folder, digest))
            _sync_folder(self.folder)
        except OSError as error:
            raise _explain(error, self.folder) from error

    def close(self) -> None:
        """Let go of everything that has no place."""
        for file in self._files:
            file.drop()
        self._pool.shutdown()
        with suppress(OSError):         # where nothing was ever kept there is no folder
            self.folder.rmdir()


def place_of(folder: Path, digest: str) -> Path:
    """Where the file of a digest is kept."""
    return folder / digest[:2] / f"{digest}.zst"


def read_kept(folder: Path, digest: str) -> Iterator[bytes]:
    """The bytes of a kept file, in parts; all of them are looked at before the first is given.

    Raises OnecardError where it is not there, or not what it was.
    """
    path = place_of(folder, digest)
    if not path.is_file():
        raise OnecardError(
            "this file is not kept here", where=str(path),
            expected="a file that was cleared with --keep nothing never is",
            remedy="name the folder where files are kept with --keep, or ask its sender")
    found = hashlib.sha256()
    try:
        for part in _parts(path):
            found.update(part)
    except zstandard.ZstdError as error:
        raise _damaged(path, str(error)) from error
    if found.hexdigest() != digest:
        raise _damaged(path, Phrase("what is in it has SHA-256 {sha256}", sha256=found.hexdigest()))
    yield from _parts(path)


def is_kept(folder: Path, digest: str) -> bool:
    """Whether the file of a digest is there; `read_kept` says whether it is what it was."""
    return place_of(folder, digest).is_file()


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(
            file, read_across_frames=True) as stream:
        while part := stream.read(1 << 20):
            yield part


def _damaged(path: Path, found: str) -> BookDamaged:
    return BookDamaged(
        "this kept file is damaged", where=str(path),
        expected=Phrase("the bytes of its name; {found}", found=found),
        remedy="restore it from a copy; or clear the same file again, which keeps it anew")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_unfinished(folder: Path) -> None:
    """Remove what processes left that are gone."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        process = path.name.removeprefix(_UNFINISHED).partition("-")[0]
        if process.isdigit() and not Path("/proc", process).exists():
            path.unlink(missing_ok=True)


def _explain(error: OSError, folder: Path) -> OnecardError:
    return DiskFull(
        Phrase("the input files cannot be kept: {strerror}", strerror=error.strerror),
        where=str(folder),
        expected="nothing of the run was committed",
        remedy="make room or check who may write there, name another folder with --keep, or keep "
               "no files with --keep nothing")
