"""What was read: files with their counts, refusals with their raw bytes, taps by partition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing.intake.chunks import Chunk
from clearing.intake.vocabulary import OPEN_KINDS, CodeTable, Vocabulary
from clearing.names import Names
from ext.codes import Code
from ext.decode import LONGEST_RAW
from ext.partition import REMAP, SOURCE, Shelf
from ext.records import REFUSAL, TAP

Records = npt.NDArray[Any]
TAP_FIELDS = {"stop": ("stop", "entry_stop"), "line": ("line",), "vehicle": ("vehicle",),
              "device": ("device",)}


@dataclass
class FileReport:
    """One file and what became of it. records = accepted + refused, always."""

    index: int                          # among the files that were given, from 0
    path: Path
    size_bytes: int = 0
    digest: str = ""                    # SHA-256 of the whole file
    layout: str = ""                    # onecard-taps/1, or the layout's name
    columns: tuple[str, ...] = ()       # Refusal.field counts these, from 1
    records: int = 0
    accepted: int = 0
    refused: int = 0
    due: int = 0                        # fen, of the accepted records that say
    paid: int = 0
    code: Code = Code.OK                # why the whole file is refused
    reason: str = ""                    # the same in words, with what was found
    trailer: bool = False


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
                 vocabulary: Vocabulary, tables: list[dict[str, CodeTable]]) -> None:
        """Take over what the workers decoded."""
        self.files, self.chunks, self.partitions = files, chunks, partitions
        self._vocabulary, self._tables = vocabulary, tables
        self._shelf: Shelf | None = None

    def refusals(self, file_index: int, file_number: int = 0) -> Refusals:
        """The refused records of a file; none where the file is refused as a whole."""
        if self.files[file_index].code:
            return Refusals(np.empty(0, dtype=REFUSAL), b"", np.empty(0, dtype=np.int64))
        chunks = [chunk for chunk in self.chunks if chunk.file_index == file_index]
        records = np.concatenate([np.empty(0, dtype=REFUSAL),
                                  *(chunk.refusals for chunk in chunks)])
        starts = np.repeat(np.array([chunk.first_line for chunk in chunks], dtype=np.uint32),
                           [len(chunk.refusals) for chunk in chunks])
        records["line"] += starts
        records["file"] = file_number
        ends = np.cumsum(np.minimum(records["length"], LONGEST_RAW), dtype=np.int64)
        return Refusals(records, b"".join(chunk.raw for chunk in chunks), ends)

    def number_codes(self, names: Names, files: Mapping[int, int]) -> None:
        """Enter the codes that records brought, and number the files' taps.

        `files` says for each file that counts, by its index, the number that its taps carry.
        The codes are entered in sorted order, so that their numbers depend on nothing else.
        """
        files = {index: number for index, number in files.items()
                 if not self.files[index].code}
        chunks = [chunk for chunk in self.chunks if chunk.file_index in files]
        # Where every file counts, what a worker entered some tap has; else it is looked for.
        partly = None if len(files) == len(self.files) else chunks
        remaps = np.zeros(len(self._tables), dtype=REMAP)
        parts, size = [], 0
        for kind in OPEN_KINDS:
            for worker, numbers in enumerate(self._number_kind(kind, names, partly)):
                remaps[f"{kind}s"][worker] = size
                parts.append(numbers)
                size += len(numbers)
        sources = np.zeros(len(chunks), dtype=SOURCE)
        for source, chunk in zip(sources, chunks, strict=True):
            source["file"], source["keep"] = files[chunk.file_index], 1
            source["first_line"], source["worker"] = chunk.first_line, chunk.worker
        self._shelf = Shelf([(chunk.taps, chunk.offsets) for chunk in chunks], self.partitions,
                            sources, remaps, np.concatenate(parts))

    def _number_kind(self, kind: str, names: Names,
                     chunks: list[Chunk] | None) -> list[npt.NDArray[np.uint32]]:
        """Per worker, the book's number for each of its own (of those that the chunks have)."""
        scopes = self._vocabulary.scopes
        codes = [table[kind].list_codes() for table in self._tables]
        used = self._used_numbers(kind, chunks)
        wanted = {codes[worker][index - 1]
                  for worker, numbers in enumerate(used) for index in numbers.tolist() if index}
        found = {(scope, code): names.number(kind, code, scopes[scope])
                 for scope, code in sorted(wanted, key=lambda key: (scopes[key[0]], key[1]))}
        remaps = []
        for worker, own in enumerate(codes):
            remap = np.zeros(len(own) + 1, dtype=np.uint32)
            for index in used[worker].tolist():
                if index:
                    remap[index] = found[own[index - 1]]
            remaps.append(remap)
        return remaps

    def _used_numbers(self, kind: str,
                      chunks: list[Chunk] | None) -> list[npt.NDArray[np.int64]]:
        """Per worker, the numbers that taps of these chunks have; None: all of them."""
        marks = [np.zeros(len(table[kind]), dtype=np.bool_) for table in self._tables]
        if chunks is None:
            return [np.arange(len(mark), dtype=np.int64) for mark in marks]
        for chunk in chunks:
            for name in TAP_FIELDS[kind]:
                marks[chunk.worker][chunk.taps[name]] = True
        return [np.flatnonzero(mark) for mark in marks]

    def count(self, partition: int) -> int:
        """How many taps a partition has."""
        assert self._shelf is not None, "number_codes comes first"
        return self._shelf.count(partition)

    def gather(self, partition: int, taps: Records | None = None) -> Records:
        """A partition's taps (TAP) of all files that count, with the book's numbers.

        `taps` has room for `count(partition)` rows; without it there is a new array.
        """
        assert self._shelf is not None, "number_codes comes first"
        if taps is None:
            taps = np.empty(self._shelf.count(partition), dtype=TAP)
        self._shelf.gather(partition, taps)
        return taps
