"""Take the steps of a file: each line that can be taken is, any other is refused with its code.

All that are taken are one run. A line that the book has already is known, so that a file is given
again whole, or as the file of what was refused.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from clearing.answers.disputes import Docket, Taken
from clearing.answers.documents.unfinished import whole_file
from clearing.answers.named_ride import NamedRide, read_ride
from clearing.answers.session import Session
from clearing.book.payment_rows import DisputeRow
from ext.codes import Code
from network.civil import day_number, day_of, number_of
from network.errors import OnecardError, TableError
from network.language import Phrase, joined
from network.money import AMOUNT_MOST
from network.refusals import WORDS
from settlement.disputes import OPENINGS, STEPS, Refused, Step

COLUMNS = ("step", "by", "on", "ride", "dispute", "amount", "reason")
TOLD = ("code", "why")              # what a file of refused lines has beside
REQUIRED = ("step", "by", "on")
FILE_MOST_BYTES = 32 << 20
LINE_MOST_BYTES = 4_096


class Request(NamedTuple):
    """What a line asks for."""

    step: Step
    ride: NamedRide | None      # of an opening step
    number: int | None          # of the dispute, of any other


class RefusedLine(NamedTuple):
    """A line of which nothing was posted."""

    line: int
    code: Code
    why: str
    cells: list[str] | None     # by the header; None: it could not be taken apart
    text: bytes


@dataclass
class StepsRead:
    """What became of a file of steps."""

    run: int | None = None      # None: nothing was taken
    taken: list[Taken] = field(default_factory=list)
    known: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    rejects: Path | None = None     # the file of the refused lines

    @property
    def lines(self) -> int:
        """All of the file's but its header."""
        return len(self.taken) + self.known + len(self.refused)


def take_file(session: Session, path: Path, today: datetime.date, rejects: Path) -> StepsRead:
    """Take the steps of a CSV with COLUMNS, a step a line.

    rejects: where refused lines are written, as they came and with their codes; where there are
    any. Raises OnecardError where the file is none of steps: nothing is posted then.
    """
    if path.stat().st_size > FILE_MOST_BYTES:
        raise OnecardError(Phrase("{size:,} bytes",
                                  size=path.stat().st_size), where=str(path),
                           expected=Phrase("{file_most_bytes:,} at most",
                                           file_most_bytes=FILE_MOST_BYTES),
                           remedy="split the file")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    head, *lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    header, read = _header(head, str(path)), StepsRead()
    if lines and lines[-1] == b"":
        lines.pop()
    requests = list[tuple[int, bytes, list[str], Request]]()
    for number, raw in enumerate(lines, 2):
        text = raw.removesuffix(b"\r")
        cells: list[str] | None = None
        try:
            cells = _cells(text, len(header))
            requests.append((number, text, cells, _request(dict(zip(header, cells, strict=True)))))
        except Refused as error:
            read.refused.append(_refused(number, error, cells, text))
    docket = Docket(session, [(*one.ride.bits, one.ride.card_seq) for *_, one in requests
                              if one.ride is not None],
                    [one.number for *_, one in requests if one.number is not None], today)
    known = {_identity(row): row for row in docket.stored}
    for number, text, cells, request in requests:
        before = known.get(_asked(request))
        if before is not None and request.step.amount in (None, before.amount, before.awarded):
            read.known += 1
            continue
        try:
            taken = docket.take(*request, (digest, number))
        except Refused as error:
            read.refused.append(_refused(number, error, cells, text))
        except TableError as error:
            raise error.within(f"{path}:{number}") from None
        else:
            known[_asked(request)] = taken.row
    read.taken = docket.taken
    read.run = docket.commit() if docket.taken else None
    if read.refused:
        read.refused.sort()
        read.rejects = _write_rejects(rejects, header, read.refused)
    return read


def _header(text: bytes, where: str) -> list[str]:
    names = text.decode("utf-8", "replace").strip().split(",")
    unknown = [name for name in names if name not in (*COLUMNS, *TOLD)]
    missing = [name for name in REQUIRED if name not in names]
    if unknown or missing or len({*names}) != len(names):
        found = (Phrase("the header has the column {name!r}", name=unknown[0]) if unknown else
                 Phrase("the header has no column {name!r}", name=missing[0]) if missing else
                 "the header has a column twice")
        raise OnecardError(found, where=f"{where}:1",
                           expected=",".join(COLUMNS), remedy="correct the header")
    return names


