"""Whether a window may close although records are missing, and what was said of it when it closed.

A network's [completeness] asks for it: of the counters of validators or of cards no number may be
missing, or be there twice, in any window that closes, and no file that a sender owes may be
missing; or an approver names why it closes all the same. Either way the closing run stores what was
found, as a certificate of the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from clearing.answers.approvers import check_approver
from clearing.answers.completeness import Completeness, Side, completeness
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.runs import Certificate
from clearing.book.schema import CERTIFICATES, RECORDS
from network.civil import day_of
from network.errors import OnecardError
from network.language import Phrase, joined
from network.network import load_network


class Named(NamedTuple):
    """Why a window closes although records are missing, and which approver says so."""

    reason: str
    by: str


def certifier(session: Session, named: Named | None
              ) -> Callable[[int, int], Sequence[Certificate]]:
    """What certifies the windows that close, from one to another.

    It raises OnecardError where the network does not let one of them close. This does, where gaps
    are named by nobody who may, or in a network that asks for no completeness.
    """
    network = load_network(session.locator())
    rules = network.model.completeness
    if named is not None:
        if rules is None or rules.gaps == "none":
            raise OnecardError(
                "this network lets no window with gaps close, whoever names them" if rules else
                "gaps are named, and this network does not ask for completeness",
                where=session.locator(), expected='gaps = "named" below [completeness]',
                remedy="leave out --gaps and --by")
        check_approver(session, named.by)
    if rules is None:
        return lambda first, last: ()
    return lambda first, last: [
        certificate for day in _days_of(session.book, first, last, with_empty="files" in rules.of)
        for certificate in _certify(completeness(session, network, day_of(day).isoformat()), day,
                                    rules.of, named, may_be_named=rules.gaps == "named")]


def certificates_of(book: Book, first: int, last: int) -> Mapping[int, list[Certificate]]:
    """What was said of the windows from one to another when they closed, by service day."""
    names = Certificate._fields
    found = book.ask(f"SELECT {', '.join(f'`{name}`' for name in names)} FROM {CERTIFICATES.name} "
                     f"WHERE {book.committed} AND window BETWEEN {first} AND {last} "
                     "ORDER BY window, counters DESC")
    told: dict[int, list[Certificate]] = {}
    for row in zip(*(found[name] for name in names), strict=True):
        values: list[Any] = [value if isinstance(value, str) else int(value) for value in row]
        told.setdefault(values[0], []).append(Certificate(*values))
    return told


def certified_in_words(certificates: Sequence[Certificate]) -> str:
    """One window's: complete, or what is missing and who named it; blank: nobody asked."""
    if not certificates:
        return ""
    missing = sum(one.missing for one in certificates)
    repeated = sum(one.repeated for one in certificates)
    if not missing and not repeated:
        return Phrase("complete")
    return Phrase("{missing:,} missing, {repeated:,} repeated: {reason} ({named_by})",
                  missing=missing, repeated=repeated, reason=certificates[0].reason,
                  named_by=certificates[0].named_by)


def _days_of(book: Book, first: int, last: int, *, with_empty: bool) -> list[int]:
    """Service days with records; with_empty: and those without since the first that had some."""
    found = book.ask(f"SELECT DISTINCT service_day FROM {RECORDS.name} WHERE {book.committed} "
                     f"AND service_day BETWEEN {first} AND {last} ORDER BY service_day")
    days: list[int] = np.asarray(found["service_day"]).tolist()
    if not with_empty:
        return days
    begins = first if book.closed_through is not None else days[0] if days else last
    return list(range(begins, last + 1))


def _certify(found: Completeness, day: int, sides: Sequence[str], named: Named | None, *,
             may_be_named: bool) -> list[Certificate]:
    asked: dict[str, Side] = {name: side for name, side in (
        ("validators", found.devices), ("cards", found.cards), ("files", found.files))
        if name in sides}
    has_gaps = any(side.missing or side.repeated for side in asked.values())
    if has_gaps and named is None:
        raise OnecardError(
            joined(", ", _missing_in_words(asked)), where=found.window,
            expected="every number of a counter once, and every file that is owed, as "
                     "[completeness] asks",
            remedy=Phrase("see which: `onecard completeness --window {window}`; clear the files "
                          "that lack", window=found.window) if not may_be_named else
            Phrase("see which: `onecard completeness --window {window}`; clear the files that "
                   "lack, or say why it closes all the same: --gaps 'WHY' --by CODE",
                   window=found.window))
    reason, by = named if named is not None and has_gaps else ("", "")
    return [Certificate(day, name, side.counted, side.expected, side.found, side.missing,
                        side.repeated, side.set_back, reason, by)
            for name, side in asked.items()]


def _missing_in_words(asked: Mapping[str, Side]) -> Iterator[Phrase]:
    counters = [side for name, side in asked.items() if name != "files"]
    missing, repeated = (sum(side.missing for side in counters),
                         sum(side.repeated for side in counters))
    if missing or repeated:
        yield Phrase("records missing: {missing:,}; there twice: {repeated:,}",
                     missing=missing, repeated=repeated)
    if "files" in asked and asked["files"].missing:
        yield Phrase("{missing:,} files are missing", missing=asked["files"].missing)
