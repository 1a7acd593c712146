"""What stands behind a record of a reject file: its code and the reason, in the file's own form."""

from __future__ import annotations

import re

from clearing.intake.layout_model import Layout
from ext.codes import Code

CODE, REASON = "x_code", "x_reason"     # canonical files may have any column that begins so

# Nothing else ends so.
_CODES = "|".join(code.name for code in Code).encode()
_REASON = rb'(?:"line (?:[^"]|"")*"|line [^"]*)?'
BEHIND_TAB = re.compile(rb"\t(?:%b) line [^\t]*\Z" % _CODES)
LAST_KEYS = re.compile(rb'(?:, )?"x_code": "[A-Z_]*", "x_reason": "(?:[^"\\]|\\.)*"$')


def last_columns(encoding: str, delimiter: str) -> re.Pattern[bytes]:
    """The two last columns of a line of CSV."""
    between = re.escape(delimiter.encode(encoding))
    return re.compile(rb"%b(?:%b)%b%b\Z" % (between, _CODES, between, _REASON))


def has_note(line: bytes, layout: Layout) -> bool:
    """Whether a record has a note behind it, so that its file is a reject file."""
    if layout.format == "fixed":
        return BEHIND_TAB.search(line) is not None
    return last_columns(layout.encoding, layout.delimiter).search(line) is not None
