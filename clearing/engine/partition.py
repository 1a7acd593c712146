"""Clears partitions of cards on threads: new records and the book's in, changes of the ledger out.

A partition holds every record of its cards, so that partitions do not depend on each other: this is
how the work is spread. The stages are kernels (ext/clearing/pipeline.pyx, changes.pyx); nothing
here looks at a single row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from clearing.book import State
from clearing.book.native import bytes_of, choose, join_records, raw_of
from clearing.book.standing import PLACE, by_card, ride_order
from clearing.book.state import list_marked
from clearing.engine.context import ClearingContext
from clearing.engine.refunds import Taken, reach_of, rides_taken, split_refunds, still_waiting
from clearing.engine.which import are_refunds, days_of, end_of, identities
from clearing.intake.intake import Intake
from ext.clearing.changes import list_changes
from ext.clearing.netting import add_flows
from ext.clearing.partition import (
    add_to_card_filter,
    list_by_partition,
)
from ext.clearing.persons import NO_PERSON
from ext.clearing.pipeline import Carried, PartitionPipeline
from ext.clearing.tables import EntryTables
from ext.codes import Code, Reason
from ext.records import CHAIN_ENDED, ENTRY, RIDE_FLAGS, TAP, TAP_FLAGS, Records
from network.network import Network
from settlement.flows import FlowSums
from settlement.windows import window_table

T = TypeVar("T")
SET_ASIDE = np.uint8(TAP_FLAGS["SET_ASIDE"])
Flags = npt.NDArray[np.bool_]
Filter = npt.NDArray[np.uint64]     # of cards, see ext.clearing.partition
REFUSED_RIDES = (Code.NO_FARE, Code.PRICE_OVERFLOW, Code.REBATE_ALONE, Code.CARD_DENIED,
                 Code.ISSUER_NOT_ADMITTED, Code.CARD_NOT_ACTIVE, Code.CARD_EXPIRED)
FILTER_BITS_OF_A_CARD = 128
Listed = tuple[Records, Records, Records]   # rows, and what list_by_partition made of them


@dataclass(frozen=True)
class Stretch:
    """From where on cards are cleared, and what is closed behind that.

    Days are service days since 1970; -1 is before all.
    """

    base: int                       # the cards' state is as at the end of this closed window
    first_open: int                 # differences of closed windows are posted in this one
    ended: int                      # rides of days up to this one, if still open, have no exit
    windows: Sequence[int] = ()     # at the end of these the cards' state is told again
    restates: bool = False          # tables changed: what differs is RESTATED

    @property
    def tells_all(self) -> bool:
        """Whether every card's state is told, or only that of cards with new records."""
        return self.restates or self.ended >= self.first_open


@dataclass(frozen=True)
class Before:
    """What the book has of the cards of a stretch, made ready to be found by partition."""

    carried: Carried
    carried_taps: Listed            # TAP: its records
    states: Carried                 # the same without records
    # ENTRY that stand, of service days from `first_day` on, see Queries.rides_since; of all cards,
    # or of those of `read`: what the others have there is what their records made by now.
    ledger: Listed
    first_day: int
    read: Filter | None
    written: Callable[[Filter], Records]    # ENTRY that stand, as far as they are remembered


@dataclass(frozen=True)
class Cleared:
    """What became of a partition. What is not copied lies in memory that is used again."""

    changes: Records                # ENTRY: what the ledger has to take in
    arrived: Records                # TAP: new records
    refused: Records                # TAP: new records; and the book's (CARRIED), taken before
    codes: npt.NDArray[np.uint16]   # one per refused tap
    still_open: int                 # gate-ins whose rides stay open
    contradicted: Records           # ENTRY: changes that take back what was not read
    doubtful: Records               # TAP: refunds whose rides may be of closed windows
    # At the end of each of the stretch's windows: CARD_STATE, ACCUMULATOR, open rides and what is
    # set aside (TAP).
    states: list[tuple[int, Records, Records, Records]] = field(default_factory=list)

    @property
    def reversed(self) -> int:
        """How many of the changes take an entry back."""
        return int(np.count_nonzero(self.changes["flags"] & RIDE_FLAGS["REVERSAL"]))


