"""What a book holds: a listing of each thing that it keeps, committed runs only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from clearing.answers import bills, listings, owing
from clearing.answers.brought import reach
from clearing.answers.clocks import list_conflicts, list_off
from clearing.answers.closings import positions_by_window
from clearing.answers.filters import Filter, Selection
from clearing.answers.listings import Lister
from clearing.answers.payments import settled_days
from clearing.answers.postings import POSTING_COLUMNS, count_postings, postings
from clearing.answers.ride_conditions import funder_number
from clearing.answers.session import Session
from clearing.answers.windows import WindowRow, list_windows, next_cut_off
from clearing.book.archived import gone_through
from clearing.book.schema import FILES, REFUSALS
from ext.codes import Code
from network.cards import card_text
from network.civil import day_of
from network.errors import OnecardError
from network.language import Phrase, joined
from network.members import LEVELS
from network.money import Currency
from network.refusals import WORDS
from network.spelling import did_you_mean
from settlement.positions import add_positions

RUN_COLUMNS = ("run", "kind", "network", "taps", "accepted", "known", "refused", "rides",
               "reversed", "open_rides", "due", "paid", "variance", "uncollected", "discounts",
               "digest", "chain")
FILE_COLUMNS = ("run", "file", "name", "records", "accepted", "known", "refused", "code", "message",
                "sha256", "layout", "sender", "kept_in")
FILE_COUNTS = ("records", "accepted", "known", "refused")
REFUSAL_COLUMNS = ("run", "file", "line", "offset", "code", "column", "reason", "record")
CLOCK_COLUMNS = ("operator", "device", "off_s", "records", "compared")
CONFLICT_COLUMNS = ("card", "day", "apart_s", "records")
POSITION_COLUMNS = ("level", "member", "is_owed", "owes", "position")
AMOUNTS = ("due", "price", "paid", "variance", "uncollected")


class Listing(NamedTuple):
    """Rows with their columns, read as they are asked for, while the book is open."""

    title: str
    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]
    counts: tuple[str, ...]             # the columns of numbers that are no money
    money: tuple[str, ...] = ()         # the columns of amounts, in minor units
    currency: Currency | None = None    # of these
    total: Callable[[], int] | None = None      # how many rows, where reading them takes long
    sums: tuple[str, ...] = ()          # columns whose rows add up to something
    is_free: bool = False               # whoever asked named the columns: any can have cards
    aside: tuple[str, ...] = ()         # wide columns, which people's tables have with --wide only

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of counts and amounts."""
        return (*self.counts, *self.money)

    def of_columns(self, names: Sequence[str]) -> Listing:
        """The same with these columns only, in this order. Raises OnecardError."""
        for name in names:
            if name not in self.columns:
                raise OnecardError(
                    Phrase("there is no column {name!r}", name=name),
                    expected=Phrase("some of {columns}", columns=", ".join(self.columns)),
                    remedy=did_you_mean(name, self.columns, Phrase(
                        "name columns of this list, with commas between them")))
        wanted = list(map(self.columns.index, dict.fromkeys(names)))
        return self._replace(columns=tuple(self.columns[index] for index in wanted),
                             rows=(tuple(row[index] for index in wanted) for row in self.rows))


EVERYTHING = Filter()


def show(session: Session, topic: str, wanted: Filter = EVERYTHING) -> Listing:
    """The rows of one of TOPICS that are wanted.

    Raises OnecardError and TableError.
    """
    return TOPICS[topic](session, wanted)


def _select_rides(session: Session, wanted: Filter) -> Selection:
    """Which rides are wanted; those that have left for an archive are brought back first."""
    selected = wanted.select(session)
    _bring_back(session, selected)
    return selected


def _bring_back(session: Session, selected: Selection) -> None:
    """Bring the archived windows back of which rides are asked for."""
    reach(session, *selected.days, run=selected.run or selected.since_run or 0)


def lister(session: Session) -> Lister:
    """A book's rows with the names that their numbers stand for."""
    network = session.described()
    return Lister(session.book, session.names(), network.clock)


def _rides(session: Session, wanted: Filter) -> Listing:
    where = _select_rides(session, wanted).of_entries()
    members = session.numbered().members
    return Listing("rides", listings.LISTED_COLUMNS, lister(session).listed(where, members), (),
                   AMOUNTS,
                   _currency(session), lambda: _count(session, "rides", where), AMOUNTS)


def _entries(session: Session, wanted: Filter) -> Listing:
    where = _select_rides(session, wanted).of_entries()
    return Listing("entries", listings.ENTRY_COLUMNS, lister(session).entries(where), (),
                   listings.ENTRY_AMOUNTS, _currency(session),
                   lambda: _count(session, "ledger", where), (*AMOUNTS, "operator_net"))


def _postings(session: Session, wanted: Filter) -> Listing:
    selected = _select_rides(session, wanted)
    return Listing("postings", POSTING_COLUMNS, postings(session, selected), (), ("amount",),
                   _currency(session), lambda: count_postings(session, selected))


