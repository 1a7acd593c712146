"""A hash table from (scope, code) to a number, in arrays that the caller owns.

    slots   a power of two of Slot: a code's index with its first bytes; index 0 is an empty one
    keys    one Key per index, from 1; index 0 is nobody's
    blob    the codes' bytes, each padded with zeros to a multiple of 8
    used    [0] indexes used, 0 included; [1] bytes of the blob used; [2] the hash's seed

Linear probing, never more than half full, nothing is ever removed. A slot is half a cache line and
holds codes of up to 24 bytes whole, so that a code is mostly found with one visit to memory. The
seed is the caller's and should be random, so that nobody can prepare codes that collide; it decides
no number.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.checked cimport must
from ext.intake.text cimport likely, load8, load_some, prefetch

cdef packed struct Slot:
    uint64_t word_0         # the code's first bytes, as in memory, the rest zero
    uint64_t word_1
    uint64_t word_2
    uint32_t index
    uint32_t tail           # the scope, times 65,536, and the bytes

cdef packed struct Key:
    uint32_t offset         # into the blob, a multiple of 8
    uint16_t length         # bytes
    uint16_t scope
    uint32_t value          # what the code stands for; 0: its own index

cdef struct Table:
    Slot *slots
    Key *keys
    uint8_t *blob
    uint64_t *used
    uint64_t slot_mask
    uint32_t slot_shift     # of a hash, whose highest bits say where to begin
    uint64_t key_room
    uint64_t blob_room

cdef struct Probe:          # a code that is looked for
    const uint8_t *at
    uint64_t word_0
    uint64_t word_1         # of codes of more than 8 bytes only, as the next one
    uint64_t word_2
    uint64_t place          # the slot to begin at
    uint32_t size
    uint32_t tail           # as in Slot

cdef class Lookup:
    cdef Slot[::1] _slots
    cdef Key[::1] _keys
    cdef uint8_t[::1] _blob
    cdef uint64_t[::1] _used
    cdef Table table(self) noexcept


cdef inline uint64_t mix(uint64_t hashed, uint64_t word) noexcept nogil:
    hashed = (hashed ^ word) * <uint64_t>0xFF51AFD7ED558CCD
    return hashed ^ (hashed >> 32)


cdef inline uint64_t load_part(const uint8_t *at, uint32_t size) noexcept nogil:
    """The first eight bytes of what is left of a code, or fewer, the rest zero."""
    return load_some(at, min(size, <uint32_t>8))


cdef inline uint64_t mix_rest(Probe *probe, uint64_t hashed) noexcept nogil:
    """Load and hash what a code has after its first eight bytes."""
    cdef uint32_t done = 24
    probe.word_1 = load_part(probe.at + 8, probe.size - 8)
    hashed = mix(hashed, probe.word_1)
    probe.word_2 = 0
    if probe.size > 16:
        probe.word_2 = load_part(probe.at + 16, probe.size - 16)
        hashed = mix(hashed, probe.word_2)
        while probe.size > done:
            hashed = mix(hashed, load_part(probe.at + done, probe.size - done))
            done += 8
    return hashed


cdef inline void start_probe(const Table *table, Probe *probe, const uint8_t *at, uint32_t size,
                             uint16_t scope) noexcept nogil:
    """Hash a code (not an empty one), and let its slot be fetched meanwhile."""
    cdef uint64_t hashed
    probe.at, probe.size, probe.tail = at, size, <uint32_t>scope << 16 | size
    probe.word_0 = load_part(at, size)
    hashed = mix(table.used[2] ^ probe.tail, probe.word_0)
    if size > 8:
        hashed = mix_rest(probe, hashed)
    probe.place = hashed * <uint64_t>0xC4CEB9FE1A85EC53 >> table.slot_shift
    must(size > 0 and probe.place <= table.slot_mask, b"a probe begins at a slot of the table")
    prefetch(&table.slots[probe.place])


cdef inline bint same_tail(const Table *table, const Slot *slot,
                           const Probe *probe) noexcept nogil:
    """Whether a code of more than 24 bytes goes on as the table has it."""
    cdef const uint8_t *kept = table.blob + table.keys[slot.index].offset
    cdef uint32_t at = 24
    while at < probe.size:
        if load_part(probe.at + at, probe.size - at) != load8(kept + at):
            return False
        at += 8
    return True


cdef inline bint same_code(const Table *table, const Slot *slot,
                           const Probe *probe) noexcept nogil:
    """Whether a slot has the code that is looked for; an empty one has none."""
    if slot.word_0 != probe.word_0 or slot.tail != probe.tail:
        return False
    return probe.size <= 8 or (slot.word_1 == probe.word_1 and slot.word_2 == probe.word_2
                               and (probe.size <= 24 or same_tail(table, slot, probe)))


cdef inline uint32_t find_index(const Table *table, const Probe *probe) noexcept nogil:
    """The index of a code; 0 where the table does not have it."""
    cdef uint64_t place = probe.place
    cdef const Slot *slot = &table.slots[place]
    if likely(same_code(table, slot, probe)):
        return slot.index
    while slot.index and not same_code(table, slot, probe):
        place = (place + 1) & table.slot_mask
        slot = &table.slots[place]
    return slot.index


cdef inline uint32_t find_code(const Table *table, const uint8_t *at, uint32_t size,
                               uint16_t scope) noexcept nogil:
    """What a code stands for; 0 where the table does not have it."""
    cdef Probe probe
    cdef uint32_t index
    probe.word_1 = probe.word_2 = 0
    start_probe(table, &probe, at, size, scope)
    index = find_index(table, &probe)
    return table.keys[index].value if index and table.keys[index].value else index


cdef uint32_t add_code(Table *table, const Probe *probe, uint32_t value) noexcept nogil
