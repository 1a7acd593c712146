"""Text of onecard-taps/1 to Tap records: every row ends as one tap or one refusal.

The caller guarantees PAD readable bytes after the text, that the text ends with a newline, and
that `raw` has room for as many bytes as there are left to decode. Of a row's failing checks the
first one counts: the text's (in the order of `read_line`), then the fields' in the order of
Column. Codes that records may bring (stops, lines, vehicles, devices) are entered last, so that
a refused row enters none.
"""

import numpy as np

from libc.string cimport memcpy, memset

from ext.codes cimport Code, TapKind
from ext.fields cimport DAY_S, is_digit, read_amount, read_card, read_day, read_number, read_time
from ext.lines cimport read_line, text_of
from ext.lookup cimport Lookup, Probe, Table, add_code, find_code, find_index, start_probe
from ext.records cimport (
    HAS_BALANCE, HAS_DISTANCE, HAS_DUE, HAS_PAID, HAS_TAC, Refusal, Tap,
)
from ext.text cimport CODE_LIMIT, LINE_LIMIT, PAD, likely, load_some, same_bytes

cdef Settings _settings
cdef OperatorRule _rule
cdef Prefix _prefix
cdef Progress _progress

SETTINGS = np.asarray(<Settings[:1]>&_settings).dtype
OPERATOR_RULE = np.asarray(<OperatorRule[:1]>&_rule).dtype
PREFIX = np.asarray(<Prefix[:1]>&_prefix).dtype
PROGRESS = np.asarray(<Progress[:1]>&_progress).dtype

TEXT_PAD = PAD
LONGEST_LINE = LINE_LIMIT
LONGEST_CODE = CODE_LIMIT
LONGEST_RAW = RAW_LIMIT
LARGEST_AMOUNT = AMOUNT_LIMIT
MOST_COLUMNS = COLUMN_LIMIT
NO_COLUMN = ABSENT

cdef enum:
    NO_ROOM = 255           # beside Code: a table of codes is full, nothing is said of the row
    CLOSED_COLUMNS = 5      # Seen fields of Context from `operator` on
    DAYS_TO_1970 = 25567    # from 1900-01-01, where Tap.born_day counts from
    LAST_DAY = 65535        # the last day that fits, wherever it is counted from


def decode_rows(const uint8_t[::1] text not None, uint64_t stop, uint64_t file_offset,
                const uint8_t[::1] places not None, uint32_t columns,
                const Settings[::1] settings not None, const OperatorRule[::1] rules not None,
                const Prefix[::1] prefixes not None, tuple lookups not None,
                Tap[::1] taps not None, Refusal[::1] refusals not None,
                uint8_t[::1] raw not None, Progress[::1] progress not None):
    """Decode text[progress.at:stop]; says what it ran out of, DONE when nothing is left.

    `lookups` are operators, modes, media, card kinds, issuers (closed), stops, lines, vehicles,
    devices. `file_offset` is where text[0] stands in its file.
    """
    check_decode(text, stop, places, columns, settings, rules, lookups, raw, progress)
    cdef Tables tables
    cdef Context context
    cdef int need
    fill_tables(&tables, lookups)
    memset(&context, 0, sizeof(Context))
    context.settings = &settings[0]
    context.rules = &rules[0]
    context.prefixes = &prefixes[0] if prefixes.shape[0] else NULL
    context.prefix_count = prefixes.shape[0]
    context.tables = &tables
    context.columns = columns
    memcpy(context.places, &places[0], COLUMNS)
    for column in range(COLUMNS):
        if context.places[column] == ABSENT:
            context.places[column] = <uint8_t>columns   # a field after the last: always blank
    with nogil:
        need = _decode_rows(&context, text, stop, file_offset, taps, refusals, raw, &progress[0])
    return Need(need)


