"""Kernels and plain engine make the same of any network, day, split and number of threads.

Both are written from clearing/reference/RULES.md and not from each other: where one is wrong, they
differ.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.answers.replay import legs_of
from clearing.engine.run import clear_files, close_window
from clearing.reference.results import Result
from ext.codes import Cause, Code, RideState
from ext.records import RIDE_FLAGS
from network.cards import card_text
from network.civil import day_of, number_of
from network.names import Names
from tests.memory_book import MemoryBook
from tests.properties.shapes import EVERY, count_shapes
from tests.properties.strategies import Case, cases, fixed_cases, replay, write_world

pytestmark = pytest.mark.kernels

RECEIVED_AT = 4_000_000_000
CHECKED = os.environ.get("ONECARD_CHECKED") == "1"
# On the checked build, behind the other one and on cases of its own, half as many.
drawn = settings(max_examples=75 if CHECKED else 150, deadline=None,
                 suppress_health_check=list(HealthCheck))
FIXED = 160     # cases of either kind that are the same every time
SHARES = 4
on_the_release_build = pytest.mark.skipif(
    CHECKED, reason="the same networks every time, which the release build clears")

Rows = list[tuple[Any, ...]]


def clear_case(case: Case, folder: Path, threads: int, **how: Any) -> MemoryBook:
    """What the kernels make of every run and closing."""
    book = MemoryBook()
    write_world(folder / "network", case.world)
    for files, closes in zip(case.list_files(), case.closes, strict=True):
        paths = [file.write(folder) for file in files]
        clear_files(paths, str(folder / "network"), book, threads=threads,
                    received_at=RECEIVED_AT, **how)
        closed = book.closed_through
        if closes is not None and (closed is None or number_of(closes) > closed):
            close_window(number_of(closes), str(folder / "network"), book)
    return book


def entries_of(book: MemoryBook) -> Rows:
    """Every entry of the kernels that stands, in words."""
    names = Names(book.names())
    return sorted(_entry(row, names) for row in book.rides())


def _entry(row: Any, names: Names) -> tuple[Any, ...]:
    member = {name: names.code("member", int(row[name])) for name in ("operator", "issuer")}
    text = {name: names.code(name, int(row[name]))
            for name in ("line", "vehicle", "device", "mode", "medium", "card_kind", "table",
                         "rule")}
    return (
        card_text(int(row["card_hi"]), int(row["card_lo"])), int(row["card_seq"]),
        RideState(int(row["state"])).name, int(row["started_at"]), int(row["ended_at"]),
        day_of(int(row["service_day"])), names.code("stop", int(row["from_stop"])),
        names.code("stop", int(row["to_stop"])), member["operator"], member["issuer"],
        *text.values(), *(int(row[name]) for name in (
            "due", "price", "paid", "variance", "uncollected")),
        bool(int(row["flags"]) & RIDE_FLAGS["HELD"]), tuple(legs_of(row, names)),
        int(row["age"]), bool(int(row["flags"]) & RIDE_FLAGS["REVIEWED"]),
        bool(int(row["flags"]) & RIDE_FLAGS["RIDE_BY_COUNTER"]),
        bool(int(row["flags"]) & RIDE_FLAGS["RIDE_LINE_CHANGED"]),
        day_of(int(row["window"])),
    )


def plain_entries(results: list[Result]) -> Rows:
    """The same of the plain engine."""
    rows = []
    for entry in results[-1].state.entries:
        ride, charge = entry.ride, entry.charge
        rows.append((
            ride.card, ride.card_seq, ride.state, ride.started_at, ride.ended_at,
            ride.service_day, ride.from_stop, ride.to_stop, ride.operator, ride.issuer,
            ride.line, ride.vehicle, ride.device, ride.mode, ride.medium, ride.card_kind,
            charge.table, charge.rule, charge.due, charge.price, charge.paid, charge.variance,
            charge.uncollected, charge.held,
            entry.legs, ride.age or 0, ride.reviewed, ride.before_by_counter,
            ride.line_changed, entry.window))
    return sorted(rows)


def refusals_of(book: MemoryBook, case: Case) -> Rows:
    """Code, file and line of every refusal, files by the case's own numbers."""
    own = _numbers(case)
    numbers = {number: own[digest] for digest, number in book.number_files(own.keys()).items()}
    return sorted((Code(int(row["code"])).name, numbers[int(row["file"])], int(row["line"]))
                  for row in book.all_rows("refusals"))


