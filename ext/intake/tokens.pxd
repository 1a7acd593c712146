"""One field's text to what it stands for: closed codes, open codes, kinds, directions, issuers.

What a short text stands for is remembered, in a few places by a hash of the text: whether the next
tap is a card's or a QR code's nobody can guess, and a wrong guess costs more than the look-up.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.checked cimport must
from ext.codes cimport Code, TapKind
from ext.intake.decode cimport (
    KNOWN_BITS, NO_ROOM, OF_DEVICE, OF_IN_STOP, OF_LINE, OF_STOP, OF_VEHICLE, REFUND, TEST,
    Column, Context, Field, Known, Prefix, Tables,
)
from ext.intake.lines cimport text_of
from ext.intake.fields cimport is_padded
from ext.intake.lookup cimport Probe, Table, add_code, find_code, find_index, start_probe
from ext.intake.text cimport CODE_LIMIT, likely, load8, load_some, same_bytes


cdef inline int refuse(Context *context, Column column, int code) noexcept nogil:
    """Say in which column a row failed: of a value with something around it, for that."""
    context.column = column
    if code != Code.CARD_SPREADSHEET and is_padded(text_of(context, column)):
        return Code.PADDED_VALUE
    return code


cdef inline Known *slot_of(Known *known, uint64_t word) noexcept nogil:
    return &known[word * <uint64_t>0x9E3779B97F4A7C15 >> (64 - KNOWN_BITS)]


cdef inline uint32_t recall(Known *known, uint64_t word) noexcept nogil:
    """What a text of up to 8 bytes stands for, if it is remembered; 0 if not."""
    cdef Known *found = slot_of(known, word)
    return found.value if found.word == word else 0


cdef inline uint32_t recall_short(Known *known, Field field) noexcept nogil:
    """What a short text stands for; 0 where that is not remembered."""
    if likely(field.size <= 8):
        return recall(known, load_some(field.at, field.size))
    return 0


cdef inline void remember(Known *known, uint64_t word, uint32_t value) noexcept nogil:
    cdef Known *found = slot_of(known, word)
    found.word, found.value = word, value


cdef inline uint32_t learn_closed(Known *known, const Table *table, Field field) noexcept nogil:
    """What a code that is not remembered stands for; 0 where it is not in the list."""
    cdef uint32_t value = find_code(table, field.at, field.size, 0)
    if field.size <= 8 and value:
        remember(known, load_some(field.at, field.size), value)
    return value


cdef inline uint32_t read_closed(Known *known, const Table *table, Field field) noexcept nogil:
    """What a code (not a blank one) of a closed list stands for; 0 where it is not in the list."""
    cdef uint32_t value = recall_short(known, field)
    return value if likely(value) else learn_closed(known, table, field)


cdef inline void seek_open(Context *context, int which, Column column, const Table *table,
                           uint16_t scope) noexcept nogil:
    """Begin to look a code up: its slot comes into the cache while other fields are read."""
    cdef Field field = text_of(context, column)
    cdef Probe *probe = &context.probes[which]
    if field.size == 0 or field.size > CODE_LIMIT:
        probe.at = NULL
        return
    start_probe(table, probe, field.at, field.size, scope)


cdef inline void seek_codes(Context *context) noexcept nogil:
    """Begin to look up every code of the row, its operator being known."""
    cdef Tables *tables = context.tables
    cdef uint16_t scope = context.rule.stop_scope
    seek_open(context, OF_STOP, Column.STOP, &tables.stops, scope)
    seek_open(context, OF_IN_STOP, Column.IN_STOP, &tables.stops, scope)
    scope = context.rule.scope
    seek_open(context, OF_LINE, Column.LINE, &tables.lines, scope)
    seek_open(context, OF_VEHICLE, Column.VEHICLE, &tables.vehicles, scope)
    seek_open(context, OF_DEVICE, Column.DEVICE, &tables.devices, scope)


cdef inline void find_rule(Context *context) noexcept nogil:
    """The row's operator, where it names a known one, and the first step of all look-ups."""
    cdef Field field = text_of(context, Column.OPERATOR)
    cdef uint32_t index = 0
    if field.size:
        index = read_closed(context.operators, &context.tables.operators, field)
    if index == 0:
        context.rule = NULL
        return
    context.rule = &context.rules[index]
    seek_codes(context)


