"""DES and SM4 for the authentication codes of millions of records.

A general library sets a cipher up for each key, and every card has a key of its own: that takes ten
times as long as the code. Here four cards go side by side, so that one's table look-ups wait for
none of the others'. The ciphers are FIPS 46-3 and GB/T 32907-2016, and are held to a library's and
to its vectors (tests/intake/test_authentication_codes.py). How a code is made of them stands in
clearing/intake/keystore.py.

Look-ups depend on the key, so that another process on the same processor could learn of it by its
own delays: who reads files with keys works on a machine that is his (docs/security.md).
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ext.checked cimport must
from ext.intake.text cimport load8, swap8

from ext.intake import cipher_tables as tables

cdef enum:
    LANES = 4               # cards side by side
    DES_ROUNDS = 16
    DES_WORDS = 32          # of a schedule: two for each round
    SM4_ROUNDS = 32
    PART = 8                # bytes of what a key is diversified by
    KEY = 16                # bytes
    MESSAGE = 22            # bytes that a card signs
    TYPE_AT = 4             # the byte of them that says the type of what was done
    PADDED = 32             # and as many as either cipher wants at most

cdef extern from "<string.h>":
    void explicit_bzero(void *at, size_t size) nogil    # memset that no compiler leaves out

PART_BYTES, KEY_BYTES = PART, KEY

# Of eight bits at a time, made when this module is loaded.
cdef uint32_t _des_boxes[8][64]             # a box's four bits where the round wants them
cdef uint32_t _des_keys[8][128][DES_WORDS]  # what a byte of a key is in each round's key
cdef uint32_t _sm4_boxes[4 * 256]           # the box and the linear part of a round, of each byte
cdef uint32_t _sm4_key_boxes[4 * 256]       # and of a round of the key
cdef uint32_t _sm4_round_words[SM4_ROUNDS]
cdef uint32_t[4] _sm4_key_words = [0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC]


cdef inline uint32_t rotate(uint32_t word, uint32_t bits) noexcept nogil:
    """To the left, by 1 to 31 bits."""
    return word << bits | word >> (32 - bits)


cdef inline uint32_t load_word(const uint8_t *at) noexcept nogil:
    """Four bytes, the highest first."""
    return (<uint32_t>at[0] << 24) | (<uint32_t>at[1] << 16) | (<uint32_t>at[2] << 8) | at[3]


cdef inline void store_word(uint8_t *at, uint32_t word) noexcept nogil:
    """The reverse of it."""
    at[0], at[1] = <uint8_t>(word >> 24), <uint8_t>(word >> 16)
    at[2], at[3] = <uint8_t>(word >> 8), <uint8_t>word


# DES. A half is kept rotated by one bit, so that each box's six bits lie together, four apart.

cdef packed struct Half:
    uint32_t[LANES] of          # a half of a block, of each card

cdef packed struct DesKey:
    uint32_t[DES_WORDS] words

cdef packed struct TripleKey:   # encrypt, decrypt, encrypt
    DesKey first
    DesKey second
    DesKey third

cdef struct DesWork:            # all that is of keys, to be wiped when it is done with
    uint64_t[LANES] left        # the halves of each card's key
    uint64_t[LANES] right
    uint64_t[LANES] parts
    TripleKey[LANES] triple
    const TripleKey *triples[LANES]
    DesKey[LANES] session
    const DesKey *sessions[LANES]


cdef inline void _exchange(uint32_t *high, uint32_t *low, uint32_t bits, uint32_t mask
                           ) noexcept nogil:
    """Let some bits of a word, so many places lower, and the bits of another change places."""
    cdef uint32_t moved = ((high[0] >> bits) ^ low[0]) & mask
    low[0] ^= moved
    high[0] ^= moved << bits


cdef inline void _into_halves(uint32_t *left, uint32_t *right) noexcept nogil:
    """The initial permutation of a block of two words."""
    _exchange(left, right, 4, 0x0F0F0F0F)
    _exchange(left, right, 16, 0x0000FFFF)
    _exchange(right, left, 2, 0x33333333)
    _exchange(right, left, 8, 0x00FF00FF)
    _exchange(left, right, 1, 0x55555555)
    left[0], right[0] = rotate(left[0], 1), rotate(right[0], 1)


cdef inline void _from_halves(uint32_t *left, uint32_t *right) noexcept nogil:
    """The reverse of it."""
    left[0], right[0] = rotate(left[0], 31), rotate(right[0], 31)
    _exchange(left, right, 1, 0x55555555)
    _exchange(right, left, 8, 0x00FF00FF)
    _exchange(right, left, 2, 0x33333333)
    _exchange(left, right, 16, 0x0000FFFF)
    _exchange(left, right, 4, 0x0F0F0F0F)


cdef inline uint32_t _des_round(uint32_t half, const uint32_t *words) noexcept nogil:
    """What one half changes the other by."""
    cdef uint32_t odd = (half << 28 | half >> 4) ^ words[0], even = half ^ words[1]
    return (_des_boxes[0][odd >> 24 & 63] | _des_boxes[2][odd >> 16 & 63]
            | _des_boxes[4][odd >> 8 & 63] | _des_boxes[6][odd & 63]
            | _des_boxes[1][even >> 24 & 63] | _des_boxes[3][even >> 16 & 63]
            | _des_boxes[5][even >> 8 & 63] | _des_boxes[7][even & 63])


cdef inline void _des_rounds(Half *left, Half *right, const DesKey **keys) noexcept nogil:
    """All sixteen, each lane by its key; the halves are changed over at the end."""
    cdef uint32_t moved
    cdef int at, lane
    for at in range(0, DES_WORDS, 4):
        for lane in range(LANES):
            left.of[lane] ^= _des_round(right.of[lane], keys[lane].words + at)
        for lane in range(LANES):
            right.of[lane] ^= _des_round(left.of[lane], keys[lane].words + at + 2)
    for lane in range(LANES):
        moved = left.of[lane]
        left.of[lane] = right.of[lane]
        right.of[lane] = moved


cdef void _encrypt_des(Half *left, Half *right, const DesKey **keys) noexcept nogil:
    """A block of each lane."""
    cdef int lane
    for lane in range(LANES):
        _into_halves(&left.of[lane], &right.of[lane])
    _des_rounds(left, right, keys)
    for lane in range(LANES):
        _from_halves(&left.of[lane], &right.of[lane])


cdef void _encrypt_triple(Half *left, Half *right, const TripleKey **keys) noexcept nogil:
    """A block of each lane, three times."""
    cdef const DesKey *single[LANES]
    cdef int lane
    for lane in range(LANES):
        _into_halves(&left.of[lane], &right.of[lane])
        single[lane] = &keys[lane].first
    _des_rounds(left, right, single)
    for lane in range(LANES):
        single[lane] = &keys[lane].second
    _des_rounds(left, right, single)
    for lane in range(LANES):
        single[lane] = &keys[lane].third
    _des_rounds(left, right, single)
    for lane in range(LANES):
        _from_halves(&left.of[lane], &right.of[lane])


cdef void _expand_des(uint64_t key, DesKey *made) noexcept nogil:
    """The keys of all rounds; the lowest bit of each byte says nothing."""
    cdef const uint32_t *part
    cdef int byte, word
    memset(made, 0, sizeof(DesKey))
    for byte in range(8):
        part = _des_keys[byte][key >> (56 - 8 * byte) >> 1 & 127]
        for word in range(DES_WORDS):
            made.words[word] |= part[word]


cdef void _expand_triple(uint64_t left, uint64_t right, TripleKey *made) noexcept nogil:
    """Of a key of two halves."""
    cdef int at
    _expand_des(left, &made.first)
    _expand_des(right, &made.third)
    for at in range(0, DES_WORDS, 2):       # decrypting is encrypting with the keys' order reversed
        made.second.words[at] = made.third.words[DES_WORDS - 2 - at]
        made.second.words[at + 1] = made.third.words[DES_WORDS - 1 - at]
    made.third = made.first


cdef inline uint64_t _load_long(const uint8_t *at) noexcept nogil:
    """Eight bytes, the highest first."""
    return swap8(load8(at))


cdef inline void _store_long(uint8_t *at, uint64_t word) noexcept nogil:
    """The reverse of it."""
    store_word(at, <uint32_t>(word >> 32))
    store_word(at + 4, <uint32_t>word)


cdef void _derive_des(uint64_t *left, uint64_t *right, const uint64_t *parts,
                      const TripleKey **keys) noexcept nogil:
    """The key of each lane by its part: of the part, and of its complement."""
    cdef Half high, low
    cdef int half, lane
    cdef uint64_t part
    for half in range(2):
        for lane in range(LANES):
            part = parts[lane] if half == 0 else ~parts[lane]
            high.of[lane], low.of[lane] = <uint32_t>(part >> 32), <uint32_t>part
        _encrypt_triple(&high, &low, keys)
        for lane in range(LANES):
            part = <uint64_t>high.of[lane] << 32 | low.of[lane]
            if half == 0:
                left[lane] = part
            else:
                right[lane] = part


cdef void _des_sessions(DesWork *work, const uint8_t[:, ::1] after) noexcept nogil:
    """The session's key of each lane, by its card's key and the levels after it."""
    cdef Py_ssize_t level
    cdef int lane
    for level in range(after.shape[0]):
        for lane in range(LANES):
            _expand_triple(work.left[lane], work.right[lane], &work.triple[lane])
            work.triples[lane] = &work.triple[lane]
            work.parts[lane] = _load_long(&after[level, 0])
        _derive_des(work.left, work.right, work.parts, work.triples)
    for lane in range(LANES):
        _expand_des(work.left[lane] ^ work.right[lane], &work.session[lane])
        work.sessions[lane] = &work.session[lane]


cdef void _des_codes(const DesWork *work, const uint8_t *padded, uint32_t *codes) noexcept nogil:
    """CBC over three blocks."""
    cdef Half high, low
    cdef int lane, block
    for lane in range(LANES):
        high.of[lane] = low.of[lane] = 0
    for block in range(3):
        for lane in range(LANES):
            high.of[lane] ^= load_word(padded + PADDED * lane + 8 * block)
            low.of[lane] ^= load_word(padded + PADDED * lane + 8 * block + 4)
        _encrypt_des(&high, &low, <const DesKey **>work.sessions)
    for lane in range(LANES):
        codes[lane] = high.of[lane]


# SM4.

cdef packed struct Sm4Key:
    uint32_t[SM4_ROUNDS] words

cdef packed struct Sm4Block:
    uint32_t[4] words

cdef struct Sm4Work:            # the same
    Sm4Block[LANES] cards       # each card's key
    Sm4Key[LANES] own
    const Sm4Key *keys[LANES]


cdef inline uint32_t _sm4_mix(uint32_t word, const uint32_t *boxes) noexcept nogil:
    return (boxes[word >> 24] ^ boxes[256 + (word >> 16 & 255)]
            ^ boxes[512 + (word >> 8 & 255)] ^ boxes[768 + (word & 255)])


cdef inline void _load_block(Sm4Block *block, const uint8_t *at) noexcept nogil:
    cdef int word
    for word in range(4):
        block.words[word] = load_word(at + 4 * word)


cdef inline void _store_block(uint8_t *at, const Sm4Block *block) noexcept nogil:
    cdef int word
    for word in range(4):
        store_word(at + 4 * word, block.words[word])


cdef void _expand_sm4(const Sm4Block *secret, Sm4Key *made) noexcept nogil:
    cdef uint32_t[4] state
    cdef int at
    for at in range(4):
        state[at] = secret.words[at] ^ _sm4_key_words[at]
    for at in range(SM4_ROUNDS):
        state[at & 3] ^= _sm4_mix(state[at + 1 & 3] ^ state[at + 2 & 3] ^ state[at + 3 & 3]
                                  ^ _sm4_round_words[at], _sm4_key_boxes)
        made.words[at] = state[at & 3]


cdef void _encrypt_sm4(Sm4Block *blocks, const Sm4Key **keys) noexcept nogil:
    """A block of each lane."""
    cdef uint32_t *words
    cdef uint32_t moved
    cdef int at, lane
    for at in range(SM4_ROUNDS):
        for lane in range(LANES):
            words = blocks[lane].words
            words[at & 3] ^= _sm4_mix(words[at + 1 & 3] ^ words[at + 2 & 3] ^ words[at + 3 & 3]
                                      ^ keys[lane].words[at], _sm4_boxes)
    for lane in range(LANES):
        words = blocks[lane].words
        for at in range(2):
            moved = words[at]
            words[at] = words[3 - at]
            words[3 - at] = moved


cdef void _sm4_part(Sm4Block *block, uint64_t part) noexcept nogil:
    """A part, and its complement behind it."""
    block.words[0], block.words[1] = <uint32_t>(part >> 32), <uint32_t>part
    block.words[2], block.words[3] = ~block.words[0], ~block.words[1]


cdef void _sm4_sessions(Sm4Work *work, const uint8_t[:, ::1] after) noexcept nogil:
    """The key of each lane by its card's and the levels after it, ready for use."""
    cdef Py_ssize_t level
    cdef int lane
    for lane in range(LANES):
        work.keys[lane] = &work.own[lane]
    for level in range(after.shape[0]):
        for lane in range(LANES):
            _expand_sm4(&work.cards[lane], &work.own[lane])
            _sm4_part(&work.cards[lane], _load_long(&after[level, 0]))
        _encrypt_sm4(work.cards, work.keys)
    for lane in range(LANES):
        _expand_sm4(&work.cards[lane], &work.own[lane])


