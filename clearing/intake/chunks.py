"""Blocks of text to chunks: taps in the worker's buffer, and refusals with their raw bytes."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearing.intake.admissions import Admissions
from clearing.intake.blocks import Block, OddLine
from clearing.intake.decoder_tables import LEARNED_KINDS, CodeTable, DecoderTables, Speaker
from clearing.intake.deny_lists import DenyLists
from clearing.intake.formats.canonical import Shape
from clearing.intake.proof import GREY, Proof, Terminals
from clearing.intake.ride_codes import RideCodes
from clearing.intake.spill import Aside, Spill, make_arena
from clearing.intake.terminals import TerminalList, TerminalPlaces
from ext.clearing.persons import Persons
from ext.codes import Code
from ext.intake.buffer import PartitionBuffer
from ext.intake.decode import LONGEST_RAW, NO_COLUMN, PROGRESS, Column, Need, decode_rows
from ext.intake.lookup import Lookup
from ext.records import REFUSAL, TAP, TAP_BLANKS, TAP_FLAGS, Records
from network.cards import are_most, card_text, is_rounded
from network.language import Phrase, joined

# Rows that are decoded before they are buffered: a call costs as much as a few hundred rows.
ROWS = 16_384
STOPPED_BY = {Code.UNKNOWN_TERMINAL: "device", Code.TERMINAL_ELSEWHERE: "device",
              Code.ISSUER_NOT_ADMITTED: "issuer", Code.CARD_DENIED: "card",
              Code.TAC_INVALID: "tac", Code.TAC_KEY_UNKNOWN: "tac", Code.TAC_GREY: "tac"}
REFUSALS_MOST = 100_000     # of one file that are told one by one: some 1 KB each


@dataclass
class Chunk:
    """What became of one block. Line numbers count from 0 at its first record."""

    number: int                         # of the block, among all
    worker: int
    records: int
    accepted: int                       # how many taps are in the worker's buffer
    latest: int                         # when the last of them was, UTC seconds
    refusals: Records                   # REFUSAL, in the order of the lines
    raw: bytes                          # of each refusal, one behind the other
    refused: int = 0                    # how many refusals wait aside
    aside: bytes | Aside = b""          # these, and their raw bytes
    due: int = 0                        # of every record whose amounts can be read
    paid: int = 0
    unread: int = 0                     # records whose amounts cannot be read
    accepted_due: int = 0
    accepted_paid: int = 0
    long_cards: int = 0                 # taps whose card has more digits than a spreadsheet keeps
    rounded_cards: int = 0              # of these, with zeros where a spreadsheet has them
    rounded_card: str = ""              # one of them, where they are most
    file_index: int = 0
    first_line: int = field(default=0)  # the file's line of its first record


class RefusalLimit:
    """How many refusals of one file are held; once there are more, the first of each code only."""

    def __init__(self) -> None:
        self._lock, self._refused = threading.Lock(), 0

    @property
    def is_passed(self) -> bool:
        """Whether the file is refused as a whole."""
        return self._refused > REFUSALS_MOST

    def hold(self, chunk: Chunk, spill: Spill) -> None:
        """Count what a chunk refused, drop what is too much of it, and put the rest aside."""
        with self._lock:
            self._refused += len(chunk.refusals)
        if self.is_passed:
            _, firsts = np.unique(chunk.refusals["code"], return_index=True)
            chunk.refusals, chunk.raw = chunk.refusals[firsts], b""
        chunk.refused = len(chunk.refusals)
        chunk.aside = spill.put_aside(chunk.refusals.tobytes() + chunk.raw)
        chunk.refusals, chunk.raw = chunk.refusals[:0].copy(), b""

    def words(self, chunks: Sequence[Chunk], spill: Spill) -> str:
        """What is wrong with the first record of each kind, of a file's chunks in order."""
        firsts: dict[int, int] = {}
        for chunk in chunks:
            refusals, _ = refusals_of(chunk, spill)
            for row in refusals[np.argsort(refusals["line"], kind="stable")]:
                firsts.setdefault(int(row["code"]), chunk.first_line + int(row["line"]))
        kinds = joined(", ", (Phrase("line {line} {name}", line=line, name=Code(code).name)
                              for code, line in firsts.items()))
        return (Phrase("{refused:,} records are refused, of which at most {most:,} are "
                       "listed; the first of each kind: {kinds}", refused=self._refused,
                       most=REFUSALS_MOST, kinds=kinds))


def refusals_of(chunk: Chunk, spill: Spill) -> tuple[Records, bytes]:
    """What a chunk's refusals were that were put aside: REFUSAL, and raw bytes."""
    data = spill.take_back(chunk.aside)
    size = chunk.refused * REFUSAL.itemsize
    return np.frombuffer(data[:size], REFUSAL), data[size:]


