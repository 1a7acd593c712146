"""One file, read once from front to back: its digest and its lines, in blocks.

The digest is fed with the very bytes that are handed on, so digest and data cannot differ. Memory
is bounded whatever the file holds: a block, and a line of at most LONGEST_LINE carried over. What
is not a whole line within that limit is handed on as an OddLine.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO

from clearing.intake.formats.canonical import HEADER_BYTES
from clearing.intake.kept import KeptFile
from clearing.intake.trailer import MARK
from ext.codes import Code
from ext.intake.decode import LONGEST_LINE, LONGEST_RAW, TEXT_PAD
from network.errors import OnecardError
from network.language import Phrase

BLOCK_BYTES = 1 << 20     # what the digest reads again is still in the core's cache


class FileUnreadable(OnecardError):
    """A file cannot be read, or is not a file."""


class FileChanged(OnecardError):
    """A file was written to while it was read."""


@dataclass(frozen=True)
class Block:
    """Whole lines: buffer[:stop]. The buffer is TEXT_PAD bytes longer at least."""

    buffer: bytearray
    stop: int
    offset: int         # of buffer[0] in the file


@dataclass(frozen=True)
class OddLine:
    """A line that is too long, or the last one where it does not end."""

    offset: int
    length: int
    head: bytes
    code: Code


@dataclass(frozen=True)
class Source:
    """The file that was read, and no other that has its name by now."""

    path: Path
    identity: tuple[int, int, int, int]     # device, inode, bytes, when it was changed

    def open(self) -> BinaryIO:
        """Open it again. Raises FileUnreadable, and FileChanged where it is another file."""
        file = os.fdopen(open_regular(self.path), "rb")
        if identity_of(os.fstat(file.fileno())) != self.identity:
            file.close()
            raise FileChanged("is not the file any more that was read", where=str(self.path),
                              expected="the same file until the command has ended",
                              remedy="give its sender's file again, from where nobody changes it")
        return file


def identity_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """What tells a file from another one, or from itself when it was changed."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def open_regular(path: Path) -> int:
    """A descriptor of a file that is one, and no link. Raises FileUnreadable."""
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would hold us for ever. A link can be
        # led elsewhere by who may write to its folder, and not to what we may read.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if path.is_symlink():
            raise FileUnreadable("is a symbolic link", where=str(path), expected="the file itself",
                                 remedy="name the file that it leads to") from None
        raise FileUnreadable(Phrase("cannot be read: {strerror}", strerror=error.strerror),
                             where=str(path),
                             remedy="check the name and who may read it") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileUnreadable("is not a regular file", where=str(path),
                             remedy="copy what it holds to a file first")
    return descriptor


class Buffers:
    """Buffers that are used again, so that no block costs fresh memory."""

    def __init__(self) -> None:
        self._free: list[bytearray] = []

    def take(self, size: int) -> bytearray:
        """A buffer of that size at least; what is in it means nothing."""
        buffer = self._free.pop() if self._free else bytearray()
        if len(buffer) < size:
            buffer = bytearray(size)
        return buffer

    def give_back(self, buffer: bytearray) -> None:
        """Let a buffer be taken again."""
        self._free.append(buffer)


def _is_no_tail(_: bytes) -> bool:
    return False


