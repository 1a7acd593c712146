"""Changed tables: each number one higher, each list one shorter, each row gone or there twice."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from fare_tables.model import Table
from fare_tables.source import ROW_NAMES

# Keys of a table itself that decide something. Others say what it is, and from when to when; that
# is what tests/fares/test_checks_find_what_is_wrong.py changes.
OF_TABLES = ("counts_to", "stop_sets", "companion_within_s", "lines")

# By how much a number grows where 1 more is no difference: a band of prices that reaches a fen
# further moves a price by a twentieth of a fen.
STEPS = {"to": 50}


class Mutant(NamedTuple):
    """A table with one change."""

    what: str               # "concession student-half: pays_percent 50 → 51"
    row: str                # the row, timeframe or stop set that was changed; "": the table itself
    keys: dict[str, Any]    # as a table is written

    def table(self) -> Table:
        """The table that it makes. Raises msgspec.ValidationError where it makes none."""
        return msgspec.convert(self.keys, Table)


def mutants_of(keys: dict[str, Any]) -> Iterator[Mutant]:
    """Every change of a table as it is written, row by row."""
    for kind, name in ROW_NAMES.items():
        for place, row in enumerate(keys.get(kind, ())):
            about = f"{kind} {row[name]}"
            gone, twice = copy.deepcopy(keys), copy.deepcopy(keys)
            del gone[kind][place]
            twice[kind].insert(place, row)
            yield Mutant(f"{about}: removed", row[name], gone)
            yield Mutant(f"{about}: doubled", row[name], twice)
            for path, old, new in _changes(row):
                if path != (name,):
                    yield _changed(keys, (kind, place, *path), about, row[name], old, new)
    for kind in [kind for kind in keys.get("order", ()) if keys.get(kind)]:
        order = [one for one in keys["order"] if one != kind]
        yield _changed(keys, ("order",), "table", "", keys["order"], order)
    for key in OF_TABLES:
        if key in keys:
            for path, old, new in _changes(keys[key]):
                name = path[0] if key == "stop_sets" else ""
                yield _changed(keys, (key, *path), f"{key} {name}".rstrip(), name, old, new)


def _changed(keys: dict[str, Any], path: tuple[Any, ...], about: str, row: str, old: Any,
             new: Any) -> Mutant:
    changed = copy.deepcopy(keys)
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = new
    where = ".".join(str(step) for step in path[2:])
    return Mutant(f"{about}: {where} {_short(old)} → {_short(new)}", row, changed)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _changes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    """Every part with another value: (where, what it was, what it is)."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _changes(one, (*path, key))
    elif isinstance(value, list):
        yield path, value, value[:-1]
        if value and isinstance(value[0], dict):
            for place, one in enumerate(value):
                yield from _changes(one, (*path, place))
    elif isinstance(value, bool):
        yield path, value, not value
    elif isinstance(value, int):
        yield path, value, value + STEPS.get(str(path[-1]) if path else "", 1)
    elif isinstance(value, datetime.time):
        later = datetime.datetime.combine(datetime.date.min, value) + datetime.timedelta(minutes=1)
        yield path, value, later.time()
    elif isinstance(value, str) and value.replace(".", "", 1).isdigit():
        whole, _, decimals = value.partition(".")
        yield path, value, f"{whole}.{int(decimals or 0) + 1}"


def as_toml(keys: dict[str, Any]) -> str:
    """Keys as a TOML text."""
    return "".join(f"{json.dumps(key)} = {_toml(value)}\n" for key, value in keys.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(one)}"
                               for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
