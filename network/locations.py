"""Where in a TOML file something is written: tomllib reads values, and forgets their lines.

The scanner reads texts that tomllib has accepted, and only when there is something to say.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

KeyPath = tuple[str | int, ...]     # ("concession", 2, "pays_percent")

EXCERPT_MOST = 100                  # characters of a line that are shown


class Location(NamedTuple):
    """A line of a file, and what it says."""

    path: Path
    line: int
    excerpt: str


def locate(path: Path, text: str, line: int) -> Location:
    """The location of a line by its number, from 1."""
    lines = text.split("\n")
    return Location(path, line, shorten(lines[line - 1].strip() if 0 < line <= len(lines) else ""))


def shorten(text: str) -> str:
    """A line of a file, as far as it is shown."""
    return text if len(text) <= EXCERPT_MOST else text[:EXCERPT_MOST] + "…"


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line of every key, row and element of a TOML text, from 1.

    Raises tomllib.TOMLDecodeError where the text is not TOML.
    """
    tomllib.loads(text)
    scanner = _Scanner(text)
    scanner.read_document()
    return scanner.lines


def nearest_line(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """The line of a part, or of the closest part around it that is written."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Scanner:
    """Walks over a text that is TOML, and notes on which line each part begins."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.seen, self.line = 0, 1         # how far lines have been counted
        self.lines: dict[KeyPath, int] = {}
        self.rows: dict[KeyPath, int] = {}  # how many [[headers]] of a path there were

    def read_document(self) -> None:
        table: KeyPath = ()
        while self._skip_blank():
            if self.text[self.at] == "[":
                table = self._read_header()
            else:
                self._read_pair(table)

    def _note(self, path: KeyPath) -> None:
        self.line += self.text.count("\n", self.seen, self.at)
        self.seen = self.at
        self.lines.setdefault(path, self.line)

    def _skip_blank(self) -> bool:
        """Pass spaces, line ends and comments; whether anything is left."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in " \t\n,":
                self.at += 1
            else:
                return True
        return False

    def _read_header(self) -> KeyPath:
        many = self.text.startswith("[[", self.at)
        start, self.at = self.at, self.at + 1 + many
        keys = self._read_key()
        self.at, end = start, self.at
        path: KeyPath = ()
        for key in keys[:-1]:
            path = self._last_row((*path, key))
        path = (*path, keys[-1])
        if many:
            self.rows[path] = self.rows.get(path, 0) + 1
            self._note(path)
            path = self._last_row(path)
        self._note(path)
        self.at = self.text.index("]", end) + 1 + many
        return path

    def _last_row(self, path: KeyPath) -> KeyPath:
        return (*path, self.rows[path] - 1) if path in self.rows else path

    def _read_pair(self, table: KeyPath) -> None:
        start = self.at
        keys = self._read_key()
        self.at, end = start, self.at
        for count in range(1, len(keys) + 1):
            self._note((*table, *keys[:count]))
        self.at = self.text.index("=", end) + 1
        self._read_value((*table, *keys))

    def _read_key(self) -> list[str]:
        """A key, which dots may join."""
        keys = []
        while True:
            self._skip_blank()
            if self.text[self.at] in "\"'":
                keys.append(self._read_string())
            else:
                start = self.at
                while self.text[self.at].isalnum() or self.text[self.at] in "_-":
                    self.at += 1
                keys.append(self.text[start:self.at])
            while self.text[self.at] in " \t":
                self.at += 1
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _read_value(self, path: KeyPath) -> None:
        self._skip_blank()
        self._note(path)
        sign = self.text[self.at]
        if sign in "\"'":
            self._read_string()
        elif sign == "[":
            self.at += 1
            index = 0
            while self._skip_blank() and self.text[self.at] != "]":
                self._read_value((*path, index))
                index += 1
            self.at += 1
        elif sign == "{":
            self.at += 1
            while self._skip_blank() and self.text[self.at] != "}":
                self._read_pair(path)
            self.at += 1
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _read_string(self) -> str:
        sign = self.text[self.at]
        mark = sign * 3 if self.text.startswith(sign * 3, self.at) else sign
        start = self.at = self.at + len(mark)
        while not self.text.startswith(mark, self.at):
            self.at += 2 if sign == '"' and self.text[self.at] == "\\" else 1
        end = self.at
        self.at += len(mark)
        while len(mark) == 3 and self.text.startswith(sign, self.at):   # a quote before the mark
            self.at += 1
        return self.text[start:end]
