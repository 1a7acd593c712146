"""The ledger in words: views in which numbers are names, cities, civil times and words.

They say what a network says of its members and its clock, so they are no part of a book: on a
server, where others ask, they are made anew whenever that changes, and a reader of a folder has
them in his own links. Each has its own look at the dictionary, which costs nothing where the
columns that need it are not asked for. What they are made of lies in a subquery under other names:
an alias that is a column's name, too, would take its place in the whole of a SELECT.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from clearing.book.views import CARD
from ext.codes import Cause, Code, CorrectionKind, Reason, RideState, TapKind
from ext.codes import CorrectionReason as Why
from ext.records import RIDE_FLAGS
from network.members import Member

PREFIX = "named_"
_MEMBERS = f"{PREFIX}members"


class Words(NamedTuple):
    """What a network says of the numbers in its book."""

    members: Sequence[Member]       # those that left it, too
    cities: dict[str, str]          # names, by their codes
    provinces: dict[str, str]
    time_zone: str


def named_views(words: Words, database: str) -> dict[str, str]:
    """What each view selects, by its name; the first one is what the others ask.

    database: whose tables they ask, whatever database their readers are in.
    """
    own = f"`{database}`."
    made = _Made(own, words.time_zone)
    return {
        _MEMBERS: _members(words),
        "named_rides": made.entries("rides"),
        "named_ledger": made.entries("ledger"),
        "named_postings": made.postings(),
        "named_flows": made.flows(),
        "named_records": made.records(),
        "named_refusals": made.refusals(),
    }


def is_asked(sql: str) -> bool:
    """Whether a question may be to one of these views."""
    return re.search(rf"\b{PREFIX}\w", sql, re.IGNORECASE) is not None


def quoted(text: str) -> str:
    """Text as SQL has it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(values)}]"


def _members(words: Words) -> str:
    """A row for each member, written out."""
    columns: dict[str, list[str]] = {
        "code": [one.code for one in words.members],
        "name": [one.name for one in words.members],
        "role": [one.role for one in words.members],
        "city": [one.city or "" for one in words.members],
        "city_name": [words.cities.get(one.city or "", "") for one in words.members],
        "province": [one.province or "" for one in words.members],
        "province_name": [words.provinces.get(one.province or "", "") for one in words.members],
    }
    arrays = [f"{_list(quoted(value) for value in values)} AS {name}"
              for name, values in columns.items()]
    numbers = _list(str(one.number) for one in words.members)
    return (f"SELECT toUInt16(member) AS number, {', '.join(columns)} FROM system.one "
            f"ARRAY JOIN {', '.join((f'{numbers} AS member', *arrays))}")


