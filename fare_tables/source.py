"""Fare tables as files say them: tables that are like another one, and where each part is from.

    like = "city-bus@2022-05-01"        # or "city-bus", where it has one version
    without = ["night-fare"]            # rows of it that this table does not have

A table that is like another has every key of it except `table`, `in_force_from`,
`in_force_until` and `checked_on`, which are always its own. A key that it gives takes the place of
the other's. Of rows (fare, timeframe, concession, ...) one of the same name takes the place of the
other's row, in place; others come after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from fare_tables.model import DISCOUNTS, Table, table_version
from network.errors import TableError
from network.files import TomlFile, explain_mismatch
from network.language import Phrase
from network.locations import KeyPath, Location

# What names a row in each list of rows.
ROW_NAMES = {"timeframe": "timeframe", "fare": "rule", "concession": "rule", "promotion": "rule",
             "transfer": "rule", "tier": "rule", "cap": "rule"}
OWN = ("table", "in_force_from", "in_force_until", "checked_on")
NOT_OF_TABLES = ("like", "without")
LIKE_MOST = 100             # tables one above the other


@dataclass
class _Draft:
    """A table's keys before they are checked, and the file that each of them is from."""

    source: TomlFile
    keys: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, tuple[TomlFile, KeyPath]] = field(default_factory=dict)

    def location(self, path: KeyPath) -> Location:
        for length in (2, 1):
            if path[:length] in self.origins and len(path) >= length:
                source, start = self.origins[path[:length]]
                return source.location((*start, *path[length:]))
        return self.source.location(path)


@dataclass(frozen=True)
class TableSource:
    """A table, and where each part of it is written."""

    table: Table
    draft: _Draft

    @property
    def path(self) -> Path:
        """The table's own file."""
        return self.draft.source.path

    def location(self, key: KeyPath = ()) -> Location:
        """Where a part of the table is written, such as ("fare", "flat", "bands", 1).

        Rows are called by their names, of two that share one it is the later. Of what is not
        written it is the part around it, by its name.
        """
        keys = self.draft.keys
        path: KeyPath = ()
        if len(key) > 1 and key[0] in ROW_NAMES:
            name = ROW_NAMES[str(key[0])]
            named = [index for index, row in enumerate(keys.get(str(key[0]), ()))
                     if row.get(name) == key[1]]
            if named:
                key = (key[0], named[-1], *(key[2:] or (name,)))
        value: Any = keys
        for part in key:
            if not (part in value if isinstance(value, dict) else
                    isinstance(value, list) and isinstance(part, int) and part < len(value)):
                break
            path, value = (*path, part), value[part]
        if len(path) == 2 and path[0] in ROW_NAMES:
            path = (*path, ROW_NAMES[str(path[0])])
        return self.draft.location(path or ("table",))


def read_sources(folder: Path) -> list[TableSource]:
    """Every fare table of a network's folder with where it is written, by file name.

    Raises TableError.
    """
    sources = [TomlFile(path) for path in sorted(folder.glob("*.toml"))
               if path.name != "network.toml"]
    for source in sources:
        source.check_texts()
    drafts: dict[Path, _Draft] = {}
    return [_convert(_draft(source, sources, drafts, ())) for source in sources]


def load_tables(folder: Path) -> list[Table]:
    """Every fare table of a network's folder, by file name.

    Raises TableError.
    """
    return [source.table for source in read_sources(folder)]


def locate_error(sources: Sequence[TableSource], error: TableError) -> TableError:
    """The same error with the location that its key stands for, where one of the tables has it."""
    if error.location is None and error.key:
        version, *key = error.key
        for one in reversed(sources):
            if table_version(one.table) == version:
                error.location = one.location(tuple(key))
                break
    return error


def _convert(draft: _Draft) -> TableSource:
    try:
        return TableSource(msgspec.convert(_with_shares(draft), Table), draft)
    except msgspec.ValidationError as error:
        raise explain_mismatch(error, Table, draft.location, draft.keys) from None


def _with_shares(draft: _Draft) -> dict[str, Any]:
    """A table's keys, its rows with the shares that their `funders` name."""
    splits, keys = draft.keys.get("funder_splits"), dict(draft.keys)
    for kind in DISCOUNTS:
        rows: Any = keys.get(kind)
        if not _are_rows(rows):
            continue
        keys[kind] = named = list(rows)
        for index, row in enumerate(rows):
            name = row.get("funders")
            if not isinstance(name, str):
                continue
            if not isinstance(splits, dict) or name not in splits:
                known = ", ".join(splits) if isinstance(splits, dict) else ""
                raise TableError(
                    Phrase("funders is {name!r}, which is no funder split of the table", name=name),
                    Phrase("write one of {known}", known=known) if known else
                    Phrase('add it: [funder_splits] and below {name} = [{{ funder = "…" }}]',
                           name=name),
                    code="VALUE_INVALID", location=draft.location((kind, index, "funders")))
            named[index] = {**row, "funders": splits[name]}
    return keys


