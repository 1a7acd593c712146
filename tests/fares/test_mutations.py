"""A table that somebody changed by accident does not go unnoticed.

Every row of every shipped table is changed in every number and list, removed, and doubled. Each
change is refused, found by the check, or shows in the price of a ride at an edge of the table. What
is neither stands below with its reason.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clearing.answers.check_tables import check_network
from clearing.reference.world import World
from fare_tables.source import TableSource, read_sources
from network.folder import SHIPPED, list_networks
from tests.fares.mutants import Mutant, as_toml, mutants_of
from tests.fares.probes import Probe, Prober, Question
from tests.reference.plain import read_world

# Changes that no ride can tell, by network, file and change, with the reason.
ANOTHER_ROW_DECIDES = "the row above holds for 70 years and more, with the same quota if it has one"
TELLS_NOTHING = {
    ("haikou", r"haikou-bus-.* concession elder-half: age_to 69 → 70"): ANOTHER_ROW_DECIDES,
    ("jinhua", r"jinhua-bus.* concession elder-half: age_to 69 → 70"): ANOTHER_ROW_DECIDES,
    ("jinhua", r"panan-bus.* concession elder-half: age_to 69 → 70"): ANOTHER_ROW_DECIDES,
    ("jinhua", r"jinhua-metro.* concession from-60-half: age_to 69 → 70"): ANOTHER_ROW_DECIDES,
    ("chengdu", r"chengdu-metro.* fare by-distance: bands.4.every_m 10000 → 10001"):
        "the band is one step long",
    ("chongqing", r"chongqing-metro.* fare by-distance-to-7: .*"):
        "a concession takes this fare only where it is less: that it is dearer is not seen",
}


class Watched:
    """A table, with rides around each of its rows."""

    def __init__(self, world: World, written: TableSource, folder: Path) -> None:
        """A folder that is not there yet takes the table, alone in its network."""
        self.prober, self.keys = Prober(world, written.table), written.draft.keys
        self.folder = folder
        self.bases = self.prober.bases()
        self.near: dict[str, tuple[list[Question], Iterator[Probe]]] = {}
        shutil.copytree(world.folder.path, folder,
                        ignore=shutil.ignore_patterns("*.toml", "layouts"))
        shutil.copy(world.folder.path / "network.toml", folder)

    def check(self, keys: dict[str, Any]) -> set[tuple[str, str]]:
        """What the check says of a table as it is written: codes, and what they are about."""
        (self.folder / "table.toml").write_text(as_toml(keys), "utf-8")
        return {(one.code, one.where) for one in check_network(str(self.folder)).findings}

    @cached_property
    def said(self) -> set[tuple[str, str]]:
        """What the check says of the table itself."""
        return self.check(self.keys)

    def is_dearer_or_cheaper(self, worlds: dict[str, World], rule: str) -> bool:
        """Whether a ride near the changed row has another price."""
        return shows(self._questions(rule), worlds)

    def _questions(self, rule: str) -> Iterator[Question]:
        """The rides near a row, each asked for when a change did not show in those before it."""
        if rule not in self.near:
            self.near[rule] = [], iter(dict.fromkeys(
                probe for row, base in self.bases.items()
                if not rule or rule in self.prober.rules_at(row)
                for probe in self.prober.probes(base)))
        asked, others = self.near[rule]
        yield from asked
        for probe in others:
            asked.append(self.prober.question(probe))
            yield asked[-1]

    def is_another_for_anybody(self, worlds: dict[str, World]) -> bool:
        """Whether a ride of any sort of rider has another price."""
        probes = dict.fromkeys(
            probe for base in self.bases.values() for probe in self.prober.riders(base))
        return shows((self.prober.question(probe) for probe in probes), worlds)


def shows(questions: Iterable[Question], worlds: dict[str, World]) -> bool:
    """Whether any ride has another price."""
    for question in questions:
        try:
            if question.shows(worlds):
                return True
        except (KeyError, StopIteration):   # it names what is gone, and compiling it says so
            return False
    return False


def is_noticed(watched: Watched, mutant: Mutant) -> bool:
    """Whether a changed table is refused, is found by the check, or has another price."""
    try:
        table = mutant.table()
    except msgspec.ValidationError:
        return True
    worlds = watched.prober.worlds_of(table)
    return (watched.is_dearer_or_cheaper(worlds, mutant.row)
            or not watched.check(mutant.keys) <= watched.said
            or watched.is_another_for_anybody(worlds))


@pytest.mark.parametrize("network", list_networks())
def test_a_change_is_refused_or_found_or_shows(network: str, tmp_path: Path) -> None:
    world = read_world(SHIPPED / network)
    watched = {written.path.name: Watched(world, written, tmp_path / written.path.stem)
               for written in read_sources(world.folder.path)}
    missed = [f"{name} {mutant.what}" for name, one in watched.items()
              for mutant in mutants_of(one.keys) if not is_noticed(one, mutant)]
    excuses = [pattern for of, pattern in TELLS_NOTHING if of == network]
    silent = [one for one in missed if not any(re.fullmatch(excuse, one) for excuse in excuses)]
    assert not silent, "\n".join(silent)
    unused = [excuse for excuse in excuses if not any(re.fullmatch(excuse, one) for one in missed)]
    assert not unused, f"these are noticed now: leave them out of TELLS_NOTHING: {unused}"