class FileReader:
    """A file while it is read. Use it in a `with`; `close` says whether the file stood still."""

    def __init__(self, path: Path, block_bytes: int, buffers: Buffers,
                 kept: KeptFile | None = None) -> None:
        """Open the file and look at its header.

        kept: takes the bytes, too. Raises FileUnreadable.
        """
        self.path, self._block_bytes, self._buffers = path, block_bytes, buffers
        self._kept = kept
        descriptor = open_regular(path)
        self._before = os.fstat(descriptor)
        self._file = FileIO(descriptor)
        self._stream: FileIO | BytesIO = self._file
        self.size = self._before.st_size
        self.source = Source(path, identity_of(self._before))
        self._digest = hashlib.sha256()
        self._read = 0
        self.first_line = 1             # of the file, where its records begin
        self.trailer = b""              # the trailer line, once it was met
        self.is_tail: Callable[[bytes], bool] = _is_no_tail     # another last line of a layout's
        self.tail = b""                 # the same, once it was met
        self.takes_last_line = False    # which no newline ends: it is a record all the same
        self.is_ended = True            # it was not so
        self.content_digest = ""        # of everything before the trailer
        self.peeked = os.pread(self._file.fileno(), HEADER_BYTES, 0)

    def __enter__(self) -> FileReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def take_header(self, length: int, lines: int = 1) -> None:
        """Count that many of the peeked bytes as read, and that many lines as no records."""
        self.first_line = 1 + lines
        self._take(self.peeked[:length])
        self._stream.seek(length)
        self._read = length

    def read_as(self, text: bytes) -> None:
        """Go on with this text, which is what the file says that `read_all` has read whole."""
        self._stream = BytesIO(text)
        self.peeked = text[:HEADER_BYTES]

    def _take(self, data: bytes | bytearray | memoryview) -> None:
        """Count bytes as read: every one of the file, once and in order."""
        if self._stream is not self._file:
            return
        self._digest.update(data)
        if self._kept is not None:
            self._kept.write(data)

    def pieces(self) -> Iterator[Block | OddLine]:
        """The rest of the file in order. A buffer is given back by whoever is done with it."""
        carry, more = b"", True
        while more:
            buffer, end = self._fill(carry)
            more = end > len(carry)
            offset = self._read - end
            cut = buffer.rfind(b"\n", 0, end) + 1
            if cut == end:
                cut = self._hold_back(buffer, cut)
            carry = bytes(memoryview(buffer)[cut:end])
            if cut:
                self._take(memoryview(buffer)[:cut])
                yield Block(buffer, cut, offset)
            else:
                self._buffers.give_back(buffer)
            if more and len(carry) > LONGEST_LINE + 2:
                odd, carry = self._skip_line(carry)
                yield odd
        yield from self._last_line(carry)

    def read_all(self) -> bytes:
        """Read the rest of the file at once."""
        data = self._file.readall() or b""
        self._take(data)
        self._read += len(data)
        return data

    def _fill(self, carry: bytes) -> tuple[bytearray, int]:
        """A buffer with what was carried over and the next part of the file."""
        size = len(carry) + self._block_bytes
        buffer = self._buffers.take(size + TEXT_PAD)
        buffer[:len(carry)] = carry
        end = len(carry)
        with memoryview(buffer) as view:
            while end < size:
                count = self._stream.readinto(view[end:size])
                if not count:
                    break
                end += count
        self._read += end - len(carry)
        return buffer, end

    def _hold_back(self, buffer: bytearray, cut: int) -> int:
        """Keep a last line that may be the trailer until it is known what follows it."""
        start = buffer.rfind(b"\n", 0, cut - 1) + 1 if cut else 0
        held = cut - start <= LONGEST_LINE and (
            buffer[start:start + len(MARK)] == MARK or self.is_tail(bytes(buffer[start:cut])))
        return start if held else cut

    def _skip_line(self, head: bytes) -> tuple[OddLine, bytes]:
        """Pass over a line that is too long; what follows it is carried over."""
        offset, length, last = self._read - len(head), len(head), head[-1:]
        self._take(head)
        buffer = bytearray(self._block_bytes)
        while True:
            with memoryview(buffer) as view:
                count = self._stream.readinto(view) or 0
                self._read += count
                at = buffer.find(b"\n", 0, count)
                end = count if at < 0 else at + 1
                self._take(view[:end])
            if count == 0:
                return OddLine(offset, length, head[:LONGEST_RAW], Code.TRUNCATED_LINE), b""
            if at >= 0:
                last = bytes(buffer[at - 1:at]) if at else last
                length += at - (last == b"\r")
                odd = OddLine(offset, length, head[:LONGEST_RAW], Code.LINE_TOO_LONG)
                return odd, bytes(buffer[end:count])
            length += count
            last = bytes(buffer[count - 1:count])

    def _last_line(self, line: bytes) -> Iterator[Block | OddLine]:
        """What no newline followed: a trailer, a line that was cut, or nothing."""
        self.content_digest = self._digest.hexdigest()
        if not line:
            return
        self._take(line)
        if line.startswith(MARK):
            self.trailer = line
            return
        if self.is_tail(line):
            self.tail = line
            return
        if self.takes_last_line:
            self.is_ended = False
            size = len(line) + 1
            yield Block(bytearray(line + b"\n" + bytes(TEXT_PAD)), size, self._read - len(line))
            return
        yield OddLine(self._read - len(line), len(line), line[:LONGEST_RAW], Code.TRUNCATED_LINE)

    def close(self) -> str:
        """The digest of the whole file, now that it is read.

        Raises FileChanged where it is not the file that it was.
        """
        after = os.fstat(self._file.fileno())
        if (after.st_size, after.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns) \
                or (self._stream is self._file and self._read != self._before.st_size):
            raise FileChanged(
                Phrase("changed while it was read: {before} bytes before, {after} after, "
                       "{read} read", before=self._before.st_size, after=after.st_size,
                       read=self._read), where=str(self.path),
                remedy="wait until its sender has finished, then run again")
        if self._kept is not None:
            self._kept.finish()
        return self._digest.hexdigest()