@dataclass(frozen=True)
class Ended:
    """What became of a partition for which nothing changes but that a window ends."""

    states: list[tuple[int, Records, Records, Records]]     # as in Cleared
    left: Records       # TAP: of cards for which more changes, as they were loaded
    still_open: int     # gate-ins of other cards whose rides stay open


class Clearer:
    """One thread's pipelines and sums."""

    def __init__(self, context: ClearingContext, before: Before, stretch: Stretch) -> None:
        self.sums = FlowSums()
        self._context, self._before, self._stretch = context, before, stretch
        self._entry_tables = entry_tables(context, stretch.first_open)
        self._pipeline = self._make(before.carried, end_of(context, stretch.ended))
        # Of open windows the ledger has what was made before this stretch ends any ride.
        self._known = self._make(before.carried, end_of(context, stretch.first_open - 1))
        limit_s = context.network.model.ride_limit_s
        self._at_ends = [(window, self._make(before.states, end_of(context, window) - limit_s))
                         for window in stretch.windows]

    def _make(self, carried: Carried, open_from: int) -> PartitionPipeline:
        network = self._context.network
        return PartitionPipeline(
            self._context.pricing_tables, self._entry_tables, carried, self._context.register,
            persons=self._context.persons,
            ride_limit_s=network.model.ride_limit_s, open_from=open_from,
            day_starts_s=network.day_starts_s,
            clock_tolerance_s=network.model.clock_tolerance_s)

    def prepare(self, intake: Intake | None, partition: int,
                choose: Callable[[Records], Records] | None = None) -> Records:
        """Put a partition's records in order: those for which the stretch may begin too late.

        choose: which new records are cleared; None: all.
        """
        # Room for the book's records is made here, too: where a window closes there is no intake.
        taps = self._pipeline.taps(partition, 0 if intake is None else intake.count(partition))
        count = 0
        if intake is not None:
            gathered = intake.gather(partition, taps)
            count = len(gathered)
            if choose is not None:
                chosen = raw_of(gathered)[choose(gathered)]
                count = len(chosen)
                raw_of(taps)[:count] = chosen
        self._pipeline.prepare(partition, count)
        if self._stretch.base < 0:
            return np.zeros(0, TAP)
        taps = self._pipeline.all_taps
        doubtful = np.zeros(len(taps), bool)
        doubtful[:count] = days_of(self._context, taps[:count]) <= self._stretch.base
        doubtful[self._pipeline.maybe_seen] = True
        if doubtful.any():      # who waits is not looked at again
            doubtful |= are_refunds(taps) & (reach_of(self._context, taps) <= self._stretch.base)
        return taps[doubtful]

    def clear(self, partition: int, *, may_wait: bool = False, is_known: bool = False) -> Cleared:
        """Run the kernels on what prepare put in order.

        Where it takes back what was not read, nothing of it may be kept; nor, where it may wait,
        where a refund can be of a ride of a closed window. is_known: no record is new.
        """
        pipeline = self._pipeline
        pipeline.clear()
        nothing = np.zeros(0, TAP)
        doubtful = self._doubtful_refunds(is_known=is_known) if may_wait else nothing
        changes, contradicted = self._changes(partition)
        if len(contradicted) or len(doubtful):
            return Cleared(changes, nothing, nothing, pipeline.codes[:0], 0, contradicted,
                           doubtful)
        self.sums.add_from(self._add_flows(changes), len(changes))
        pipeline.separate()     # the book keeps records as they came
        taps, refused = pipeline.all_taps, pipeline.refused
        arrived = choose(taps, pipeline.arrived)
        if len(self._context.register):
            arrived["generation"] = 0       # it is the register's, which can change
        states = self._states(partition, None if self._stretch.tells_all else arrived)
        return Cleared(changes, arrived, taps[refused], _codes_of(taps, pipeline.codes, refused),
                       len(pipeline.still_open), contradicted, nothing, states)

    def end(self, partition: int) -> Ended:
        """Tell what cards are like at the end of the window of which rides end with this stretch.

        Of those for which nothing else changes: no ride ends, and nothing is in doubt. The others
        are left to be cleared. No record is new, and nobody has several cards.
        """
        [(window, at_end)] = self._at_ends
        pipeline = self._known
        self._clear_known(partition)
        taps = pipeline.all_taps
        is_later = days_of(self._context, taps) > window
        is_open = np.zeros(len(taps), bool)
        is_open[pipeline.still_open] = True
        waiting = _filter_of_cards(taps[(pipeline.codes != Code.OK) | are_refunds(taps)
                                        | (taps["flags"] & SET_ASIDE != 0)
                                        | is_open & ~is_later])
        is_left, later = of_cards(taps, waiting), _filter_of_cards(taps[is_later])
        # A card of which nothing is behind the end is now as it was then.
        cards, accumulators = (
            choose(rows, of_cards(rows, waiting, others=True) & of_cards(rows, later, others=True))
            for rows in (_told(pipeline.cards), pipeline.accumulators))
        states = [(window, cards, accumulators, np.zeros(0, TAP))]
        chosen = of_cards(taps, later) & ~is_left
        if chosen.any():
            states.append((window, *self._state_at(
                choose(taps, chosen), pipeline.codes[chosen], None, partition, window, at_end)))
        own = _rows_of(self._before.carried_taps, partition)
        return Ended(states, choose(own, of_cards(own, waiting)),
                     int(np.count_nonzero(is_open & ~is_left)))

    def _doubtful_refunds(self, *, is_known: bool) -> Records:
        """Refunds that may be of rides before the stretch: those that find none in it.

        And those that had one there, and now find another one here that can be nearer: a gate-in
        is a ride once it can have no exit any more. Of known records these alone: where one found
        no ride when it came, there was none.
        """
        rows, taps = self._pipeline.refunds, self._pipeline.all_taps
        if len(rows) == 0:
            return np.zeros(0, TAP)
        found = taps[rows["refund"]]
        has_one = found["flags"] & SET_ASIDE != 0
        finds_one = rows["found"] != 0
        doubtful = found[has_one & finds_one if is_known else has_one == finds_one]
        own: Records = doubtful[reach_of(self._context, doubtful) <= self._stretch.base]
        return own

    def _add_flows(self, changes: Records) -> Callable[[Records, int], int]:
        """What adds changes to sums, from one on: the pipeline, where they are its own entries."""
        if changes.base is self._pipeline.entries.base:
            return self._pipeline.add_flows
        return lambda sums, done: done + add_flows(changes[done:], sums)

    def _changes(self, partition: int) -> tuple[Records, Records]:
        """What the ledger has to take in; and what of it takes back an entry that was not read."""
        made: Records = self._pipeline.entries
        ledger = _rows_of(self._before.ledger, partition)
        read = self._before.read
        if read is not None:
            ledger = join_records([ledger, self._made_before(partition, read)], ENTRY)
        if len(ledger) == 0 and self._stretch.base < 0:
            return made, ledger
        made, ledger = (
            by_card(choose(rows, rows["service_day"] >= self._before.first_day), ride_order)
            for rows in (made, ledger))
        changes, contradicted = self._list_changes(made, ledger)
        written = self._as_written(ledger, contradicted) if len(contradicted) else None
        if written is not None:
            changes, contradicted = self._list_changes(made, written)[0], contradicted[:0]
        if self._stretch.restates:
            # Who released an entry did so by whatever tables: `verify` asks for it.
            changes["reason"][changes["reason"] < Reason.CLAIM_RELEASED] = Reason.RESTATED
        else:
            self._say_corrected(changes)
        return changes, contradicted

    def _list_changes(self, made: Records, ledger: Records) -> tuple[Records, Records]:
        """The changes; and what of them takes back an entry of a card whose ledger was not read."""
        changes = np.empty(len(made) + len(ledger), ENTRY)
        changes = changes[:list_changes(made, ledger, self._stretch.first_open, changes)]
        contradicted = changes[changes["flags"] & RIDE_FLAGS["REVERSAL"] != 0]
        read = self._before.read
        if read is None:
            return changes, contradicted[:0]
        return changes, contradicted[of_cards(contradicted, read, others=True)]

    def _as_written(self, ledger: Records, contradicted: Records) -> Records | None:
        """The ledger with what was written in the place of what its records made.

        What is taken back is what was written, and says by which run. None: not all of it is
        remembered.
        """
        cards = _filter_of_cards(contradicted)
        written, own = self._before.written(cards), np.flatnonzero(of_cards(ledger, cards))
        found = {key: row for row, key in enumerate(_places_of(written))}
        back = set(_places_of(contradicted))
        if not back <= found.keys():
            return None
        known = ledger.copy()
        for row, key in zip(own.tolist(), _places_of(ledger[own]), strict=True):
            if key in back:
                known[row] = written[found[key]]
        return known

    def _made_before(self, partition: int, read: Filter) -> Records:
        """What the book's records of cards that were not read made, without the new ones."""
        self._clear_known(partition)
        made: Records = self._known.entries
        return choose(made, of_cards(made, read, others=True))

    def _clear_known(self, partition: int) -> None:
        """Clear the book's records as they were, before this stretch."""
        self._known.taps(partition, 0)
        self._known.prepare(partition, 0)
        self._known.clear()

    def _say_corrected(self, changes: Records) -> None:
        """Of cards that have a correction among the new records, say so on what is taken back."""
        taps, arrived = self._pipeline.all_taps, self._pipeline.arrived
        new = choose(taps, arrived)
        corrections = join_records([new[(new["revision"] > 0) | self._takes_back(new)],
                                    self._new_refunds()], TAP)
        if len(corrections):
            caused = np.isin(_cards_of(changes), _cards_of(corrections))
            caused &= changes["flags"] & RIDE_FLAGS["REVERSAL"] != 0
            changes["reason"][caused] = Reason.CORRECTION

    def _new_refunds(self) -> Records:
        """Those among the new records that take a ride back."""
        rows, taps = self._pipeline.refunds, self._pipeline.all_taps
        found = taps[rows["refund"][rows["found"] != 0]]
        new: Records = found[found["flags"] & TAP_FLAGS["CARRIED"] == 0]
        return new

    def _takes_back(self, new: Records) -> npt.NDArray[np.bool_]:
        """Which of some new records say that the charge of another one was given back."""
        back = (new["paid"] <= 0) & (new["flags"] & TAP_FLAGS["HAS_PAID"] != 0)
        corrected = self._pipeline.codes == Code.CORRECTED
        if not back.any() or not corrected.any():
            return np.zeros(len(new), bool)
        names = identities(self._pipeline.all_taps[corrected])
        taken: npt.NDArray[np.bool_] = back & np.isin(identities(new), names)
        return taken

    def _states(self, partition: int, arrived: Records | None
                ) -> list[tuple[int, Records, Records, Records]]:
        """What cards are like at the end of each window: all, or those of new records."""
        if not self._at_ends or (arrived is not None and len(arrived) == 0):
            return []
        taps, codes = self._pipeline.all_taps, self._pipeline.codes
        rows = self._pipeline.refunds
        if arrived is not None:
            chosen = beside(self._context, taps, arrived)
            rows = _renumbered(rows, chosen)
            taps, codes = choose(taps, chosen), codes[chosen]
        taken = rides_taken(self._context, rows, taps)
        return [(window, *self._state_at(taps, codes, taken, partition, window, at_end))
                for window, at_end in self._at_ends]

    def _state_at(self, taps: Records, codes: npt.NDArray[np.uint16], taken: Taken | None,
                  partition: int, window: int, at_end: PartitionPipeline
                  ) -> tuple[Records, Records, Records]:
        """What the partition's cards are like at the end of a window.

        Later records have judged earlier ones of their identity, and will be judged by them; and
        later refunds have taken rides back.
        """
        within = days_of(self._context, taps) <= window
        refused = np.isin(codes, (Code.CONFLICT, Code.CORRECTED, Code.FOREIGN_RECORD,
                                   Code.GIVEN_BACK_IN_PART, Code.UNPROVEN_RECORD,
                                   Code.CONTESTED))
        still_open = np.zeros(0, np.int64)
        while True:
            refunds = split_refunds(self._context, taps, within, taken, window, still_open)
            own = np.flatnonzero(within | refunds.join)
            rows = at_end.taps(partition, len(own))
            raw_of(rows)[:] = raw_of(taps)[own]
            rows["flags"][(refused | refunds.idle)[own]] |= SET_ASIDE
            at_end.prepare(partition, len(own))
            at_end.clear()
            was_open, still_open = still_open, own[at_end.still_open]
            if taken is None or len(was_open) or not np.isin(taken.gate_in, still_open).any():
                break       # else again, as what is open cannot be taken back here
        beside = _beside_later(taps, codes, refused, within) | refunds.join
        beside[still_open] = False
        set_aside = at_end.all_taps[:len(own)][beside[own]]
        set_aside["flags"] |= SET_ASIDE
        refunds_on = refunds.hand_on | still_waiting(taps, taken, refunds, still_open)
        handed_on: Records = np.concatenate(
            [at_end.all_taps[at_end.still_open], set_aside, taps[refunds_on]])
        handed_on["flags"] &= ~np.uint8(TAP_FLAGS["CARRIED"])
        handed_on["generation"] = 0
        return _told(at_end.cards).copy(), at_end.accumulators.copy(), handed_on


