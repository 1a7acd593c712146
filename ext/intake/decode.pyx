"""Text of onecard-taps/1 to Tap records: every row ends as one tap or one refusal.

The text is CSV, or records of one length whose columns stand at known places (spans).

The caller guarantees PAD readable bytes after the text, that the text ends with a newline, and
that `raw` has room for as many bytes as there are left to decode. Of a row's failing checks the
first one counts: the text's (in the order of lines.pxd), then the fields' in the order of
Column. Codes that records may bring (stops, lines, vehicles, devices) are entered last, so that
a refused row enters none.
"""

import numpy as np

from libc.string cimport memcpy, memset

from ext.checked cimport check
from ext.civil cimport clock_of, offset_at
from ext.codes cimport Code, TapKind
from ext.intake.amounts cimport read_money
from ext.intake.corrections cimport read_corrected
from ext.intake.fields cimport (
    is_digit, is_padded, read_amount, read_card, read_day, read_number, read_short, read_time,
)
from ext.intake.lines cimport read_ahead, text_of
from ext.intake.lookup cimport Lookup, Table, find_index
from ext.records cimport (
    BLANK_ALGORITHM, BLANK_CARD_KIND, BLANK_ISSUER, BLANK_KEY_VERSION, BLANK_MEDIUM, DAY_S,
    HAS_DISTANCE, HAS_TAC, CivilOffset, Refusal, Tap,
)
from ext.intake.scan cimport WAYS, use_way
from ext.intake.text cimport CODE_LIMIT, LINE_LIMIT, PAD, hides, likely, load_digits
from ext.intake.tokens cimport (
    direction_of, find_rule, issuer_of, read_closed, read_kind, refuse, take_open,
)

cdef Settings _settings
cdef OperatorRule _rule
cdef Prefix _prefix
cdef Progress _progress
cdef Span _span
cdef Tap no_tap             # whose copy is a few moves, where memset starts a loop
no_tap.blanks = BLANK_KEY_VERSION | BLANK_ALGORITHM

SETTINGS = np.asarray(<Settings[:1]>&_settings).dtype
OPERATOR_RULE = np.asarray(<OperatorRule[:1]>&_rule).dtype
PREFIX = np.asarray(<Prefix[:1]>&_prefix).dtype
PROGRESS = np.asarray(<Progress[:1]>&_progress).dtype
SPAN = np.asarray(<Span[:1]>&_span).dtype

TEXT_PAD = PAD
LONGEST_LINE = LINE_LIMIT
LONGEST_CODE = CODE_LIMIT
LONGEST_RAW = RAW_LIMIT
MOST_COLUMNS = COLUMN_LIMIT
NO_COLUMN = ABSENT

cdef enum:
    SPREADSHEET_DIGITS = 15 # of a number that a spreadsheet keeps
    WORD_BITS = 63          # of a column whose bytes are told by bits, and one to spare
    DAYS_TO_1970 = 25567    # from 1900-01-01, where Tap.born_day counts from
    DAY_FIELD_MOST = 65535  # the last day that fits, wherever it is counted from


def decode_rows(const uint8_t[::1] text not None, uint64_t stop, uint64_t file_offset,
                const uint8_t[::1] places not None, uint32_t columns,
                const Settings[::1] settings not None,
                const CivilOffset[::1] civil_offsets not None,
                const OperatorRule[::1] rules not None, const Prefix[::1] prefixes not None,
                tuple lookups not None, Tap[::1] taps not None, Refusal[::1] refusals not None,
                uint8_t[::1] raw not None, Progress[::1] progress not None,
                const Span[::1] spans not None, uint32_t record):
    """Decode text[progress.at:stop]; says what it ran out of, DONE when nothing is left.
    `lookups` are operators, modes, media, card kinds, issuers, members (closed), stops, lines,
    vehicles, devices. `file_offset` is where text[0] stands in its file. `places` says for each
    Column which of the file's it is. Of CSV `spans` has no row and `record` is 0; of records of one
    length `spans` has a row for each Column, and `record` is the length in bytes without the end.
    """
    check_decode(text, stop, settings, rules, lookups, raw, progress)
    check_places(places, columns, spans, record)
    cdef Tables tables
    cdef Context context
    cdef int need
    fill_tables(&tables, lookups)
    memset(&context, 0, sizeof(Context))
    context.settings = &settings[0]
    context.clock = clock_of(civil_offsets)
    context.rules = &rules[0]
    context.prefixes = &prefixes[0] if prefixes.shape[0] else NULL
    context.prefix_count = prefixes.shape[0]
    context.tables = &tables
    fill_places(&context, places, columns, spans, record)
    with nogil:
        need = _decode_rows(&context, text, stop, file_offset, taps, refusals, raw, &progress[0])
    return Need(need)