def plain_refusals(results: list[Result]) -> tuple[Rows, int]:
    """The same of the plain engine, and how many records are known."""
    told = sorted(tuple(refusal) for result in results for refusal in result.refusals)
    refusals = [one for one in told if one[0] != "DUPLICATE"]
    return refusals, len(told) - len(refusals)


def _numbers(case: Case) -> dict[str, int]:
    import hashlib

    return {hashlib.sha256(file.content).hexdigest(): file.number
            for files in case.list_files() for file in files}


def flows_of(book: MemoryBook) -> Rows:
    """What members owe each other, added up over runs."""
    names, sums = Names(book.names()), dict[tuple[Any, ...], list[int]]()
    for row in book.all_rows("flows"):
        key = (day_of(int(row["window"])), names.code("member", int(row["debtor"])),
               names.code("member", int(row["creditor"])), int(row["cause"]))
        total = sums.setdefault(key, [0, 0])
        total[0] += int(row["amount"])
        total[1] += int(row["count"])
    return sorted((*key, *total) for key, total in sums.items() if total != [0, 0])


def plain_flows(results: list[Result]) -> Rows:
    """The same of the plain engine."""
    sums = dict[tuple[Any, ...], list[int]]()
    for result in results:
        for (window, debtor, creditor, cause), (amount, rides) in result.flows.items():
            total = sums.setdefault((window, debtor, creditor, int(Cause[cause.upper()])), [0, 0])
            total[0] += amount
            total[1] += rides
    return sorted((*key, *total) for key, total in sums.items() if total != [0, 0])


@drawn
@given(st.one_of(cases(), cases(chains=True), cases(registered=True, crowded=True)),
       st.sampled_from([1, 2]))
def test_both_engines_agree(case: Case, threads: int) -> None:
    check_agreement(case, threads)


@drawn
@given(st.one_of(cases(runs=5, late=True, cards=2), cases(runs=5, late=True, chains=True),
                 cases(runs=5, late=True, cards=3, registered=True, crowded=True)))
def test_both_engines_agree_whenever_records_arrive(case: Case) -> None:
    check_agreement(case, threads=1)


@on_the_release_build
@pytest.mark.parametrize("share", range(SHARES))
def test_both_engines_agree_on_the_same_cases_every_time(share: int) -> None:
    for case in islice(list_fixed(), share, None, SHARES):
        check_agreement(case, threads=1)


@on_the_release_build
def test_every_shape_of_rule_is_met() -> None:
    """Every shape of rule decides a ride of some of these cases."""
    met: Counter[str] = Counter()
    for case in list_fixed():
        for result in replay(case):
            count_shapes(case.world, result.entries, met)
    for shape in sorted(EVERY):
        print(f"{met[shape]:7} {shape}")
    assert set(met) == EVERY


def list_fixed() -> Iterator[Case]:
    """Cases that are the same every time, with chains of transfers and without."""
    return chain(fixed_cases(FIXED, chains=True), fixed_cases(FIXED))


def check_agreement(case: Case, threads: int, **how: Any) -> None:
    """Hold the kernels to what the plain engine makes of a case."""
    results = replay(case)
    with tempfile.TemporaryDirectory() as folder:
        book = clear_case(case, Path(folder), threads, **how)
    refusals, known = plain_refusals(results)
    check_same("refusals", refusals_of(book, case), refusals)
    assert sum(run.known for run in book.runs()) == known
    check_same("entries", entries_of(book), plain_entries(results))
    check_same("flows", flows_of(book), plain_flows(results))


def check_same(what: str, kernels: Rows, plain: Rows) -> None:
    """Fail with the rows that only one of the engines has."""
    only_kernels = sorted(set(kernels) - set(plain))
    only_plain = sorted(set(plain) - set(kernels))
    assert sorted(kernels) == sorted(plain), (
        f"{what}\nonly the kernels: {only_kernels}\nonly the plain engine: {only_plain}")
