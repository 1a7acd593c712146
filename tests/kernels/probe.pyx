"""What other kernels see of ext/ in C: layouts, checked arithmetic and codes, told to Python."""

from libc.stdint cimport int64_t, uint32_t

from ext.checked cimport add_i64, check, must
from ext.codes cimport Code, RideState, TapKind
from ext.records cimport (
    LEGS, Accumulator, AccumulatorRule, Agreement, AgreementIndex, Band, CandidateRows, CardRow,
    CivilOffset, CardState, Charge, ClaimLimit, Condition, DiscountRow, DiscountStage, Entry,
    FareRow,
    Legs, LineStop, LineStops, Member, Flow, PersonRow, PriceBand, Refusal, Ride, SameStation,
    Share, Tap,
    Tariff, TariffIndex, Timeframe,
)

SIZES = {
    "TAP": sizeof(Tap), "REFUSAL": sizeof(Refusal), "RIDE": sizeof(Ride),
    "CHARGE": sizeof(Charge), "ENTRY": sizeof(Entry), "CARD_STATE": sizeof(CardState),
    "CARD_ROW": sizeof(CardRow), "PERSON_ROW": sizeof(PersonRow),
    "ACCUMULATOR": sizeof(Accumulator), "FLOW": sizeof(Flow),
    "CANDIDATE_ROWS": sizeof(CandidateRows), "CIVIL_OFFSET": sizeof(CivilOffset),
    "DISCOUNT_STAGE": sizeof(DiscountStage),
    "CONDITION": sizeof(Condition), "TIMEFRAME": sizeof(Timeframe), "FARE_ROW": sizeof(FareRow),
    "SAME_STATION": sizeof(SameStation),
    "LINE_STOP": sizeof(LineStop), "LINE_STOPS": sizeof(LineStops),
    "MEMBER": sizeof(Member), "TARIFF": sizeof(Tariff), "DISCOUNT_ROW": sizeof(DiscountRow),
    "BAND": sizeof(Band), "PRICE_BAND": sizeof(PriceBand), "SHARE": sizeof(Share),
    "TARIFF_INDEX": sizeof(TariffIndex), "ACCUMULATOR_RULE": sizeof(AccumulatorRule),
    "AGREEMENT": sizeof(Agreement), "AGREEMENT_INDEX": sizeof(AgreementIndex),
    "CLAIM_LIMIT": sizeof(ClaimLimit),
    "LEGS_OF_A_RIDE": sizeof(Legs),
}
CODES = {"TRUNCATED_LINE": Code.TRUNCATED_LINE, "PRICE_OVERFLOW": Code.PRICE_OVERFLOW,
         "LOCK": TapKind.LOCK, "OVERTIME": RideState.OVERTIME}
LEGS_MOST = LEGS

cdef Entry _entry


def offsets():
    """Where some fields lie in C."""
    return {
        "card_lo": <char *>&_entry.ride.card_lo - <char *>&_entry,
        "started_at": <char *>&_entry.ride.started_at - <char *>&_entry,
        "age": <char *>&_entry.ride.age - <char *>&_entry,
        "due": <char *>&_entry.charge.due - <char *>&_entry,
        "code": <char *>&_entry.charge.code - <char *>&_entry,
        "legs.amount": <char *>&_entry.charge.legs.amount - <char *>&_entry,
        "legs.rule": <char *>&_entry.charge.legs.rule - <char *>&_entry,
        "legs.debtor": <char *>&_entry.charge.legs.debtor - <char *>&_entry,
        "legs.creditor": <char *>&_entry.charge.legs.creditor - <char *>&_entry,
        "legs.cause": <char *>&_entry.charge.legs.cause - <char *>&_entry,
        "legs.count": <char *>&_entry.charge.legs.count - <char *>&_entry,
        "in_file": <char *>&_entry.in_file - <char *>&_entry,
        "window": <char *>&_entry.window - <char *>&_entry,
        "reason": <char *>&_entry.reason - <char *>&_entry,
        "reserved": <char *>&_entry.reserved - <char *>&_entry,
    }


def add(int64_t left, int64_t right):
    """The sum without the GIL, or None where it does not fit."""
    cdef int64_t result = 0
    cdef bint over
    with nogil:
        over = add_i64(left, right, &result)
    return None if over else result


cdef int64_t look(const int64_t[::1] values, Py_ssize_t place) except? -1 nogil:
    return values[place]


def read_at(const int64_t[::1] values not None, Py_ssize_t place):
    """One value; beyond the end an IndexError, where bounds are checked."""
    cdef int64_t value
    with nogil:
        value = look(values, place)
    return value


def divide(int64_t left, int64_t right):
    """Floor division as Python's."""
    return left // right


def hold(bint holds):
    """AssertionError where something does not hold; for functions that can raise."""
    with nogil:
        check(holds, b"the probe holds")


def hold_or_end(bint holds):
    """The end of the process where something does not hold; for functions that cannot raise."""
    with nogil:
        must(holds, b"the probe holds")