def _draft(source: TomlFile, sources: Sequence[TomlFile], drafts: dict[Path, _Draft],
           below: tuple[TomlFile, ...]) -> _Draft:
    """A table's keys with those of the table that it is like."""
    if source in below:
        circle = " → ".join(one.path.name for one in (*below[below.index(source):], source))
        raise source.refuse(Phrase("tables are like each other in a circle: {circle}",
                                   circle=circle),
                            "write one of them in full", "PARENT_CYCLE", ("like",))
    if len(below) > LIKE_MOST:
        raise source.refuse(Phrase("more than {most} tables are each like the next",
                                   most=LIKE_MOST),
                            "write one of them in full", "PARENT_CYCLE", ("like",))
    if source.path in drafts:
        return drafts[source.path]
    draft = drafts[source.path] = _Draft(source)
    without = _names_in_without(source)
    if "like" in source.keys:
        del drafts[source.path]         # it is whole only after its parent is
        parent = _draft(_parent(source, sources), sources, drafts, (*below, source))
        drafts[source.path] = draft
        _inherit(draft, parent, without)
    elif without:
        raise source.refuse("it has `without`, but is like no other table",
                            "name that table in `like`, or leave the rows out", "WITHOUT_UNKNOWN",
                            ("without",))
    for key, value in source.keys.items():
        if key in NOT_OF_TABLES:
            continue
        if key in ROW_NAMES and _are_rows(value) and _are_rows(draft.keys.get(key)):
            _put_rows(draft, key, value)
        else:
            _put(draft, key, value)
    return draft


def _names_in_without(source: TomlFile) -> list[str]:
    names = source.keys.get("without", [])
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise source.refuse("`without` is not a list of rows", "write without = [\"a-rule\"]",
                            "VALUE_INVALID", ("without",))
    return names


def _parent(source: TomlFile, sources: Sequence[TomlFile]) -> TomlFile:
    """The one table that a table is like."""
    like = source.keys["like"]
    if not isinstance(like, str):
        raise source.refuse("`like` is not the name of a table", "write like = \"a-table\"",
                            "VALUE_INVALID", ("like",))
    name, _, version = like.partition("@")
    named = [one for one in sources if one.keys.get("table") == name]
    found = [one for one in named if str(one.keys.get("in_force_from")) == version] if version \
        else [one for one in named if one is not source]
    if len(found) == 1:
        return found[0]
    known = sorted(f"{one.keys.get('table')}@{one.keys.get('in_force_from')}"
                   for one in named or sources if one is not source)
    raise source.refuse(Phrase("it is like {like!r}, and {tables} tables are called that"
                               if found else "it is like {like!r}, and no table is called that",
                               like=like, tables=len(found)),
                        Phrase("name one of {tables}",
                               tables=", ".join(known) or "this folder, which has no other"),
                        "PARENT_UNKNOWN", ("like",))


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _put(draft: _Draft, key: str, value: Any) -> None:
    """A key of the draft's own file."""
    for path in [path for path in draft.origins if path[0] == key]:
        del draft.origins[path]
    draft.keys[key] = value
    draft.origins[key,] = draft.source, (key,)


def _put_rows(draft: _Draft, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Own rows in place of those that have their name, or after them."""
    given, name = list(draft.keys[key]), ROW_NAMES[key]
    indexes = {row[name]: index for index, row in enumerate(given)
              if isinstance(row.get(name), str)}
    for own, row in enumerate(rows):
        called = row.get(name)
        # A name that is given twice here stays twice: the compiler refuses it.
        index = indexes.pop(called, len(given)) if isinstance(called, str) else len(given)
        given[index:index + 1] = [row]
        draft.origins[key, index] = draft.source, (key, own)
    draft.keys[key] = given


def _inherit(draft: _Draft, parent: _Draft, without: Sequence[str]) -> None:
    """What the parent has, less the rows that this table is without."""
    left = set(without)
    for key, value in parent.keys.items():
        if key in OWN:
            continue
        if key not in ROW_NAMES or not _are_rows(value):
            draft.keys[key] = value
            draft.origins[key,] = parent.origins[key,]
            continue
        kept = [(index, row) for index, row in enumerate(value)
                if row.get(ROW_NAMES[key]) not in without]
        left -= {name for row in value if isinstance(name := row.get(ROW_NAMES[key]), str)}
        draft.keys[key] = [row for _, row in kept]
        for now, (index, _) in enumerate(kept):
            draft.origins[key, now] = parent.origins.get(
                (key, index), (parent.source, (key, index)))
    if left:
        source = draft.source
        named = source.keys["without"].index(min(left))
        raise source.refuse(Phrase("it is without {row!r}, which {file} does not have",
                                   row=min(left), file=parent.source.path.name),
                            "name a rule of that table, or leave it out",
                            "WITHOUT_UNKNOWN", ("without", named))
