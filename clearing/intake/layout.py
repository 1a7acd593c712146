"""Input layouts as data: where each column of onecard-taps/1 comes from in another kind of file.

A layout is layouts/<name>.toml in the network's folder, in the shape of `Layout`. It says where
values stand and how they are written; it never decides whether a record is good.

A layout of the format "fixed" is for records of one length, which the kernel reads as they stand:
each line has `record_bytes` bytes (a newline behind them, perhaps a carriage return before it), and
each column of `columns` its bytes of it. Spaces around a value do not belong to it, and a value of
spaces is blank. There is no header: the first line is a record. The last line may be a trailer
(trailer.py). A line of another length is a record refused with COLUMN_COUNT, but for one whose
record is followed by a tab: what stands behind that is not read (rejects.py). In another encoding
than UTF-8 the same holds, and records are read more slowly, by formats/adapt.py.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Literal

import msgspec

from clearing.intake.formats.canonical import COLUMNS, REQUIRED
from ext.intake.decode import LONGEST_LINE
from network.errors import OnecardError
from network.files import TomlFile

AMOUNTS = ("due", "paid", "balance_before")
DECIMALS_MOST = 4


class FieldSource(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where one column comes from: a column of the file, a constant, or the record's time.

    What is given applies from top to bottom. A blank value stays blank all the way.
    """

    column: str | None = None
    constant: str | None = None
    from_time: bool = False             # card_seq only: UTC seconds of the record's own time
    when: dict[str, list[str]] = {}     # blank, unless these columns have one of these values
    strip: bool = False                 # spaces around the value
    blank: list[str] = []               # values that mean blank
    drop_suffix: str = ""               # ".0", where a number went through a float
    slice: tuple[int, int] | None = None    # characters from, up to but not including
    time: list[str] = []                # strptime formats of a moment, the first that fits
    date: list[str] = []                # the same of a day
    map: dict[str, str] = {}            # whole values
    prefix: dict[str, str] = {}         # by how the value begins, the longest prefix first
    default: str | None = None          # for what neither map nor prefix has; None: as it is
    decimals: int | None = None         # amounts only: of 2.00, so that it is 200 minor units


class Place(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where one column stands in a record of one length, in bytes."""

    start: int                          # from the record's beginning, which is 0
    width: int


class Layout(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """layouts/<name>.toml as it is written."""

    title: str
    format: Literal["csv", "json", "fixed"]
    fields: dict[str, FieldSource] = {} # by column of onecard-taps/1; csv and json
    columns: dict[str, Place] = {}      # the same; fixed
    record_bytes: int = 0               # fixed: of a line, without its end
    encoding: str = "utf-8"
    delimiter: str = ","                # csv
    records_at: str = ""                # json: keys to the list of records, with dots between
    name: str = ""                      # the file's; not written in it

    @property
    def is_utf_8(self) -> bool:
        """Whether its files are UTF-8, under whatever name."""
        return codecs.lookup(self.encoding).name == "utf-8"

    def sources(self) -> list[str]:
        """List the file's columns that the layout reads, each once."""
        columns: dict[str, None] = {}
        for source in self.fields.values():
            if source.column is not None:
                columns[source.column] = None
            columns.update(dict.fromkeys(source.when))
        return list(columns)


def load_layout(folder: Path, name: str) -> Layout:
    """Read a layout of a network's folder.

    Raises OnecardError and TableError, with file and remedy.
    """
    path = folder / "layouts" / f"{name}.toml"
    if Path(name).name != name or not path.is_file():
        known = ", ".join(sorted(each.stem for each in path.parent.glob("*.toml"))) or "none"
        raise OnecardError(f"there is no layout {name!r}", where=str(path),
                           expected=f"the network's layouts: {known}",
                           remedy="name one of these, or write the file")
    layout = TomlFile(path).convert(Layout)
    layout.name = name
    if layout.format == "fixed":
        _check_places(path, layout)
    elif layout.columns or layout.record_bytes:
        raise OnecardError(f"columns and record_bytes say nothing of {layout.format}",
                           where=str(path), expected='format = "fixed"')
    for column, source in layout.fields.items():
        _check_source(path, column, source)
    given = layout.columns if layout.format == "fixed" else layout.fields
    missing = [column for column in REQUIRED if column not in given]
    if missing:
        table = "columns" if layout.format == "fixed" else "fields"
        raise OnecardError(f"{table} has no {', '.join(missing)}", where=str(path),
                           remedy="say where each comes from, or give it a constant")
    _check_text(path, layout)
    return layout


def _check_places(path: Path, layout: Layout) -> None:
    """Refuse columns that are not in the record, or in each other."""
    if layout.fields or not 1 <= layout.record_bytes <= LONGEST_LINE:
        raise OnecardError(
            f"a fixed layout has {len(layout.fields)} fields and record_bytes = "
            f"{layout.record_bytes}", where=str(path),
            expected=f"columns instead of fields, and 1 to {LONGEST_LINE} bytes")
    end, before = 0, ""
    for column, place in sorted(layout.columns.items(), key=lambda each: each[1].start):
        if column not in COLUMNS:
            raise OnecardError(f"columns.{column} is not a column of the format", where=str(path),
                               expected=", ".join(COLUMNS))
        if place.start < end or place.width < 1:
            raise OnecardError(
                f"columns.{column} has {place.width} bytes from {place.start} on", where=str(path),
                expected=f"1 or more, from {end} on{before}")
        end, before = place.start + place.width, f", where {column} ends"
    if end > layout.record_bytes:
        raise OnecardError(f"the columns end at byte {end}, a record at {layout.record_bytes}",
                           where=str(path), remedy="correct record_bytes, or the columns")


def _check_source(path: Path, column: str, source: FieldSource) -> None:
    """Refuse a source that says nothing, or too much."""
    if column not in COLUMNS:
        raise OnecardError(f"fields.{column} is not a column of the format", where=str(path),
                           expected=", ".join(COLUMNS))
    given = [source.column is not None, source.constant is not None, source.from_time]
    if sum(given) != 1:
        raise OnecardError(f"fields.{column} names {sum(given)} sources", where=str(path),
                           expected="one of column, constant, from_time")
    if source.from_time and column != "card_seq":
        raise OnecardError(f"fields.{column} is from_time", where=str(path),
                           expected="from_time for card_seq only")
    if source.decimals is not None and not (
            column in AMOUNTS and 0 <= source.decimals <= DECIMALS_MOST):
        raise OnecardError(f"fields.{column} has decimals = {source.decimals}", where=str(path),
                           expected=f"0 to {DECIMALS_MOST}, and for {', '.join(AMOUNTS)} only")


def _check_text(path: Path, layout: Layout) -> None:
    """Refuse what lines and records cannot be told apart by."""
    try:
        newline = "\n,".encode(layout.encoding)
        codecs.lookup(layout.encoding)
    except LookupError:
        raise OnecardError(f"there is no encoding {layout.encoding!r}", where=str(path),
                           remedy="write a name that Python knows, such as gb18030") from None
    if newline != b"\n," or (layout.format == "json" and not layout.is_utf_8):
        raise OnecardError(
            f"the encoding {layout.encoding!r} cannot be read by lines", where=str(path),
            expected="UTF-8" if layout.format == "json" else "one that keeps ASCII as it is",
            remedy="have the records written in gb18030 or UTF-8, each of one length in bytes"
            if layout.format == "fixed" else "convert the files to UTF-8 first, and the layout")
    if len(layout.delimiter) != 1 or layout.delimiter in "\"\r\n":
        raise OnecardError(f"the delimiter is {layout.delimiter!r}", where=str(path),
                           expected="one character")