class _Made:
    """The views over a book's own."""

    def __init__(self, own: str, time_zone: str) -> None:
        """own: what stands before the names of its views; time_zone: of the network's clocks."""
        self._own, self._zone = own, quoted(time_zone)

    def entries(self, view: str) -> str:
        numbers = ("started_at", "ended_at", "operator", "issuer", "mode", "line", "vehicle",
                   "device", "from_stop", "to_stop", "state", "medium", "card_kind", "rule",
                   "table", "reason", "window")
        plain = ("run", "card", "card_seq", "distance_m", "age", "due", "price", "paid", "variance",
                 "uncollected", "flags")
        return self._select((
            "run", "toDate(n_window) AS window", "card", "card_seq",
            self._time("started_at"), self._time("ended_at"),
            *self._member("operator"), *self._member("issuer"),
            *self._codes("mode", "line", "vehicle", "device", from_stop="stop", to_stop="stop"),
            _word("state", {int(state): state.name for state in RideState}),
            *self._codes("medium", "card_kind"), "age", "distance_m",
            "due", "price", "paid", "variance", "uncollected", *self._codes("table", "rule"),
            _word("reason", _small(Reason)), _flag("HELD"), _flag("REVERSAL")),
            view, numbers, plain)

    def postings(self) -> str:
        return self._select((
            "run", "toDate(n_window) AS window", "card", "card_seq",
            self._time("started_at"), self._time("ended_at"), *self._member("member"), "side",
            "cause", _word("reason", _small(Reason)), "amount"),
            "postings", ("window", "started_at", "ended_at", "member", "reason"),
            ("run", "card", "card_seq", "side", "cause", "amount"))

    def flows(self) -> str:
        return self._select((
            "run", "toDate(n_window) AS window", *self._member("debtor"),
            *self._member("creditor"), _word("cause", _small(Cause)), "n_count AS items", "amount"),
            "flows", ("window", "debtor", "creditor", "cause", "count"), ("run", "amount"))

    def records(self) -> str:
        numbers = ("service_day", "tapped_at", "in_at", "operator", "issuer", "mode", "line",
                   "vehicle", "device", "stop", "in_stop", "kind", "medium", "card_kind",
                   "first_code", "correction", "correction_reason")
        return self._select((
            "run", "toDate(n_service_day) AS service_day", "card", "card_seq",
            _word("kind", _small(TapKind)), self._time("tapped_at"), self._time("in_at"),
            *self._member("operator"), *self._member("issuer"),
            *self._codes("mode", "line", "vehicle", "device", "stop", in_stop="stop"),
            *self._codes("medium", "card_kind"), "due", "paid",
            _word("first_code", {int(code): code.name for code in Code if code}),
            _word("correction", _small(CorrectionKind)), _word("correction_reason", _small(Why)),
            "source_file", "source_line"),
            "records", numbers, ("run", f"{CARD} AS card", "card_seq", "due", "paid",
                                 "source_file", "source_line"))

    def refusals(self) -> str:
        """With the name of the file, of which there are too many to be looked up one by one."""
        return (
            "SELECT run, file_name AS file, line, offset, "
            f"{_word('code', {int(code): code.name for code in Code if code})}, field, raw "
            "FROM (SELECT run, file AS n_file, line, offset, code AS n_code, field, raw "
            f"FROM {self._own}refusals) AS refused ANY LEFT JOIN (SELECT file AS n_file, "
            f"argMin(name, code) AS file_name FROM {self._own}files GROUP BY file) AS named "
            "USING n_file")

    def _select(self, columns: Sequence[str], view: str, numbers: Sequence[str],
                plain: Sequence[str]) -> str:
        beneath = ", ".join((*plain, *(f"`{name}` AS n_{name}" for name in numbers)))
        return f"SELECT {', '.join(columns)} FROM (SELECT {beneath} FROM {self._own}{view}) AS n"

    def _time(self, column: str) -> str:
        return (f"if(n_{column} = 0, NULL, toDateTime(n_{column}, {self._zone})) AS {column}")

    def _member(self, column: str) -> tuple[str, ...]:
        """A member's code, and what it is called and where it stands."""
        wanted = {column: "code", f"{column}_name": "name", f"{column}_city": "city",
                  f"{column}_city_name": "city_name"}
        return tuple(self._looked_up(column, f"{self._own}{_MEMBERS}", field, name)
                     for name, field in wanted.items())

    def _codes(self, *kinds: str, **columns: str) -> tuple[str, ...]:
        """Codes of the dictionary, of columns of their kind's name, and of others."""
        return tuple(self._looked_up(
            column, f"{self._own}names WHERE kind = '{kind}'", "code", f"`{column}`")
            for column, kind in (*((kind, kind) for kind in kinds), *columns.items()))

    @staticmethod
    def _looked_up(column: str, rows: str, field: str, name: str) -> str:
        """A column whose numbers, which count up from 1, are looked up in other rows.

        Behind nothing for 0, as old stores look nothing up in no rows.
        """
        values = (f"(SELECT arrayPushFront(groupArray({field}), '') "
                  f"FROM (SELECT {field} FROM {rows} ORDER BY number))")
        return f"transform(n_{column} + 1, arrayEnumerate({values}), {values}, '') AS {name}"


def _small(words: Iterable[Cause | CorrectionKind | Reason | TapKind | Why]) -> dict[int, str]:
    return {int(word): word.name.lower() for word in words}


def _word(column: str, words: dict[int, str]) -> str:
    return (f"transform(n_{column}, {_list(map(str, words))}, "
            f"{_list(map(quoted, words.values()))}, '') AS {column}")


def _flag(name: str) -> str:
    """A flag's word, or blank, as lists have it."""
    return f"if(bitAnd(flags, {RIDE_FLAGS[name]}) != 0, '{name.lower()}', '') AS {name.lower()}"
