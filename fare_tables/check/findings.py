"""What a check of tables has to say: a code, a place, what is wrong and what to do about it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from fare_tables.check.notices import WARNINGS
from fare_tables.model import table_version
from fare_tables.source import TableSource
from network.files import TableError
from network.locations import Location


class Finding(NamedTuple):
    """Something that a reviewer must look at. Codes are those of fare_tables/check/notices.py."""

    code: str
    where: str              # a table, a row of one, or an operator
    what: str
    remedy: str
    place: Location | None

    @property
    def severity(self) -> Literal["error", "warning"]:
        """Whether the tables may be used all the same."""
        return "warning" if self.code in WARNINGS else "error"


def find_at(written: TableSource, code: str, what: str, remedy: str, rule: str = "",
            hint: str = "") -> Finding:
    """A finding about a table, or about the row that a rule names."""
    return Finding(code, f"{table_version(written.table)} {rule}".rstrip(), what, remedy,
                   written.place(rule, hint))


def finding_of(error: TableError) -> Finding:
    """A refusal as a finding."""
    what, _, remedy = error.words.partition("\n")
    return Finding(error.code, "", what, remedy, error.place)
