"""Whether a card was on the deny list when it was tapped: one full list and the changes after it.

Nearly no card is on it, so nearly every tap ends at a filter: four bits of a 64-bit word that the
card chooses, which of 10 million cards lets by one in 700 of the others. What it lets by is looked
up: whether a change before the tap says it, else whether the full list does. Rules:
clearing/reference/RULES.md §8.
"""

import numpy as np

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.checked cimport must
from ext.codes cimport Code, CorrectionKind, TapKind
from ext.intake.decode cimport Field
from ext.intake.fields cimport read_card
from ext.intake.text cimport prefetch
from ext.records cimport DENIED, HAS_PAID, Tap

cdef enum:
    BATCH = 64              # taps whose words of the filter are asked for at once
    PLACE = 6               # bits of a hash that choose one of a word
    NOT_JUDGED = 0

# A card that a version added to the list or took off it, in the order of cards, then versions.
cdef packed struct Change:
    uint64_t card_hi
    uint64_t card_lo
    uint32_t version        # from 0, the full list; those after it count up
    uint32_t is_on

# Cards from one to another, both inclusive; of a version in order, and none in another.
cdef packed struct CardRange:
    uint64_t first_hi
    uint64_t first_lo
    uint64_t last_hi
    uint64_t last_lo

# From when on a version holds, UTC seconds, and which ranges it has.
cdef packed struct Version:
    uint32_t since
    uint32_t first_range
    uint32_t end_range
    uint32_t reserved

cdef Change _change
cdef CardRange _range
cdef Version _version
CHANGE = np.asarray(<Change[:1]>&_change).dtype
CARD_RANGE = np.asarray(<CardRange[:1]>&_range).dtype
VERSION = np.asarray(<Version[:1]>&_version).dtype


cdef inline uint64_t mix(uint64_t high, uint64_t low) noexcept nogil:
    """A card's hash, of which all bits depend on all digits."""
    cdef uint64_t value = (low ^ high * <uint64_t>0x9E3779B97F4A7C15)
    value = (value ^ value >> 32) * <uint64_t>0xD6E8FEB86659FD93
    value = (value ^ value >> 32) * <uint64_t>0xD6E8FEB86659FD93
    return value ^ value >> 32


cdef inline uint64_t bits_of(uint64_t mixed) noexcept nogil:
    """The bits of a word that a card has."""
    return (<uint64_t>1 << (mixed & 63) | <uint64_t>1 << (mixed >> PLACE & 63)
            | <uint64_t>1 << (mixed >> 2 * PLACE & 63) | <uint64_t>1 << (mixed >> 3 * PLACE & 63))


cdef inline bint is_before(uint64_t high, uint64_t low, uint64_t other_high, uint64_t other_low
                           ) noexcept nogil:
    return high < other_high or (high == other_high and low < other_low)


cdef inline uint32_t moment_of(const Tap *tap) noexcept nogil:
    """When the rider got in, or out, as far as that can be denied; else NOT_JUDGED."""
    if tap.correction == CorrectionKind.CANCEL or tap.kind == TapKind.TOP_UP or (
            tap.kind == TapKind.LOCK):
        return NOT_JUDGED
    if tap.flags & HAS_PAID and tap.paid < 0 and tap.kind != TapKind.OUT:
        return NOT_JUDGED
    if tap.kind == TapKind.RIDE and tap.in_at:
        return tap.in_at
    return tap.tapped_at


def read_cards(const uint8_t[::1] text, Py_ssize_t start, Py_ssize_t end, uint64_t[::1] highs,
               uint64_t[::1] lows) -> tuple[int, int]:
    """Read lines of one card each, until one that is not: where that begins, and how many cards.

    text: TEXT_PAD bytes longer than `end` at least; highs, lows: with room for all lines.
    """
    cdef Py_ssize_t at = start, stop, cards = 0
    cdef Field field
    with nogil:
        while at < end:
            stop = at
            while stop < end and text[stop] != 10 and text[stop] != 13 and text[stop] != 44:
                stop += 1
            field.at, field.size = <uint8_t *>&text[at], <uint32_t>(stop - at)
            if stop < end and text[stop] == 13:
                stop += 1
            if stop >= end or text[stop] != 10 or read_card(field, &highs[cards], &lows[cards]):
                break
            cards += 1
            at = stop + 1
    return at, cards


