"""What a record says of being a correction: columns that nearly no file has."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp

from ext.checked cimport must
from ext.codes cimport Code, CorrectionKind, CorrectionReason
from ext.intake.decode cimport Column, Context, Field
from ext.intake.fields cimport read_number
from ext.intake.lines cimport text_of
from ext.intake.lookup cimport find_code
from ext.intake.tokens cimport refuse
from ext.records cimport Tap


cdef inline bint says(Field field, const char *word, uint32_t size) noexcept nogil:
    return field.size == size and memcmp(field.at, word, size) == 0


cdef inline uint8_t read_correction(Field field) noexcept nogil:
    """The CorrectionKind of a word; 0 where it is none."""
    if says(field, b"replace", 7):
        return CorrectionKind.REPLACE
    return CorrectionKind.CANCEL if says(field, b"cancel", 6) else 0


cdef inline uint8_t read_reason(Field field) noexcept nogil:
    """The CorrectionReason of a word; 0 where it is none."""
    if says(field, b"wrong_time", 10):
        return CorrectionReason.WRONG_TIME
    if says(field, b"wrong_place", 11):
        return CorrectionReason.WRONG_PLACE
    if says(field, b"wrong_amount", 12):
        return CorrectionReason.WRONG_AMOUNT
    if says(field, b"wrong_rider", 11):
        return CorrectionReason.WRONG_RIDER
    if says(field, b"not_a_ride", 10):
        return CorrectionReason.NOT_A_RIDE
    if says(field, b"refund", 6):
        return CorrectionReason.REFUND
    if says(field, b"dispute", 7):
        return CorrectionReason.DISPUTE
    if says(field, b"released", 8):
        return CorrectionReason.RELEASED
    if says(field, b"rejected", 8):
        return CorrectionReason.REJECTED
    return CorrectionReason.OTHER if says(field, b"other", 5) else 0


cdef inline int read_corrected(Context *context, Tap *tap) noexcept nogil:
    """Whether the record corrects another one, the how-manieth time, why, and who says so."""
    cdef Field kind = text_of(context, Column.CORRECTION)
    cdef Field revision = text_of(context, Column.REVISION)
    cdef Field reason = text_of(context, Column.REASON)
    cdef Field authority = text_of(context, Column.AUTHORISED_BY)
    cdef uint64_t value = 1
    cdef int code
    if kind.size == 0:
        if revision.size | reason.size | authority.size:
            return refuse(context, Column.CORRECTION, Code.MISSING_VALUE)
        return Code.OK
    tap.correction = read_correction(kind)
    if tap.correction == 0:
        return refuse(context, Column.CORRECTION, Code.UNKNOWN_CORRECTION)
    if revision.size:
        code = read_number(revision, 255, &value)
        if code == Code.OK and value == 0:
            code = Code.NUMBER_INVALID
        if code:
            return refuse(context, Column.REVISION, code)
    must(0 < value <= 255, b"a correction has a revision")
    tap.revision = <uint8_t>value
    if reason.size == 0:
        return refuse(context, Column.REASON, Code.MISSING_VALUE)
    tap.correction_reason = read_reason(reason)
    if tap.correction_reason == 0:
        return refuse(context, Column.REASON, Code.UNKNOWN_REASON)
    if tap.correction_reason >= CorrectionReason.RELEASED and not context.settings.decides_claims:
        return refuse(context, Column.REASON, Code.CLAIM_DECISION)
    if authority.size == 0:
        return refuse(context, Column.AUTHORISED_BY, Code.MISSING_VALUE)
    tap.authority = <uint16_t>find_code(&context.tables.members, authority.at, authority.size, 0)
    if tap.authority == 0:
        return refuse(context, Column.AUTHORISED_BY, Code.UNKNOWN_AUTHORITY)
    # Issuers, funders and centres may authorise any correction, an operator its own.
    if tap.authority != tap.operator and find_code(&context.tables.operators, authority.at,
                                                   authority.size, 0):
        return refuse(context, Column.AUTHORISED_BY, Code.FOREIGN_AUTHORITY)
    return Code.OK