cdef check_decode(const uint8_t[::1] text, uint64_t stop, const uint8_t[::1] places,
                  uint32_t columns, const Settings[::1] settings, const OperatorRule[::1] rules,
                  tuple lookups, uint8_t[::1] raw, Progress[::1] progress):
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
    if places.shape[0] != COLUMNS or not 1 <= columns < COLUMN_LIMIT:
        raise ValueError(f"places: {places.shape[0]} of them for {columns} columns, expected "
                         f"{COLUMNS} for 1 to {COLUMN_LIMIT - 1}")
    for place in places:
        if place != ABSENT and place >= columns:
            raise ValueError(f"places: column {place} of {columns}")
    if len(lookups) != 9:
        raise ValueError(f"lookups: {len(lookups)} of them, expected 9")
    for index in range(1, lookups[0].count()):
        if not 0 < lookups[0].value(index) < rules.shape[0]:
            raise ValueError(f"operators: key {index} has no rule among {rules.shape[0]}")


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
    cdef uint32_t size, kept
    cdef uint64_t next_at
    cdef int code
    cdef Tap *tap
    while progress.at < stop:
        if progress.taps >= tap_room:
            return Need.TAPS
        if progress.refusals >= refusal_room:
            return Need.REFUSALS
        context.column = COLUMNS
        context.row = &text[progress.at]
        code = read_line(context, stop - progress.at, &size, &next_at)
        tap = &taps[progress.taps]
        if likely(code == Code.OK):
            code = read_fields(context, tap)
        if code == NO_ROOM:
            return Need.CODES
        if likely(code == Code.OK):
            tap.source_offset = file_offset + progress.at
            tap.source_line = <uint32_t>progress.records
            progress.taps += 1
            progress.accepted_due += tap.due
            progress.accepted_paid += tap.paid
            progress.due += tap.due
            progress.paid += tap.paid
        else:
            kept = min(size, <uint32_t>RAW_LIMIT)
            if kept:
                memcpy(&raw[progress.raw], &text[progress.at], kept)
            progress.raw += kept
            refuse_row(context, &refusals[progress.refusals], code, size)
            refusals[progress.refusals].offset = file_offset + progress.at
            refusals[progress.refusals].line = <uint32_t>progress.records
            progress.refusals += 1
            count_refused(context, code, progress)
        if context.row == context.scratch:
            forget_row(context)
        progress.records += 1
        progress.at += next_at
    return Need.DONE


cdef void refuse_row(Context *context, Refusal *refusal, int code, uint32_t size) noexcept nogil:
    memset(refusal, 0, sizeof(Refusal))
    refusal.code = <uint16_t>code
    refusal.length = size
    if context.column < COLUMNS and context.places[<int>context.column] < context.columns:
        refusal.field = context.places[context.column] + 1


cdef void count_refused(Context *context, int code, Progress *progress) noexcept nogil:
    """What a refused record says it charged still counts towards the trailer's totals."""
    cdef int64_t due = 0, paid = 0
    if code == Code.EMPTY_RECORD:
        return
    if code < Code.MISSING_VALUE:       # its fields could not be told apart
        progress.unread += 1
        return
    if read_amount(text_of(context, Column.DUE), False, &due) or read_amount(
            text_of(context, Column.PAID), False, &paid):
        progress.unread += 1
        return
    progress.due += due
    progress.paid += paid


cdef void forget_row(Context *context) noexcept nogil:
    """Nothing of a row in the scratch space may be compared with the next one."""
    cdef Seen *closed = &context.operator
    cdef int i
    for i in range(CLOSED_COLUMNS):
        memset(&closed[i], 0, sizeof(Seen))
    for i in range(OPEN_COLUMNS):
        memset(&context.opened[i], 0, sizeof(Seen))


# Codes.

cdef inline uint32_t read_closed(Seen *seen, const Table *table, Field field) noexcept nogil:
    """What a code of a closed list stands for; 0 where it is not in the list."""
    if field.size == seen.size and same_bytes(field.at, seen.at, field.size):
        return seen.value
    cdef uint32_t value = find_code(table, field.at, field.size, 0)
    seen.at, seen.size, seen.value = field.at, field.size, value
    return value


