from enum import IntEnum

class Code(IntEnum):
    OK = 0
    EMPTY_RECORD = 1
    LINE_TOO_LONG = 2
    NUL_BYTE = 3
    BAD_ENCODING = 4
    BAD_QUOTING = 5
    COLUMN_COUNT = 6
    TRUNCATED_LINE = 7
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
    PADDED_VALUE = 48
    DUPLICATE = 60
    CONFLICT = 61
    CORRECTED = 62
    FOREIGN_RECORD = 63
    GIVEN_BACK_IN_PART = 64
    NO_FARE = 80
    PRICE_OVERFLOW = 81
    REBATE_ALONE = 82
    DUPLICATE_FILE = 100
    FILE_EMPTY = 101
    HEADER_INVALID = 102
    TRAILER_MISMATCH = 103
    FILE_ENCODING = 104
    FILE_STRUCTURE = 105

class TapKind(IntEnum):
    SINGLE = 1
    IN = 2
    OUT = 3
    RIDE = 4
    TOP_UP = 5
    LOCK = 6

class CorrectionKind(IntEnum):
    REPLACE = 1
    CANCEL = 2

class CorrectionReason(IntEnum):
    WRONG_TIME = 1
    WRONG_PLACE = 2
    WRONG_AMOUNT = 3
    WRONG_RIDER = 4
    NOT_A_RIDE = 5
    REFUND = 6
    DISPUTE = 7
    OTHER = 8

class RideState(IntEnum):
    COMPLETE = 1
    SINGLE_TAP = 2
    MISSING_OUT = 3
    MISSING_IN = 4
    SAME_STATION = 5
    OVERTIME = 6

class Cause(IntEnum):
    CONCESSION = 1
    TRANSFER = 2
    TIER = 3
    PROMOTION = 4
    CAP = 5
    FARE = 6
    CLEARING_FEE = 7
    ISSUER_FEE = 8
    NO_AGREEMENT = 9
    AGREEMENTS_OVERLAP = 10

class Reason(IntEnum):
    ORIGINAL = 1
    SUPERSEDED = 2
    LATE_RECORD = 3
    CORRECTION = 4
    RESTATED = 5

class Basis(IntEnum):
    FLAT = 1
    MATRIX = 2
    TAP_DISTANCE = 3
    VALIDATOR = 4
    LINE_DISTANCE = 5
    DURATION = 6

class EdgeFare(IntEnum):
    FIXED = 1
    LOWEST = 2
    HIGHEST = 3
    BY_VALIDATOR = 4
    BY_BASIS = 5
    TERMINUS = 6

class Effect(IntEnum):
    PAYS_SHARE = 1
    PAYS_BANDS = 2
    PAYS_AMOUNT = 3
    CREDIT = 4
    CREDIT_UP_TO = 5
    TAKES_OFF = 6
    PAYS_FARE = 7
    PAYS_DIFFERENCE = 8
    CHAIN_PAYS = 9
    THROUGH = 10
    LIMIT = 11

class Rounding(IntEnum):
    HALF_UP = 1
    HALF_EVEN = 2
    DOWN = 3
    UP = 4

class MeasuredFrom(IntEnum):
    FROM_START = 1
    FROM_END = 2
    FROM_CHAIN = 3

class Period(IntEnum):
    DAY = 1
    MONTH = 2
    WEEK = 3
    YEAR = 4

class Counts(IntEnum):
    COUNTS_PAID = 1
    COUNTS_DUE = 2
    COUNTS_RIDES = 3
