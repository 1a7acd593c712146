"""An operator's files read again, with what each record says was paid.

The decoder reads them, as it did for their run; what it refuses, records or whole files, is read
in Python, as far as that can be.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from clearing.answers.kept import folder_of
from clearing.answers.layouts import find_layout, layout_for
from clearing.answers.session import Session
from clearing.book.schema import FILES, REFUSALS
from clearing.intake.convert import Converted, open_file
from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.formats.canonical import FORMAT
from clearing.intake.kept import is_kept, read_kept
from clearing.intake.known_numbers import KnownNumbers
from clearing.intake.layout_model import Layout
from clearing.intake.reader import read_files
from clearing.intake.trailer import read_trailer
from ext.codes import Code
from ext.records import TAP_FLAGS, Records
from network.civil import day_of, number_of
from network.errors import OnecardError
from network.files import sha256_of
from network.language import Phrase
from network.names import Names
from network.network import Network
from network.numbering import number_network

_DAY_S = 86_400
_AMOUNT = re.compile(r"-?[0-9]{1,15}")
_TIME = re.compile(r"[0-9]{14}")


# What records of a file say: `whose` they are; the service day, days since 1970 (0: the time cannot
# be read); what was paid in minor units, 0 where that is blank or cannot be read.
SAID = np.dtype([("line", "<u4"), ("day", "<u4"), ("paid", "<i8"), ("whose", "u1"),
                 ("is_read", "?")])
NOBODYS, OWN, OTHERS = 0, 1, 2      # the operator cannot be read; is the one that is asked about


class OperatorFile(NamedTuple):
    """A file that was read again."""

    name: str
    number: int         # in the book; 0: no run took it
    trailer: int | None     # what its sender says was paid, of every record; None: it has none
    said: Records       # SAID, one for each record


class _Source(NamedTuple):
    path: Path
    number: int
    layout: str


def read_named(session: Session, operator: str, paths: list[Path], network: Network
               ) -> list[OperatorFile]:
    """Files by their paths. Raises OnecardError."""
    again = _Again(session, network, operator)
    digests = {path: _digest_of(path) for path in paths}
    given = session.book.files_given(set(digests.values()))
    taken = session.book.files_taken(set(digests.values()))
    return [again.read(_Source(path, given[digest].number if digest in taken else 0,
                               taken[digest].layout if digest in taken else ""))
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
    read, again = [], _Again(session, network, operator)
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
            read.append(again.read(_Source(path, of_book, layout)))
    return read


class _Again:
    """Reads files again, by the network's days."""

    def __init__(self, session: Session, network: Network, operator: str) -> None:
        self._network, self._operator = network, operator
        last = session.book.last_run()
        assert last is not None, "the book has this operator"
        self._read_at = last.finished_at
        names = Names()
        context, self._numbers = number_network(network, names), KnownNumbers(names)
        self._tables = DecoderTables(context)
        self._number = {one.code: one.number for one in context.members}.get(operator, 0)
        self._day_starts = datetime.timedelta(seconds=network.day_starts_s)
        self._days: dict[str, int] = {}

    def read(self, source: _Source) -> OperatorFile:
        """A file by the layout that it was taken by, or by what a file of its kind would be."""
        with self._layout_of(source) as layout:
            taps, lines = self._decode(source.path, layout)
            with open_file(source.path, layout, self._network.clock) as opened:
                rest = [self._record(one) for one in opened.records(lines)]
                trailer = read_trailer(opened.reader.trailer)
        said = np.concatenate([taps, np.array(rest, SAID)])
        return OperatorFile(source.path.name, source.number,
                            None if trailer is None else trailer.paid, said)

    @contextmanager
    def _layout_of(self, source: _Source) -> Iterator[Layout | None]:
        if source.layout:
            yield None if source.layout == FORMAT else find_layout(source.layout, self._network)
            return
        with layout_for(source.path, None, self._network) as (layout, _):
            yield layout

    def _decode(self, path: Path, layout: Layout | None) -> tuple[Records, set[int] | None]:
        """What the decoder reads (SAID), and the lines that it refuses; None: all of them."""
        with closing(read_files([path], self._tables, received_at=self._read_at,
                                layout={path: layout} if layout else None, mark_cards=False)
                     ) as intake:
            if intake.files[0].code:
                return np.empty(0, SAID), None
            intake.number_codes(self._numbers, {0: 1})
            parts = [self._said(intake.gather(part)) for part in range(intake.partitions)]
            return np.concatenate(parts), set(intake.refusals(0).records["line"].tolist())

    def _said(self, taps: Records) -> Records:
        said = np.empty(len(taps), SAID)
        said["line"] = taps["source_line"]
        local = taps["tapped_at"] + self._network.clock.offsets_s(taps["tapped_at"])
        said["day"] = (local - self._network.day_starts_s) // _DAY_S
        said["paid"] = np.where(taps["flags"] & TAP_FLAGS["HAS_PAID"] != 0, taps["paid"], 0)
        said["whose"] = np.where(taps["operator"] == self._number, OWN, OTHERS)
        said["is_read"] = True
        return said

    def _record(self, one: Converted) -> tuple[int, int, int, int, bool]:
        """The same of a record that the decoder refuses."""
        paid, operator = one.values.get("paid", ""), one.values.get("operator", "")
        is_read = one.code == Code.OK and (not paid or _AMOUNT.fullmatch(paid) is not None)
        whose = NOBODYS if not operator else OWN if operator == self._operator else OTHERS
        return (one.line, self._day(one.values.get("tapped_at", "")),
                int(paid or 0) if is_read else 0, whose, is_read)

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