cdef inline void seek_open(Context *context, int which, Column column, const Table *table,
                           uint16_t scope) noexcept nogil:
    """Begin to look a code up: its slot comes into the cache while other fields are read."""
    cdef Field field = text_of(context, column)
    cdef Seen *seen = &context.opened[which]
    context.probes[which].at = NULL
    if field.size == 0 or field.size > CODE_LIMIT:
        return
    if field.size == seen.size and scope == seen.scope and same_bytes(
            field.at, seen.at, field.size):
        return
    seen.size = 0       # until the row is taken
    start_probe(table, &context.probes[which], field.at, field.size, scope)


cdef inline void seek_codes(Context *context) noexcept nogil:
    """Begin to look up every code of the row, its operator being known."""
    cdef Tables *tables = context.tables
    cdef uint16_t scope = context.rule.stop_scope
    seek_open(context, OF_STOP, Column.STOP, &tables.stops, scope)
    seek_open(context, OF_ENTRY_STOP, Column.ENTRY_STOP, &tables.stops, scope)
    scope = context.rule.scope
    seek_open(context, OF_LINE, Column.LINE, &tables.lines, scope)
    seek_open(context, OF_VEHICLE, Column.VEHICLE, &tables.vehicles, scope)
    seek_open(context, OF_DEVICE, Column.DEVICE, &tables.devices, scope)


cdef inline void find_rule(Context *context) noexcept nogil:
    """The row's operator, where it names a known one, and the first step of all look-ups."""
    cdef Field field = text_of(context, Column.OPERATOR)
    cdef uint32_t index = 0
    if field.size:
        index = read_closed(&context.operator, &context.tables.operators, field)
    if index == 0:
        context.rule = NULL
        return
    context.rule = &context.rules[index]
    seek_codes(context)


cdef inline uint32_t take_open(Context *context, int which, Table *table) noexcept nogil:
    """The number of a code that is not blank, entered if it is new; 0: there is no room to."""
    cdef Probe *probe = &context.probes[which]
    cdef Seen *seen = &context.opened[which]
    if probe.at == NULL:
        return seen.value
    cdef uint32_t index = find_index(table, probe)
    if index == 0:
        index = add_code(table, probe, 0)
        if index == 0:
            return 0
    seen.at, seen.size, seen.value, seen.scope = probe.at, probe.size, index, probe.scope
    return index


# The fields of a row, in the order of Column.

cdef inline int refuse(Context *context, Column column, int code) noexcept nogil:
    context.column = column
    return code


cdef int read_fields(Context *context, Tap *tap) noexcept nogil:
    """A whole tap; on a refusal what `tap` holds means nothing."""
    cdef int code
    memset(tap, 0, sizeof(Tap))
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
    code = check_places(context, tap)
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
    code = read_proof(context, tap)
    if code:
        return code
    code = read_rider(context, tap)
    if code:
        return code
    return take_codes(context, tap)


cdef inline int read_count(Context *context, Column column, uint32_t *count) noexcept nogil:
    """A counter that every record has."""
    cdef uint64_t value = 0
    cdef int code
    if text_of(context, column).size == 0:
        return refuse(context, column, Code.MISSING_VALUE)
    code = read_number(text_of(context, column), <uint64_t>0xFFFFFFFF, &value)
    if code:
        return refuse(context, column, code)
    count[0] = <uint32_t>value
    return Code.OK


cdef inline uint8_t find_kind(Field field) noexcept nogil:
    """The TapKind of a word; 0 where it is none."""
    if not 2 <= field.size <= 6:
        return 0
    cdef uint64_t word = load_some(field.at, field.size)
    if word == 0x6E69:                      # in
        return TapKind.IN
    if word == 0x74756F:                    # out
        return TapKind.OUT
    if word == <uint64_t>0x656C676E6973:    # single
        return TapKind.SINGLE
    if word == <uint64_t>0x65646972:                  # ride
        return TapKind.RIDE
    if word == <uint64_t>0x70755F706F74:    # top_up
        return TapKind.TOP_UP
    if word == <uint64_t>0x6B636F6C:                  # lock
        return TapKind.LOCK
    return 0


