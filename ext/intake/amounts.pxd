"""What a record says of money: what is due, what was charged or given back, what a purse held."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.checked cimport must
from ext.clearing.identity cimport BOARDING, EVENT, class_of
from ext.codes cimport Code
from ext.intake.decode cimport Column, Context, Field
from ext.intake.fields cimport read_amount
from ext.intake.lines cimport text_of
from ext.intake.text cimport eight_digits, load_digits_or_none, not_digits
from ext.intake.tokens cimport refuse
from ext.records cimport HAS_BALANCE, HAS_DUE, HAS_PAID, Tap


cdef inline bint is_below_zero(Field field) noexcept nogil:
    """Whether it begins like a negative amount that is not 0."""
    cdef uint32_t i
    if field.size == 0 or field.at[0] != 45:
        return False
    for i in range(1, field.size):
        if field.at[i] != 48:
            return True
    return False


cdef inline int read_odd_money(Context *context, Tap *tap) noexcept nogil:
    """Amounts of which one is long, has a sign, or cannot be read.

    Paid is negative where money was given back, at an exit or for a boarding; so, then, is due.
    """
    cdef bint boards = class_of(tap.kind) == BOARDING
    cdef bint back = context.refund or is_below_zero(text_of(context, Column.PAID))
    cdef int code
    if text_of(context, Column.DUE).size:
        code = read_amount(text_of(context, Column.DUE), boards and back, &tap.due)
        if code:
            return refuse(context, Column.DUE, code)
        tap.flags |= HAS_DUE
    if text_of(context, Column.PAID).size:
        code = read_amount(text_of(context, Column.PAID), class_of(tap.kind) != EVENT, &tap.paid)
        if code:
            return refuse(context, Column.PAID, code)
        tap.flags |= HAS_PAID
    if context.refund:      # with whichever sign
        if tap.paid == 0:
            return refuse(context, Column.PAID, Code.MISSING_VALUE)
        tap.paid = -tap.paid if tap.paid > 0 else tap.paid
    if text_of(context, Column.BALANCE_BEFORE).size:
        code = read_amount(text_of(context, Column.BALANCE_BEFORE), True, &tap.balance_before)
        if code:
            return refuse(context, Column.BALANCE_BEFORE, code)
        tap.flags |= HAS_BALANCE
    return Code.OK


cdef inline int read_money(Context *context, Tap *tap) noexcept nogil:
    """What the validator charged, and what the purse held before.

    Which of the three are blank changes from tap to tap, and a branch that is guessed wrong costs
    more than to read all three: so there is none.
    """
    cdef Field due = text_of(context, Column.DUE), paid = text_of(context, Column.PAID)
    cdef Field balance = text_of(context, Column.BALANCE_BEFORE)
    cdef uint64_t a, b, c
    must(class_of(tap.kind) <= EVENT, b"what happened is read before what it cost")
    if context.refund | (due.size > 8) | (paid.size > 8) | (balance.size > 8):
        return read_odd_money(context, tap)
    a = load_digits_or_none(due.at, due.size)
    b = load_digits_or_none(paid.at, paid.size)
    c = load_digits_or_none(balance.at, balance.size)
    if not_digits(a) | not_digits(b) | not_digits(c):
        return read_odd_money(context, tap)
    tap.due, tap.paid = <int64_t>eight_digits(a), <int64_t>eight_digits(b)
    tap.balance_before = <int64_t>eight_digits(c)
    tap.flags = <uint8_t>(HAS_DUE * (due.size > 0) + HAS_PAID * (paid.size > 0)
                          + HAS_BALANCE * (balance.size > 0))
    return Code.OK
