"""What people read: views that show committed runs only, and no row of any other.

Each table has one. `ledger` is the entries with the card as it is printed; `rides` leaves out what
was taken back, and what takes it back. `events` are top-ups and locks. `postings` is the same books
in double entry: two rows per amount, a debit and a credit, that add up to nothing, with the
member's number and code. Amounts are minor units; a reversal's are negative (red ink). Held entries
are not settled and have no postings. `card_states` and `accumulators` are the stored state, field
by field; of a card's rows those of the newest run count.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clearing.book.parts import counted
from clearing.book.schema import (
    ACCUMULATORS,
    CARD_STATES,
    ENTRIES,
    FILES,
    FLOWS,
    NAMES,
    NETWORKS,
    OPEN_RIDES,
    PACKED,
    PACKED_FROM,
    RECORDS,
    REFUSALS,
    ROOTS,
    TOLD,
    WINDOWS,
    Column,
    Table,
)
from clearing.book.stored import LEG_COLUMNS, stored_fields
from ext.codes import Cause, TapKind
from ext.records import ACCUMULATOR, CARD_STATE, RIDE_FLAGS

_LAST, _FOLDED = "(SELECT max(run) FROM runs)", "(SELECT max(through) FROM folds)"
COMMITTED = counted(_LAST, _FOLDED, _FOLDED)
# A condition on an entry, and how many rides entries come to: what is taken back counts as less.
REVERSAL = f"bitAnd(flags, {RIDE_FLAGS['REVERSAL']}) != 0"
_NO_REVERSAL = f"bitAnd(flags, {RIDE_FLAGS['REVERSAL']}) = 0"
RIDE_LEFT = f"if({REVERSAL}, -1, 1)"
RIDES_LEFT = f"sum({RIDE_LEFT})"


def standing(entries: str, counted_: str) -> str:
    """A condition: the entry is no reversal, and none of those that count takes it back.

    entries: their table; counted_: a condition on its rows.
    """
    place = "card_hi, card_lo, card_seq, out_seq, started_at, ended_at"
    return (f"({_NO_REVERSAL}) AND (({place}, run) NOT IN "
            f"(SELECT {place}, replaces FROM {entries} WHERE ({REVERSAL}) AND {counted_}))")


# A card's 128 bits as text (see ext/records.pxd): up to 20 digits, or up to 16 letters and digits.
_DIGITS = (
    "substring(concat('00000000000000000000', toString("
    "(toDecimal128(bitAnd(card_hi, 72057594037927935), 0) "
    "* toDecimal128('18446744073709551616', 0))"
    " + toDecimal128(card_lo, 0))), -toInt32(bitShiftRight(card_hi, 56)))"
)
_LETTERS = (
    "replaceAll(concat(reverse(reinterpretAsString(card_hi)), "
    "reverse(reinterpretAsString(card_lo))), '\\0', '')"
)
CARD = f"if(bitShiftRight(card_hi, 56) <= 20, {_DIGITS}, {_LETTERS})"

_PRINTED = (Column("card", "String"),)
_RUN = Column("run", "UInt32")

# Codes of members in the order of their numbers, which count up from 1.
_MEMBERS = (
    f"(SELECT groupArray(code) FROM (SELECT code FROM {NAMES.name} "
    f"WHERE (kind = 'member') AND {COMMITTED} ORDER BY number ASC))"
)


class View(NamedTuple):
    """A view: what it has, and of what it is made.

    Every operation within another is in brackets, as the store writes it when it is asked what a
    view is: so that both can be compared word by word (definitions.py).
    """

    columns: tuple[Column, ...]
    select: str


class LegSql(NamedTuple):
    """An amount that one member owes another for a ride: SQL over the columns of an entry."""

    debtor: str
    creditor: str
    amount: str
    cause: str


# Every amount of an entry: one for each of its legs.
LEGS_IN_SQL = tuple(LegSql(leg["debtor"], leg["creditor"], leg["amount"], leg["cause"])
                    for leg in LEG_COLUMNS)


def _array(values: list[str], type_: str) -> str:
    return "[" + ", ".join(f"to{type_}({value})" for value in values) + "]"


def _enum(words: dict[str, int]) -> str:
    """A type of words, as it stands inside of a quoted string."""
    return "Enum8(" + ", ".join(f"\\'{word}\\' = {number}" for word, number in words.items()) + ")"


def _postings() -> View:
    """Each leg twice, as a debit of the debtor and a credit of the creditor."""
    members = [name for leg in LEGS_IN_SQL for name in (leg.debtor, leg.creditor)]
    amounts = [leg.amount for leg in LEGS_IN_SQL for _ in range(2)]
    causes = [leg.cause for leg in LEGS_IN_SQL for _ in range(2)]
    sides = ["1", "2"] * len(LEGS_IN_SQL)
    side_type = _enum({"debit": 1, "credit": 2})
    cause_type = _enum({cause.name.lower(): int(cause) for cause in Cause})
    types = dict[str, str]((*ENTRIES.columns, *_PRINTED)) | {
        "member": "UInt16", "member_code": "String", "amount": "Int64",
        "side": side_type.replace("\\'", "'"), "cause": cause_type.replace("\\'", "'")}
    names = ("run", "window", "card", "card_hi", "card_lo", "card_seq", "out_seq", "started_at",
             "ended_at", "reason", "member", "member_code", "side", "amount", "cause")
    return View(tuple(Column(name, types[name]) for name in names), (
        f"SELECT run, window, {CARD} AS card, card_hi, card_lo, card_seq, out_seq, "
        f"started_at, ended_at, reason, member, {_MEMBERS}[member] AS member_code, "
        f"CAST(side_number, '{side_type}') AS side, amount, "
        f"CAST(cause_number, '{cause_type}') AS cause "
        f"FROM {ENTRIES.name} "
        f"ARRAY JOIN {_array(members, 'UInt16')} AS member, {_array(amounts, 'Int64')} AS amount, "
        f"{_array(sides, 'Int8')} AS side_number, {_array(causes, 'Int8')} AS cause_number "
        f"WHERE {COMMITTED} AND (bitAnd(flags, {RIDE_FLAGS['HELD']}) = 0) AND (amount != 0)"
    ))


def _stored(table: Table, where: str, *, with_card: bool = False) -> View:
    columns = (*_PRINTED * with_card, _RUN, *table.content)
    listed = ", ".join([*[f"{CARD} AS card"] * with_card, "run",
                        *(f"`{name}`" for name, _ in table.content)])
    return View(columns, f"SELECT {listed} FROM {table.name} WHERE {where}")


def _unpacked(table: Table, dtype: np.dtype[Any], where: str) -> View:
    """The fields of packed records."""
    stored = {column.name for column in table.columns}
    fields = ["run"]
    for field in stored_fields(dtype):
        bytes_ = f"substring({PACKED}, {field.offset - PACKED_FROM + 1}, {field.width})"
        fields.append(f"`{field.column}`" if field.column in stored else
                      f"reinterpretAs{field.type}({bytes_}) AS `{field.column}`")
    columns = (Column(field.column, field.type) for field in stored_fields(dtype))
    return View((*_PRINTED, _RUN, *columns),
                f"SELECT {CARD} AS card, {', '.join(fields)} FROM {table.name} WHERE {where}")


_EVENTS = f"{int(TapKind.TOP_UP)}, {int(TapKind.LOCK)}"
VIEWS = {
    "ledger": _stored(ENTRIES, COMMITTED, with_card=True),
    "rides": _stored(ENTRIES, f"{COMMITTED} AND {standing(ENTRIES.name, COMMITTED)}",
                     with_card=True),
    "events": _stored(RECORDS, f"{COMMITTED} AND (kind IN ({_EVENTS}))", with_card=True),
    "postings": _postings(),
    **{table.name.removeprefix("stored_"): _stored(table, COMMITTED)
       for table in (ENTRIES, RECORDS, REFUSALS, FLOWS, OPEN_RIDES, FILES, NAMES, NETWORKS,
                     WINDOWS, ROOTS, *TOLD)},
    "card_states": _unpacked(CARD_STATES, CARD_STATE, COMMITTED),
    "accumulators": _unpacked(ACCUMULATORS, ACCUMULATOR, f"{COMMITTED} AND (accumulator != 0)"),
}


def create(name: str) -> str:
    """The statement that makes a view where it is not there yet.

    With its columns, which the store would find out by carrying out what it selects.
    """
    columns = ", ".join(f"`{column}` {type_}" for column, type_ in VIEWS[name].columns)
    return f"CREATE VIEW IF NOT EXISTS {name} ({columns}) AS {VIEWS[name].select}"