cdef check_decode(const uint8_t[::1] text, uint64_t stop, const Settings[::1] settings,
                  const OperatorRule[::1] rules, tuple lookups, uint8_t[::1] raw,
                  Progress[::1] progress):
    """Refuse arguments that the loop could not survive."""
    if settings.shape[0] != 1 or progress.shape[0] != 1:
        raise ValueError(f"settings: {settings.shape[0]} rows, progress: {progress.shape[0]} "
                         "rows, expected 1 of each")
    if not progress[0].at <= stop or stop + PAD > <uint64_t>text.shape[0]:
        raise ValueError(f"text: {text.shape[0]} bytes, expected {PAD} after the part from "
                         f"{progress[0].at} to {stop}")
    if stop > progress[0].at and text[stop - 1] != 10:
        raise ValueError("text: does not end with a newline")
    if progress[0].raw + (stop - progress[0].at) > <uint64_t>raw.shape[0]:
        raise ValueError(f"raw: {raw.shape[0]} bytes, expected room for {stop - progress[0].at} "
                         f"after {progress[0].raw}")
    if len(lookups) != 10:
        raise ValueError(f"lookups: {len(lookups)} of them, expected 10")
    for index in range(1, lookups[0].count()):
        if not 0 < lookups[0].value(index) < rules.shape[0]:
            raise ValueError(f"operators: key {index} has no rule among {rules.shape[0]}")


cdef check_places(const uint8_t[::1] places, uint32_t columns, const Span[::1] spans,
                  uint32_t record):
    """Refuse columns that a row could not have."""
    if places.shape[0] != COLUMNS or not 1 <= columns < COLUMN_LIMIT:
        raise ValueError(f"places: {places.shape[0]} of them for {columns} columns, expected "
                         f"{COLUMNS} for 1 to {COLUMN_LIMIT - 1}")
    for place in places:
        if place != ABSENT and place >= columns:
            raise ValueError(f"places: column {place} of {columns}")
    if spans.shape[0] != (COLUMNS if record else 0) or record > LINE_LIMIT:
        raise ValueError(f"spans: {spans.shape[0]} of them for records of {record} bytes, "
                         f"expected {COLUMNS} for 1 to {LINE_LIMIT}, none for 0")
    for column in range(spans.shape[0]):
        if ((places[column] != ABSENT) != (spans[column].width > 0)
                or <uint32_t>spans[column].start + spans[column].width > record):
            raise ValueError(f"spans: column {column} has {spans[column].width} bytes from "
                             f"{spans[column].start} on, in a record of {record}")


cdef int fill_places(Context *context, const uint8_t[::1] places, uint32_t columns,
                     const Span[::1] spans, uint32_t record) except -1:
    """Say where each column's text is in a row."""
    cdef int column
    context.columns, context.record = columns, record
    context.plain = True
    context.narrow = record <= 256
    for column in range(FIELDS):
        context.places[column] = <uint16_t>columns      # a field behind the last: always blank
    for column in range(COLUMNS):
        if places[column] == ABSENT:
            continue
        context.numbers[column] = places[column] + 1
        context.places[column] = places[column]
        context.have[context.present] = <uint8_t>column
        if column >= Column.DISTANCE_M:
            context.plain = False
        context.present += 1
        if record:
            fill_span(context, column, spans[column])
    return 0


cdef void fill_span(Context *context, int column, Span span) noexcept nogil:
    context.spans[column] = span
    context.spans_from[column] = span.start
    context.words[column], context.shifts[column] = span.start >> 6, span.start & 63
    if span.width <= WORD_BITS:
        context.masks[column] = (<uint64_t>1 << span.width) - 1
    else:
        context.narrow = False


cdef int fill_tables(Tables *tables, tuple lookups) except -1:
    cdef Lookup lookup
    cdef Table *table = &tables.operators
    for each in lookups:
        lookup = each
        table[0] = lookup.table()
        table += 1
    return 0


