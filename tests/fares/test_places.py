"""The line on which a part of a TOML file is written, however it is written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from network.files import TomlFile
from network.folder import SHIPPED, list_networks
from network.locations import EXCERPT_MOST, KeyPath, lines_of, locate, nearest_line

TEXT = '''# a comment, "quoted" [not a header]
title = "a # b"         # 2
dates = 2024-01-01 07:00:00
text = """
[not.a.header]
key = 1 \\""" still inside
"""
raw = \'\'\'C:\\path\'\'\'\'
list = [
    1, [2, 3],          # 10
    "]",
]
inline = { a = 1, "b c" = [ { d = 2 } ] }
x.y."z.w" = 1
[table]
key = 1                 # 16
[table.sub]
key = 2
[[row]]
rule = "first"          # 20
[[row]]
rule = "second"
bands = [
    { to = 1, pays = 2 },
    { pays = 3 },       # 25
]
[[row.inner]]
deep = 1
[row.table]
key = 3                 # 30
'''

LINES: dict[KeyPath, int] = {
    ("title",): 2, ("dates",): 3, ("text",): 4, ("raw",): 8, ("list",): 9, ("list", 0): 10,
    ("list", 1, 1): 10, ("list", 2): 11, ("inline",): 13, ("inline", "b c", 0, "d"): 13,
    ("x", "y", "z.w"): 14, ("table",): 15, ("table", "key"): 16, ("table", "sub", "key"): 18,
    ("row",): 19, ("row", 0): 19, ("row", 0, "rule"): 20, ("row", 1): 21, ("row", 1, "rule"): 22,
    ("row", 1, "bands", 0, "pays"): 24, ("row", 1, "bands", 1): 25,
    ("row", 1, "inner", 0): 27, ("row", 1, "inner", 0, "deep"): 28, ("row", 1, "table", "key"): 30,
}


def test_every_part_is_found_on_its_line() -> None:
    found = lines_of(TEXT)
    assert {path: found.get(path) for path in LINES} == LINES


def test_lines_end_as_windows_ends_them_too() -> None:
    assert lines_of(TEXT.replace("\n", "\r\n")) == lines_of(TEXT)


def paths_in(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    if isinstance(value, list):
        inside = list(enumerate(value))
    return {path} | {deeper for key, one in inside for deeper in paths_in(one, (*path, key))}


FILES = [path for name in list_networks() for path in sorted((SHIPPED / name).glob("*.toml"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_part_of_every_shipped_table_is_found(path: Any) -> None:
    """And on a line that has its key, where it has one."""
    text = path.read_text("utf-8")
    lines, found = text.split("\n"), lines_of(text)
    parts = paths_in(tomllib.loads(text)) - {()}
    assert parts <= set(found)
    for part in parts:
        if isinstance(part[-1], str):
            assert part[-1] in lines[found[part] - 1]


def test_what_is_not_written_is_shown_around_it() -> None:
    found = lines_of(TEXT)
    assert nearest_line(found, ("row", 1, "bands", 7, "pays")) == 23
    assert nearest_line(found, ("nothing",)) == 1


def test_a_long_line_is_cut(tmp_path: Any) -> None:
    path = tmp_path / "a.toml"
    path.write_text(f'a = "{"x" * 5000}"\n')
    place = TomlFile(path).location(("a",))
    assert place.line == 1
    assert len(place.excerpt) == EXCERPT_MOST + 1


def test_a_line_beyond_the_end_has_no_excerpt(tmp_path: Any) -> None:
    assert locate(tmp_path, "one\n", 9).excerpt == ""


def test_what_is_not_toml_has_no_lines() -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        lines_of("a = ")
