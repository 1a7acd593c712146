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

TAP = np.asarray(<Tap[:1]>&_tap).dtype
REFUSAL = np.asarray(<Refusal[:1]>&_refusal).dtype
RIDE = np.asarray(<Ride[:1]>&_ride).dtype
CHARGE = np.asarray(<Charge[:1]>&_charge).dtype
ENTRY = np.asarray(<Entry[:1]>&_entry).dtype
CARD_STATE = np.asarray(<CardState[:1]>&_card_state).dtype
ACCUMULATOR = np.asarray(<Accumulator[:1]>&_accumulator).dtype
OBLIGATION = np.asarray(<Obligation[:1]>&_obligation).dtype

# Flag bits, under the names of records.pxd.
TAP_FLAGS = {
    "HAS_DUE": HAS_DUE, "HAS_PAID": HAS_PAID, "HAS_BALANCE": HAS_BALANCE,
    "HAS_DISTANCE": HAS_DISTANCE, "HAS_TAC": HAS_TAC, "CARRIED": CARRIED,
}
RIDE_FLAGS = {
    "PAID_BY_VALIDATOR": PAID_BY_VALIDATOR, "RIDE_HAS_DUE": RIDE_HAS_DUE, "HELD": HELD,
    "RIDE_HAS_DISTANCE": RIDE_HAS_DISTANCE,
}
LEG_SLOTS = LEGS