cdef int _decode_rows(Context *context, const uint8_t[::1] text, uint64_t stop,
                      uint64_t file_offset, Tap[::1] taps, Refusal[::1] refusals,
                      uint8_t[::1] raw, Progress *progress) except -1 nogil:
    """Every row becomes the next tap or the next refusal; stops where there is no room."""
    cdef uint64_t tap_room = taps.shape[0], refusal_room = refusals.shape[0]
    cdef uint32_t count, i, kept
    cdef int code
    cdef Row *row
    cdef Tap *tap
    while progress.at < stop:
        count = read_ahead(context, &text[progress.at], &text[0] + stop)
        for i in range(count):
            if progress.taps >= tap_room:
                return Need.TAPS
            if progress.refusals >= refusal_room:
                return Need.REFUSALS
            row = &context.rows[i]
            context.row, context.column = row, COLUMNS
            code = row.code
            tap = &taps[progress.taps]
            if likely(code == Code.OK):
                code = read_fields(context, tap)
            if code == NO_ROOM:
                return Need.CODES
            if likely(code == Code.OK):
                tap.source_offset = file_offset + progress.at
                tap.source_line = <uint32_t>progress.records
                count_taken(context, tap, progress)
                count_card(tap, text_of(context, Column.CARD), progress)
            else:
                kept = min(row.size, <uint32_t>RAW_LIMIT)
                if kept:
                    memcpy(&raw[progress.raw], &text[progress.at], kept)
                progress.raw += kept
                refuse_row(context, &refusals[progress.refusals], code)
                refusals[progress.refusals].offset = file_offset + progress.at
                refusals[progress.refusals].line = <uint32_t>progress.records
                progress.refusals += 1
                count_refused(context, code, progress)
            progress.records += 1
            progress.at += row.next_at
            check(progress.at <= stop and progress.raw <= <uint64_t>raw.shape[0],
                  b"a row and what is kept of it lie within their buffers")
    return Need.DONE


cdef inline void count_card(const Tap *tap, Field card, Progress *progress) noexcept nogil:
    """Whether a number is one that a spreadsheet cannot hold, and reads as it would round it."""
    cdef uint64_t digits = tap.card_hi >> 56    # of a card with letters one of its characters
    if digits > SPREADSHEET_DIGITS and digits == card.size:
        progress.long_cards += 1
        progress.rounded_cards += load_digits(
            card.at + SPREADSHEET_DIGITS, card.size - SPREADSHEET_DIGITS) == 0


cdef inline void count_taken(const Context *context, const Tap *tap,
                             Progress *progress) noexcept nogil:
    """Add a tap to what was read. Of a refund a trailer counts what stands in the file."""
    cdef int64_t paid = tap.paid
    if context.refund and text_of(context, Column.PAID).at[0] != 45:
        paid = -paid
    progress.taps += 1
    progress.accepted_due += tap.due
    progress.accepted_paid += tap.paid
    progress.due += tap.due
    progress.paid += paid


cdef void refuse_row(Context *context, Refusal *refusal, int code) noexcept nogil:
    memset(refusal, 0, sizeof(Refusal))
    refusal.code = <uint16_t>code
    refusal.length = context.row.size
    refusal.field = context.numbers[context.column]


cdef void count_refused(Context *context, int code, Progress *progress) noexcept nogil:
    """What a refused record says it charged still counts towards the trailer's totals."""
    cdef int64_t due = 0, paid = 0
    if code == Code.EMPTY_RECORD:
        return
    if code < Code.MISSING_VALUE:       # its fields could not be told apart
        progress.unread += 1
        return
    if read_amount(text_of(context, Column.DUE), True, &due) or read_amount(
            text_of(context, Column.PAID), True, &paid):
        progress.unread += 1
        return
    progress.due += due
    progress.paid += paid


# The fields of a row, in the order of Column.

cdef int read_fields(Context *context, Tap *tap) noexcept nogil:
    """A whole tap; on a refusal what `tap` holds means nothing."""
    cdef int code
    tap[0] = no_tap
    # The operator first, though it is checked later: the look-ups need it, and time to be fetched.
    find_rule(context)
    code = read_card(text_of(context, Column.CARD), &tap.card_hi, &tap.card_lo)
    if code:
        return refuse(context, Column.CARD, code)
    code = read_count(context, Column.CARD_SEQ, &tap.card_seq)
    if code:
        return code
    code = read_event(context, tap)
    if code:
        return code
    code = read_times(context, tap)
    if code:
        return code
    code = read_places(context, tap)
    if code:
        return code
    code = read_count(context, Column.DEVICE_SEQ, &tap.device_seq)
    if code:
        return code
    code = read_holder(context, tap)
    if code:
        return code
    code = read_money(context, tap)
    if code:
        return code
    if not context.plain:
        code = read_proof(context, tap)
        if code:
            return code
        code = read_rider(context, tap)
        if code:
            return code
        code = read_corrected(context, tap)
        if code:
            return code
    return take_codes(context, tap)