class Stop(NamedTuple):
    """What records are asked once they are read, in this order; None: nothing."""

    terminals: TerminalList | None = None
    admissions: Admissions | None = None
    denied: DenyLists | None = None
    proof: Proof | None = None
    ride_codes: RideCodes | None = None


class Worker:
    """One thread's own tables, buffer and scratch space: no two threads use one at a time."""

    def __init__(self, number: int, decoder_tables: DecoderTables, partitions: int, spill: Spill,
                 persons: Persons, stop: Stop) -> None:
        self.number, self._prefixes = number, decoder_tables.prefixes
        self._civil_offsets = decoder_tables.network.clock.offsets
        self.tables: dict[str, CodeTable] = decoder_tables.learned_tables()
        self.buffer = PartitionBuffer(partitions, persons)
        self._spill, self._arenas = spill, 0
        self._stop_by, self._terminals = stop, Terminals()
        self._places = (None if stop.terminals is None else
                        TerminalPlaces(stop.terminals, self.tables))
        self._taps = np.empty(ROWS, dtype=TAP)
        self._refusals = np.empty(256, dtype=REFUSAL)
        self._raw = np.empty(0, dtype=np.uint8)

    def _lookups(self, speaker: Speaker) -> tuple[Lookup, ...]:
        return (*speaker.closed, *(self.tables[kind].lookup for kind in LEARNED_KINDS))

    def decode(self, block: Block, shape: Shape, number: int, speaker: Speaker,
               place: Callable[[Records], None] | None = None) -> Chunk:
        """Every line of a block as a tap in the buffer or a refusal, as its sender may speak.

        `place` is given the taps first, to say where else they are from. Raises OnecardError
        where the disk has no room for what memory may not hold.
        """
        if len(self._raw) < block.stop:
            self._raw = np.empty(block.stop, dtype=np.uint8)
        progress = np.zeros(1, dtype=PROGRESS)
        accepted = latest = 0
        rounded = ""
        lookups = self._lookups(speaker)
        text = _Text(block, shape)
        stopped = _Stopped(text)
        need = Need.TAPS
        while need != Need.DONE:
            need = decode_rows(
                block.buffer, block.stop, block.offset, shape.places, len(shape.columns),
                speaker.settings, self._civil_offsets, speaker.rules, self._prefixes, lookups,
                self._taps, self._refusals, self._raw, progress, shape.spans, shape.record)
            if need in (Need.TAPS, Need.DONE):
                taps = self._taps[:int(progress["taps"][0])]
                taps = stopped.take(taps, self._stop(taps, text))
                lookups = self._lookups(speaker)    # terminals may have brought lines
                if self._stop_by.proof is not None:
                    _mark_proven(taps)
                rounded = rounded or _find_rounded(taps, progress[0])
                if place is not None:
                    place(taps)
                latest = max(latest, self._buffer_taps(taps, number))
                accepted += len(taps)
                progress["taps"] = 0
            elif need == Need.REFUSALS:
                self._refusals = _double(self._refusals)
            else:
                for table in self.tables.values():
                    table.grow_if_half_full()
                lookups = self._lookups(speaker)
        chunk = replace(self._chunk(progress[0], number, accepted, latest), rounded_card=rounded)
        stopped.put_into(chunk)
        return chunk

    def _stop(self, taps: Records, text: _Text) -> npt.NDArray[np.uint16]:
        """A Code for each tap that was read: what is asked of it says the first that has one."""
        codes = np.zeros(len(taps), dtype=np.uint16)
        by = self._stop_by
        for asked in (self._places, by.admissions, by.denied):
            if asked is not None:
                told = asked.check(taps)
                codes = np.where(codes != 0, codes, told)
        if by.proof is not None:
            told = by.proof.check(taps, self._terminals.rows(self.tables["device"]))
            codes = np.where(codes != 0, codes, told)
        if by.ride_codes is not None and text.has(Column.RIDE_CODE):
            told = by.ride_codes.check(taps, lambda row: text.cell_of(taps[row], Column.RIDE_CODE))
            codes = np.where(codes != 0, codes, told)
        return codes

    def _buffer_taps(self, taps: Records, number: int) -> int:
        """Put taps into the buffer: the latest one's time."""
        done = latest = 0
        while done < len(taps):
            done, time = self.buffer.put(taps, done, number)
            latest = max(latest, time)
            if done < len(taps):
                self._make_room()
        return latest

    def _make_room(self) -> None:
        """Another arena, or all of them anew when what is in them is on the disk."""
        if self._arenas < self._spill.arenas_most:
            self.buffer.add(make_arena())
            self._arenas += 1
        else:
            self._spill.take(self.buffer, self.number)

    def _chunk(self, progress: Any, number: int, accepted: int, latest: int) -> Chunk:
        return Chunk(
            number=number, worker=self.number, records=int(progress["records"]),
            accepted=accepted, latest=latest,
            refusals=self._refusals[:int(progress["refusals"])].copy(),
            raw=self._raw[:int(progress["raw"])].tobytes(),
            due=int(progress["due"]), paid=int(progress["paid"]), unread=int(progress["unread"]),
            accepted_due=int(progress["accepted_due"]),
            accepted_paid=int(progress["accepted_paid"]),
            long_cards=int(progress["long_cards"]), rounded_cards=int(progress["rounded_cards"]))

    def refuse_line(self, odd: OddLine, number: int) -> Chunk:
        """A line that is no line, as a chunk of one refusal."""
        refusals = np.zeros(1, dtype=REFUSAL)
        refusals["offset"], refusals["code"] = odd.offset, odd.code
        refusals["length"] = min(odd.length, 2**32 - 1)
        return Chunk(number=number, worker=self.number, records=1, accepted=0, latest=0,
                     refusals=refusals, raw=odd.head[:LONGEST_RAW], unread=1)


