"""The transfer rows of a table: what a ride costs after another, by the leg groups of both.

A row knows of the ride before its lines, and where it began and ended. A leg group that depends on
more is expressed where what follows is the same for all groups that such a ride can be of, or where
each of them makes the rider pay just the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from fare_tables.gtfs.drafts import Draft
from fare_tables.gtfs.fare_rows import fares_of
from fare_tables.gtfs.grid import Block, Grid, Step, Who, Won, merge, peel, rectangles
from fare_tables.gtfs.notices import Notices
from fare_tables.gtfs.plan import Join, Pair, TransferRule, price_for
from fare_tables.gtfs.records import DurationLimitType as Clock
from fare_tables.gtfs.records import FareTransferType
from fare_tables.model import Share, Transfer
from network.language import Phrase

NO_LIMIT_S = 2 * 3600       # where the feed has no limit: our own choice, told as assumed
TRANSFERS_MOST = 250        # what a table can count
ROWS_MOST = 2_000

ANYWHERE = -1
# Of the ride before: line class, zone where it ended, and where it began, or ANYWHERE.
RideEnd = tuple[str, int, int]


class Effect(NamedTuple):
    """What one transfer row does, in the words of the table."""

    does: str               # pays_amount, credit, pays_difference, chain_pays
    amount: int
    within_s: int
    measured_from: str
    measured_to: str
    max_transfers: int

    def keys(self) -> dict[str, Any]:
        """The effect as keys of a row."""
        return {self.does: True if self.does == "pays_difference" else self.amount,
                "within_s": self.within_s, "measured_from": self.measured_from,
                "measured_to": self.measured_to, "max_transfers": self.max_transfers,
                "same_line": True}


Effects = tuple[Effect, ...]
# From where, between which zones, what happens.
Change = tuple[tuple[RideEnd, ...], frozenset[Pair] | None, Effects]


def make_transfers(grid: Grid, draft: Draft, notices: Notices) -> list[Transfer]:
    """The transfer rows of a period: joined legs first, then by leg groups."""
    rows = [_join_row(draft, join, notices) for join in grid.plan.joins]
    if not grid.plan.transfers:
        return rows
    maker = _Maker(grid, notices)
    answers: dict[tuple[str, Who], tuple[Step, ...]] = {}
    for line in grid.plan.rules:
        for who in grid.who():
            steps, complete = peel({cells: grid.fares(line, who, *cells)
                                    for cells in grid.cells()})
            made = [(step, maker.changes(who, step)) for step in steps]
            if not complete or (any(changes for _, changes in made) and not _exclude(steps)):
                notices.say("GTFS_TIMEFRAMES", grid.plan.transfers_file, 0,
                            Phrase("transfers to lines {line!r} depend on the hours of entry and "
                                   "exit at once, and were left out", line=line))
                continue
            answers[line, who] = tuple(
                Step(step.side, step.cells, changes) for step, changes in made if changes)
    for block in merge(grid.plan, answers):
        for step in block.steps:
            rows += _rows(grid, draft, block, step)
    if len(rows) > ROWS_MOST:
        notices.say("GTFS_TRANSFER_FROM", grid.plan.transfers_file, 0,
                    Phrase("{rows:,} rows would be needed for transfers between zones; at most "
                           "{most:,} are written, so transfers were left out", rows=len(rows),
                           most=ROWS_MOST))
        return []
    return rows


def _exclude(steps: Sequence[Step]) -> bool:
    """Whether no two steps can hold for one ride."""
    return len({step.side for step in steps}) <= 1


def _join_row(draft: Draft, join: Join, notices: Notices) -> Transfer:
    if join.within_s is None:
        notices.say("GTFS_NO_LIMIT", draft.plan.rules_file, 0,
                    Phrase("rides joined into one have no time limit; {limit_s} s are taken from "
                           "the end of one to the start of the next", limit_s=NO_LIMIT_S))
    timed = join.within_s is not None
    every = {one.name for one in draft.plan.lines}
    return Transfer(
        rule=draft.name("joined"), funders=[Share(funder="operator")], through=True,
        within_s=join.within_s if join.within_s is not None else NO_LIMIT_S,
        measured_from="chain" if timed and join.chain else "end",
        max_transfers=join.count or TRANSFERS_MOST, same_line=True,
        from_line_classes=None if set(join.from_lines or every) == every else [
            *(join.from_lines or ())],
        line_classes=None if set(join.to_lines or every) == every else [*(join.to_lines or ())],
        left_at=draft.set_of_stops(join.left_at[0], join.left_at) if join.left_at else None,
        from_stops=draft.set_of_stops(join.in_at[0], join.in_at)
        if join.in_at else None)


class _Maker:
    """Works out what follows from the leg groups of two rides."""

    def __init__(self, grid: Grid, notices: Notices) -> None:
        self.grid, self.notices = grid, notices
        self.rules: dict[tuple[str, str], list[TransferRule]] = {}
        for rule in grid.plan.transfers:
            for start in rule.from_groups:
                for end in rule.to_groups:
                    self.rules.setdefault((start, end), []).append(rule)
        # Rides by where they began and ended; and the latter with all that can have ended there.
        self.rides: dict[Who, dict[RideEnd, set[Won]]] = {}
        self.before = {who: self._rides_before(who) for who in grid.who()}
        self.known: dict[tuple[Who, frozenset[Won], Won], Effects | None] = {}

    def _rides_before(self, who: Who) -> dict[frozenset[Won], list[RideEnd]]:
        """Where a ride can have ended, by the groups and prices that it can then have had."""
        at: dict[RideEnd, set[Won]] = {}
        rides = self.rides[who] = {}
        for line in self.grid.plan.rules:
            for cells in self.grid.cells():
                for (start, end), won in self.grid.fares(line, who, *cells) or ():
                    at.setdefault((line, end, ANYWHERE), set()).add(won)
                    rides.setdefault((line, end, start), set()).add(won)
        together: dict[frozenset[Won], list[RideEnd]] = {}
        for ride_end, won_there in at.items():
            together.setdefault(frozenset(won_there), []).append(ride_end)
        return together

    def _by_beginning(self, who: Who, ride_ends: Sequence[RideEnd], won: Won
                      ) -> Iterator[tuple[Effects, RideEnd]]:
        """The same of rides that ended at one place, told apart by where they began."""
        at = {ride_end[:2] for ride_end in ride_ends}
        for ride_end, rides in self.rides[who].items():
            if ride_end[:2] not in at:
                continue
            effects = self._effects(who, frozenset(rides), won)
            lines = self._lines(rides, won)
            if effects is None:
                self._say("GTFS_TRANSFER_FROM", lines,
                          "depends on when the ride before began; where that cannot be told, the "
                          "ride costs its full fare")
            elif effects:
                yield effects, ride_end

    def _lines(self, rides: Iterable[Won], won: Won) -> set[int]:
        """The transfer rules for rides of some groups before one of another."""
        return {rule.line for ride in rides
                for rule in self.rules.get((ride.group, won.group), ())}

    def changes(self, who: Who, step: Step) -> tuple[Change, ...]:
        """What transfers do to the rides of a step."""
        fares = fares_of(step)
        pairs_of: dict[Won, set[Pair]] = {}
        for pair, won in fares:
            pairs_of.setdefault(won, set()).add(pair)
        found: dict[Effects, dict[tuple[RideEnd, ...], set[Pair]]] = {}
        for won, pairs in pairs_of.items():
            by_effects: dict[Effects, list[RideEnd]] = {}
            for rides, ride_ends in self.before[who].items():
                same = self._effects(who, rides, won)
                if same:
                    by_effects.setdefault(same, []).extend(ride_ends)
                elif same is None:
                    for effects, ride_end in self._by_beginning(who, ride_ends, won):
                        by_effects.setdefault(effects, []).append(ride_end)
            for effects, from_ends in by_effects.items():
                near = found.setdefault(effects, {})
                near.setdefault(tuple(sorted(from_ends)), set()).update(pairs)
        return tuple(
            (ride_ends, None if len(pairs) == len(fares) else frozenset(pairs), effects)
            for effects, by_ends in found.items() for ride_ends, pairs in by_ends.items())

    def _effects(self, who: Who, rides: frozenset[Won], won: Won) -> Effects | None:
        """What every ride before among these makes of this one; None where they differ."""
        key = (who, rides, won)
        if key not in self.known:
            self.known[key] = self._work_out(who, rides, won)
        return self.known[key]

    def _work_out(self, who: Who, rides: frozenset[Won], won: Won) -> Effects | None:
        plain: list[Effects] = []
        difference: list[Effects | None] = []
        lines, nonconsecutive = set[int](), False
        for ride in sorted(rides):
            # The fewest transfers first, as the specification has it; then what costs least.
            rules = sorted(self.rules.get((ride.group, won.group), ()), key=lambda rule: (
                rule.count or TRANSFERS_MOST, self._extra(who, rule) or 0, rule.line))
            lines |= {rule.line for rule in rules}
            nonconsecutive |= any(rule.nonconsecutive for rule in rules)
            plain.append(tuple(effect for rule in rules
                               for effect in self._plain(who, rule, ride, won)))
            difference.append(self._difference(who, rules, ride, won))
        if not lines:
            return ()
        same = _agreed(plain)
        known = [one for one in difference if one is not None]
        same_difference = _agreed(known) if len(known) == len(difference) else None
        if same is not None and not (nonconsecutive and same_difference):
            if nonconsecutive:
                self._say("GTFS_EXTENSION", lines, "nonconsecutive_transfers_allowed was not read: "
                          "the price after a transfer is not just the difference")
            self._say_clock(same, plain, lines)
            return same
        if same_difference:
            if not nonconsecutive and same_difference[0].max_transfers > 1:
                self._say("GTFS_TRANSFER_CHAIN", lines, "each transfer costs the difference to the "
                          "ride before in the feed; here to all that the chain has paid")
            self._say_clock(same_difference, known, lines)
            return same_difference
        return None

    def _say_clock(self, chosen: Effects, said: Sequence[Effects], lines: set[int]) -> None:
        if any(one != chosen for one in said):
            self._say("GTFS_TRANSFER_CLOCK", lines,
                      "is counted from the first ride of the chain, however it went on")

    def _say(self, code: str, lines: set[int], reason: str) -> None:
        for line in lines:
            self.notices.say(code, self.grid.plan.transfers_file, line, reason)

    def _plain(
        self, who: Who, rule: TransferRule, ride: Won, won: Won
    ) -> Iterator[Effect]:
        """What a rule does, said by itself."""
        extra = self._extra(who, rule)
        if extra is None:
            return
        if rule.keeps == FareTransferType.A_AB_B:
            if extra > 0:
                self._say("GTFS_TRANSFER_DEARER", {rule.line}, "adds to the price of the second "
                          "ride; a transfer row cannot")
            elif extra < 0:
                yield Effect("credit", -extra, *self._clock(rule))
            return
        if rule.keeps == FareTransferType.AB:
            if extra < ride.amount:
                self._say("GTFS_TRANSFER_REFUND", {rule.line}, "costs less than the first ride "
                          "has already been charged; nothing is given back")
            yield Effect("chain_pays", max(extra, 0), *self._clock(rule))._replace(max_transfers=1)
            if rule.count != 1:     # the next one is added to what has been paid
                yield Effect("pays_amount", max(extra, 0), *self._clock(rule))
            return
        if extra < 0:
            self._say("GTFS_TRANSFER_REFUND", {rule.line},
                      "would give money back; the ride is free")
        if extra > won.amount:
            self._say("GTFS_TRANSFER_DEARER", {rule.line}, "costs more than the second ride by "
                      "itself; its own fare is taken")
        yield Effect("pays_amount", max(extra, 0), *self._clock(rule))

    def _difference(
        self, who: Who, rules: Sequence[TransferRule], ride: Won, won: Won
    ) -> Effects | None:
        """The same where it is just the difference between the two rides."""
        if len(rules) != 1 or rules[0].keeps != FareTransferType.A_AB:
            return None
        extra = self._extra(who, rules[0])
        if extra is None or extra != max(0, won.amount - ride.amount):
            return None
        return (Effect("pays_difference", 0, *self._clock(rules[0])),)

    def _extra(self, who: Who, rule: TransferRule) -> int | None:
        """The price of the transfer itself; None where there is none for these riders."""
        return 0 if rule.prices is None else price_for(rule.prices, *who)

    def _clock(self, rule: TransferRule) -> tuple[int, str, str, int]:
        """How long a transfer may take, between which moments, and how often."""
        most = min(rule.count or TRANSFERS_MOST, TRANSFERS_MOST)
        if rule.within_s is None:
            self._say("GTFS_NO_LIMIT", {rule.line}, Phrase(
                "has no time limit; {limit_s} s are taken from the end of the first ride to the "
                "start of the second", limit_s=NO_LIMIT_S))
            return NO_LIMIT_S, "end", "start", most
        until = "end" if rule.clock in (Clock.START_TO_END, Clock.END_TO_END) else "start"
        if rule.clock in (Clock.START_TO_END, Clock.START_TO_START):
            first = "chain" if rule.same_group or rule.nonconsecutive else "start"
            return rule.within_s, first, until, most
        if rule.same_group and rule.count != 1:
            self._say("GTFS_TRANSFER_CLOCK", {rule.line}, "is counted from the end of the first "
                      "ride of all in the feed; here from the end of the ride before")
        return rule.within_s, "end", until, most


def _agreed(said: Sequence[Effects]) -> Effects | None:
    """What all rides before say; None where they differ.

    Where they differ in the start of the clock alone, it is the chain's.
    """
    if len(set(said)) == 1:
        return said[0]
    chained = {tuple(one._replace(measured_from="chain") if one.measured_from == "start" else one
                     for one in effects) for effects in said}
    return chained.pop() if len(chained) == 1 else None


def _rows(grid: Grid, draft: Draft, block: Block, step: Step) -> Iterator[Transfer]:
    """The rows of some changes: narrow ride ends, and pairs of zones as sets of stops."""
    conditions = draft.conditions(block, step)
    changes: tuple[Change, ...] = step.answer       # type: ignore[assignment]
    for ride_ends, pairs, effects in changes:
        for lines, left, began in _sort_ends(grid, ride_ends):
            for starts, ends in rectangles(pairs):
                for effect in effects:
                    every = len(lines) == len(grid.plan.lines)
                    yield Transfer(
                        rule=draft.row_name("transfer", block, step),
                        funders=[Share(funder="operator")],
                        from_line_classes=None if every else lines,
                        left_at=None if left is None else draft.set_of_zones(left),
                        began_at=None if began is None else draft.set_of_zones(began),
                        from_stops=None if starts is None else draft.set_of_zones(starts),
                        to_stops=None if ends is None else draft.set_of_zones(ends),
                        **conditions, **effect.keys())


def _sort_ends(
    grid: Grid, ride_ends: Sequence[RideEnd]
) -> Iterator[tuple[list[str], list[int] | None, list[int] | None]]:
    """Line classes with the zones where their rides ended and began; None: wherever that was."""
    ended: dict[str, set[int]] = {}
    pairs: dict[str, set[Pair]] = {}
    for line, zone, began in ride_ends:
        if began == ANYWHERE:
            ended.setdefault(line, set()).add(zone)
        else:
            pairs.setdefault(line, set()).add((began, zone))
    lines_of: dict[tuple[int, ...] | None, list[str]] = {}
    for line, zones in ended.items():
        wherever = zones >= grid.ends_of(line)
        lines_of.setdefault(None if wherever else tuple(sorted(zones)), []).append(line)
    for left, lines in lines_of.items():
        yield lines, None if left is None else list(left), None
    together: dict[frozenset[Pair], list[str]] = {}
    for line, of_line in pairs.items():
        together.setdefault(frozenset(of_line), []).append(line)
    for same, lines in together.items():
        for starts, ends in rectangles(same):
            yield lines, ends, starts