cdef class Denied:
    """One full list with its changes, ready to be asked."""

    cdef const uint64_t[::1] highs, lows, filter
    cdef const uint32_t[::1] starts
    cdef const Change[::1] changes
    cdef const CardRange[::1] ranges
    cdef const Version[::1] versions
    cdef uint64_t end
    cdef int shift

    def __init__(self, const uint64_t[::1] highs, const uint32_t[::1] starts,
                 const uint64_t[::1] lows, const Change[::1] changes,
                 const CardRange[::1] ranges, const Version[::1] versions, uint64_t end) -> None:
        """Take a list over.

        highs (n) and starts (n + 1): the upper halves of the full list's cards in order, each once,
        and where their lower halves begin among `lows`, in order. end: when the next full list
        holds, UTC seconds.
        """
        assert len(starts) == len(highs) + 1 and starts[-1 + len(starts)] == len(lows)
        assert len(versions) > 0, "a full list is a version"
        self.highs, self.starts, self.lows = highs, starts, lows
        self.changes, self.ranges, self.versions, self.end = changes, ranges, versions, end
        words = 1 << max(6, (len(lows) + len(changes)).bit_length() - 2)
        self.shift = 64 - (words.bit_length() - 1)
        self.filter = self._fill(np.zeros(words, dtype=np.uint64))

    def _fill(self, uint64_t[::1] words):
        """Mark every card that the list, or a change of it, has."""
        cdef Py_ssize_t group, row
        cdef uint64_t mixed
        with nogil:
            for group in range(self.highs.shape[0]):
                for row in range(self.starts[group], self.starts[group + 1]):
                    mixed = mix(self.highs[group], self.lows[row])
                    words[mixed >> self.shift] |= bits_of(mixed)
            for row in range(self.changes.shape[0]):
                mixed = mix(self.changes[row].card_hi, self.changes[row].card_lo)
                words[mixed >> self.shift] |= bits_of(mixed)
        return np.asarray(words)

    def has(self, uint64_t high, uint64_t low) -> bool:
        """Whether the full list has a card, as one of its own."""
        return self._lists(high, low)

    def check(self, Tap[::1] taps, uint16_t[::1] codes) -> None:
        """Give CARD_DENIED to boardings of denied cards, within the time of this list.

        An exit says itself that its card was on it (DENIED): how its ride began decides.
        """
        cdef Py_ssize_t start = 0, row, end
        cdef Tap *tap
        cdef uint64_t mixed[BATCH]
        cdef uint32_t moment
        cdef const uint64_t *words = &self.filter[0]
        cdef bint has_ranges = self.ranges.shape[0] > 0
        assert len(taps) == len(codes)
        with nogil:
            while start < taps.shape[0]:
                end = min(start + <Py_ssize_t>BATCH, taps.shape[0])
                for row in range(start, end):
                    mixed[row - start] = mix(taps[row].card_hi, taps[row].card_lo)
                    prefetch(words + (mixed[row - start] >> self.shift))
                for row in range(start, end):
                    if has_ranges or not bits_of(mixed[row - start]) & ~words[
                            mixed[row - start] >> self.shift]:
                        tap = &taps[row]
                        moment = moment_of(tap)
                        if (self.versions[0].since <= moment < self.end
                                and self._denies(tap, moment, mixed[row - start])):
                            if tap.kind == TapKind.OUT:
                                tap.blanks |= DENIED
                            else:
                                codes[row] = Code.CARD_DENIED
                start = end

    cdef bint _denies(self, const Tap *tap, uint32_t moment, uint64_t mixed) noexcept nogil:
        cdef uint32_t version = self._version_at(moment)
        if self._has_range(tap.card_hi, tap.card_lo, version):
            return True
        if bits_of(mixed) & ~self.filter[mixed >> self.shift]:
            return False
        return self._is_on(tap.card_hi, tap.card_lo, version)

    cdef uint32_t _version_at(self, uint32_t moment) noexcept nogil:
        """The last version that holds since then, or before."""
        cdef Py_ssize_t first = 0, end = self.versions.shape[0], middle
        while end - first > 1:
            middle = (first + end) >> 1
            if self.versions[middle].since <= moment:
                first = middle
            else:
                end = middle
        return <uint32_t>first

    cdef bint _has_range(self, uint64_t high, uint64_t low, uint32_t version) noexcept nogil:
        """Whether a card is in a range of a version."""
        cdef Py_ssize_t first = self.versions[version].first_range
        cdef Py_ssize_t end = self.versions[version].end_range, middle
        must(end <= self.ranges.shape[0], b"a version's ranges are there")
        while first < end:
            middle = (first + end) >> 1
            if is_before(self.ranges[middle].last_hi, self.ranges[middle].last_lo, high, low):
                first = middle + 1
            elif is_before(high, low, self.ranges[middle].first_hi, self.ranges[middle].first_lo):
                end = middle
            else:
                return True
        return False

    cdef bint _is_on(self, uint64_t high, uint64_t low, uint32_t version) noexcept nogil:
        """Whether a card is on the list by itself: the last change up to a version says it."""
        cdef Py_ssize_t first = 0, end = self.changes.shape[0], middle
        cdef const Change *one
        while first < end:      # to the first change that is behind
            middle = (first + end) >> 1
            one = &self.changes[middle]
            if is_before(high, low, one.card_hi, one.card_lo) or (
                    one.card_hi == high and one.card_lo == low and one.version > version):
                end = middle
            else:
                first = middle + 1
        if first and self.changes[first - 1].card_hi == high and (
                self.changes[first - 1].card_lo == low):
            return self.changes[first - 1].is_on
        return self._lists(high, low)

    cdef bint _lists(self, uint64_t high, uint64_t low) noexcept nogil:
        cdef Py_ssize_t first = 0, end = self.highs.shape[0], middle
        while first < end:
            middle = (first + end) >> 1
            if self.highs[middle] < high:
                first = middle + 1
            else:
                end = middle
        if first == self.highs.shape[0] or self.highs[first] != high:
            return False
        end, first = self.starts[first + 1], self.starts[first]
        while first < end:
            middle = (first + end) >> 1
            if self.lows[middle] < low:
                first = middle + 1
            elif self.lows[middle] > low:
                end = middle
            else:
                return True
        return False
