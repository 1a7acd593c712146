"""The root of a closed window: one SHA-256 over all that the window holds.

That is its entries, what members owe each other in it, the records that it was closed with, and the
digest of the network. It is a function of that content alone. Rows are taken in an order of their
own; names stand for numbers, which depend on what a book met first; where a row came from (run,
file, line) is left out; an entry that the window itself takes back is as if it had never been; and
reports of one tap count for what they say together, as which of them adds nothing depends on which
came first. So whoever clears the same records by the same tables between the same closings comes to
the same roots, in whatever runs and on whatever store.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from clearing.book.export import exported_fields, name_kind
from clearing.book.native import Array, bytes_of, choose, join_records, raw_of
from clearing.book.stored import fields_named
from ext.records import ENTRY, FLOW, RIDE_FLAGS, TAP, TAP_BLANKS, TAP_FLAGS
from ext.store.roots import ALWAYS, NOT_ZERO, lay_out, order_rows
from network.names import KINDS, Names

FORMAT = "onecard-root/1"
_NAME_BYTES = 16        # what stands for a name: half of its SHA-256
_PIECE = 1_024          # rows: some 600 KB
_NAME = f"V{_NAME_BYTES}"

# All that an entry says, as two of them are compared in RULES.md section 7, and its window.
_ENTRY = ("card_hi", "card_lo", *(name for name in exported_fields() if name != "reason"))
_AMOUNTS = [name for name in _ENTRY if name.endswith("_amount") or name in (
    "due", "price", "paid", "variance", "uncollected")]
_FLOW = ("window", "cause", "debtor", "creditor", "amount", "count")
# What a record always says, and what it may leave blank: RULES.md section 1.
_ALWAYS = ("card_hi", "card_lo", "card_seq", "tapped_at", "kind", "revision", "correction",
           "correction_reason", "authority", "operator", "device", "device_seq", "mode")
_MAYBE = ("due", "paid", "balance_before", "distance_m", "tac", "medium", "card_kind", "issuer",
          "key_version", "algorithm", "stop", "in_stop", "in_at", "line", "vehicle", "direction",
          "born_day", "review_day")
_SAID = {"due": "HAS_DUE", "paid": "HAS_PAID", "balance_before": "HAS_BALANCE",
         "distance_m": "HAS_DISTANCE", "tac": "HAS_TAC"}
_BLANK = {name: f"BLANK_{name.upper()}" for name in (
    "medium", "card_kind", "issuer", "key_version", "algorithm")}
# What rows go by first, behind the card; of those that are the same there, by all their bytes.
_ENTRIES_BY = ("started_at", "ended_at", "card_seq", "out_seq")
_RECORDS_BY = ("card_seq", "tapped_at", "kind")
_KINDS = {"stop": "stop", "in_stop": "stop", "authority": "member", "debtor": "member",
          "creditor": "member"}


def _always(_: str) -> tuple[int, int, int]:
    """Of a field that cannot be blank: see ext/store/roots.pyx."""
    return ALWAYS, 0, 0


def _told_by(name: str) -> tuple[int, int, int]:
    """By which byte of a record, which bits of it, and whether by none of them, it says a field."""
    if name in _SAID:
        return _offset("flags"), TAP_FLAGS[_SAID[name]], 0
    if name in _BLANK:
        return _offset("blanks"), TAP_BLANKS[_BLANK[name]], 1
    return (NOT_ZERO, 0, 0) if name in _MAYBE else _always(name)


def _offset(name: str) -> int:
    assert TAP.fields is not None
    return TAP.fields[name][1]


class Closing(NamedTuple):
    """A window that was closed, and with it those before it that were still open."""

    run: int            # that closed it
    window: int         # the last of its days, since 1970
    first: int          # of its days
    after: int          # the run that closed what is before it; 0: none did
    root: str           # in hex; "": it is none yet


class Root:
    """A closed window on its way to its root.

    Rows come in any order, but all of a card together, and cards by their numbers.
    """

    def __init__(self, names: Mapping[str, Array]) -> None:
        """names: what stands for the numbers of each kind, see `digest_names`."""
        self._entry = _Form(ENTRY, _ENTRY, names, "times")
        self._always = _Form(TAP, _ALWAYS, names)
        self._record = _Form(TAP, (*_ALWAYS, *_MAYBE), names, "said")
        self._maybe = _Form(TAP, (*_ALWAYS, *_MAYBE), names, "said", told=_told_by)
        self._flow = _Form(FLOW, _FLOW, names)
        self._entries, self._records = hashlib.sha256(), hashlib.sha256()
        self._contradictions = hashlib.sha256()

    def add_entries(self, entries: Array) -> None:
        """Add entries (ENTRY) of the window."""
        if len(entries) == 0:
            return
        order, starts = _group(entries, _ENTRIES_BY, self._rows_of_entries)
        times = np.add.reduceat(np.where(
            _are_reversals(entries["flags"][order]), -1, 1), starts)
        first, times = order[starts][times != 0], times[times != 0]
        for piece in _pieces(len(first)):
            rows = self._rows_of_entries(entries, first[piece])
            rows["times"] = times[piece]
            self._entries.update(rows.view(np.uint8).data)

    def _rows_of_entries(self, entries: Array, listed: Array) -> Array:
        """Rows of listed entries; a reversal's is that of what it takes back."""
        rows, _ = self._entry.lay_out(entries, listed)
        reversal = _are_reversals(entries["flags"][listed])
        if reversal.any():
            rows["flags"][reversal] ^= RIDE_FLAGS["REVERSAL"]
            for name in _AMOUNTS:
                rows[name][reversal] *= -1
        return rows

    def add_records(self, records: Array) -> None:
        """Add records (TAP) that the window was closed with."""
        if len(records) == 0:
            return
        order, starts = _group(records, _RECORDS_BY, lambda *listed: self._always.lay_out(
            *listed)[0])
        first, ends = order[starts], np.append(starts[1:], len(records))
        proven = _are_proven(records)[first].astype("<i4") << len(_MAYBE)
        for piece in _pieces(len(first)):
            rows, rows["said"] = self._maybe.lay_out(records, first[piece])
            rows["said"] |= proven[piece]
            several = np.flatnonzero(ends[piece] - starts[piece] > 1)
            if len(several):
                self._put_together(rows, several, [
                    choose(records, order[starts[piece][place]:ends[piece][place]])
                    for place in several.tolist()])
            self._records.update(rows.view(np.uint8).data)

    def _put_together(self, rows: Array, places: Array, reports: Sequence[Array]) -> None:
        """Make rows of what several records of one tap say together; reports: of each place."""
        ends = np.cumsum([len(records) for records in reports])
        together, said, contradicted = _unite(
            join_records(reports, TAP), np.append(0, ends[:-1]))
        own, _ = self._record.lay_out(together, np.arange(len(together)))
        own["said"] = said
        raw_of(rows)[places] = raw_of(own)
        for place in np.flatnonzero(contradicted).tolist():
            self._add_contradiction(reports[place])

    def _add_contradiction(self, records: Array) -> None:
        """Add all that records of one tap say that contradict each other."""
        rows, _ = self._record.lay_out(records, np.arange(len(records)))
        told = [sorted({value.tobytes().hex() for value in rows[name][_says(records, name)]})
                for name in _MAYBE]
        always = [rows[name][0].tobytes().hex() for name in _ALWAYS]
        self._contradictions.update(json.dumps([always, told]).encode())

    def of(self, closing: Closing, network: str, flows: Array) -> str:
        """The root, in hex.

        network: the digest of that by which it was closed; flows: FLOW rows, others among them.
        """
        rows, _ = self._flow.lay_out(flows, np.flatnonzero(
            (flows["window"] >= closing.first) & (flows["window"] <= closing.window)))
        sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for row in rows:
            owed = sums[b"".join(row[name].tobytes() for name in _FLOW[:4]).hex()]
            owed[0] += int(row["amount"])
            owed[1] += int(row["count"])
        what = [FORMAT, closing.first, closing.window, network,
                *(told.hexdigest() for told in (self._entries, self._records,
                                                self._contradictions)),
                sorted((key, *owed) for key, owed in sums.items() if owed != [0, 0])]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()