cdef void _sm4_codes(const Sm4Work *work, const uint8_t *padded, uint32_t *codes) noexcept nogil:
    """CBC over two blocks."""
    cdef Sm4Block[LANES] blocks
    cdef int lane, block, at
    memset(blocks, 0, sizeof(Sm4Block) * LANES)
    for block in range(2):
        for lane in range(LANES):
            for at in range(4):
                blocks[lane].words[at] ^= load_word(padded + PADDED * lane + 16 * block + 4 * at)
        _encrypt_sm4(blocks, <const Sm4Key **>work.keys)
    for lane in range(LANES):
        codes[lane] = blocks[lane].words[0]


# Both. What was of keys is wiped before a function returns.

def derive_keys(bint is_sm4, const uint8_t[::1] secret, const uint8_t[:, ::1] parts,
                uint8_t[:, ::1] keys) -> None:
    """Write the key (n, 16) that a secret of 16 bytes is diversified to by each part (n, 8)."""
    cdef Py_ssize_t rows = parts.shape[0], first = 0
    cdef DesWork des
    cdef Sm4Work sm4
    cdef int lane
    assert secret.shape[0] == KEY and parts.shape[1] == PART
    assert keys.shape[0] == rows and keys.shape[1] == KEY
    with nogil:
        if is_sm4:
            _load_block(&sm4.cards[0], &secret[0])
            _expand_sm4(&sm4.cards[0], &sm4.own[0])
        else:
            _expand_triple(_load_long(&secret[0]), _load_long(&secret[8]), &des.triple[0])
        for lane in range(LANES):
            des.triples[lane], sm4.keys[lane] = &des.triple[0], &sm4.own[0]
        while first < rows:
            for lane in range(LANES):       # lanes without a row of their own do the last one's
                des.parts[lane] = _load_long(&parts[min(first + lane, rows - 1), 0])
            if is_sm4:
                for lane in range(LANES):
                    _sm4_part(&sm4.cards[lane], des.parts[lane])
                _encrypt_sm4(sm4.cards, sm4.keys)
            else:
                _derive_des(des.left, des.right, des.parts, des.triples)
            for lane in range(min(LANES, rows - first)):
                if is_sm4:
                    _store_block(&keys[first + lane, 0], &sm4.cards[lane])
                else:
                    _store_long(&keys[first + lane, 0], des.left[lane])
                    _store_long(&keys[first + lane, 8], des.right[lane])
            first += LANES
        explicit_bzero(&des, sizeof(DesWork))
        explicit_bzero(&sm4, sizeof(Sm4Work))


