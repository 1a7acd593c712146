"""Refused records by why they were refused, each with what is wrong in it marked."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from clearing.answers.brought import reach
from clearing.answers.documents.document import Document, Marked, Section, add_up
from clearing.answers.filters import Filter, check_known
from clearing.answers.masking import mask_text
from clearing.answers.refused_columns import RefusedColumns
from clearing.answers.reports.sums import TOTAL
from clearing.answers.session import Session
from clearing.book.schema import FILES, REFUSALS
from ext.codes import Code
from network.language import Phrase, language
from network.refusals import WORDS

SHOWN_MOST = 50         # records of a code; `onecard show refusals` has all
_COLUMNS = ("file", "line", "column", "record")
CANONICAL = "onecard-taps/1"
_CELL = re.compile(r'"(?:[^"]|"")*"|[^,]*')     # of a canonical record


def report_refusals(session: Session, run: int | None = None) -> Document:
    """What all runs refused, or one of them, by code; card numbers are masked.

    Raises OnecardError where there is no such run.
    """
    check_known(session, Filter(run=run))
    reach(session, run=run or 0)
    where = session.book.committed + (f" AND run = {run}" if run is not None else "")
    which = Phrase("all runs") if run is None else Phrase("run {run}", run=run)
    network = session.described().model
    return Document(Phrase("refusals of {which}", which=which),
                    [(Phrase("network"), network.title)], list(_sections(session, where)), (),
                    language(), network.money)


def _sections(session: Session, where: str) -> Iterator[Section]:
    found = session.book.ask(f"SELECT code, count() AS records FROM {REFUSALS.name} "
                               f"WHERE {where} GROUP BY code ORDER BY records DESC, code")
    counts = {Code(code): records for code, records in zip(
        *(np.asarray(column).tolist() for column in found.values()), strict=True)}
    rows = [(code.name, records, WORDS[code]) for code, records in counts.items()]
    yield Section(Phrase("why"), ("code", "records", "reason"), rows, frozenset(),
                  add_up(rows, (1,), 3, TOTAL))
    of_code: dict[int, list[tuple[str, int, str, str]]] = {code: [] for code in counts}
    names, columns = _names(session), RefusedColumns(session)
    found = session.book.ask(
        f"SELECT code, file, line, field, raw, value FROM {REFUSALS.name} WHERE {where} "
        f"ORDER BY code, run, file, offset, line, field, raw LIMIT {SHOWN_MOST} BY code")
    for code, file, line, field, raw, value in zip(*found.values(), strict=True):
        name, layout = names.get(int(file), ("", ""))
        of_code[int(code)].append((name, int(line), columns.name(int(file), int(field)),
                               mark_wrong(str(raw), int(field), str(value),
                                          is_canonical=layout == CANONICAL)))
    for code, records in counts.items():
        title = (Phrase("{code}: {records:,} records", code=code.name, records=records)
                 if records <= SHOWN_MOST else
                 Phrase("{code}: {records:,} records, the first {shown} of them here",
                        code=code.name, records=records, shown=SHOWN_MOST))
        yield Section(title, _COLUMNS, of_code[code], frozenset())


def _names(session: Session) -> dict[int, tuple[str, str]]:
    """The files that runs took, and the layout that each was read by."""
    found = session.book.ask(f"SELECT file, name, layout FROM {FILES.name} "
                               f"WHERE {session.book.committed} ORDER BY code DESC, run DESC")
    return {int(file): (str(name), str(layout))
            for file, name, layout in zip(*found.values(), strict=True)}


def mark_wrong(raw: str, field: int, value: str, *, is_canonical: bool) -> str:
    """A record whose cards are masked and whose wrong cell is marked, where it can be told.

    field: which cell, from 1; 0: the record is wrong as a whole. value: what is wrong in a record
    of another layout; blank where that is not known.
    """
    start, stop = 0, len(raw)
    if value and raw.count(value) == 1:
        start = raw.index(value)
        stop = start + len(value)
    elif field:
        cells = [cell.span() for cell in _cells(raw)] if is_canonical else []
        if field > len(cells):
            return mask_text(raw)
        start, stop = cells[field - 1]
    return Marked(*map(mask_text, (raw[:start], raw[start:stop], raw[stop:])))


def _cells(raw: str) -> Iterator[re.Match[str]]:
    """The cells of a canonical record, one behind the other."""
    at = 0
    while at <= len(raw):
        cell = _CELL.match(raw, at)
        assert cell is not None, "a cell can be empty"
        yield cell
        at = cell.end() + 1
