"""What cards have signed: from taps to the serial numbers and messages of their codes.

Which bytes these are stands in clearing/intake/proof.py.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ext.checked cimport must
from ext.civil cimport Clock, clock_of, offset_at
from ext.records cimport DAY_S, HAS_PAID, CivilOffset, Tap

cdef enum:
    SERIAL = 8              # bytes of a serial number
    MESSAGE = 22            # bytes that are signed
    TERMINAL = 6            # bytes that a terminal is known by, and one: whether it is
    DIGITS_MOST = 20        # of a card; a greater top byte is a letter's
    DAYS_TO_1970 = 719468   # from 0000-03-01

SERIAL_BYTES, MESSAGE_BYTES, TERMINAL_BYTES = SERIAL, MESSAGE, TERMINAL

cdef uint64_t SERIAL_END = 10000000000000000    # of 16 digits
cdef uint64_t WORD_REST = 6744073709551616     # of 2**64, by it


cdef inline uint8_t bcd(uint32_t number) noexcept nogil:
    """Two digits in a byte."""
    must(number < 100, b"a byte has two digits")
    return <uint8_t>(number // 10 * 16 + number % 10)


cdef inline void put_word(uint8_t *at, uint32_t word) noexcept nogil:
    """Four bytes, the highest first."""
    at[0], at[1] = <uint8_t>(word >> 24), <uint8_t>(word >> 16)
    at[2], at[3] = <uint8_t>(word >> 8), <uint8_t>word


cdef inline bint put_serial(const Tap *tap, uint8_t *at) noexcept nogil:
    """The last 16 digits of a card's number; False where it is none."""
    cdef uint64_t high = tap.card_hi & <uint64_t>0xFFFFFFFFFFFFFF, left
    cdef int byte
    if tap.card_hi >> 56 > DIGITS_MOST:
        return False
    must(high < 6, b"a card has at most 20 digits")
    left = (high * WORD_REST + tap.card_lo % SERIAL_END) % SERIAL_END
    for byte in range(SERIAL - 1, -1, -1):
        at[byte] = bcd(<uint32_t>(left % 100))
        left //= 100
    return True


cdef inline void put_moment(uint64_t civil_s, uint8_t *at) noexcept nogil:
    """A civil date and time, two digits a byte; years begin in March, leap days end them."""
    cdef uint32_t days = <uint32_t>(civil_s // DAY_S) + DAYS_TO_1970
    cdef uint32_t second = <uint32_t>(civil_s % DAY_S)
    cdef uint32_t era = days // 146097, day = days % 146097
    cdef uint32_t year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    cdef uint32_t month
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153                # from March
    day -= (153 * month + 2) // 5
    year += 400 * era + (month >= 10)
    month = month + 3 if month < 10 else month - 9
    at[0], at[1], at[2], at[3] = bcd(year // 100), bcd(year % 100), bcd(month), bcd(day + 1)
    at[4], at[5], at[6] = bcd(second // 3600), bcd(second // 60 % 60), bcd(second % 60)


def write_signed(const Tap[::1] taps, const int64_t[::1] rows, const uint8_t[:, ::1] terminals,
                 const CivilOffset[::1] civil_offsets, uint8_t[:, ::1] serials,
                 uint8_t[:, ::1] messages, uint8_t[::1] is_signed) -> None:
    """Write the serial number (n, 8) and message (n, 22) of each chosen tap that can be signed.

    The message's type, which no record says, is 0.

    rows (n): of the taps that are chosen; is_signed (n): whether a tap can be, else zeros.

    terminals (devices, 7): the six bytes of each device, and whether its code is such.
    """
    cdef Py_ssize_t at, row
    cdef const Tap *tap
    cdef uint8_t *message
    cdef Clock clock = clock_of(civil_offsets)
    cdef int64_t civil
    assert len(serials) == len(messages) == len(is_signed) == len(rows)
    assert serials.shape[1] == SERIAL and messages.shape[1] == MESSAGE
    assert terminals.shape[1] == TERMINAL + 1
    with nogil:
        for at in range(rows.shape[0]):
            row = rows[at]
            must(0 <= row < taps.shape[0], b"a chosen tap is there")
            tap, message = &taps[row], &messages[at, 0]
            must(tap.device < terminals.shape[0], b"a tap's device is in its worker's table")
            civil = tap.tapped_at + offset_at(&clock, tap.tapped_at)
            must(civil >= 0, b"taps are after 1970")
            is_signed[at] = (tap.flags & HAS_PAID and terminals[tap.device, TERMINAL]
                             and put_serial(tap, &serials[at, 0]))
            if not is_signed[at]:
                memset(&serials[at, 0], 0, SERIAL)
                memset(message, 0, MESSAGE)
                continue
            put_word(message, <uint32_t>(tap.paid if tap.paid >= 0 else -tap.paid))
            message[4] = 0
            memcpy(message + 5, &terminals[tap.device, 0], TERMINAL)
            put_word(message + 11, tap.device_seq)
            put_moment(<uint64_t>civil, message + 15)
