"""The middle of a run: cards cleared on threads, and what that changes written meanwhile.

A run clears its cards from what they were like at the end of the last closed window, with all
records since: those that the book has, and its own. So files and runs decide nothing. Where a
record is of a closed window, or may have come before in one, its card is cleared from an earlier
end of a window in the same way, and what cards were like at the ends since is told again. Where
records of one identity are of both sides of such an end (a correction of the time can be), those
before it are set aside there: handed on with the open rides, to judge those behind it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from clearing.book import Book, OpenRun
from clearing.book.cards import EVERY_CARD, Cards
from clearing.book.native import bytes_of, choose, join_records
from clearing.book.state import State, card_keys, no_state
from clearing.engine.archived import NO_FLOOR, floor_of
from clearing.engine.changed import ALL, Changed, changed_since
from clearing.engine.context import ClearingContext
from clearing.engine.partition import (
    Cleared,
    Clearer,
    Filter,
    Stretch,
    before,
    cards_in,
    filter_of,
    first_day_of,
    of_cards,
    on_threads,
    words_for,
)
from clearing.engine.refunds import reach_of
from clearing.engine.which import are_refunds, identities
from clearing.intake.intake import Intake
from clearing.intake.spill import CARD_FILTER_WORDS
from ext import records
from ext.clearing.partition import add_to_card_filter
from ext.codes import Code
from ext.records import RIDE_FLAGS, Records
from network.civil import DAYS_MOST
from network.errors import OnecardError
from network.language import Phrase
from network.progress import Progress
from settlement.flows import FlowSums

TAPS_OF_A_PARTITION = 16_384
PARTITIONS_MOST = 2_048
HELD_OR_BACK = RIDE_FLAGS["HELD"] | RIDE_FLAGS["REVERSAL"]
TAPS_AT_ONCE = 4 << 20      # of what is cleared again; with all that is made of them, some 3 GiB


@dataclass(frozen=True)
class Loaded:
    """What the book has of some cards."""

    state: State
    taps: Records
    ledger: Records
    first_day: int
    read: Filter | None = None      # of which cards the ledger was read; None: of all

    def without(self, card_filter: Filter) -> Loaded:
        """The same of cards that a filter has not."""
        def others(rows: Records) -> Records:
            return choose(rows, of_cards(rows, card_filter, others=True))
        return Loaded(self.state, others(self.taps), others(self.ledger), self.first_day,
                      self.read)


class Stages:
    """What a run makes of its records, and how much of it there is."""

    def __init__(self, context: ClearingContext, book: Book, run: OpenRun, threads: int,
                 progress: Progress) -> None:
        self.context, self.book, self.run = context, book, run
        self.threads, self.progress = threads, progress
        self.sums = FlowSums()
        # REFUSAL, and whether the book had each (CARRIED).
        self.refused: list[tuple[Records, npt.NDArray[np.bool_]]] = []
        self.rides = self.reversed = self.open_rides = self.held = 0
        last, closed = book.last_run(), book.closed_through
        # Every run leaves open windows as its own tables and engine have them.
        self._changed = changed_since(context, book, set() if last is None else
                                      {(last.network_digest, last.version)})
        self._closed = -1 if closed is None else closed
        self._floor = floor_of(context, book)
        self._partitions = self._done = 0
        self._lock = threading.Lock()

    def clear(self, intake: Intake, *, is_first: bool) -> None:
        """Clear the cards of new records, writing as it goes.

        In which order anything reaches the book decides nothing: it keeps rows by card.
        is_first: the book has nothing of any card yet.
        """
        stretch = Stretch(self._closed, self._closed + 1, self._closed)
        touched = None if is_first else self._touched(intake)
        # What its records made by now is in the ledger, if the same tables and engine made it.
        read = filter_of(0) if touched is not None and self._changed.is_nothing else None
        loaded = self._load(stretch, touched, read)
        self._partitions = intake.partitions
        clearers = self._clearers(loaded, intake.partitions, stretch)
        # Partitions that wait, and why: doubtful taps, entries that are taken back unread.
        waiting: list[tuple[int, Records]] = []
        unread: list[tuple[int, Records]] = []

        def clear_or_wait(clearer: Clearer, partition: int) -> None:
            doubtful = clearer.prepare(intake, partition)
            if len(doubtful):
                waiting.append((partition, doubtful))
                return
            cleared = clearer.clear(partition, may_wait=True)
            if len(cleared.doubtful):
                waiting.append((partition, cleared.doubtful))
            elif len(cleared.contradicted):
                unread.append((partition, cleared.contradicted))
            else:
                self._keep(cleared)

        on_threads(clearers, clear_or_wait, range(intake.partitions))
        self._add(clearers)
        # One question for all of a kind: each costs a walk through the ledger.
        if unread:
            assert touched is not None
            self._clear_unread(intake, stretch, loaded, unread,
                               lambda entries: of_cards(entries, touched))
        if waiting:
            assert touched is not None
            doubtful = join_records([taps for _, taps in waiting], records.TAP)
            self._clear_doubtful(intake, stretch, self._read_ledger(loaded, stretch, touched),
                                 [partition for partition, _ in waiting], doubtful,
                                 self._load)
        if touched is not None and not self._changed.is_nothing:
            # Tables have changed: what other cards have in open windows is cleared by them, too.
            self._clear_again(stretch, self._changed, but=touched)

    def _clear_unread(self, intake: Intake | None, stretch: Stretch, loaded: Loaded,
                      unread: list[tuple[int, Records]],
                      are_cleared: Callable[[Records], npt.NDArray[np.bool_]],
                      cards: Cards = EVERY_CARD) -> None:
        """Clear partitions again of which some take back entries that were not read.

        are_cleared: which entries are of cards whose records were loaded.
        """
        rows = join_records([entries for _, entries in unread], records.ENTRY)
        read = filter_of(len(rows))
        add_to_card_filter(bytes_of(rows), read)
        # Whoever the filter has is taken for read: of these cards the ledger has something.
        known = choose(loaded.taps, of_cards(loaded.taps, read))
        loaded = self._read_ledger(loaded, stretch, read, cards, known)
        # The filter has a few more cards: there are records of those that are cleared alone.
        loaded = replace(loaded, ledger=choose(loaded.ledger, are_cleared(loaded.ledger)))
        self._clear_chosen(intake, self._clearers(loaded, self._partitions, stretch),
                           [partition for partition, _ in unread], None)

    def _clear_doubtful(self, intake: Intake | None, stretch: Stretch, loaded: Loaded,
                        partitions: list[int], doubtful: Records,
                        load: Callable[[Stretch, Filter], Loaded]) -> None:
        """Clear partitions of which some cards may have to be cleared from further back.

        load: what the book has of cards for a stretch.
        """
        late, first_day, barred = self._find_late(doubtful, stretch.base)
        on_time = self._clearers(loaded.without(late), self._partitions, stretch)
        self._bar(barred)
        self._clear_chosen(intake, on_time, partitions, lambda taps: of_cards(
            taps, late, others=True) & ~np.isin(_places(taps), _places(barred)))
        if first_day is None:
            return
        closed = self.book.closed_windows()
        longer = self._since(first_day, closed, stretch)
        loaded = load(longer, late)
        reach = reach_of(self.context, loaded.taps[are_refunds(loaded.taps)])
        # What is late is taken from behind all that these can have taken back (archived.py).
        reach = reach[reach > self._floor]
        if len(reach) and reach.min() <= longer.base:   # what is late can be theirs, too
            longer = self._since(int(reach.min()), closed, stretch)
            loaded = load(longer, late)
        self._clear_chosen(intake, self._clearers(loaded, self._partitions, longer), partitions,
                           lambda taps: of_cards(taps, late)
                           & ~np.isin(_places(taps), _places(barred)), count=False)

    def _since(self, day: int, closed: list[int], stretch: Stretch) -> Stretch:
        """The same stretch from before a day of a closed window on."""
        base = last_before(day, closed)
        assert base >= self._floor, "what left for an archive would be missing"
        return replace(stretch, base=base, windows=sorted(
            {*stretch.windows, *(one for one in closed if one > base)}))

    def _clear_chosen(self, intake: Intake | None, clearers: list[Clearer],
                      partitions: Iterable[int],
                      choose: Callable[[Records], npt.NDArray[np.bool_]] | None, *,
                      count: bool = True) -> None:
        """Clear some of the new records of some partitions, or all, or what the book has alone."""
        def clear(clearer: Clearer, partition: int) -> None:
            clearer.prepare(intake, partition, choose)
            cleared = clearer.clear(partition)
            assert len(cleared.contradicted) == 0, "the ledger of these cards was read"
            self._keep(cleared, count=count)

        on_threads(clearers, clear, partitions)
        self._add(clearers)

    def _find_late(self, doubtful: Records, base: int) -> tuple[Filter, int | None, Records]:
        """The cards with a record in a window up to `base`, and its first day; None: no card has.

        A record that came before, or that contradicts one, is of the other's window, too; a refund
        of all windows that its ride can be of. Also, the new records that came before, or that
        contradict one, where nothing is cleared again: behind the floor.
        """
        found = self.book.find_records(doubtful)
        self.context.register.stamp(found)
        found = found[np.isin(identities(found), identities(doubtful))]
        both = join_records([doubtful, found], records.TAP)
        reach = reach_of(self.context, both)
        barred = self._find_barred(doubtful, both[reach <= self._floor])
        is_late = (reach <= base) & (reach > self._floor) & ~np.isin(
            _places(both), _places(barred))
        both, reach = both[is_late], reach[is_late]
        return cards_in(self.context, both), int(reach.min()) if len(both) else None, barred

    def _find_barred(self, doubtful: Records, behind: Records) -> Records:
        """Of doubtful records the new ones whose identity a record behind the floor has.

        behind: those that the book has.
        """
        if self._floor == NO_FLOOR:
            return doubtful[:0]
        archived = self.book.find_archived(doubtful)
        self.context.register.stamp(archived)
        is_new = doubtful["flags"] & records.TAP_FLAGS["CARRIED"] == 0
        barred: Records = doubtful[is_new & np.isin(identities(doubtful), identities(
            join_records([behind, archived], records.TAP)))]
        return barred

    def _bar(self, taps: Records) -> None:
        """Refuse new records: each contradicts one that cannot be cleared with it any more."""
        if len(taps):
            self.refused.append((_rows_of_refusals(taps, Code.CONFLICT), np.zeros(len(taps), bool)))

    def close(self, day: int) -> None:
        """Clear every card with a record up to a day once more, up to the end of its window."""
        stretch = Stretch(self._closed, self._closed + 1, day, [day])
        # By changed tables also those of which the windows behind have all records.
        is_as_before = self._changed.is_nothing
        self._clear_again(stretch, ALL, until=day if is_as_before else DAYS_MOST,
                          is_as_before=is_as_before and not len(self.context.persons))

    def restate(self, since: int) -> None:
        """Clear by changed tables every card that they can touch on some day or a later one.

        Differences of closed windows are posted in the first open one.
        """
        closed = self.book.closed_windows()
        base = last_before(since, closed)
        stretch = Stretch(base, self._closed + 1, self._closed,
                          [window for window in closed if window > base], restates=True)
        self._clear_again(stretch, changed_since(
            self.context, self.book, self.book.networks_since(since)))

    def _clear_again(self, stretch: Stretch, changed: Changed, *,
                     until: int = DAYS_MOST, but: Filter | None = None,
                     is_as_before: bool = False) -> None:
        """Clear what the book has of cards with a record that something has changed for.

        Some cards at a time: memory does not follow the days that are open. until: the last day of
        these records; but: without these cards. is_as_before: what their records made by now is in
        the ledger, and nothing changes but that a window ends.
        """
        if changed.is_nothing:
            return
        for cards in self.book.split_cards(stretch.base, until, TAPS_AT_ONCE,
                                           self.context.persons):
            # Where it can be anybody's records they are read once, those of later days among them.
            is_all = changed.operators is None
            since = self.book.records_since(stretch.base, until=DAYS_MOST if is_all else until,
                                            cards=cards)
            due = choose(since, changed.of(since) & (since["service_day"] <= until))
            self._check_members(due)
            touched = cards_in(self.context, due)
            loaded = self._load(
                stretch, touched, filter_of(0) if is_as_before else None, cards,
                choose(since, of_cards(since, touched)) if is_all else None)
            if is_as_before:
                loaded = self._end(stretch, loaded)
            self._clear_known(stretch, loaded, cards, but)

    def _end(self, stretch: Stretch, loaded: Loaded) -> Loaded:
        """Tell the state of cards for which nothing changes but that a window ends; the others."""
        self._partitions = partitions_for(len(loaded.taps))
        left = list[Records]()

        def end(clearer: Clearer, partition: int) -> None:
            ended = clearer.end(partition)
            left.append(ended.left)
            self._keep_states(ended.states)
            with self._lock:
                self.open_rides += ended.still_open

        on_threads(self._clearers(loaded, self._partitions, stretch), end,
                   range(self._partitions))
        return replace(loaded, taps=join_records(left, records.TAP))

    def _check_members(self, taps: Records) -> None:
        """Refuse to clear again what a member took part in that has left the network."""
        known = [0, *(member.number for member in self.context.members)]
        for role in ("operator", "issuer"):
            gone = np.setdiff1d(taps[role], known)
            if len(gone):
                code = self.context.names.code("member", int(gone[0]))
                raise OnecardError(
                    Phrase("{role} {code} is not in the network any more, and has records in "
                           "windows that are cleared again", role=role, code=code),
                    where=self.context.network.locator,
                    expected="every member of the days that are open or restated",
                    remedy="put it back into network.toml, with its fare table; it can go when "
                           "its days are closed")

    def _clear_known(self, stretch: Stretch, loaded: Loaded, cards: Cards, but: Filter | None
                     ) -> None:
        """Clear what the book has of some cards, but for others, without new records."""
        self._partitions, self._done = partitions_for(len(loaded.taps)), 0
        waiting: list[tuple[int, Records]] = []
        unread: list[tuple[int, Records]] = []

        def without(loaded: Loaded) -> Loaded:
            return loaded if but is None else loaded.without(but)

        def have_records(entries: Records) -> npt.NDArray[np.bool_]:
            return np.isin(card_keys(entries), card_keys(loaded.taps))

        def clear_or_wait(clearer: Clearer, partition: int) -> None:
            clearer.prepare(None, partition)
            cleared = clearer.clear(partition, may_wait=True, is_known=True)
            if len(cleared.doubtful):
                waiting.append((partition, cleared.doubtful))
            elif len(cleared.contradicted):
                unread.append((partition, cleared.contradicted))
            else:
                self._keep(cleared)

        loaded = without(loaded)
        clearers = self._clearers(loaded, self._partitions, stretch)
        on_threads(clearers, clear_or_wait, range(self._partitions))
        self._add(clearers)
        if unread:
            self._clear_unread(None, stretch, loaded, unread, have_records, cards)
        if waiting:
            if loaded.read is not None:
                whole = self._read_ledger(replace(loaded, read=None), stretch,
                                          cards_in(self.context, loaded.taps), cards)
                loaded = replace(whole, ledger=choose(whole.ledger, have_records(whole.ledger)))
            self._clear_doubtful(
                None, stretch, loaded, [partition for partition, _ in waiting],
                join_records([taps for _, taps in waiting], records.TAP),
                lambda longer, late: without(self._load(longer, late, cards=cards)))

    def _touched(self, intake: Intake) -> Filter:
        """The cards of new records, and all others of their owners."""
        taps = sum(map(intake.count, range(intake.partitions)))
        words = words_for(max(taps, len(self.context.persons)))
        touched = intake.card_filter(min(words, CARD_FILTER_WORDS))
        self.context.persons.spread(touched)
        return touched

    def _load(self, stretch: Stretch, touched: Filter | None, read: Filter | None = None,
              cards: Cards = EVERY_CARD, since: Records | None = None) -> Loaded:
        """What the book has of some cards; None: it is new, and has nothing.

        read: the cards whose entries are read, too; None: all of them. cards: no others, although
        the filter has a few more than were marked. since: their records, where they are known.
        """
        if touched is None:
            nothing = np.zeros(0, records.TAP), np.zeros(0, records.ENTRY)
            return Loaded(no_state(), *nothing, 0)
        state = self.book.load_state(stretch.base, touched) if stretch.base >= 0 else no_state()
        state = replace(state, open_rides=cards.of(state.open_rides))
        open_rides = state.open_rides.copy()
        open_rides["flags"] |= records.TAP_FLAGS["CARRIED"]
        if since is None:
            since = self.book.records_since(stretch.base, touched, cards=cards)
        # Mostly there is no closed window, and what a day's cards have had is not copied.
        taps = join_records([open_rides, since], records.TAP) if len(open_rides) else since
        self.context.check_calendar(int(taps["tapped_at"].max(initial=0)))
        loaded = Loaded(state, taps, np.zeros(0, records.ENTRY),
                        first_day_of(self.context.network, stretch.base), read)
        return loaded if read is not None else self._read_ledger(loaded, stretch, touched, cards)

    def _read_ledger(self, loaded: Loaded, stretch: Stretch, touched: Filter,
                     cards: Cards = EVERY_CARD, of: Records | None = None) -> Loaded:
        """The same with the entries that stand in the ledger of some cards; of: records of them."""
        ledger = self.book.rides_since(loaded.first_day, touched, cards=cards, of=of)
        # Of the last closed days only what is still open there is entered again.
        known = ledger["service_day"] <= stretch.base
        waiting = loaded.state.open_rides
        waiting = waiting[waiting["flags"] & records.TAP_FLAGS["SET_ASIDE"] == 0]
        known &= ~np.isin(_began(ledger, "started_at"), _began(waiting, "tapped_at"))
        return replace(loaded, ledger=choose(ledger, ~known),
                       read=None if loaded.read is None else touched)

    def _clearers(self, loaded: Loaded, partitions: int, stretch: Stretch) -> list[Clearer]:
        before_ = before(
            self.context, loaded.state, loaded.taps, loaded.ledger, loaded.first_day, partitions,
            loaded.read, lambda cards: self.book.rides_written(self.run.number - 1, cards))
        return [Clearer(self.context, before_, stretch) for _ in range(self.threads)]

    def _add(self, clearers: Iterable[Clearer]) -> None:
        for clearer in clearers:
            self.sums.merge(clearer.sums.rows())

    def _keep(self, cleared: Cleared, *, count: bool = True) -> None:
        """Write what a partition made; called from the clearing threads.

        count: whether the partition is done.
        """
        self.run.write_entries(cleared.changes)
        self.run.write_records(cleared.arrived)
        self._keep_states(cleared.states)
        with self._lock:
            self.reversed += cleared.reversed
            self.held += int(np.count_nonzero(
                cleared.changes["flags"] & HELD_OR_BACK == RIDE_FLAGS["HELD"]))
            self.rides += len(cleared.changes) - cleared.reversed
            self.open_rides += cleared.still_open
            if len(cleared.refused):
                self.refused.append(_refusals_of(cleared))
            self._done += count
            self.progress("clear", self._done, self._partitions)


    def _keep_states(self, states: Iterable[tuple[int, Records, Records, Records]]) -> None:
        for window, cards, accumulators, open_rides in states:
            self.run.write_state(window, cards, accumulators, open_rides)


def _refusals_of(cleared: Cleared) -> tuple[Records, npt.NDArray[np.bool_]]:
    """What is told of a partition's refused taps."""
    taps = cleared.refused
    return (_rows_of_refusals(taps, cleared.codes),
            taps["flags"] & records.TAP_FLAGS["CARRIED"] != 0)


def _rows_of_refusals(taps: Records, codes: int | npt.NDArray[np.uint16]) -> Records:
    """REFUSAL of refused taps: a seventh of what they are themselves."""
    rows = np.zeros(len(taps), dtype=records.REFUSAL)
    rows["offset"], rows["line"] = taps["source_offset"], taps["source_line"]
    rows["file"], rows["code"] = taps["source_file"], codes
    return rows


def _places(taps: Records) -> Records:
    """File and line of each."""
    return np.rec.fromarrays([taps["source_file"], taps["source_line"]])


def last_before(day: int, closed: Iterable[int]) -> int:
    """Of closed windows the last before a day; -1: there is none."""
    return max((window for window in closed if window < day), default=-1)


def partitions_for(taps: int) -> int:
    """How many partitions so many taps are cleared in, where no intake has chosen."""
    partitions = 1
    while partitions * TAPS_OF_A_PARTITION < taps and partitions < PARTITIONS_MOST:
        partitions *= 2
    return partitions


def _began(rows: Records, when: str) -> Records:
    """Card, counter and time of a way in."""
    return np.rec.fromarrays([rows["card_hi"], rows["card_lo"], rows["card_seq"], rows[when]])
