"""Everything a property test of two engines needs: networks, runs of files, and their results.

`cases()` draws a network and some runs over it, and `fixed_cases()` the same ones every time.
`write_world(folder, case.world)` leaves the network in a folder, `case.list_files()` are the files
of each run, `replay(case)` is what the plain engine makes of them.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from clearing.reference import engine
from clearing.reference.calendar import service_day
from clearing.reference.results import Result
from clearing.reference.state import State
from clearing.reference.taps import Tap
from clearing.reference.world import World
from tests.properties.choices import Choices, made
from tests.properties.days import (
    copies_of,
    proven,
    refunds_of,
    reversals_of,
    rivals_of,
    taps_of,
)
from tests.properties.files import TapFile, prepare
from tests.properties.lists import stop, write_lists
from tests.properties.networks import to_toml, worlds
from tests.properties.networks import write_world as write_network
from tests.properties.registers import FILE, crowd, register_text, registers, start_again

__all__ = ["Case", "TapFile", "cases", "fixed_cases", "prepare", "replay", "taps_of", "worlds",
           "write_world"]


@dataclass(frozen=True, repr=False)
class Case:
    """A network and its runs, one after another into one book."""

    world: World
    runs: list[list[list[Tap]]]             # run, file, taps
    closes: list[datetime.date | None]      # after each run: close the days up to this one
    terse: bool                             # whether files leave out what they may

    def __repr__(self) -> str:
        """What a failing test prints: the network and the files, as they would be written."""
        parts = [to_toml(self.world.model), *(to_toml(table) for table in self.world.tables)]
        parts += [f"{self.world.folder.links}\n{self.world.folder.matrices}\n"]
        parts += [register_text(self.world)]
        for run, (files, closes) in enumerate(zip(self.list_files(), self.closes, strict=True), 1):
            parts += [f"run {run}, {file.name}:\n{file.content.decode()}" for file in files]
            parts += [f"close {closes}"] * (closes is not None)
        return "\n" + "\n".join(parts)

    def list_files(self) -> list[list[TapFile]]:
        """The files of every run. Numbers count up through all runs; no two files are equal."""
        seen: set[bytes] = set()
        files: list[list[TapFile]] = []
        number = 1
        for parts in self.runs:
            files.append(prepare(self.world, parts, first_number=number, seen=seen,
                                 terse=self.terse))
            number += len(parts)
        return files


def cases(**how: Any) -> st.SearchStrategy[Case]:
    """Any case, see `make_case`."""
    return made(make_case, **how)


def fixed_cases(count: int, **how: Any) -> Iterator[Case]:
    """So many cases, the same every time, each drawn without regard to the others."""
    for number in range(count):
        yield make_case(Choices(random.Random(number).randrange), **how)


def make_case(
    draw: Choices, *, runs: int = 3, files: int = 3, cards: int = 3, chains: bool = False,
    late: bool = False, registered: bool = False, crowded: bool = False, rivals: bool = False,
) -> Case:
    """Any network with up to so many runs of up to so many files; or chains of transfers.

    late: records come in whatever run; else in the order of time, but for one.
    registered: the network has a card register, by which counters may start again.
    crowded: half of them within a few days.
    rivals: other operators claim counters of cards, too; authentication codes are right.
    """
    world = worlds(draw, chains=chains)
    taps = sorted(taps_of(draw, world, cards=cards, chains=chains), key=lambda tap: tap.tapped_at)
    if crowded and draw.flip():
        world, taps = crowd(draw, world, taps)
    if registered:
        world = registers(draw, world, taps)
        if draw.pick([True, True, False]):
            taps = start_again(world, taps)
    parts = [list[Tap]() for _ in range(draw.pick(range(1, runs + 1)))]
    # Between two runs there is rather a card on its way than not.
    inside = [index for index, tap in enumerate(taps, 1) if tap.kind == "in"]
    cuts = sorted(draw.pick([*range(len(taps) + 1), *inside * 4]) for _ in parts[1:])
    for index, tap in enumerate(taps):
        run = sum(cut <= index for cut in cuts)
        if late:
            run = draw.pick([run, run, *range(len(parts))])
        parts[run].append(tap)
    # Rather of exits than of others: what is said of them takes rides apart.
    exits = [tap for tap in taps if tap.kind == "out"]
    for tap in draw.several([*taps, *exits * 2], 0, 4):
        copy = copies_of(draw, world, tap)
        draw.pick(parts).append(copy)
    singles = [tap for tap in taps if tap.kind == "single"]
    if singles and draw.pick([True, False, False]):
        parts[-1].append(reversals_of(draw, singles))
    for _ in range(draw.pick(range(3))):
        draw.pick(parts).append(refunds_of(draw, taps))
    if rivals:
        for tap in draw.several(taps, 1, 4):
            draw.pick(parts).append(rivals_of(draw, world, tap))
        parts = [[proven(draw, tap) for tap in part] for part in parts]
    if draw.flip():
        _move_one(draw, parts)
    parts = [part for part in parts if part]
    return Case(
        world=world,
        runs=[_split(draw, part, files) for part in parts],
        closes=_closes(draw, world, parts),
        terse=draw.flip(),
    )


def write_world(folder: Path, world: World) -> None:
    """Leave the network in a folder, with its card register and deny lists."""
    write_network(folder, world)
    write_lists(folder, world)
    if world.model.card_register is not None:
        (folder / FILE).write_text(register_text(world), "utf-8")


def replay(case: Case) -> list[Result]:
    """What the plain engine makes of every run, and of every closing, in order."""
    state = State()
    results: list[Result] = []
    for files, closes in zip(case.list_files(), case.closes, strict=True):
        taps = [fill(case.world, tap) for file in files for tap in file.taps]
        taps, stopped = stop(case.world, taps)
        result = engine.clear(case.world, taps, state)
        results.append(replace(result, refusals=sorted([*result.refusals, *stopped])))
        state = results[-1].state
        if closes is not None:
            results.append(engine.close(case.world, state, closes))
            state = results[-1].state
    return results


def fill(world: World, tap: Tap) -> Tap:
    """The tap with what its blanks stand for, as decoding fills them in."""
    filled = {name: value for name, value in (
        ("card_kind", world.model.card_kinds[0]), ("medium", "card")) if not getattr(tap, name)}
    return replace(tap, **filled, blanks=frozenset(filled))


def _move_one(draw: Choices, parts: list[list[Tap]]) -> None:
    """One tap comes late: in the last run, whenever it happened."""
    early = [(part, tap) for part in parts[:-1] for tap in part]
    if early:
        part, tap = draw.pick(early)
        part.remove(tap)
        parts[-1].append(tap)


def _split(draw: Choices, taps: list[Tap], files: int) -> list[list[Tap]]:
    """The taps of one run over some files, in any order. A file can be without records."""
    shuffled = draw.shuffled(taps)
    parts = [list[Tap]() for _ in range(draw.pick(range(1, files + 1)))]
    for tap in shuffled:
        draw.pick(parts).append(tap)
    return [part for part in parts if part]


def _closes(draw: Choices, world: World, parts: list[list[Tap]]) -> list[datetime.date | None]:
    """What is closed after each run: a day of its taps, never one that is closed already."""
    closes: list[datetime.date | None] = []
    last = datetime.date.min
    for taps in parts:
        days = {service_day(world.model, tap.tapped_at) for tap in taps}
        closes.append(draw.pick([None, *sorted(day for day in days if day > last)]))
        last = closes[-1] or last
    return closes
