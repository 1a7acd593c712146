"""Reads files to an Intake: one reader takes blocks off the disk, a pool of threads decodes them.

Nothing of the result depends on the number of threads, the size of the blocks or the order of the
files, but for the index that each file has in the order in which it was given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from clearing.intake.admissions import Admissions
from clearing.intake.blocks import BLOCK_BYTES, Block, Buffers, FileReader, OddLine
from clearing.intake.chunks import Chunk, RefusalLimit, Stop, Worker
from clearing.intake.decoder_tables import DecoderTables, Speaker
from clearing.intake.deny_lists import DenyLists
from clearing.intake.formats.control import Control
from clearing.intake.formats.detect import DetectedFormat, FileRefused, Piece, detect_format
from clearing.intake.intake import FileReport, Intake
from clearing.intake.kept import Keeper, KeptFile
from clearing.intake.layout import answer_forms, load_layout
from clearing.intake.layout_model import Layout
from clearing.intake.proof import KeyProvider, Proof
from clearing.intake.ride_codes import RideCodes
from clearing.intake.senders import Senders, senders_of
from clearing.intake.spill import UNLIMITED, Spill, arenas_within
from clearing.intake.terminals import TerminalList
from clearing.intake.trailer import Content, check_trailer
from ext.clearing.partition import MOST_PARTITIONS
from ext.clearing.persons import NOBODY, Persons
from ext.codes import Code
from network.language import Phrase
from network.network import Network

Layouts = str | Mapping[Path, str | Layout] | None

TAPS_PER_PARTITION = 4096
LIKELY_TAP_BYTES = 110
MOST_LINES = 2**32 - 2


def choose_partitions(total_bytes: int) -> int:
    """A power of two such that a partition stays in a core's cache."""
    wanted = total_bytes // (LIKELY_TAP_BYTES * TAPS_PER_PARTITION)
    return min(1 << wanted.bit_length(), MOST_PARTITIONS)


def read_files(paths: Sequence[Path], decoder_tables: DecoderTables, *, received_at: int,
               threads: int = 1, block_bytes: int = BLOCK_BYTES,
               partitions: int | None = None, layout: Layouts = None,
               memory_bytes: int | None = None, mark_cards: bool = True,
               keeper: Keeper | None = None, persons: Persons = NOBODY,
               senders: Senders = None, keys: KeyProvider | None = None) -> Intake:
    """Read every file, each record once.

    `memory_bytes` is what taps may take in memory; more of them wait on the disk. `mark_cards`:
    whether the cards that have a tap will be asked for, see Intake.card_filter.

    `layout` names the layout of files that are not onecard-taps/1, of all or by path; the network's
    default_layout is meant where it names none.

    `keeper` takes the files themselves; Intake.keep gives them their places. `persons`: whose
    cards have to be in one partition. `senders`: who handed the files in, see senders.py.
    `keys`: by which authentication codes are checked; None: they are not.

    Raises FileUnreadable, FileChanged, and OnecardError where there is no such layout.
    """
    names = senders_of(paths, decoder_tables.network, senders)
    layouts = _load_layouts(paths, decoder_tables.network, layout)
    if partitions is None:
        partitions = choose_partitions(sum(path.stat().st_size for path in paths
                                           if path.is_file()))
    spill = Spill(partitions, UNLIMITED if memory_bytes is None
                  else arenas_within(memory_bytes, threads), mark_cards=mark_cards)
    try:
        speakers = {name: decoder_tables.speaker(name, received_at) for name in {*names}}
        with Crew(threads, decoder_tables, partitions, spill, persons, keys) as crew:
            # Nobody waits for a file's last block before the next file is begun.
            read = [_read_file(FileReport(index, path, sender=name), crew, block_bytes,
                               layouts[index], speakers[name],
                               None if keeper is None else keeper.begin())
                    for index, (path, name) in enumerate(zip(paths, names, strict=True))]
            chunks = [chunk for one in read for chunk in _add_up(one, spill)]
    except BaseException:
        spill.close()
        if keeper is not None:
            keeper.close()
        raise
    return Intake([one.report for one in read], chunks, partitions, decoder_tables, crew.workers,
                  crew.blocks, spill, keeper)


def _load_layouts(paths: Sequence[Path], network: Network, layout: Layouts) -> list[Layout | None]:
    """The layout of each file, should it not be onecard-taps/1."""
    default = network.model.default_layout
    names = [(layout.get(path) if isinstance(layout, Mapping) else layout) or default
             for path in paths]
    loaded = {name: load_layout(network.folder.path, name)
              for name in names if name and isinstance(name, str)}
    for one in loaded.values():
        answer_forms(network.folder.path, one)      # what cannot be answered is not begun
    return [name if isinstance(name, Layout) else loaded[name] if name else None for name in names]


