"""Files that people write, read with bounds: what is wrong with one is told with its line."""

from __future__ import annotations

import csv
import difflib
import functools
import io
import os
import re
import stat
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from network.locations import KeyPath, Location, lines_of, locate, nearest_line
from network.money import AMOUNT_MAX

T = TypeVar("T")

TOML_BYTES_MOST = 4 << 20
CSV_BYTES_MOST = 16 << 20       # stops, links and matrices
INTEGER_BITS = 64
DIGITS_MOST = 20               # of a number in a CSV
DEEP_KEY = re.compile(r"(?<![\w.\"'-])(?:[\w\"'-]++[ \t]*\.[ \t]*){100}")


class TableError(Exception):
    """A table cannot be used: what was found, what was expected, where, what to do.

    `code` is one of fare_tables/check/notices.py.
    """

    def __init__(self, words: str, *, code: str = "NOT_COMPILED",
                 place: Location | None = None) -> None:
        """Say what was found, and on lines of their own what to do."""
        self.words, self.code, self.place = words, code, place
        super().__init__(words if place is None else _placed_words(words, code, place))


def within(part: str, error: TableError | ValueError) -> TableError:
    """The same error, told as one of a part of a table; its code and place stay."""
    if isinstance(error, TableError):
        return TableError(f"{part}: {error.words}", code=error.code, place=error.place)
    return TableError(f"{part}: {error}")


def _placed_words(words: str, code: str, place: Location) -> str:
    what, _, remedy = words.partition("\n")
    excerpt = f"    {place.excerpt}\n" if place.excerpt else ""
    return f"{place.path}:{place.line}: {what} [{code}]\n{excerpt}{remedy}"


def read_bounded(path: Path, bytes_most: int) -> str:
    """The text of a file that is not larger than it may be; a larger one is not read.

    Raises TableError.
    """
    content = b""
    try:
        if stat.S_ISFIFO(path.stat().st_mode):      # reading would wait for who writes to it
            raise TableError("is a pipe, not a file\nput a file there", code="UNREADABLE",
                             place=Location(path, 1, ""))
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= bytes_most:
                content = file.read(bytes_most + 1)
                size = max(size, len(content))
    except (OSError, ValueError) as error:      # ValueError: a zero byte in the name
        why = error.strerror if isinstance(error, OSError) else error
        raise TableError(f"cannot be read: {why}\nput a file there that can be",
                         code="UNREADABLE", place=Location(path, 1, "")) from None
    if size > bytes_most:
        raise TableError(
            f"the file has {size:,} bytes, and at most {bytes_most:,} are read\n"
            "split it into tables of fewer operators, or leave out what no ride needs",
            code="TOO_LARGE", place=Location(path, 1, ""))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TableError(f"is not UTF-8: {error.reason} at byte {error.start}\n"
                         "store the file as UTF-8", code="UNREADABLE",
                         place=Location(path, line, "")) from None


def beside(folder: Path, name: str) -> Path:
    """A CSV file of a network's folder, by the name that a table or network.toml has for it.

    Raises TableError for any other file: it would not be in the digest that runs are known by.
    """
    if Path(name).name != name or not name.endswith(".csv"):
        raise TableError(f"{name!r} is no CSV file of the network's folder\n"
                         "put the file beside network.toml, under a name that ends in .csv")
    return folder / name


