"""Input layouts as data: where each column of onecard-taps/1 comes from in another kind of file.

A layout is layouts/<name>.toml in the network's folder, in the shape of `Layout`. It says where
values stand and how they are written; it never decides whether a record is good. Which keys go
together is in layout_checks.py; docs/tap-file.md says the same for those who write one.

A layout of the format "fixed" is for lines of one length. Where it has no `fields`, its `columns`
are those of onecard-taps/1 and the kernel reads them as they stand: each line has `record_bytes`
bytes (a newline behind them, perhaps a carriage return before it), and each column its bytes of it.
Spaces around a value do not belong to it, and a value of spaces is blank. There is no header: the
first line is a record. The last line may be a trailer (trailer.py). A line of another length is a
record refused with COLUMN_COUNT, but for one whose record is followed by a tab: what stands behind
that is not read (rejects.py). In another encoding than UTF-8, or with `fields`, the same holds, and
records are first made lines of the format (formats/records.py).
"""

from __future__ import annotations

import codecs
from typing import Literal

import msgspec


class FieldSource(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where one column comes from: a column of the file, a constant, or the record's time.

    What is given applies from top to bottom. A blank value stays blank all the way.
    """

    column: str | None = None
    columns: list[str] = []             # several, with one space between: a date and a time
    constant: str | None = None
    from_time: bool = False             # card_seq only: UTC seconds of the record's own time
    when: dict[str, list[str]] = {}     # blank, unless these columns have one of these values
    tidy: bool = False                  # wide letters and digits, a spreadsheet's marks of text
    strip: bool = False                 # spaces around the value
    blank: list[str] = []               # values that mean blank
    drop_suffix: str = ""               # ".0", where a number went through a float
    drop: str = ""                      # characters that are left out wherever they stand
    slice: tuple[int, int] | None = None    # characters from, up to but not including
    time: list[str] = []                # of a moment, the first that fits: see written.read_moment
    utc: bool = False                   # of `time`: the moments are UTC, not civil time
    date: list[str] = []                # the same of a day
    map: dict[str, str] = {}            # whole values
    prefix: dict[str, str] = {}         # by how the value begins, the longest prefix first
    default: str | None = None          # for what neither map nor prefix has; None: as it is
    decimals: int | None = None         # amounts only: of 2.00, so that it is 200 minor units

    def reads(self) -> list[str]:
        """List the file's columns that the value is made of."""
        return [*([] if self.column is None else [self.column]), *self.columns]


class Place(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where one column stands in a record of known places, in bytes, and how it is written."""

    start: int                          # from the record's beginning, which is 0
    width: int
    type: Literal["text", "hex_number", "bcd", "hex", "big_endian", "little_endian"] = "text"
    pad: str = ""                       # the character that fills up what is behind the value


class Length(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where a record of bytes says how long it is."""

    start: int
    width: int
    type: Literal["big_endian", "little_endian", "bcd"] = "big_endian"
    unit: int = 1                       # bytes that one of it stands for
    besides: int = 0                    # bytes of the record that it does not count


class Fate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What makes a layout the form of an answer: where it says what became of what was sent."""

    of: Literal["records", "file"]      # a line for each record; one for the file
    line_bytes: int
    code: str                           # the column of the code
    words: str                          # and of what it means
    file_name: str = ""                 # file: the column of its name
    accepted: str                       # the code, a space and the words
    refused: str                        # the same, where `codes` has none
    codes: dict[str, str] = {}          # the same, by the names of codes
    # Before the lines, as str.format has it: how many there are; the day of the run; who gets it,
    # which is the first record's value of the column `receiver`.
    head: str = ""
    receiver: str = ""


class Layout(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """layouts/<name>.toml as it is written."""

    title: str
    format: Literal["csv", "xlsx", "json", "jsonl", "msgpack", "fixed", "binary"]
    # By column of onecard-taps/1; of a list the first source that is not blank.
    fields: dict[str, FieldSource | list[FieldSource]] = {}
    columns: dict[str, Place] = {}      # fixed, binary: the file's own where there are `fields`
    record_bytes: int = 0               # of a record, without its line's end; at least, if longer
    longer: bool = False                # fixed: what a line has behind them is not read
    length: Length | None = None        # binary: None: all records have record_bytes
    encoding: str = "utf-8"
    delimiter: str = ","                # csv
    header: list[str] = []              # csv: the names of a file that has no row of them
    sheet: str = ""                     # xlsx: of several sheets the one
    head_rows: int = 0                  # csv, xlsx, fixed: lines before header or first record
    head: str = ""                      # what these say: a pattern, see formats/control.py
    tail: str = ""                      # what the last line says: the same
    answers: list[str] = []             # fixed: layouts of what its sender gets back
    fate: Fate | None = None            # fixed: it is such a layout itself
    records_at: str = ""                # json, msgpack: keys to the records, with dots between
    name: str = ""                      # the file's; not written in it

    @property
    def is_utf_8(self) -> bool:
        """Whether its files are UTF-8, under whatever name."""
        return codecs.lookup(self.encoding).name == "utf-8"

    @property
    def is_chinese(self) -> bool:
        """Whether whoever writes its files reads Chinese."""
        return codecs.lookup(self.encoding).name in ("gb18030", "gbk", "gb2312")

    @property
    def is_canonical(self) -> bool:
        """Whether a record's columns are those of onecard-taps/1, at their places, as text."""
        return not self.fields

    def list_sources(self, column: str) -> list[FieldSource]:
        """List what a column of the format comes from, the first that is not blank."""
        found = self.fields.get(column, [])
        return found if isinstance(found, list) else [found]

    def sources(self) -> list[str]:
        """List the file's columns that the layout reads, each once."""
        columns: dict[str, None] = {}
        for name in self.fields:
            for source in self.list_sources(name):
                columns.update(dict.fromkeys([*source.reads(), *source.when]))
        return list(columns)

    def list_places(self) -> list[str]:
        """List the columns of a record of known places, in their order."""
        return sorted(self.columns, key=lambda name: self.columns[name].start)

    def decimals(self, column: str) -> int:
        """How many decimals the amounts of a column have."""
        return next((source.decimals for source in self.list_sources(column)
                     if source.decimals is not None), 0)
