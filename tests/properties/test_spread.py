"""The strategies reach every state, refusal and leg: a property says nothing of what is not drawn.

Which shapes of rules they reach is looked at in test_engines_agree.py.
Counts are over hundreds of cases. Each thing must occur in some of them, not in one by luck.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from clearing.reference.results import Entry, Result, Ride
from clearing.reference.state import State
from clearing.reference.world import World
from tests.properties.strategies import Case, cases, fixed_cases, replay, write_world
from tests.reference.plain import read_world

EXAMPLES = 360
FEW = 3         # cases at least

EXPECTED = [
    *(f"state {state}" for state in ("COMPLETE", "SINGLE_TAP", "MISSING_OUT", "MISSING_IN",
                                     "SAME_STATION", "OVERTIME")),
    *(f"refusal {code}" for code in ("DUPLICATE", "CONFLICT", "CORRECTED", "NO_FARE",
                                      "FOREIGN_RECORD", "REBATE_ALONE", "GIVEN_BACK_IN_PART")),
    *(f"leg {kind}" for kind in ("concession", "transfer", "tier")),
    *(f"kind {kind}" for kind in ("single", "in", "out", "ride", "top_up", "lock")),
    "two reports of one tap", "fuller report of an earlier run", "charge given back", "uncollected",
    "rebate at the exit",
    "leg with two funders", "variance", "held", "paid by validator", "overtime added",
    "clearing fee", "issuer fee", "open ride", "open ride went on", "copy of an earlier run",
    "conflict with an earlier run", "closed window", "window moved on", "two months",
    "taken back in its window", "taken back in a later window", "priced again",
    "conflict with a ride", "conflict with a ride of a closed window",
    "exit after its window was closed", "ride taken apart", "fare found later",
    "two versions of a table", "discount on an incomplete ride", "two transfers",
    "two operators on one ride", "flow between provinces", "twenty-digit card",
    "by the counter", "clock conflict", "out before in by the clocks", "line changed under way",
    "both ends of one counter",
]


def test_spread() -> None:
    seen: Counter[str] = Counter()
    kinds: list[dict[str, Any]] = [{}, {"chains": True}, {"runs": 5, "late": True}]
    for kind in kinds:
        for case in fixed_cases(EXAMPLES // len(kinds), **kind):
            seen.update(set(_list_seen(case, replay(case))))
    rare = {thing: seen[thing] for thing in EXPECTED if seen[thing] < FEW}
    assert rare == {}, f"drawn in fewer than {FEW} of {EXAMPLES} cases"


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_written_network_reads_back(
    tmp_path_factory: pytest.TempPathFactory, case: Case
) -> None:
    folder = tmp_path_factory.mktemp("network")
    write_world(folder, case.world)
    world = read_world(folder)
    assert world.model == case.world.model
    assert world.tables == case.world.tables
    for name, column in case.world.folder.matrices:
        assert world.folder.matrix_in(name, column) == case.world.folder.matrices[name, column]
    assert world.links_of("R1") == case.world.folder.links["rail-links.csv"]
    assert world.folder.zones_in("zones.csv") == case.world.folder.zones["zones.csv"]
    for operator, file in (("R1", "rail-lines.csv"), ("B1", "bus-lines.csv")):
        for line, stops in case.world.folder.line_stops[file].items():
            assert world.line_stops_of(operator).get(line, {}) == stops


def _list_seen(case: Case, results: list[Result]) -> list[str]:
    entries = [entry for result in results for entry in result.entries]
    refusals = [refusal.code for result in results for refusal in result.refusals]
    seen = [f"state {entry.ride.state}" for entry in entries]
    seen += [f"refusal {code}" for code in refusals]
    seen += [f"kind {tap.kind}" for run in case.runs for taps in run for tap in taps]
    for entry in entries:
        seen += _list_seen_of_entry(case.world, entry)
    for result in results:
        memories = result.state.memories
        seen += ["open ride"] * bool(result.still_open)
        seen += ["two transfers"] * any(c.transfers > 1 for c in memories.chains.values())
        days: dict[tuple[Any, ...], list[Ride]] = defaultdict(list)
        for entry in result.state.entries:
            days[entry.ride.card, entry.ride.service_day].append(entry.ride)
        # By time, although the counters run back.
        seen += ["clock conflict" for rides in days.values() for one in rides for other in rides
                 if one.time < other.time and one.card_seq > other.card_seq
                 and not other.before_by_counter]
    return seen + _list_seen_between_runs(case, results)


def _list_seen_of_entry(world: World, entry: Entry) -> list[str]:
    ride, charge = entry.ride, entry.charge
    kinds = Counter(leg.cause for leg in entry.legs)
    home, here = world.issuers[ride.issuer].city, world.operators[ride.operator].city
    found = {
        "leg with two funders": max(kinds.values(), default=0) > 1,
        "variance": charge.variance != 0,
        "uncollected": charge.uncollected != 0,
        "two reports of one tap": any(tap.beside for tap in ride.taps),
        "rebate at the exit": charge.by_validator and (ride.taps[-1].paid or 0) < 0,
        "held": charge.held,
        "paid by validator": charge.by_validator,
        "overtime added": ride.state == "OVERTIME" and charge.due > 0,
        "clearing fee": kinds["clearing_fee"] > 0,
        "no agreement": kinds["no_agreement"] > 0,
        "agreements overlap": kinds["agreements_overlap"] > 0,
        "issuer fee": kinds["issuer_fee"] > 0,
        "window moved on": entry.window != ride.service_day,
        "discount on an incomplete ride": ride.incomplete and len(charge.legs) > 1,
        "two operators on one ride": ride.taps[0].operator != ride.taps[-1].operator,
        "flow between provinces": world.provinces[home] != world.provinces[here],
        "twenty-digit card": len(ride.card) == 20,
        "by the counter": ride.before_by_counter,
        "out before in by the clocks": 0 < ride.ended_at < ride.started_at,
        "line changed under way": ride.line_changed,
        "both ends of one counter": len({tap.card_seq for tap in ride.taps}) < len(ride.taps),
    }
    return [f"leg {kind}" for kind in kinds] + [name for name, is_so in found.items() if is_so]


def _list_seen_between_runs(case: Case, results: list[Result]) -> list[str]:
    seen: list[str] = []
    taps = {tap.place: tap for run in case.list_files() for file in run for tap in file.taps}
    for before, result in pairwise([Result([], [], [], {}, State()), *results]):
        received = {tap.identity for tap in before.state.received}
        copies = [code for code, *place in result.refusals
                  if taps[place[0], place[1]].identity in received]
        seen += ["copy of an earlier run"] * ("DUPLICATE" in copies)
        seen += ["conflict with an earlier run"] * ("CONFLICT" in copies)
        seen += _list_seen_of_reports(before.state, result)
        seen += _list_seen_of_changes(before.state, result)
    accumulators = {key for result in results for key in result.state.memories.accumulators}
    tables = {entry.charge.table for result in results for entry in result.entries}
    seen += ["closed window"] * any(day is not None for day in case.closes)
    seen += ["two months"] * (len({period[:7] for *_, period in accumulators}) > 1)
    seen += ["two versions of a table"] * (
        len(tables) > len({table.split("@")[0] for table in tables}))
    return seen


def _list_seen_of_reports(before: State, result: Result) -> list[str]:
    """What a run's records say of those that came before."""
    known = {tap.place for tap in before.received}
    ridden = {tap.identity for entry in result.reversals for tap in entry.ride.taps}
    new = [tap for tap in result.state.received if tap.place not in known]
    seen = ["fuller report of an earlier run"] * any(
        tap.place in known and set(tap.beside) - known for ride in result.rides
        for tap in ride.taps)
    return seen + ["charge given back"] * any(
        (tap.gives_back or tap.charges_nothing) and tap.identity in ridden
        and tap.place not in result.state.told for tap in new)


