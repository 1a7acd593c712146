"""One field's text to its value: numbers, amounts, cards, times.

Each returns a Code and touches its output only when that is OK.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.checked cimport must
from ext.civil cimport offset_read
from ext.codes cimport Code
from ext.intake.decode cimport Context, Field
from ext.intake.text cimport (
    eight_digits, likely, load8, load_digits, load_some, not_digits, read_digits, swap8,
)
from ext.records cimport AMOUNT_MOST, DAY_S


cdef inline int read_number(Field field, uint64_t limit, uint64_t *value) noexcept nogil:
    """A whole number up to `limit`; blank is not one."""
    cdef uint64_t total = 0
    cdef uint32_t i, digit
    if field.size == 0:
        return Code.NUMBER_INVALID
    for i in range(field.size):
        digit = <uint32_t>field.at[i] - 48
        if digit > 9:
            return Code.NUMBER_INVALID
        if total <= <uint64_t>0xFFFFFFFFFFFF:   # a larger one is beyond every limit
            total = total * 10 + digit
    if total > limit:
        return Code.NUMBER_OVERFLOW
    value[0] = total
    return Code.OK


cdef inline bint read_short(Field field, uint64_t *value) noexcept nogil:
    """Whether it is 1 to 8 digits, which no limit but that of a byte is below; if so, its value."""
    return field.size - 1 < 8 and read_digits(field.at, field.size, value)


cdef inline int read_long_amount(Field field, bint negative, int64_t *amount) noexcept nogil:
    """An amount with a sign, of many digits, or with a fault."""
    cdef uint64_t value = 0
    cdef int code
    cdef bint minus = False
    if field.at[0] == 45:
        minus = True
        field.at += 1
        field.size -= 1
    code = read_number(field, AMOUNT_MOST, &value)
    if code == Code.NUMBER_INVALID:
        return Code.AMOUNT_INVALID
    if minus and not negative:
        return Code.AMOUNT_NEGATIVE
    if code:
        return Code.AMOUNT_OVERFLOW
    amount[0] = -<int64_t>value if minus else <int64_t>value
    return Code.OK


cdef inline int read_amount(Field field, bint negative, int64_t *amount) noexcept nogil:
    """Whole minor units; blank leaves `amount` alone."""
    cdef uint64_t value = 0
    if field.size == 0:
        return Code.OK
    if likely(read_short(field, &value)):
        amount[0] = <int64_t>value
        return Code.OK
    return read_long_amount(field, negative, amount)


cdef inline bint is_unseen_wide(const uint8_t *at) noexcept nogil:
    """Whether a character of three bytes is a space, or none that anybody sees."""
    if at[0] == 0xE2:       # U+2000 to U+200F, U+2028 to U+202F, U+2060
        return (at[1] == 0x80 and (at[2] < 0x90 or 0xA8 <= at[2] <= 0xAF)
                or at[1] == 0x81 and at[2] == 0xA0)
    if at[0] == 0xE3:       # U+3000
        return at[1] == 0x80 and at[2] == 0x80
    return at[0] == 0xEF and at[1] == 0xBB and at[2] == 0xBF    # U+FEFF


cdef inline bint has_unseen_ends(Field field) noexcept nogil:
    """Whether a text, not a blank one, begins or ends with a character that nobody sees."""
    cdef uint8_t first = field.at[0], last = field.at[field.size - 1]
    if first <= 32 or last <= 32 or first == 127 or last == 127:
        return True
    if field.size >= 2 and (first == 0xC2 and field.at[1] <= 0xA0       # U+0080 to U+00A0
                            or field.at[field.size - 2] == 0xC2 and last <= 0xA0):
        return True
    return field.size >= 3 and (is_unseen_wide(field.at)
                                or is_unseen_wide(field.at + field.size - 3))


cdef inline bint is_padded(Field field) noexcept nogil:
    """Whether a value has something around it that nobody sees, and that would make it another."""
    if field.size == 0:
        return False
    if likely(32 < field.at[0] < 127 and 32 < field.at[field.size - 1] < 127):
        return False
    return has_unseen_ends(field)


cdef inline bint is_letter(uint8_t byte) noexcept nogil:
    return 97 <= (byte | 32) <= 122


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return 48 <= byte <= 57


cdef inline bint is_marked_as_text(Field field) noexcept nogil:
    """Whether it reads '310, ="310" or has a tab: what keeps a spreadsheet from rounding."""
    cdef uint8_t last = field.at[field.size - 1]
    return (field.at[0] == 39 or field.at[0] == 9 or last == 9
            or field.size > 2 and field.at[0] == 61 and field.at[1] == 34 and last == 34)


