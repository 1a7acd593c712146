"""Tables that are like another one: written as what differs, read as whole tables.

    like = "city-bus@2022-05-01"        # or "city-bus", where it has one version
    without = ["night-fare"]            # rows of it that this table does not have

A table that is like another has every key of it except `table`, `in_force_from` and
`in_force_until`, which are always its own. A key that it gives takes the place of the other's. Of
rows (fare, timeframe, concession, ...) one of the same name takes the place of the other's row, in
place; others come after them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from fare_tables.model import Table, table_version
from network.files import TableError, TomlFile, explain_mismatch
from network.locations import KeyPath, Location

# What names a row in each list of rows.
ROW_NAMES = {"timeframe": "timeframe", "fare": "rule", "concession": "rule", "promotion": "rule",
             "transfer": "rule", "tier": "rule", "cap": "rule"}
OWN = ("table", "in_force_from", "in_force_until")
NOT_OF_TABLES = ("like", "without")
LIKE_MOST = 100             # tables one above the other

# The words that the compiler begins with: the table's version, and the row's rule.
SAID_OF = re.compile(r"table (\S+): (?:\w+ (?:'([^'\n]*)'|\"([^\"\n]*)\"): )?")
VERSION = re.compile(r"\S+@\d{4}-\d\d-\d\d")


@dataclass
class _Draft:
    """A table's keys before they are checked, and the file that each of them is from."""

    source: TomlFile
    keys: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, tuple[TomlFile, KeyPath]] = field(default_factory=dict)

    def place(self, path: KeyPath) -> Location:
        for length in (2, 1):
            if path[:length] in self.origins and len(path) >= length:
                source, start = self.origins[path[:length]]
                return source.place((*start, *path[length:]))
        return self.source.place(path)


@dataclass(frozen=True)
class TableSource:
    """A table, and where each part of it is written."""

    table: Table
    draft: _Draft

    @property
    def path(self) -> Path:
        """The table's own file."""
        return self.draft.source.path

    def place(self, rule: str = "", hint: str = "") -> Location:
        """Where a row is written, or the table; in it, the key or value that a hint names.

        Of two rows of one name it is the later.
        """
        quoted = [rule] if rule else re.findall(r"'([^']*)'", hint)
        for kind, name in reversed(ROW_NAMES.items()):
            rows = list(enumerate(self.draft.keys.get(kind, ())))
            for index, row in reversed(rows):
                if row.get(name) in quoted:
                    return self.draft.place((kind, index, *(_find_hint(row, hint) or (name,))))
        keys = {key: value for key, value in self.draft.keys.items() if key not in ROW_NAMES}
        return self.draft.place(_find_hint(keys, hint) or ("table",))


def read_sources(folder: Path) -> list[TableSource]:
    """Every fare table of a network's folder with its places, by file name.

    Raises TableError.
    """
    sources = [TomlFile(path) for path in sorted(folder.glob("*.toml"))
               if path.name != "network.toml"]
    drafts: dict[Path, _Draft] = {}
    return [_convert(_draft(source, sources, drafts, ())) for source in sources]


def load_tables(folder: Path) -> list[Table]:
    """Every fare table of a network's folder, by file name.

    Raises TableError.
    """
    return [written.table for written in read_sources(folder)]


def locate_error(folder: Path, error: TableError) -> TableError:
    """The same error with the place that its words are about, where the folder has one.

    The words begin as the compiler's do: "table bus@2022-05-01: row 'half': ...".
    """
    about = SAID_OF.match(error.words)
    named = VERSION.findall(error.words)
    if error.place is not None or not named:
        return error
    try:
        tables = read_sources(folder)
    except TableError:
        return error
    version = about[1] if about else named[-1]
    for one in reversed(tables):
        if version == table_version(one.table):
            rule = (about[2] or about[3] or "") if about else ""
            said = error.words[about.end():].partition("\n")[0] if about else "in_force_from"
            return TableError(error.words, code=error.code, place=one.place(rule, said))
    return error


def _convert(draft: _Draft) -> TableSource:
    try:
        return TableSource(msgspec.convert(draft.keys, Table), draft)
    except msgspec.ValidationError as error:
        path, words, code = explain_mismatch(str(error), Table)
        raise TableError(words, code=code, place=draft.place(path)) from None


def _draft(source: TomlFile, sources: Sequence[TomlFile], drafts: dict[Path, _Draft],
           below: tuple[TomlFile, ...]) -> _Draft:
    """A table's keys with those of the table that it is like."""
    if source in below:
        circle = " → ".join(one.path.name for one in (*below[below.index(source):], source))
        raise source.refuse(f"tables are like each other in a circle: {circle}\n"
                            "write one of them in full", "PARENT_CYCLE", ("like",))
    if len(below) > LIKE_MOST:
        raise source.refuse(f"more than {LIKE_MOST} tables are each like the next\n"
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
        raise source.refuse("it has `without`, but is like no other table\n"
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
        raise source.refuse("`without` is not a list of rows\nwrite without = [\"a-rule\"]",
                            "VALUE_INVALID", ("without",))
    return names


def _parent(source: TomlFile, sources: Sequence[TomlFile]) -> TomlFile:
    """The one table that a table is like."""
    like = source.keys["like"]
    if not isinstance(like, str):
        raise source.refuse("`like` is not the name of a table\nwrite like = \"a-table\"",
                            "VALUE_INVALID", ("like",))
    name, _, version = like.partition("@")
    named = [one for one in sources if one.keys.get("table") == name]
    found = [one for one in named if str(one.keys.get("in_force_from")) == version] if version \
        else [one for one in named if one is not source]
    if len(found) == 1:
        return found[0]
    known = sorted(f"{one.keys.get('table')}@{one.keys.get('in_force_from')}"
                   for one in named or sources if one is not source)
    which = f"{len(found)} tables are" if found else "no table is"
    raise source.refuse(f"it is like {like!r}, and {which} called that\n"
                        f"name one of {', '.join(known) or 'this folder, which has no other'}",
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
    places = {row[name]: index for index, row in enumerate(given)
              if isinstance(row.get(name), str)}
    for own, row in enumerate(rows):
        called = row.get(name)
        # A name that is given twice here stays twice: the compiler refuses it.
        index = places.pop(called, len(given)) if isinstance(called, str) else len(given)
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
        raise source.refuse(f"it is without {min(left)!r}, which {parent.source.path.name} does "
                            "not have\nname a rule of that table, or leave it out",
                            "WITHOUT_UNKNOWN", ("without", named))


def _find_hint(value: Any, hint: str) -> KeyPath:
    """The part of a row whose key, or else whose value, the words name."""
    if not hint:
        return ()
    leaves = list(_leaves(value))
    for path, _ in leaves:
        if any(isinstance(key, str) and re.search(rf"\b{re.escape(key)}\b", hint)
               for key in path):
            return path
    for path, leaf in leaves:
        if re.search(rf"(?<![\w-]){re.escape(str(leaf))}(?![\w-])", hint):
            return path
    return ()


def _leaves(value: Any, path: KeyPath = ()) -> list[tuple[KeyPath, Any]]:
    inside: Sequence[tuple[str | int, Any]] = (
        list(value.items()) if isinstance(value, dict)
        else list(enumerate(value)) if isinstance(value, list) else ())
    if not inside:
        return [(path, value)]
    return [leaf for key, one in inside for leaf in _leaves(one, (*path, key))]
