"""One thread's memory: clears one partition of cards after another in it.

Runs the kernels one behind the other without the GIL: order and seen counters (`prepare`), pairing,
pricing and entries (`clear`), netting (`add_flows`). `clear` goes in batches of whole cards, small
enough that rides and charges never leave the cache. A partition holds every tap of its cards, so
that it depends on no other.
"""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from ext.cards cimport card_before, look_ahead, pass_card, same_card, seek_listed
from ext.checked cimport check
from ext.codes cimport Code
from ext.clearing.entries cimport make_rows
from ext.clearing.grey cimport mark_unshown, unmark
from ext.clearing.identity cimport Merged, Merging
from ext.clearing.journeys cimport Pairing, Refund, Refunds, pair_rows, service_day_of
from ext.clearing.keys cimport Key
from ext.clearing.persons cimport Persons, find_person
from ext.clearing.netting cimport OVERFLOWED, add_rows, free_rows
from ext.clearing.order cimport (
    SCRATCH, find_seen_rows, open_states_rows, order_rows, remember_rows, time_of,
)
from ext.clearing.tables cimport EntryTables, PricingTables
from ext.clearing.pricing cimport price_rows
from ext.clearing.register cimport CardRegister, add_facts_rows, stamp_rows, stop_rows
from ext.records cimport (
    BY_COUNTER, CARRIED, SET_ASIDE, Accumulator, CardState, Charge, Entry, Member, Flow, Ride, Tap,
)

from ext import records
from ext.clearing import journeys
from ext.clearing import persons as people

cdef enum:
    BATCH = 1024            # taps that are paired and priced together, and the last card's rest

cdef struct Batch:          # what lies before it
    Py_ssize_t taps
    Py_ssize_t cards
    Py_ssize_t known_accumulators
    Py_ssize_t accumulators
    Py_ssize_t entries
    Py_ssize_t carried


cdef class Carried:
    """What the book has of cards, and which rows of it are each partition's.

    cards: CARD_STATE, by chain, accumulators: ACCUMULATOR, as they were when a window closed;
    records: TAP, flagged CARRIED, that came since. Each sorted by card, each with the `listed` and
    `offsets` that list_by_partition made of it.
    """

    cdef const CardState[::1] _cards
    cdef const Accumulator[::1] _accumulators
    cdef const Tap[::1] _records
    cdef const uint32_t[::1] _cards_listed
    cdef const uint32_t[::1] _accumulators_listed
    cdef const uint32_t[::1] _records_listed
    cdef const int64_t[::1] _cards_offsets
    cdef const int64_t[::1] _accumulators_offsets
    cdef const int64_t[::1] _records_offsets

    def __init__(self, cards not None, accumulators not None, records not None):
        """Each argument: the records, `listed` and `offsets`."""
        self._cards, self._cards_listed, self._cards_offsets = cards
        self._accumulators, self._accumulators_listed, self._accumulators_offsets = accumulators
        self._records, self._records_listed, self._records_offsets = records
        for rows, listed, offsets in (cards, accumulators, records):
            if (len(listed) != len(rows) or len(offsets) < 2 or (np.diff(offsets) < 0).any()
                    or offsets[len(offsets) - 1] != len(rows)
                    or (len(rows) and listed.max() >= len(rows))):
                raise ValueError(f"{len(rows)} rows, {len(listed)} listed, {len(offsets)} offsets: "
                                 "not what list_by_partition makes")

    def count_records(self, Py_ssize_t partition):
        """How many records of a partition the book has."""
        return self._records_offsets[partition + 1] - self._records_offsets[partition]