def _cells(text: bytes, columns: int) -> list[str]:
    """The cells of a line. Raises Refused."""
    if not text.strip(b" ,\t"):
        raise _fault(Code.EMPTY_RECORD)
    if len(text) > LINE_MOST_BYTES:
        raise _fault(Code.LINE_TOO_LONG)
    if b"\0" in text:
        raise _fault(Code.NUL_BYTE)
    try:
        [cells] = csv.reader([text.decode("utf-8")], strict=True)
    except UnicodeDecodeError:
        raise _fault(Code.BAD_ENCODING) from None
    except (csv.Error, ValueError):
        raise _fault(Code.BAD_QUOTING) from None
    if len(cells) != columns:
        raise _fault(Code.COLUMN_COUNT, Phrase("{number} fields", number=len(cells)),
                     Phrase("{columns}, as the header has", columns=columns))
    return [cell.strip() for cell in cells]


def _request(row: dict[str, str]) -> Request:
    """What a line asks for. Raises Refused."""
    needed = "ride" if row["step"] in OPENINGS else "dispute"
    if row["step"] not in (*STEPS, ""):
        raise _fault(Code.DISPUTE_STEP, Phrase("the step is {step!r}", step=row["step"]),
                     ", ".join(STEPS))
    for name in (*REQUIRED, needed):
        if not row.get(name):
            raise _fault(Code.MISSING_VALUE, Phrase("{name} is blank", name=name),
                         "a value: the step needs it")
    try:
        day = day_of(day_number(row["on"]))
    except OnecardError as error:
        raise _fault(Code.DATE_INVALID, error.found, error.expected) from None
    step = Step(row["step"], row["by"], day, _amount(row.get("amount", "")), row.get("reason", ""))
    if needed == "ride":
        try:
            return Request(step, read_ride(row["ride"]), None)
        except OnecardError as error:
            is_rounded = "E+" in row["ride"].upper()
            raise _fault(Code.CARD_SPREADSHEET if is_rounded else Code.CARD_INVALID, error.found,
                         "CARD/COUNTER, as in `onecard show rides --cards full`") from None
    return Request(step, None, _number(row["dispute"], Code.NUMBER_INVALID, Code.NUMBER_OVERFLOW,
                                       "the number of a dispute"))


def _amount(text: str) -> int | None:
    if not text:
        return None
    expected = "whole minor units, such as 250 for 2.50"
    if text.startswith("-"):
        raise _fault(Code.AMOUNT_NEGATIVE, Phrase("the amount is {text}", text=text), expected)
    return _number(text, Code.AMOUNT_INVALID, Code.AMOUNT_OVERFLOW, expected)


def _number(text: str, invalid: Code, overflow: Code, expected: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _fault(invalid, Phrase("{text!r} is no number", text=text), expected)
    if len(text) > len(str(AMOUNT_MOST)) or int(text) > AMOUNT_MOST:
        raise _fault(overflow, Phrase("{text} is too large", text=text), expected)
    return int(text)


def _fault(code: Code, found: str = "", expected: str = "") -> Refused:
    """A line that says nothing that could be a step."""
    if found:
        return Refused(code, found, expected, "correct it at its source")
    return Refused(code, WORDS[code], "", "")


def _refused(line: int, error: Refused, cells: list[str] | None, text: bytes) -> RefusedLine:
    said = filter(None, (error.plainly, error.expected, error.remedy))
    return RefusedLine(line, error.code, joined("; ", map(Phrase, said)), cells, text)


# What makes two lines say the same: the step of a ride by a member on a day, or of a dispute.
_Identity = tuple[str, str, int, str, object]


def _identity(row: DisputeRow) -> _Identity:
    of = (row.card_hi, row.card_lo, row.card_seq) if row.step in OPENINGS else row.dispute
    return row.step, row.by, row.day, row.reason, of


def _asked(request: Request) -> _Identity:
    step, ride, number = request
    return (step.step, step.by, number_of(step.on), step.reason,
            number if ride is None else (*ride.bits, ride.card_seq))


def _write_rejects(path: Path, header: Sequence[str], refused: Sequence[RefusedLine]) -> Path:
    """Write what was refused so that it can be mended and given again."""
    names = [name for name in header if name not in TOLD]
    lines = [",".join([*names, *TOLD]).encode()]
    for one in refused:
        told = [one.code.name, one.why]
        if one.cells is None:
            lines.append(one.text + b"," + _written(told))
        else:
            row = dict(zip(header, one.cells, strict=True))
            lines.append(_written([*(row[name] for name in names), *told]))
    try:
        with whole_file(path) as unfinished:
            unfinished.write_bytes(b"\n".join(lines) + b"\n")
    except OSError as error:
        raise OnecardError(Phrase("the refused lines cannot be written: {strerror}",
                                  strerror=error.strerror),
                           where=str(path), expected="what was not refused is posted",
                           remedy="run the same command again, with another --rejects") from None
    return path


def _written(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue().encode()