class _Form:
    """How records become rows of bytes: some of their fields, with what stands for names."""

    def __init__(self, dtype: np.dtype[Any], fields: Sequence[str], names: Mapping[str, Array],
                 more: str = "", told: Callable[[str], tuple[int, int, int]] = _always) -> None:
        """more: a number behind them, 0 at first; told: whether a field is, see ext/store/roots."""
        stored = fields_named(dtype, fields)
        kinds = [_KINDS.get(name) or name_kind(name) for name in fields]
        self._row = np.dtype([*((field.column, field.dtype if kind is None else _NAME)
                                for field, kind in zip(stored, kinds, strict=True)),
                              *([(more, "<i4")] if more else [])])
        first = dict(zip(names, np.cumsum([0, *map(len, names.values())]).tolist(), strict=False))
        self._names = np.concatenate(list(names.values())).view(np.uint8).reshape(-1, _NAME_BYTES)
        places = self._row.fields
        assert places is not None
        self._fields = np.array(
            [(field.offset, field.width, places[field.column][1],
              *((-1, 0) if kind is None else (first[kind], len(names[kind]))), *told(field.column))
             for field, kind in zip(stored, kinds, strict=True)], np.int64)

    def lay_out(self, records: Array, listed: Array) -> tuple[Array, Array]:
        """Rows of listed records; in bits, which of the fields that can be blank are not."""
        rows = np.zeros(len(listed), self._row)
        told = np.empty(len(listed), np.uint32)
        lay_out(bytes_of(records), listed.astype(np.uint32), self._fields, self._names,
                bytes_of(rows), told)
        return rows, told