def compute_codes(bint is_sm4, const uint8_t[:, ::1] keys, const uint8_t[:, ::1] after,
                  const uint8_t[:, ::1] messages, const uint8_t[::1] types,
                  uint32_t[:, ::1] codes) -> None:
    """Write the code (types, n) of each message (n, 22) with each of the types in it.

    keys (n, 16): of each message's card; `after` (levels, 8) has what they are still to be
    diversified by.
    """
    cdef Py_ssize_t rows = messages.shape[0], first = 0, kind
    cdef uint8_t[LANES * PADDED] padded
    cdef uint32_t[LANES] found
    cdef DesWork des
    cdef Sm4Work sm4
    cdef int lane
    assert keys.shape[0] == rows and keys.shape[1] == KEY
    assert messages.shape[1] == MESSAGE and after.shape[1] == PART
    assert codes.shape[0] == types.shape[0] and codes.shape[1] == rows
    with nogil:
        memset(padded, 0, LANES * PADDED)
        while first < rows:
            for lane in range(LANES):
                _read_row(keys, messages, min(first + lane, rows - 1), &des.left[lane],
                          &des.right[lane], &sm4.cards[lane], padded + PADDED * lane)
            if is_sm4:
                _sm4_sessions(&sm4, after)
            else:
                _des_sessions(&des, after)
            for kind in range(types.shape[0]):
                for lane in range(LANES):
                    padded[PADDED * lane + TYPE_AT] = types[kind]
                if is_sm4:
                    _sm4_codes(&sm4, padded, found)
                else:
                    _des_codes(&des, padded, found)
                for lane in range(min(LANES, rows - first)):
                    codes[kind, first + lane] = found[lane]
            first += LANES
        explicit_bzero(&des, sizeof(DesWork))
        explicit_bzero(&sm4, sizeof(Sm4Work))


