"""What a disk holds when the power goes: what was synced, and of the rest as little as it may.

Contents are kept by a sync of their file, and by nothing else. For names there are three kinds of
disk, from the kindest to what POSIX says at the least:

* `at once`: a name is kept as it is given, and its file may have no contents yet;
* `with any sync`: names are kept in their order, by the next sync of anything (a journal);
* `with their folder`: names are kept by a sync of the folder they are in.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Change = tuple[Any, ...]
"""What was done and with what: `("write", handle, offset, bytes)`, and so on. Handles are numbers
of open files, given by `("create", path, handle)` and `("open", path, handle)`."""

Names = Literal["at once", "with any sync", "with their folder"]


@dataclass
class _File:
    now: bytearray
    kept: bytes = b""


@dataclass
class _Folder:
    now: dict[str, _Entry] = field(default_factory=dict)
    kept: dict[str, _Entry] = field(default_factory=dict)


_Entry = _File | _Folder | str       # the last a symbolic link: what it says


class Disk:
    """Begins with all that is in a folder, kept; changes are carried out one by one."""

    def __init__(self, folder: Path, names: Names) -> None:
        self._names = names
        self._folders: list[_Folder] = []
        self._root = self._read(folder)
        self._open: dict[int, _File] = {}

    def _read(self, folder: Path) -> _Folder:
        read = self._new_folder()
        for path in folder.iterdir():
            if path.is_symlink():
                read.now[path.name] = os.readlink(path)
            elif path.is_dir():
                read.now[path.name] = self._read(path)
            else:
                read.now[path.name] = _File(bytearray(path.read_bytes()), path.read_bytes())
        read.kept = dict(read.now)
        return read

    def _new_folder(self) -> _Folder:
        folder = _Folder()
        self._folders.append(folder)
        return folder

    def _find(self, path: str) -> tuple[_Folder, str]:
        """The folder that a path's last name is in."""
        *above, name = path.strip("/").split("/")
        folder = self._root
        for one in above:
            inner = folder.now[one]
            assert isinstance(inner, _Folder), path
            folder = inner
        return folder, name

    def _entry(self, path: str) -> _Entry:
        folder, name = self._find(path)
        return folder.now[name] if name else self._root

    def _file(self, path: str) -> _File:
        file = self._entry(path)
        assert isinstance(file, _File), path
        return file

    def carry_out(self, change: Change) -> None:
        """Do what was done."""
        match change:
            case "write", handle, offset, data:
                now = self._open[handle].now
                now.extend(bytes(max(0, offset - len(now))))
                now[offset:offset + len(data)] = data
            case "open", path, handle:
                self._open[handle] = self._file(path)
            case "close", handle:
                del self._open[handle]
            case "truncate", path, length:
                now = self._file(path).now
                del now[length:]
                now.extend(bytes(length - len(now)))
            case "sync", handle:
                self._open[handle].kept = bytes(self._open[handle].now)
                self._sync_names(None)
            case "sync folder", path:
                folder = self._entry(path)
                assert isinstance(folder, _Folder), path
                self._sync_names(folder)
            case _:
                self._change_names(change)

    def _sync_names(self, folder: _Folder | None) -> None:
        if self._names == "with any sync":
            for one in self._folders:
                one.kept = dict(one.now)
        elif folder is not None:
            folder.kept = dict(folder.now)

    def _change_names(self, change: Change) -> None:
        match change:
            case "create", path, handle:
                folder, name = self._find(path)
                self._open[handle] = file = _File(bytearray())
                folder.now[name] = file
            case "mkdir", path:
                folder, name = self._find(path)
                folder.now[name] = self._new_folder()
            case "remove", path:
                folder, name = self._find(path)
                del folder.now[name]
            case "rename", old, new:
                folder, name = self._find(old)
                entry = folder.now.pop(name)
                folder, name = self._find(new)
                folder.now[name] = entry
            case "link", source, target:
                entry = self._entry(source)
                folder, name = self._find(target)
                folder.now[name] = entry
            case "symlink", text, path:
                folder, name = self._find(path)
                folder.now[name] = text
            case _:
                raise AssertionError(change[0])

    def write(self, target: Path) -> None:
        """Write what is kept into a new folder."""
        self._write(self._root, target, {})

    def _write(self, folder: _Folder, target: Path, written: dict[int, Path]) -> None:
        target.mkdir()
        for name, entry in (folder.now if self._names == "at once" else folder.kept).items():
            path = target / name
            if isinstance(entry, str):
                path.symlink_to(entry)
            elif isinstance(entry, _Folder):
                self._write(entry, path, written)
            elif id(entry) in written:
                path.hardlink_to(written[id(entry)])
            else:
                path.write_bytes(entry.kept)
                written[id(entry)] = path
