"""A layout for a file that nobody has described yet: guessed from how it begins, and said so.

Everything that the file does not say by itself is an assumption in words, to be looked at before
the layout is used. Records of bytes and lines without separators are not guessed: their places
stand in no file.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from clearing.intake.formats.canonical import COLUMNS, REQUIRED
from clearing.intake.formats.text import UTF_16, ZIP, NotText, list_sheets, make_text
from clearing.intake.formats.written import tidy
from clearing.intake.header_words import (
    HEADER_WORDS,
    TOTAL_WORDS,
    find_kind,
    find_mode,
    is_known,
    plain_word,
)
from clearing.intake.layout_model import Layout
from clearing.intake.time_forms import (
    CLOCKS,
    DAYS,
    MOMENTS,
    are_times,
    choose_forms,
    could_be_either,
    unread,
)
from network.errors import OnecardError
from network.language import Phrase, joined

SAMPLE_ROWS = 500
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LOOKED_AT_BYTES = 64
DELIMITERS = (",", "|", ";", "\t")
LEAST_COLUMNS, LEAST_WORDS = 3, 2
HEAD_ROWS = 10              # a header is looked for among so many rows
AMOUNTS = ("due", "paid", "balance_before")
DIRECTIONS = {"上行": "up", "下行": "down", "上": "up", "下": "down", "01": "up", "02": "down",
              "up": "up", "down": "down"}
ASSUMED = {     # of columns that a file has not
    "card_seq": ("{ from_time = true }",
                 Phrase("the second of the tap stands for the card's counter")),
    "operator": ('{ constant = "OPERATOR" }', Phrase("write the operator's code of network.toml")),
    "device": ('{ constant = "unknown" }', Phrase("no column says the validator")),
    "device_seq": ('{ constant = "0" }', Phrase("no column says the validator's counter")),
    "mode": ('{ constant = "bus" }', Phrase("all are bus rides")),
    "kind": ('{ constant = "single" }', Phrase("all are single taps")),
    "stop": ('{ constant = "" }', Phrase("no column says the stop")),
}


@dataclass
class Sample:
    """How a file begins, as rows of a table."""

    keys: dict[str, Any]                # of the layout, as far as its form says them
    names: list[str]
    rows: list[list[str]]
    assumed: list[Phrase] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """What a column has, without blanks."""
        place = self.names.index(name)
        return [value for row in self.rows if (value := row[place].strip())]

    def is_padded(self, name: str) -> bool:
        """Whether a value has spaces around it."""
        place = self.names.index(name)
        return any(row[place] != row[place].strip() for row in self.rows)


class Guess(NamedTuple):
    """A layout as TOML, and what was assumed in it."""

    toml: str
    assumed: list[Phrase]


def guess_layout(data: bytes, *, whole: bool, title: str) -> Guess:
    """A layout for a file that begins so.

    whole: the data is all of the file. Raises OnecardError where nothing can be guessed.
    """
    sample = _read_sample(data, whole=whole)
    fields = _guess_fields(sample)
    lines = [f"title = {_quoted(title)}"]
    lines += [f"{key} = {_quoted(value)}" for key, value in sample.keys.items()]
    lines += ["", "[fields]"]
    lines += [f"{name} = {fields[name]}" for name in COLUMNS if name in fields]
    return Guess("\n".join(lines) + "\n", sample.assumed)


def _quoted(value: Any) -> str:
    """A value as TOML has it; texts are written as in JSON, which TOML reads the same."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {_quoted(one)}" for key, one in value.items())
        return f"{{ {pairs} }}"
    return json.dumps(value, ensure_ascii=False)


def _key(text: str) -> str:
    return text if text.isascii() and text.isidentifier() else _quoted(text)


# The form of the file.

