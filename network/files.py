"""Files that people write, read with bounds: what is wrong with one is told with its line."""

from __future__ import annotations

import csv
import errno
import functools
import hashlib
import io
import os
import pickle
import re
import stat
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from network.code_checks import UNSEEN
from network.errors import TableError
from network.language import Phrase, joined
from network.locations import KeyPath, Location, lines_of, locate, nearest_line, shorten
from network.money import AMOUNT_MOST
from network.spelling import close_to
from network.wording import write_instead, wrong_sign, wrong_value

T = TypeVar("T")

TOML_BYTES_MOST = 4 << 20
CSV_BYTES_MOST = 16 << 20       # stops, links and matrices
INTEGER_BITS = 64
DIGITS_MOST = 20               # of a number in a CSV
DEEP_KEY = re.compile(r"(?<![\w.\"'-])(?:[\w\"'-]++[ \t]*\.[ \t]*){100}")


def sha256_of(path: Path) -> str:
    """A file's SHA-256, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_regular(path: Path, bytes_most: int) -> bytes:
    """What a file that the environment names begins with, so many bytes at most.

    Raises OSError, also where it is a pipe or a device: whoever reads one waits, or never ends.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, Phrase("it is no regular file"), str(path))
        return file.read(bytes_most)


def read_bounded(path: Path, bytes_most: int) -> str:
    """The text of a file that is not larger than it may be; a larger one is not read.

    Raises TableError.
    """
    content = b""
    try:
        if stat.S_ISFIFO(path.stat().st_mode):      # reading would wait for who writes to it
            raise TableError("is a pipe, not a file", "put a file there", code="UNREADABLE",
                             location=Location(path, 1, ""))
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= bytes_most:
                content = file.read(bytes_most + 1)
                size = max(size, len(content))
    except (OSError, ValueError) as error:      # ValueError: a zero byte in the name
        why = error.strerror if isinstance(error, OSError) else error
        raise TableError(Phrase("cannot be read: {strerror}", strerror=why),
                         "put a file there that can be",
                         code="UNREADABLE", location=Location(path, 1, "")) from None
    if size > bytes_most:
        raise TableError(
            Phrase("the file has {size:,} bytes, and at most {bytes_most:,} are read", size=size,
                   bytes_most=bytes_most),
            "split it into tables of fewer operators, or leave out what no ride needs",
            code="TOO_LARGE", location=Location(path, 1, ""))
    try:
        return content.decode("utf-8").removeprefix("\ufeff")      # Notepad's mark of UTF-8
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TableError(Phrase("is not UTF-8: {reason} at byte {start}", reason=error.reason,
                                start=error.start),
                         "store the file as UTF-8 (in Notepad: Save as, Encoding: UTF-8)",
                         code="UNREADABLE", location=Location(path, line, "")) from None


def read_csv(path: Path, columns: Sequence[str], more: Sequence[str] = ()) -> list[list[str]]:
    """The rows of a network's CSV file, which must have just these columns, or `more` behind them.

    Raises TableError with file and line.
    """
    header, *rows = read_rows(path)
    if header not in ([*columns], [*columns, *more]):
        found = Phrase("the header is {header}, not {columns}",
                       header=",".join(header) or "missing", columns=",".join(columns))
        raise refuse_row(path, 1, header, found, _remedy(header, Phrase("correct the header")))
    return rows


def read_rows(path: Path) -> list[list[str]]:
    """Header and rows of a CSV file, all of one length.

    Raises TableError with file and line.
    """
    text = read_bounded(path, CSV_BYTES_MOST)
    unseen = UNSEEN.search(text)
    if unseen is not None:
        raise refuse_row(path, text.count("\n", 0, unseen.start()) + 1, (), Phrase(
            "holds U+{number:04X}, which nobody sees", number=ord(unseen[0])),
            Phrase("write it without"))
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise refuse_row(path, 1, (), Phrase("cannot be read: {error}", error=error),
                         "put a UTF-8 CSV there") from None
    header = rows[0] if rows else []
    for line, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise refuse_row(path, line, row, Phrase("{fields} fields, not {columns}",
                                                     fields=len(row), columns=len(header)),
                             _remedy(row, Phrase("correct that line")))
    return rows or [[]]


def _remedy(row: Sequence[str], remedy: Phrase) -> Phrase:
    """What to do about a line of a CSV file whose fields are not those that it should have."""
    chinese = any("，" in field for field in row)
    return (Phrase("{remedy}: write , in place of the Chinese comma ，", remedy=remedy)
            if chinese else remedy)


def refuse_row(path: Path, line: int, row: Sequence[str], found: str, remedy: str) -> TableError:
    """The error that a line of a CSV file is refused with."""
    return TableError(found, remedy, location=Location(path, line, shorten(",".join(row))))


