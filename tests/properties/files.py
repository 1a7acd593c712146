"""Taps as `onecard-taps/1` files, and the places that their records get by it.

A file's number follows the SHA-256 of its bytes; its first line is the header.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from clearing.reference.taps import Tap
from clearing.reference.world import World

REQUIRED = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
            "stop")
OPTIONAL = ("line", "vehicle", "direction", "medium", "card_kind", "issuer", "due", "paid",
            "balance_before", "distance_m", "tac", "key_version", "algorithm", "in_at",
            "in_stop", "born_on", "reviewed_until", "correction", "revision", "reason",
            "authorised_by")
FIELDS = {"reason": "correction_reason", "authorised_by": "authority"}     # else as the columns


@dataclass(frozen=True)
class TapFile:
    """One file, and the taps in it with their file number, line and offset."""

    number: int
    name: str
    content: bytes
    taps: list[Tap]

    def write(self, folder: Path) -> Path:
        """Leave the file in a folder."""
        path = folder / self.name
        path.write_bytes(self.content)
        return path


def prepare(
    world: World, parts: Sequence[Sequence[Tap]], *, first_number: int = 1,
    seen: set[bytes] | None = None, terse: bool = False,
) -> list[TapFile]:
    """Files of the given taps, numbered upward from `first_number`.

    No two have the same bytes, nor the same as one in `seen` (which they are added to): that would
    be a file given twice. A terse file leaves out what can be known without it: columns that are
    blank throughout, and issuers that the card's prefix tells.
    """
    seen = set() if seen is None else seen
    rendered: list[tuple[bytes, Sequence[Tap]]] = []
    for taps in parts:
        content = next(text for turn in range(2 * len(OPTIONAL))
                       if (text := render(world, taps, turn=turn, terse=terse)) not in seen)
        seen.add(content)
        rendered.append((content, taps))
    rendered.sort(key=lambda one: hashlib.sha256(one[0]).digest())
    return [TapFile(number, f"taps-{number:03}.csv", content, _placed(content, number, taps))
            for number, (content, taps) in enumerate(rendered, first_number)]


def render(world: World, taps: Sequence[Tap], *, turn: int = 0, terse: bool = False) -> bytes:
    """The bytes of one file. `turn` shifts the optional columns around."""
    rows = [_cells(world, tap, terse) for tap in taps]
    shown = [column for column in OPTIONAL
             if turn >= len(OPTIONAL) or not terse or any(row[column] for row in rows)]
    turn %= max(1, len(shown))
    columns = [*REQUIRED, *shown[turn:], *shown[:turn]]
    lines = [",".join(columns), *(",".join(row[column] for column in columns) for row in rows)]
    return "".join(line + "\n" for line in lines).encode()


def _cells(world: World, tap: Tap, terse: bool) -> dict[str, str]:
    zone = ZoneInfo(world.model.time_zone)
    cells = {column: _cell(getattr(tap, FIELDS.get(column, column)))
             for column in (*REQUIRED, *OPTIONAL)}
    if tap.revision == 0 or (terse and tap.revision == 1):
        cells["revision"] = ""
    cells["tapped_at"] = _civil(zone, tap.tapped_at)
    cells["in_at"] = "" if tap.in_at is None else _civil(zone, tap.in_at)
    told = [issuer.code for issuer in world.model.issuer
            if any(tap.card.startswith(prefix) for prefix in issuer.card_prefixes)]
    if terse and told == [tap.issuer]:
        cells["issuer"] = ""
    return cells


def _cell(value: str | int | datetime.date | None) -> str:
    return "" if value is None else str(value)


def _civil(zone: ZoneInfo, time: int) -> str:
    civil = datetime.datetime.fromtimestamp(time, zone)
    if civil.fold:      # the second time that clocks show it: without a zone it would be the first
        return civil.isoformat()
    return civil.strftime("%Y%m%d%H%M%S")


def _placed(content: bytes, number: int, taps: Sequence[Tap]) -> list[Tap]:
    offset, placed = 0, []
    header, *lines = content.splitlines(keepends=True)
    offset = len(header)
    for line_number, (line, tap) in enumerate(zip(lines, taps, strict=True), 2):
        placed.append(replace(tap, file=number, source_line=line_number, offset=offset))
        offset += len(line)
    return placed
