"""Seconds to settle: who pays whom among many members, and closing a window with all its files.

Netting is of made-up members of cities in provinces, on three levels, of which every issuer owes
every operator, and operators fees; agreements are compiled, and every ride that there can be is
looked at. Closing is of a day of the demonstration network, cleared beforehand, with positions,
instructions and statements as `onecard settle` writes them; then every member's statement is
written as `onecard statement --no-rides` does.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.day import CACHE, RECEIVED_AT, Day, prepare
from benchmarks.machine import describe_machine, peak_memory_mib
from ext import records
from ext.codes import Cause
from network.members import Member
from network.model import NetworkFile

PROVINCES, CITIES = 15, 4       # of each province
CAUSES = (Cause.FARE, Cause.CONCESSION, Cause.ISSUER_FEE)


def main(arguments: list[str]) -> None:
    """Measure each, and print the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks settlement", description=__doc__)
    parser.add_argument("--members", type=int, default=400, help="besides centres")
    parser.add_argument("--agreements", type=int, default=2_000)
    parser.add_argument("--taps", type=int, default=14_120_000,
                        help="of the day that is closed: ten million entries")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    result = {"machine": describe_machine(), **measure(options)}
    print(json.dumps(result, indent=2) if options.json else render(result))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    from settlement.agreements import compile_agreements
    from settlement.carrying import Carrying, Span
    from settlement.coverage import cover
    from settlement.netting import owe

    model, members = make_network(options.members, options.agreements)
    flows = make_flows(members)
    day = datetime.date(2024, 11, 25)

    def net() -> int:
        due = {"": owe(flows, members, model.netting).due()}
        return len(Carrying(model).pay(due, {}, Span(day, day)).instructions)

    def compile_all() -> int:
        return len(compile_agreements(model.agreement, members, lambda *_: 1).ranked_agreements)

    netting, instructions = timed(net, options.rounds)
    compiling, _ = timed(compile_all, options.rounds)
    checking, _ = timed(lambda: len(cover(model, members).uncovered), options.rounds)
    return {"members": len(members), "agreements": len(model.agreement), "flows": len(flows),
            "instructions": instructions, "netting_s": netting, "compile_agreements_s": compiling,
            "check_agreements_s": checking, **close(options.taps, options.threads),
            "peak_memory_mib": peak_memory_mib()}


def timed(call: Callable[[], int], rounds: int) -> tuple[float, int]:
    """The median of the seconds that a call takes, and what it returns."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), found


def make_network(count: int, agreements: int) -> tuple[NetworkFile, list[Member]]:
    """Members, spread over cities that settle by their centre, its province's and the nation's."""
    codes = [f"{number:02}" for number in range(PROVINCES)]
    cities = [(f"{province}{number}", province) for province in codes for number in range(CITIES)]
    members = [Member(f"m{number}", number, "issuer" if number % 2 else "operator", "",
                      *cities[number % len(cities)]) for number in range(1, count + 1)]
    places = [*((city, city, province) for city, province in cities),
              *((province, None, province) for province in codes), ("nation", None, None)]
    members += [Member(f"c-{name}", number, "centre", "", city, province)
                for number, (name, city, province) in enumerate(places, count + 1)]
    nettings = [{"netting": city, "cities": [city], "centre": f"c-{city}", "through": province}
                for city, province in cities]
    nettings += [{"netting": province, "provinces": [province], "centre": f"c-{province}",
                  "through": "nation"} for province in codes]
    issuers = [one.code for one in members if one.role == "issuer"]
    operators = [one.code for one in members if one.role == "operator"]
    rows = [{"agreement": f"a{number}", "issuers": [issuers[number % len(issuers)]],
             "operators": [operators[number // len(issuers) % len(operators)]],
             "issuer_ppm": 1_000} for number in range(agreements - 1)]
    model = msgspec.convert({
        "network": "many", "title": "", "time_zone": "Asia/Shanghai", "day_starts_at": "03:00:00",
        "taps_from": "2024-01-01", "modes": ["bus"], "card_kinds": ["adult"], "media": ["card"],
        "province": [], "city": [], "issuer": [],
        "operator": [{"code": code, "name": "", "city": "", "modes": ["bus"], "charged_by": {}}
                     for code in operators],
        "agreement": [*rows, {"agreement": "all", "issuer_ppm": 2_000}],
        "netting": [*nettings, {"netting": "nation", "centre": "c-nation"}]}, NetworkFile)
    return model, members


def make_flows(members: list[Member]) -> records.Records:
    """What every issuer owes every operator, for each cause; fees go back."""
    issuers = [one.number for one in members if one.role == "issuer"]
    operators = [one.number for one in members if one.role == "operator"]
    pairs = np.array(np.meshgrid(issuers, operators)).reshape(2, -1)
    flows = np.zeros((len(CAUSES), pairs.shape[1]), records.FLOW)
    for rows, cause in zip(flows, CAUSES, strict=True):
        rows["debtor"], rows["creditor"] = pairs[::-1] if cause == Cause.ISSUER_FEE else pairs
        rows["cause"] = cause
        rows["amount"] = np.random.default_rng(int(cause)).integers(1, 10_000_000, len(rows))
    return flows.reshape(-1)


def close(taps: int, threads: int) -> dict[str, Any]:
    """What it takes to close a day with its files, and to write every member's statement of it."""
    from clearing.answers.member_statements import write_statements
    from clearing.answers.periods import window_period
    from clearing.answers.session import open_session
    from clearing.answers.settle import settle
    from clearing.engine.run import clear_files

    paths = prepare(Day(taps, seed=1))
    folder = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        with open_session(str(folder / "book"), "demo", read_only=False, create=True) as session:
            clear_files(paths, "demo", session.book, threads=threads, received_at=RECEIVED_AT)
            found = session.book.query("SELECT toString(toDate(max(window))) AS day, "
                                       "count() AS entries FROM ledger")
            window, entries = str(found["day"][0]), int(found["entries"][0])
            start, busy = time.perf_counter(), time.process_time()
            settled = settle(session, window, today=datetime.date(2027, 1, 1), threads=threads)
            assert settled is not None
            closing, closing_cpu = time.perf_counter() - start, time.process_time() - busy
            start, busy = time.perf_counter(), time.process_time()
            written = list(write_statements(session, window_period(session, window), (),
                                            folder / "statements", with_rides=False))
            return {"entries": entries, "closing_s": closing, "closing_cpu_s": closing_cpu,
                    "statements": len(written), "statements_s": time.perf_counter() - start,
                    "statements_cpu_s": time.process_time() - busy}
    finally:
        shutil.rmtree(folder)


def render(result: dict[str, Any]) -> str:
    """For people."""
    return "\n".join([
        result["machine"],
        f"who pays whom, {result['members']:,} members on 3 levels, {result['flows']:,} flows, "
        f"{result['instructions']:,} instructions: {result['netting_s']:.3f} s",
        f"{result['agreements']:,} agreements: compiled in {result['compile_agreements_s']:.3f} s, "
        f"every ride looked at in {result['check_agreements_s']:.3f} s",
        f"a window of {result['entries']:,} entries is closed, with its files, in "
        f"{result['closing_s']:.2f} s, {result['closing_cpu_s']:.2f} s of processors",
        f"{result['statements']:,} members' statements of it, without the list of rides, in "
        f"{result['statements_s']:.2f} s, {result['statements_cpu_s']:.2f} s of processors",
        f"peak memory {result['peak_memory_mib']:,} MiB, clearing included"])
