"""Every code that a row can end with, once, for kernels and Python alike.

Numbers are stored in ledgers and acknowledgements: never change or reuse one; add at the end of
its group. Each group says who gives its codes; the words for each are in network/refusals.py.
"""

cpdef enum Code:
    OK = 0
    # The record as text (ext/intake/lines.pxd). Where a block of the file ends inside the line:
    # TRUNCATED_LINE, LINE_TOO_LONG (clearing/intake/blocks.py).
    EMPTY_RECORD = 1
    LINE_TOO_LONG = 2
    NUL_BYTE = 3
    BAD_ENCODING = 4
    BAD_QUOTING = 5
    COLUMN_COUNT = 6
    TRUNCATED_LINE = 7
    # One field of the record (ext/intake/decode.pyx). Cards, numbers, amounts, times and dates:
    # ext/intake/fields.pxd.
    MISSING_VALUE = 20
    CARD_INVALID = 21
    CARD_SPREADSHEET = 22
    NUMBER_INVALID = 23
    NUMBER_OVERFLOW = 24
    AMOUNT_INVALID = 25
    AMOUNT_NEGATIVE = 26
    AMOUNT_OVERFLOW = 27
    TIME_INVALID = 28
    TIME_TOO_EARLY = 29
    TIME_IN_FUTURE = 30
    UNKNOWN_OPERATOR = 31
    UNKNOWN_MODE = 32
    UNKNOWN_KIND = 33
    UNKNOWN_STOP = 34
    UNKNOWN_MEDIUM = 35
    UNKNOWN_CARD_KIND = 36
    UNKNOWN_ISSUER = 37
    UNKNOWN_DIRECTION = 38
    ENTRY_AFTER_EXIT = 39
    TAC_MALFORMED = 40
    CODE_TOO_LONG = 41
    MODE_NOT_RUN = 42
    DATE_INVALID = 43
    UNKNOWN_CORRECTION = 44
    UNKNOWN_REASON = 45
    UNKNOWN_AUTHORITY = 46
    FOREIGN_AUTHORITY = 47
    PADDED_VALUE = 48       # ext/intake/tokens.pxd
    CONTROL_CHARACTER = 49
    CLAIM_DECISION = 50     # ext/intake/corrections.pxd
    FOREIGN_OPERATOR = 51
    FOREIGN_DEVICE = 52
    # What the card has signed, where keys are given (clearing/intake/proof.py).
    TAC_INVALID = 53
    TAC_KEY_UNKNOWN = 54
    TAC_GREY = 55
    # What the network's deny list says of the card (ext/intake/denied.pyx).
    CARD_DENIED = 56
    # What its admissions say of the issuer (clearing/intake/admissions.py).
    ISSUER_NOT_ADMITTED = 57
    # The record beside the others of its card, of this run and of earlier ones
    # (ext/clearing/order.pyx).
    DUPLICATE = 60
    CONFLICT = 61
    CORRECTED = 62
    FOREIGN_RECORD = 63
    GIVEN_BACK_IN_PART = 64
    UNPROVEN_RECORD = 65
    CONTESTED = 66
    # What the card register says of the card by then (ext/clearing/register.pyx).
    CARD_NOT_ACTIVE = 70
    CARD_EXPIRED = 71
    # What is asked of a record by itself, too: whether it is of a test (ext/intake/decode.pyx), and
    # what the network's terminals say (clearing/intake/terminals.py).
    TEST_RECORD = 72
    UNKNOWN_TERMINAL = 73
    TERMINAL_ELSEWHERE = 74
    # The ride that the record belongs to (ext/clearing/pricing.pyx).
    NO_FARE = 80
    PRICE_OVERFLOW = 81
    REBATE_ALONE = 82
    # Its ride code (clearing/intake/ride_codes.py).
    RIDE_CODE_MALFORMED = 90
    RIDE_CODE_CA_UNKNOWN = 91
    RIDE_CODE_CERTIFICATE = 92
    RIDE_CODE_CERTIFICATE_EXPIRED = 93
    RIDE_CODE_ISSUER = 94
    RIDE_CODE_USER = 95
    RIDE_CODE_EXPIRED = 96
    RIDE_CODE_WINDOW = 97
    RIDE_CODE_CAP = 98
    RIDE_CODE_CARD = 99
    # The whole file (clearing/intake/formats/detect.py). Read to its end: TRAILER_MISMATCH,
    # TOO_MANY_REFUSED, and FILE_STRUCTURE of too many lines (clearing/intake/reader.py). Held to
    # the book: TOO_MANY_CODES (clearing/intake/intake.py). Seen before: DUPLICATE_FILE; and what
    # its sender's contract does not allow: from FILE_NAME on (clearing/engine/judged_files.py).
    DUPLICATE_FILE = 100
    FILE_EMPTY = 101
    HEADER_INVALID = 102
    TRAILER_MISMATCH = 103
    FILE_ENCODING = 104
    FILE_STRUCTURE = 105
    TOO_MANY_REFUSED = 106
    TOO_MANY_CODES = 107
    ARCHIVE = 108
    FILE_NAME = 109
    FILE_NAME_TAKEN = 110
    FILE_CONTENT_TAKEN = 111
    FILE_GAP = 112
    FILE_IN_PART = 113
    # A step of a dispute, on the command line or in a file of them (settlement/disputes.py). What
    # its own line says: clearing/answers/dispute_file.py.
    DISPUTE_STEP = 120
    DISPUTE_UNKNOWN = 121
    DISPUTE_RIDE = 122
    DISPUTE_WINDOW_OPEN = 123
    DISPUTE_PARTY = 124
    DISPUTE_TERMS = 125
    DISPUTE_AMOUNT = 126
    DISPUTE_TWICE = 127
    DISPUTE_NOT_ASKED = 128
    DISPUTE_STATE = 129
    DISPUTE_TOO_LATE = 130
    DISPUTE_TOO_EARLY = 131
    DISPUTE_DAY = 132


