"""Reads files to an Intake: one reader takes blocks off the disk, a pool of threads decodes them.

Nothing of the result depends on the number of threads, the size of the blocks or the order of the
files, but for the index that each file has in the order in which it was given.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from clearing.intake.blocks import BLOCK_BYTES, Block, Buffers, FileReader, OddLine
from clearing.intake.canonical import (
    FORMAT, HeaderInvalid, Shape, read_header, split_header,
)
from clearing.intake.chunks import Chunk, Worker
from clearing.intake.intake import FileReport, Intake
from clearing.intake.trailer import Content, check_trailer
from clearing.intake.vocabulary import Vocabulary
from ext.codes import Code
from ext.decode import LONGEST_LINE
from ext.partition import MOST_PARTITIONS

TAPS_PER_PARTITION = 4096
LIKELY_TAP_BYTES = 110
MOST_LINES = 2**32 - 2
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class FileRefused(Exception):
    """A file that is refused as a whole; its lines are still counted."""

    code: Code
    reason: str
    header: int = 0         # bytes of the header line


def choose_partitions(total_bytes: int) -> int:
    """A power of two such that a partition stays in a core's cache."""
    wanted = total_bytes // (LIKELY_TAP_BYTES * TAPS_PER_PARTITION)
    return min(1 << wanted.bit_length(), MOST_PARTITIONS)


def read_files(paths: Sequence[Path], vocabulary: Vocabulary, *, received_at: int,
               threads: int = 1, block_bytes: int = BLOCK_BYTES,
               partitions: int | None = None) -> Intake:
    """Read every file, each record once.

    Raises FileUnreadable, FileChanged.
    """
    if partitions is None:
        partitions = choose_partitions(sum(path.stat().st_size for path in paths))
    with Crew(threads, vocabulary, received_at, partitions) as crew:
        files, chunks = [], []
        for index, path in enumerate(paths):
            report, found = _read_file(index, path, crew, block_bytes)
            files.append(report)
            chunks.extend(found)
    return Intake(files, chunks, partitions, vocabulary,
                  [worker.tables for worker in crew.workers])


class Crew:
    """The decoding threads, with a bounded number of blocks on their way."""

    def __init__(self, threads: int, vocabulary: Vocabulary, received_at: int,
                 partitions: int) -> None:
        self.workers = [Worker(number, vocabulary, received_at, partitions)
                        for number in range(threads)]
        self.buffers = Buffers()
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            self._idle.put(worker)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="intake")
        self._under_way: deque[Future[Chunk]] = deque()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def decode(self, pieces: Iterator[Block | OddLine], shape: Shape) -> Iterator[Chunk]:
        """A chunk for every piece, in their order."""
        for piece in pieces:
            self._under_way.append(self._pool.submit(self._decode_piece, piece, shape))
            if len(self._under_way) > len(self.workers) + 1:
                yield self._under_way.popleft().result()
        while self._under_way:
            yield self._under_way.popleft().result()

    def _decode_piece(self, piece: Block | OddLine, shape: Shape) -> Chunk:
        worker = self._idle.get()
        try:
            if isinstance(piece, OddLine):
                return worker.refuse_line(piece)
            chunk = worker.decode(piece, shape)
            self.buffers.give_back(piece.buffer)
            return chunk
        finally:
            self._idle.put(worker)


def _read_file(index: int, path: Path, crew: Crew,
               block_bytes: int) -> tuple[FileReport, list[Chunk]]:
    """One file, whole."""
    with FileReader(path, block_bytes, crew.buffers) as reader:
        report = FileReport(index, path, size_bytes=reader.size)
        chunks: list[Chunk] = []
        try:
            shape, header = _open_canonical(reader)
            report.layout, report.columns = FORMAT, shape.columns
            reader.take_header(header)
            chunks = list(crew.decode(reader.pieces(), shape))
        except FileRefused as refused:
            report.code, report.reason = refused.code, refused.reason
            report.records = _count_lines(reader, refused.header, crew.buffers)
        report.digest = reader.close()
        return _add_up(report, reader, chunks)


def _open_canonical(reader: FileReader) -> tuple[Shape, int]:
    """Where a file of the format has its columns, and the bytes of its header.

    Raises FileRefused.
    """
    peeked = reader.peeked
    if not peeked.removeprefix(codecs.BOM_UTF8):
        raise FileRefused(Code.FILE_EMPTY, "the file holds nothing", len(peeked))
    end = peeked.find(b"\n") + 1
    if peeked.startswith(UTF_16) or b"\0" in peeked[:end or LONGEST_LINE]:
        raise FileRefused(Code.FILE_ENCODING, "the file is not UTF-8: its header has NUL bytes or "
                          "the mark of UTF-16", end)
    if end == 0:
        raise FileRefused(Code.HEADER_INVALID, "the header row does not end with a newline "
                          f"in {len(peeked)} bytes", len(peeked))
    try:
        return read_header(split_header(peeked[:end])), end
    except UnicodeDecodeError:
        raise FileRefused(Code.FILE_ENCODING, "the file is not UTF-8: its header cannot be read",
                          end) from None
    except HeaderInvalid as error:
        raise FileRefused(Code.HEADER_INVALID, str(error), end) from None


def _count_lines(reader: FileReader, header: int, buffers: Buffers) -> int:
    """How many records a file has that nobody can read."""
    reader.take_header(header)
    records = 0
    for piece in reader.pieces():
        if isinstance(piece, OddLine):
            records += 1
        else:
            records += piece.buffer.count(b"\n", 0, piece.stop)
            buffers.give_back(piece.buffer)
    return records


def _add_up(report: FileReport, reader: FileReader,
            chunks: list[Chunk]) -> tuple[FileReport, list[Chunk]]:
    """The file's numbers, and whether its trailer agrees with them."""
    line = 2
    for chunk in chunks:
        chunk.file_index, chunk.first_line = report.index, line
        line += chunk.records
    if not report.code:
        report.records = line - 2
    report.trailer = bool(reader.trailer)
    if reader.trailer and not report.code:
        reason = check_trailer(reader.trailer, Content(
            report.records, sum(chunk.due for chunk in chunks),
            sum(chunk.paid for chunk in chunks), sum(chunk.unread for chunk in chunks),
            reader.content_digest))
        if reason:
            report.code, report.reason = Code.TRAILER_MISMATCH, reason
    if report.records > MOST_LINES and not report.code:
        report.code = Code.FILE_STRUCTURE
        report.reason = f"{report.records} records, at most {MOST_LINES}"
    if report.code:
        report.refused = report.records
        return report, []
    report.accepted = sum(len(chunk.taps) for chunk in chunks)
    report.refused = sum(len(chunk.refusals) for chunk in chunks)
    assert report.accepted + report.refused == report.records
    report.due = sum(chunk.accepted_due for chunk in chunks)
    report.paid = sum(chunk.accepted_paid for chunk in chunks)
    return report, chunks