cdef class PartitionPipeline:
    """The memory, and everything that is the same for all partitions of a run.

    Use it so: `taps` to be filled, `prepare`, `clear`; then `entries`, `cards`, `accumulators`,
    `refused`, `still_open` and `arrived` say what became of the partition, until the next one is
    prepared, and `add_flows` nets its entries.
    """

    cdef PricingTables _tables
    cdef Carried _before
    cdef CardRegister _register
    cdef Persons _persons
    cdef EntryTables _entry_tables
    cdef const Member[::1] _members
    cdef Pairing _pairing
    # By tap.
    cdef Tap[::1] _taps
    cdef uint16_t[::1] _codes
    cdef uint32_t[::1] _order
    cdef uint32_t[::1] _maybe_seen
    cdef uint32_t[::1] _carried
    cdef uint32_t[::1] _refused
    cdef uint32_t[::1] _by_card
    cdef uint32_t[::1] _arrived
    cdef uint8_t[::1] _scratch
    cdef uint8_t[::1] _merged           # Merged; untouched memory costs nothing
    cdef Merging _merging
    cdef uint8_t[::1] _refund_rows      # Refund, likewise
    cdef Refunds _refunds
    cdef int64_t[::1] _moments          # only where there are persons, see pair_rows
    # By card.
    cdef CardState[::1] _known
    cdef CardState[::1] _cards
    cdef Accumulator[::1] _known_accumulators
    cdef Accumulator[::1] _accumulators
    # By ride.
    cdef Ride[::1] _rides
    cdef Charge[::1] _charges
    cdef Entry[::1] _entries
    cdef Flow[::1] _sums
    cdef object _sums_given
    cdef Py_ssize_t _sums_free
    cdef dict _arrays
    cdef Py_ssize_t _tap_count, _kept, _maybe_seen_count, _known_count, _known_accumulators_count
    cdef Py_ssize_t _card_count, _accumulator_count, _entry_count, _carried_count, _refused_count
    cdef Py_ssize_t _arrived_count
    cdef bint _has_persons              # of whom the partition has cards

    def __init__(self, PricingTables tables not None, EntryTables entry_tables not None,
                 Carried before not None, CardRegister register not None, *,
                 int64_t ride_limit_s, int64_t open_from, int64_t day_starts_s,
                 int64_t clock_tolerance_s,
                 Persons persons not None=people.NOBODY):
        """Times are UTC seconds, durations seconds, days counted from 1970; see pair_taps."""
        self._persons = persons
        self._tables, self._before, self._register = tables, before, register
        self._entry_tables, self._members = entry_tables, entry_tables.members
        self._pairing.ride_limit_s = ride_limit_s
        self._pairing.open_from = open_from
        self._pairing.clock = tables.clock
        self._pairing.day_starts_s = day_starts_s
        self._pairing.clock_tolerance_s = clock_tolerance_s
        self._arrays = {}
        self._make_room(BATCH)
        self._make_ride_room(2 * BATCH)
        self._known_accumulators = self._keep("known_accumulators", BATCH, records.ACCUMULATOR)

    cdef object _keep(self, str name, Py_ssize_t count, dtype):
        """A new array under a name."""
        self._arrays[name] = np.empty(count, dtype)
        return self._arrays[name]

    cdef int _make_room(self, Py_ssize_t taps) except -1:
        """Room for so many taps, whatever becomes of them."""
        self._taps = self._keep("taps", taps, records.TAP)
        self._codes = self._keep("codes", taps, np.uint16)
        self._order = self._keep("order", taps, np.uint32)
        self._maybe_seen = self._keep("maybe_seen", taps, np.uint32)
        self._carried = self._keep("carried", taps, np.uint32)
        self._refused = self._keep("refused", taps, np.uint32)
        self._by_card = self._keep("by_card", taps, np.uint32)
        self._arrived = self._keep("arrived", taps, np.uint32)
        self._scratch = self._keep("scratch", taps * SCRATCH, np.uint8)
        self._merged = self._keep("merged", taps * sizeof(Merged), np.uint8)
        self._refund_rows = self._keep("refunds", taps * sizeof(Refund), np.uint8)
        if len(self._persons):
            self._moments = self._keep("moments", taps, np.int64)
        self._known = self._keep("known", taps * self._tables.chains, records.CARD_STATE)
        self._cards = self._keep("cards", taps * self._tables.chains, records.CARD_STATE)
        self._entries = self._keep("entries", taps, records.ENTRY)
        return 0

    cdef int _make_ride_room(self, Py_ssize_t rides) except -1:
        self._rides = self._keep("rides", rides, records.RIDE)
        self._charges = self._keep("charges", rides, records.CHARGE)
        return 0

    def taps(self, Py_ssize_t partition, Py_ssize_t count):
        """An array of `count` taps (TAP) to fill; those of the book are added by prepare."""
        cdef Py_ssize_t room = count + self._before.count_records(partition)
        if room > self._taps.shape[0]:
            self._make_room(room + room // 4)
        return self._arrays["taps"][:count]

    def prepare(self, Py_ssize_t partition, Py_ssize_t count):
        """Put the first `count` taps and the book's in order, with what their cards carried."""
        cdef Py_ssize_t most = self._before._accumulators_offsets[partition + 1] - (
            self._before._accumulators_offsets[partition])
        if count + self._before.count_records(partition) > self._taps.shape[0]:
            raise ValueError(f"{count} taps: more than `taps` gave room for")
        if most > self._known_accumulators.shape[0]:
            self._known_accumulators = self._keep("known_accumulators", most + most // 4,
                                                  records.ACCUMULATOR)
        with nogil:
            _prepare(self, self._before, partition, count)

    def clear(self):
        """Pair, price and enter what prepare put in order."""
        cdef Py_ssize_t longest, most
        longest = _longest_batch(self)
        if longest > self._rides.shape[0]:
            self._make_ride_room(longest + longest // 4)
        most = self._known_accumulators_count + self._kept * self._tables.counts_to_most
        if self._has_persons:
            most *= 2       # behind them what a person's cards have together
        if "accumulators" not in self._arrays or most > self._accumulators.shape[0]:
            self._accumulators = self._keep("accumulators", most + most // 4 + 1,
                                            records.ACCUMULATOR)
        with nogil:
            _clear(self)

    def add_flows(self, sums not None, Py_ssize_t done):
        """Add entries from `done` on to sums; how many are added then, see ext.clearing.netting.

        Nobody else adds to the sums as long as they are handed over again.
        """
        cdef Py_ssize_t added = 0
        cdef int trouble
        if sums is not self._sums_given:
            self._sums = self._sums_given = sums
            self._sums_free = free_rows(self._sums)
        with nogil:
            trouble = add_rows(self._entries[done:self._entry_count], self._sums,
                               &self._sums_free, &added)
        if trouble == OVERFLOWED:
            raise OverflowError("what one member owes another does not fit its row, at entry "
                                f"{done + added}")
        return done + added

    def separate(self):
        """Have records that spoke for others say again what they said when they came."""
        cdef Py_ssize_t i
        cdef Merged *row
        cdef Tap *tap
        for i in range(self._merging.count):
            row = &self._merging.rows[i]
            if row.record == row.kept:
                tap = &self._taps[row.kept]
                row.as_it_came.service_day = tap.service_day
                row.as_it_came.first_code = tap.first_code
                tap[0] = row.as_it_came

    @property
    def all_taps(self):
        """The partition's taps, those of the book last. Where several are one, the first of them
        says what all of them say, until `separate`."""
        return self._arrays["taps"][:self._tap_count]

    @property
    def codes(self):
        """A code per tap."""
        return self._arrays["codes"][:self._tap_count]

    @property
    def maybe_seen(self):
        """Indexes of new taps whose counters the book may have from before its records here."""
        return self._arrays["maybe_seen"][:self._maybe_seen_count]

    @property
    def entries(self):
        """ENTRY, by card, in the order in which they were priced."""
        return self._arrays["entries"][:self._entry_count]

    @property
    def cards(self):
        """CARD_STATE of the cards that had a tap, sorted by card and chain, one for each chain."""
        return self._arrays["cards"][:self._card_count]

    @property
    def accumulators(self):
        """ACCUMULATOR of those cards; sorted by card, but for those of one person."""
        return self._arrays["accumulators"][:self._accumulator_count]

    @property
    def refused(self):
        """Indexes of new taps that are refused, and of the book's that were not when they came."""
        return self._arrays["refused"][:self._refused_count]

    @property
    def still_open(self):
        """Indexes of the gate-ins whose rides stay open."""
        return self._arrays["carried"][:self._carried_count]

    @property
    def refunds(self):
        """REFUND, one for each refund among the kept taps; by card."""
        return self._arrays["refunds"].view(journeys.REFUND)[:self._refunds.count]

    @property
    def arrived(self):
        """Indexes of new taps that the book has not: all but DUPLICATE, with day and code set."""
        return self._arrays["arrived"][:self._arrived_count]


cdef int _prepare(PartitionPipeline pipeline, Carried before, Py_ssize_t partition,
                  Py_ssize_t count) except -1 nogil:
    cdef Py_ssize_t i
    for i in range(before._records_offsets[partition], before._records_offsets[partition + 1]):
        pipeline._taps[count] = before._records[before._records_listed[i]]
        count += 1
    pipeline._tap_count = count
    pipeline._kept = pipeline._known_count = pipeline._known_accumulators_count = 0
    pipeline._maybe_seen_count = 0
    pipeline._merging.rows = <Merged *>&pipeline._merged[0]
    pipeline._merging.count = pipeline._merging.not_paired = 0
    pipeline._refunds.count = 0
    pipeline._has_persons = False
    if count == 0:
        return 0
    if pipeline._register._rows.shape[0]:
        stamp_rows(pipeline._register, pipeline._taps[:count])
    pipeline._kept = order_rows(pipeline._taps[:count], &pipeline._pairing,
                                &pipeline._scratch[0], pipeline._order[:count],
                                pipeline._codes[:count], &pipeline._by_card[0],
                                &pipeline._merging)
    if pipeline._persons._rows.shape[0]:
        for i in range(count):
            if find_person(pipeline._persons, &pipeline._taps[i]) != NULL:
                pipeline._has_persons = True
                break
    _pick_states(pipeline, before, partition)
    _pick_accumulators(pipeline, before, partition)
    if pipeline._known_count:
        pipeline._maybe_seen_count = find_seen_rows(
            pipeline._taps, pipeline._by_card[:pipeline._tap_count],
            pipeline._known[:pipeline._known_count], pipeline._maybe_seen)
    return 0


cdef int _pick_states(PartitionPipeline pipeline, Carried before,
                      Py_ssize_t partition) except -1 nogil:
    """Copy the carried states of the cards that have a tap, kept or not."""
    cdef Py_ssize_t at = before._cards_offsets[partition], i, picked = 0
    cdef Py_ssize_t end = before._cards_offsets[partition + 1]
    cdef const CardState *states
    cdef const uint32_t *listed
    cdef const Tap *tap
    if at == end:
        pipeline._known_count = 0
        return 0
    states, listed = &before._cards[0], &before._cards_listed[0]
    for i in range(pipeline._tap_count):
        tap = &pipeline._taps[pipeline._by_card[i]]
        at = seek_listed(states, sizeof(CardState), listed, at, end, tap)
        if at == end:
            break
        while at < end and same_card(&states[listed[at]], tap):
            pipeline._known[picked] = states[listed[at]]
            check(picked == 0 or not card_before(&pipeline._known[picked],
                                                 &pipeline._known[picked - 1]),
                  b"what cards carried is listed by card")
            picked += 1
            at += 1
            look_ahead(states, sizeof(CardState), listed, at, end)
    pipeline._known_count = picked
    return 0


cdef int _pick_accumulators(PartitionPipeline pipeline, Carried before,
                            Py_ssize_t partition) except -1 nogil:
    """The same for their running accumulators."""
    cdef Py_ssize_t at = before._accumulators_offsets[partition], i, picked = 0
    cdef Py_ssize_t end = before._accumulators_offsets[partition + 1]
    cdef const Accumulator *accumulators
    cdef const uint32_t *listed
    cdef const Tap *tap
    if at == end:
        pipeline._known_accumulators_count = 0
        return 0
    accumulators, listed = &before._accumulators[0], &before._accumulators_listed[0]
    if pipeline._has_persons:       # of cards without taps, too
        for i in range(end - at):
            pipeline._known_accumulators[i] = accumulators[listed[at + i]]
        pipeline._known_accumulators_count = end - at
        return 0
    for i in range(pipeline._tap_count):
        tap = &pipeline._taps[pipeline._by_card[i]]
        at = seek_listed(accumulators, sizeof(Accumulator), listed, at, end, tap)
        while at < end and same_card(&accumulators[listed[at]], tap):
            pipeline._known_accumulators[picked] = accumulators[listed[at]]
            picked += 1
            at += 1
            look_ahead(accumulators, sizeof(Accumulator), listed, at, end)
        if at == end:
            break
    pipeline._known_accumulators_count = picked
    return 0


cdef Py_ssize_t _end_of_batch(PartitionPipeline pipeline, Py_ssize_t start) noexcept nogil:
    """Where the batch ends that begins at a place of the order: behind a card's last tap.

    A person's cards are priced together, and lie anywhere in it.
    """
    cdef Py_ssize_t end = min(start + BATCH, pipeline._kept)
    if pipeline._has_persons:
        return pipeline._kept
    while end < pipeline._kept and same_card(&pipeline._taps[pipeline._order[end]],
                                             &pipeline._taps[pipeline._order[end - 1]]):
        end += 1
    return end


cdef Py_ssize_t _longest_batch(PartitionPipeline pipeline) noexcept nogil:
    cdef Py_ssize_t start = 0, end, longest = 0
    while start < pipeline._kept:
        end = _end_of_batch(pipeline, start)
        longest = max(longest, end - start)
        start = end
    return longest


cdef int _clear(PartitionPipeline pipeline) except -1 nogil:
    cdef Batch done
    cdef Py_ssize_t end
    # What taps were put in order with is free again.
    pipeline._refunds.keys = <Key *>&pipeline._scratch[0]
    pipeline._refunds.spare = pipeline._refunds.keys + pipeline._taps.shape[0]
    pipeline._refunds.rows, pipeline._refunds.count = <Refund *>&pipeline._refund_rows[0], 0
    done.taps = done.cards = done.known_accumulators = done.accumulators = 0
    done.entries = done.carried = 0
    pipeline._card_count = open_states_rows(
        pipeline._taps, pipeline._by_card[:pipeline._tap_count],
        pipeline._known[:pipeline._known_count], pipeline._cards, pipeline._tables.chains)
    while done.taps < pipeline._kept or done.cards < pipeline._card_count:
        end = _end_of_batch(pipeline, done.taps)
        _clear_batch(pipeline, &done, end)
        done.taps = end
    check(done.cards == pipeline._card_count, b"batches are of every card")
    check(done.entries + done.carried <= pipeline._kept, b"no tap is in two entries")
    remember_rows(pipeline._taps, pipeline._by_card[:pipeline._tap_count], pipeline._cards)
    pipeline._entry_count = done.entries
    pipeline._accumulator_count = done.accumulators
    pipeline._carried_count = done.carried
    _refuse_alone(pipeline)
    _share_codes(pipeline)
    _list_outcomes(pipeline)
    return 0


cdef int _clear_batch(PartitionPipeline pipeline, Batch *done, Py_ssize_t end) except -1 nogil:
    """Pair, price and enter the kept taps up to a place of the order."""
    cdef Py_ssize_t rides, unshown, still_open = 0, refused = 0
    cdef Py_ssize_t card_end = pipeline._card_count
    cdef Py_ssize_t known_end = pipeline._known_accumulators_count
    cdef const Tap *last
    cdef int64_t *moments = &pipeline._moments[0] if pipeline._has_persons else NULL
    cdef uint16_t *codes = &pipeline._codes[0] if pipeline._tap_count else NULL
    if end < pipeline._kept:    # else the last cards may have no kept tap at all
        last = &pipeline._taps[pipeline._order[end - 1]]
        card_end = pass_card(&pipeline._cards[0], sizeof(CardState), done.cards,
                             pipeline._card_count, last)
        known_end = pass_card(&pipeline._known_accumulators[0], sizeof(Accumulator),
                              done.known_accumulators, pipeline._known_accumulators_count, last)
    if pipeline._register._stops:
        stop_rows(pipeline._register, pipeline._taps, pipeline._order[done.taps:end],
                  &pipeline._pairing, pipeline._codes)
    rides = pair_rows(pipeline._taps, pipeline._order[done.taps:end], pipeline._members,
                      &pipeline._pairing, pipeline._rides, pipeline._carried[done.carried:],
                      &still_open, &pipeline._refunds, codes, moments)
    done.carried += still_open
    if pipeline._register._rows.shape[0]:
        add_facts_rows(pipeline._register, pipeline._taps, pipeline._rides[:rides])
    done.accumulators += price_rows(
        pipeline._tables, pipeline._rides[:rides], pipeline._cards[done.cards:card_end],
        pipeline._known_accumulators[done.known_accumulators:known_end], pipeline._charges[:rides],
        pipeline._accumulators[done.accumulators:], &refused, pipeline._persons, moments)
    unshown = mark_unshown(pipeline._taps, pipeline._order[done.taps:end], &pipeline._pairing,
                           pipeline._codes)
    done.entries += make_rows(
        pipeline._taps, pipeline._rides[:rides], pipeline._charges[:rides],
        pipeline._entry_tables, pipeline._entries[done.entries:], pipeline._codes)
    if unshown:
        unmark(pipeline._order[done.taps:end], pipeline._codes)
    done.cards, done.known_accumulators = card_end, known_end
    return 0


cdef int _refuse_alone(PartitionPipeline pipeline) except -1 nogil:
    """A refund that finds no ride, nor has one in a window behind, waits for it."""
    cdef Py_ssize_t i
    cdef const Refund *row
    for i in range(pipeline._refunds.count):
        row = &pipeline._refunds.rows[i]
        if not row.found and not pipeline._taps[row.refund].flags & SET_ASIDE:
            pipeline._codes[row.refund] = Code.REBATE_ALONE
    return 0


cdef int _share_codes(PartitionPipeline pipeline) except -1 nogil:
    """What is told of a kept record is told of those that it speaks for."""
    cdef Py_ssize_t i
    cdef const Merged *row
    for i in range(pipeline._merging.count):
        row = &pipeline._merging.rows[i]
        pipeline._codes[row.record] = pipeline._codes[row.kept]
    return 0


cdef int _list_outcomes(PartitionPipeline pipeline) except -1 nogil:
    """List what is refused, and what the book has not yet."""
    cdef Py_ssize_t i, refused = 0, arrived = 0
    cdef Tap *tap
    for i in range(pipeline._tap_count):
        tap = &pipeline._taps[i]
        tap.flags &= ~<uint8_t>BY_COUNTER   # it depends on what else the day has: not to be kept
        # What a correction supersedes is put right, and nothing that its sender has to be told.
        if pipeline._codes[i] != Code.OK and (not tap.flags & CARRIED or (
                tap.first_code == Code.OK and pipeline._codes[i] != Code.CORRECTED)):
            pipeline._refused[refused] = <uint32_t>i
            refused += 1
        if not tap.flags & CARRIED and pipeline._codes[i] != Code.DUPLICATE:
            tap.service_day = service_day_of(time_of(tap), &pipeline._pairing)
            tap.first_code = pipeline._codes[i]
            pipeline._arrived[arrived] = <uint32_t>i
            arrived += 1
    pipeline._refused_count, pipeline._arrived_count = refused, arrived
    return 0
