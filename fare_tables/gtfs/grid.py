"""Which rule prices a ride, for every line class, rider, medium and hour; and equal answers merged.

What is written into a table are rows that exclude each other, so that their order decides nothing
but between the hour of entry and that of exit.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

from fare_tables.gtfs.hours import Cell, Hours
from fare_tables.gtfs.plan import ANY, Pair, Plan, Rule, price_for

Side = Literal["entry", "exit"]
Who = tuple[str, str]                       # card kind, medium
Answer = TypeVar("Answer", bound=Hashable)


class Won(NamedTuple):
    """What a ride between two zones costs, and the leg group that says so."""

    amount: int
    group: str


Fares = tuple[tuple[Pair, Won], ...]        # sorted


class Step(NamedTuple):
    """An answer for rides of some hours; no hours: for every ride."""

    side: Side
    cells: frozenset[Cell] | None
    answer: Hashable
    pairs: frozenset[Pair] | None = None    # of zones; None: whichever the answer has


class Block(NamedTuple):
    """For whom some steps are the answer; None: for every one."""

    lines: tuple[str, ...] | None
    card_kinds: tuple[str, ...] | None
    media: tuple[str, ...] | None
    steps: tuple[Step, ...]


@dataclass
class Grid:
    """The winners of a plan in one period."""

    plan: Plan
    hours: Hours
    _found: dict[Hashable, Fares | None] = field(default_factory=dict)
    _same: dict[Fares, Fares] = field(default_factory=dict)
    _ends: dict[str, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort out what rules ask for."""
        self.asked = {name: ({rule.entry for rule in rules} - {ANY},
                             {rule.exit for rule in rules} - {ANY})
                      for name, rules in self.plan.rules.items()}

    def who(self) -> list[Who]:
        """Every card kind with every medium."""
        return [(kind, medium) for kind in self.plan.card_kinds for medium in self.plan.media]

    def cells(self) -> list[tuple[Cell, Cell]]:
        """Every hour of entry with every hour of exit."""
        return [(entry, out) for entry in self.hours.cells for out in self.hours.cells]

    def fares(self, line: str, who: Who, entry: Cell, out: Cell) -> Fares | None:
        """The winner for each pair of zones; None where no ride has a fare."""
        entering, leaving = self.asked[line]
        key = (line, who, entry & entering, out & leaving)
        if key not in self._found:
            self._found[key] = self._decide(self.plan.rules[line], who, entry, out)
        return self._found[key]

    def ends_of(self, line: str) -> set[int]:
        """The zones where a ride on a line can end that has a fare by some rule."""
        if line not in self._ends:
            self._ends[line] = {end for rule in self.plan.rules[line] for _, end in rule.pairs}
        return self._ends[line]

    def _decide(self, rules: Sequence[Rule], who: Who, entry: Cell, out: Cell) -> Fares | None:
        fitting = []
        for rule in rules:
            amount = price_for(rule.prices, *who)
            if amount is not None and rule.entry in (ANY, *entry) and rule.exit in (ANY, *out):
                fitting.append((-rule.priority, amount, rule.line, rule))
        won: dict[Pair, Won] = {}
        for _, amount, _, rule in sorted(fitting, key=lambda one: one[:3]):
            winner = Won(amount, rule.group)
            for pair in rule.pairs:
                won.setdefault(pair, winner)
        fares = tuple(sorted(won.items()))
        return self._same.setdefault(fares, fares) if fares else None


def peel(answers: Mapping[tuple[Cell, Cell], Answer | None]) -> tuple[list[Step], bool]:
    """Steps that give each answer by the hour of entry or of exit; whether they say everything.

    A step that comes first decides. No step answers where there is no answer.
    """
    if len(set(answers.values())) == 1:
        answer = next(iter(answers.values()))
        return ([] if answer is None else [Step("entry", None, answer)]), True
    steps: list[Step] = []
    left = dict(answers)
    while any(answer is not None for answer in left.values()):
        found = _peel_side(left, "entry") or _peel_side(left, "exit")
        if not found:
            return steps, False
        for step in found:
            steps.append(step)
            assert step.cells is not None
            left = {cells: answer for cells, answer in left.items()
                    if cells[step.side == "exit"] not in step.cells}
    return steps, True


