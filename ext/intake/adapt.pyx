"""Records of another layout to lines of onecard-taps/1, by a decode plan.

Each record becomes the line that clearing/intake/formats makes of it, byte by byte, or is left to
that: what has quotes, or cannot be read. The lines go to ext/intake/decode, which alone decides
whether a record is good.

The caller guarantees PAD readable bytes after the data, and of lines that it ends with a newline.
"""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr

from ext.checked cimport check
from ext.civil cimport clock_of
from ext.intake.cells cimport read_cells
from ext.intake.decode cimport COLUMNS, COLUMN_LIMIT, Field
from ext.intake.scan cimport WAYS, use_way
from ext.intake.steps cimport read_values
from ext.intake.text cimport LINE_LIMIT, PAD, likely, load8, low_bytes, store8, zero_bytes
from ext.records cimport CivilOffset

cdef Rules _rules
cdef Cell _cell
cdef Source _source
cdef Condition _condition
cdef Change _change
cdef Text _text
cdef Adapting _adapting

RULES = np.asarray(<Rules[:1]>&_rules).dtype
CELL = np.asarray(<Cell[:1]>&_cell).dtype
SOURCE = np.asarray(<Source[:1]>&_source).dtype
CONDITION = np.asarray(<Condition[:1]>&_condition).dtype
CHANGE = np.asarray(<Change[:1]>&_change).dtype
TEXT = np.asarray(<Text[:1]>&_text).dtype
ADAPTING = np.asarray(<Adapting[:1]>&_adapting).dtype

MOST_CELLS = CELLS
MOMENT_BYTES = MOMENT
PAIRS_MOST = LETTERS


