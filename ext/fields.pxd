"""One field's text to its value: numbers, amounts, cards, times.

Each returns a Code and touches its output only when that is OK.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.codes cimport Code
from ext.decode cimport AMOUNT_LIMIT, Context, Field
from ext.text cimport (
    all_digits, eight_digits, likely, load8, load_some, read_digits, swap8,
)

cdef enum:
    DAY_S = 86400


cdef inline int read_number(Field field, uint64_t limit, uint64_t *value) noexcept nogil:
    """A whole number up to `limit`; blank is not one."""
    cdef uint64_t total = 0
    cdef uint32_t i, digit
    if likely(1 <= field.size <= 8):
        if not read_digits(field.at, field.size, &total):
            return Code.NUMBER_INVALID
    else:
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


cdef inline int read_amount(Field field, bint negative, int64_t *amount) noexcept nogil:
    """Whole fen; blank leaves `amount` alone."""
    cdef uint64_t value = 0
    cdef int code
    cdef bint minus = False
    if field.size == 0:
        return Code.OK
    if field.at[0] == 45:
        minus = True
        field.at += 1
        field.size -= 1
    code = read_number(field, AMOUNT_LIMIT, &value)
    if code == Code.NUMBER_INVALID:
        return Code.AMOUNT_INVALID
    if minus and not negative:
        return Code.AMOUNT_NEGATIVE
    if code:
        return Code.AMOUNT_OVERFLOW
    amount[0] = -<int64_t>value if minus else <int64_t>value
    return Code.OK


cdef inline bint is_letter(uint8_t byte) noexcept nogil:
    return 97 <= (byte | 32) <= 122


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return 48 <= byte <= 57


cdef inline bint spoilt_by_spreadsheet(Field field) noexcept nogil:
    """Whether it reads 1.80063E+14: the digits of the card are lost."""
    cdef uint32_t i = 0, start
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
    if field.size == 0:
        return Code.MISSING_VALUE
    if field.size > 20:
        return read_letters(field, high, low)
    if field.size <= 8:
        if not read_digits(field.at, field.size, &last):
            return read_letters(field, high, low)
    elif field.size <= 16:
        rest = field.size - 8
        if not (read_digits(field.at, rest, &middle) and read_digits(field.at + rest, 8, &last)):
            return read_letters(field, high, low)
    else:
        rest = field.size - 16
        if not (read_digits(field.at, rest, &first) and read_digits(field.at + rest, 8, &middle)
                and read_digits(field.at + rest + 8, 8, &last)):
            return read_letters(field, high, low)
    last += middle * 100000000
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
    before += (367 * month - 362) // 12 + day - 1
    if month > 2:
        before -= 2 - leap
    seconds[0] = (before - 719162) * 86400
    return Code.OK


cdef inline int read_dashed_date(uint64_t date, uint64_t rest, int64_t *seconds) noexcept nogil:
    """The same for a text: YYYY-MM- and DD, as load8 has them."""
    cdef uint64_t value
    if date >> 32 & 255 != 45 or date >> 56 != 45:
        return Code.TIME_INVALID
    value = (date & <uint64_t>0xFFFFFFFF) | (date >> 8 & <uint64_t>0x0000FFFF00000000)
    value |= rest << 48
    if not all_digits(value):
        return Code.TIME_INVALID
    value = eight_digits(value)
    return read_date(<uint32_t>(value // 10000), <uint32_t>(value // 100 % 100),
                     <uint32_t>(value % 100), seconds)


cdef inline int read_compact_time(Context *context, const uint8_t *at,
                                  int64_t *seconds) noexcept nogil:
    """20241125073000."""
    cdef uint64_t date = load8(at), clock = load8(at + 6), value
    cdef uint32_t hour, minute, second
    if not all_digits(clock):
        return Code.TIME_INVALID
    if date != context.date or context.date_rest != 0:
        if not all_digits(date):
            return Code.TIME_INVALID
        value = eight_digits(date)
        if read_date(<uint32_t>(value // 10000), <uint32_t>(value // 100 % 100),
                     <uint32_t>(value % 100), &context.date_s):
            context.date = 0
            return Code.TIME_INVALID
        context.date = date
        context.date_rest = 0
    clock = (clock & <uint64_t>0x0F0F0F0F0F0F0F0F) * 2561 >> 8 & <uint64_t>0x00FF00FF00FF00FF
    hour, minute, second = clock >> 16 & 255, clock >> 32 & 255, <uint32_t>(clock >> 48)
    if hour > 23 or minute > 59 or second > 59:
        return Code.TIME_INVALID
    seconds[0] = context.date_s + hour * 3600 + minute * 60 + second
    return Code.OK


cdef inline int read_iso_time(Context *context, const uint8_t *at,
                              int64_t *seconds) noexcept nogil:
    """2024-11-25T07:30:00, or with a space."""
    cdef uint64_t date = load8(at), rest = load8(at + 8) & 0xFFFF, clock = load8(at + 11)
    cdef uint64_t x = clock ^ <uint64_t>0x30303A30303A3030
    cdef uint32_t hour, minute, second
    if ((x + <uint64_t>0x76767F76767F7676) | x) & <uint64_t>0x8080808080808080:
        return Code.TIME_INVALID
    if at[10] != 84 and at[10] != 32:
        return Code.TIME_INVALID
    if date != context.date or rest != context.date_rest:
        if read_dashed_date(date, rest, &context.date_s):
            context.date = 0
            return Code.TIME_INVALID
        context.date = date
        context.date_rest = rest
    hour = <uint32_t>((x & 255) * 10 + (x >> 8 & 255))
    minute = <uint32_t>((x >> 24 & 255) * 10 + (x >> 32 & 255))
    second = <uint32_t>((x >> 48 & 255) * 10 + (x >> 56))
    if hour > 23 or minute > 59 or second > 59:
        return Code.TIME_INVALID
    seconds[0] = context.date_s + hour * 3600 + minute * 60 + second
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


cdef inline int read_time(Context *context, Field field, uint32_t *time) noexcept nogil:
    """A moment as UTC seconds, within what the network takes."""
    cdef int64_t seconds = 0, offset_s = context.settings.civil_offset_s
    cdef int code
    if field.size == 14:
        code = read_compact_time(context, field.at, &seconds)
    elif 19 <= field.size <= 25:
        code = read_iso_time(context, field.at, &seconds)
        if field.size == 20 and field.at[19] == 90:
            offset_s = 0
        elif field.size == 25:
            if read_zone(field.at + 19, &offset_s):
                code = Code.TIME_INVALID
        elif field.size != 19:
            code = Code.TIME_INVALID
    else:
        return Code.TIME_INVALID
    if code:
        return code
    seconds -= offset_s
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
