"""The whole ledger as text, the same bytes for the same clearing, however the book came about.

One line per entry that stands, ordered by card, times, counters and then the line itself. Names
stand for numbers, which depend on the order in which a book met them. What tells where a row came
from (run, file, line, the run it takes the place of) is left out. Scoped names read `scope/code`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import BinaryIO

import numpy as np

from clearing.book.native import Array
from clearing.book.stored import fields_named, stored_columns
from ext.records import ENTRY
from network.cards import card_text
from network.names import Name

_PROVENANCE = ("card_hi", "card_lo", "in_file", "in_line", "out_file", "out_line", "replaces")
_KINDS = {
    "line": "line", "vehicle": "vehicle", "device": "device", "from_stop": "stop",
    "to_stop": "stop", "rule": "rule", "operator": "member", "issuer": "member",
    "table": "table", "mode": "mode", "medium": "medium",
    "card_kind": "card_kind",
}
ORDER = "card_hi, card_lo, started_at, ended_at, card_seq, out_seq"
_TIED = ("card_hi", "card_lo", "started_at", "ended_at", "card_seq", "out_seq")


def name_kind(field: str) -> str | None:
    """The kind of name that a field of an entry holds the number of."""
    if field.startswith("leg"):
        return {"rule": "rule", "debtor": "member", "creditor": "member"}.get(
            field.partition("_")[2])
    return _KINDS.get(field)


def exported_fields() -> tuple[str, ...]:
    """The fields of an entry that the export shows, after the card."""
    return tuple(field for field in stored_columns(ENTRY) if field not in _PROVENANCE)


def export(entries: Callable[[str], Iterable[Array]], names: Iterable[Name],
           stream: BinaryIO) -> int:
    """Write entries as CSV with a head line; the number of bytes written.

    entries: gives the committed entries (ENTRY) in blocks, in the order that it is asked for. The
    text is made here and not in SQL: 18.16 dies of an expression as large as that, now and then.
    """
    written = stream.write(",".join(("card", *exported_fields())).encode() + b"\n")
    codes = _codes(names)
    waiting = np.zeros(0, ENTRY)
    for block in entries(ORDER):
        block = np.concatenate([waiting, block])
        last = _ties_of_the_last(block)
        written += stream.write(_text(block[:last], codes))
        waiting = block[last:]
    return written + stream.write(_text(waiting, codes))


def _ties_of_the_last(rows: Array) -> int:
    """Where the rows begin that stand at one place with the last: more may follow."""
    first = len(rows)
    while first and all(rows[first - 1][name] == rows[-1][name] for name in _TIED):
        first -= 1
    return first


def _text(rows: Array, codes: dict[str, Array]) -> bytes:
    """Lines in the rows' order; those of one place in their own."""
    cells = [[card_text(high, low) for high, low in zip(
        rows["card_hi"].tolist(), rows["card_lo"].tolist(), strict=True)]]
    for field in fields_named(ENTRY, exported_fields()):
        kind, values = name_kind(field.column), field.of(rows)
        cells.append(list(map(str, values.tolist())) if kind is None
                     else codes[kind][values].tolist())
    places = zip(*(rows[name].tolist() for name in _TIED), strict=True)
    lines = sorted(zip(places, map(",".join, zip(*cells, strict=True)), strict=True))
    return "".join(f"{line}\n" for _, line in lines).encode()


def _codes(names: Iterable[Name]) -> dict[str, Array]:
    """By kind, what stands for each number: "" for 0."""
    kinds: dict[str, list[str]] = {kind: [""] for kind in {*_KINDS.values(), "rule", "member"}}
    for name in sorted(names):
        if name.kind in kinds:
            assert name.number == len(kinds[name.kind]), f"dictionary has a gap before {name}"
            kinds[name.kind].append(_quoted(
                f"{name.scope}/{name.code}" if name.scope else name.code))
    return {kind: np.array(texts, dtype=object) for kind, texts in kinds.items()}


def _quoted(text: str) -> str:
    """A CSV field."""
    if any(sign in text for sign in '",\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