cdef class Plan:
    """A decode plan over the caller's arrays, checked once; it keeps them alive."""

    cdef const Rules[::1] _rules
    cdef const CivilOffset[::1] _civil_offsets
    cdef const Cell[::1] _cells
    cdef const Source[::1] _sources
    cdef const uint16_t[::1] _reads
    cdef const Condition[::1] _conditions
    cdef const Change[::1] _changes
    cdef const Text[::1] _texts
    cdef const uint8_t[::1] _bytes
    cdef const uint32_t[::1] _letters
    cdef const uint64_t[::1] _cuts

    def __init__(self, rules not None, civil_offsets not None, cells not None,
                 sources not None, reads not None, conditions not None,
                 changes not None, texts not None, data not None,
                 letters not None, cuts not None):
        self._rules, self._civil_offsets = rules, civil_offsets
        self._cells, self._sources, self._reads = cells, sources, reads
        self._conditions, self._changes, self._texts = conditions, changes, texts
        self._bytes, self._letters, self._cuts = data, letters, cuts
        self._check_rules()
        self._check_cells()
        self._check_sources()
        self._check_texts()

    cdef _check_rules(self):
        cdef const Rules *rules
        if self._rules.shape[0] != 1:
            raise ValueError(f"rules: {self._rules.shape[0]} rows, expected 1")
        rules = &self._rules[0]
        if not (0 < rules.written <= COLUMNS and rules.tapped_at < rules.written
                and rules.kind < rules.written and rules.in_at <= rules.written):
            raise ValueError(f"rules: {rules.written} columns are written, with times in "
                             f"{rules.tapped_at} and {rules.in_at} and the kind in {rules.kind}, "
                             f"expected 1 to {COLUMNS}")
        if rules.objects:
            return
        if rules.record > LINE_LIMIT or not rules.lines and not rules.record:
            raise ValueError(f"rules: records of {rules.record} bytes, expected 1 to {LINE_LIMIT}")
        if not rules.record and not (0 < rules.columns <= rules.columns_noted < COLUMN_LIMIT + 2):
            raise ValueError(f"rules: {rules.columns} to {rules.columns_noted} columns")
        if rules.record and self._cuts.shape[0] <= <int>rules.record >> 6:
            raise ValueError(f"cuts: {self._cuts.shape[0]} words, expected a bit for each of "
                             f"{rules.record} bytes, and one more")
        if rules.encoding == Encoding.PAIRS and self._letters.shape[0] != LETTERS:
            raise ValueError(f"letters: {self._letters.shape[0]} of them, expected {LETTERS}")

    cdef _check_cells(self):
        cdef const Rules *rules = &self._rules[0]
        if self._cells.shape[0] > CELLS:
            raise ValueError(f"cells: {self._cells.shape[0]} of them, expected up to {CELLS}")
        for index in range(self._cells.shape[0]):
            cell = self._cells[index]
            if rules.objects:
                if cell.start >= self._texts.shape[0]:
                    raise ValueError(f"cells: {cell.start} of {self._texts.shape[0]} texts")
                continue
            if (cell.start >= rules.columns if not rules.record else
                    <uint32_t>cell.start + cell.width > rules.record
                    or cell.type >= CellType.BIG_ENDIAN and cell.width > 8):
                raise ValueError(f"cells: {cell.width} bytes from {cell.start} on, in records of "
                                 f"{rules.record} bytes or {rules.columns} columns")

    cdef _check_sources(self):
        for index in range(self._sources.shape[0]):
            source = self._sources[index]
            if not (source.column < self._rules[0].written
                    and source.constant < self._texts.shape[0]
                    and <int>source.first_read + source.reads <= self._reads.shape[0]
                    and <int>source.first_condition + source.conditions
                    <= self._conditions.shape[0]
                    and <int>source.first_change + source.changes <= self._changes.shape[0]):
                raise ValueError(f"sources: row {index} names what is not there")
        for index in range(self._reads.shape[0]):
            if self._reads[index] >= self._cells.shape[0]:
                raise ValueError(f"reads: {self._reads[index]} of {self._cells.shape[0]} cells")

    cdef _check_texts(self):
        texts = self._texts.shape[0]
        for index in range(self._conditions.shape[0]):
            condition = self._conditions[index]
            if (condition.cell >= self._cells.shape[0]
                    or <int>condition.first_text + condition.texts > texts):
                raise ValueError(f"conditions: row {index} names what is not there")
        for index in range(self._changes.shape[0]):
            change = self._changes[index]
            needed = (2 * (<int>change.texts + change.prefixes) if change.type == ChangeType.MAP
                      else <int>change.texts)
            if (change.first_text + needed > texts or change.first_text >= texts
                    or change.otherwise >= texts
                    or change.type == ChangeType.SLICE and change.first > change.last):
                raise ValueError(f"changes: row {index} names what is not there")
        for index in range(texts):
            text = self._texts[index]
            if <int64_t>text.start + text.size + PAD > self._bytes.shape[0]:
                raise ValueError(f"texts: row {index} ends behind {self._bytes.shape[0]} bytes "
                                 f"less {PAD}")

    cdef void prepare(self, Work *work) noexcept:
        """Let a kernel follow the plan."""
        work.clock = clock_of(self._civil_offsets)
        work.rules = &self._rules[0]
        work.cells = &self._cells[0] if self._cells.shape[0] else NULL
        work.sources = &self._sources[0] if self._sources.shape[0] else NULL
        work.reads = &self._reads[0] if self._reads.shape[0] else NULL
        work.conditions = &self._conditions[0] if self._conditions.shape[0] else NULL
        work.changes = &self._changes[0] if self._changes.shape[0] else NULL
        work.texts = &self._texts[0] if self._texts.shape[0] else NULL
        work.bytes = &self._bytes[0] if self._bytes.shape[0] else NULL
        work.letters = &self._letters[0] if self._letters.shape[0] else NULL
        work.cuts = &self._cuts[0] if self._cuts.shape[0] else NULL
        work.cell_count = <uint32_t>self._cells.shape[0]
        work.source_count = <uint32_t>self._sources.shape[0]
        work.starts[0] = 0      # a line's first field begins where it does
        work.clean = self._rules[0].record > 0 or self._rules[0].delimiter == 44


