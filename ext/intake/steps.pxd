"""What a layout does to a record's texts: clearing/intake/formats/steps.py, for what is plain.

Each gives 0, or LEFT where only Python can tell: then the record's values mean nothing.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from ext.checked cimport must
from ext.civil cimport offset_read
from ext.intake.adapt cimport (
    LEFT, MOMENT, Change, ChangeType, Condition, Source, Text, Work,
)
from ext.intake.cells cimport take_room, write_number
from ext.intake.decode cimport Field
from ext.intake.fields cimport is_digit, read_date
from ext.intake.text cimport (
    eight_digits, likely, load8, load_some, not_digits, same_bytes,
)

cdef enum:
    UTC_MOMENT = 25         # bytes of 2024-11-25T07:30:00+00:00

cdef extern from *:
    """
    static const uint8_t onecard_utc[25] = {
        1, 2, 3, 4, '-', 5, 6, '-', 7, 8, 'T', 9, 10, ':', 11, 12, ':', 13, 14,
        '+', '0', '0', ':', '0', '0',
    };
    """
    const uint8_t *UTC_PATTERN "onecard_utc"


cdef inline Field text_at(const Work *work, uint32_t index) noexcept nogil:
    """One of the plan's texts."""
    cdef Field field
    field.at = work.bytes + work.texts[index].start
    field.size = work.texts[index].size
    return field


cdef inline bint is_text(const Work *work, uint32_t index, Field field,
                         uint64_t word) noexcept nogil:
    """Whether a value, whose first bytes are `word`, is one of the plan's texts."""
    cdef const Text *text = &work.texts[index]
    return text.word == word and text.size == field.size and (
        field.size <= 8 or same_bytes(field.at, work.bytes + text.start, field.size))


cdef inline uint64_t word_of(Field field) noexcept nogil:
    """A value's first 8 bytes, the rest zero."""
    return load_some(field.at, min(field.size, <uint32_t>8))


cdef inline bint is_one_of(const Work *work, uint32_t first, uint32_t count,
                           Field field) noexcept nogil:
    """Whether a value is one of the plan's texts from `first` on."""
    cdef uint64_t word = word_of(field)
    cdef uint32_t i
    for i in range(count):
        if is_text(work, first + i, field, word):
            return True
    return False


cdef inline bint is_space(uint8_t byte) noexcept nogil:
    """Whether str.strip takes an ASCII character off."""
    return byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31


cdef inline bint may_be_space(uint8_t byte) noexcept nogil:
    """Whether a character that begins so may be one that str.strip takes off."""
    return byte == 0xC2 or 0xE1 <= byte <= 0xE3


cdef inline int strip(Field *field) noexcept nogil:
    """Take the spaces around a value off."""
    cdef const uint8_t *last
    while field.size and is_space(field.at[0]):
        field.at += 1
        field.size -= 1
    while field.size and is_space(field.at[field.size - 1]):
        field.size -= 1
    if field.size == 0:
        return 0
    last = field.at + field.size - 1
    while last > field.at and last[0] & 0xC0 == 0x80:
        last -= 1
    return LEFT if may_be_space(field.at[0]) or may_be_space(last[0]) else 0


cdef inline int drop_suffix(const Work *work, const Change *change, Field *field) noexcept nogil:
    cdef Field suffix = text_at(work, change.first_text)
    if field.size >= suffix.size and same_bytes(field.at + field.size - suffix.size, suffix.at,
                                                suffix.size):
        field.size -= suffix.size
    return 0


cdef inline int slice_value(const Change *change, Field *field) noexcept nogil:
    """Characters from, up to but not including; of ASCII each is a byte."""
    cdef uint32_t i, start = min(<uint32_t>change.first, field.size)
    for i in range(field.size):
        if field.at[i] >= 0x80:
            return LEFT
    field.size = min(change.last, field.size) - start
    field.at += start
    return 0


cdef inline int take_digits(const uint8_t *pattern, Field field, uint8_t *moment) noexcept nogil:
    """A time's digits as 20241125073000; what the pattern has no digits of is 0.

    A byte of the pattern up to MOMENT says which of them stands there, any other is itself.
    """
    cdef uint32_t i
    cdef uint8_t place
    cdef bint other = False
    memset(moment, 48, MOMENT)
    for i in range(field.size):
        place = pattern[i]
        if place <= MOMENT:
            moment[place - 1] = field.at[i]
        else:
            other |= field.at[i] != place
    return LEFT if other else 0


