"""A decode plan: what a layout says of a record, as arrays; and what a kernel needs to follow it.

clearing/intake/formats/plan.py makes one of a layout. Texts that a plan names (constants, what
values become) are UTF-8, without separators, quotes and line ends.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.civil cimport Clock
from ext.intake.decode cimport COLUMNS, CUTS, FILLED, Field
from ext.intake.text cimport LINE_LIMIT, PAD

cdef enum:
    LEFT = 1                # beside 0: the record is left to who called
    CELLS = 255             # columns of the file that are read, at most
    DECODED = 2 * LINE_LIMIT    # bytes of a line in UTF-8
    SCRATCH = 8 * LINE_LIMIT    # bytes of the values that are made of a record
    MOMENT = 14             # bytes of 20241125073000
    LETTERS = 128 * 256     # pairs of bytes that may be a character


cpdef enum Encoding:
    """What bytes above 127 of a line mean."""
    ASCII = 0               # such a line is left to who called
    UTF_8 = 1
    PAIRS = 2               # two bytes are a character, as Plan.letters has them


cpdef enum CellType:
    """How a column of the file is written."""
    DELIMITED = 0           # between separators, or behind a key, as it stands
    CHARACTERS = 1          # in its bytes, with padding and spaces around it
    HEX_NUMBER = 2          # hexadecimal digits in text
    BCD = 3
    HEX = 4
    BIG_ENDIAN = 5
    LITTLE_ENDIAN = 6


cpdef enum ChangeType:
    """What is done to a value that is not blank; clearing/intake/formats/steps.py has the same."""
    STRIP = 0
    BLANK = 1
    DROP_SUFFIX = 2
    SLICE = 3
    TIME = 4
    UTC_TIME = 5
    DATE = 6
    MAP = 7
    SCALE = 8


cdef packed struct Rules:
    uint32_t record         # bytes of a record of known length; 0: separators tell
    uint16_t columns        # of a line with separators
    uint16_t columns_noted  # the same, where a reject file's reason stands behind the record
    uint8_t lines           # whether records are lines
    uint8_t objects         # whether they are JSON; neither `record` nor `columns` is meant then
    uint8_t longer          # whether a record may have more bytes than `record`
    uint8_t delimiter
    uint8_t encoding
    uint8_t written         # columns of the line that is written
    uint8_t tapped_at       # which of these
    uint8_t kind
    uint8_t in_at           # the same; `written` where there is none

cdef packed struct Cell:
    uint16_t start          # bytes from the record's beginning; of DELIMITED: which column,
                            # of JSON the text that is its key
    uint16_t width
    uint8_t type
    uint8_t pad             # what fills up the bytes behind the value; 0: nothing
    uint16_t reserved

cdef packed struct Source:
    uint8_t column          # of the line that is written
    uint8_t from_time       # seconds of the record's own time
    uint16_t constant       # a text, where there are no reads
    uint16_t first_read     # cells of the value, with a space between
    uint16_t reads
    uint16_t first_condition
    uint16_t conditions
    uint16_t first_change
    uint16_t changes

cdef packed struct Condition:
    uint16_t cell
    uint16_t first_text     # one of these it has to be
    uint16_t texts
    uint16_t reserved

cdef packed struct Change:
    uint8_t type
    uint8_t has_default     # MAP
    uint16_t first_text     # BLANK: values; DROP_SUFFIX: it; MAP: pairs; times: their pattern
    uint16_t texts          # BLANK: values; MAP: pairs of whole values
    uint16_t prefixes       # MAP: pairs behind them, the longest first
    uint16_t otherwise      # MAP: the text of what neither has
    uint16_t first          # SLICE: the first character; SCALE: decimals
    uint32_t last           # SLICE: the one behind

cdef packed struct Text:
    uint32_t start          # in the plan's bytes
    uint32_t size
    uint64_t word           # its first 8 bytes, as load8 has them, the rest zero

cdef packed struct Adapting:
    uint64_t at             # where the next record begins, or its number
    uint64_t records
    uint64_t written        # bytes of the lines that are written
    uint64_t left           # records that are left to who called


cdef struct Work:
    Clock clock
    const Rules *rules
    const Cell *cells
    const Source *sources
    const uint16_t *reads
    const Condition *conditions
    const Change *changes
    const Text *texts
    const uint8_t *bytes
    const uint32_t *letters     # by a pair's place: bytes of UTF-8, how many in the highest byte
    const uint64_t *cuts        # bit by byte of a record: whether a column begins or ends there
    uint32_t cell_count
    uint32_t source_count
    bint clean                  # no value of the record can have a comma, quote or line end
    bint lettered               # the record has letters of two bytes
    uint32_t used               # of `scratch`
    Field fields[CELLS]
    Field values[COLUMNS + 1]   # what is written; one more is blank
    uint16_t starts[CUTS]
    uint64_t filled[FILLED]     # of a record: which bytes are not spaces
    uint8_t decoded[DECODED + PAD]
    uint8_t scratch[SCRATCH + PAD]
