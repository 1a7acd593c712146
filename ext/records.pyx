"""NumPy dtypes of the packed structs of records.pxd, read off the structs themselves."""

import numpy as np

cdef Tap _tap
cdef Refusal _refusal
cdef Ride _ride
cdef Charge _charge
cdef Entry _entry
cdef CardState _card_state
cdef Accumulator _accumulator
cdef Obligation _obligation
cdef Member _member
cdef Tariff _tariff
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
cdef AgreementTerms _agreement_terms

TAP = np.asarray(<Tap[:1]>&_tap).dtype
REFUSAL = np.asarray(<Refusal[:1]>&_refusal).dtype
RIDE = np.asarray(<Ride[:1]>&_ride).dtype
CHARGE = np.asarray(<Charge[:1]>&_charge).dtype
ENTRY = np.asarray(<Entry[:1]>&_entry).dtype
CARD_STATE = np.asarray(<CardState[:1]>&_card_state).dtype
ACCUMULATOR = np.asarray(<Accumulator[:1]>&_accumulator).dtype
OBLIGATION = np.asarray(<Obligation[:1]>&_obligation).dtype
MEMBER = np.asarray(<Member[:1]>&_member).dtype
TARIFF = np.asarray(<Tariff[:1]>&_tariff).dtype
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
AGREEMENT_TERMS = np.asarray(<AgreementTerms[:1]>&_agreement_terms).dtype

# Flag bits, under the names of records.pxd.
TAP_FLAGS = {
    "HAS_DUE": HAS_DUE, "HAS_PAID": HAS_PAID, "HAS_BALANCE": HAS_BALANCE,
    "HAS_DISTANCE": HAS_DISTANCE, "HAS_TAC": HAS_TAC, "CARRIED": CARRIED,
}
RIDE_FLAGS = {
    "PAID_BY_VALIDATOR": PAID_BY_VALIDATOR, "RIDE_HAS_DUE": RIDE_HAS_DUE, "HELD": HELD,
    "RIDE_HAS_DISTANCE": RIDE_HAS_DISTANCE, "REVIEWED": REVIEWED,
}
LEG_SLOTS = LEGS
SHARE_OF_OPERATOR = SHARE_OPERATOR
SHARE_OF_ISSUER = SHARE_ISSUER
