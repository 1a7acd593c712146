"""The root of a closed window in plain Python, a row at a time: what `Root` is held to."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from clearing.book import roots
from clearing.book.export import name_kind
from clearing.book.stored import fields_named
from ext.records import ENTRY, RIDE_FLAGS, TAP, TAP_BLANKS, TAP_FLAGS
from network.names import Names

KINDS = {"stop": "stop", "in_stop": "stop", "authority": "member"}


def plain_root(closing: roots.Closing, names: Names, network: str, entries: Any, records: Any
               ) -> str:
    """The root of a window without flows."""
    hashed, contradictions = hash_records(records, names)
    what = [roots.FORMAT, closing.first, closing.window, network,
            hash_entries(entries, names), hashed, contradictions, []]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def hash_entries(entries: Any, names: Names) -> str:
    times = Counter[Any]()
    for entry in entries:
        values = {field.column: int(field.of(entry.reshape(1))[0])
                  for field in fields_named(ENTRY, roots._ENTRY)}
        is_reversal = values["flags"] & RIDE_FLAGS["REVERSAL"]
        if is_reversal:
            values["flags"] -= is_reversal
            values |= {name: -values[name] for name in roots._AMOUNTS}
        by = tuple(values[name] for name in ("card_hi", "card_lo", *roots._ENTRIES_BY))
        times[by, in_bytes(ENTRY, roots._ENTRY, values, names)] += -1 if is_reversal else 1
    return sha256(row + count.to_bytes(4, "little", signed=True)
                  for (_, row), count in sorted(times.items()) if count)


def hash_records(records: Any, names: Names) -> tuple[str, str]:
    taps = defaultdict[Any, list[dict[str, int]]](list)
    for record in records:
        values = {name: int(record[name]) for name in TAP.names or ()}
        by = tuple(values[name] for name in ("card_hi", "card_lo", *roots._RECORDS_BY))
        taps[by, in_bytes(TAP, roots._ALWAYS, values, names)].append(values)
    rows, contradictions = [], []
    for (_, always), reports in sorted(taps.items(), key=lambda item: item[0]):
        told = {name: {report[name] for report in reports if says(report, name)}
                for name in roots._MAYBE}
        said = sum(bool(values) << bit for bit, values in enumerate(told.values()))
        said += any(report["blanks"] & TAP_BLANKS["PROVEN"] for report in reports) << len(told)
        is_contradicted = any(len(values) > 1 for values in told.values())
        row = {name: max(values) if values and not is_contradicted else 0
               for name, values in told.items()}
        rows.append(always + in_bytes(TAP, roots._MAYBE, row, names)
                    + said.to_bytes(4, "little"))
        if is_contradicted:
            fields = fields_named(TAP, roots._ALWAYS)
            contradictions.append(json.dumps([
                [in_bytes(TAP, [field.column], reports[0], names).hex() for field in fields],
                [sorted({in_bytes(TAP, [name], {name: value}, names).hex() for value in values})
                 for name, values in told.items()]]).encode())
    return sha256(rows), sha256(contradictions)


def says(report: dict[str, int], name: str) -> bool:
    if name in roots._SAID:
        return bool(report["flags"] & TAP_FLAGS[roots._SAID[name]])
    if name in roots._BLANK:
        return not report["blanks"] & TAP_BLANKS[roots._BLANK[name]]
    return report[name] != 0


def in_bytes(dtype: Any, fields: Sequence[str], values: dict[str, int], names: Names) -> bytes:
    """A row of some fields."""
    row = b""
    for field in fields_named(dtype, fields):
        kind = KINDS.get(field.column) or name_kind(field.column)
        value = values[field.column]
        row += (value.to_bytes(field.width, "little", signed=value < 0) if kind is None
                else name_of(names, kind, value))
    return row


def name_of(names: Names, kind: str, number: int) -> bytes:
    if number == 0:
        return bytes(16)
    keys = names.keys(kind)
    text = json.dumps([kind, *keys[number]]).encode() if number < len(keys) else b"none"
    return hashlib.sha256(text).digest()[:16]


def sha256(rows: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(rows)).hexdigest()