cdef inline int read_event(Context *context, Tap *tap) noexcept nogil:
    """What happened, whose validator says so, and in what mode."""
    cdef Field field = text_of(context, Column.KIND)
    cdef uint32_t value
    if field.size == 0:
        return refuse(context, Column.KIND, Code.MISSING_VALUE)
    tap.kind = find_kind(field)
    if tap.kind == 0:
        return refuse(context, Column.KIND, Code.UNKNOWN_KIND)
    if text_of(context, Column.OPERATOR).size == 0:
        return refuse(context, Column.OPERATOR, Code.MISSING_VALUE)
    if context.rule == NULL:
        return refuse(context, Column.OPERATOR, Code.UNKNOWN_OPERATOR)
    tap.operator = context.rule.member
    field = text_of(context, Column.MODE)
    if field.size == 0:
        return refuse(context, Column.MODE, Code.MISSING_VALUE)
    value = read_closed(&context.mode, &context.tables.modes, field)
    if value == 0:
        return refuse(context, Column.MODE, Code.UNKNOWN_MODE)
    tap.mode = <uint8_t>value
    if not ((&context.rule.modes_0)[value >> 6] >> (value & 63)) & 1:
        return refuse(context, Column.MODE, Code.MODE_NOT_RUN)
    return Code.OK


cdef inline int read_times(Context *context, Tap *tap) noexcept nogil:
    """When; a ride that was never tapped out ends, for the record, when it began."""
    cdef Field tapped = text_of(context, Column.TAPPED_AT)
    cdef Field entered = text_of(context, Column.ENTERED_AT)
    cdef bint no_way_out = tap.kind == TapKind.RIDE and text_of(context, Column.STOP).size == 0
    cdef int code
    if tapped.size:
        code = read_time(context, tapped, &tap.tapped_at)
        if code:
            return refuse(context, Column.TAPPED_AT, code)
    elif not no_way_out:
        return refuse(context, Column.TAPPED_AT, Code.MISSING_VALUE)
    if entered.size:
        code = read_time(context, entered, &tap.entered_at)
        if code:
            return refuse(context, Column.ENTERED_AT, code)
    elif no_way_out:
        return refuse(context, Column.ENTERED_AT, Code.MISSING_VALUE)
    if tapped.size == 0:
        tap.tapped_at = tap.entered_at
    if tap.entered_at > tap.tapped_at:
        return refuse(context, Column.ENTERED_AT, Code.ENTRY_AFTER_EXIT)
    if no_way_out and tap.entered_at != tap.tapped_at:
        return refuse(context, Column.STOP, Code.MISSING_VALUE)
    return Code.OK


cdef inline int check_stop(Context *context, int which, Column column,
                           uint32_t *stop) noexcept nogil:
    """A stop that is given: short enough, and listed where the operator has a list."""
    cdef Probe *probe = &context.probes[which]
    cdef Seen *seen = &context.opened[which]
    if text_of(context, column).size > CODE_LIMIT:
        return refuse(context, column, Code.CODE_TOO_LONG)
    if context.rule.any_stop:
        return Code.OK      # taken in take_codes
    stop[0] = seen.value if probe.at == NULL else find_index(&context.tables.stops, probe)
    # A later number came in with a record of an operator without a list.
    if stop[0] == 0 or stop[0] > context.settings.closed_stops:
        return refuse(context, column, Code.UNKNOWN_STOP)
    if probe.at != NULL:
        seen.at, seen.size, seen.value, seen.scope = probe.at, probe.size, stop[0], probe.scope
    return Code.OK


