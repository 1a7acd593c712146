"""Random card registers of the cards of some taps, and counters that start again by them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from clearing.reference.taps import Tap
from clearing.reference.world import World
from network.civil import civil_text
from network.register import COLUMNS, RegisterRow
from tests.properties.choices import Choices
from tests.properties.days import BIRTHDAYS
from tests.properties.networks import CARD_KINDS

FILE = "cards.csv"
REVIEWS = (None, datetime.date(2025, 5, 31), datetime.date(2030, 1, 1))


def registers(draw: Choices, world: World, taps: Sequence[Tap]) -> World:
    """The network with a register of some of the cards, from moments at, before, behind taps."""
    rows: list[RegisterRow] = []
    for card in sorted({tap.card for tap in taps}):
        times = sorted({tap.time for tap in taps if tap.card == card})
        moments = set(draw.several(
            [0, *times, *times, times[0] - 1, times[-1] + 1], 0, 3))
        rows += [RegisterRow(card, at, "", draw.pick(["", *CARD_KINDS]),
                             draw.pick(REVIEWS), draw.pick(BIRTHDAYS)) for at in sorted(moments)]
    rows = draw.shuffled(rows)
    model = msgspec.structs.replace(world.model, card_register=FILE)
    return World(model, world.folder, world.tables, listed=rows)


def start_again(world: World, taps: Sequence[Tap]) -> list[Tap]:
    """The taps of each generation counted as far as those of the one before, or not quite."""
    made: list[Tap] = []
    for tap in taps:
        firsts = [min((other.card_seq for other in taps if other.card == tap.card
                       and other.time >= row.valid_from), default=0)
                  for row in world.cards.get(tap.card, ()) if 0 < row.valid_from <= tap.time]
        made.append(replace(tap, card_seq=max(1, tap.card_seq - max(firsts, default=1) + 1)))
    return made


def register_text(world: World) -> str:
    """The register as its file has it."""
    lines = [",".join(COLUMNS)]
    for row in world.listed or ():
        at = civil_text(row.valid_from, world.civil_offset_s)[:19]
        days = [day.isoformat() if day else "" for day in (row.reviewed_until, row.born_on)]
        lines.append(",".join([row.card, at, row.predecessor, row.card_kind, *days]))
    return "\n".join(lines) + "\n"
