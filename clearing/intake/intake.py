"""What was read: files with their counts, refusals with their raw bytes, taps by partition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clearing.intake.blocks import Source
from clearing.intake.chunks import Chunk, Worker, refusals_of
from clearing.intake.decoder_tables import LEARNED_KINDS, DecoderTables
from clearing.intake.kept import Keeper
from clearing.intake.known_numbers import KnownNumbers
from clearing.intake.layout_model import Layout
from clearing.intake.spill import Spill
from ext.codes import Code
from ext.intake.buffer import REMAP, SOURCE, Origins, mark_used
from ext.intake.decode import LONGEST_RAW
from ext.records import REFUSAL, TAP, Records
from network.cards import are_most
from network.language import Phrase
from network.names import Names

# Of one file that the book does not know: a province has fewer devices.
CODES_MOST = 100_000


@dataclass
class FileReport:
    """One file and what became of it. records = accepted + refused, always."""

    index: int                          # among the files that were given, from 0
    path: Path
    sender: str = ""                    # "": nobody's
    source: Source | None = None        # None: it was not opened
    size_bytes: int = 0
    digest: str = ""                    # SHA-256 of the whole file
    layout: str = ""                    # onecard-taps/1, or the layout's name
    columns: tuple[str, ...] = ()       # Refusal.field counts these, from 1
    read_by: Layout | None = None       # None: onecard-taps/1, or no layout fits
    is_ended: bool = True               # else no newline ends its last record
    records: int = 0
    accepted: int = 0
    refused: int = 0
    due: int = 0                        # minor units, of the accepted records that say
    paid: int = 0
    long_cards: int = 0                 # accepted records whose card has more than 15 digits
    rounded_cards: int = 0              # of these, with zeros from the 16th digit on
    rounded_card: str = ""              # one of them, where most are
    code: Code = Code.OK                # why the whole file is refused
    reason: str = ""                    # the same in words, with what was found
    trailer: bool = False

    @property
    def doubts(self) -> str:
        """What its sender should look at although records are accepted, in words; "": nothing."""
        told = [] if self.is_ended else [
            "taken, and no newline ends its last record: look whether more should follow"]
        if are_most(self.rounded_cards, self.long_cards):
            told.append(self._tell_rounded())
        return "; ".join(told)

    def _tell_rounded(self) -> str:
        return (Phrase("taken, but of {cards:,} card numbers of more than 15 digits "
                       "{rounded:,} end in zeros, as a spreadsheet rounds them (such as "
                       "{card}): look at the source; if they are rounded, cancel these "
                       "records by corrections and send the file as it was exported",
                       cards=self.long_cards, rounded=self.rounded_cards,
                       card=self.rounded_card))


@dataclass(frozen=True)
class Refusals:
    """The refused records of one file, in the order of their lines."""

    records: Records                    # REFUSAL; field counts the file's columns from 1
    _raw: bytes = field(repr=False)
    _ends: npt.NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.records)

    def raw(self, index: int) -> bytes:
        """A refused record as its file has it, up to LONGEST_RAW bytes."""
        start = int(self._ends[index - 1]) if index else 0
        return self._raw[start:int(self._ends[index])]


class Intake:
    """Everything that was read, until its taps are gathered.

    First `number_codes`, once it is known which files count and what their numbers are; then
    `gather` a partition at a time, on any thread.
    """

    def __init__(self, files: list[FileReport], chunks: list[Chunk], partitions: int,
                 decoder_tables: DecoderTables, workers: Sequence[Worker], blocks: int,
                 spill: Spill, keeper: Keeper | None = None) -> None:
        """Take over what the workers decoded, of so many blocks."""
        self.files, self.chunks, self.partitions = files, chunks, partitions
        self._blocks = blocks
        self._decoder_tables, self._spill, self._keeper = decoder_tables, spill, keeper
        self._tables = [worker.tables for worker in workers]
        self._buffers = [worker.buffer for worker in workers]
        self._origins: Origins | None = None

    def refusals(self, file_index: int, file_number: int = 0) -> Refusals:
        """The refused records of a file; none where the file is refused as a whole."""
        if self.files[file_index].code:
            return Refusals(np.empty(0, dtype=REFUSAL), b"", np.empty(0, dtype=np.int64))
        chunks = [chunk for chunk in self.chunks if chunk.file_index == file_index]
        waited = [refusals_of(chunk, self._spill) for chunk in chunks]
        records = np.concatenate([np.empty(0, dtype=REFUSAL), *(rows for rows, _ in waited)])
        starts = np.repeat(np.array([chunk.first_line for chunk in chunks], dtype=np.uint32),
                           [chunk.refused for chunk in chunks])
        records["line"] += starts
        records["file"] = file_number
        ends = np.cumsum(np.minimum(records["length"], LONGEST_RAW), dtype=np.int64)
        return Refusals(records, b"".join(raw for _, raw in waited), ends)

    def refuse_crowded(self, names: Names) -> None:
        """Refuse every file that brings more new codes than CODES_MOST: all of them stay.

        names: what the book knows. What a file brings is told from its own taps, so that it depends
        on no other file, nor on who read what first.
        """
        if sum(len(table[kind]) for table in self._tables for kind in LEARNED_KINDS) <= CODES_MOST:
            return
        for report in self.files:
            brought = 0 if report.code else self._count_new(report.index, names)
            if brought > CODES_MOST:
                report.code, report.accepted, report.refused = (
                    Code.TOO_MANY_CODES, 0, report.records)
                report.reason = (Phrase("the file brings {brought:,} new stops, lines, vehicles "
                                        "and devices, and one file may bring {most:,}",
                                        brought=brought, most=CODES_MOST))

    def _count_new(self, index: int, names: Names) -> int:
        """How many codes the taps of a file have that the book does not know."""
        sources = np.zeros(max(1, self._blocks), dtype=SOURCE)
        for chunk in self.chunks:
            if chunk.file_index == index:
                sources["keep"][chunk.number] = 1
        new = set()
        for table, marks in zip(self._tables, self._used_numbers(sources), strict=True):
            for kind in LEARNED_KINDS:
                codes = table[kind].list_codes()
                own = [(self._decoder_tables.scopes[codes[place][0]], codes[place][1])
                       for place in np.flatnonzero(marks[kind][1:]).tolist()]
                new |= {(kind, *code) for code, number in zip(
                    own, names.find_all(kind, own), strict=True) if number == 0}
        return len(new)

    def number_codes(self, numbers: KnownNumbers, files: Mapping[int, int]) -> None:
        """Enter the codes that records brought, and number the files' taps.

        `files` says for each file that counts, by its index, the number that its taps carry.
        The codes are entered in sorted order, so that their numbers depend on nothing else.
        """
        files = {index: number for index, number in files.items()
                 if not self.files[index].code}
        sources = np.zeros(max(1, self._blocks), dtype=SOURCE)
        for chunk in self.chunks:
            if chunk.file_index in files:
                sources[chunk.number] = (files[chunk.file_index], chunk.first_line, chunk.worker, 1)
        # Where every file counts, what a worker entered some tap has; else it is looked for.
        used = (self._all_numbers() if len(files) == len(self.files)
                else self._used_numbers(sources))
        remaps = np.zeros(len(self._tables), dtype=REMAP)
        parts, size = [], 0
        for kind in LEARNED_KINDS:
            for worker, own in enumerate(numbers.number(
                    kind, [table[kind] for table in self._tables], self._decoder_tables.scopes,
                    [marks[kind] for marks in used])):
                remaps[f"{kind}s"][worker] = size
                parts.append(own)
                size += len(own)
        self._origins = Origins(sources, remaps, np.concatenate(parts))

    def _all_numbers(self) -> list[dict[str, npt.NDArray[np.uint8]]]:
        """Per worker and kind, a mark on every number that it gave."""
        return [{kind: np.ones(len(table[kind]), dtype=np.uint8) for kind in LEARNED_KINDS}
                for table in self._tables]

    def _used_numbers(self, sources: Records) -> list[dict[str, npt.NDArray[np.uint8]]]:
        """The same of the numbers that taps of wanted files have."""
        used = [{kind: np.zeros(len(table[kind]), dtype=np.uint8) for kind in LEARNED_KINDS}
                for table in self._tables]
        keep = np.ascontiguousarray(sources["keep"], dtype=np.uint8)
        for worker, rows, size in self._packed_rows():
            marks = used[worker]
            mark_used(rows, size, keep, marks["stop"], marks["line"], marks["vehicle"],
                      marks["device"])
        return used

    def _packed_rows(self) -> Iterator[tuple[int, npt.NDArray[np.uint8], int]]:
        """Every worker's taps as they lie in its buffer and on the disk, some at a time."""
        for partition in range(self.partitions):
            for worker, buffer in enumerate(self._buffers):
                rows = self._spill.space(buffer.size(partition))
                yield worker, rows, buffer.drain(partition, rows, 0)
            for segment in self._spill.segments:
                yield segment.worker, *self._spill.read(segment, partition)

    def count(self, partition: int) -> int:
        """How many taps a partition has at most: those of files that do not count, too."""
        return (sum(buffer.count(partition) for buffer in self._buffers)
                + sum(int(segment.counts[partition]) for segment in self._spill.segments))

    def gather(self, partition: int, taps: Records | None = None) -> Records:
        """A partition's taps (TAP) of all files that count, with the book's numbers.

        `taps` has room for `count(partition)` rows; without it there is a new array.
        """
        assert self._origins is not None, "number_codes comes first"
        if taps is None:
            taps = np.empty(self.count(partition), dtype=TAP)
        filled = 0
        for buffer in self._buffers:
            filled = buffer.gather(partition, self._origins, taps, filled)
        for segment in self._spill.segments:
            rows, size = self._spill.read(segment, partition)
            filled = self._origins.unpack(rows, size, taps, filled)
        return taps[:filled]

    def card_filter(self, words: int) -> npt.NDArray[np.uint64]:
        """All cards that have a tap, see ext.clearing.partition.

        words: of the filter, up to CARD_FILTER_WORDS.
        """
        card_filter = self._spill.cards_in(words)
        for buffer in self._buffers:
            buffer.mark(card_filter)
        return card_filter

    @property
    def kept_in(self) -> str:
        """What a book calls the folder where the files are kept; "": they are not."""
        return "" if self._keeper is None else self._keeper.name

    def keep(self, indexes: Iterable[int]) -> None:
        """Give these files their places where files are kept. Raises OnecardError."""
        if self._keeper is not None:
            self._keeper.keep({index: self.files[index].digest for index in indexes})

    def close(self) -> None:
        """Let go of what waits on the disk, and of files that have no place."""
        self._spill.close()
        if self._keeper is not None:
            self._keeper.close()
