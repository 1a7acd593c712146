"""A day without skew would flatter the engine: the shares are read off the written files.

What each share should be is said in clearing/sample/shape.py and town.py; here it is counted from
the text alone, in a day large enough that chance moves no share far.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from clearing.sample.day import write_day

TAPS = 200_000
FILE_ENDS_H = ("09", "13", "17", "20")      # an operator's files hold what was tapped until then
CITY_OF = {
    "31048703": "gz", "31048704": "sz", "31048724": "zh", "31048707": "fs", "31048705": "zs",
    "31050000": "hk", "31049911": "hs",
}
# Entries by hour in percent, Hangzhou metro, January 2019: see clearing/sample/shape.py.
HANGZHOU = {7: 10.5, 8: 13.2, 9: 3.4, 10: 4.0, 11: 4.4, 12: 5.2, 13: 5.7, 14: 6.2, 15: 6.4,
            16: 6.5, 17: 10.5, 18: 9.0, 19: 4.5, 20: 4.1, 21: 3.0, 22: 1.9}


class Tap(NamedTuple):
    card: str
    seq: str
    time: str           # HH:MM:SS
    operator: str
    line: str
    mode: str
    kind: str
    stop: str
    file: int           # of its operator, from 0
    text: str


@pytest.fixture(scope="module")
def taps(tmp_path_factory: pytest.TempPathFactory) -> list[Tap]:
    """Every record that can be read, doubles too."""
    files = write_day(tmp_path_factory.mktemp("day"), taps=TAPS, seed=1)
    return [tap for path in files for tap in read_taps(path)]


def read_taps(path: Path) -> Iterator[Tap]:
    header, *lines = path.read_text("utf-8").splitlines()[:-1]
    places = [header.split(",").index(column) for column in (
        "card", "card_seq", "tapped_at", "operator", "line", "mode", "kind", "stop")]
    part, columns = int(path.stem[-1]) - 1, header.count(",")
    for text in lines:
        values = text.split(",")
        if len(values) == columns + 1:
            card, seq, at, *rest = (values[place] for place in places)
            if card.isdigit() and seq and "-02-30T" not in at:
                yield Tap(card, seq, at[11:], *rest, part, text)


@pytest.fixture(scope="module")
def distinct(taps: list[Tap]) -> dict[str, Tap]:
    """Each record once."""
    return {tap.text: tap for tap in taps}


def near(share: float, stated: float, cases: int) -> bool:
    """Whether chance explains the difference: four standard deviations of so many draws."""
    return abs(share - stated) < 4 * math.sqrt(stated * (1 - stated) / cases)


def test_records_that_are_handed_in_twice(taps: list[Tap], distinct: dict[str, Tap]) -> None:
    assert near((len(taps) - len(distinct)) / len(distinct), 0.002, len(distinct))


def test_taps_that_come_with_a_later_file(taps: list[Tap]) -> None:
    first = {tap.text: tap for tap in sorted(taps, key=lambda tap: tap.file, reverse=True)}
    due = {text: sum(tap.time[:2] >= end for end in FILE_ENDS_H) for text, tap in first.items()}
    might = [text for text, tap in first.items()
             if due[text] < len(FILE_ENDS_H) and tap.time >= "04"]
    late = sum(first[text].file > due[text] for text in might)
    assert near(late / len(might), 0.01, len(might))


def test_entries_that_never_tap_out(distinct: dict[str, Tap]) -> None:
    metro = defaultdict(list)
    for tap in distinct.values():
        if tap.mode == "metro":
            metro[tap.card].append((int(tap.seq), tap.kind))
    entries = missing = 0
    for rides in metro.values():
        kinds = [kind for _, kind in sorted(rides)] + [""]
        entries += kinds.count("in")
        missing += sum(kind == "in" and after != "out"
                       for kind, after in pairwise(kinds))
    assert near(missing / entries, 0.02, entries)


def test_cards_away_from_home(taps: list[Tap]) -> None:
    """Guangzhou's and Foshan's metro are one system: who crosses there is not away."""
    home = {}
    for tap in taps:
        city, at = CITY_OF[tap.card[:8]], tap.operator[:2]
        is_home = city == at or (tap.mode == "metro" and {city, at} == {"gz", "fs"})
        home[tap.card] = home.get(tap.card, False) or is_home
    assert near(1 - sum(home.values()) / len(home), 0.025, len(home))


def test_the_hours_are_those_of_hangzhou(distinct: dict[str, Tap]) -> None:
    """Exactly, for cards with one ride; a ride that follows upon another moves what others do."""
    starts = [tap for tap in distinct.values() if tap.kind != "out"]
    rides = Counter(tap.card for tap in starts)
    alone = Counter(int(tap.time[:2]) for tap in starts if rides[tap.card] == 1)
    every = Counter(int(tap.time[:2]) for tap in starts)
    for hour, percent in HANGZHOU.items():
        assert near(alone[hour] / alone.total(), percent / 100, alone.total()), hour
        assert abs(every[hour] / every.total() - percent / 100) < 0.02, hour
    assert [hour for hour, _ in every.most_common(1)] == [8]


@pytest.mark.parametrize("operator", ["gz-bus", "sz-bus"])
@pytest.mark.parametrize("what", ["line", "stop"])
def test_few_lines_and_stops_have_most_taps(taps: list[Tap], operator: str, what: str) -> None:
    """Zipf: the count falls with the rank to the power of -1 (from the third rank on)."""
    counts = Counter(getattr(tap, what) for tap in taps if tap.operator == operator)
    slope, fit = fall_of([count for _, count in counts.most_common(60)])
    assert -1.15 < slope < -0.85
    assert fit > 0.98


def test_few_metro_stops_have_most_taps(taps: list[Tap]) -> None:
    counts = Counter(tap.stop for tap in taps if tap.operator == "sz-metro")
    slope, fit = fall_of([count for _, count in counts.most_common(60)])
    assert -1.15 < slope < -0.85
    assert fit > 0.98


def fall_of(counts: list[int]) -> tuple[float, float]:
    """The slope of log(count) over log(rank + 2), by least squares, and how well it fits (r²)."""
    x = [math.log(rank + 3) for rank in range(len(counts))]
    y = [math.log(count) for count in counts]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    xy = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    xx, yy = sum((a - mean_x) ** 2 for a in x), sum((b - mean_y) ** 2 for b in y)
    return xy / xx, xy * xy / xx / yy


def test_some_cards_ride_much_more_than_others(distinct: dict[str, Tap]) -> None:
    rides = Counter(tap.card for tap in distinct.values() if tap.kind != "out")
    busiest = sorted(rides.values(), reverse=True)
    assert 2.3 < sum(busiest) / len(busiest) < 2.8
    assert 10 <= busiest[0] <= 16
    tenth = sum(busiest[:len(busiest) // 10]) / sum(busiest)
    assert 0.2 < tenth < 0.3
