"""What millions of cards are like at the end of a window: seconds to save it, and to load it.

A new book gets the state of all cards in one run, and that of a tenth of them in a second one, in
pieces of mixed cards as partitions hand them over; each closes a window, and the state at its end
is loaded after it. Every step is a process of its own. Saving is `write_state` and `commit` (the
folder's fsync is on), loading is `load_state`, of an open book.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine, peak_memory_mib
from clearing.book import Counts, open_book
from ext.records import ACCUMULATOR, CARD_STATE, TAP, Records

CACHE = Path(".benchmarks")
STEPS = {"save": 1, "load": 1, "save a tenth": 2, "load with it": 2}    # of which window
FIRST_CARD = 3_104_870_303_570_302_827
NOW = 1_732_550_000
ACCUMULATED = 6             # of ten cards so many have an accumulator
OPEN_ONE_IN = 100           # cards, one of which has an open ride
TOUCHED_ONE_IN = 10


def main(arguments: list[str]) -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks state", description=__doc__)
    parser.add_argument("--cards", type=int, default=20_000_000)
    parser.add_argument("--pieces", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--book", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step:
        print(json.dumps(run_step(options.step, options.book, options.cards, options.pieces)))
        return
    CACHE.mkdir(exist_ok=True)
    rounds = [_round(options.cards, options.pieces) for _ in range(options.rounds)]
    result = summarise(options.cards, rounds)
    print(json.dumps(result, indent=2) if options.json else render(result))


def _round(cards: int, pieces: int) -> dict[str, dict[str, Any]]:
    """Every step in a process of its own, on one new book."""
    with tempfile.TemporaryDirectory(dir=CACHE) as book:
        return {step: _in_a_process(step, book, cards, pieces) for step in STEPS}


def _in_a_process(step: str, book: str, cards: int, pieces: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks", "state", "--step", step, "--book", book,
               "--cards", str(cards), "--pieces", str(pieces)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def run_step(step: str, location: str, cards: int, pieces: int) -> dict[str, Any]:
    """One step, measured; its checksum is of the state as it must be afterwards."""
    if step.startswith("save"):
        return _save(location, cards, pieces, STEPS[step])
    with open_book(location) as book:
        start = time.perf_counter()
        state = book.load_state(STEPS[step])
        seconds = time.perf_counter() - start
    size = state.cards.nbytes + state.accumulators.nbytes + state.open_rides.nbytes
    start = time.perf_counter()
    np.empty(size, np.uint8).fill(1)
    return {"seconds": seconds, "peak_memory_mib": peak_memory_mib(), "bytes": size,
            "fresh_memory_seconds": time.perf_counter() - start,
            "checksum": checksum_of(state.cards, state.accumulators, state.open_rides)}


def _save(location: str, cards: int, pieces: int, window: int) -> dict[str, Any]:
    state = make_state(cards)
    handed = state if window == 1 else [_touched(rows) for rows in state]
    mixed = [[rows[_place(rows) % pieces == piece] for rows in handed] for piece in range(pieces)]
    with open_book(location) as book, book.begin(digest="", kind="clear") as run:
        start = time.perf_counter()
        for piece in mixed:
            run.write_state(window, *piece)
        run.write_window(window, "")
        committed = run.commit(run.conclude(version="", network="", network_digest="", tables={},
                                            counts=Counts()))
        seconds = time.perf_counter() - start
        stored = book.query("SELECT sum(bytes_on_disk) AS size FROM system.parts WHERE active")
    assert committed.state_base == 1, "a tenth is no reason to copy the others"
    return {"seconds": seconds, "peak_memory_mib": peak_memory_mib(),
            "bytes": int(stored["size"][0]), "checksum": checksum_of(*state)}


def _place(rows: Records) -> Records:
    """A card's place among all."""
    place: Records = (rows["card_lo"] - np.uint64(FIRST_CARD)) // np.uint64(53)
    return place