def _variances(session: Session, wanted: Filter) -> Listing:
    return Listing("variances: validator less table", listings.VARIANCE_COLUMNS,
                   lister(session).variances(_select_rides(session, wanted).of_entries()),
                   ("rides",), ("variance", "total"), _currency(session),
                   sums=("rides", "total"))


def _positions(session: Session, wanted: Filter) -> Listing:
    selected, numbered = wanted.select(session), session.numbered()
    windows, currency = selected.windows or (), numbered.network.model.money
    members = selected.members
    whose = None if members is None else {(level, one.place(level)) for one in numbered.members
                                          for level in LEVELS if one.number in members}
    flows = listings.flows_of(session.book, *windows)
    by_window = (some for _, some in positions_by_window(session, flows))
    positions = [one for one in add_positions(by_window) if wanted.level in (None, one.level)
                 and (whose is None or (one.level, one.member) in whose)]
    # What stays of archived windows does not say what was uncollected.
    is_whole = gone_through(session.book) < selected.days[0]
    uncollected = sum(one.amount for one in listings.uncollected_of(
        session.book, *windows)) if is_whole else 0
    title = Phrase("positions: what each is owed less what it owes; every level adds up to 0")
    if uncollected:
        title = joined("; ", (title, Phrase("{uncollected} {currency} uncollected is in none of "
                                            "them", uncollected=currency.text(uncollected),
                                            currency=currency.name)))
    return Listing(title, POSITION_COLUMNS, ((*one, one.net) for one in positions), (),
                   POSITION_COLUMNS[2:], currency)


def _obligations(session: Session, wanted: Filter) -> Listing:
    selected, level = wanted.select(session), wanted.level or "member"
    if selected.is_of_rides:
        _bring_back(session, selected)
    title = (Phrase("obligations: what each {level} owes another for these rides", level=level)
             if selected.is_of_rides
             else Phrase("obligations: what each {level} owes another", level=level))
    return Listing(title, owing.OBLIGATION_COLUMNS,
                   owing.obligations(session, selected, level), ("items",),
                   ("amount",), _currency(session), sums=("items", "amount"))


def _flows(session: Session, wanted: Filter) -> Listing:
    return Listing("flows: what each run brought members to owe another", owing.FLOW_COLUMNS,
                   owing.flows(session, wanted.select(session)), ("items",), ("amount",),
                   _currency(session), sums=("items", "amount"))


def _instructions(session: Session, wanted: Filter) -> Listing:
    return Listing("instructions of closed windows", owing.INSTRUCTION_COLUMNS,
                   owing.instructions(session, wanted.select(session)), (), ("amount",),
                   _currency(session))


def _concessions(session: Session, wanted: Filter) -> Listing:
    return Listing("concessions: who paid for whose rides", owing.CONCESSION_COLUMNS,
                   owing.concessions(session, _select_rides(session, wanted),
                                     None if wanted.funder is None
                                     else funder_number(session, wanted.funder)),
                   ("rides",), ("amount",), _currency(session), sums=("rides", "amount"))


def _bills(session: Session, wanted: Filter) -> Listing:
    _bring_back(session, wanted.select(session))
    return Listing("bills of funders by their terms, what they differ by from what windows settle, "
                   "and what of that is posted", bills.BILL_COLUMNS,
                   bills.list_bills(session, wanted), ("rides",), bills.BILL_COLUMNS[5:],
                   _currency(session))


def _runs(session: Session, wanted: Filter) -> Listing:
    return Listing("runs", RUN_COLUMNS,
                   (tuple(getattr(run, name) for name in RUN_COLUMNS)
                    for run in session.book.runs(_of_runs(wanted))),
                   RUN_COLUMNS[3:10], RUN_COLUMNS[10:-2], _currency(session),
                   aside=("digest", "chain"))


def _files(session: Session, wanted: Filter) -> Listing:
    found = session.book.ask(f"SELECT {', '.join(FILE_COLUMNS)} FROM {FILES.name} "
                               f"WHERE {_of_run(session, wanted)} "
                               "ORDER BY run, file, code, name, sha256")
    rows = zip(*(list(found[name]) for name in FILE_COLUMNS), strict=True)
    return Listing("files", FILE_COLUMNS,
                   (tuple(Code(int(value)).name if column == "code" else
                          value if isinstance(value, str) else int(value)
                          for column, value in zip(FILE_COLUMNS, row, strict=True))
                    for row in rows),
                   FILE_COUNTS, sums=FILE_COUNTS, aside=("sha256", "layout", "sender", "kept_in"))


