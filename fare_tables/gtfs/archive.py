"""The files of a feed, as text: from a folder or a zip, with bounds, and nothing unpacked.

At most 64 MiB of a file are read, whatever a zip says of its size; files that fares do not need are
not read at all.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fare_tables.gtfs.notices import FeedRefused, Notices
from network.language import Phrase

FILE_BYTES_MOST = 64 << 20
ENTRIES_MOST = 10_000
ZIP_BYTES_MOST = 1 << 30


class Archive:
    """A feed's folder or zip."""

    def __init__(self, path: Path, notices: Notices) -> None:
        """Look at what there is.

        Raises FeedRefused where there is nothing that can be a feed.
        """
        self.path, self.notices = path, notices
        self.zip: zipfile.ZipFile | None = None
        try:
            if path.is_dir():
                self.names = {one.name for one in path.iterdir() if one.is_file()}
            else:
                if path.is_fifo():      # opening it would wait for who writes to it
                    raise ValueError(Phrase("it is a pipe"))
                if path.exists() and not path.is_file():    # which can have no end
                    raise ValueError(Phrase("it is a device, or a socket"))
                if path.stat().st_size > ZIP_BYTES_MOST:
                    raise ValueError(Phrase("it has more than {most:,} bytes",
                                            most=ZIP_BYTES_MOST))
                self.zip = zipfile.ZipFile(path)
                self.names = self._names_in(self.zip)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            said = getattr(error, "strerror", None) or error.args[0]
            self._refuse(Phrase("is neither a folder nor a zip that can be read: {said}",
                                said=said))

    def close(self) -> None:
        """Close the zip."""
        if self.zip is not None:
            self.zip.close()

    def read(self, name: str) -> str | None:
        """The text of a file, checked byte by byte; None where it is not there, or faulty."""
        if name not in self.names:
            return None
        try:
            with self._open(name) as file:
                content = file.read(FILE_BYTES_MOST + 1)
        except (OSError, RuntimeError, NotImplementedError, EOFError,
                zipfile.BadZipFile, zlib.error) as error:
            self.notices.say("GTFS_UNREADABLE", name, 0,
                             Phrase("cannot be read: {error}", error=error))
            return None
        if len(content) > FILE_BYTES_MOST:
            self.notices.say("GTFS_TOO_LARGE", name, 0,
                             Phrase("has more than the {most:,} bytes that are read",
                                    most=FILE_BYTES_MOST))
            return None
        return _text_of(name, content, self.notices)

    def digest(self, names: Iterable[str]) -> str:
        """SHA-256 over files that were read, names and contents: for a folder as for its zip."""
        digest = hashlib.sha256()
        for name in sorted(names):
            with self._open(name) as file:
                content = file.read(FILE_BYTES_MOST)
            digest.update(b"%d %s %d\n" % (len(name), name.encode(), len(content)))
            digest.update(content)
        return digest.hexdigest()

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        if self.zip is None:
            with (self.path / name).open("rb") as file:
                yield file
        else:
            with self.zip.open(name) as packed:
                yield packed

    def _names_in(self, packed: zipfile.ZipFile) -> set[str]:
        """The files at the zip's root."""
        names: set[str] = set()
        folders: set[str] = set()
        if len(packed.infolist()) > ENTRIES_MOST:
            self._refuse(Phrase("the zip has more than {most:,} entries",
                                most=ENTRIES_MOST))
        for entry in packed.infolist():
            name = entry.filename
            parts = name.replace("\\", "/").split("/")
            if ".." in parts or parts[0] == "" or ":" in parts[0]:
                self.notices.say("GTFS_ZIP_PATH", self.path.name, 0,
                                 Phrase("the name {name!r} leads out of the feed", name=name))
            elif len(parts) > 1:
                folders.add(parts[0])
            elif name in names:
                self.notices.say("GTFS_ZIP_PATH", self.path.name, 0,
                                 Phrase("{name!r} is there twice", name=name))
            else:
                names.add(name)
        if folders and not any(name.endswith(".txt") for name in names):
            self.notices.say("GTFS_UNREADABLE", self.path.name, 0,
                             Phrase("its files are in folders ({folders}), and must be at the root "
                                    "of the zip",
                                    folders=", ".join(sorted(folders)[:3])))
        return names

    def _refuse(self, reason: str) -> None:
        self.notices.say("GTFS_UNREADABLE", self.path.name, 0, reason)
        raise FeedRefused(str(self.path), self.notices.listed())


def _text_of(name: str, content: bytes, notices: Notices) -> str | None:
    """The content as text without a byte-order mark; None where it is not text as GTFS has it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        notices.say("GTFS_ENCODING", name, 1, "is UTF-16, and must be UTF-8")
        return None
    at = content.find(b"\0")
    if at >= 0:
        notices.say("GTFS_NUL", name, content.count(b"\n", 0, at) + 1, "contains a NUL byte")
        return None
    stray = content.replace(b"\r\n", b"  ").find(b"\r")
    if stray >= 0:
        notices.say("GTFS_LINE_END", name, content.count(b"\n", 0, stray) + 1,
                    "has a carriage return that does not belong to a CRLF")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        notices.say("GTFS_ENCODING", name, content.count(b"\n", 0, error.start) + 1,
                    Phrase("is not UTF-8: {reason}", reason=error.reason))
        return None