def adapt_lines(Plan plan not None, const uint8_t[::1] data not None, uint64_t stop,
                uint64_t[::1] starts not None, uint32_t[::1] sizes not None,
                uint32_t[::1] left not None, uint64_t[::1] places not None,
                uint8_t[::1] text not None, Adapting[::1] progress not None):
    """Write the lines of data[progress.at:stop] to text: whether all are done, or there is no room.

    Of each record `starts` and `sizes` get its place in the data, without its line's end. Those
    that are left are in `left`, by number, and in `places` where in the text their lines belong.
    """
    cdef Work work
    cdef bint done
    check_arguments(starts, sizes, left, places, progress)
    if not plan._rules[0].lines:
        raise ValueError("plan: its records are no lines")
    if not progress[0].at <= stop or stop + PAD > <uint64_t>data.shape[0]:
        raise ValueError(f"data: {data.shape[0]} bytes, expected {PAD} after the part from "
                         f"{progress[0].at} to {stop}")
    if stop and data[stop - 1] != 10:
        raise ValueError("data: does not end with a newline")
    plan.prepare(&work)
    with nogil:
        done = _adapt_lines(&work, data, stop, starts, sizes, left, places, text, &progress[0])
    return done


def adapt_records(Plan plan not None, const uint8_t[::1] data not None,
                  uint64_t[::1] starts not None, uint32_t[::1] sizes not None,
                  uint32_t[::1] left not None, uint64_t[::1] places not None,
                  uint8_t[::1] text not None, Adapting[::1] progress not None):
    """The same for records of bytes whose places are known, from progress.records on.

    What has no PAD bytes behind it is left.
    """
    cdef Work work
    cdef bint done
    check_arguments(starts, sizes, left, places, progress)
    if plan._rules[0].lines:
        raise ValueError("plan: its records are lines")
    plan.prepare(&work)
    with nogil:
        done = _adapt_records(&work, data, starts, sizes, left, places, text, &progress[0])
    return done


cdef check_arguments(uint64_t[::1] starts, uint32_t[::1] sizes, uint32_t[::1] left,
                     uint64_t[::1] places, Adapting[::1] progress):
    """Refuse arguments that the loop could not survive."""
    rows = starts.shape[0]
    if not rows == sizes.shape[0] == left.shape[0] == places.shape[0]:
        raise ValueError(f"starts: {rows}, sizes: {sizes.shape[0]}, left: {left.shape[0]}, "
                         f"places: {places.shape[0]} of them, expected as many of each")
    if progress.shape[0] != 1:
        raise ValueError(f"progress: {progress.shape[0]} rows, expected 1")


cdef bint _adapt_lines(Work *work, const uint8_t[::1] data, uint64_t stop, uint64_t[::1] starts,
                       uint32_t[::1] sizes, uint32_t[::1] left, uint64_t[::1] places,
                       uint8_t[::1] text, Adapting *progress) except -1 nogil:
    """Every line becomes the next one of the text, or is left."""
    cdef const uint8_t *at
    cdef const uint8_t *end
    cdef uint32_t size
    while progress.at < stop:
        at = &data[progress.at]
        end = <const uint8_t *>memchr(at, 10, stop - progress.at)
        check(end != NULL, b"the data ends with a newline")
        size = <uint32_t>min(<uint64_t>(end - at), <uint64_t>0xFFFFFFFF)
        if size and at[size - 1] == 13:
            size -= 1
        starts[progress.records] = progress.at
        sizes[progress.records] = size
        if not adapt(work, at, size, left, places, text, progress):
            return False
        progress.at += <uint64_t>(end - at) + 1
    return True


cdef bint _adapt_records(Work *work, const uint8_t[::1] data, uint64_t[::1] starts,
                         uint32_t[::1] sizes, uint32_t[::1] left, uint64_t[::1] places,
                         uint8_t[::1] text, Adapting *progress) except -1 nogil:
    """Every record becomes the next line of the text, or is left."""
    cdef uint64_t size = data.shape[0], start
    while progress.records < <uint64_t>starts.shape[0]:
        start = starts[progress.records]
        if start >= size or size - start < <uint64_t>sizes[progress.records] + PAD:
            leave(left, places, progress)
        elif not adapt(work, &data[start], sizes[progress.records], left, places, text, progress):
            return False
    return True


cdef inline int leave(uint32_t[::1] left, uint64_t[::1] places,
                      Adapting *progress) except -1 nogil:
    """Leave a record to who called."""
    left[progress.left] = <uint32_t>progress.records
    places[progress.left] = progress.written
    progress.left += 1
    progress.records += 1
    return 0


