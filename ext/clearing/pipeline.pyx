"""One thread's memory: clears one partition of cards after another in it.

Runs the kernels one behind the other without the GIL: order and seen counters (`prepare`), pairing,
pricing and entries (`clear`), netting (`add_flows`). `clear` goes in batches of whole cards, small
enough that rides and charges never leave the cache. A partition holds every tap of its cards, so
that it depends on no other.
"""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.cards cimport card_before, look_ahead, pass_card, same_card, seek_listed
from ext.checked cimport check
from ext.codes cimport Code, TapKind
from ext.clearing.entries cimport make_rows
from ext.clearing.journeys cimport Pairing, pair_rows
from ext.clearing.netting cimport OVERFLOWED, add_rows, free_rows
from ext.clearing.order cimport SCRATCH, find_seen_rows, open_states_rows, order_rows, remember_rows
from ext.clearing.tables cimport EntryTables, PricingTables
from ext.clearing.pricing cimport price_rows
from ext.records cimport (
    CARRIED, Accumulator, CardState, Charge, Entry, Member, Flow, Ride, Tap,
)

from ext import records

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
    """What cards carry from earlier runs, and which rows of it are each partition's.

    cards: CARD_STATE; accumulators: ACCUMULATOR; open_rides: TAP; each sorted by card, each with
    the `listed` and `offsets` that list_by_partition made of it.
    """

    cdef const CardState[::1] _cards
    cdef const Accumulator[::1] _accumulators
    cdef const Tap[::1] _open_rides
    cdef const uint32_t[::1] _cards_listed
    cdef const uint32_t[::1] _accumulators_listed
    cdef const uint32_t[::1] _open_listed
    cdef const int64_t[::1] _cards_offsets
    cdef const int64_t[::1] _accumulators_offsets
    cdef const int64_t[::1] _open_offsets

    def __init__(self, cards not None, accumulators not None, open_rides not None):
        """Each argument: the records, `listed` and `offsets`."""
        self._cards, self._cards_listed, self._cards_offsets = cards
        self._accumulators, self._accumulators_listed, self._accumulators_offsets = accumulators
        self._open_rides, self._open_listed, self._open_offsets = open_rides
        for rows, listed, offsets in (cards, accumulators, open_rides):
            if (len(listed) != len(rows) or len(offsets) < 2 or (np.diff(offsets) < 0).any()
                    or offsets[len(offsets) - 1] != len(rows)
                    or (len(rows) and listed.max() >= len(rows))):
                raise ValueError(f"{len(rows)} rows, {len(listed)} listed, {len(offsets)} offsets: "
                                 "not what list_by_partition makes")

    def count_open(self, Py_ssize_t partition):
        """How many taps of a partition are carried."""
        return self._open_offsets[partition + 1] - self._open_offsets[partition]


