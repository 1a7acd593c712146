"""What a book holds, as rows for people and machines: names for numbers, civil times.

Amounts are minor units of the network's currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearing.book import Book
from clearing.book.queries import BY_CARD
from clearing.book.schema import ENTRIES
from clearing.book.stored import PARTS
from clearing.book.views import REVERSAL, RIDES_LEFT
from ext.codes import Cause, Reason, RideState
from ext.records import LEGS_MOST, RIDE_FLAGS, Records
from network.cards import card_text
from network.civil import Clock
from network.members import Member
from network.names import Names

Rows = Iterator[tuple[Any, ...]]

ROWS_AT_A_TIME = 4_096
_BY_CARD = f"{BY_CARD}, {REVERSAL} DESC, flags"   # nothing of a run is left to chance
LATE = Reason.LATE_RECORD.name.lower()
FEES = (Cause.CLEARING_FEE, Cause.ISSUER_FEE, Cause.ACQUIRER_FEE)
RIDE_COLUMNS = (
    "card", "card_seq", "started_at", "ended_at", "operator", "mode", "line", "from_stop",
    "to_stop", "state", "medium", "card_kind", "due", "price", "paid", "variance", "uncollected",
    "table", "rule",
    "window",
)
# What `show rides` has besides: names, the city of the ride, and whether it is another than the
# card's; why it stands.
LISTED_COLUMNS = (*RIDE_COLUMNS, "issuer", "operator_name", "issuer_name", "city", "away", "late",
                  "reason")
ENTRY_COLUMNS = (
    *RIDE_COLUMNS[:-1], "issuer", "age", "reviewed",
    *(f"leg{leg}_{part}" for leg in range(1, LEGS_MOST + 1) for part in PARTS),
    "operator_net", "held", "reason", "window", "run",
)
ENTRY_AMOUNTS = ("due", "price", "paid", "variance", "uncollected", "operator_net",
                 *(f"leg{leg}_amount" for leg in range(1, LEGS_MOST + 1)))
VARIANCE_COLUMNS = ("table", "operator", "device", "variance", "rides", "total")


def cards_of(rows: Records | Mapping[str, npt.NDArray[Any]]) -> list[str]:
    """Card numbers as text."""
    return [card_text(high, low) for high, low in zip(
        rows["card_hi"].tolist(), rows["card_lo"].tolist(), strict=True)]


def civil_times(times: npt.NDArray[np.uint32], clock: Clock) -> list[str]:
    """ISO 8601 civil times; "" for 0."""
    text = np.datetime_as_string((times + clock.offsets_s(times)).astype("datetime64[s]"))
    civil: list[str] = np.where(times == 0, "", text).tolist()
    return civil


def civil_in_sql(seconds: str, clock: Clock) -> str:
    """What clocks show, in seconds since 1970, at the UTC time that an expression of SQL is."""
    offsets, moments = ([*map(int, clock.offsets[name])] for name in ("offset_s", "since"))
    if len(offsets) == 1:
        return f"({seconds} + ({offsets[0]}))"
    return (f"({seconds} + transform(roundDown({seconds}, {moments}), {moments}, {offsets}, "
            f"toInt64({offsets[0]})))")


def days_of(days: npt.NDArray[np.uint16]) -> list[str]:
    """ISO dates of day numbers."""
    dates: list[str] = np.datetime_as_string(days.astype(np.int64).astype("datetime64[D]")).tolist()
    return dates


def slices(rows: int) -> Iterator[slice]:
    """A block's rows, so many at a time as take little memory while they are Python's."""
    return (slice(start, start + ROWS_AT_A_TIME) for start in range(0, rows, ROWS_AT_A_TIME))


class Lister:
    """Rows of a book with the names that its numbers stand for."""

    def __init__(self, book: Book, names: Names, clock: Clock) -> None:
        self.book, self.names, self.clock = book, names, clock

    def codes(self, kind: str, numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The codes of a column of numbers."""
        named, places = np.unique(numbers, return_inverse=True)
        codes = np.array([self.names.code(kind, number) for number in named.tolist()], dtype=object)
        of_rows: npt.NDArray[Any] = codes[places]
        return of_rows

    def rides(self, where: str = "1") -> Rows:
        """Rides in the order of RIDE_COLUMNS, by card and time."""
        for block in self.book.rides(where):
            for some in slices(len(block)):
                yield from self.rides_of(block[some])

    def rides_of(self, entries: Records) -> Rows:
        """The same of entries."""
        return zip(*self._ride_columns(entries), strict=True)

    def listed(self, where: str, members: Sequence[Member]) -> Rows:
        """Rides in the order of LISTED_COLUMNS."""
        names = {one.number: one.name for one in members}
        cities = {one.number: one.city or "" for one in members}
        for rows in (block[some] for block in self.book.rides(where)
                     for some in slices(len(block))):
            operators, issuers = (rows[name].tolist() for name in ("operator", "issuer"))
            reasons = list(map(words_of_reason, rows["reason"].tolist()))
            yield from zip(
                *self._ride_columns(rows), self.codes("member", rows["issuer"]),
                [names.get(one, "") for one in operators], [names.get(one, "") for one in issuers],
                [cities.get(one, "") for one in operators],
                ["away" if cities.get(operator) != cities.get(issuer) else ""
                 for operator, issuer in zip(operators, issuers, strict=True)],
                ["late" if reason == LATE else "" for reason in reasons], reasons, strict=True)

    def _ride_columns(self, rows: Records) -> list[Any]:
        return [
            cards_of(rows), rows["card_seq"].tolist(),
            civil_times(rows["started_at"], self.clock),
            civil_times(rows["ended_at"], self.clock),
            self.codes("member", rows["operator"]), self.codes("mode", rows["mode"]),
            self.codes("line", rows["line"]), self.codes("stop", rows["from_stop"]),
            self.codes("stop", rows["to_stop"]),
            [RideState(state).name for state in rows["state"].tolist()],
            self.codes("medium", rows["medium"]), self.codes("card_kind", rows["card_kind"]),
            *(rows[name].tolist() for name in ("due", "price", "paid", "variance",
                                                  "uncollected")),
            self.codes("table", rows["table"]), self.rules(rows), days_of(rows["window"]),
        ]

    def rules(self, rows: Records) -> list[str]:
        """The fare row and the discount rows that decided, in the order they were applied."""
        rules: list[str] = self.codes("rule", rows["rule"]).tolist()
        legs = rows["legs"]
        for leg in range(1, LEGS_MOST):
            no_row = legs["cause"][:, leg] > Cause.FARE     # but an agreement
            names = self.codes("rule", np.where(no_row, 0, legs["rule"][:, leg]))
            rules = [f"{rule}+{name}" if name and not rule.endswith(f"+{name}") else rule
                     for rule, name in zip(rules, names, strict=True)]
        return rules

    def entries(self, where: str = "1") -> Rows:
        """Ledger entries in the order of ENTRY_COLUMNS."""
        for run in self.book.runs_with_entries(where):
            for block in self.book.entries(f"run = {run} AND ({where})", _BY_CARD):
                for some in slices(len(block)):
                    yield from zip(*self._entry_columns(block[some], run), strict=True)

    def _entry_columns(self, rows: Records, run: int) -> list[Any]:
        found, legs = rows["legs"], list[Any]()
        for leg in range(LEGS_MOST):
            legs += [["" if cause == 0 else words_of_cause(cause)
                      for cause in found["cause"][:, leg].tolist()],
                     self.codes("rule", found["rule"][:, leg]),
                     self.codes("member", found["debtor"][:, leg]),
                     self.codes("member", found["creditor"][:, leg]),
                     found["amount"][:, leg].tolist()]
        fees = np.where(np.isin(found["cause"], FEES), found["amount"], 0).sum(axis=1)
        net = rows["due"] + rows["variance"] - rows["uncollected"] - fees
        return [
            *self._ride_columns(rows)[:-1], self.codes("member", rows["issuer"]),
            [age or "" for age in rows["age"].tolist()], _flagged(rows, "REVIEWED"), *legs,
            net.tolist(),
            _flagged(rows, "HELD"), list(map(words_of_reason, rows["reason"].tolist())),
            days_of(rows["window"]),
            [run] * len(rows),
        ]

    def variances(self, where: str = "1") -> Rows:
        """Where validators charged other than the tables, in the order of VARIANCE_COLUMNS."""
        found = self.book.ask(
            "SELECT `table`, operator, device, variance, count() AS rides, sum(variance) AS total "
            f"FROM ledger WHERE variance != 0 AND ({where}) AND {self.book.as_of_last} "
            "GROUP BY `table`, operator, device, variance "
            "ORDER BY abs(total) DESC, `table`, operator, device, variance")
        return iter(list(zip(
            self.codes("table", np.array(found["table"], dtype=np.uint32)),
            self.codes("member", np.array(found["operator"], dtype=np.uint32)),
            self.codes("device", np.array(found["device"], dtype=np.uint32)),
            *([int(value) for value in found[name]] for name in ("variance", "rides", "total")),
            strict=True)))