def _refusals(session: Session, wanted: Filter) -> Listing:
    from clearing.answers.refused_columns import RefusedColumns  # other lists need no engine

    reach(session, run=wanted.run or wanted.since_run or 0)
    names = {int(number): str(name) for number, name in zip(
        *session.book.ask(f"SELECT file, name FROM {FILES.name} WHERE {session.book.committed} "
                            "ORDER BY code DESC, run DESC").values(), strict=True)}
    where = f"{_of_run(session, wanted)} AND {_of_code(wanted.reason)}"
    blocks = session.book.store.blocks("SELECT run, file, line, offset, code, field, raw "
                                       f"FROM {REFUSALS.name} WHERE {where} "
                                       "ORDER BY run, file, offset, line, code, field, raw")
    columns = RefusedColumns(session)
    return Listing("refusals", REFUSAL_COLUMNS,
                   ((int(run), names.get(int(file), ""), int(line), int(offset),
                     Code(int(code)).name, columns.name(int(file), int(field)),
                     WORDS[Code(int(code))], str(raw))
                    for block in blocks
                    for run, file, line, offset, code, field, raw in zip(
                        *block.values(), strict=True)),
                   ("line", "offset"), total=lambda: int(session.book.ask(
                       f"SELECT count() AS rows FROM {REFUSALS.name} WHERE {where}")["rows"][0]),
                   aside=("offset", "reason"))


def _clocks(session: Session, wanted: Filter) -> Listing:
    names = session.names()
    found = list_off(session.book, session.register(), _of_records(session, wanted))
    # Whose clock is off shows beside other operators' only: so it is looked for among all of them.
    return Listing("clocks that are off, in seconds; below 0 they are behind", CLOCK_COLUMNS,
                   ((names.code("member", one.operator), names.code("device", one.device),
                     one.off_s, one.records, one.compared) for one in found
                    if wanted.operator in (None, names.code("member", one.operator))),
                   CLOCK_COLUMNS[2:])


def _clock_conflicts(session: Session, wanted: Filter) -> Listing:
    tolerance_s = session.described().model.clock_tolerance_s
    found = list_conflicts(session.book, session.register(), tolerance_s,
                           _of_records(session, wanted))
    return Listing(Phrase("CLOCK_CONFLICT: clocks over {tolerance_s} s apart, and the day is by "
                          "time", tolerance_s=tolerance_s),
                   CONFLICT_COLUMNS,
                   ((card_text(one.card_hi, one.card_lo), day_of(one.day).isoformat(),
                     one.apart_s, one.records) for one in found), CONFLICT_COLUMNS[2:])


def _of_run(session: Session, wanted: Filter) -> str:
    """A condition on tables that are written by runs: committed, and the one named."""
    return f"{session.book.committed} AND {_of_runs(wanted)}"


def _of_runs(wanted: Filter) -> str:
    parts = [f"run {sign} {run}" for sign, run in (("=", wanted.run), (">=", wanted.since_run))
             if run is not None]
    return " AND ".join(parts) or "1"


def _of_code(name: str | None) -> str:
    """A condition on refusals: they are of this code. Raises OnecardError."""
    if name is None:
        return "1"
    known = [code.name for code in Code]
    if name not in known:
        raise OnecardError(Phrase("no record is refused as {name!r}", name=name),
                           expected="a code, as `onecard show refusals` lists them",
                           remedy=did_you_mean(name, known, Phrase(
                               "write it in capitals, such as TIME_INVALID")))
    return f"code = {int(Code[name])}"


def _of_records(session: Session, wanted: Filter) -> str:
    """A condition on received records; their window is the day of their own time.

    One can have come when a later window closed, so all from the first on are brought back.
    """
    selected = wanted.select(session)
    reach(session, selected.days[0], run=selected.run or selected.since_run or 0)
    return selected.of_rows("service_day")


def _count(session: Session, view: str, where: str) -> int:
    found = session.book.ask(f"SELECT count() AS rows FROM {view} "
                               f"WHERE {session.book.as_of_last} AND ({where})")
    return int(found["rows"][0])


def _windows(session: Session, wanted: Filter) -> Listing:
    first, last = wanted.select(session).days
    rows = list_windows(session, first, last, wanted.now_s, settled_days(session))
    coming = next_cut_off(rows)
    title = (Phrase("windows; the next cut-off is {coming}", coming=coming) if coming
             else Phrase("windows"))
    blank = () if any(row.completeness for row in rows) else ("completeness",)
    return Listing(title, WindowRow._fields, iter(rows), (), aside=(*blank, "root"))


def _currency(session: Session) -> Currency:
    return session.described().model.money


TOPICS: dict[str, Callable[[Session, Filter], Listing]] = {
    "rides": _rides, "entries": _entries, "postings": _postings, "positions": _positions,
    "obligations": _obligations, "flows": _flows, "instructions": _instructions,
    "concessions": _concessions, "bills": _bills, "runs": _runs, "files": _files,
    "refusals": _refusals, "variances": _variances,
    "windows": _windows, "clocks": _clocks, "clock-conflicts": _clock_conflicts,
}