class _Text:
    """The decoder's text of a block, for what of a tap is nowhere else."""

    def __init__(self, block: Block, shape: Shape) -> None:
        self._block, self._shape = block, shape

    def line_of(self, tap: Any) -> bytes:
        """A tap's line, without its end."""
        start = int(tap["source_offset"]) - self._block.offset
        line = bytes(self._block.buffer[start:self._block.buffer.index(b"\n", start)])
        return line.removesuffix(b"\r")

    def has(self, column: Column) -> bool:
        """Whether the file has a column of the format."""
        return bool(self._shape.places[column] != NO_COLUMN)

    def field_of(self, column: str) -> int:
        """The number of a column of the file, from 1 on; 0: it does not have it."""
        return self._shape.columns.index(column) + 1 if column in self._shape.columns else 0

    def cell_of(self, tap: Any, column: Column) -> bytes:
        """What a column that the file has says of a tap that could be read."""
        line = self.line_of(tap)
        if self._shape.record:
            start, width = self._shape.spans[column]
            return line[start:start + width].strip(b" ")
        place = int(self._shape.places[column])
        if b'"' not in line:
            return line.split(b",")[place]
        return next(csv.reader([line.decode("utf-8")], strict=True))[place].encode("utf-8")


class _Stopped:
    """Taps of a block that lists, keys or codes stop: refusals as any others."""

    def __init__(self, text: _Text) -> None:
        self._text = text
        self._rows: list[Records] = []
        self._raw: list[bytes] = []
        self._due = self._paid = 0

    def take(self, taps: Records, codes: npt.NDArray[np.uint16]) -> Records:
        """Leave out those with a code: what is left. Places are those of the decoder's text."""
        bad = np.flatnonzero(codes)
        for row in bad.tolist():
            tap, refusal = taps[row], np.zeros(1, dtype=REFUSAL)
            line = self._text.line_of(tap)
            refusal["offset"], refusal["line"] = tap["source_offset"], tap["source_line"]
            refusal["length"], refusal["code"] = len(line), codes[row]
            refusal["field"] = self._text.field_of(STOPPED_BY.get(codes[row], "ride_code"))
            self._rows.append(refusal)
            self._raw.append(line[:LONGEST_RAW])
        self._due += int(taps["due"][bad].sum())
        self._paid += int(taps["paid"][bad].sum())
        return taps[codes == 0] if len(bad) else taps

    def put_into(self, chunk: Chunk) -> None:
        """Put the refusals among the others, in the order of their lines."""
        if not self._rows:
            return
        ends = np.cumsum(np.minimum(chunk.refusals["length"], LONGEST_RAW)).tolist()
        raw = [chunk.raw[start:end] for start, end in pairwise([0, *ends])] + self._raw
        rows = np.concatenate([chunk.refusals, *self._rows])
        order = np.argsort(rows["line"], kind="stable")
        chunk.refusals, chunk.raw = rows[order], b"".join(raw[row] for row in order.tolist())
        chunk.accepted_due -= self._due
        chunk.accepted_paid -= self._paid


def _mark_proven(taps: Records) -> None:
    """Say of taps whose codes are right that they are; those that have none are what they were."""
    proven = np.uint8(TAP_BLANKS["PROVEN"])
    is_right = (taps["flags"] & TAP_FLAGS["HAS_TAC"] != 0) & (taps["tac"] != GREY)
    taps["blanks"] |= np.where(is_right, proven, np.uint8(0))


def _find_rounded(taps: Records, progress: Any) -> str:
    """A card that reads as a spreadsheet rounds it, where most long ones so far do; else none."""
    if not are_most(int(progress["rounded_cards"]), int(progress["long_cards"])):
        return ""
    ends = np.flatnonzero(taps["card_lo"] % 10 == 0)
    cards = (card_text(int(taps["card_hi"][row]), int(taps["card_lo"][row]))
             for row in ends.tolist())
    return next((card for card in cards if is_rounded(card)), "")


def _double(array: Records) -> Records:
    """The array with as much room again."""
    return np.concatenate([array, np.empty_like(array)])
