"""Take steps of disputes, as the network's terms have them, and post what they hold and award.

Steps are rows of their own, and what they post are flows of the window that is open: each run
writes both, or nothing. settlement/disputes.py judges the steps.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clearing.answers.disputed_rides import DisputedRide, Key, rides_at
from clearing.answers.named_ride import NamedRide
from clearing.answers.payments import newest_run, rows_of
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.payment_rows import DisputeRow
from clearing.book.schema import DISPUTES
from clearing.engine.kept_networks import kept_network
from clearing.engine.payment_run import payment_run
from ext.codes import Code
from ext.records import Records
from network.cards import card_text
from network.civil import day_of, number_of
from network.disputes import find_terms
from network.language import Phrase
from network.model import DisputeTerms
from network.network import Network
from settlement.bank_days import BankDays
from settlement.disputes import (
    OPENINGS,
    Dispute,
    Posting,
    Refused,
    Rules,
    Step,
    open_dispute,
    postings_of,
    take_step,
)
from settlement.flows import FlowSums, OwnFlow, rows_of_flows

_LIST = "look for it with `onecard dispute list`"


@dataclass
class Case:
    """A dispute of the book, with the steps that were taken since."""

    number: int
    key: Key
    service_day: int
    dispute: Dispute
    places: int             # its steps
    terms: DisputeTerms     # as they were when it was opened


class Taken(NamedTuple):
    """A step that was taken, and what it posts."""

    row: DisputeRow
    after: Dispute
    postings: list[Posting]


def ride_text(row: DisputeRow) -> str:
    """The ride of a dispute, as people name it."""
    return f"{card_text(row.card_hi, row.card_lo)}/{row.card_seq}"


def rows_where(book: Book, where: str = "1") -> list[tuple[int, DisputeRow]]:
    """Steps of disputes, each with its run, in the order in which they were taken; where: SQL."""
    names = ", ".join(f"`{name}`" for name, _ in DISPUTES.content)
    return [(run, DisputeRow(*row)) for run, *row in rows_of(
        book, f"SELECT run, {names} FROM disputes WHERE {book.as_of_last} AND ({where}) "
        "ORDER BY dispute, place")]


def dispute_of(row: DisputeRow) -> Dispute:
    """The dispute, as a step has left it."""
    return Dispute(row.claimant, row.operator, row.amount, row.state, row.asked,
                   day_of(row.until) if row.until else None, day_of(row.day), row.awarded)


def key_of(row: DisputeRow) -> Key:
    """The ride of a dispute."""
    return row.card_hi, row.card_lo, row.card_seq


def terms_of(row: DisputeRow, network: Network) -> DisputeTerms:
    """The terms of a dispute; network: as it was when the dispute was opened."""
    terms = find_terms(network.model, row.claimant, row.operator, day_of(row.service_day))
    if terms is None:
        raise LookupError(Phrase("dispute {dispute} is opened by terms that its network has not",
                                 dispute=row.dispute))
    return terms


class Networks:
    """The networks of runs, each read once."""

    def __init__(self, session: Session) -> None:
        self._book, self._digests = session.book, session.book.network_digests()
        self._last = newest_run(session).network_digest
        self._found: dict[str, Network] = {}

    def of(self, run: int | None = None) -> Network:
        """That of a run; None: of the last one."""
        digest = self._last if run is None else self._digests.get(run, self._last)
        if digest not in self._found:
            with kept_network(self._book, digest) as network:
                self._found[digest] = network
        return self._found[digest]


class Docket:
    """The disputes that steps are about: as the book has them, and as these steps leave them."""

    def __init__(self, session: Session, rides: Iterable[Key], numbers: Iterable[int],
                 today: datetime.date) -> None:
        """Read what the book has of these rides, and of disputes of these numbers."""
        self._book, self._last = session.book, newest_run(session)
        self._networks, self._today = Networks(session), today
        self._bank_days = BankDays(self._networks.of())
        self._members = {one.code: one.number for one in session.numbered().members}
        self._codes = {number: code for code, number in self._members.items()}
        keys = {*rides}
        listed = ",".join(f"({high},{low},{seq})" for high, low, seq in keys) or "(0,0,0)"
        self._cases, self.stored = dict[int, Case](), list[DisputeRow]()
        for run, row in rows_where(self._book, (
                f"dispute IN ({', '.join(map(str, {0, *numbers}))}) "
                f"OR (card_hi, card_lo, card_seq) IN ({listed})")):
            self._read(run, row)
        self._by_claim = {(case.key, case.dispute.claimant): case for case in self._cases.values()}
        self._rides = rides_at(self._book, keys, self._last.run)
        self._next = max(number for number, in rows_of(
            self._book, f"SELECT max(dispute) FROM disputes WHERE {self._book.as_of_last}")) + 1
        self.taken: list[Taken] = []

    def _read(self, run: int, row: DisputeRow) -> None:
        """Take in a step that the book has."""
        self.stored.append(row)
        if row.place == 1:
            self._cases[row.dispute] = Case(
                row.dispute, key_of(row), row.service_day, dispute_of(row), 1,
                terms_of(row, self._networks.of(run)))
        case = self._cases[row.dispute]
        case.dispute, case.places = dispute_of(row), row.place

    def take(self, step: Step, ride: NamedRide | None, number: int | None,
             source: tuple[str, int] = ("", 0)) -> Taken:
        """Take a step: an opening one of a ride, any other of a dispute by its number.

        source: SHA-256 and line of the file that has it. Raises Refused.
        """
        if step.step in OPENINGS:
            assert ride is not None, "openings name a ride"
            key = (*ride.bits, ride.card_seq)
            case = self._by_claim.get((key, step.by)) or self._opened(step, key)
        else:
            found = self._cases.get(number or 0)
            if found is None:
                raise Refused(Code.DISPUTE_UNKNOWN, Phrase("the book has no dispute {number}",
                                                           number=number),
                              Phrase("1 to {number}", number=self._next - 1) if self._next > 1 else
                              "one that was opened", _LIST)
            case = found
        return self._take(case, step, source)

    def _take(self, case: Case, step: Step, source: tuple[str, int]) -> Taken:
        is_new = case.places == 0
        before = None if is_new else case.dispute
        after = case.dispute if before is None else take_step(before, step, self._rules(case.terms))
        if is_new:
            self._cases[case.number] = self._by_claim[case.key, step.by] = case
            self._next += 1
        case.dispute, case.places = after, case.places + 1
        row = DisputeRow(
            case.number, case.places, step.step, step.by, number_of(step.on), step.reason,
            *case.key, case.service_day, after.claimant, after.operator, after.amount, after.state,
            after.asked, number_of(after.until) if after.until else 0, after.awarded,
            self._last.closed_through + 1, *source)
        self.taken.append(Taken(row, after, postings_of(before, after, case.terms)))
        return self.taken[-1]

    def _opened(self, step: Step, key: Key) -> Case:
        """A dispute that begins with this step. Raises Refused."""
        ride = self._rides.get(key, DisputedRide())
        if (count := len(ride.standing)) != 1:
            raise Refused(Code.DISPUTE_RIDE, "the ledger has no such ride" if count == 0 else
                          Phrase("{count} rides have this card and counter", count=count),
                          "a ride that stands", "look for it with `onecard show rides`")
        [place] = ride.standing
        operator, day = self._codes[place.operator], day_of(place.service_day)
        owed = ride.owed.get(self._members.get(step.by, 0), 0)
        if owed <= 0:
            debtors = sorted(self._codes[number] for number, amount in ride.owed.items()
                             if amount > 0)
            raise Refused(Code.DISPUTE_PARTY, Phrase("{by} owes {operator} nothing for this ride",
                                                     by=step.by, operator=operator),
                          ", ".join(debtors) or "a ride that somebody pays for, and not one that "
                          "is held", "have a member dispute it that pays for it")
        if ride.window > self._last.closed_through:
            raise Refused(Code.DISPUTE_WINDOW_OPEN,
                          Phrase("window {window} is not closed", window=day_of(ride.window)),
                          "a ride that is settled",
                          "have its operator correct the record; or close the window with "
                          "`onecard settle`")
        terms = find_terms(self._networks.of().model, step.by, operator, day)
        if terms is None:
            raise Refused(Code.DISPUTE_TERMS, Phrase("no terms between {by} and {operator} on "
                                                     "{day}", by=step.by, operator=operator,
                                                     day=day),
                          "dispute_terms that hold for the ride",
                          "add [[dispute_terms]] to network.toml: the next run takes them, such as "
                          "`onecard restate`")
        dispute = open_dispute(step, operator, owed, day, self._rules(terms))
        return Case(self._next, key, place.service_day, dispute, 0, terms)

    def _rules(self, terms: DisputeTerms) -> Rules:
        return Rules(terms, self._bank_days, self._networks.of().model.money, self._today)

    def commit(self) -> int:
        """Store the steps that were taken, and post what they come to; the run's number."""
        rows = [taken.row for taken in self.taken]
        with payment_run(self._book, self._last, [list(row) for row in rows], "dispute") as run:
            run.write_rows(DISPUTES, rows)
            sums = FlowSums()
            for taken in self.taken:
                sums.merge(flows_of_postings(taken.postings, taken.row.window, self._members))
            run.write_flows(sums.rows())
        return run.number


def flows_of_postings(postings: Sequence[Posting], window: int, numbers: Mapping[str, int]
                      ) -> Records:
    """FLOW rows of what a step posts; what is given back counts as less."""
    return rows_of_flows((OwnFlow(one.debtor, one.creditor, one.cause, one.amount,
                                  1 if one.amount > 0 else -1) for one in postings),
                         numbers, window)


def take_one(session: Session, step: Step, ride: NamedRide | None, number: int | None,
             today: datetime.date) -> tuple[int, Taken]:
    """Take one step and commit it; the run, and what became of the dispute.

    Raises OnecardError; Refused where the step cannot be.
    """
    docket = Docket(session, [] if ride is None else [(*ride.bits, ride.card_seq)],
                    [] if number is None else [number], today)
    try:
        taken = docket.take(step, ride, number)
    except Refused as error:
        error.where = (Phrase("dispute {number}", number=number) if ride is None else
                       Phrase("ride {card}/{card_seq}", card=ride.card, card_seq=ride.card_seq))
        raise
    return docket.commit(), taken
