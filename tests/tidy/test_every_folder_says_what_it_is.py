"""Each folder with files has a line on what lives there, so that nobody has to guess.

A package has the docstring of its __init__.py. Any other has a README.md of its own, or a row in
the README.md of a folder above it, whose first cell is its path from there, such as `golden/*/`.
"""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

FOLDERS_OF_ALL = ("clearing", "ext", "fare_tables", "network", "settlement", "benchmarks", "tests",
                  "docs", "examples")
NOT_OURS = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def list_folders() -> list[str]:
    """Folders that have files, by path."""
    found = {path.parent for top in FOLDERS_OF_ALL for path in (ROOT / top).rglob("*")
             if path.is_file() and not NOT_OURS & set(path.parts)}
    return sorted(folder.relative_to(ROOT).as_posix() for folder in found)


def has_docstring(folder: Path) -> bool:
    """Whether it is a package that says what it is."""
    start = folder / "__init__.py"
    return start.exists() and bool(ast.get_docstring(ast.parse(start.read_text("utf-8"))))


def rows_of(readme: Path) -> list[str]:
    """The folders that a README.md has a row for."""
    return re.findall(r"^\| `([\w*/-]+)/` \| \S", readme.read_text("utf-8"), re.MULTILINE)


def fits(folder: str, row: str) -> bool:
    """Whether a row is for a folder, part by part: * is any one part."""
    parts, wanted = folder.split("/"), row.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


@pytest.mark.parametrize("folder", list_folders())
def test_a_folder_has_its_line(folder: str) -> None:
    path = ROOT / folder
    above = [readme for one in path.parents if ROOT in one.parents
             and (readme := one / "README.md").exists()]
    assert has_docstring(path) or (path / "README.md").exists() or any(
        fits(path.relative_to(readme.parent).as_posix(), row)
        for readme in above for row in rows_of(readme)), (
        f"{folder}: write a README.md there, or a row | `{path.name}/` | … | in one above it")


@pytest.mark.parametrize("readme", sorted(
    path.relative_to(ROOT).as_posix() for top in FOLDERS_OF_ALL
    for path in (ROOT / top).rglob("README.md")))
def test_a_line_is_for_a_folder_that_is_there(readme: str) -> None:
    folder = (ROOT / readme).parent
    missing = [row for row in rows_of(ROOT / readme) if not any(folder.glob(row + "/"))]
    assert not missing
