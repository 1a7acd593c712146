"""What users may ask a book in SQL: one SELECT, which only reads and leaves the form to us."""

from __future__ import annotations

import re

from network.errors import QueryRefused
from network.language import Phrase

# What a user's question begins with, behind comments; and what none has. A store that is told to
# read only still writes files for INSERT INTO FUNCTION and INTO OUTFILE, and takes several at once.
_READS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*"
                    r"(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS)\b",
                    re.IGNORECASE | re.DOTALL)
_WRITES = re.compile(r"\b(?:INSERT|OUTFILE)\b|;\s*\S", re.IGNORECASE)
_FORMS = re.compile(r"\bFORMAT\s+(\w+)\s*(?:;\s*)?(?:SETTINGS\b.*)?$", re.IGNORECASE | re.DOTALL)


def check_question(sql: str, where: str) -> None:
    """Refuse what is no question to a book at a place. Raises QueryRefused."""
    if _READS.match(sql) is None or _WRITES.search(sql) is not None:
        raise changing_refused(where)
    if form := _FORMS.search(sql):
        raise QueryRefused(
            Phrase("the question asks for the form {name}", name=form[1]), where=where,
            expected="a SELECT without FORMAT",
            remedy="leave FORMAT out; --csv, --json, --xlsx FILE and --parquet FILE are forms")


def changing_refused(where: str) -> QueryRefused:
    """The refusal of a question that would change something."""
    return QueryRefused(
        "this statement does not only read", where=where,
        expected="one SELECT, which writes no file: SELECT …",
        remedy="a book is changed by clearing files and closing windows only; --csv and --xlsx "
               "write files")