cdef inline int read_count(Context *context, Column column, uint32_t *count) noexcept nogil:
    """A counter that every record has."""
    cdef Field field = text_of(context, column)
    cdef uint64_t value = 0
    cdef int code
    if not likely(read_short(field, &value)):
        if field.size == 0:
            return refuse(context, column, Code.MISSING_VALUE)
        code = read_number(field, <uint64_t>0xFFFFFFFF, &value)
        if code:
            return refuse(context, column, code)
    count[0] = <uint32_t>value
    return Code.OK


cdef inline int read_event(Context *context, Tap *tap) noexcept nogil:
    """What happened, whose validator says so, and in what mode."""
    cdef Field field = text_of(context, Column.KIND)
    cdef uint32_t value
    if field.size == 0:
        return refuse(context, Column.KIND, Code.MISSING_VALUE)
    value = read_kind(context.kinds, field)
    if value == 0 or value == TEST:
        return refuse(context, Column.KIND, Code.TEST_RECORD if value else Code.UNKNOWN_KIND)
    context.refund = value == REFUND
    tap.kind = <uint8_t>(TapKind.SINGLE if context.refund else value)
    if context.rule == NULL:
        return refuse(context, Column.OPERATOR, Code.UNKNOWN_OPERATOR
                      if text_of(context, Column.OPERATOR).size else Code.MISSING_VALUE)
    tap.operator = context.rule.member
    if context.rule.sender == SenderRule.NO_RECORD:
        return refuse(context, Column.OPERATOR, Code.FOREIGN_OPERATOR)
    field = text_of(context, Column.MODE)
    if field.size == 0:
        return refuse(context, Column.MODE, Code.MISSING_VALUE)
    value = read_closed(context.modes, &context.tables.modes, field)
    if value == 0:
        return refuse(context, Column.MODE, Code.UNKNOWN_MODE)
    tap.mode = <uint8_t>value
    if not ((&context.rule.modes_0)[value >> 6] >> (value & 63)) & 1:
        return refuse(context, Column.MODE, Code.MODE_NOT_RUN)
    return Code.OK


cdef inline int read_times(Context *context, Tap *tap) noexcept nogil:
    """When; a ride that was never tapped out ends, for the record, when it began."""
    cdef Field tapped = text_of(context, Column.TAPPED_AT)
    cdef Field entered = text_of(context, Column.IN_AT)
    cdef bint no_way_out = tap.kind == TapKind.RIDE and text_of(context, Column.STOP).size == 0
    cdef int code
    if tapped.size:
        code = read_time(context, tapped, &tap.tapped_at)
        if code:
            return refuse(context, Column.TAPPED_AT, code)
    elif not no_way_out:
        return refuse(context, Column.TAPPED_AT, Code.MISSING_VALUE)
    if entered.size:
        code = read_time(context, entered, &tap.in_at)
        if code:
            return refuse(context, Column.IN_AT, code)
    elif no_way_out:
        return refuse(context, Column.IN_AT, Code.MISSING_VALUE)
    if tapped.size == 0:
        tap.tapped_at = tap.in_at
    # Two gates have two clocks.
    if <int64_t>tap.in_at - tap.tapped_at > context.settings.clock_tolerance_s:
        return refuse(context, Column.IN_AT, Code.ENTRY_AFTER_EXIT)
    if no_way_out and tap.in_at != tap.tapped_at:
        return refuse(context, Column.STOP, Code.MISSING_VALUE)
    return Code.OK


cdef inline int check_code(Context *context, Column column) noexcept nogil:
    """A code that records may bring: short enough, and without anything around it."""
    cdef Field field = text_of(context, column)
    if field.size > CODE_LIMIT:
        return refuse(context, column, Code.CODE_TOO_LONG)
    if is_padded(field):
        return refuse(context, column, Code.PADDED_VALUE)
    return refuse(context, column, Code.CONTROL_CHARACTER) if hides(field.at, field.size) else 0


