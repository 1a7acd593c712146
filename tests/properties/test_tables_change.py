"""Tables change between runs, and closed windows are restated: as if they had always been so.

The plain engine clears every record by the tables of the day, in every run; the kernels clear what
the changed tables touch, and post the differences.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from clearing.engine.run import clear_files, close_window, restate_windows
from clearing.reference import engine
from clearing.reference.results import Result
from clearing.reference.state import State
from clearing.reference.world import World
from fare_tables.model import Fare
from network.civil import number_of
from tests.memory_book import MemoryBook
from tests.properties.choices import Choices, made
from tests.properties.registers import registers
from tests.properties.strategies import Case, cases, fill, write_world
from tests.properties.test_engines_agree import (
    CHECKED,
    RECEIVED_AT,
    check_same,
    entries_of,
    flows_of,
    plain_entries,
    plain_flows,
    plain_refusals,
    refusals_of,
)

pytestmark = pytest.mark.kernels

drawn = settings(max_examples=30 if CHECKED else 60, deadline=None,
                 suppress_health_check=list(HealthCheck))


def dearer(row: Fare) -> Fare:
    """The row with its first amount a yuan higher."""
    if row.amount is not None:
        return msgspec.structs.replace(row, amount=row.amount + 100)
    if row.bands:
        first = msgspec.structs.replace(row.bands[0], amount=(row.bands[0].amount or 0) + 100)
        return msgspec.structs.replace(row, bands=[first, *row.bands[1:]])
    return row


def changes(draw: Choices, world: World) -> World:
    """The same network with other tables."""
    tables = list(world.tables)
    for index in draw.distinct(range(len(tables)), min(1, len(tables)), len(tables)):
        table = tables[index]
        change = draw.pick(["dearer", "fewer concessions", "no transfers", "no caps"])
        if change == "dearer":
            tables[index] = msgspec.structs.replace(table, fare=list(map(dearer, table.fare)))
        else:
            left: dict[str, dict[str, Any]] = {
                "fewer concessions": {"concession": table.concession[1:]},
                "no transfers": {"transfer": []}, "no caps": {"cap": []}}
            tables[index] = msgspec.structs.replace(table, **left[change])
    return World(world.model, world.folder, tables, listed=world.listed)


def other_registers(draw: Choices, case: Case) -> World:
    """The same network with another card register; maybe with other tables, too."""
    taps = [tap for files in case.runs for file in files for tap in file]
    world = registers(draw, case.world, taps)
    return changes(draw, world) if draw.pick([False, False, True]) else world


@drawn
@given(st.data(), st.one_of(cases(runs=4, late=True, cards=2),
                            cases(runs=4, late=True, chains=True)))
def test_closed_and_restated_is_what_would_have_been(data: st.DataObject, case: Case) -> None:
    check_change(data, case, data.draw(made(changes, case.world)))


@drawn
@given(st.data(), st.one_of(
    cases(runs=4, late=True, cards=2, registered=True),
    cases(runs=4, late=True, cards=2, registered=True, crowded=True)))
def test_so_it_is_with_another_card_register(data: st.DataObject, case: Case) -> None:
    """Chips that were exchanged at other moments than was known, cards of other kinds."""
    check_change(data, case, data.draw(made(other_registers, case)))


def check_change(data: st.DataObject, case: Case, changed: World) -> None:
    """Hold both engines to the same ledger where a network changes between two runs."""
    at = data.draw(st.integers(1, max(1, len(case.runs) - 1)))
    threads = data.draw(st.sampled_from([1, 2]))
    results = plain(case, changed, at)
    with tempfile.TemporaryDirectory() as folder:
        book = kernels(case, changed, at, Path(folder), threads)
    refusals, known = plain_refusals(results)
    check_same("refusals", refusals_of(book, case), refusals)
    assert sum(run.known for run in book.runs()) == known
    check_same("entries", entries_of(book), plain_entries(results))
    check_same("flows", flows_of(book), plain_flows(results))
    event(f"something closed: {book.closed_through is not None}")


def kernels(case: Case, changed: World, at: int, folder: Path, threads: int) -> MemoryBook:
    """Every run, with the change after so many of them."""
    book, network = MemoryBook(), folder / "network"
    write_world(network, case.world)
    for number, (files, closes) in enumerate(zip(case.list_files(), case.closes, strict=True), 1):
        clear_files([file.write(folder) for file in files], str(network), book, threads=threads,
                    received_at=RECEIVED_AT)
        closed = book.closed_through
        if closes is not None and (closed is None or number_of(closes) > closed):
            close_window(number_of(closes), str(network), book)
        if number == at:
            write_world(network, changed)
            # Without a closed window there is nothing to restate; the next run sees to the rest.
            restate_windows(0, str(network), book, threads=threads, dry_run=False)
    return book


def plain(case: Case, changed: World, at: int) -> list[Result]:
    """The same by the plain engine, to which a restatement is a run like any other."""
    state, world, results = State(), case.world, list[Result]()

    def take(result: Result) -> None:
        nonlocal state
        results.append(result)
        state = result.state

    for number, (files, closes) in enumerate(zip(case.list_files(), case.closes, strict=True), 1):
        take(engine.clear(world, [fill(world, tap) for file in files for tap in file.taps], state))
        if closes is not None:
            take(engine.close(world, state, closes))
        if number == at:
            world = changed
            take(engine.clear(world, [], state))
    return results
