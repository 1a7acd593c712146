"""What stands behind a record of a reject file: its code and the reason, in the file's own form."""

from __future__ import annotations

import codecs
import re

from clearing.intake.layout_model import Layout
from ext.codes import Code

CODE, REASON = "x_code", "x_reason"     # canonical files may have any column that begins so

# Nothing else ends so.
_CODES = "|".join(code.name for code in Code).encode()
# How a reason reads in English, and in Chinese.
LINE = {False: "line {line}{comma}{column}: {reason}",
        True: "第 {line} 行{comma}{column}：{reason}"}
LAST_KEYS = re.compile(rb'(?:, )?"x_code": "[A-Z_]*", "x_reason": "(?:[^"\\]|\\.)*"$')


def _begins(encoding: str) -> bytes:
    """How a reason begins, in any language; a file with the mark of UTF-8 is that all the same."""
    return b"(?:%b)" % b"|".join(
        text.partition("{")[0].encode(one, "replace")
        for text in LINE.values() for one in (encoding, "utf-8"))


def behind_tab(encoding: str) -> re.Pattern[bytes]:
    """What stands behind a record of one length."""
    return re.compile(rb"\t(?:%b) %b[^\t]*\Z" % (_CODES, _begins(encoding)))


def last_columns(encoding: str, delimiter: str) -> re.Pattern[bytes]:
    """The two last columns of a line of CSV."""
    between, begins = re.escape(delimiter.encode(encoding)), _begins(encoding)
    return re.compile(rb'%b(?:%b)%b(?:"%b(?:[^"]|"")*"|%b[^"]*)?\Z' % (
        between, _CODES, between, begins, begins))


def has_note(line: bytes, layout: Layout) -> bool:
    """Whether a record has a note behind it, so that its file is a reject file."""
    if layout.format == "fixed":
        return behind_tab(layout.encoding).search(line) is not None
    return last_columns(layout.encoding, layout.delimiter).search(line) is not None


def is_reject_file(head: bytes, layout: Layout) -> bool:
    """Whether a file of CSV that begins so is one."""
    lines = head.removeprefix(codecs.BOM_UTF8).split(b"\n", layout.head_rows + 1)
    if len(lines) < layout.head_rows + 2:
        return False
    first = lines[layout.head_rows].removesuffix(b"\r")
    if layout.header:
        return has_note(first, layout)
    between = delimiter_of(head, layout)
    return first.replace(b'"', b"").endswith(between.join((b"", CODE.encode(), REASON.encode())))


def delimiter_of(head: bytes, layout: Layout) -> bytes:
    """What parts the columns of a file of CSV that begins so; the mark of UTF-8 knows better."""
    has_mark = head.startswith(codecs.BOM_UTF8)
    return layout.delimiter.encode("utf-8" if has_mark else layout.encoding)
