"""What a folder has that no book of this engine has: looked at before the store opens the folder.

The store carries out what it finds written in its folder: tables can be files, addresses or
programs, dictionaries and functions run what they name. So of a folder from somebody else nothing
is opened but plain tables and views, and those views are asked nothing before they have been
compared (definitions.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

DATABASE = "onecard"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TYPE = r"\w+(?:\((?:\w+|'\w+')\))?"
_COLUMN = rf"\s*`\w+` {_TYPE}(?: CODEC\(T64\))?"
_SETTING = r"\w+ = \d+"
_DATABASE = re.compile(rf"ATTACH DATABASE _ UUID '{_UUID}'\s+ENGINE = Atomic\s*")
_TABLE = re.compile(
    rf"ATTACH TABLE _ UUID '{_UUID}'\s+\({_COLUMN}(?:,{_COLUMN})*\s*\)\s+ENGINE = MergeTree\s+"
    rf"(?:PARTITION BY \w+\s+)?ORDER BY (?:\w+|\(\w+(?:, \w+)*\))\s+"
    rf"SETTINGS {_SETTING}(?:, {_SETTING})*\s*")
_VIEW = re.compile(rf"ATTACH VIEW _ UUID '{_UUID}'\s+\(.*", re.DOTALL)
_LINK = re.compile(rf"(?:.*/)?store/([0-9a-f]{{3}}/{_UUID})/?")
_FOLDERS = ("data", "metadata", "metadata_dropped", "store", "tmp")
_NOTES = ("status", "uuid")     # files that the store makes about itself
# Empty, to see whether the disk tells A from a: made before the first insert, and removed at once.
_PROBE = re.compile(rf"clickhouse_case_sensitivity_check_{_UUID}")
_DROPPED = "metadata_dropped"       # statements of tables whose files are being removed
_BYTES_MOST = 1 << 20       # of a statement


def find_foreign(store: Path) -> Iterator[str]:
    """What is in the store's folder and in no book's, by its path within; nothing: all is ours.

    Folders of parts are not looked into: the store itself holds their files to checksums.
    """
    if store.is_symlink():
        yield "."
        return
    if not store.exists():
        return
    for entry in _entries(store):
        is_folder, is_file = _is_folder(entry), entry.is_file(follow_symlinks=False)
        if not ((is_folder and entry.name in _FOLDERS) or (is_file and (
                entry.name in _NOTES or _is_probe(entry)))):
            yield entry.name
    yield from _odd_metadata(store)
    for one in _entries(store / "store"):
        if not _is_folder(one):
            yield f"store/{one.name}"
            continue
        for table in _entries(Path(one.path)):
            if not _is_folder(table) or any(part.is_symlink() for part in _entries(
                    Path(table.path)) if not part.name.endswith(".sql")):
                yield f"store/{one.name}/{table.name}"


def _odd_metadata(store: Path) -> Iterator[str]:
    """What stands beside the book's database, or is no plain table or view of it."""
    metadata, linked = store / "metadata", ""
    for entry in _entries(metadata):
        if entry.name == DATABASE and entry.is_symlink():
            found = _LINK.fullmatch(os.readlink(entry.path))
            if found is not None and Path(entry.path).resolve() == (
                    store / "store" / found[1]).resolve():
                linked = found[1]
                continue
        elif _is_unfinished(entry) or (
                entry.name == f"{DATABASE}.sql" and _is_written(entry, _DATABASE)):
            continue
        yield f"metadata/{entry.name}"
    for folder in (f"store/{linked}" if linked else "", _DROPPED):
        for entry in _entries(store / folder) if folder else ():
            if not (_is_written(entry, _TABLE) or _is_written(entry, _VIEW)
                    or _is_unfinished(entry)):
                yield f"{folder}/{entry.name}"


def _is_written(entry: os.DirEntry[str], pattern: re.Pattern[str]) -> bool:
    """Whether a file has such a statement, and nothing else."""
    if not entry.name.endswith(".sql") or not entry.is_file(follow_symlinks=False):
        return False
    if entry.stat(follow_symlinks=False).st_size > _BYTES_MOST:
        return False
    return pattern.fullmatch(Path(entry.path).read_text(errors="replace")) is not None


def _is_unfinished(entry: os.DirEntry[str]) -> bool:
    """Whether it is what a store that was killed left of a statement: it removes that unread."""
    return entry.name.endswith(".sql.tmp") and entry.is_file(follow_symlinks=False)


def _is_probe(entry: os.DirEntry[str]) -> bool:
    """Whether a file is what a store that was killed left of its look at the disk."""
    return (_PROBE.fullmatch(entry.name) is not None
            and entry.stat(follow_symlinks=False).st_size == 0)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)
