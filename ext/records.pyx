"""NumPy dtypes of the packed structs of records.pxd, read off the structs themselves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Records = NDArray[Any]      # an array of any of these

cdef Tap _tap
cdef Refusal _refusal
cdef Ride _ride
cdef Agreement _agreement
cdef AgreementIndex _agreement_index
cdef ClaimLimit _claim_limit
cdef CardRow _card_row
cdef PersonRow _person_row
cdef CardState _card_state
cdef Accumulator _accumulator
cdef Flow _flow
cdef Member _member
cdef Tariff _tariff
cdef CivilOffset _civil_offset
cdef CandidateRows _candidate
cdef DiscountStage _stage
cdef Condition _condition
cdef Timeframe _timeframe
cdef FareRow _fare_row
cdef SameStation _same_station
cdef LineStop _line_stop
cdef LineStops _line_stops
cdef DiscountRow _discount_row
cdef Band _band
cdef PriceBand _price_band
cdef Share _share
cdef TariffIndex _tariff_index
cdef AccumulatorRule _accumulator_rule

TAP = np.asarray(<Tap[:1]>&_tap).dtype
REFUSAL = np.asarray(<Refusal[:1]>&_refusal).dtype
RIDE = np.asarray(<Ride[:1]>&_ride).dtype
CARD_ROW = np.asarray(<CardRow[:1]>&_card_row).dtype
PERSON_ROW = np.asarray(<PersonRow[:1]>&_person_row).dtype
CARD_STATE = np.asarray(<CardState[:1]>&_card_state).dtype
ACCUMULATOR = np.asarray(<Accumulator[:1]>&_accumulator).dtype
FLOW = np.asarray(<Flow[:1]>&_flow).dtype
MEMBER = np.asarray(<Member[:1]>&_member).dtype
TARIFF = np.asarray(<Tariff[:1]>&_tariff).dtype
CIVIL_OFFSET = np.asarray(<CivilOffset[:1]>&_civil_offset).dtype
CANDIDATE_ROWS = np.asarray(<CandidateRows[:1]>&_candidate).dtype
DISCOUNT_STAGE = np.asarray(<DiscountStage[:1]>&_stage).dtype
CONDITION = np.asarray(<Condition[:1]>&_condition).dtype
TIMEFRAME = np.asarray(<Timeframe[:1]>&_timeframe).dtype
FARE_ROW = np.asarray(<FareRow[:1]>&_fare_row).dtype
SAME_STATION = np.asarray(<SameStation[:1]>&_same_station).dtype
LINE_STOP = np.asarray(<LineStop[:1]>&_line_stop).dtype
LINE_STOPS = np.asarray(<LineStops[:1]>&_line_stops).dtype
DISCOUNT_ROW = np.asarray(<DiscountRow[:1]>&_discount_row).dtype
BAND = np.asarray(<Band[:1]>&_band).dtype
PRICE_BAND = np.asarray(<PriceBand[:1]>&_price_band).dtype
SHARE = np.asarray(<Share[:1]>&_share).dtype
TARIFF_INDEX = np.asarray(<TariffIndex[:1]>&_tariff_index).dtype
ACCUMULATOR_RULE = np.asarray(<AccumulatorRule[:1]>&_accumulator_rule).dtype
AGREEMENT = np.asarray(<Agreement[:1]>&_agreement).dtype
AGREEMENT_INDEX = np.asarray(<AgreementIndex[:1]>&_agreement_index).dtype
CLAIM_LIMIT = np.asarray(<ClaimLimit[:1]>&_claim_limit).dtype

# NumPy cannot read structs with arrays off the structs themselves; sizes are compared here, places
# by tests/kernels/test_records.py.
LEGS_OF_A_RIDE = np.dtype([
    ("amount", "<i8", (LEGS,)), ("rule", "<u4", (LEGS,)), ("debtor", "<u2", (LEGS,)),
    ("creditor", "<u2", (LEGS,)), ("cause", "u1", (LEGS,)), ("count", "u1"),
])
CHARGE = np.dtype([
    ("due", "<i8"), ("price", "<i8"), ("paid", "<i8"), ("variance", "<i8"),
    ("uncollected", "<i8"), ("rule", "<u4"), ("table", "<u2"), ("code", "<u2"),
    ("legs", LEGS_OF_A_RIDE),
])
# An entry's ride and charge lie in it as they are; their fields stand beside its own.
ENTRY = np.dtype([
    *((name, RIDE[name]) for name in RIDE.names), *((name, CHARGE[name]) for name in CHARGE.names),
    ("in_file", "<u4"), ("in_line", "<u4"), ("out_file", "<u4"), ("out_line", "<u4"),
    ("replaces", "<u4"), ("window", "<u2"), ("reason", "u1"), ("reserved", "u1"),
])
assert LEGS_OF_A_RIDE.itemsize == sizeof(Legs)
assert CHARGE.itemsize == sizeof(Charge)
assert ENTRY.itemsize == sizeof(Entry)

# Flag bits, under the names of records.pxd.
TAP_FLAGS = {
    "HAS_DUE": HAS_DUE, "HAS_PAID": HAS_PAID, "HAS_BALANCE": HAS_BALANCE,
    "HAS_DISTANCE": HAS_DISTANCE, "HAS_TAC": HAS_TAC, "CARRIED": CARRIED, "SET_ASIDE": SET_ASIDE,
    "BY_COUNTER": BY_COUNTER,
}
TAP_BLANKS = {
    "BLANK_MEDIUM": BLANK_MEDIUM, "BLANK_CARD_KIND": BLANK_CARD_KIND,
    "BLANK_ISSUER": BLANK_ISSUER, "BLANK_KEY_VERSION": BLANK_KEY_VERSION,
    "BLANK_ALGORITHM": BLANK_ALGORITHM, "PROVEN": PROVEN, "DENIED": DENIED,
    "NOT_ADMITTED": NOT_ADMITTED,
}
RIDE_FLAGS = {
    "PAID_BY_VALIDATOR": PAID_BY_VALIDATOR, "RIDE_HAS_DUE": RIDE_HAS_DUE, "HELD": HELD,
    "RIDE_HAS_DISTANCE": RIDE_HAS_DISTANCE, "REVIEWED": REVIEWED, "REVERSAL": REVERSAL,
    "RIDE_BY_COUNTER": RIDE_BY_COUNTER, "RIDE_LINE_CHANGED": RIDE_LINE_CHANGED,
}
LEGS_MOST = LEGS
DISCOUNT_LEGS_MOST = DISCOUNT_LEGS
CHAIN_OF_NONE = NO_CHAIN
CHAIN_ENDED = NO_TRANSFER
SHARE_OF_OPERATOR = SHARE_OPERATOR
SHARE_OF_ISSUER = SHARE_ISSUER