cdef inline int check_stop(Context *context, int which, Column column,
                           uint32_t *stop) noexcept nogil:
    """A stop that is given: as a code has to be, and listed where the operator has a list."""
    cdef int code = check_code(context, column)
    if code or context.rule.any_stop:
        return code         # taken in take_codes
    stop[0] = find_index(&context.tables.stops, &context.probes[which])
    # A later number came in with a record of an operator without a list.
    if stop[0] == 0 or stop[0] > context.settings.closed_stops:
        return refuse(context, column, Code.UNKNOWN_STOP)
    return Code.OK


cdef inline int read_direction(Context *context, Tap *tap) noexcept nogil:
    """Which way a vehicle went; it may be blank."""
    cdef Field field = text_of(context, Column.DIRECTION)
    cdef uint32_t way
    if field.size == 0:
        return Code.OK
    way = direction_of(context.directions, field)
    if way == 0:
        return refuse(context, Column.DIRECTION, Code.UNKNOWN_DIRECTION)
    tap.direction = <uint8_t>way
    return Code.OK


cdef inline int read_places(Context *context, Tap *tap) noexcept nogil:
    """Where: stop, stop where the rider got in, line, vehicle, direction and device."""
    cdef uint32_t stop_size = text_of(context, Column.STOP).size
    cdef int code
    if stop_size:
        code = check_stop(context, OF_STOP, Column.STOP, &tap.stop)
        if code:
            return code
    elif tap.kind <= TapKind.OUT and not context.rule.any_stop and not context.refund:
        return refuse(context, Column.STOP, Code.MISSING_VALUE)
    if text_of(context, Column.IN_STOP).size:
        code = check_stop(context, OF_IN_STOP, Column.IN_STOP, &tap.in_stop)
        if code:
            return code
    elif tap.kind == TapKind.RIDE and stop_size == 0:
        return refuse(context, Column.IN_STOP, Code.MISSING_VALUE)
    code = check_code(context, Column.LINE)
    if code:
        return code
    code = check_code(context, Column.VEHICLE)
    if code:
        return code
    code = read_direction(context, tap)
    if code:
        return code
    if text_of(context, Column.DEVICE).size == 0:
        return refuse(context, Column.DEVICE, Code.MISSING_VALUE)
    code = check_code(context, Column.DEVICE)
    return code if code else check_device(context)


cdef inline int check_device(Context *context) noexcept nogil:
    """A device that the file's sender may speak for."""
    cdef uint32_t device
    if context.rule.sender == SenderRule.EVERY_RECORD:
        return Code.OK
    device = find_index(&context.tables.devices, &context.probes[OF_DEVICE])
    if context.settings.first_device <= device <= context.settings.last_device:
        return Code.OK
    return refuse(context, Column.DEVICE, Code.FOREIGN_DEVICE)


cdef inline int read_holder(Context *context, Tap *tap) noexcept nogil:
    """On what medium, of what kind, of whose issue."""
    cdef Field field = text_of(context, Column.MEDIUM)
    if field.size == 0:
        tap.medium = context.settings.default_medium
        tap.blanks |= BLANK_MEDIUM
        if tap.medium == 0:
            return refuse(context, Column.MEDIUM, Code.MISSING_VALUE)
    else:
        tap.medium = <uint8_t>read_closed(context.media, &context.tables.media, field)
        if tap.medium == 0:
            return refuse(context, Column.MEDIUM, Code.UNKNOWN_MEDIUM)
    field = text_of(context, Column.CARD_KIND)
    if field.size == 0:
        tap.card_kind = context.settings.default_card_kind
        tap.blanks |= BLANK_CARD_KIND
    else:
        tap.card_kind = <uint8_t>read_closed(context.card_kinds, &context.tables.card_kinds,
                                             field)
    if tap.card_kind == 0:
        return refuse(context, Column.CARD_KIND, Code.UNKNOWN_CARD_KIND)
    field = text_of(context, Column.ISSUER)
    if field.size == 0:
        tap.issuer = issuer_of(context, text_of(context, Column.CARD))
        tap.blanks |= BLANK_ISSUER
    else:
        tap.issuer = <uint16_t>read_closed(context.issuers, &context.tables.issuers, field)
    if tap.issuer == 0:
        return refuse(context, Column.ISSUER, Code.UNKNOWN_ISSUER)
    return Code.OK


