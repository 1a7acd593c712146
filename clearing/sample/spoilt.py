"""Records as broken devices and spreadsheets leave them: each is refused for its own reason."""

from __future__ import annotations

from collections.abc import Callable

from clearing.sample.text import COLUMNS

Fields = list[bytes]


def _put(column: str, value: bytes) -> Callable[[Fields], Fields]:
    place = COLUMNS.index(column)

    def put(fields: Fields) -> Fields:
        return [*fields[:place], value, *fields[place + 1:]]

    return put


def _cut(fields: Fields) -> Fields:
    return fields[:-3]


# All of them without a readable amount, so that they leave the trailer's totals alone.
WAYS: tuple[Callable[[Fields], Fields], ...] = (
    _put("card", b"3.10487E+18"),
    _put("tapped_at", b"2024-02-30T08:15:00"),
    _put("paid", b"2.00"),
    _put("card_kind", b"vip"),
    _put("mode", b"ferry"),
    _put("card_seq", b""),
    _put("direction", b"sideways"),
    _cut,
)
STOP = _put("stop", b"9999")        # of an operator with a list of stops


def spoil(fields: Fields, number: int) -> Fields:
    """Ruin one line's values, in one of the ways by turns."""
    is_metro = fields[COLUMNS.index("mode")] == b"metro"
    way = STOP if is_metro and number % 3 == 0 else WAYS[number % len(WAYS)]
    return way(fields)