def _read_sample(data: bytes, *, whole: bool) -> Sample:
    if data.startswith(ZIP):
        if not whole:
            raise OnecardError("the workbook is too large to be looked at",
                               remedy="export some hundred rows of it, and guess by these")
        return _sample_of_workbook(data)
    _refuse_other_forms(data)
    keys: dict[str, Any] = {"format": "csv"}
    if data.startswith(UTF_16):
        text = _text_of(data if whole else data[:len(data) // 2 * 2], "csv")
    else:
        text, encoding = _decode(data, whole=whole)
        keys |= {"encoding": encoding} if encoding != "utf-8" else {}
    if not whole:
        text = text.rpartition("\n")[0]
    if text.lstrip()[:1] in ("{", "["):
        return _sample_of_objects(text)
    delimiter = _find_delimiter(text)
    keys |= {"delimiter": delimiter} if delimiter != "," else {}
    return _sample_of_rows(text, keys, delimiter)


def _sample_of_workbook(data: bytes) -> Sample:
    """The sheet that reads like taps: of several, the one whose header names the most columns."""
    found: Sample | None = None
    others, sheets = list[str](), list_sheets(data)
    for sheet in sheets if len(sheets) > 1 else [""]:
        keys = {"format": "xlsx"} | ({"sheet": sheet} if sheet else {})
        try:
            sample = _sample_of_rows(_text_of(data, "xlsx", sheet), keys, ",")
        except OnecardError:
            if not sheet:
                raise
            others.append(sheet)
            continue
        if found is None or _count_known(sample) > _count_known(found):
            others += [] if found is None else [found.keys["sheet"]]
            found = sample
        else:
            others.append(sheet)
    if found is None:
        raise OnecardError(Phrase("no sheet of {sheets} reads like taps",
                                  sheets=joined(", ", map(repr, sheets))),
                           remedy="look at the file: a tap has a card, a time and a place")
    if others:
        found.assumed.append(Phrase("only the sheet {sheet} is read; another of these needs a "
                                    "layout with its name: {others}", sheet=found.keys["sheet"],
                                    others=", ".join(others)))
    return found


def _count_known(sample: Sample) -> int:
    return sum(map(is_known, sample.names))


def _text_of(data: bytes, form: str, sheet: str = "") -> str:
    try:
        text = make_text(data, Layout(title="", format=form,    # type: ignore[arg-type]
                                      sheet=sheet))
    except NotText as error:
        raise OnecardError(error.reason, remedy="open the file and store it again, or as CSV"
                           ) from None
    return text.removeprefix(codecs.BOM_UTF8).decode("utf-8")


def _refuse_other_forms(data: bytes) -> None:
    """Name what spreadsheets write under names like those of workbooks and text."""
    if data.startswith(OLD_WORKBOOK):
        raise OnecardError("the file is a workbook of the old form (.xls)",
                           remedy="open it and store it as .xlsx, or as CSV")
    if data.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<":
        raise OnecardError("the file is a web page or XML, whatever its name says",
                           remedy="open it in a spreadsheet and store it as .xlsx, or as CSV")
    first = data[:LOOKED_AT_BYTES]
    if not data.startswith(UTF_16) and first.count(0) * 3 > len(first) and b"\n\0" in data:
        raise OnecardError("the file reads like UTF-16 without its mark",
                           remedy="open it in an editor and store it as UTF-8")


def _decode(data: bytes, *, whole: bool) -> tuple[str, str]:
    """A file's text and what it is encoded in; where it goes on, it may end within a character."""
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            text = decoder.decode(data, final=whole)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.removeprefix("\ufeff"), encoding
    raise OnecardError("the file is neither text in UTF-8, UTF-16 or GB18030 nor a workbook",
                       remedy="records of bytes are described by hand: see docs/tap-file.md, "
                       "`Records of bytes`")


def _find_delimiter(text: str) -> str:
    """What parts the fields: that by which most lines have the same number of them."""
    lines = [line for line in text.splitlines()[:SAMPLE_ROWS] if line.strip()]

    def score(delimiter: str) -> tuple[int, int]:
        counts = Counter(line.count(delimiter) for line in lines if line.count(delimiter) + 1
                         >= LEAST_COLUMNS)
        return max(counts.values(), default=0), max(counts, default=0)

    best = max(DELIMITERS, key=score)
    if score(best)[0] * 2 < len(lines) or not lines:
        raise OnecardError("no comma, bar, semicolon or tab parts the lines into columns",
                           remedy="lines of one length are described by hand: see "
                           "docs/tap-file.md, `Records of one length`")
    return best


def _sample_of_rows(text: str, keys: dict[str, Any], delimiter: str) -> Sample:
    try:
        rows = list(csv.reader(text.splitlines()[:SAMPLE_ROWS], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise OnecardError(Phrase("the rows are badly quoted: {error}", error=error),
                           remedy="have the file exported again") from None
    if keys["format"] == "xlsx":        # a sheet has no end of a row
        wide = max(map(len, rows), default=0)
        rows = [row + [""] * (wide - len(row)) for row in rows]
    width = Counter(len(row) for row in rows if row).most_common(1)[0][0] if any(rows) else 0
    if width < LEAST_COLUMNS:
        raise OnecardError(Phrase("most rows have {width} columns", width=width),
                           expected=Phrase("{least_columns} at least", least_columns=LEAST_COLUMNS),
                           remedy="look at the file: a tap has a card, a time and a place")
    _widen_header(rows, width, keys)
    # What names the columns has one word for each.
    known = [sum(map(is_known, row)) * (len(row) == width) for row in rows[:HEAD_ROWS]]
    head = max(range(len(known)), key=lambda at: (known[at], -at))
    sample = Sample(keys, rows[head], [row for row in rows[head + 1:] if len(row) == width])
    if known[head] < LEAST_WORDS:
        head = next(at for at, row in enumerate(rows) if len(row) == width)
        sample = Sample(keys, [f"column {at + 1}" for at in range(width)],
                        [row for row in rows[head:] if len(row) == width])
        keys["header"] = sample.names
        sample.assumed.append(Phrase(
            "no row names the columns; they are called by their numbers here"))
    if keys.pop("widened", False) and "header" not in keys:
        keys["header"], head = [name or f"column {at}" for at, name in
                                enumerate(sample.names, 1)], head + 1
        sample.names = keys["header"]
    if head:
        keys["head_rows"] = head
        sample.assumed.append(Phrase("nothing in the rows before the header counts: {rows}",
                                     rows=head))
    _find_total(sample, text, delimiter)
    return sample


def _widen_header(rows: list[list[str]], width: int, keys: dict[str, Any]) -> None:
    """Let a header have the rows' width where each of these ends with a separator, and it not."""
    last_blank = all(row[-1] == "" for row in rows if len(row) == width)
    for row in rows[:HEAD_ROWS]:
        if last_blank and len(row) == width - 1 and sum(map(is_known, row)) >= LEAST_WORDS:
            row.append("")
            keys["widened"] = True


def _find_total(sample: Sample, text: str, delimiter: str) -> None:
    """A last row of totals is none of the records."""
    last = text.rstrip("\r\n").rpartition("\n")[2].strip("\r")
    first = last.partition(delimiter)[0]
    word = next((word for word in TOTAL_WORDS if plain_word(first).startswith(word)), "")
    if not word:
        return
    sample.keys["tail"] = first[:len(first) - len(first.lstrip()) + len(word)] + ".*"
    sample.rows = [row for row in sample.rows if not plain_word(row[0]).startswith(word)]
    sample.assumed.append(Phrase("the last row is a total; what it says is not compared: name it "
                                 "with (?P<records>…) and (?P<paid>…)"))


def _sample_of_objects(text: str) -> Sample:
    """Records of JSON: a list somewhere, or one to a line."""
    try:
        first = msgspec.json.decode(text.partition("\n")[0].rstrip().removesuffix(",").encode())
    except msgspec.DecodeError:
        first = None
    if isinstance(first, dict) and "\n" in text.strip():
        objects = [_object_of(line) for line in text.splitlines()[:SAMPLE_ROWS]]
        return _table_of([one for one in objects if one], {"format": "jsonl"})
    try:
        found = next(_lists_in(msgspec.json.decode(text.encode()), ()), None)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if found is None:
        raise OnecardError("the JSON has no list of records, or is too long to be looked at whole",
                           remedy="cut it to some hundred records, and guess by these")
    path, records = found
    keys = {"format": "json"} | ({"records_at": ".".join(path)} if path else {})
    return _table_of(records[:SAMPLE_ROWS], keys)


def _object_of(line: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(line.rstrip().removesuffix(",").encode())
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _lists_in(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield the lists of objects in a JSON value, those nearer to the top first."""
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            yield path, [one for one in value if isinstance(one, dict)]
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _lists_in(one, (*path, key))


def _flat(value: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what is behind an object's keys; those of objects in it with dots between."""
    for key, one in value.items():
        if isinstance(one, dict):
            yield from _flat(one, f"{before}{key}.")
        else:
            yield before + key, one


def _table_of(objects: list[dict[str, Any]], keys: dict[str, Any]) -> Sample:
    objects = [dict(_flat(one)) for one in objects]
    names = list(dict.fromkeys(name for one in objects for name in one))
    rows = [["" if one.get(name) is None else str(one[name]) for name in names] for one in objects]
    return Sample(keys, names, rows)


# What the columns mean.

def _guess_fields(sample: Sample) -> dict[str, str]:
    """The sources of the columns of the format, as TOML."""
    meant = _match_names(sample)
    _find_by_values(sample, meant)
    fields = {"tapped_at": _quoted(_time_source(sample, meant))}
    fields |= _ride_fields(sample, meant)
    for name, column in meant.items():
        if name not in ("date", "time", "tapped_at", *fields):
            fields[name] = _quoted(_source(sample, name, column))
    for name in REQUIRED:
        if name in fields:
            continue
        if name not in ASSUMED:
            raise OnecardError(Phrase("no column reads like {name}", name=name),
                               expected=Phrase("one of {known}", known=joined(
                                   ", ", HEADER_WORDS[name][:6])),
                               remedy="write the layout by hand: see docs/tap-file.md, "
                               "`Other formats`")
        fields[name], said = ASSUMED[name]
        sample.assumed.append(Phrase("{column}: {said}", column=name, said=said))
    left = [name for name in sample.names if name not in meant.values()]
    if left:
        sample.assumed.append(Phrase("not read: {columns}", columns=joined(", ", left)))
    return fields


def _match_names(sample: Sample) -> dict[str, str]:
    """Which of the file's columns is which of the format's, by their names."""
    plain = {plain_word(name.rpartition(".")[2]): name for name in reversed(sample.names)
             if not is_known(name)}
    plain |= {plain_word(name): name for name in reversed(sample.names)}
    meant: dict[str, str] = {}
    for name, words in HEADER_WORDS.items():
        found = next((plain[word] for word in words if word in plain
                      and plain[word] not in meant.values()), None)
        if found is not None:
            meant[name] = found
    # 交易日期 and 交易时间: two halves, or a day that stands beside the moment; or 时间 is all.
    whole = meant.get("tapped_at")
    if "in_at" in meant and "out_at" in meant:
        meant["tapped_at"] = meant.pop("out_at")
        if "out_stop" in meant:
            meant["stop"] = meant.pop("out_stop")
        return meant
    _find_first_end(meant)
    if whole and "date" in meant and are_times(sample.values(whole), CLOCKS):
        meant["time"] = meant.pop("tapped_at")
    for half in ("time", "date"):
        if "tapped_at" not in meant and half in meant and are_times(
                sample.values(meant[half]), MOMENTS):
            meant["tapped_at"] = meant.pop(half)
    return meant


def _find_first_end(meant: dict[str, str]) -> None:
    """Where only one end of a ride has columns, that is where and when the tap was."""
    for name, ends in (("tapped_at", ("in_at", "out_at")), ("stop", ("in_stop", "out_stop"))):
        for end in ends:
            found = meant.pop(end, None)
            if found is not None:
                meant.setdefault(name, found)


def _find_by_values(sample: Sample, meant: dict[str, str]) -> None:
    """The columns without which there is no tap, by what is in them."""
    left = [name for name in sample.names if name not in meant.values()]
    for name in left:
        values = sample.values(name)
        if not values:
            continue
        if "card" not in meant and all(_is_card(one) for one in values) \
                and not are_times(values, MOMENTS):
            meant["card"] = name
        elif "tapped_at" not in meant and not {"date", "time"} <= set(meant) \
                and are_times(values, MOMENTS):
            meant["tapped_at"] = name
        else:
            continue
        sample.assumed.append(Phrase(
            "{column} is the card" if meant.get("card") == name
            else "{column} is when the tap was", column=name))


def _is_card(value: str) -> bool:
    plain = tidy(value).replace(" ", "")
    return plain.isdecimal() and 12 <= len(plain) <= 20


def _time_source(sample: Sample, meant: dict[str, str]) -> dict[str, Any]:
    """When a tap was: one column, or a day and a time of day."""
    if "tapped_at" in meant:
        return _one_time(sample, [meant["tapped_at"]], MOMENTS)
    if "date" in meant and "time" in meant:
        return _one_time(sample, [meant["date"], meant["time"]],
                         tuple(f"{day} {clock}" for day in DAYS for clock in CLOCKS))
    raise OnecardError("no column reads like tapped_at",
                       expected=Phrase("one of {names}, or a day and a time",
                                       names=", ".join(HEADER_WORDS["tapped_at"][:6])),
                       remedy="write the layout by hand: see docs/tap-file.md")


def _one_time(sample: Sample, columns: list[str], forms: tuple[str, ...]) -> dict[str, Any]:
    """A moment's columns, and how it is written there."""
    places = [sample.names.index(name) for name in columns]
    values = [" ".join(row[place].strip() for place in places) for row in sample.rows
              if any(row[place].strip() for place in places)]
    found = choose_forms(values, forms)
    if not found:
        raise OnecardError(Phrase("the times of {columns} cannot be read: {values}",
                                  columns=" and ".join(columns), values=values[:1]),
                           remedy="write the layout by hand, with the format of `time`")
    if found[0].startswith("%d/%m/%Y") and could_be_either(values):
        sample.assumed.append(Phrase("the day stands before the month in {column}",
                                     column=columns[0]))
    for one in unread(values, found)[:1]:
        sample.assumed.append(Phrase("{column}: {value} is no time, and will be refused",
                                     column=columns[0], value=repr(one)))
    source: dict[str, Any] = {"column": columns[0]} if len(columns) == 1 else {"columns": columns}
    source |= _cleaning(sample, columns)
    source["time"] = found
    if any("utc" in plain_word(column) for column in columns):
        source["utc"] = True
    return source


def _ride_fields(sample: Sample, meant: dict[str, str]) -> dict[str, str]:
    """Both ends of a ride in one row: when and where it began and, perhaps, ended."""
    if "in_at" not in meant:
        return {}
    began = _one_time(sample, [meant["in_at"]], MOMENTS)
    ended = _one_time(sample, [meant["tapped_at"]], MOMENTS)
    sample.assumed.append(Phrase("each row is a ride with both ends; where {column} is blank, "
                                 "nobody tapped out", column=meant["tapped_at"]))
    return {"in_at": _quoted(began), "kind": '{ constant = "ride" }',
            "tapped_at": f"[{_quoted(ended)}, {_quoted(began)}]"}


def _cleaning(sample: Sample, columns: list[str]) -> dict[str, Any]:
    """What takes off what is around or in the values and no part of them."""
    values = [value for column in columns for value in sample.values(column)]
    if any(tidy(value) != value for value in values):
        return {"tidy": True}
    return {"strip": True} if any(map(sample.is_padded, columns)) else {}


def _source(sample: Sample, name: str, column: str) -> dict[str, Any]:
    """Where one column comes from, and what is done to it."""
    values = sample.values(column)
    source: dict[str, Any] = {"column": column, **_cleaning(sample, [column])}
    if name == "card" and any(" " in tidy(one) or "-" in tidy(one) for one in values):
        source["drop"] = " -"
    values = [tidy(one) for one in values] if "tidy" in source else values
    if name in AMOUNTS:
        source |= _scale(sample, column, values)
    if name in ("card_seq", "device_seq") and any(one.endswith(".0") for one in values):
        source["drop_suffix"] = ".0"
    if name == "kind":
        found = {one: find_kind(one) for one in dict.fromkeys(values)}
        source["map"] = {one: kind or "?" for one, kind in found.items()}
        if not all(found.values()):
            sample.assumed.append(Phrase("{column}: write a kind for each ?", column=column))
    if name == "mode":
        source["map"] = {one: find_mode(one) or "?" for one in dict.fromkeys(values)}
        if "?" in source["map"].values():
            sample.assumed.append(Phrase("{column}: write a mode of network.toml for each ?",
                                         column=column))
    if name == "direction":
        source["map"] = {one: DIRECTIONS.get(one, "?") for one in dict.fromkeys(values)}
        if "?" in source["map"].values():
            sample.assumed.append(Phrase("{column}: write up or down for each ?", column=column))
    if name == "operator":
        source["map"] = {one: one for one in dict.fromkeys(values)}
        sample.assumed.append(Phrase("{column}: write the code of network.toml behind each name",
                                     column=column))
    if name == "card_kind":
        source["map"] = {one: one for one in dict.fromkeys(values)}
        sample.assumed.append(Phrase("{column}: write the card kind of network.toml behind each",
                                     column=column))
    return source


def _scale(sample: Sample, column: str, values: list[str]) -> dict[str, Any]:
    """Whether amounts are in yuan or in fen."""
    if any(mark in column.lower() for mark in ("元", "yuan", "rmb")) or any(
            mark in one for one in values for mark in ".元¥￥"):
        return {"decimals": 2}
    if "分" in column:
        return {}
    sample.assumed.append(Phrase("{column} is in minor units (fen), as no amount has decimals; if "
                                 "it is in yuan, add decimals = 2", column=column))
    return {}