def whole_number(text: str, path: Path, line: int) -> int:
    """A number of minor units or metres from a CSV field.

    Raises TableError where it is not a whole number from 0 to AMOUNT_MOST.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST
            and int(text) <= AMOUNT_MOST):
        raise TableError(Phrase("{text!r} is not a whole number from 0 to {amount_most}",
                                text=text[:DIGITS_MOST], amount_most=AMOUNT_MOST),
                         "write minor units or metres without decimals",
                         location=Location(path, line, ""))
    return int(text)


# A process that clears a file every few minutes reads the same tables each time, and tomllib takes
# longer for that than a small run for all else; to look at every value takes as long again.
@functools.lru_cache(256)
def _pickled(text: str) -> bytes:
    """What a TOML text says. Raises as tomllib does."""
    return pickle.dumps(tomllib.loads(text))


@functools.lru_cache(256)
def _long_integer(text: str) -> KeyPath | None:
    """The key of a number longer than TOML's 64 bits, which tomllib takes; None: there is none."""
    return next((path for path, value in _values(pickle.loads(_pickled(text)))
                 if isinstance(value, int) and value.bit_length() >= INTEGER_BITS), None)


@functools.lru_cache(256)
def _unseen(text: str) -> tuple[KeyPath, str] | None:
    """The key of a text with a sign that nobody sees, and that sign; None: there is none."""
    for path, value in _values(pickle.loads(_pickled(text))):
        unseen = UNSEEN.search("\n".join(map(str, (*path, value))))
        if unseen is not None:
            return path, unseen[0]
    return None