def _peel_side(left: Mapping[tuple[Cell, Cell], Hashable | None], side: Side) -> list[Step]:
    """The hours of one side that have one answer, whatever the other is."""
    seen: dict[Cell, set[Hashable | None]] = {}
    for cells, answer in left.items():
        seen.setdefault(cells[side == "exit"], set()).add(answer)
    by_answer: dict[Hashable, set[Cell]] = {}
    for cell, answers in seen.items():
        [answer, *others] = answers
        if not others and answer is not None:
            by_answer.setdefault(answer, set()).add(cell)
    return [Step(side, frozenset(cells), answer) for answer, cells in by_answer.items()]


def peel_pairs(
    answers: Mapping[tuple[Cell, Cell], tuple[tuple[Pair, int], ...] | None]
) -> tuple[list[Step], bool]:
    """The same for each way of its own, where ways differ in the hours that they go by."""
    amounts: dict[Pair, dict[tuple[Cell, Cell], int]] = {}
    for cells, known in answers.items():
        for pair, amount in known or ():
            amounts.setdefault(pair, {})[cells] = amount
    together: dict[tuple[int | None, ...], set[Pair]] = {}
    for pair, by_cells in amounts.items():
        together.setdefault(tuple(by_cells.get(cells) for cells in answers), set()).add(pair)
    steps, complete = [], True
    for same, pairs in together.items():
        found, all_said = peel(dict(zip(answers, same, strict=True)))
        steps += [step._replace(pairs=frozenset(pairs)) for step in found]
        complete = complete and all_said
    return steps, complete


def merge(
    plan: Plan, answers: Mapping[tuple[str, Who], tuple[Step, ...]]
) -> Iterator[Block]:
    """Line classes, card kinds and media with the same steps, together; those with none left out.

    The blocks exclude each other.
    """
    together: dict[tuple[Step, ...], dict[Who, list[str]]] = {}
    for (line, who), steps in answers.items():
        if steps:
            together.setdefault(steps, {}).setdefault(who, []).append(line)
    every_line = tuple(one.name for one in plan.lines)
    for steps, lines_of in together.items():
        by_lines: dict[tuple[str, ...], dict[str, list[str]]] = {}
        for (kind, medium), lines in lines_of.items():
            by_lines.setdefault(tuple(lines), {}).setdefault(kind, []).append(medium)
        for same_lines, media_of in by_lines.items():
            by_media: dict[tuple[str, ...], list[str]] = {}
            for kind, media in media_of.items():
                by_media.setdefault(tuple(media), []).append(kind)
            for same_media, kinds in by_media.items():
                yield Block(_all_or(same_lines, every_line), _all_or(kinds, plan.card_kinds),
                            _all_or(same_media, plan.media), steps)


def _all_or(some: Iterable[str], every: Iterable[str]) -> tuple[str, ...] | None:
    chosen = tuple(some)
    return None if set(chosen) == set(every) else chosen


def rectangles(
    pairs: frozenset[Pair] | None
) -> Iterator[tuple[list[int] | None, list[int] | None]]:
    """Pairs of zones as starts with ends that go with every one of them."""
    if pairs is None:
        yield None, None
        return
    ends_of: dict[int, set[int]] = {}
    for start, end in pairs:
        ends_of.setdefault(start, set()).add(end)
    starts_of: dict[tuple[int, ...], list[int]] = {}
    for start, ends in sorted(ends_of.items()):
        starts_of.setdefault(tuple(sorted(ends)), []).append(start)
    for same_ends, starts in starts_of.items():
        yield starts, list(same_ends)