cdef inline bint spoilt_by_spreadsheet(Field field) noexcept nogil:
    """Whether it reads 1.80063E+14, the digits of the card being lost, or is marked as text."""
    cdef uint32_t i = 0, start
    if is_marked_as_text(field):
        return True
    while i < field.size and is_digit(field.at[i]):
        i += 1
    if i == 0:
        return False
    if i < field.size and field.at[i] == 46:
        start = i + 1
        i = start
        while i < field.size and is_digit(field.at[i]):
            i += 1
        if i == start:
            return False
    if i + 2 >= field.size or (field.at[i] | 32) != 101 or field.at[i + 1] != 43:
        return False
    i += 2
    while i < field.size and is_digit(field.at[i]):
        i += 1
    return i == field.size


cdef inline int read_letters(Field field, uint64_t *high, uint64_t *low) noexcept nogil:
    """A card of letters and digits, up to 16."""
    cdef uint32_t i
    for i in range(field.size):
        if not is_letter(field.at[i]) and not is_digit(field.at[i]):
            return Code.CARD_SPREADSHEET if spoilt_by_spreadsheet(field) else Code.CARD_INVALID
    if field.size > 16:
        return Code.CARD_INVALID
    high[0] = swap8(load_some(field.at, min(field.size, <uint32_t>8)))
    low[0] = swap8(load_some(field.at + 8, field.size - 8)) if field.size > 8 else 0
    return Code.OK


cdef inline int read_card(Field field, uint64_t *high, uint64_t *low) noexcept nogil:
    """A card's 128 exact bits; see records.pxd."""
    cdef uint64_t first = 0, middle = 0, last = 0, product
    cdef uint32_t rest
    if field.size - 1 >= 20:
        return Code.MISSING_VALUE if field.size == 0 else read_letters(field, high, low)
    if likely(field.size > 16):
        rest = field.size - 16
        first = load_digits(field.at, rest)
        middle = load_digits(field.at + rest, 8)
        last = load_digits(field.at + rest + 8, 8)
    elif field.size > 8:
        rest = field.size - 8
        middle = load_digits(field.at, rest)
        last = load_digits(field.at + rest, 8)
    else:
        last = load_digits(field.at, field.size)
    if not_digits(first) | not_digits(middle) | not_digits(last):
        return read_letters(field, high, low)
    first, last = eight_digits(first), eight_digits(last) + eight_digits(middle) * 100000000
    # first * 10**16 in two halves: 20 digits do not fit in 64 bits.
    product = first * <uint64_t>0x6FC10000 + (last & <uint64_t>0xFFFFFFFF)
    first = first * <uint64_t>0x2386F2 + (last >> 32) + (product >> 32)
    low[0] = first << 32 | (product & <uint64_t>0xFFFFFFFF)
    high[0] = <uint64_t>field.size << 56 | first >> 32
    return Code.OK


cdef inline int read_date(uint32_t year, uint32_t month, uint32_t day,
                          int64_t *seconds) noexcept nogil:
    """Midnight of a day of the calendar, as seconds since 1970."""
    cdef uint32_t leap = (year & 3) == 0 and (year % 100 != 0 or year % 400 == 0)
    cdef uint32_t length
    cdef int64_t before
    if not (1 <= month <= 12 and day >= 1 and year >= 1):
        return Code.TIME_INVALID
    if month == 2:
        length = 28 + leap
    else:
        length = 30 + ((month + (month >> 3)) & 1)
    if day > length:
        return Code.TIME_INVALID
    before = <int64_t>year - 1
    before = before * 365 + before // 4 - before // 100 + before // 400
    must(28 <= length <= 31, b"a month has 28 to 31 days")
    before += (367 * month - 362) // 12 + day - 1
    if month > 2:
        before -= 2 - leap
    seconds[0] = (before - 719162) * DAY_S
    return Code.OK