def digest_names(names: Names) -> dict[str, Array]:
    """What stands for each number of a kind, and at the end for one that is no name's."""
    return {kind: np.frombuffer(bytes(16) + b"".join(
        hashlib.sha256(text).digest()[:16] for text in (
            *(json.dumps([kind, *key]).encode() for key in names.keys(kind)[1:]), b"none")), _NAME)
            for kind in KINDS}


def _unite(records: Array, starts: Array) -> tuple[Array, Array, Array]:
    """Records (TAP) of one tap as one, which says what any of them says; in bits, what that is.

    starts: where each tap's begin. Also, which taps' contradict each other: those say nothing.
    """
    together = choose(records, starts)
    said, contradicted = np.zeros(len(starts), "<i4"), np.zeros(len(starts), bool)
    for bit, name in enumerate(_MAYBE):
        says, values = _says(records, name), records[name]
        most, is_said = np.iinfo(values.dtype), np.logical_or.reduceat(says, starts)
        high = np.maximum.reduceat(np.where(says, values, most.min), starts)
        low = np.minimum.reduceat(np.where(says, values, most.max), starts)
        contradicted |= is_said & (high != low)
        together[name] = np.where(is_said, high, 0)
        said |= is_said.astype("<i4") << bit
    said |= np.logical_or.reduceat(_are_proven(records), starts).astype("<i4") << len(_MAYBE)
    for name in _MAYBE if contradicted.any() else ():
        together[name][contradicted] = 0
    return together, said, contradicted


def _says(records: Array, name: str) -> Array:
    """Whether each record says something in a field that can be blank."""
    if name in _SAID:
        says: Array = records["flags"] & TAP_FLAGS[_SAID[name]] != 0
    elif name in _BLANK:
        says = records["blanks"] & TAP_BLANKS[_BLANK[name]] == 0
    else:
        says = records[name] != 0
    return says


def _pieces(rows: int) -> Iterator[slice]:
    """So many rows in pieces that stay in the cache."""
    return (slice(start, start + _PIECE) for start in range(0, rows, _PIECE))


def _are_reversals(flags: Array) -> Array:
    found: Array = flags & RIDE_FLAGS["REVERSAL"] != 0
    return found


def _are_proven(records: Array) -> Array:
    """That its code is right says more than that nobody has looked."""
    found: Array = records["blanks"] & TAP_BLANKS["PROVEN"] != 0
    return found


def _group(records: Array, by: Sequence[str], rows_of: Callable[[Array, Array], Array]
           ) -> tuple[Array, Array]:
    """The order of records by card, some fields and all bytes of their rows; where others begin.

    Few are the same in these fields, and only those are compared byte by byte.
    """
    fields = fields_named(records.dtype, by)
    order, differs = np.empty(len(records), np.uint32), np.empty(len(records), bool)
    order_rows(bytes_of(records), np.array([field.offset for field in fields], np.int64),
               np.array([field.width for field in fields], np.int64),
               np.empty(6 * len(records), np.uint64), order, differs.view(np.uint8))
    tied = ~differs
    tied[:-1] |= tied[1:]
    places = np.flatnonzero(tied)
    if len(places):
        own, group = raw_of(rows_of(records, order[places])), np.cumsum(differs)[places]
        sorted_ = np.argsort(own, kind="stable")
        sorted_ = sorted_[np.argsort(group[sorted_], kind="stable")]
        order[places] = order[places][sorted_]
        own = own[sorted_]
        differs[places[1:]] |= own[1:] != own[:-1]
    return order, np.flatnonzero(differs)
