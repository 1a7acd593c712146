"""Random card registers of the cards of some taps, and counters that start again by them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec

from clearing.reference.calendar import service_day
from clearing.reference.taps import Tap
from clearing.reference.world import World
from fare_tables.model import Cap, Concession, Quota, Share, Table
from network.civil import civil_text
from network.register import COLUMNS, RegisterRow
from tests.properties.choices import Choices
from tests.properties.days import BIRTHDAYS
from tests.properties.networks import CARD_KINDS

FILE = "cards.csv"
SPANS_S = (40 * 3600, 6 * 3600, 60 * 3600)
NO_TAP = "90000000000000000007"
REVIEWS = (None, datetime.date(2025, 5, 31), datetime.date(2030, 1, 1))
DAY = datetime.timedelta(days=1)


def registers(draw: Choices, world: World, taps: Sequence[Tap]) -> World:
    """The network with a register of some of the cards, from moments at, before, behind taps."""
    rows: list[RegisterRow] = []
    for card in sorted({tap.card for tap in taps}):
        times = sorted({tap.time for tap in taps if tap.card == card})
        exits = [tap.time for tap in taps if tap.card == card and tap.kind == "out"]
        moments = {at and world.clock.utc(world.clock.civil(at))       # as a file can say it
                   for at in draw.several(
                       [0, *times, *times, *exits, times[0] - 1, times[-1] + 1], 0, 3)}
        days = [service_day(world.model, at) for at in times]
        rows += [RegisterRow(card, at, "", draw.pick(["", *CARD_KINDS]), draw.pick(REVIEWS),
                             draw.pick(BIRTHDAYS),
                             draw.pick([None, None, None, days[0], days[-1], days[-1] - DAY]),
                             draw.pick(["", "", "", "active", "blocked"]))
                 for at in sorted(moments)]
    rows = draw.shuffled(_replaced(draw, rows))
    model = msgspec.structs.replace(
        world.model, card_register=FILE, totals_follow=draw.pick(["card", "person", "person"]))
    tables = world.tables
    if model.totals_follow == "person" and draw.flip():
        tables = [_asking_for_totals(draw, table) for table in tables]
    return World(model, world.folder, tables, listed=rows)


def crowd(draw: Choices, world: World, taps: Sequence[Tap]) -> tuple[World, list[Tap]]:
    """The taps within a few days, so that several cards are on their way at once, and for long."""
    first, span_s = min(tap.tapped_at for tap in taps) if taps else 0, draw.pick(SPANS_S)
    moved = []
    for tap in taps:
        at = first + (tap.tapped_at - first) * 7919 % span_s    # a prime: in another order
        way_in = None if tap.in_at is None else at - abs(tap.tapped_at - tap.in_at) % 7200
        moved.append(replace(tap, tapped_at=at, in_at=way_in))
    model = msgspec.structs.replace(world.model, ride_limit_s=draw.pick([3, 8, 30]) * 3600)
    return (World(model, world.folder, world.tables),
            sorted(moved, key=lambda tap: tap.tapped_at))


def _asking_for_totals(draw: Choices, table: Table) -> Table:
    """The same table with discounts by what was counted alone, of incomplete rides, too."""
    funders = [Share(funder="operator")]
    fares = [msgspec.structs.replace(fare, discounts_on_incomplete=True) for fare in table.fare]
    quota = Quota(accumulator="U1", limit=draw.pick([1, 2, 3, 5]))
    return msgspec.structs.replace(
        table, fare=fares, counts_to=["A1", "R1"], order=["promotion", "cap"], best=[],
        concession=[], transfer=[], tier=[],
        promotion=[Concession(rule="promotion-0", pays_percent=50, quota=quota, funders=funders)],
        cap=[Cap(rule="cap-0", accumulator="A1", amount=draw.pick([300, 500, 700, 1000]),
                 funders=funders)])


def _replaced(draw: Choices, rows: list[RegisterRow]) -> list[RegisterRow]:
    """The rows with some cards that replace others, one of which may have no tap."""
    if draw.pick([False, False, True]):
        rows = [*rows, RegisterRow(NO_TAP)]
    cards = draw.shuffled(sorted({row.card for row in rows}))
    before = {card: one for one, card in pairwise(cards) if draw.pick([False, True, True])}
    told: dict[str, int] = {}       # in which of its rows
    for card in before:
        told[card] = draw.pick([place for place, row in enumerate(rows) if row.card == card])
    return [row._replace(predecessor=before[row.card]) if told.get(row.card) == place else row
            for place, row in enumerate(rows)]


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
        at = civil_text(row.valid_from, world.clock)
        days = [day.isoformat() if day else "" for day in (
            row.reviewed_until, row.born_on, row.valid_until)]
        lines.append(",".join([row.card, at, row.predecessor, row.card_kind, *days, row.status]))
    return "\n".join(lines) + "\n"
