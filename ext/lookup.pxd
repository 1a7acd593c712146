"""A hash table from (scope, code) to a number, in arrays that the caller owns.

    slots   uint64, a power of two of them: hash's high half << 32 | key's index; 0 is empty
    keys    one Key per index, from 1; index 0 is nobody's
    blob    the codes' bytes, each padded with zeros to a multiple of 8
    used    [0] indexes used, 0 included; [1] bytes of the blob used; [2] the hash's seed

Linear probing, never more than half full, nothing is ever removed. The seed is the caller's and
should be random, so that nobody can prepare codes that collide; it decides no number.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.text cimport load8, load_some

cdef packed struct Key:
    uint32_t offset         # into the blob, a multiple of 8
    uint16_t length         # bytes
    uint16_t scope
    uint32_t value          # what the code stands for; 0: its own index

cdef struct Table:
    uint64_t *slots
    Key *keys
    uint8_t *blob
    uint64_t *used
    uint64_t slot_mask
    uint64_t key_room
    uint64_t blob_room

cdef class Lookup:
    cdef uint64_t[::1] _slots
    cdef Key[::1] _keys
    cdef uint8_t[::1] _blob
    cdef uint64_t[::1] _used
    cdef Table table(self) noexcept


cdef inline uint64_t hash_code(const uint8_t *at, uint32_t size, uint64_t seed) noexcept nogil:
    cdef uint64_t hashed = seed ^ (<uint64_t>size * <uint64_t>0x9E3779B97F4A7C15)
    while size > 8:
        hashed = (hashed ^ load8(at)) * <uint64_t>0xFF51AFD7ED558CCD
        hashed ^= hashed >> 32
        at += 8
        size -= 8
    if size:
        hashed = (hashed ^ load_some(at, size)) * <uint64_t>0xFF51AFD7ED558CCD
        hashed ^= hashed >> 32
    hashed *= <uint64_t>0xC4CEB9FE1A85EC53
    return hashed ^ (hashed >> 33)


cdef inline bint holds(const Table *table, uint32_t index, const uint8_t *at, uint32_t size,
                       uint16_t scope) noexcept nogil:
    """Whether a key is this scope and code."""
    cdef const Key *key = &table.keys[index]
    cdef const uint8_t *kept = table.blob + key.offset
    if key.length != size or key.scope != scope:
        return False
    while size > 8:
        if load8(at) != load8(kept):
            return False
        at += 8
        kept += 8
        size -= 8
    return size == 0 or load_some(at, size) == load8(kept)


cdef inline uint32_t find_code(const Table *table, const uint8_t *at, uint32_t size,
                               uint16_t scope) noexcept nogil:
    """What a code stands for; 0 where the table does not have it."""
    cdef uint64_t hashed = hash_code(at, size, table.used[2] ^ scope)
    cdef uint64_t place = hashed & table.slot_mask
    cdef uint64_t slot = table.slots[place]
    cdef uint32_t index
    while slot:
        if slot >> 32 == hashed >> 32:
            index = <uint32_t>slot
            if holds(table, index, at, size, scope):
                return table.keys[index].value if table.keys[index].value else index
        place = (place + 1) & table.slot_mask
        slot = table.slots[place]
    return 0


cdef uint32_t add_code(Table *table, const uint8_t *at, uint32_t size, uint16_t scope,
                       uint32_t value) noexcept nogil