cdef inline int read_moment(const uint8_t *moment, int64_t *seconds) noexcept nogil:
    """14 digits as seconds since 1970, where they are a moment."""
    cdef uint64_t date = load8(moment) ^ <uint64_t>0x3030303030303030
    cdef uint64_t clock = load8(moment + 6) ^ <uint64_t>0x3030303030303030
    cdef uint64_t hours, minutes
    if not_digits(date) | not_digits(clock):
        return LEFT
    date, clock = eight_digits(date), eight_digits(clock)
    if read_date(<uint32_t>(date // 10000), <uint32_t>(date // 100 % 100),
                 <uint32_t>(date % 100), seconds):
        return LEFT
    hours, minutes, clock = clock // 10000 % 100, clock // 100 % 100, clock % 100
    if (hours > 23) | (minutes > 59) | (clock > 59):
        return LEFT
    seconds[0] += <int64_t>(hours * 3600 + minutes * 60 + clock)
    return 0


cdef inline void write_day(uint8_t *to, const uint8_t *moment) noexcept nogil:
    """2024-11-25."""
    memcpy(to, moment, 4)
    memcpy(to + 5, moment + 4, 2)
    memcpy(to + 8, moment + 6, 2)
    to[4] = to[7] = 45


cdef inline void write_utc(uint8_t *to, const uint8_t *moment) noexcept nogil:
    """2024-11-25T07:30:00+00:00."""
    write_day(to, moment)
    memcpy(to + 10, b"T00:00:00+00:00", 15)
    memcpy(to + 11, moment + 8, 2)
    memcpy(to + 14, moment + 10, 2)
    memcpy(to + 17, moment + 12, 2)


cdef inline int change_time(Work *work, const Change *change, Field *field) noexcept nogil:
    """A moment or a day that is one, in the format's form."""
    cdef Field pattern = text_at(work, change.first_text)
    cdef uint8_t *moment = take_room(work, MOMENT + UTC_MOMENT)
    cdef uint8_t *to = moment + MOMENT
    cdef int64_t seconds = 0
    if moment == NULL or field.size != pattern.size or take_digits(pattern.at, field[0], moment):
        return LEFT
    if read_moment(moment, &seconds):
        return LEFT
    if change.type == ChangeType.TIME:
        field.at, field.size = moment, MOMENT
    elif change.type == ChangeType.UTC_TIME:
        write_utc(to, moment)
        field.at, field.size = to, UTC_MOMENT
    else:
        write_day(to, moment)
        field.at, field.size = to, 10
    return 0


cdef inline int look_up(const Work *work, const Change *change, Field *field) noexcept nogil:
    """What a value stands for: as a whole, by how it begins, or by default."""
    cdef uint64_t word = word_of(field[0])
    cdef uint32_t i, index = change.first_text
    cdef const Text *text
    cdef Field bare
    for i in range(change.texts):
        if is_text(work, index, field[0], word):
            field[0] = text_at(work, index + 1)
            return 0
        index += 2
    for i in range(change.prefixes):
        text = &work.texts[index]
        if text.size <= field.size and same_bytes(field.at, work.bytes + text.start, text.size):
            field[0] = text_at(work, index + 1)
            return 0
        index += 2
    if change.has_default:
        bare = field[0]
        if strip(&bare):
            return LEFT
        if bare.size == field.size:
            field[0] = text_at(work, change.otherwise)
    return 0


cdef inline int scale(Work *work, const Change *change, Field *field) noexcept nogil:
    """An amount as 2.00 to minor units, exactly; what is written otherwise is left."""
    cdef const uint8_t *at = field.at
    cdef uint32_t start = at[0] == 45, end = start, more = 0, i
    cdef uint8_t *to
    while end < field.size and is_digit(at[end]):
        end += 1
    if end == start:
        return LEFT
    if end < field.size:
        if at[end] != 46:
            return LEFT
        more = field.size - end - 1
        if more == 0 or more > change.first:
            return LEFT
        for i in range(end + 1, field.size):
            if not is_digit(at[i]):
                return LEFT
    to = take_room(work, end + change.first)
    if to == NULL:
        return LEFT
    memcpy(to, at, end)
    memcpy(to + end, at + end + 1, more)
    memset(to + end + more, 48, change.first - more)
    field.at, field.size = to, end + change.first
    return 0


cdef inline int change_value(Work *work, const Change *change, Field *field) noexcept nogil:
    """One change of a value that is not blank."""
    if change.type == ChangeType.MAP:
        return look_up(work, change, field)
    if change.type == ChangeType.SCALE:
        return scale(work, change, field)
    if change.type == ChangeType.STRIP:
        return strip(field)
    if change.type == ChangeType.BLANK:
        if is_one_of(work, change.first_text, change.texts, field[0]):
            field.size = 0
        return 0
    if change.type == ChangeType.DROP_SUFFIX:
        return drop_suffix(work, change, field)
    if change.type == ChangeType.SLICE:
        return slice_value(change, field)
    return change_time(work, change, field)


cdef inline int join(Work *work, const Source *source, Field *field) noexcept nogil:
    """Several columns with a space between each; blank where all of them are."""
    cdef uint32_t i, size = source.reads - 1
    cdef bint some = False
    cdef const Field *part
    cdef uint8_t *to
    for i in range(source.reads):
        part = &work.fields[work.reads[source.first_read + i]]
        size += part.size
        some |= part.size > 0
    to = take_room(work, size)
    if to == NULL:
        return LEFT
    field.at, field.size = to, size if some else 0
    for i in range(source.reads):
        part = &work.fields[work.reads[source.first_read + i]]
        if i:
            to[0] = 32
            to += 1
        memcpy(to, part.at, part.size)
        to += part.size
    must(to == field.at + size, b"what is joined has the bytes of its parts")
    return 0


cdef inline int read_source(Work *work, const Source *source, Field *field) noexcept nogil:
    """The value of one source; blank where its conditions are not met."""
    cdef const Condition *condition
    cdef uint32_t i
    for i in range(source.conditions):
        condition = &work.conditions[source.first_condition + i]
        if not is_one_of(work, condition.first_text, condition.texts,
                         work.fields[condition.cell]):
            field.size = 0
            return 0
    if source.reads == 0:
        field[0] = text_at(work, source.constant)
        return 0
    if likely(source.reads == 1):
        field[0] = work.fields[work.reads[source.first_read]]
    elif join(work, source, field):
        return LEFT
    for i in range(source.changes):
        if field.size == 0:
            return 0
        if change_value(work, &work.changes[source.first_change + i], field):
            return LEFT
    return 0


cdef inline int read_written(const Work *work, Field time, int64_t *seconds) noexcept nogil:
    """A moment that change_time has written, as UTC seconds."""
    cdef uint8_t moment[MOMENT + 2]
    if time.size == MOMENT:
        if read_moment(time.at, seconds):
            return LEFT
        seconds[0] -= offset_read(&work.clock, seconds[0])
        return 0
    if time.size != UTC_MOMENT or take_digits(UTC_PATTERN, time, moment):
        return LEFT
    return read_moment(moment, seconds)


cdef inline int count_by_time(Work *work, Field *field) noexcept nogil:
    """A counter for a record that has none: the seconds of its own time."""
    cdef Field time = work.values[work.rules.tapped_at]
    cdef Field kind = work.values[work.rules.kind]
    cdef int64_t seconds = 0
    if kind.size == 4 and memcmp(kind.at, b"ride", 4) == 0:
        if work.values[work.rules.in_at].size:
            time = work.values[work.rules.in_at]
    if read_written(work, time, &seconds) or seconds < 0:
        return LEFT
    return write_number(work, <uint64_t>seconds, field)


cdef inline int read_values(Work *work) noexcept nogil:
    """What is written of the record, column by column; of several sources the first not blank."""
    cdef const Source *counted = NULL
    cdef const Source *source
    cdef Field *field
    cdef uint32_t i
    for i in range(work.rules.written + 1):
        work.values[i].size = 0
    for i in range(work.source_count):
        source = &work.sources[i]
        field = &work.values[source.column]
        if source.from_time:
            counted = source
        elif field.size == 0 and read_source(work, source, field):
            return LEFT
    if counted != NULL:
        return count_by_time(work, &work.values[counted.column])
    return 0