def _values(keys: dict[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """Every value that is no table and no list, with its key."""
    left: list[tuple[KeyPath, Any]] = [((), keys)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [((*path, key), one) for key, one in value.items()]
        elif isinstance(value, list):
            left += [((*path, index), one) for index, one in enumerate(value)]
        else:
            yield path, value


class TomlFile:
    """A TOML file: what it says, and on which lines."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises TableError where it is not TOML.
        """
        self.path, self.text = path, read_bounded(path, TOML_BYTES_MOST)
        deep = DEEP_KEY.search(self.text)
        if deep is not None:        # tomllib would take hours over it
            line = self.text.count("\n", 0, deep.start()) + 1
            raise TableError("is not a table: a name has too many dots",
                             "write keys as fare_tables/model.py has them", code="NOT_TOML",
                             location=locate(path, self.text, line))
        try:
            self.keys: dict[str, Any] = pickle.loads(_pickled(self.text))
        except RecursionError:
            raise self.refuse("is not a table: brackets are nested too deep",
                              "write values as fare_tables/model.py has them",
                              "NOT_TOML") from None
        except ValueError as error:     # not TOML, or a number of thousands of digits
            raise self._not_toml(str(error)) from None
        path_of_long = _long_integer(self.text)
        if path_of_long is not None:
            raise self.refuse("a number is longer than any that TOML has",
                              "write one of 64 bits at most", "VALUE_INVALID", path_of_long)

    def check_texts(self) -> None:
        """Pass where every text only says something: names stand in lists and on signed pages.

        Raises TableError.
        """
        unseen = _unseen(self.text)
        if unseen is not None:
            path, sign = unseen
            raise self.refuse(Phrase("holds U+{number:04X}, which nobody sees", number=ord(sign)),
                              "write it without", "VALUE_INVALID", path)

    def location_of_value(self, value: str) -> Location | None:
        """Where a value stands, if it does."""
        return next((self.location(path) for path, one in _values(self.keys)
                     if one == value), None)

    @functools.cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return lines_of(self.text)

    def _not_toml(self, said: str) -> TableError:
        at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", said)
        line = 1 if at is None else int(at[1] or self.text.count("\n") + 1)
        twice = said.startswith(("Cannot overwrite", "Cannot declare"))
        remedy = Phrase("keep one of the two, under a name of its own" if twice
                        else "correct that place in the file")
        found, lines = Phrase("is not TOML: {said}", said=said), self.text.split("\n")
        # What tomllib stumbles over can stand in the line before, where a bracket is still open.
        for number in (line, line - 1):
            text = lines[number - 1] if 0 < number <= len(lines) else ""
            words = wrong_sign(text) or (wrong_value(text) if number == line else None)
            if words is not None and not twice:
                found = Phrase("is not TOML: {said}", said=words.found)
                remedy, line = words.remedy, number
                break
        return TableError(found, remedy, code="KEY_TWICE" if twice else "NOT_TOML",
                          location=locate(self.path, self.text, line))

    def location(self, path: KeyPath) -> Location:
        """Where a part of the file is; of the part around it where it is not there."""
        return locate(self.path, self.text, nearest_line(self._lines, path))

    def refuse(self, found: str, remedy: str, code: str, path: KeyPath = ()) -> TableError:
        """The error that this file is refused with."""
        location = self.location(path) if path else Location(self.path, 1, "")
        return TableError(found, remedy, code=code, location=location)

    def convert(self, shape: type[T]) -> T:
        """What the file says, as a struct.

        Raises TableError with location and remedy.
        """
        try:
            return msgspec.convert(self.keys, shape)
        except msgspec.ValidationError as error:
            raise explain_mismatch(error, shape, self.location, self.keys) from None


# What msgspec says, as it can be said in other languages.
_SAID = {
    r"Object missing required field `(?P<key>.*)`": Phrase("Object missing required field `{key}`"),
    r"Object contains unknown field `(?P<key>.*)`": Phrase("Object contains unknown field `{key}`"),
    r"Invalid enum value (?P<value>.*)": Phrase("Invalid enum value {value}"),
    r"Invalid RFC3339 encoded (?P<sort>\w+)": Phrase("Invalid RFC3339 encoded {sort}"),
}
_EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_TYPES = {"int": Phrase("a whole number"), "str": Phrase("text"), "array": Phrase("a list"),
          "object": Phrase("a table"), "bool": Phrase("true or false"),
          "float": Phrase("a number with decimals"), "date": Phrase("a date"),
          "time": Phrase("a time of the day"), "datetime": Phrase("a date with a time")}
_OF_A_LAYOUT = {"format", "fields"}
_PAGES, _PAGE = {"Layout": "tap-file.md"}, "fare-tables.md"


def explain_mismatch(error: msgspec.ValidationError, shape: type[Any],
                     location_of: Callable[[KeyPath], Location], keys: Any = None) -> TableError:
    """The refusal of a value that does not fit its struct. keys: what was converted, if known.

    msgspec tells where that is in its message and nowhere else, so that it has to be parsed.
    """
    said = str(error)
    what, _, at = said.partition(" - at `$")
    path: KeyPath = tuple(int(index) if index else name for name, index in
                          re.findall(r"\.(\w+)|\[(\d+)\]", at.partition("[...]")[0]))
    remedy = Phrase("the keys and their meaning are in docs/{page}",
                    page=_PAGES.get(shape.__name__, _PAGE))
    code = "KEY_MISSING" if what.startswith("Object missing required field") else "VALUE_INVALID"
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what)
    if unknown is not None:
        code = "KEY_UNKNOWN"
        near = close_to(unknown[1], _keys_of(shape), 1)
        if isinstance(keys, dict) and keys.keys() >= _OF_A_LAYOUT and shape.__name__ != "Layout":
            remedy = Phrase("this is a layout: move it into the folder `layouts` beside it")
        elif near:
            remedy = Phrase("did you mean {near}? {keys}", near=near[0], keys=remedy)
        path = (*path, unknown[1])
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    to_write = write_instead(what, _value_at(keys, path), key)
    if to_write is not None:
        remedy = joined("; ", [to_write, remedy])
    place = "".join(f" {step + 1}" if isinstance(step, int) else f", {step}" for step in path[
        :len(path) - (unknown is not None)])
    found = _in_words(what)
    return TableError(Phrase("{found} - at{place}", found=found,
                             place=place.removeprefix(",")) if place else found, remedy,
                      code=code, location=location_of(path))


def _value_at(keys: Any, path: KeyPath) -> Any:
    """What stands at a place; None where that cannot be said."""
    for part in path:
        try:
            keys = keys[part]
        except (KeyError, IndexError, TypeError):
            return None
    return keys


def _in_words(what: str) -> Phrase:
    """What msgspec says, with what people call the types of values."""
    types = _EXPECTED.fullmatch(what)
    if types is not None:
        return Phrase("expected {wanted}, found {got}", wanted=_words_of(types[1]),
                      got=_words_of(types[2]))
    for expression, said in _SAID.items():
        match = re.fullmatch(expression, what)
        if match is not None:
            return Phrase(said, **match.groupdict())
    return Phrase("{said}", said=what)


def _words_of(types: str) -> Phrase:
    """What people call the types of values."""
    return joined(" or ", (_TYPES.get(one, one) for one in types.split(" | ") if one != "null"))


def _keys_of(shape: type[Any]) -> list[str]:
    """The keys of all structs that are written beside this one."""
    found: dict[str, None] = {}
    for one in vars(sys.modules[shape.__module__]).values():
        found.update(dict.fromkeys(getattr(one, "__struct_fields__", ())))
    return list(found)