cdef inline int read_tac(Field field, uint32_t *tac) noexcept nogil:
    """Eight hexadecimal digits."""
    cdef uint32_t i, value = 0
    cdef uint8_t byte
    if field.size != 8:
        return Code.TAC_MALFORMED
    for i in range(8):
        byte = field.at[i]
        if is_digit(byte):
            value = value << 4 | <uint32_t>(byte - 48)
        elif 97 <= (byte | 32) <= 102:
            value = value << 4 | <uint32_t>((byte | 32) - 87)
        else:
            return Code.TAC_MALFORMED
    tac[0] = value
    return Code.OK


cdef inline int read_proof(Context *context, Tap *tap) noexcept nogil:
    """How far, and the transaction's authentication code with its key and algorithm."""
    cdef uint64_t value = 0
    cdef int code
    if text_of(context, Column.DISTANCE_M).size:
        code = read_number(text_of(context, Column.DISTANCE_M), <uint64_t>0xFFFFFFFF, &value)
        if code:
            return refuse(context, Column.DISTANCE_M, code)
        tap.distance_m = <uint32_t>value
        tap.flags |= HAS_DISTANCE
    if text_of(context, Column.TAC).size:
        if read_tac(text_of(context, Column.TAC), &tap.tac):
            return refuse(context, Column.TAC, Code.TAC_MALFORMED)
        tap.flags |= HAS_TAC
    if text_of(context, Column.KEY_VERSION).size:
        code = read_number(text_of(context, Column.KEY_VERSION), 255, &value)
        if code:
            return refuse(context, Column.KEY_VERSION, code)
        tap.key_version = <uint8_t>value
        tap.blanks &= ~<uint8_t>BLANK_KEY_VERSION
    if text_of(context, Column.ALGORITHM).size:
        code = read_number(text_of(context, Column.ALGORITHM), 255, &value)
        if code:
            return refuse(context, Column.ALGORITHM, code)
        tap.algorithm = <uint8_t>value
        tap.blanks &= ~<uint8_t>BLANK_ALGORITHM
    return Code.OK


cdef inline int read_rider(Context *context, Tap *tap) noexcept nogil:
    """When the rider was born, by the day of the tap; until when the card's review is valid."""
    cdef Field born = text_of(context, Column.BORN_ON)
    cdef Field reviewed = text_of(context, Column.REVIEWED_UNTIL)
    cdef int64_t day = 0, today
    cdef int code
    if born.size:
        today = (tap.tapped_at + offset_at(&context.clock, tap.tapped_at)) // DAY_S
        today = min(today, <int64_t>DAY_FIELD_MOST - DAYS_TO_1970)
        code = read_day(born, 1 - DAYS_TO_1970, today, &day)
        if code:
            return refuse(context, Column.BORN_ON, code)
        tap.born_day = <uint16_t>(day + DAYS_TO_1970)
    if reviewed.size:
        code = read_day(reviewed, 1, DAY_FIELD_MOST, &day)
        if code:
            return refuse(context, Column.REVIEWED_UNTIL, code)
        tap.review_day = <uint16_t>day
    return Code.OK


cdef inline int take_codes(Context *context, Tap *tap) noexcept nogil:
    """Numbers for the codes that records may bring; the row is known to be good."""
    cdef Tables *tables = context.tables
    if context.rule.any_stop:
        if take_open(context, OF_STOP, &tables.stops, &tap.stop):
            return NO_ROOM
        if take_open(context, OF_IN_STOP, &tables.stops, &tap.in_stop):
            return NO_ROOM
    if take_open(context, OF_LINE, &tables.lines, &tap.line):
        return NO_ROOM
    if take_open(context, OF_VEHICLE, &tables.vehicles, &tap.vehicle):
        return NO_ROOM
    return take_open(context, OF_DEVICE, &tables.devices, &tap.device)


# For tests: the ways of scan.pxd, one by one.

def list_ways():
    """Which ways of finding fields run on this machine, the widest last."""
    found = [way for way in range(WAYS) if use_way(way)]
    return found


def choose_way(int way):
    """Find fields by another way from now on; no thread may be decoding.

    Raises ValueError where this machine does not have it.
    """
    if not use_way(way):
        raise ValueError(f"way: {way}, expected one of {list_ways()}")


list_ways()     # which leaves the widest one chosen
