"""What windows settled, ride by ride, as a centre tells its members: CL files and FB files.

An issuer gets the rides of its cards (清算明细), an operator its own (清算反馈), by the places of
the layouts `centre-cl` and `centre-fb`. What nobody knows here is blank: the sender's references,
the balance, the channel. Amounts there are never below 0: rides of which windows take something
back are left out, and counted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from clearing.answers.documents.document import file_stem
from clearing.answers.documents.unfinished import whole_file
from clearing.answers.listings import cards_of, civil_times
from clearing.answers.periods import Period
from clearing.answers.rides_behind import ORDER
from clearing.answers.session import Session
from clearing.book.legs import list_legs
from clearing.intake.layout import load_layout
from clearing.intake.layout_model import Layout
from ext.codes import Cause
from network.civil import Clock, day_of
from network.errors import OnecardError
from network.language import Phrase
from network.members import Member

# By role: the layout, the bytes of a line, and of its record as the header counts them (no TLV).
FORMS = {"issuer": ("centre-cl", 335, 335), "operator": ("centre-fb", 361, 321)}
_RIDE = ("card_hi", "card_lo", "card_seq", "started_at", "ended_at", "operator", "issuer",
         "device_seq")
_HEAD = "01\n{records:06}{day:%Y%m%d}{receiver:11.11}{record_bytes:04}" + "F" * 20 + "\n"
RECORDS_MOST = 999_999


class CentreFile(NamedTuple):
    """A file that is written; amounts in minor units."""

    path: Path
    rides: int
    paid: int
    taken_back: int         # rides of which the windows take something back: not in it


class _Ride(NamedTuple):
    """What a ride comes to in the windows, by cause."""

    card: str
    time: str
    fields: Mapping[str, int]
    sums: Mapping[int, int]


def write_centre_file(session: Session, member: Member, period: Period, folder: Path
                      ) -> CentreFile | None:
    """Write the rides of a member's cards, or of its vehicles; None: it is neither's.

    Raises OnecardError where something has no room in its place.
    """
    if member.role not in FORMS:
        return None
    name, line_bytes, record_bytes = FORMS[member.role]
    form = load_layout(session.described().folder.path, name)
    path = folder / f"{file_stem(name.removeprefix('centre-'), member, period.label)}.txt"
    codes, rides, paid, taken_back = session.names().codes("member"), 0, 0, 0

    def head(records: int) -> bytes:
        return _HEAD.format(records=records, day=day_of(period.last), receiver=member.code,
                            record_bytes=record_bytes).encode(form.encoding)

    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished, unfinished.open("wb") as out:
        out.write(head(0))
        for ride in _rides(session, period, member):
            amounts = ride.sums.values()
            if min(amounts) < 0:
                taken_back += 1
            elif any(amounts):
                rides, paid = rides + 1, paid + ride.sums.get(Cause.FARE, 0)
                _write_line(out, form, _values(codes, ride, rides), line_bytes)
        if rides > RECORDS_MOST:
            raise OnecardError(
                Phrase("{rides:,} rides are settled with {member}", rides=rides,
                       member=member.code), where=period.label,
                expected=Phrase("at most {most:,}, of which the header can tell",
                                most=RECORDS_MOST),
                remedy="write a file for each window, not for the month")
        out.seek(0)
        out.write(head(rides))
    return CentreFile(path, rides, paid, taken_back)


def _rides(session: Session, period: Period, member: Member) -> Iterator[_Ride]:
    """The member's rides that the windows settle, each with all that its entries come to."""
    clock = session.described().clock
    where = f"{period.windows} AND {member.role} = {member.number}"
    for key, rows in itertools.groupby(_legs(session, where, clock), lambda row: row[:-2]):
        sums: dict[int, int] = {}
        for *_, cause, amount in rows:
            sums[cause] = sums.get(cause, 0) + amount
        card, time, *fields = key
        yield _Ride(card, time, dict(zip(_RIDE, fields, strict=True)), sums)


def _legs(session: Session, where: str, clock: Clock) -> Iterator[tuple[Any, ...]]:
    """Card, time, the fields of _RIDE, cause and amount of each leg, ride by ride."""
    for block in list_legs(session.book, _RIDE, where, ORDER):
        rows = {name: np.asarray(column) for name, column in block.items()}
        times = civil_times(np.maximum(rows["started_at"], rows["ended_at"]), clock)
        yield from zip(cards_of(rows), times, *(rows[name].tolist() for name in (
            *_RIDE, "leg_cause", "leg_amount")), strict=True)


def _values(codes: Sequence[str], ride: _Ride, number: int) -> dict[str, str]:
    """What a record says, by the columns of both layouts."""
    sums = ride.sums
    operator, issuer = codes[ride.fields["operator"]], codes[ride.fields["issuer"]]
    fees = {"手续费": sums.get(Cause.CLEARING_FEE, 0), "发卡分润": sums.get(Cause.ISSUER_FEE, 0),
            "收单分润": sums.get(Cause.ACQUIRER_FEE, 0)}
    return {
        "清分机构流水号": f"{number:012}", "收单机构流水号": f"{ride.fields['device_seq']:012}",
        "收单机构标识码": operator, "发卡公司代码": issuer, "接收机构": issuer,
        "发送机构": operator, "卡号": ride.card,
        "卡片消费计数器": f"{ride.fields['card_seq']:06}",
        "交易金额": f"{sums.get(Cause.FARE, 0):012}",
        "交易时间": "".join(filter(str.isdigit, ride.time)), "错误代码": "000000",
        "错误描述": "正常", "测试标志": "0",
        # Blank is nothing.
        **{name: str(amount) for name, amount in fees.items() if amount}}


def _write_line(out: IO[bytes], form: Layout, values: Mapping[str, str], line_bytes: int) -> None:
    line = bytearray(b" " * line_bytes)
    for name, place in form.columns.items():
        value = values.get(name, "").encode(form.encoding)
        if len(value) > place.width:
            raise OnecardError(
                Phrase("{column} of ride {card}/{counter} is {value!r}", column=name,
                       card=values["卡号"], counter=values["卡片消费计数器"], value=values[name]),
                expected=Phrase("at most {width} bytes", width=place.width),
                remedy="send this member its statement's CSV instead")
        line[place.start:place.start + len(value)] = value
    out.write(bytes(line) + b"\n")
