"""Files and functions short enough to be read at once, lines that fit a window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tidy.source import functions_of, list_files, name_of, text_of

FILE_LINES = 600
FUNCTION_LINES = 70
COLUMNS = 100


@pytest.mark.parametrize("path", list_files(), ids=name_of)
def test_files_functions_and_lines_are_short(path: Path) -> None:
    lines = text_of(path).splitlines()
    assert len(lines) <= FILE_LINES, f"{len(lines)} lines: split it by what it is about"
    long = [f"{one.name} has {one.lines} lines" for one in functions_of(path)
            if one.lines > FUNCTION_LINES]
    assert not long, f"{long}: at most {FUNCTION_LINES}"
    # A word to the linter at the end of a line does not count, as it does not for the linter.
    read = [re.sub(r"\s+# (noqa|type: ignore)\b.*", "", line) for line in lines]
    wide = [f"line {place} has {len(line)} columns" for place, line in enumerate(read, 1)
            if len(line) > COLUMNS]
    assert not wide, f"{wide}: at most {COLUMNS}"