cdef inline bint adapt(Work *work, const uint8_t *at, uint32_t size, uint32_t[::1] left,
                       uint64_t[::1] places, uint8_t[::1] text, Adapting *progress
                       ) except -1 nogil:
    """One record; False where there is no room for its line."""
    if read_cells(work, at, size) or read_values(work) or not is_clean(work):
        leave(left, places, progress)
        return True
    if not write_line(work, text, progress):
        return False
    progress.records += 1
    return True


cdef inline bint is_clean(const Work *work) noexcept nogil:
    """Whether no value has a comma in it, which would need quotes around the value."""
    cdef uint32_t i, k
    cdef Field field
    cdef uint64_t word, found = 0
    if likely(work.clean):
        return True
    for i in range(work.rules.written):
        field = work.values[i]
        for k in range(0, field.size, 8):
            word = load8(field.at + k)
            if field.size - k < 8:
                word |= ~low_bytes[field.size - k]
            found |= zero_bytes(word ^ <uint64_t>0x2C2C2C2C2C2C2C2C)
    return found == 0


cdef inline bint write_line(Work *work, uint8_t[::1] text, Adapting *progress) except -1 nogil:
    """Put the values behind what is written, commas between them; False where there is no room."""
    cdef uint32_t i, k
    cdef uint64_t size = work.rules.written
    cdef uint8_t *to
    cdef Field field
    for i in range(work.rules.written):
        size += work.values[i].size
    if progress.written + size + PAD > <uint64_t>text.shape[0]:
        return False
    to = &text[progress.written]
    for i in range(work.rules.written):
        field = work.values[i]
        for k in range(0, field.size, 8):   # what is too much is overwritten
            store8(to + k, load8(field.at + k))
        to += field.size
        to[0] = 44
        to += 1
    (to - 1)[0] = 10
    progress.written += size
    check(to == &text[0] + progress.written, b"a line has the bytes of its values")
    return True


def find_records(const uint8_t[::1] data not None, uint32_t record, uint32_t start,
                 uint32_t width, CellType kind, uint32_t unit, uint32_t besides,
                 uint64_t[::1] starts not None, uint32_t[::1] sizes not None):
    """Where records begin that say how long they are, up to one that does not: how many.

    record: bytes that each has at least; the other numbers are those of layout_model.Length.
    """
    cdef uint64_t found
    if not (1 <= width <= 4 and start + width <= record <= LINE_LIMIT
            and starts.shape[0] == sizes.shape[0]
            and <uint64_t>starts.shape[0] > <uint64_t>data.shape[0] // record):
        raise ValueError(f"{width} bytes from {start} on, in records of {record}; starts: "
                         f"{starts.shape[0]}, sizes: {sizes.shape[0]} of them, expected one for "
                         f"each record that {data.shape[0]} bytes can have, and one more")
    with nogil:
        found = _find_records(data, record, start, width, kind, unit, besides, starts, sizes)
    return found


cdef uint64_t _find_records(const uint8_t[::1] data, uint32_t record, uint32_t start,
                            uint32_t width, CellType kind, uint32_t unit, uint32_t besides,
                            uint64_t[::1] starts, uint32_t[::1] sizes) except? 0 nogil:
    cdef uint64_t at = 0, end = data.shape[0], count = 0, said, i
    cdef uint32_t byte
    while end - at >= record:
        said = 0
        for i in range(width):
            byte = data[at + start + (width - 1 - i if kind == CellType.LITTLE_ENDIAN else i)]
            if kind == CellType.BCD:
                if byte >> 4 > 9 or byte & 15 > 9:
                    return count
                said = said * 100 + (byte >> 4) * 10 + (byte & 15)
            else:
                said = said << 8 | byte
        said = said * unit + besides
        if said < record or said > LINE_LIMIT or said > end - at:
            return count
        starts[count], sizes[count] = at, <uint32_t>said
        count += 1
        at += said
    return count


[use_way(way) for way in range(WAYS)]       # which leaves the widest one chosen
