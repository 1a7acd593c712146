"""What other kernels see of ext/ in C: layouts, checked arithmetic and codes, told to Python."""

from libc.stdint cimport int64_t, uint32_t

from ext.checked cimport add_i64, mul_i64, sub_i64
from ext.codes cimport Code, RideState, TapKind
from ext.records cimport (
    LEGS, Accumulator, AccumulatorRule, AgreementTerms, Band, CandidateRows, CardState, Charge,
    Condition, DiscountRow, DiscountStage, Entry, FareRow, LineStop, LineStops, Member,
    Obligation, PriceBand, Refusal, Ride, SameStation, Share, Tap, Tariff, TariffIndex, Timeframe,
)

SIZES = {
    "TAP": sizeof(Tap), "REFUSAL": sizeof(Refusal), "RIDE": sizeof(Ride),
    "CHARGE": sizeof(Charge), "ENTRY": sizeof(Entry), "CARD_STATE": sizeof(CardState),
    "ACCUMULATOR": sizeof(Accumulator), "OBLIGATION": sizeof(Obligation),
    "CANDIDATE_ROWS": sizeof(CandidateRows), "DISCOUNT_STAGE": sizeof(DiscountStage),
    "CONDITION": sizeof(Condition), "TIMEFRAME": sizeof(Timeframe),
    "FARE_ROW": sizeof(FareRow), "SAME_STATION": sizeof(SameStation),
    "LINE_STOP": sizeof(LineStop), "LINE_STOPS": sizeof(LineStops),
    "MEMBER": sizeof(Member), "TARIFF": sizeof(Tariff), "DISCOUNT_ROW": sizeof(DiscountRow),
    "BAND": sizeof(Band), "PRICE_BAND": sizeof(PriceBand), "SHARE": sizeof(Share),
    "TARIFF_INDEX": sizeof(TariffIndex), "ACCUMULATOR_RULE": sizeof(AccumulatorRule),
    "AGREEMENT_TERMS": sizeof(AgreementTerms),
}
CODES = {"TRUNCATED_LINE": Code.TRUNCATED_LINE, "PRICE_OVERFLOW": Code.PRICE_OVERFLOW,
         "LOCK": TapKind.LOCK, "OVERTIME": RideState.OVERTIME}
LEG_SLOTS = LEGS

cdef Entry _entry


def offsets():
    """Where some fields lie in C."""
    return {
        "leg2_amount": <char *>&_entry.leg2_amount - <char *>&_entry,
        "started_at": <char *>&_entry.started_at - <char *>&_entry,
        "leg4_kind": <char *>&_entry.leg4_kind - <char *>&_entry,
        "reserved": <char *>&_entry.reserved - <char *>&_entry,
    }


def reckon(str what, int64_t left, int64_t right):
    """The result without the GIL, or None where it does not fit."""
    cdef int64_t result = 0
    cdef bint over
    cdef int operation = "asm".index(what[0])
    with nogil:
        if operation == 0:
            over = add_i64(left, right, &result)
        elif operation == 1:
            over = sub_i64(left, right, &result)
        else:
            over = mul_i64(left, right, &result)
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
