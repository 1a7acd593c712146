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
    PADDED = 32             # and as many as either cipher wants at most

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


# DES. A half is kept rotated by one bit, so that each box's six bits lie together, four apart.

cdef packed struct Half:
    uint32_t[LANES] of          # a half of a block, of each card

cdef packed struct DesKey:
    uint32_t[DES_WORDS] words

cdef packed struct TripleKey:   # encrypt, decrypt, encrypt
    DesKey first
    DesKey second
    DesKey third


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


cdef void _des_codes(const TripleKey *secret, uint64_t left0, uint64_t right0, bint by_card,
                     const uint8_t[:, ::1] after, const uint64_t *serials,
                     const uint8_t *padded, uint32_t *codes) noexcept nogil:
    """The codes of some cards: keys level by level, the session's, and CBC over three blocks."""
    cdef uint64_t[LANES] left, right, parts
    cdef TripleKey[LANES] triple
    cdef const TripleKey *triples[LANES]
    cdef DesKey[LANES] session
    cdef const DesKey *sessions[LANES]
    cdef Half high, low
    cdef Py_ssize_t level
    cdef int lane, block
    for lane in range(LANES):
        left[lane], right[lane] = left0, right0
        triples[lane] = secret
        high.of[lane] = low.of[lane] = 0
    if by_card:
        _derive_des(left, right, serials, triples)
    for level in range(after.shape[0]):
        for lane in range(LANES):
            _expand_triple(left[lane], right[lane], &triple[lane])
            triples[lane] = &triple[lane]
            parts[lane] = _load_long(&after[level, 0])
        _derive_des(left, right, parts, triples)
    for lane in range(LANES):
        _expand_des(left[lane] ^ right[lane], &session[lane])
        sessions[lane] = &session[lane]
    for block in range(3):
        for lane in range(LANES):
            high.of[lane] ^= load_word(padded + PADDED * lane + 8 * block)
            low.of[lane] ^= load_word(padded + PADDED * lane + 8 * block + 4)
        _encrypt_des(&high, &low, sessions)
    for lane in range(LANES):
        codes[lane] = high.of[lane]


# SM4.

cdef packed struct Sm4Key:
    uint32_t[SM4_ROUNDS] words

cdef packed struct Sm4Block:
    uint32_t[4] words


cdef inline uint32_t _sm4_mix(uint32_t word, const uint32_t *boxes) noexcept nogil:
    return (boxes[word >> 24] ^ boxes[256 + (word >> 16 & 255)]
            ^ boxes[512 + (word >> 8 & 255)] ^ boxes[768 + (word & 255)])


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


cdef void _sm4_codes(const Sm4Key *secret, const Sm4Block *secret0, bint by_card,
                     const uint8_t[:, ::1] after, const uint64_t *serials,
                     const uint8_t *padded, uint32_t *codes) noexcept nogil:
    """The codes of some cards: keys level by level, and CBC over two blocks."""
    cdef Sm4Block[LANES] blocks, card
    cdef Sm4Key[LANES] own
    cdef const Sm4Key *keys[LANES]
    cdef Py_ssize_t level
    cdef int lane, block, at
    for lane in range(LANES):
        card[lane] = secret0[0]
        keys[lane] = secret
        if by_card:
            _sm4_part(&card[lane], serials[lane])
    if by_card:
        _encrypt_sm4(card, keys)
    for level in range(after.shape[0]):
        for lane in range(LANES):
            _expand_sm4(&card[lane], &own[lane])
            keys[lane] = &own[lane]
            _sm4_part(&card[lane], _load_long(&after[level, 0]))
        _encrypt_sm4(card, keys)
    memset(blocks, 0, sizeof(Sm4Block) * LANES)
    for lane in range(LANES):
        _expand_sm4(&card[lane], &own[lane])
        keys[lane] = &own[lane]
    for block in range(2):
        for lane in range(LANES):
            for at in range(4):
                blocks[lane].words[at] ^= load_word(padded + PADDED * lane + 16 * block + 4 * at)
        _encrypt_sm4(blocks, keys)
    for lane in range(LANES):
        codes[lane] = blocks[lane].words[0]


# Both.

def compute_codes(bint is_sm4, const uint8_t[::1] secret, bint by_card,
                  const uint8_t[:, ::1] after, const uint8_t[:, ::1] serials,
                  const uint8_t[:, ::1] messages, uint32_t[::1] codes) -> None:
    """Write the code of each message (n, 22), of a card with its serial number (n, 8).

    secret: 16 bytes, diversified by all levels before the card's; `after` (levels, 8) has those
    behind it. Not by_card: the key is the same for all, and serials are not looked at.
    """
    cdef Py_ssize_t rows = messages.shape[0], first = 0
    cdef uint64_t left, right
    cdef uint64_t[LANES] parts
    cdef uint8_t[LANES * PADDED] padded
    cdef uint32_t[LANES] found
    cdef TripleKey triple
    cdef Sm4Key key
    cdef Sm4Block block
    cdef int lane, at
    assert secret.shape[0] == KEY and messages.shape[1] == MESSAGE
    assert serials.shape[0] == rows and serials.shape[1] == PART and codes.shape[0] == rows
    assert after.shape[1] == PART
    with nogil:
        left, right = _load_long(&secret[0]), _load_long(&secret[8])
        if is_sm4:
            for at in range(4):
                block.words[at] = load_word(&secret[4 * at])
            _expand_sm4(&block, &key)
        else:
            _expand_triple(left, right, &triple)
        memset(padded, 0, LANES * PADDED)
        while first < rows:
            for lane in range(LANES):       # lanes without a row of their own do the last one's
                _read_row(serials, messages, min(first + lane, rows - 1), &parts[lane],
                          padded + PADDED * lane)
            if is_sm4:
                _sm4_codes(&key, &block, by_card, after, parts, padded, found)
            else:
                _des_codes(&triple, left, right, by_card, after, parts, padded, found)
            for lane in range(min(LANES, rows - first)):
                codes[first + lane] = found[lane]
            first += LANES


cdef inline void _read_row(const uint8_t[:, ::1] serials, const uint8_t[:, ::1] messages,
                           Py_ssize_t row, uint64_t *part, uint8_t *padded) noexcept nogil:
    """A card's serial number, and what it signs with 80 behind it."""
    must(0 <= row < messages.shape[0], b"a lane has a row")
    part[0] = _load_long(&serials[row, 0])
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
