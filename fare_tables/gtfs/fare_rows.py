"""The fare rows of a table: flat where all pairs of zones cost the same, else by a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from fare_tables.gtfs.drafts import Draft
from fare_tables.gtfs.grid import Block, Fares, Grid, Step, Who, merge, peel, peel_pairs, rectangles
from fare_tables.gtfs.hours import Cell
from fare_tables.gtfs.notices import Notices
from fare_tables.gtfs.plan import Pair
from fare_tables.model import Fare
from network.language import Phrase

ZONES = "zones.csv"

Amounts = tuple[tuple[Pair, int], ...]


def make_fares(grid: Grid, draft: Draft, notices: Notices) -> tuple[list[Fare], bool]:
    """The fare rows of a period, and whether there are rides that they are not for."""
    holes: list[str] = []
    names: dict[Amounts, set[str]] = {}
    answers = {}
    for line in grid.plan.rules:
        for who in grid.who():
            by_cells: dict[tuple[Cell, Cell], Amounts | None] = {}
            for cells in grid.cells():
                fares = grid.fares(line, who, *cells)
                holes += _holes(grid, line, who, fares)
                if fares is None:
                    by_cells[cells] = None
                    continue
                by_cells[cells] = amounts = tuple((pair, won.amount) for pair, won in fares)
                names.setdefault(amounts, set()).update(won.group for _, won in fares)
            steps, complete = peel(by_cells)
            if not complete:
                steps, complete = peel_pairs(by_cells)
            if not complete:
                notices.say("GTFS_TIMEFRAMES", grid.plan.rules_file, 0,
                            Phrase("lines {line!r}: some prices depend on the hours of entry and "
                                   "exit at once; such rides have no fare here",
                                   line=line))
            answers[line, who] = tuple(steps)
    if holes:
        others = len(holes) - 1
        notices.say("GTFS_NO_FARE_HERE", grid.plan.rules_file, 0,
                    Phrase("has no fare {hole}, nor for {others:,} other sorts of rides; such "
                           "rides are refused (NO_FARE)", hole=holes[0], others=others) if others
                    else Phrase("has no fare {hole}; such rides are refused (NO_FARE)",
                                hole=holes[0]))
    return [row for block in merge(grid.plan, answers) for step in block.steps
            for row in (_ways(draft, block, step) if step.pairs is not None
                        else [_row(draft, block, step, names)])], bool(holes)


def _holes(grid: Grid, line: str, who: Who, fares: Fares | None) -> Iterator[str]:
    """What has no fare on a line, by the first of its ways."""
    zones = grid.plan.zones
    known = {pair for pair, _ in fares or ()}
    if len(known) == len(zones) ** 2:
        return
    start, end = next((start, end) for start in range(len(zones)) for end in range(len(zones))
                      if (start, end) not in known)
    yield (Phrase("from zone {start!r} to {end!r} on lines {line!r} for {rider!r} by {medium!r}",
                  start=zones[start].name, end=zones[end].name, line=line, rider=who[0],
                  medium=who[1]) if known else
           Phrase("on lines {line!r} for {rider!r} by {medium!r}", line=line, rider=who[0],
                  medium=who[1]))


def _ways(draft: Draft, block: Block, step: Step) -> Iterator[Fare]:
    """One price between some zones, told apart by sets of stops."""
    for starts, ends in rectangles(step.pairs):
        yield Fare(
            rule=draft.row_name(_name([], block), block, step), basis="flat",
            amount=cast(int, step.answer),
            from_stops=None if starts is None else draft.set_of_zones(starts),
            to_stops=None if ends is None else draft.set_of_zones(ends),
            **draft.conditions(block, step))


def _row(draft: Draft, block: Block, step: Step, names: dict[Amounts, set[str]]) -> Fare:
    amounts = cast(Amounts, step.answer)
    groups = sorted(names[amounts] - {""})
    name = draft.row_name(_name(groups, block), block, step)
    conditions = draft.conditions(block, step)
    first = amounts[0][1]
    if len(amounts) == len(draft.plan.zones) ** 2 and all(one == first for _, one in amounts):
        return Fare(rule=name, basis="flat", amount=first, **conditions)
    zones = [zone.name for zone in draft.plan.zones]
    matrix = draft.matrix((zones[start], zones[end], amount)
                          for (start, end), amount in amounts)
    return Fare(rule=name, basis="zone", matrix=matrix, zones=ZONES, **conditions)


def _name(groups: list[str], block: Block) -> str:
    """The leg group's name, or that of the lines where the row is of several groups."""
    if len(groups) == 1:
        return groups[0]
    if block.lines is not None and len(block.lines) == 1:
        return f"{block.lines[0]} by zone"
    return "by zone"


def products_left_out(grid: Grid, notices: Notices) -> None:
    """Say which rules lose to a cheaper one for the same rides and riders: passes, mostly."""
    lost: dict[str, tuple[int, str]] = {}
    won: set[str] = set()
    for rules in grid.plan.rules.values():
        best: dict[object, tuple[int, str, int]] = {}
        for rule in rules:
            for price in rule.prices:
                key = (rule.priority, rule.pairs, rule.entry, rule.exit, price[:2])
                offer = (price.amount, rule.product, rule.line)
                cheaper = min(offer, best.get(key, offer))
                dearer = max(offer, best.get(key, offer))
                best[key] = cheaper
                if cheaper[1] != dearer[1]:
                    lost[dearer[1]] = (dearer[2], cheaper[1])
        won |= {product for _, product, _ in best.values()}
    for product, (line, instead) in sorted(lost.items()):
        if product not in won:
            notices.say("GTFS_DEARER_PRODUCT", grid.plan.rules_file, line,
                        Phrase("{product!r} is left out: {instead!r} is for the same rides and "
                               "costs less or as much",
                               product=product, instead=instead))


def fares_of(step: Step) -> Fares:
    """The winners of a step that was made of whole fares."""
    return cast(Fares, step.answer)
