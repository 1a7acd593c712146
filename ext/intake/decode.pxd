"""What the decoder is told (settings, operators, prefixes) and how far it has come (progress)."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.civil cimport Clock
from ext.intake.lookup cimport Probe, Table
from ext.intake.text cimport LINE_LIMIT, PAD

cdef enum:
    RAW_LIMIT = 1024                # bytes of a refused record that are kept
    COLUMN_LIMIT = 255              # columns of a file; Refusal.field is one byte
    CUTS = LINE_LIMIT + 256         # separators that one line can have, and spare
    FILLED = 66                     # words of a bit per byte of a record, and spare
    COLUMNS = 31                    # of the format: one per Column
    NO_ROOM = 255                   # beside Code: a table of codes is full, the row is not judged
    REFUND = 255                    # beside TapKind: a single boarding whose charge was given back
    TEST = 254                      # likewise: nothing that counts
    ABSENT = 255                    # place[column] of a column that the file does not have


cpdef enum Column:
    """The columns of onecard-taps/1, in the order in which a record's fields are checked."""
    CARD = 0
    CARD_SEQ = 1
    KIND = 2
    OPERATOR = 3
    MODE = 4
    TAPPED_AT = 5
    IN_AT = 6
    STOP = 7
    IN_STOP = 8
    LINE = 9
    VEHICLE = 10
    DIRECTION = 11
    DEVICE = 12
    DEVICE_SEQ = 13
    MEDIUM = 14
    CARD_KIND = 15
    ISSUER = 16
    DUE = 17
    PAID = 18
    BALANCE_BEFORE = 19
    DISTANCE_M = 20
    TAC = 21
    KEY_VERSION = 22
    ALGORITHM = 23
    BORN_ON = 24
    REVIEWED_UNTIL = 25
    CORRECTION = 26
    REVISION = 27
    REASON = 28
    AUTHORISED_BY = 29
    RIDE_CODE = 30


cpdef enum Need:
    """Why the decoder stopped: give it that and call again, it goes on at the same row."""
    DONE = 0
    TAPS = 1
    REFUSALS = 2
    CODES = 3


cpdef enum SenderRule:
    """What of an operator's a file's sender may send."""
    EVERY_RECORD = 0
    OWN_DEVICES = 1
    NO_RECORD = 2


cdef packed struct Settings:
    int64_t earliest            # UTC seconds: taps before are TIME_TOO_EARLY
    int64_t latest              # UTC seconds: taps after are TIME_IN_FUTURE
    uint32_t closed_stops       # stops 1 to this one come from lists, later ones from records
    uint8_t default_medium      # for a blank one; 0: there is none
    uint8_t default_card_kind
    uint16_t clock_tolerance_s  # a record's way in may be so much after its way out
    uint32_t first_device       # the sender's own devices, where an operator's rule asks for them
    uint32_t last_device
    uint8_t decides_claims      # whether records may release or reject what a validator claims
    uint8_t reserved
    uint16_t reserved_2
    uint32_t reserved_3

cdef packed struct OperatorRule:
    uint64_t modes_0            # bit m of the four: the operator runs mode m
    uint64_t modes_1
    uint64_t modes_2
    uint64_t modes_3
    uint16_t member
    uint16_t scope              # of its lines, vehicles and devices
    uint16_t stop_scope
    uint8_t any_stop            # stops need not be listed, and may be blank
    uint8_t sender              # SenderRule

cdef packed struct Prefix:      # of cards, longest first
    uint64_t text_0             # as in memory: the first byte first
    uint64_t text_1
    uint64_t text_2
    uint16_t issuer             # member number
    uint16_t length             # bytes, up to 20
    uint32_t reserved