def _told(cards: Records) -> Records:
    """CARD_STATE without the named chains that a card is not in."""
    named = (cards["chain"] != 0) & (cards["transfers"] == CHAIN_ENDED)
    return cards if not named.any() else choose(cards, ~named)


def _renumbered(refunds: Records, chosen: Flags) -> Records:
    """REFUND of chosen taps, by their numbers among these."""
    numbers = np.cumsum(chosen, dtype=np.uint32) - np.uint32(1)
    own: Records = refunds[chosen[refunds["refund"]]]
    for name in ("refund", "first_tap", "last_tap"):
        own[name] = numbers[own[name]]
    return own


def _beside_later(taps: Records, codes: npt.NDArray[np.uint16], refused: npt.NDArray[np.bool_],
                  within: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which taps within a stretch have another one of their identity, but no copy, behind it."""
    beside = np.zeros(len(taps), bool)
    if refused.any():           # of such taps at least one is
        names = identities(taps)
        beside = within & (codes != Code.DUPLICATE) & np.isin(names, names[refused])
        beside &= np.isin(names, names[~within])
    return beside


def _codes_of(taps: Records, codes: npt.NDArray[np.uint16], chosen: npt.NDArray[np.uint32]
              ) -> npt.NDArray[np.uint16]:
    """The codes of some taps: of a copy, that of the record that it is a copy of, if any."""
    told = codes[chosen]
    copies = np.flatnonzero(told == Code.DUPLICATE)
    for code in REFUSED_RIDES if len(copies) else ():
        refused = np.flatnonzero(codes == code)
        if len(refused):
            same = np.isin(identities(taps[chosen[copies]]), identities(taps[refused]))
            told[copies[same]] = code
    return told


def _places_of(entries: Records) -> list[tuple[int, ...]]:
    """The place of each in the ledger."""
    return list(zip(*(entries[name].tolist() for name in PLACE), strict=True))


def _cards_of(rows: Records) -> Records:
    return np.rec.fromarrays([rows["card_hi"], rows["card_lo"]])


def entry_tables(context: ClearingContext, first_open: int) -> EntryTables:
    """What entries depend on besides prices: agreements, claim limits, and open windows."""
    model = context.network.model
    return EntryTables(members=context.member_rows, windows=window_table(first_open - 1),
                       holds_uncovered=model.no_agreement == "hold",
                       holds_overlapping=model.agreements_overlap == "hold",
                       **context.agreements._asdict(), **context.claim_limits._asdict())


def first_day_of(network: Network, base: int) -> int:
    """The first service day whose rides can still change behind the end of a window.

    A ride that began on that day can end after it. Older ones that a card's state does not know
    yet are entered again, and come out as they stand.
    """
    if base < 0:
        return 0
    limit_s = network.model.ride_limit_s
    return max(0, base - (limit_s + 86_399) // 86_400 + 1)


def before(context: ClearingContext, state: State, taps: Records, ledger: Records, first_day: int,
           partitions: int, read: Filter | None = None,
           written: Callable[[Filter], Records] = lambda _: np.zeros(0, ENTRY)) -> Before:
    """What a book has of some cards, made ready to be found by partition.

    taps: since the state, its open rides among them; the others: see Before.
    """
    def listed(rows: Records) -> Listed:
        places = np.empty(len(rows), dtype=np.uint32)
        offsets = np.empty(partitions + 1, dtype=np.int64)
        list_by_partition(bytes_of(rows), partitions, places, offsets, context.persons)
        return rows, places, offsets

    cards, accumulators = listed(state.cards), listed(state.accumulators)
    carried_taps = listed(taps)
    return Before(Carried(cards, accumulators, carried_taps), carried_taps,
                  Carried(cards, accumulators, listed(np.zeros(0, TAP))), listed(ledger),
                  first_day, read, written)


def _rows_of(listed_rows: Listed, partition: int) -> Records:
    rows, listed, offsets = listed_rows
    return choose(rows, listed[offsets[partition]:offsets[partition + 1]])


def filter_of(cards: int) -> Filter:
    """Room to mark so many cards, with few others that count as marked."""
    return np.zeros(words_for(cards), np.uint64)


def words_for(cards: int) -> int:
    """Words of a filter of so many cards: with no more than these it is looked up in caches."""
    words = 1 << 6
    while words * 64 < cards * FILTER_BITS_OF_A_CARD:
        words *= 2
    return words


def cards_in(context: ClearingContext, rows: Records) -> Filter:
    """The cards of some rows marked, and all others of their owners: they are cleared together."""
    # A bit that several cards share would have many follow.
    marked = filter_of(max(len(rows), len(context.persons)))
    add_to_card_filter(bytes_of(rows), marked)
    context.persons.spread(marked)
    return marked


def _filter_of_cards(rows: Records) -> Filter:
    """The cards of some rows marked, and few others."""
    cards = filter_of(len(rows))
    add_to_card_filter(bytes_of(rows), cards)
    return cards


def beside(context: ClearingContext, rows: Records, some: Records) -> Flags:
    """Which rows are of the cards of some of them, and of a few more; with all of their owners'."""
    chosen = of_cards(rows, _filter_of_cards(some))
    if len(context.persons):
        numbers = np.empty(len(rows), np.uint32)
        context.persons.number(bytes_of(rows), numbers)
        chosen |= np.isin(numbers, numbers[chosen & (numbers != NO_PERSON)])
    return chosen


def of_cards(rows: Records, card_filter: Filter, *, others: bool = False) -> Flags:
    """Which rows are of the filter's cards (and of a few more), or which are of others."""
    chosen = np.full(len(rows), others)
    chosen[list_marked(bytes_of(rows), card_filter)] = not others
    return chosen


def on_threads(workers: Iterable[T], work: Callable[[T, int], None], items: Iterable[int]) -> None:
    """Have each worker take one item after the other, on a thread of its own, until none is left.

    Raises what a worker raised, when all have stopped.
    """
    workers, waiting = list(workers), iter(list(items))
    stopped = threading.Event()

    def run(worker: T) -> None:
        try:
            while not stopped.is_set():
                item = next(waiting, None)      # of a list: no two threads get the same one
                if item is None:
                    return
                work(worker, item)
        except BaseException:
            stopped.set()
            raise

    with ThreadPoolExecutor(len(workers), thread_name_prefix="clear") as pool:
        try:
            for done in [pool.submit(run, worker) for worker in workers]:
                done.result()
        finally:
            stopped.set()       # also where the user interrupts the waiting
