"""What a layout does to a value, compiled to functions: from a record's columns to the format's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from clearing.intake.formats.written import read_moment, scale_change, tidy
from clearing.intake.layout_model import FieldSource

Read = Callable[[str], str]     # a file's column to its value in the record at hand
Step = Callable[[Read], str]
ReadColumn = Callable[[str], list[str]]     # the same of many records
Column = Callable[[ReadColumn, int], list[str]]

TIMES_KEPT = 100_000        # converted times and dates that are remembered
VALUES_KEPT = 100_000       # changed values of a column that are
_DIGITS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}


def make_step(sources: list[FieldSource]) -> Step:
    """Compile the sources of a column to the function that reads the first that is not blank."""
    if len(sources) == 1:
        return _make_one(sources[0])
    steps = [_make_one(source) for source in sources]
    return lambda read: next(filter(None, (step(read) for step in steps)), "")


def _make_one(source: FieldSource) -> Step:
    if source.from_time:
        return lambda read: ""          # set once the times are known
    constant = source.constant
    columns = source.reads()
    changes = _list_changes(source)
    conditions = [(name, frozenset(values)) for name, values in source.when.items()]

    def step(read: Read) -> str:
        for name, values in conditions:
            if read(name) not in values:
                return ""
        if constant is not None:
            return constant
        value = read(columns[0]) if len(columns) == 1 else _join(map(read, columns))
        for change in changes:
            if not value:
                break
            value = change(value)
        return value

    return step


def make_column(sources: list[FieldSource]) -> Column:
    """The same for many records at once, column by column."""
    if len(sources) == 1:
        return _make_one_column(sources[0])
    columns = [_make_one_column(source) for source in sources]
    return lambda read, rows: [next(filter(None, row), "") for row in
                               zip(*(column(read, rows) for column in columns), strict=True)]


def _make_one_column(source: FieldSource) -> Column:
    constant = "" if source.from_time else source.constant
    columns = source.reads()
    changes = _list_changes(source)
    changed = _Changed(changes)
    conditions = [(name, frozenset(values)) for name, values in source.when.items()]

    def column(read: ReadColumn, rows: int) -> list[str]:
        if constant is not None:
            values = [constant] * rows
        else:
            values = (read(columns[0]) if len(columns) == 1
                      else list(map(_join, zip(*map(read, columns), strict=True))))
            if changes:
                values = list(map(changed.__getitem__, values))
        for name, wanted in conditions:
            values = [value if one in wanted else ""
                      for value, one in zip(values, read(name), strict=True)]
        return values

    return column


class _Changed(dict[str, str]):
    """What values become, worked out when they are asked for, and remembered."""

    def __init__(self, changes: list[Callable[[str], str]]) -> None:
        super().__init__()
        self._changes = changes

    def __missing__(self, value: str) -> str:
        if len(self) >= VALUES_KEPT:
            self.clear()
        changed = value
        for change in self._changes:
            if not changed:
                break
            changed = change(changed)
        self[value] = changed
        return changed


def _join(values: Iterable[str]) -> str:
    """Several values with a space between; blank where all are."""
    found = list(values)
    return " ".join(found) if any(found) else ""


def _list_changes(source: FieldSource) -> list[Callable[[str], str]]:
    """List what a source does to a value, in order."""
    changes: list[Callable[[str], str]] = []
    if source.tidy:
        changes.append(tidy)
    if source.strip:
        changes.append(str.strip)
    if source.blank:
        blank = frozenset(source.blank)
        changes.append(lambda value: "" if value in blank else value)
    if source.drop_suffix:
        changes.append(lambda value: value.removesuffix(source.drop_suffix))
    if source.drop:
        dropped = dict.fromkeys(map(ord, source.drop))
        changes.append(lambda value: value.translate(dropped))
    if source.slice is not None:
        start, stop = source.slice
        changes.append(lambda value: value[start:stop])
    if source.time:
        changes.append(_time_change(source.time, _write_utc if source.utc else _write_moment))
    if source.date:
        changes.append(_time_change(source.date, _write_day))
    if source.map or source.prefix:
        prefixes = sorted(source.prefix, key=len, reverse=True)

        def look_up(value: str) -> str:
            if value in source.map:
                return source.map[value]
            for prefix in prefixes:
                if value.startswith(prefix):
                    return source.prefix[prefix]
            # What is padded is refused as that, and not taken for something else.
            is_padded = value != value.strip()
            return value if source.default is None or is_padded else source.default

        changes.append(look_up)
    if source.decimals is not None:
        changes.append(scale_change(source.decimals))
    return changes


def _write_utc(moment: datetime) -> str:
    return _write_moment(moment.replace(tzinfo=moment.tzinfo or UTC))


def _write_moment(moment: datetime) -> str:
    if moment.tzinfo is not None:
        return moment.isoformat(timespec="seconds")
    return f"{moment:%Y%m%d%H%M%S}".rjust(14, "0")


def _write_day(moment: datetime) -> str:
    return moment.date().isoformat()


def _time_change(formats: list[str], write: Callable[[datetime], str]) -> Callable[[str], str]:
    """Convert times of the first format that fits; others stay as they are, to be refused."""
    kept: dict[str, str] = {}
    ways = [(form, plain_form(form)) for form in formats]

    def change(value: str) -> str:
        found = kept.get(value)
        if found is not None:
            return found
        if len(kept) >= TIMES_KEPT:
            kept.clear()
        kept[value] = value
        for form, plain in ways:
            try:
                kept[value] = write(_read_plain(plain, value) or read_moment(value, form))
            except ValueError:
                continue
            break
        return kept[value]

    return change


def plain_form(form: str) -> re.Pattern[str] | None:
    """A format of nothing but whole numbers of a known width, as a pattern; strptime is slow."""
    parts = re.split("(%.)", form)
    names = parts[1::2]
    if len(set(names)) < len(names) or not {"%Y", "%m", "%d"} <= set(names) <= set(_DIGITS):
        return None
    return re.compile("".join(
        f"(?P<{part[1]}>[0-9]{{{_DIGITS[part]}}})" if part in _DIGITS else re.escape(part)
        for part in parts))


def _read_plain(plain: re.Pattern[str] | None, value: str) -> datetime | None:
    """A moment where each part has all its digits; None: strptime may still read it."""
    found = None if plain is None else plain.fullmatch(value)
    if found is None:
        return None
    parts = {name: int(digits) for name, digits in found.groupdict().items()}
    try:
        return datetime(parts["Y"], parts["m"], parts["d"], parts.get("H", 0), parts.get("M", 0),
                        parts.get("S", 0))
    except ValueError:
        return None
