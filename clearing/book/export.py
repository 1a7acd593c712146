"""The whole ledger as text, the same bytes for the same clearing, however the book came about.

One line per committed entry, ordered by card, times, counters and then the line itself. Names stand
for numbers, which depend on the order in which a book met them. What tells where a row came from
(run, file, line) is left out. Scoped names read `scope/code`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from clearing.book.engine import Engine
from clearing.book.schema import record_fields
from clearing.book.views import CARD
from ext.records import ENTRY

_PROVENANCE = ("card_hi", "card_lo", "in_file", "in_line", "out_file", "out_line")
_KINDS = {
    "line": "line", "vehicle": "vehicle", "device": "device", "from_stop": "stop",
    "to_stop": "stop", "rule": "rule", "operator": "member", "issuer": "member",
    "centre": "member", "table": "table", "mode": "mode", "medium": "medium",
    "card_kind": "card_kind",
}
_ORDER = ("card_hi", "card_lo", "started_at", "ended_at", "card_seq", "out_seq")


def name_kind(field: str) -> str | None:
    """The kind of name that a field of an entry holds the number of."""
    if field.startswith("leg") and field.endswith("_rule"):
        return "rule"
    if field.startswith("leg") and field.endswith("_funder"):
        return "member"
    return _KINDS.get(field)


def exported_fields() -> tuple[str, ...]:
    """The fields of an entry that the export shows, after the card."""
    return tuple(field for field in record_fields(ENTRY) if field not in _PROVENANCE)


def export(engine: Engine, last_run: int, stream: BinaryIO) -> int:
    """Write the ledger as of a run as CSV with a head line; the number of bytes written."""
    written = 0
    for piece in lines(engine, last_run):
        written += stream.write(piece)
    return written


def lines(engine: Engine, last_run: int) -> Iterator[bytes]:
    """The export in pieces of whole lines."""
    yield ",".join(("card", *exported_fields())).encode() + b"\n"
    order = ", ".join(_ORDER)
    yield from engine.lines(
        f"SELECT line_text FROM (SELECT {order}, {_line(last_run)} AS line_text FROM entries "
        f"WHERE run <= {last_run}) ORDER BY {order}, line_text")


def _line(last_run: int) -> str:
    """SQL that makes the line of an entry."""
    # concat takes few arguments on some versions, and arrays are joined without a limit.
    cells = [CARD, *(_cell(field, last_run) for field in exported_fields())]
    return f"arrayStringConcat([{', '.join(cells)}], ',')"


def _cell(field: str, last_run: int) -> str:
    kind = name_kind(field)
    if kind is None:
        return f"toString(`{field}`)"
    return f"if(`{field}` = 0, '', arrayElement({_codes(kind, last_run)}, `{field}`))"


def _codes(kind: str, last_run: int) -> str:
    """SQL for the codes of a kind in the order of their numbers, which count up from 1."""
    text = "if(scope = '', code, concat(scope, '/', code))"
    quoted = f"concat('\"', replaceAll({text}, '\"', '\"\"'), '\"')"
    plain = f"match({text}, '^[^\",\\\\r\\\\n]*$')"
    return (
        f"(SELECT groupArray(text) FROM (SELECT if({plain}, {text}, {quoted}) AS text FROM names "
        f"WHERE kind = '{kind}' AND run <= {last_run} ORDER BY number))")