cdef inline int check_places(Context *context, Tap *tap) noexcept nogil:
    """Where: stop, entry stop, line, vehicle, direction and device."""
    cdef Field field = text_of(context, Column.STOP)
    cdef int code
    if field.size:
        code = check_stop(context, OF_STOP, Column.STOP, &tap.stop)
        if code:
            return code
    elif tap.kind <= TapKind.OUT and not context.rule.any_stop:
        return refuse(context, Column.STOP, Code.MISSING_VALUE)
    if text_of(context, Column.ENTRY_STOP).size:
        code = check_stop(context, OF_ENTRY_STOP, Column.ENTRY_STOP, &tap.entry_stop)
        if code:
            return code
    elif tap.kind == TapKind.RIDE and field.size == 0:
        return refuse(context, Column.ENTRY_STOP, Code.MISSING_VALUE)
    if text_of(context, Column.LINE).size > CODE_LIMIT:
        return refuse(context, Column.LINE, Code.CODE_TOO_LONG)
    if text_of(context, Column.VEHICLE).size > CODE_LIMIT:
        return refuse(context, Column.VEHICLE, Code.CODE_TOO_LONG)
    field = text_of(context, Column.DIRECTION)
    if field.size:
        if field.size == 2 and load_some(field.at, 2) == 0x7075:
            tap.direction = 1
        elif field.size == 4 and load_some(field.at, 4) == <uint64_t>0x6E776F64:
            tap.direction = 2
        else:
            return refuse(context, Column.DIRECTION, Code.UNKNOWN_DIRECTION)
    field = text_of(context, Column.DEVICE)
    if field.size == 0:
        return refuse(context, Column.DEVICE, Code.MISSING_VALUE)
    if field.size > CODE_LIMIT:
        return refuse(context, Column.DEVICE, Code.CODE_TOO_LONG)
    return Code.OK


cdef uint16_t issuer_of(Context *context, Field card) noexcept nogil:
    """The issuer with the longest prefix of a card; 0 where none fits."""
    cdef const Prefix *prefix
    cdef uint64_t i
    for i in range(context.prefix_count):
        prefix = &context.prefixes[i]
        if prefix.length <= card.size and same_bytes(
                card.at, <const uint8_t *>&prefix.text_0, prefix.length):
            return prefix.issuer
    return 0


cdef inline int read_holder(Context *context, Tap *tap) noexcept nogil:
    """On what medium, of what kind, of whose issue."""
    cdef Field field = text_of(context, Column.MEDIUM)
    if field.size == 0:
        tap.medium = context.settings.default_medium
        if tap.medium == 0:
            return refuse(context, Column.MEDIUM, Code.MISSING_VALUE)
    else:
        tap.medium = <uint8_t>read_closed(&context.medium, &context.tables.media, field)
        if tap.medium == 0:
            return refuse(context, Column.MEDIUM, Code.UNKNOWN_MEDIUM)
    field = text_of(context, Column.CARD_KIND)
    if field.size == 0:
        tap.card_kind = context.settings.default_card_kind
    else:
        tap.card_kind = <uint8_t>read_closed(&context.card_kind, &context.tables.card_kinds,
                                             field)
    if tap.card_kind == 0:
        return refuse(context, Column.CARD_KIND, Code.UNKNOWN_CARD_KIND)
    field = text_of(context, Column.ISSUER)
    if field.size == 0:
        tap.issuer = issuer_of(context, text_of(context, Column.CARD))
    else:
        tap.issuer = <uint16_t>read_closed(&context.issuer, &context.tables.issuers, field)
    if tap.issuer == 0:
        return refuse(context, Column.ISSUER, Code.UNKNOWN_ISSUER)
    return Code.OK