def _list_seen_of_changes(before: State, result: Result) -> list[str]:
    """What a run made of what was there before."""
    inside = {tap.place for tap in before.open.values()}
    windows = {(entry.ride.card, entry.ride.place): entry.window for entry in before.entries}
    entered = {(entry.ride.card, entry.ride.place): entry.ride for entry in result.entries}
    conflicts = {(file, line) for code, file, line in result.refusals if code == "CONFLICT"}
    seen = ["open ride went on" for ride in result.rides
            if len(ride.taps) > 1 and ride.taps[0].place in inside]
    seen += ["fare found later" for ride in result.rides for tap in ride.taps
             if tap.place in before.told]
    for entry in result.reversals:
        place, taps = (entry.ride.card, entry.ride.place), {tap.place for tap in entry.ride.taps}
        ride, late = entered.get(place), entry.window != windows[place]
        states = (entry.ride.state, ride.state if ride else "")
        found = {
            "taken back in its window": not late,
            "taken back in a later window": late,
            "priced again": ride is not None and states[0] == states[1],
            "conflict with a ride": bool(taps & conflicts),
            "conflict with a ride of a closed window": bool(taps & conflicts) and late,
            "exit after its window was closed": late and states == ("MISSING_OUT", "COMPLETE"),
            "ride taken apart": states[1] == "MISSING_OUT" and states[0] in (
                "COMPLETE", "SAME_STATION", "OVERTIME"),
        }
        seen += [name for name, is_so in found.items() if is_so]
    return seen