cdef class PartitionPipeline:
    """The memory, and everything that is the same for all partitions of a run.

    Use it so: `taps` to be filled, `prepare`, a verdict in `codes` on every one of `maybe_seen`,
    `clear`; then `entries`, `cards`, `accumulators`, `refused`, `carried` and `events` say what
    became of the partition, until the next one is prepared, and `add_flows` nets its entries.
    """

    cdef PricingTables _tables
    cdef Carried _before
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
    cdef uint32_t[::1] _events
    cdef uint8_t[::1] _scratch
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
    cdef Py_ssize_t _event_count

    def __init__(self, PricingTables tables not None, EntryTables entry_tables not None,
                 Carried before not None, *, int64_t ride_limit_s, int64_t watermark,
                 int64_t civil_offset_s, int64_t day_starts_s):
        """Times are UTC seconds, durations seconds, days counted from 1970; see pair_taps."""
        self._tables, self._before = tables, before
        self._entry_tables, self._members = entry_tables, entry_tables.members
        self._pairing.ride_limit_s = ride_limit_s
        self._pairing.watermark = watermark
        self._pairing.civil_offset_s = civil_offset_s
        self._pairing.day_starts_s = day_starts_s
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
        self._events = self._keep("events", taps, np.uint32)
        self._scratch = self._keep("scratch", taps * SCRATCH, np.uint8)
        self._known = self._keep("known", taps, records.CARD_STATE)
        self._cards = self._keep("cards", taps, records.CARD_STATE)
        self._entries = self._keep("entries", taps, records.ENTRY)
        return 0

    cdef int _make_ride_room(self, Py_ssize_t rides) except -1:
        self._rides = self._keep("rides", rides, records.RIDE)
        self._charges = self._keep("charges", rides, records.CHARGE)
        return 0

    def taps(self, Py_ssize_t partition, Py_ssize_t count):
        """An array of `count` taps (TAP) to fill; those that are open are added by prepare."""
        cdef Py_ssize_t room = count + self._before.count_open(partition)
        if room > self._taps.shape[0]:
            self._make_room(room + room // 4)
        return self._arrays["taps"][:count]

    def prepare(self, Py_ssize_t partition, Py_ssize_t count):
        """Put the first `count` taps and the open ones in order, with what their cards carried."""
        cdef Py_ssize_t most = self._before._accumulators_offsets[partition + 1] - (
            self._before._accumulators_offsets[partition])
        if count + self._before.count_open(partition) > self._taps.shape[0]:
            raise ValueError(f"{count} taps: more than `taps` gave room for")
        if most > self._known_accumulators.shape[0]:
            self._known_accumulators = self._keep("known_accumulators", most + most // 4,
                                                  records.ACCUMULATOR)
        with nogil:
            _prepare(self, self._before, partition, count)

    def clear(self):
        """Pair, price and enter what prepare put in order, but for taps whose code is not OK."""
        cdef Py_ssize_t longest, most
        if self._maybe_seen_count:
            self._drop_refused()
        longest = _longest_batch(self)
        if longest > self._rides.shape[0]:
            self._make_ride_room(longest + longest // 4)
        most = self._known_accumulators_count + self._kept * self._tables.counts_to_most
        if "accumulators" not in self._arrays or most > self._accumulators.shape[0]:
            self._accumulators = self._keep("accumulators", most + most // 4 + 1,
                                            records.ACCUMULATOR)
        with nogil:
            _clear(self)

    cdef int _drop_refused(self) except -1:
        cdef Py_ssize_t i, kept = 0
        for i in range(self._kept):
            if self._codes[self._order[i]] == Code.OK:
                self._order[kept] = self._order[i]
                kept += 1
        self._kept = kept
        return 0

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

    @property
    def all_taps(self):
        """The partition's taps, open ones last."""
        return self._arrays["taps"][:self._tap_count]

    @property
    def codes(self):
        """A code per tap."""
        return self._arrays["codes"][:self._tap_count]

    @property
    def maybe_seen(self):
        """Indexes of taps whose counters an earlier run may have accepted."""
        return self._arrays["maybe_seen"][:self._maybe_seen_count]

    @property
    def entries(self):
        """ENTRY, by card and time."""
        return self._arrays["entries"][:self._entry_count]

    @property
    def cards(self):
        """CARD_STATE of the cards that had a tap, sorted by card."""
        return self._arrays["cards"][:self._card_count]

    @property
    def accumulators(self):
        """ACCUMULATOR of those cards, sorted by card."""
        return self._arrays["accumulators"][:self._accumulator_count]

    @property
    def refused(self):
        """Indexes of refused taps."""
        return self._arrays["refused"][:self._refused_count]

    @property
    def carried(self):
        """Indexes of the gate-ins whose rides stay open, which are flagged CARRIED."""
        return self._arrays["carried"][:self._carried_count]

    @property
    def events(self):
        """Indexes of accepted taps that make no ride."""
        return self._arrays["events"][:self._event_count]


cdef int _prepare(PartitionPipeline pipeline, Carried before, Py_ssize_t partition,
                  Py_ssize_t count) except -1 nogil:
    cdef Py_ssize_t i
    for i in range(before._open_offsets[partition], before._open_offsets[partition + 1]):
        pipeline._taps[count] = before._open_rides[before._open_listed[i]]
        count += 1
    pipeline._tap_count = count
    pipeline._kept = pipeline._known_count = pipeline._known_accumulators_count = 0
    pipeline._maybe_seen_count = 0
    if count == 0:
        return 0
    pipeline._kept = order_rows(pipeline._taps[:count], &pipeline._scratch[0],
                                pipeline._order[:count], pipeline._codes[:count])
    _pick_states(pipeline, before, partition)
    _pick_accumulators(pipeline, before, partition)
    if pipeline._known_count:
        pipeline._maybe_seen_count = find_seen_rows(
            pipeline._taps, pipeline._order[:pipeline._kept],
            pipeline._known[:pipeline._known_count], pipeline._maybe_seen)
    return 0


cdef int _pick_states(PartitionPipeline pipeline, Carried before,
                      Py_ssize_t partition) except -1 nogil:
    """Copy the carried states of the cards that have a tap."""
    cdef Py_ssize_t at = before._cards_offsets[partition], i, picked = 0
    cdef Py_ssize_t end = before._cards_offsets[partition + 1]
    cdef const CardState *states
    cdef const uint32_t *listed
    cdef const Tap *tap
    if at == end:
        pipeline._known_count = 0
        return 0
    states, listed = &before._cards[0], &before._cards_listed[0]
    for i in range(pipeline._kept):
        tap = &pipeline._taps[pipeline._order[i]]
        at = seek_listed(states, sizeof(CardState), listed, at, end, tap)
        if at == end:
            break
        if same_card(&states[listed[at]], tap):
            pipeline._known[picked] = states[listed[at]]
            check(picked == 0 or card_before(&pipeline._known[picked - 1],
                                             &pipeline._known[picked]),
                  b"what cards carried is listed by card")
            picked += 1
            at += 1
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
    for i in range(pipeline._kept):
        tap = &pipeline._taps[pipeline._order[i]]
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
    """Where the batch ends that begins at a place of the order: behind a card's last tap."""
    cdef Py_ssize_t end = min(start + BATCH, pipeline._kept)
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
    done.taps = done.cards = done.known_accumulators = done.accumulators = 0
    done.entries = done.carried = 0
    pipeline._card_count = open_states_rows(
        pipeline._taps, pipeline._order[:pipeline._kept], pipeline._known[:pipeline._known_count],
        pipeline._cards)
    while done.taps < pipeline._kept:
        end = _end_of_batch(pipeline, done.taps)
        _clear_batch(pipeline, &done, end)
        done.taps = end
    check(done.cards == pipeline._card_count, b"batches are of every card")
    check(done.entries + done.carried <= pipeline._kept, b"no tap is in two entries")
    remember_rows(pipeline._taps, pipeline._order[:pipeline._kept], pipeline._codes,
                  pipeline._cards)
    pipeline._entry_count = done.entries
    pipeline._accumulator_count = done.accumulators
    pipeline._carried_count = done.carried
    _list_outcomes(pipeline)
    return 0


cdef int _clear_batch(PartitionPipeline pipeline, Batch *done, Py_ssize_t end) except -1 nogil:
    """Pair, price and enter the kept taps up to a place of the order."""
    cdef Py_ssize_t rides, still_open = 0, refused = 0
    cdef const Tap *last = &pipeline._taps[pipeline._order[end - 1]]
    cdef Py_ssize_t card_end = pass_card(
        &pipeline._cards[0], sizeof(CardState), done.cards, pipeline._card_count, last)
    cdef Py_ssize_t known_end = pass_card(
        &pipeline._known_accumulators[0], sizeof(Accumulator), done.known_accumulators,
        pipeline._known_accumulators_count, last)
    rides = pair_rows(pipeline._taps, pipeline._order[done.taps:end], pipeline._members,
                      &pipeline._pairing, pipeline._rides, pipeline._carried[done.carried:],
                      &still_open)
    done.carried += still_open
    done.accumulators += price_rows(
        pipeline._tables, pipeline._rides[:rides], pipeline._cards[done.cards:card_end],
        pipeline._known_accumulators[done.known_accumulators:known_end], pipeline._charges[:rides],
        pipeline._accumulators[done.accumulators:], &refused)
    done.entries += make_rows(
        pipeline._taps, pipeline._rides[:rides], pipeline._charges[:rides],
        pipeline._entry_tables, pipeline._entries[done.entries:], pipeline._codes)
    done.cards, done.known_accumulators = card_end, known_end
    return 0


cdef int _list_outcomes(PartitionPipeline pipeline) except -1 nogil:
    """List refused taps and events, and flag what stays open."""
    cdef Py_ssize_t i, refused = 0, events = 0
    for i in range(pipeline._carried_count):
        pipeline._taps[pipeline._carried[i]].flags |= CARRIED
    for i in range(pipeline._tap_count):
        if pipeline._codes[i] != Code.OK:
            pipeline._refused[refused] = <uint32_t>i
            refused += 1
        elif pipeline._taps[i].kind >= TapKind.TOP_UP:
            pipeline._events[events] = <uint32_t>i
            events += 1
    pipeline._refused_count, pipeline._event_count = refused, events
    return 0
