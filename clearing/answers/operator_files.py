"""An operator's files read again, record by record, with what each record says was paid."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from clearing.answers.kept import folder_of
from clearing.answers.layouts import find_layout, layout_for
from clearing.answers.session import Session
from clearing.book.schema import FILES, REFUSALS
from clearing.intake.convert import Converted, OpenFile, open_file
from clearing.intake.formats.canonical import FORMAT
from clearing.intake.kept import is_kept, read_kept
from clearing.intake.trailer import read_trailer
from ext.codes import Code
from network.civil import day_of, number_of
from network.errors import OnecardError
from network.files import sha256_of
from network.language import Phrase
from network.network import Network

_AMOUNT = re.compile(r"-?[0-9]{1,15}")
_TIME = re.compile(r"[0-9]{14}")


class SaidPaid(NamedTuple):
    """What a record of a file says."""

    line: int
    operator: str       # blank: cannot be read
    day: int            # service day, days since 1970; 0: its time cannot be read
    paid: int | None    # minor units, a blank is 0; None: cannot be read


class OperatorFile(NamedTuple):
    """A file that was read again."""

    name: str
    number: int         # in the book; 0: no run took it
    trailer: int | None     # what its sender says was paid, of every record; None: it has none
    records: list[SaidPaid]


class _Source(NamedTuple):
    path: Path
    number: int
    layout: str


def read_named(session: Session, paths: list[Path], network: Network) -> list[OperatorFile]:
    """Files by their paths. Raises OnecardError."""
    digests = {path: _digest_of(path) for path in paths}
    given = session.book.files_given(set(digests.values()))
    taken = session.book.files_taken(set(digests.values()))
    return [_read(_Source(path, given[digest].number if digest in taken else 0,
                          taken[digest].layout if digest in taken else ""), network)
            for path, digest in digests.items()]


def read_kept_of(session: Session, operator: str, number: int, day: int, network: Network
                 ) -> list[OperatorFile]:
    """The kept files that have records of an operator's day, as far as the book can tell.

    Raises OnecardError where one is not kept, or damaged.
    """
    book, numbers = session.book, dict[str, int]()
    found = book.ask(
        f"SELECT DISTINCT source_file AS file FROM records WHERE operator = {number} "
        f"AND service_day = {day} AND {book.as_of_last} UNION ALL "
        f"SELECT DISTINCT file FROM {REFUSALS.name} WHERE {book.committed} "
        f"AND position(raw, {_quoted(operator)}) > 0 AND ("
        + " OR ".join(f"position(raw, '{text}') > 0" for text in _texts_of(day)) + ")")
    listed = ", ".join(map(str, sorted(set(np.asarray(found["file"]).tolist()))))
    if listed:
        numbers |= {digest: number for number, digest in book.find_files(
            f"file IN ({listed}) AND code = 0").items()}
    # What was refused whole says nothing of its records; its name or its sender may.
    found = book.ask(
        f"SELECT DISTINCT sha256 FROM {FILES.name} WHERE {book.committed} "
        f"AND code NOT IN (0, {int(Code.DUPLICATE_FILE)}) "
        f"AND (sender = {_quoted(operator)} OR position(name, {_quoted(operator)}) > 0)")
    refused = set(map(str, found["sha256"]))
    taken = book.files_taken(numbers.keys() | refused)
    numbers |= dict.fromkeys(refused - taken.keys(), 0)
    given = book.files_given(numbers)
    read = []
    with TemporaryDirectory(prefix="onecard-compare-") as place:
        for digest, of_book in sorted(numbers.items()):
            name, folder = given[digest].name, folder_of(session, digest, given[digest])
            if not is_kept(folder, digest):
                raise OnecardError(Phrase("{name} is not kept", name=name), where=str(folder),
                                   expected="the operator's files, kept when they were cleared",
                                   remedy="name its files beside the sum: --totals 12345.60 "
                                          "--totals FILE --totals FILE")
            path = Path(place, digest[:16], name)
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as out:
                out.writelines(read_kept(folder, digest))
            layout = taken[digest].layout if digest in taken else ""
            read.append(_read(_Source(path, of_book, layout), network))
    return read


def _read(source: _Source, network: Network) -> OperatorFile:
    with _open(source, network) as opened:
        read = _Reader(opened, network)
        records = [read.record(one) for one in opened.records()]
        trailer = read_trailer(opened.reader.trailer)
    return OperatorFile(source.path.name, source.number,
                        None if trailer is None else trailer.paid, records)


@contextmanager
def _open(source: _Source, network: Network) -> Iterator[OpenFile]:
    """The file by the layout that it was taken by, or by what a file of its kind would be."""
    if source.layout:
        layout = None if source.layout == FORMAT else find_layout(source.layout, network)
        with open_file(source.path, layout, network.civil_offset_s) as opened:
            yield opened
        return
    with layout_for(source.path, None, network) as (layout, _), open_file(
            source.path, layout, network.civil_offset_s) as opened:
        yield opened


class _Reader:
    """Reads what records say, by the network's days."""

    def __init__(self, opened: OpenFile, network: Network) -> None:
        self._has_paid = "paid" in opened.adapter.shape.columns
        self._day_starts = datetime.timedelta(seconds=network.day_starts_s)
        self._days: dict[str, int] = {}

    def record(self, one: Converted) -> SaidPaid:
        paid = one.values.get("paid", "") if self._has_paid else ""
        is_read = one.code == Code.OK and (not paid or _AMOUNT.fullmatch(paid) is not None)
        return SaidPaid(one.line, one.values.get("operator", ""),
                        self._day(one.values.get("tapped_at", "")),
                        int(paid or 0) if is_read else None)

    def _day(self, text: str) -> int:
        """The service day of a time as canonical records have it; 0 where that is none."""
        if text not in self._days:
            self._days[text] = 0
            digits = re.sub("[-T:]", "", text)
            if _TIME.fullmatch(digits):
                with suppress(ValueError):
                    moment = datetime.datetime.strptime(digits, "%Y%m%d%H%M%S")
                    self._days[text] = number_of((moment - self._day_starts).date())
        return self._days[text]


def _digest_of(path: Path) -> str:
    if not path.is_file():
        raise OnecardError("there is no such file, and it is no amount", where=str(path),
                           expected="the operator's sum, such as 12345.60, or its tap files",
                           remedy="correct the path, or write the sum without a unit")
    return sha256_of(path)


def _texts_of(day: int) -> tuple[str, str]:
    """How records write a day."""
    text = day_of(day).isoformat()
    return text, text.replace("-", "")


def _quoted(text: str) -> str:
    """A text in SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