cpdef enum TapKind:
    """What a record says happened. RIDE carries both ends in one record."""
    SINGLE = 1
    IN = 2
    OUT = 3
    RIDE = 4
    TOP_UP = 5
    LOCK = 6


cpdef enum CardStatus:
    """What the card register says of a card from a moment on. 0: not said."""
    ACTIVE = 1
    BLOCKED = 2
    LOST = 3
    CLOSED = 4              # handed in, or its account closed


cpdef enum CorrectionKind:
    """What a record does to the one that it corrects. No correction: 0."""
    REPLACE = 1             # says what is true instead
    CANCEL = 2              # there was no such thing; repeats what it cancels


cpdef enum CorrectionReason:
    WRONG_TIME = 1
    WRONG_PLACE = 2
    WRONG_AMOUNT = 3
    WRONG_RIDER = 4
    NOT_A_RIDE = 5
    REFUND = 6
    DISPUTE = 7
    OTHER = 8
    RELEASED = 9            # the claim of a held ride is believed; only `onecard held` says so
    REJECTED = 10           # it is not, and what was paid is not known; likewise


cpdef enum RideState:
    COMPLETE = 1
    SINGLE_TAP = 2
    MISSING_OUT = 3
    MISSING_IN = 4
    SAME_STATION = 5
    OVERTIME = 6


cpdef enum Cause:
    """Why one party owes another. A leg has one, and so has the flow that it adds to."""
    CONCESSION = 1          # funder to operator
    TRANSFER = 2
    TIER = 3
    PROMOTION = 4
    CAP = 5
    FARE = 6                # issuer to operator: what the rider paid
    CLEARING_FEE = 7        # operator to the agreement's centre
    ISSUER_FEE = 8          # operator to issuer
    # Why an entry is held whose network asks for an agreement: legs of 0, operator to issuer.
    NO_AGREEMENT = 9        # none holds for the ride
    AGREEMENTS_OVERLAP = 10 # two do, each named by a leg
    # Of flows that no entry has: charged when a window closes (settlement/period_fees.py).
    PERIOD_FEE = 11
    TAX = 12
    # ... and posted by disputes (settlement/disputes.py).
    DISPUTE_HELD = 13       # operator to centre: what nobody has until it is decided
    DISPUTE_AWARD = 14      # who bears it to who disputed it
    # ... and shared when a window closes (settlement/revenue_shares.py).
    REVENUE_SHARE = 15      # the operator that fares are owed to, to one that carried, too
    # ... and what a funder's bill of a month differs by from what windows settled
    # (settlement/bills.py).
    BILL_DIFFERENCE = 16    # funder to operator
    # Why an entry is held, as NO_AGREEMENT.
    GREY_RECORD = 17        # a card gave no code, and no record shows that it paid
    ACQUIRER_FEE = 18       # operator to the agreement's acquirer


cpdef enum Reason:
    """Why an entry stands in the ledger, and in its window."""
    ORIGINAL = 1        # its day's records say so
    SUPERSEDED = 2      # a reversal in the entry's own window, which was still open
    LATE_RECORD = 3     # a difference for a window that was closed when the record came
    CORRECTION = 4      # a correction: an entry of corrected taps, or a reversal that one caused
    RESTATED = 5        # a table or the network changed, and somebody asked for the differences
    CLAIM_RELEASED = 6  # what was held is believed: somebody said so
    CLAIM_REJECTED = 7  # it is not


cpdef enum Basis:
    FLAT = 1
    MATRIX = 2              # a fare for each pair of stops
    TAP_DISTANCE = 3
    VALIDATOR = 4
    LINE_DISTANCE = 5       # metres along the ride's line
    DURATION = 6            # seconds inside
    NOT_PRICED = 7          # has no fare, on purpose


cpdef enum EdgeFare:
    """What a ride costs whose ends are not both known, or are the same."""
    FIXED = 1
    LOWEST = 2
    HIGHEST = 3
    BY_VALIDATOR = 4
    BY_BASIS = 5
    TERMINUS = 6            # the dearer of the fares to the two ends of the line


cpdef enum Effect:
    PAYS_SHARE = 1
    PAYS_BANDS = 2
    PAYS_AMOUNT = 3
    CREDIT = 4
    CREDIT_UP_TO = 5
    TAKES_OFF = 6
    PAYS_FARE = 7           # what another fare row says
    PAYS_DIFFERENCE = 8     # what is above the chain's prices so far
    CHAIN_PAYS = 9          # the chain costs this amount
    THROUGH = 10            # the chain costs the fare from where it began
    LIMIT = 11              # what a cap leaves; it and those below go by what the card has
    CARRIED_CREDIT = 12     # less by what is left of a credit of the period before
    PAYS_BY_COUNTED = 13    # each part at its own share, by what is counted with it


cpdef enum Rounding:
    HALF_UP = 1
    HALF_EVEN = 2
    DOWN = 3
    UP = 4


cpdef enum MeasuredFrom:
    FROM_START = 1
    FROM_END = 2
    FROM_CHAIN = 3


cpdef enum Period:
    DAY = 1
    MONTH = 2
    WEEK = 3                # from Monday
    YEAR = 4
    DAYS = 5                # so many, from the first ride that is counted


cpdef enum Counts:
    COUNTS_PAID = 1
    COUNTS_DUE = 2
    COUNTS_RIDES = 3
    COUNTS_CREDIT = 4       # what rows take off by a carried credit