def _flagged(rows: Records, flag: str) -> list[str]:
    """The flag's name in small letters where an entry has it."""
    return [flag.lower() if flags & RIDE_FLAGS[flag] else "" for flags in rows["flags"].tolist()]


def flows_of(book: Book, first: int = 0, last: int = 0xFFFF) -> Records:
    """Flows of committed runs, added up, of the windows from `first` to `last`."""
    return book.flows(first, last)


class Uncollected(NamedTuple):
    """What an operator's validators may have charged an issuer's cards, but no record says."""

    window: int
    issuer: int         # member numbers
    operator: int
    rides: int          # less those that are taken back
    amount: int


def uncollected_of(book: Book, first: int = 0, last: int = 0xFFFF) -> list[Uncollected]:
    """What is uncollected in the windows from `first` to `last`: it is in no flow."""
    by = "window, issuer, operator"
    found = book.ask(
        f"SELECT {by}, {RIDES_LEFT} AS rides, sum(uncollected) AS amount "
        f"FROM {ENTRIES.name} WHERE {book.committed} AND uncollected != 0 "
        f"AND window BETWEEN {first} AND {last} "
        f"GROUP BY {by} ORDER BY {by}")
    rows = zip(*(np.asarray(found[name]).tolist() for name in Uncollected._fields), strict=True)
    return [Uncollected(*map(int, row)) for row in rows if row[-2:] != (0, 0)]


def words_of_reason(reason: int) -> str:
    """Why an entry stands in its window, in a word."""
    return Reason(reason).name.lower()


def words_of_cause(cause: int) -> str:
    """A cause in words."""
    return Cause(cause).name.lower()
