"""Codes to numbers, for kernels that meet a few million codes a second; see lookup.pxd."""

import numpy as np

from libc.string cimport memcpy, memset

from ext.checked cimport must
from ext.intake.text cimport CODE_LIMIT, PAD, last_bit

cdef Slot _slot
cdef Key _key
SLOT = np.asarray(<Slot[:1]>&_slot).dtype
KEY = np.asarray(<Key[:1]>&_key).dtype


cdef class Lookup:
    """A table over the caller's arrays, checked once; it keeps them alive and owns nothing."""

    def __init__(self, slots not None, keys not None, uint8_t[::1] blob not None,
                 uint64_t[::1] used not None):
        size = len(slots)
        if size < 2 or size & (size - 1):
            raise ValueError(f"slots: {size} of them, expected a power of two from 2 up")
        if used.shape[0] != 3:
            raise ValueError(f"used: {used.shape[0]} values, expected 3")
        self._slots, self._keys, self._blob, self._used = slots, keys, blob, used
        if not (1 <= used[0] <= <uint64_t>self._keys.shape[0]
                and used[0] <= <uint64_t>size // 2 + 1
                and used[1] <= <uint64_t>blob.shape[0]):
            raise ValueError(
                f"used: {used[0]} keys and {used[1]} bytes, in arrays of {self._keys.shape[0]} "
                f"keys, {size} slots and {blob.shape[0]} bytes"
            )

    cdef Table table(self) noexcept:
        """The arrays as a kernel takes them."""
        cdef Table table
        table.slots = &self._slots[0]
        table.keys = &self._keys[0]
        table.blob = &self._blob[0] if self._blob.shape[0] else NULL
        table.used = &self._used[0]
        table.slot_mask = <uint64_t>self._slots.shape[0] - 1
        table.slot_shift = 63 - last_bit(table.slot_mask)
        table.key_room = min(<uint64_t>self._keys.shape[0],
                             <uint64_t>(self._slots.shape[0] >> 1) + 1)
        table.blob_room = self._blob.shape[0]
        return table

    def find(self, bytes code not None, int scope=0):
        """What a code stands for; 0 where the table does not have it."""
        if not code:
            return 0
        padded = code + bytes(PAD)
        cdef Table table = self.table()
        cdef const uint8_t *at = padded
        return find_code(&table, at, <uint32_t>len(code), <uint16_t>scope)

    def find_all(self, Lookup other not None, uint16_t[::1] scopes not None,
                 uint32_t[::1] values not None):
        """What each code of another table stands for; 0 where this one does not have it.

        scopes: this table's by the other's. values: written, by the other's indexes; 0 keeps its.
        """
        cdef Table table = self.table(), codes = other.table()
        if values.shape[0] != <Py_ssize_t>codes.used[0]:
            raise ValueError(f"values: {values.shape[0]}, expected {codes.used[0]}")
        cdef const uint16_t *own = &scopes[0] if scopes.shape[0] else NULL
        cdef uint64_t known = scopes.shape[0], unknown
        cdef uint32_t *found = &values[0]
        with nogil:
            unknown = find_keys(&table, &codes, own, known, found)
        if unknown:
            raise ValueError(f"scopes: {known}, and the code at {unknown} is of another")

    def add(self, bytes code not None, int scope=0, uint32_t value=0):
        """A new code: its index. 0 where the arrays are full: grow them and come again."""
        if not 1 <= len(code) <= CODE_LIMIT:
            raise ValueError(f"code: {len(code)} bytes, expected 1 to {CODE_LIMIT}")
        padded = code + bytes(PAD)
        cdef Table table = self.table()
        cdef const uint8_t *at = padded
        cdef Probe probe
        start_probe(&table, &probe, at, <uint32_t>len(code), <uint16_t>scope)
        return add_code(&table, &probe, value)

    def count(self):
        """How many indexes are used, 0 included."""
        return self._used[0]

    def value(self, uint32_t index):
        """What the code at an index stands for."""
        if not 0 < index < self._used[0]:
            raise ValueError(f"index: {index}, expected 1 to {self._used[0] - 1}")
        return self._keys[index].value

    def rebuild(self):
        """Fill the slots anew from keys and blob; for arrays that have just grown."""
        cdef Table table = self.table()
        with nogil:
            rebuild_slots(&table)


cdef void put(Table *table, const Probe *probe, uint32_t index) noexcept nogil:
    """Enter an index at the first free slot of its hash."""
    cdef uint64_t place = probe.place
    cdef Slot *slot
    while table.slots[place].index:
        place = (place + 1) & table.slot_mask
    slot = &table.slots[place]
    slot.word_0 = probe.word_0
    slot.word_1 = probe.word_1 if probe.size > 8 else 0
    slot.word_2 = probe.word_2 if probe.size > 16 else 0
    slot.index, slot.tail = index, probe.tail


cdef uint64_t find_keys(const Table *table, const Table *codes, const uint16_t *scopes,
                        uint64_t known, uint32_t *values) noexcept nogil:
    """What each code of a table stands for in another; the index of one without a scope, or 0."""
    cdef const Key *key
    cdef uint64_t index
    for index in range(1, codes.used[0]):
        key = &codes.keys[index]
        if key.scope >= known:
            return index
        values[index] = find_code(table, codes.blob + key.offset, key.length, scopes[key.scope])
    return 0


cdef uint32_t add_code(Table *table, const Probe *probe, uint32_t value) noexcept nogil:
    """Enter a code that the table does not have; 0, and nothing changed, where it is full."""
    cdef uint32_t index = <uint32_t>table.used[0]
    cdef uint64_t offset = table.used[1]
    cdef uint32_t padded = (probe.size + 7) & ~<uint32_t>7
    if (table.used[0] >= table.key_room or offset + padded > table.blob_room
            or offset > <uint64_t>0xFFFFFFFF):
        return 0
    memset(table.blob + offset, 0, padded)
    memcpy(table.blob + offset, probe.at, probe.size)
    table.keys[index].offset = <uint32_t>offset
    table.keys[index].length = <uint16_t>probe.size
    table.keys[index].scope = <uint16_t>(probe.tail >> 16)
    table.keys[index].value = value
    put(table, probe, index)
    table.used[0] += 1
    table.used[1] += padded
    must(2 * (table.used[0] - 1) <= table.slot_mask + 1, b"a lookup is at most half full")
    must(table.used[1] <= table.blob_room, b"a code's bytes lie within the blob")
    return index


cdef void rebuild_slots(Table *table) noexcept nogil:
    cdef Key *key
    cdef Probe probe
    cdef uint64_t index
    memset(table.slots, 0, (table.slot_mask + 1) * sizeof(Slot))
    for index in range(1, table.used[0]):
        key = &table.keys[index]
        start_probe(table, &probe, table.blob + key.offset, key.length, key.scope)
        put(table, &probe, <uint32_t>index)