cdef inline int read_money(Context *context, Tap *tap) noexcept nogil:
    """What the validator charged, and what the purse held before."""
    cdef int code
    if text_of(context, Column.DUE).size:
        code = read_amount(text_of(context, Column.DUE), False, &tap.due)
        if code:
            return refuse(context, Column.DUE, code)
        tap.flags |= HAS_DUE
    if text_of(context, Column.PAID).size:
        code = read_amount(text_of(context, Column.PAID), False, &tap.paid)
        if code:
            return refuse(context, Column.PAID, code)
        tap.flags |= HAS_PAID
    if text_of(context, Column.BALANCE_BEFORE).size:
        code = read_amount(text_of(context, Column.BALANCE_BEFORE), True, &tap.balance_before)
        if code:
            return refuse(context, Column.BALANCE_BEFORE, code)
        tap.flags |= HAS_BALANCE
    return Code.OK


cdef inline int read_tac(Field field, uint32_t *tac) noexcept nogil:
    """Eight hexadecimal digits."""
    cdef uint32_t i, value = 0
    cdef uint8_t byte
    if field.size != 8:
        return Code.TAC_INVALID
    for i in range(8):
        byte = field.at[i]
        if is_digit(byte):
            value = value << 4 | <uint32_t>(byte - 48)
        elif 97 <= (byte | 32) <= 102:
            value = value << 4 | <uint32_t>((byte | 32) - 87)
        else:
            return Code.TAC_INVALID
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
            return refuse(context, Column.TAC, Code.TAC_INVALID)
        tap.flags |= HAS_TAC
    if text_of(context, Column.KEY_VERSION).size:
        code = read_number(text_of(context, Column.KEY_VERSION), 255, &value)
        if code:
            return refuse(context, Column.KEY_VERSION, code)
        tap.key_version = <uint8_t>value
    if text_of(context, Column.ALGORITHM).size:
        code = read_number(text_of(context, Column.ALGORITHM), 255, &value)
        if code:
            return refuse(context, Column.ALGORITHM, code)
        tap.algorithm = <uint8_t>value
    return Code.OK


cdef inline int read_rider(Context *context, Tap *tap) noexcept nogil:
    """When the rider was born, by the day of the tap; until when the card's review is valid."""
    cdef Field born = text_of(context, Column.BORN_ON)
    cdef Field reviewed = text_of(context, Column.REVIEWED_UNTIL)
    cdef int64_t day = 0, today
    cdef int code
    if born.size:
        today = (<int64_t>tap.tapped_at + context.settings.civil_offset_s) // DAY_S
        code = read_day(born, 1 - DAYS_TO_1970, min(today, <int64_t>LAST_DAY - DAYS_TO_1970), &day)
        if code:
            return refuse(context, Column.BORN_ON, code)
        tap.born_day = <uint16_t>(day + DAYS_TO_1970)
    if reviewed.size:
        code = read_day(reviewed, 1, LAST_DAY, &day)
        if code:
            return refuse(context, Column.REVIEWED_UNTIL, code)
        tap.review_day = <uint16_t>day
    return Code.OK


cdef inline int take_codes(Context *context, Tap *tap) noexcept nogil:
    """Numbers for the codes that records may bring; the row is known to be good."""
    cdef Tables *tables = context.tables
    if context.rule.any_stop:
        if text_of(context, Column.STOP).size:
            tap.stop = take_open(context, OF_STOP, &tables.stops)
            if tap.stop == 0:
                return NO_ROOM
        if text_of(context, Column.ENTRY_STOP).size:
            tap.entry_stop = take_open(context, OF_ENTRY_STOP, &tables.stops)
            if tap.entry_stop == 0:
                return NO_ROOM
    if text_of(context, Column.LINE).size:
        tap.line = take_open(context, OF_LINE, &tables.lines)
        if tap.line == 0:
            return NO_ROOM
    if text_of(context, Column.VEHICLE).size:
        tap.vehicle = take_open(context, OF_VEHICLE, &tables.vehicles)
        if tap.vehicle == 0:
            return NO_ROOM
    tap.device = take_open(context, OF_DEVICE, &tables.devices)
    return NO_ROOM if tap.device == 0 else Code.OK
