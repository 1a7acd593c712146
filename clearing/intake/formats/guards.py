"""Reject files in a spreadsheet: no cell is a formula, and reading them again changes nothing.

A spreadsheet parts lines by whichever separator its owner's country has, passes over quotes and
controls, and carries out what begins with one of a few signs. So an apostrophe stands before such
a sign wherever a cell may begin, one more where there are some; plain numbers and dashes are left.
What is put in is what is taken off again, byte by byte, also in text of an encoding where a
letter's second byte reads as a separator.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import BinaryIO

HELD_BYTES = 1 << 20        # of a line that goes on
_PASSED_OVER = rb"""(?:[\x00-\x08\x0b\x0c\x0e-\x20"]|\xef\xbb\xbf)*'*"""
# The signs, also wide ones, in UTF-8 and in GB18030.
_SIGNS = rb"[=+\-@]|\xef\xbc[\x8b\x8d\x9d\xa0]|\xa3[\xab\xad\xbd\xc0]"
# Bare numbers and dashes are no formulas, whichever of these ends the cell; in quotes none does.
_HARMLESS = rb"(?:[+-][0-9]+(?:\.[0-9]+)?|-+)[,;|\t\r\n]"
_LAST_LETTER = re.compile(rb"[A-Za-z][^A-Za-z]*\Z")


def guard(text: bytes, delimiter: bytes) -> bytes:
    """Whole lines, of which no cell is a formula. delimiter: what the file itself has."""
    return _pattern(rb"(%b)" % _PASSED_OVER, delimiter).sub(rb"\1'", text)


def unguard(text: bytes, delimiter: bytes) -> bytes:
    """What `guard` made such lines of."""
    return _pattern(rb"(%b)'" % _PASSED_OVER, delimiter).sub(rb"\1", text)


class GuardedLines:
    """Writes lines to a file as `guard` has them, however they come. Use it in a `with`."""

    def __init__(self, out: BinaryIO, delimiter: bytes) -> None:
        self._out, self._delimiter, self._held = out, delimiter, b""

    def write(self, data: bytes) -> None:
        """Take a part of the text; of a line that is too long for any record, bounded."""
        self._held += data
        end = self._held.rfind(b"\n") + 1
        if not end and len(self._held) > HELD_BYTES:
            last = _LAST_LETTER.search(self._held, 1)   # before one nothing is guarded
            end = last.start() if last else len(self._held)
        self._flush(end)

    def __enter__(self) -> GuardedLines:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush(len(self._held))

    def _flush(self, end: int) -> None:
        self._out.write(guard(self._held[:end], self._delimiter))
        self._held = self._held[end:]


@lru_cache
def _pattern(before: bytes, delimiter: bytes) -> re.Pattern[bytes]:
    """Where a cell may begin that is a formula, and what stands before its sign."""
    return re.compile(rb"(?:^|(?<=[,;|\t\r])|(?<=%b))(?!%b)%b(?=%b)" % (
        re.escape(delimiter), _HARMLESS, before, _SIGNS), re.MULTILINE)