cdef inline int take_open(Context *context, int which, Table *table,
                          uint32_t *number) noexcept nogil:
    """The number of a code, entered if it is new; a blank one leaves `number` alone."""
    cdef Probe *probe = &context.probes[which]
    cdef uint32_t index
    if probe.at == NULL:
        return Code.OK
    index = find_index(table, probe)
    if index == 0:
        index = add_code(table, probe, 0)
        if index == 0:
            return NO_ROOM
    must(index < table.used[0], b"a code's number was given out")
    number[0] = index
    return Code.OK


cdef inline uint32_t learn_kind(Known *known, Field field) noexcept nogil:
    """The TapKind of a word, or REFUND, or TEST; 0 where it is none."""
    cdef uint64_t word
    cdef uint32_t kind = 0
    if field.size > 8:
        return 0
    word = load_some(field.at, field.size)
    if word == 0x6E69:                      # in
        kind = TapKind.IN
    elif word == 0x74756F:                  # out
        kind = TapKind.OUT
    elif word == <uint64_t>0x656C676E6973:  # single
        kind = TapKind.SINGLE
    elif word == <uint64_t>0x65646972:      # ride
        kind = TapKind.RIDE
    elif word == <uint64_t>0x70755F706F74:  # top_up
        kind = TapKind.TOP_UP
    elif word == <uint64_t>0x6B636F6C:      # lock
        kind = TapKind.LOCK
    elif word == <uint64_t>0x646E75666572:  # refund
        kind = REFUND
    elif word == 0x74736574:                # test
        kind = TEST
    if kind:
        remember(known, word, kind)
    return kind


cdef inline uint32_t read_kind(Known *known, Field field) noexcept nogil:
    """The TapKind of a text that is not blank, or REFUND, or TEST; 0 where it is none."""
    cdef uint32_t kind = recall_short(known, field)
    return kind if likely(kind) else learn_kind(known, field)


cdef inline uint32_t learn_direction(Known *known, Field field) noexcept nogil:
    """1 for up, 2 for down, 0 for any other word."""
    cdef uint64_t word
    cdef uint32_t way = 0
    if field.size > 4:
        return 0
    word = load_some(field.at, field.size)
    if word == 0x7075:
        way = 1
    elif word == <uint64_t>0x6E776F64:
        way = 2
    if way:
        remember(known, word, way)
    return way


cdef inline uint32_t direction_of(Known *known, Field field) noexcept nogil:
    """The same, remembered."""
    cdef uint32_t way = recall_short(known, field)
    return way if likely(way) else learn_direction(known, field)


cdef inline uint16_t learn_issuer(Context *context, Field card) noexcept nogil:
    """The issuer with the longest prefix of a card; 0 where none fits."""
    cdef const Prefix *prefix
    cdef const uint8_t *text
    cdef uint64_t word = load8(card.at), i
    cdef bint whole = card.size >= 8    # whether the card's first 8 characters decide it
    for i in range(context.prefix_count):
        prefix = &context.prefixes[i]
        text = <const uint8_t *>&prefix.text_0
        if prefix.length > 8 and load8(text) == word:
            whole = False
        if prefix.length <= card.size and same_bytes(card.at, text, prefix.length):
            if whole:
                remember(context.issuers_by_card, word, prefix.issuer)
            return prefix.issuer
    return 0


cdef inline uint16_t issuer_of(Context *context, Field card) noexcept nogil:
    """The same, remembered."""
    cdef uint32_t issuer = 0
    if likely(card.size >= 8):
        issuer = recall(context.issuers_by_card, load8(card.at))
    return <uint16_t>issuer if likely(issuer) else learn_issuer(context, card)
