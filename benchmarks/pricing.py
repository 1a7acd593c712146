"""Pricing alone, by tables that use every shape of rule at once: rides per second.

Rides are paired already and every card's state is in memory. The network is
benchmarks/every_rule/; each round starts from the same state. Also: how long it takes to compile
all shipped networks, and to answer `onecard price` from a cold start.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from clearing.engine.context import ClearingContext, load_context
from ext import records
from ext.clearing.pricing import price_rides
from ext.codes import Code, RideState
from ext.records import Records
from network.folder import list_networks
from network.names import Names

NETWORK = Path(__file__).parent / "every_rule"
FIRST_DAY = 20_048              # 2024-11-21, a Thursday
DAYS = 1
CARDS_OF_A_PARTITION = 1_024
NO_TRANSFER = 255
RIDES_OF_A_CARD = 2
COLD_STARTS = 5
PRICE = ("price", "--network", "beijing", "--mode", "metro", "--distance", "12.1km", "--at",
         "2024-11-25 06:50", "--card-kind", "ordinary", "--month-spend", "99.50")


def main(arguments: list[str]) -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks pricing", description=__doc__)
    parser.add_argument("--rides", type=int, default=8_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    names = Names()
    context = load_context(str(NETWORK), names)
    parts = make_rides(context, names, options.rides, options.seed)
    rounds = [price_all(context, parts, options.threads) for _ in range(options.rounds)]
    seconds = statistics.median(rounds)
    compiling = {network: _seconds_to_compile(network) for network in list_networks()}
    result = {
        "machine": describe_machine(), "threads": options.threads, "rounds": options.rounds,
        "rides": sum(len(part) for part in parts), "seconds": seconds,
        "fastest_seconds": min(rounds), "slowest_seconds": max(rounds),
        "rides_per_s": round(sum(len(part) for part in parts) / seconds),
        **outcome_of(context, parts),
        "cold_price_seconds": statistics.median(
            _seconds_to_price() for _ in range(COLD_STARTS)),
        "compile_seconds": sum(compiling.values()), "compile_seconds_by_network": compiling,
    }
    print(json.dumps(result, indent=2) if options.json else render(result))


def make_rides(context: ClearingContext, names: Names, count: int, seed: int) -> list[Records]:
    """Rides of some days, by card and time, in partitions that stay in cache."""
    draw = np.random.default_rng(seed)
    cards = max(1, count // RIDES_OF_A_CARD)
    rides = np.zeros(count, dtype=records.RIDE)
    rides["card_lo"] = np.sort(draw.integers(1, cards + 1, count))
    kinds = draw.choice(len(context.network.model.card_kinds), cards + 1,
                        p=[.5, .15, .15, .05, .15])
    who = rides["card_lo"]
    rides["card_kind"] = kinds[who] + names.number("card_kind", "ordinary")
    rides["age"] = np.where(draw.integers(0, 4, cards + 1) == 0,
                            draw.integers(6, 90, cards + 1), 0)[who]
    rides["issuer"] = draw.choice([names.number("member", code) for code in (
        "home-card", "near-card", "away-card")], cards + 1, p=[.95, .03, .02])[who]
    rides["medium"] = draw.choice(3, count, p=[.5, .4, .1]) + names.number("medium", "card")
    rides["flags"] = records.RIDE_FLAGS["REVIEWED"]
    when = draw.integers(0, DAYS * 18 * 3600, count)
    day, second = when // (18 * 3600), when % (18 * 3600)
    rides["service_day"] = FIRST_DAY + day
    rides["started_at"] = (
        context.network.clock.utc(FIRST_DAY * 86_400) + day * 86_400 + 5 * 3600 + second)
    _fill_modes(rides, draw, names)
    order = np.lexsort((rides["started_at"], rides["card_lo"]))
    rides = rides[order]
    bounds = np.searchsorted(rides["card_lo"], range(1, cards + 2, CARDS_OF_A_PARTITION))
    return [part for part in np.split(rides, bounds[1:]) if len(part)]


def _fill_modes(rides: Records, draw: np.random.Generator, names: Names) -> None:
    """Three in five rides by metro, a third by bus, the others by tram."""
    count = len(rides)
    operator = draw.choice(3, count, p=[.6, .33, .07])
    codes = ("metro", "bus", "tram")
    rides["operator"] = np.array([names.number("member", code) for code in codes])[operator]
    rides["mode"] = np.array([names.number("mode", code) for code in codes])[operator]
    gated, bus = operator != 1, operator == 1
    stops = {code: np.array([names.number("stop", f"S{n:02}", code) for n in range(1, 41)])
             for code in ("metro", "tram")}
    for code, chosen in (("metro", operator == 0), ("tram", operator == 2)):
        for end in ("from_stop", "to_stop"):
            rides[end][chosen] = draw.choice(stops[code], int(chosen.sum()))
    along = np.array([names.number("stop", f"X{n:02}", "bus") for n in range(1, 31)])
    rides["from_stop"][bus] = draw.choice(along, int(bus.sum()))
    lines = np.array([names.number("line", f"B{n}", "bus") for n in range(1, 21)])
    rides["line"][bus] = draw.choice(lines, int(bus.sum()))
    rides["vehicle"][bus] = rides["line"][bus] * 10 + draw.integers(1, 9, int(bus.sum()))
    express = bus & (rides["line"] <= lines[1])
    rides["to_stop"][express] = draw.choice(along, int(express.sum()))
    lasted = draw.integers(60, 3600, count)
    rides["ended_at"] = rides["started_at"] + np.where(gated | express, lasted, 0)
    rides["state"] = np.where(gated | express, RideState.COMPLETE, RideState.SINGLE_TAP)
    same = (gated | express) & (rides["from_stop"] == rides["to_stop"])
    rides["state"][same] = RideState.SAME_STATION
    missing = express & (draw.integers(0, 50, count) == 0)
    rides["state"][missing] = RideState.MISSING_OUT
    for end in ("to_stop", "ended_at"):
        rides[end][missing] = 0


def price_all(context: ClearingContext, parts: Sequence[Records], threads: int) -> float:
    """The seconds of one round: every partition priced on one of the threads."""
    work = [(part.copy(), _states_of(part, context.pricing_tables.chains)) for part in parts]
    scratch = [_scratch(context, parts) for _ in range(threads)]

    def price_some(thread: int) -> None:
        for rides, states in work[thread::threads]:
            _price(context, rides, states, *scratch[thread])

    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(price_some, range(threads)))
        return time.perf_counter() - start


def _scratch(context: ClearingContext, parts: Sequence[Records]) -> tuple[Records, Records]:
    """Room for the charges and totals of any partition, touched once."""
    room = max(len(part) for part in parts)
    charges = np.empty(room, records.CHARGE)
    totals = np.empty(room * context.pricing_tables.counts_to_most, records.ACCUMULATOR)
    for array in (charges, totals):
        array.view(np.uint8)[:] = 0
    return charges, totals


def _price(context: ClearingContext, rides: Records, states: Records, charges: Records,
           totals: Records) -> Records:
    none = np.zeros(0, records.ACCUMULATOR)
    price_rides(context.pricing_tables, rides, states, none, charges[:len(rides)], totals)
    return charges[:len(rides)]


def outcome_of(context: ClearingContext, parts: Sequence[Records]) -> dict[str, Any]:
    """How many rides have a fare and a discount, and a checksum of all prices."""
    scratch, digest = _scratch(context, parts), hashlib.sha256()
    priced = discounted = 0
    for part in parts:
        states = _states_of(part, context.pricing_tables.chains)
        charges = _price(context, part.copy(), states, *scratch)
        priced += int((charges["code"] == Code.OK).sum())
        discounted += int((charges["legs"]["count"] > 1).sum())
        digest.update(charges["price"].tobytes())
    return {"priced": priced, "discounted": discounted, "checksum": digest.hexdigest()[:16]}


def _states_of(rides: Records, chains: int) -> Records:
    """The states of each card before its first ride, one for each chain."""
    cards = np.unique(rides["card_lo"])
    states = np.zeros(len(cards) * chains, dtype=records.CARD_STATE)
    states["card_lo"], states["transfers"] = np.repeat(cards, chains), NO_TRANSFER
    states["chain"] = np.tile(np.arange(chains), len(cards))
    return states


def _seconds_to_compile(network: str) -> float:
    start = time.perf_counter()
    load_context(network, Names())
    return time.perf_counter() - start


def _seconds_to_price() -> float:
    """One `onecard price`, from the start of the process to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "from clearing.cli import main; main()", *PRICE],
                   check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def render(result: dict[str, Any]) -> str:
    """The figures for people."""
    slowest = sorted(result["compile_seconds_by_network"].items(), key=lambda one: -one[1])
    return "\n".join([
        result["machine"],
        f"{result['rides']:,} rides, {result['priced']:,} with a fare, {result['discounted']:,} "
        f"with a discount; {result['threads']} threads, median of {result['rounds']} rounds",
        "",
        f"priced in {result['seconds']:.3f} s: {result['rides_per_s'] / 1e6:.1f} million rides/s, "
        f"{result['seconds'] / result['rides'] * result['threads'] * 1e9:.0f} ns a ride and thread "
        f"({result['fastest_seconds']:.3f} to {result['slowest_seconds']:.3f} s)",
        f"checksum of the prices: {result['checksum']}",
        f"all {len(slowest)} shipped networks loaded and compiled in "
        f"{result['compile_seconds']:.2f} s: "
        + ", ".join(f"{network} {seconds:.2f}" for network, seconds in slowest[:4]) + " ...",
        f"onecard price from a cold start: {result['cold_price_seconds']:.2f} s",
    ])