cdef inline int read_dashed_date(uint64_t date, uint64_t rest, int64_t *seconds) noexcept nogil:
    """The same for a text: YYYY-MM- and DD, as load8 has them."""
    cdef uint64_t value
    if date >> 32 & 255 != 45 or date >> 56 != 45:
        return Code.TIME_INVALID
    value = (date & <uint64_t>0xFFFFFFFF) | (date >> 8 & <uint64_t>0x0000FFFF00000000)
    value = (value | rest << 48) ^ <uint64_t>0x3030303030303030
    if not_digits(value):
        return Code.TIME_INVALID
    value = eight_digits(value)
    return read_date(<uint32_t>(value // 10000), <uint32_t>(value // 100 % 100),
                     <uint32_t>(value % 100), seconds)


cdef inline int read_compact_date(Context *context, uint64_t date) noexcept nogil:
    """A new date, 20241125, for the context."""
    cdef uint64_t value = date ^ <uint64_t>0x3030303030303030
    if not_digits(value):
        return Code.TIME_INVALID
    value = eight_digits(value)
    if read_date(<uint32_t>(value // 10000), <uint32_t>(value // 100 % 100),
                 <uint32_t>(value % 100), &context.date_s):
        context.date = 0
        return Code.TIME_INVALID
    context.date, context.date_rest = date, 0
    return Code.OK


cdef inline int read_compact_time(Context *context, const uint8_t *at,
                                  int64_t *seconds) noexcept nogil:
    """20241125073000."""
    cdef uint64_t date = load8(at), clock = load8(at + 6) ^ <uint64_t>0x3030303030303030
    if not_digits(clock):
        return Code.TIME_INVALID
    if date != context.date or context.date_rest != 0:
        if read_compact_date(context, date):
            return Code.TIME_INVALID
    clock = clock * 2561 >> 8 & <uint64_t>0x00FF00FF00FF00FF
    # Whether the hour is above 23, the minute or the second above 59.
    if (clock + <uint64_t>0x0044004400680000) & <uint64_t>0x0080008000800000:
        return Code.TIME_INVALID
    seconds[0] = context.date_s + <int64_t>(
        (clock >> 16 & 255) * 3600 + (clock >> 32 & 255) * 60 + (clock >> 48))
    return Code.OK


cdef inline int read_iso_time(Context *context, const uint8_t *at,
                              int64_t *seconds) noexcept nogil:
    """2024-11-25T07:30:00, or with a space."""
    cdef uint64_t date = load8(at), rest = load8(at + 8), clock = load8(at + 11)
    cdef uint64_t x = clock ^ <uint64_t>0x30303A30303A3030
    cdef uint32_t between = rest >> 16 & 255
    if ((x + <uint64_t>0x76767F76767F7676) | x) & <uint64_t>0x8080808080808080:
        return Code.TIME_INVALID
    if between != 84 and between != 32:
        return Code.TIME_INVALID
    rest &= 0xFFFF
    if date != context.date or rest != context.date_rest:
        if read_dashed_date(date, rest, &context.date_s):
            context.date = 0
            return Code.TIME_INVALID
        context.date, context.date_rest = date, rest
    x = x * 10 + (x >> 8)       # hour, minute and second in the bytes 0, 3 and 6
    x &= <uint64_t>0x00FF0000FF0000FF
    if (x + <uint64_t>0x0044000044000068) & <uint64_t>0x0080000080000080:
        return Code.TIME_INVALID
    seconds[0] = context.date_s + <int64_t>(
        (x & 255) * 3600 + (x >> 24 & 255) * 60 + (x >> 48))
    return Code.OK


cdef inline int read_zone(const uint8_t *at, int64_t *offset_s) noexcept nogil:
    """+08:00, as seconds that civil time is ahead."""
    cdef uint64_t hour = 0, minute = 0
    if (at[0] != 43 and at[0] != 45) or at[3] != 58:
        return Code.TIME_INVALID
    if not read_digits(at + 1, 2, &hour) or not read_digits(at + 4, 2, &minute):
        return Code.TIME_INVALID
    if hour > 23 or minute > 59:
        return Code.TIME_INVALID
    offset_s[0] = <int64_t>(hour * 3600 + minute * 60)
    if at[0] == 45:
        offset_s[0] = -offset_s[0]
    return Code.OK


cdef inline int read_moment(Context *context, Field field, int64_t *seconds) noexcept nogil:
    """A moment as UTC seconds, in any of the forms."""
    cdef int64_t offset_s = 0
    cdef int code
    if likely(field.size == 19):
        code = read_iso_time(context, field.at, seconds)
        offset_s = offset_read(&context.clock, seconds[0])
    elif field.size == 14:
        code = read_compact_time(context, field.at, seconds)
        offset_s = offset_read(&context.clock, seconds[0])
    elif field.size == 20 and field.at[19] == 90:
        code = read_iso_time(context, field.at, seconds)
    elif field.size == 25:
        code = read_iso_time(context, field.at, seconds)
        if read_zone(field.at + 19, &offset_s):
            return Code.TIME_INVALID
    else:
        return Code.TIME_INVALID
    seconds[0] -= offset_s
    return code


cdef inline int read_time(Context *context, Field field, uint32_t *time) noexcept nogil:
    """A moment as UTC seconds, within what the network takes."""
    cdef int64_t seconds = 0
    cdef int code = read_moment(context, field, &seconds)
    if code:
        return code
    if seconds < context.settings.earliest:
        return Code.TIME_TOO_EARLY
    if seconds > context.settings.latest:
        return Code.TIME_IN_FUTURE
    time[0] = <uint32_t>seconds
    return Code.OK


cdef inline int read_day(Field field, int64_t first, int64_t last, int64_t *day) noexcept nogil:
    """A civil date as days since 1970, from `first` to `last`."""
    cdef int64_t seconds = 0, found
    if field.size != 10:
        return Code.DATE_INVALID
    if read_dashed_date(load8(field.at), load8(field.at + 8) & 0xFFFF, &seconds):
        return Code.DATE_INVALID
    found = seconds // DAY_S
    if not first <= found <= last:
        return Code.DATE_INVALID
    day[0] = found
    return Code.OK
