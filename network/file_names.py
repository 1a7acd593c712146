"""Names of the files that a sender hands in, as its contract has them: a pattern with parts.

`BUS{date}{sequence:03}.csv`: `{date}` is the service day whose file it is, as 20241125 or in
another form of year, month and day (`{date:%Y-%m-%d}`); `{sequence}` counts, with three digits at
least; `{sender}` is the sender's name, and `{any}` whatever stands there.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from string import Formatter
from typing import NamedTuple

from network.errors import TableError
from network.language import Phrase
from network.locations import KeyPath
from network.model import FileContract, Sender

_DATE = "%Y%m%d"
_DIGITS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2}
_PIECE = re.compile(r"%.|[^%]+|%")
_WIDTH = re.compile(r"(0[1-9])?")
_PARTS = ("sender", "date", "sequence", "any")
# As people write them; values of phrases, which have braces of their own.
_WRITTEN = {part: f"{{{part}}}" for part in _PARTS}
_EXAMPLES = "{date}, {date:%Y-%m-%d}, {sequence}, {sequence:03}, {sender}, {any}"
_WIDE = "{sequence:03}"


class FileParts(NamedTuple):
    """What a file's name says; None: it does not, or it may be anything."""

    day: datetime.date | None = None
    number: int | None = None


class FileNames:
    """The names of one contract."""

    def __init__(self, contract: FileContract, sender: str) -> None:
        """Take the pattern apart. Raises ValueError where it is none, in words."""
        self.contract, self._sender = contract, sender
        pieces = [*Formatter().parse(contract.name)]
        self._pieces = [(text, part) for text, part, _, _ in pieces]
        forms = {part: form or "" for _, part, form, _ in pieces if part is not None}
        self.parts = {*forms}
        _check_parts([part for _, part in self._pieces if part is not None], forms)
        self._date, self._width = forms.get("date") or _DATE, forms.get("sequence", "")
        self._whole = re.compile(self.expression(FileParts()), re.DOTALL)

    @property
    def is_owed(self) -> bool:
        """Whether it can be told of a day which of these files it lacks."""
        return "date" in self.parts and bool(self.contract.daily or self.contract.sequence)

    def read(self, name: str) -> FileParts | None:
        """What a name says; None: it is none of these."""
        found = self._whole.fullmatch(name)
        if found is None:
            return None
        counted = [part for _, part in self._pieces if part in ("date", "sequence")]
        said, day = dict(zip(counted, found.groups(), strict=True)), None
        if "date" in said:
            try:
                day = datetime.datetime.strptime(said["date"], self._date).date()
            except ValueError:
                return None
        number = int(said["sequence"]) if "sequence" in said else None
        if number is not None and format(number, self._width) != said["sequence"]:
            return None
        return FileParts(day, number)

    def write(self, parts: FileParts) -> str:
        """The name that says this, with ? for each digit of a day that may be any."""
        return self._fill(
            _fill_date(self._date, lambda digits: "?" * digits, str) if parts.day is None
            else parts.day.strftime(self._date), format(parts.number or 0, self._width), "*", str)

    def expression(self, parts: FileParts) -> str:
        """A regular expression of the whole names that say this."""
        return self._fill(
            f"({_fill_date(self._date, lambda digits: f'[0-9]{{{digits}}}', re.escape)})"
            if parts.day is None else re.escape(parts.day.strftime(self._date)),
            "([0-9]{1,9})" if parts.number is None
            else format(parts.number, self._width), ".*", re.escape)

    def _fill(self, date: str, number: str, anything: str, literal: Callable[[str], str]) -> str:
        said = {"sender": literal(self._sender), "date": date, "sequence": number,
                "any": anything, None: ""}
        return "".join(literal(text) + said[part] for text, part in self._pieces)


def check_files(sender: Sender, here: KeyPath) -> None:
    """Pass where a sender's contracts can be kept. Raises TableError, with a key below `here`."""
    for index, contract in enumerate(sender.files):
        key: KeyPath = (*here, "files", index)
        try:
            parts = FileNames(contract, sender.sender).parts
        except ValueError as error:
            raise TableError(
                Phrase("the file name {name!r} cannot be read: {fault}", name=contract.name,
                       fault=error.args[0]), "correct it",
                expected=Phrase("text with {parts}, each once at most",
                                parts=_EXAMPLES), key=(*key, "name")) from None
        fault = _fault_of(contract, parts)
        if fault is not None:
            raise TableError(Phrase("files {name!r}: {fault}", name=contract.name, fault=fault),
                             "correct the name, or what is asked of it", key=(*key, "name"))


def _fault_of(contract: FileContract, parts: set[str]) -> Phrase | None:
    """Why nobody can tell whether the contract is kept; None: it can be told."""
    if ("sequence" in parts) != (contract.sequence is not None):
        return Phrase("a name has a {part} where `sequence` says how it counts, and only there",
                      part=_WRITTEN["sequence"])
    if contract.sequence == "daily" and "date" not in parts:
        return Phrase("a sequence that begins anew each day needs a {part} in the name",
                      part=_WRITTEN["date"])
    if contract.daily and "date" not in parts:
        return Phrase("files that are owed each day need a {part} in the name",
                      part=_WRITTEN["date"])
    if contract.daily > 1 and contract.sequence is None:
        return Phrase("several files of a day need a {part} in the name", part=_WRITTEN["sequence"])
    if contract.daily < 0 or contract.first < 0:
        return Phrase("`daily` and `first` cannot be below 0")
    if "any" in parts and parts & {"date", "sequence"}:
        return Phrase("{part} stands beside neither a date nor a sequence", part=_WRITTEN["any"])
    return None


def _check_parts(parts: list[str], forms: dict[str, str]) -> None:
    """Raises ValueError in words."""
    for part in parts:
        if part not in _PARTS:
            raise ValueError(Phrase("there is no part {part}", part=f"{{{part}}}"))
        if parts.count(part) > 1:
            raise ValueError(Phrase("{part} stands twice", part=f"{{{part}}}"))
    date = _PIECE.findall(forms.get("date") or _DATE)
    if sorted(one.lower() for one in date if one.startswith("%")) != ["%d", "%m", "%y"]:
        raise ValueError(Phrase("a date is a year (%Y, %y), a month (%m) and a day (%d)"))
    if _WIDTH.fullmatch(forms.get("sequence", "")) is None:
        raise ValueError(Phrase("the width of a sequence is 0 and a digit, as in {part}",
                                part=_WIDE))
    if forms.get("sender") or forms.get("any"):
        raise ValueError(Phrase("the sender and any text have no form"))


def _fill_date(form: str, digits: Callable[[int], str], literal: Callable[[str], str]) -> str:
    """A form of dates with something in place of digits."""
    return "".join(digits(_DIGITS[piece]) if piece in _DIGITS else literal(piece)
                   for piece in _PIECE.findall(form))