def read_csv(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """The rows of a network's CSV file, which must have just these columns.

    Raises TableError with file and line.
    """
    header, *rows = read_rows(path)
    if header != list(columns):
        raise TableError(f"{path}:1: the header is {','.join(header) or 'missing'}, "
                         f"not {','.join(columns)}\ncorrect the header")
    return rows


def read_rows(path: Path) -> list[list[str]]:
    """Header and rows of a CSV file, all of one length.

    Raises TableError with file and line.
    """
    try:
        rows = list(csv.reader(io.StringIO(read_bounded(path, CSV_BYTES_MOST), newline="")))
    except csv.Error as error:
        raise TableError(f"{path}: cannot be read: {error}\nput a UTF-8 CSV there") from None
    header = rows[0] if rows else []
    for line, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise TableError(f"{path}:{line}: {len(row)} fields, not {len(header)}: "
                             f"{','.join(row)}\ncorrect that line")
    return rows or [[]]


def whole_number(text: str, path: Path, line: int) -> int:
    """A number of fen or metres from a CSV field.

    Raises TableError where it is not a whole number from 0 to AMOUNT_MAX.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST
            and int(text) <= AMOUNT_MAX):
        raise TableError(f"{path}:{line}: {text[:DIGITS_MOST]!r} is not a whole number from 0 to "
                         f"{AMOUNT_MAX}\n"
                         "write fen or metres without decimals")
    return int(text)


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
            raise TableError("is not a table: a name has too many dots\n"
                             "write keys as fare_tables/model.py has them", code="NOT_TOML",
                             place=locate(path, self.text, line))
        try:
            self.keys: dict[str, Any] = tomllib.loads(self.text)
        except RecursionError:
            raise self.refuse("is not a table: brackets are nested too deep\n"
                              "write values as fare_tables/model.py has them", "NOT_TOML") from None
        except ValueError as error:     # not TOML, or a number of thousands of digits
            raise self._not_toml(str(error)) from None
        self._check_integers()

    def _check_integers(self) -> None:
        """Pass where every number has 64 bits, as TOML's do; tomllib takes longer ones, too."""
        left: list[tuple[KeyPath, Any]] = [((), self.keys)]
        while left:
            path, value = left.pop()
            if isinstance(value, dict):
                left += [((*path, key), one) for key, one in value.items()]
            elif isinstance(value, list):
                left += [((*path, place), one) for place, one in enumerate(value)]
            elif isinstance(value, int) and value.bit_length() >= INTEGER_BITS:
                raise self.refuse("a number is longer than any that TOML has\n"
                                  "write one of 64 bits at most", "VALUE_INVALID", path)

    @functools.cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return lines_of(self.text)

    def _not_toml(self, said: str) -> TableError:
        at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", said)
        line = 1 if at is None else int(at[1] or self.text.count("\n") + 1)
        twice = said.startswith(("Cannot overwrite", "Cannot declare"))
        return TableError(
            f"is not TOML: {said}\n"
            + ("keep one of the two, under a name of its own" if twice
               else "correct that place in the file"),
            code="KEY_TWICE" if twice else "NOT_TOML", place=locate(self.path, self.text, line))

    def place(self, path: KeyPath) -> Location:
        """Where a part of the file is written; the part around it where it is not."""
        return locate(self.path, self.text, nearest_line(self._lines, path))

    def refuse(self, words: str, code: str, path: KeyPath = ()) -> TableError:
        """The error that this file is refused with."""
        place = self.place(path) if path else Location(self.path, 1, "")
        return TableError(words, code=code, place=place)

    def convert(self, shape: type[T]) -> T:
        """What the file says, as a struct.

        Raises TableError with place and remedy.
        """
        try:
            return msgspec.convert(self.keys, shape)
        except msgspec.ValidationError as error:
            path, words, code = explain_mismatch(str(error), shape)
            raise self.refuse(words, code, path) from None


def explain_mismatch(said: str, shape: type[Any]) -> tuple[KeyPath, str, str]:
    """Where a value does not fit its struct, in words with a remedy, and the notice code."""
    what, _, at = said.partition(" - at `$")
    path: KeyPath = tuple(int(index) if index else name for name, index in
                          re.findall(r"\.(\w+)|\[(\d+)\]", at.partition("[...]")[0]))
    remedy = f"the keys and their meaning are in {shape.__module__}.{shape.__name__}"
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what)
    if unknown is not None:
        near = difflib.get_close_matches(unknown[1], _keys_of(shape), n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        return (*path, unknown[1]), f"{said}\n{meant}{remedy}", "KEY_UNKNOWN"
    if what.startswith("Object missing required field"):
        return path, f"{said}\n{remedy}", "KEY_MISSING"
    return path, f"{said}\n{remedy}", "VALUE_INVALID"


def _keys_of(shape: type[Any]) -> list[str]:
    """The keys of all structs that are written beside this one."""
    found: dict[str, None] = {}
    for one in vars(sys.modules[shape.__module__]).values():
        found.update(dict.fromkeys(getattr(one, "__struct_fields__", ())))
    return list(found)