cdef inline void _read_row(const uint8_t[:, ::1] keys, const uint8_t[:, ::1] messages,
                           Py_ssize_t row, uint64_t *left, uint64_t *right, Sm4Block *card,
                           uint8_t *padded) noexcept nogil:
    """A card's key, as either cipher takes it, and what it signs with 80 behind it."""
    must(0 <= row < messages.shape[0], b"a lane has a row")
    left[0], right[0] = _load_long(&keys[row, 0]), _load_long(&keys[row, 8])
    _load_block(card, &keys[row, 0])
    memcpy(padded, &messages[row, 0], MESSAGE)
    padded[MESSAGE] = 0x80


def _load_tables() -> None:
    """Have what cipher_tables.py worked out where the loops look."""
    cdef const uint32_t[:, ::1] boxes = tables.make_des_boxes()
    cdef const uint32_t[:, :, ::1] keys = tables.make_des_keys()
    cdef const uint32_t[:, :, ::1] mixes = tables.make_sm4_boxes()
    cdef const uint32_t[::1] words = tables.make_sm4_round_words()
    memcpy(_des_boxes, &boxes[0, 0], sizeof(_des_boxes))
    memcpy(_des_keys, &keys[0, 0, 0], sizeof(_des_keys))
    memcpy(_sm4_boxes, &mixes[0, 0, 0], sizeof(_sm4_boxes))
    memcpy(_sm4_key_boxes, &mixes[1, 0, 0], sizeof(_sm4_key_boxes))
    memcpy(_sm4_round_words, &words[0], sizeof(_sm4_round_words))


_load_tables()
