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
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from clearing.book.export import exported_fields, name_kind
from clearing.book.native import Array, choose, fill_fields, raw_of
from clearing.book.stored import fields_named
from ext.records import RIDE_FLAGS, TAP_BLANKS, TAP_FLAGS
from network.names import KINDS, Names

FORMAT = "onecard-root/1"
_NAME = "V16"           # what stands for a name: half of its SHA-256

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
# What rows go by first; of those that are the same there, by all their bytes.
_ENTRIES_BY = ("card_hi", "card_lo", "started_at", "ended_at", "card_seq", "out_seq")
_RECORDS_BY = ("card_hi", "card_lo", "card_seq", "tapped_at", "kind")
_KINDS = {"stop": "stop", "in_stop": "stop", "authority": "member", "debtor": "member",
          "creditor": "member"}


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
        self._names = names
        self._entries, self._records = hashlib.sha256(), hashlib.sha256()
        self._contradictions = hashlib.sha256()

    def add_entries(self, entries: Array) -> None:
        """Add entries (ENTRY) of the window."""
        if len(entries) == 0:
            return
        rows = self._rows(entries, _ENTRY, "times")
        reversal = entries["flags"] & RIDE_FLAGS["REVERSAL"] != 0
        rows["flags"][reversal] ^= RIDE_FLAGS["REVERSAL"]
        for name in _AMOUNTS:
            rows[name][reversal] *= -1
        order, starts = _group(rows, _ENTRIES_BY)
        times = np.add.reduceat(np.where(reversal, -1, 1)[order], starts)
        rows = choose(rows, order[starts])
        rows["times"] = times
        self._entries.update(choose(rows, times != 0).view(np.uint8).data)

    def add_records(self, records: Array) -> None:
        """Add records (TAP) that the window was closed with."""
        if len(records) == 0:
            return
        order, starts = _group(self._rows(records, _ALWAYS), _RECORDS_BY)
        records = choose(records, order)
        together, said, contradicted = _unite(records, starts)
        rows = self._rows(together, (*_ALWAYS, *_MAYBE), "said")
        rows["said"] = said
        self._records.update(rows.view(np.uint8).data)
        ends = np.append(starts[1:], len(records))
        for place in np.flatnonzero(contradicted).tolist():
            self._add_contradiction(records[starts[place]:ends[place]])

    def _add_contradiction(self, records: Array) -> None:
        """Add all that records of one tap say that contradict each other."""
        rows = self._rows(records, (*_ALWAYS, *_MAYBE))
        told = [sorted({value.tobytes().hex() for value in rows[name][_says(records, name)]})
                for name in _MAYBE]
        always = [rows[name][0].tobytes().hex() for name in _ALWAYS]
        self._contradictions.update(json.dumps([always, told]).encode())

    def of(self, closing: Closing, network: str, flows: Array) -> str:
        """The root, in hex.

        network: the digest of that by which it was closed; flows: FLOW rows, others among them.
        """
        rows = self._rows(flows[(flows["window"] >= closing.first)
                                & (flows["window"] <= closing.window)], _FLOW)
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

    def _rows(self, records: Array, fields: Sequence[str], *more: str) -> Array:
        """Some fields of records, with what stands for their names, and more that are 0."""
        stored = fields_named(records.dtype, fields)
        kinds = [_KINDS.get(name) or name_kind(name) for name in fields]
        rows = np.zeros(len(records), [
            *((field.column, field.dtype if kind is None else _NAME)
              for field, kind in zip(stored, kinds, strict=True)),
            *((name, "<i4") for name in more)])
        filled, columns = list[Array](), list[Array]()
        for field, kind in zip(stored, kinds, strict=True):
            values = field.of(records)
            if kind is not None:
                if not values.any():        # as it is of most legs
                    continue
                values = self._names[kind][np.minimum(values, len(self._names[kind]) - 1)]
            filled.append(rows[field.column])
            columns.append(values)
        fill_fields(filled, columns)
        return rows


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
    together, is_alone = choose(records, starts), len(starts) == len(records)
    said, contradicted = np.zeros(len(starts), "<i4"), np.zeros(len(starts), bool)
    for bit, name in enumerate(_MAYBE):
        says, values = _says(records, name), records[name]
        if is_alone:
            is_said, high = says, values
        else:
            most, is_said = np.iinfo(values.dtype), np.logical_or.reduceat(says, starts)
            high = np.maximum.reduceat(np.where(says, values, most.min), starts)
            low = np.minimum.reduceat(np.where(says, values, most.max), starts)
            contradicted |= is_said & (high != low)
        together[name] = np.where(is_said, high, 0)
        said |= is_said.astype("<i4") << bit
    # That its code is right says more than that nobody has looked.
    proven = records["blanks"] & TAP_BLANKS["PROVEN"] != 0
    said |= np.logical_or.reduceat(proven, starts).astype("<i4") << len(_MAYBE)
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


def _group(rows: Array, by: Sequence[str]) -> tuple[Array, Array]:
    """The order of rows by some fields and then by all their bytes, and where in it others begin.

    Few are the same in these fields, and only those are compared byte by byte.
    """
    order = np.lexsort([rows[name] for name in reversed(by)])
    differs = np.ones(len(rows), bool)
    differs[1:] = False
    for name in by:
        values = rows[name][order]
        differs[1:] |= values[1:] != values[:-1]
    tied = ~differs
    tied[:-1] |= tied[1:]
    places = np.flatnonzero(tied)
    if len(places):
        own, group = raw_of(choose(rows, order[places])), np.cumsum(differs)[places]
        sorted_ = np.argsort(own, kind="stable")
        sorted_ = sorted_[np.argsort(group[sorted_], kind="stable")]
        order[places] = order[places][sorted_]
        own = own[sorted_]
        differs[places[1:]] |= own[1:] != own[:-1]
    return order, np.flatnonzero(differs)