class Crew:
    """The decoding threads, with a bounded number of blocks on their way."""

    def __init__(self, threads: int, decoder_tables: DecoderTables, partitions: int, spill: Spill,
                 persons: Persons, keys: KeyProvider | None) -> None:
        self.clock = decoder_tables.network.clock
        network, issuers = decoder_tables.network, decoder_tables.issuers
        self._ride_codes = (RideCodes(network.model.ride_code_authority, self.clock, threads)
                            if network.model.ride_code_authority else None)
        stop = Stop(
            terminals=(None if network.model.terminals is None else
                       TerminalList(network, decoder_tables.scopes)),
            admissions=Admissions(network, issuers) if network.model.admission else None,
            denied=DenyLists(network) if network.model.deny_list else None,
            proof=None if keys is None else Proof(keys, issuers, self.clock),
            ride_codes=self._ride_codes)
        self.workers = [Worker(number, decoder_tables, partitions, spill, persons, stop)
                        for number in range(threads)]
        self.blocks, self._spill = 0, spill
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
        if self._ride_codes is not None:
            self._ride_codes.close()

    def decode(self, detected: DetectedFormat, speaker: Speaker, limit: RefusalLimit
               ) -> list[Future[Chunk]]:
        """Have every piece decoded: their chunks, in order, when they are done.

        Raises what a worker raised over one of the pieces before.
        """
        chunks = []
        for piece in detected.pieces:
            if len(self._under_way) > len(self.workers) + 1:
                self._under_way.popleft().result()
            chunks.append(self._pool.submit(
                self._decode_piece, piece, detected, speaker, limit, self.blocks))
            self._under_way.append(chunks[-1])
            self.blocks += 1
        return chunks

    def _decode_piece(self, piece: Piece, detected: DetectedFormat, speaker: Speaker,
                      limit: RefusalLimit, number: int) -> Chunk:
        worker = self._idle.get()
        try:
            chunk = self._decode(worker, piece, detected, speaker, number)
            limit.hold(chunk, self._spill)
            return chunk
        finally:
            self._idle.put(worker)

    def _decode(self, worker: Worker, piece: Piece, detected: DetectedFormat, speaker: Speaker,
                number: int) -> Chunk:
        if isinstance(piece, OddLine):
            return worker.refuse_line(piece, number)
        if detected.adapter is not None:
            adapted = detected.adapter.adapt(piece)
            chunk = worker.decode(adapted.block, detected.shape, number, speaker,
                                  adapted.place_taps)
            adapted.place_refusals(chunk)
        else:
            assert isinstance(piece, Block)
            chunk = worker.decode(piece, detected.shape, number, speaker)
        if isinstance(piece, Block):
            self.buffers.give_back(piece.buffer)
        return chunk


@dataclass(frozen=True)
class _Read:
    """A file that was read to its end, while some of it may still be decoded."""

    report: FileReport
    reader: FileReader
    chunks: list[Future[Chunk]]
    control: Control | None
    limit: RefusalLimit


def _read_file(report: FileReport, crew: Crew, block_bytes: int, layout: Layout | None,
               speaker: Speaker, kept: KeptFile | None) -> _Read:
    """One file, whole; what is found of it is put down in its report."""
    with FileReader(report.path, block_bytes, crew.buffers, kept) as reader:
        report.size_bytes, report.source = reader.size, reader.source
        chunks: list[Future[Chunk]] = []
        control: Control | None = None
        limit = RefusalLimit()
        try:
            detected = detect_format(reader, layout, crew.clock)
            report.layout, report.columns = detected.layout, detected.columns
            report.read_by, control = detected.read_by, detected.control
            chunks = crew.decode(detected, speaker, limit)
            report.is_ended = reader.is_ended
        except FileRefused as refused:
            report.code, report.reason = refused.code, refused.reason
            lines = _count_lines(reader, crew.buffers)
            report.records = 0 if refused.code == Code.ARCHIVE else lines
        report.digest = reader.close()
        return _Read(report, reader, chunks, control, limit)


def _count_lines(reader: FileReader, buffers: Buffers) -> int:
    """How many records a file has that nobody can read: its lines but the first."""
    lines = 0
    for piece in reader.pieces():
        if isinstance(piece, OddLine):
            lines += 1
        else:
            lines += piece.buffer.count(b"\n", 0, piece.stop)
            buffers.give_back(piece.buffer)
    return max(0, lines - 1)


def _add_up(read: _Read, spill: Spill) -> list[Chunk]:
    """Write down the file's numbers, and whether its trailer agrees with them: what is taken."""
    report, reader = read.report, read.reader
    chunks = [chunk.result() for chunk in read.chunks]
    line = reader.first_line
    for chunk in chunks:
        chunk.file_index, chunk.first_line = report.index, line
        line += chunk.records
    if not report.code:
        report.records = line - reader.first_line
    report.trailer = bool(reader.trailer)
    content = Content(
        report.records, sum(chunk.due for chunk in chunks), sum(chunk.paid for chunk in chunks),
        sum(chunk.unread for chunk in chunks), reader.content_digest)
    reasons = [check_trailer(reader.trailer, content) if reader.trailer else "",
               read.control.check(reader.tail, content) if read.control is not None else ""]
    if any(reasons) and not report.code:
        report.code, report.reason = Code.TRAILER_MISMATCH, "; ".join(filter(None, reasons))
    if report.records > MOST_LINES and not report.code:
        report.code = Code.FILE_STRUCTURE
        report.reason = Phrase("{records} records, at most {most}", records=report.records,
                               most=MOST_LINES)
    if read.limit.is_passed and not report.code:
        report.code, report.reason = Code.TOO_MANY_REFUSED, read.limit.words(chunks, spill)
    if report.code:
        report.refused = report.records
        return []
    report.accepted = sum(chunk.accepted for chunk in chunks)
    report.refused = sum(chunk.refused for chunk in chunks)
    assert report.accepted + report.refused == report.records
    report.due = sum(chunk.accepted_due for chunk in chunks)
    report.paid = sum(chunk.accepted_paid for chunk in chunks)
    report.long_cards = sum(chunk.long_cards for chunk in chunks)
    report.rounded_cards = sum(chunk.rounded_cards for chunk in chunks)
    report.rounded_card = next((chunk.rounded_card for chunk in chunks if chunk.rounded_card), "")
    return chunks