def _touched(rows: Records) -> Records:
    """Rows of the cards that the second run touches."""
    return rows[_place(rows) // np.uint64(64) % np.uint64(TOUCHED_ONE_IN) == 0]


def make_state(cards: int) -> list[Records]:
    """What so many cards carry: as of a month with metro and bus, by card."""
    draw = np.random.default_rng(1)
    states = np.zeros(cards, CARD_STATE)
    states["card_hi"] = 19 << 56
    states["card_lo"] = FIRST_CARD + np.arange(cards, dtype=np.uint64) * 53 + draw.integers(
        0, 53, cards, np.uint64)
    metro = draw.integers(0, 2, cards, np.uint8)
    states["last_mode"], states["last_operator"] = 2 - metro, 1 + metro * 16
    states["last_single"] = 1 - metro
    full = np.uint64(2**64 - 1)
    seen = full >> draw.integers(0, 64, cards, np.uint64)
    states["seen_boardings"] = np.where(metro, seen & np.uint64(full // 3), seen)
    states["seen_exits"] = np.where(metro, seen & ~np.uint64(full // 3), 0)
    states["highest_seq"] = draw.integers(1, 1 << 20, cards)
    states["chain_due"] = draw.integers(2, 12, cards) * 100
    states["chain_price"] = states["chain_due"] * draw.integers(5, 11, cards) // 10
    states["last_started_at"] = NOW - draw.integers(0, 30 * 86_400, cards)
    states["last_ended_at"] = states["last_started_at"] + metro * draw.integers(300, 3_600, cards)
    states["chain_started_at"] = states["last_started_at"]
    for name, most in (("last_line", 900), ("last_vehicle", 9_000)):
        states[name] = np.where(metro, 0, draw.integers(1, most, cards))
    for name in ("last_stop", "chain_stop"):
        states[name] = draw.integers(1, 1_000, cards)
    counted = np.zeros(cards, ACCUMULATOR)
    for name in ("card_hi", "card_lo"):
        counted[name] = states[name]
    counted["rides"] = draw.integers(1, 60, cards)
    counted["amount"] = counted["rides"] * states["chain_price"]
    counted["accumulator"], counted["period"] = 1, 24_298
    counted = counted[np.arange(cards) % 10 < ACCUMULATED]
    taps = np.zeros(-(-cards // OPEN_ONE_IN), TAP)
    for name in ("card_hi", "card_lo"):
        taps[name] = states[name][::OPEN_ONE_IN]
    taps["tapped_at"] = NOW - draw.integers(0, 86_400, len(taps))
    taps["card_seq"] = 5
    return [states, counted, taps]


def checksum_of(cards: Records, accumulators: Records, open_rides: Records) -> str:
    """A checksum of all bytes, but for the windows: which run told it of a card changes nothing."""
    digest = hashlib.blake2b(digest_size=8)
    for rows, column in ((cards, "window"), (accumulators, "window"), (open_rides, "service_day")):
        rows[column] = 0
        digest.update(rows.view(np.uint8).data)
    return digest.hexdigest()


def summarise(cards: int, rounds: Sequence[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Medians over the rounds."""
    checksums = {one["checksum"] for steps in rounds for one in steps.values()}
    assert len(checksums) == 1, f"what was loaded is not what was saved: {checksums}"
    return {
        "machine": describe_machine(), "cards": cards, "rounds": len(rounds),
        "checksum": checksums.pop(),
        **{step: {name: statistics.median(steps[step][name] for steps in rounds)
                  for name in rounds[0][step] if name != "checksum"} for step in STEPS}}


def render(result: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [result["machine"],
             f"{result['cards']:,} cards, medians of {result['rounds']} rounds", "",
             f"{'':16}seconds  million cards/s  peak MiB"]
    for step in STEPS:
        one = result[step]
        lines.append(f"{step:16}{one['seconds']:7.2f}{result['cards'] / one['seconds'] / 1e6:17.1f}"
                     f"{one['peak_memory_mib']:10,}")
    load = result["load"]
    lines += ["", f"{result['save']['bytes'] / result['cards']:.0f} bytes a card on disk, "
              f"{load['bytes'] / result['cards']:.0f} loaded; touching as much new memory takes "
              f"{load['fresh_memory_seconds']:.2f} s on this machine",
              f"checksum of the state: {result['checksum']}"]
    return "\n".join(lines)
