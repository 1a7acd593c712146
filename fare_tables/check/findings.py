"""What a check of tables has to say: a code, a location, what is wrong, what to do about it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from fare_tables.check.notices import WARNINGS
from fare_tables.model import table_version
from fare_tables.source import ROW_NAMES, TableSource
from network.errors import OnecardError, TableError
from network.language import Phrase, joined
from network.locations import Location


class Finding(NamedTuple):
    """Something that a reviewer must look at. Codes are those of fare_tables/check/notices.py."""

    code: str
    where: str              # a table, a row of one, or an operator
    what: str
    remedy: str
    location: Location | None

    @property
    def severity(self) -> Literal["error", "warning"]:
        """Whether the tables may be used all the same."""
        return "warning" if self.code in WARNINGS else "error"


def find_at(source: TableSource, code: str, what: str, remedy: str, *key: str | int) -> Finding:
    """A finding about a table, or about a part of it: ("fare", "flat", "bands") or ("lines",)."""
    row = f" {key[1]}" if len(key) > 1 and key[0] in ROW_NAMES else ""
    return Finding(code, f"{table_version(source.table)}{row}", what, remedy, source.location(key))


def finding_of(error: OnecardError, location: Location | None = None) -> Finding:
    """A refusal as a finding; `location` is for one that does not say its own."""
    code = error.code if isinstance(error, TableError) else "NOT_COMPILED"
    if isinstance(error, TableError) and error.location is not None:
        location = error.location
    what, where = Phrase(error.found), error.where
    if where:
        what = Phrase("{where}: {found}", where=Phrase(where), found=what)
    remedy = joined("\n", (Phrase(part) for part in (error.expected, error.remedy) if part))
    return Finding(code, "", what, remedy, location)