cdef packed struct Progress:
    uint64_t at                 # where in the text the next row begins
    uint64_t records
    uint64_t taps
    uint64_t refusals
    uint64_t raw                # bytes of refused records kept
    uint64_t unread             # records whose amounts cannot be read
    int64_t due                 # of every record whose amounts can be read, refused ones included
    int64_t paid
    int64_t accepted_due
    int64_t accepted_paid
    uint64_t long_cards         # taps whose card is a number of more than 15 digits
    uint64_t rounded_cards      # of these, with zeros only from the 16th digit on


cdef packed struct Span:        # of a column in a record of a known length
    uint16_t start              # bytes from the record's beginning
    uint16_t width              # bytes; 0: the file does not have the column


cdef struct Field:
    const uint8_t *at
    uint32_t size

cdef enum:                      # the columns whose codes records may bring
    OF_STOP = 0
    OF_IN_STOP = 1
    OF_LINE = 2
    OF_VEHICLE = 3
    OF_DEVICE = 4
    OPEN_COLUMNS = 5

cdef enum:
    KNOWN_BITS = 6
    KNOWN = 64                  # words of one column that are remembered

cdef struct Known:              # a text of 1 to 8 bytes, and what it stands for
    uint64_t word               # a record has no NUL, so that its length is in it, too
    uint32_t value              # 0: none
    uint32_t unused

cdef enum:
    FIELDS = 32                 # COLUMNS, rounded up: one register of 16-bit numbers
    ROWS_AHEAD = 16

cdef struct Row:                # a line whose fields have been found
    const uint8_t *text         # the line, or its scratch copy without quotes
    uint64_t next_at            # bytes to the next line
    uint32_t size               # bytes, without the line's end
    int code                    # why the line is refused
    uint16_t begins[FIELDS]     # by Column
    uint16_t sizes[FIELDS]

cdef struct Tables:
    Table operators             # value: index into the rules
    Table modes
    Table media
    Table card_kinds
    Table issuers
    Table members
    Table stops                 # the open ones: value is the index
    Table lines
    Table vehicles
    Table devices

cdef struct Context:
    Clock clock
    const Settings *settings
    const OperatorRule *rules
    const Prefix *prefixes
    Tables *tables
    uint64_t prefix_count
    uint32_t columns
    uint32_t column             # where the row failed
    bint refund                 # whether the row says by its kind that `paid` was given back
    uint32_t record             # bytes of a record without its line's end; 0: commas tell
    uint32_t present            # columns of the format that the file has
    bint plain                  # the file has none of the columns from DISTANCE_M on
    uint64_t date               # the last date met, as text, and its day's first second
    uint64_t date_rest
    int64_t date_s
    const OperatorRule *rule    # of the row
    Row *row                    # the one that is decoded
    uint16_t places[FIELDS]     # of each Column among the file's; one more where it has none
    uint8_t numbers[COLUMNS + 1]        # for Refusal.field; the last is no column's
    uint8_t have[COLUMNS]       # those columns
    bint narrow                 # records of at most 256 bytes, no column wider than a word
    Span spans[COLUMNS]         # of records of one length, as the next four, by Column
    uint64_t words[FIELDS]      # of `filled`, where a column's bits begin
    uint64_t shifts[FIELDS]     # bits before them in that word
    uint64_t masks[FIELDS]      # as many bits as the column has bytes; 0: more than a word has
    uint64_t spans_from[FIELDS]
    Probe probes[OPEN_COLUMNS]  # of the row; `at` is NULL where there is nothing to look for
    Known kinds[KNOWN]
    Known operators[KNOWN]
    Known modes[KNOWN]
    Known directions[KNOWN]
    Known media[KNOWN]
    Known card_kinds[KNOWN]
    Known issuers[KNOWN]
    Known issuers_by_card[KNOWN]        # by a card's first 8 characters
    uint64_t filled[FILLED]    # of a record: which bytes are not spaces
    uint16_t starts[CUTS]       # of a line's fields; each ends one before the next one starts
    Row rows[ROWS_AHEAD]
    uint8_t scratch[LINE_LIMIT + PAD]       # a row with its quotes taken off
