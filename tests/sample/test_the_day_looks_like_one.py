"""What the engine must cope with has to be in the day, in about the shares that are stated."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

CITY_OF = {
    "31048703": "gz", "31048704": "sz", "31048724": "zh", "31048707": "fs", "31048705": "zs",
    "31050000": "hk", "31049911": "hs",
}


@pytest.fixture(scope="module")
def cards_taps(day):
    taps: dict[str, list[dict[str, str]]] = {}
    for record in day.records:
        if record["card"].isdigit() and record["card_seq"]:
            taps.setdefault(record["card"], []).append(record)
    return taps


def is_near(share: float, stated: float, *, within: float = 0.35) -> bool:
    return abs(share - stated) <= within * stated


def test_about_as_many_taps_as_asked(day):
    assert is_near(len(day.records), 20_000, within=0.1)


def test_cards_away_from_home(day):
    known = [r for r in day.records if r["card"].isdigit()]
    away = sum(CITY_OF[r["card"][:8]] != r["operator"][:2] for r in known)
    crossing = sum(      # Guangzhou's and Foshan's metro are one system: that is not far away
        {CITY_OF[r["card"][:8]], r["operator"][:2]} == {"gz", "fs"} for r in known
    )
    assert is_near((away - crossing) / len(known), 0.025, within=0.5)


def test_exact_doubles_and_a_few_conflicts(cards_taps):
    doubles = conflicts = total = 0
    for taps in cards_taps.values():
        seen: dict[tuple[str, bool], list[dict[str, str]]] = {}
        for tap in taps:
            total += 1
            seen.setdefault((tap["card_seq"], tap["kind"] == "out"), []).append(
                {key: value for key, value in tap.items() if key not in ("file", "line_number")}
            )
        for same in seen.values():
            if len(same) > 1:
                doubles += same[0] == same[1]
                conflicts += same[0] != same[1]
    assert is_near(doubles / total, 0.002, within=0.6)
    assert 2 <= conflicts <= 20


def test_halves_of_metro_rides(cards_taps):
    entries = exits = lone_exits = 0
    for taps in cards_taps.values():
        inside = False
        done = set()
        for tap in sorted(taps, key=lambda tap: int(tap["card_seq"])):
            if tap["mode"] != "metro" or (tap["card_seq"], tap["kind"]) in done:
                continue
            done.add((tap["card_seq"], tap["kind"]))
            if tap["kind"] == "in":
                entries += 1
                inside = True
            else:
                exits += 1
                lone_exits += not inside
                inside = False
    missing_outs = entries - (exits - lone_exits)
    assert is_near(missing_outs / entries, 0.02, within=0.5)
    assert 0 < lone_exits / exits < 0.01


def test_records_are_spoilt_in_many_ways(day):
    assert day.broken, "a record with too few fields"
    ways = {
        "card": any(not r["card"].isdigit() for r in day.records),
        "time": any("-02-30T" in r["tapped_at"] for r in day.records),
        "stop": any(r["stop"] == "9999" for r in day.records),
        "amount": any("." in r["paid"] for r in day.records),
        "counter": any(not r["card_seq"] for r in day.records),
    }
    assert all(ways.values()), ways


def test_some_taps_are_late(day):
    """Taps of the morning in the operator's later files."""
    late = sum(
        "T05" <= r["tapped_at"][10:13] < "T09" and day.files[int(r["file"]) - 1].name[-5] != "1"
        for r in day.records
    )
    morning = sum("T05" <= r["tapped_at"][10:13] < "T09" for r in day.records)
    assert is_near(late / morning, 0.01, within=0.6)


def test_counters_go_up_with_time_by_one(cards_taps):
    gaps = 0
    for taps in cards_taps.values():
        taps = sorted(taps, key=lambda tap: (int(tap["card_seq"]), tap["tapped_at"]))
        for before, after in pairwise(taps):
            step = int(after["card_seq"]) - int(before["card_seq"])
            if step and "-02-30T" not in before["tapped_at"] + after["tapped_at"]:
                assert before["tapped_at"] <= after["tapped_at"]
            gaps += step > 1        # a spoilt record in between
    assert gaps < 20


def test_balances_of_a_purse_follow_its_charges(cards_taps):
    for taps in cards_taps.values():
        if taps[0]["medium"] == "qr":
            assert not any(tap["balance_before"] for tap in taps)
            continue
        by_seq = {int(tap["card_seq"]): tap for tap in taps}
        for seq, tap in by_seq.items():
            if seq + 1 in by_seq:
                left = int(tap["balance_before"]) - int(tap["paid"] or 0)
                assert left == int(by_seq[seq + 1]["balance_before"])


def test_mornings_and_evenings_are_busy(day):
    hours = Counter(r["tapped_at"][11:13] for r in day.records)
    assert {hour for hour, _ in hours.most_common(4)} == {"07", "08", "17", "18"}
    assert min(hours) == "00" or min(hours) >= "05"


def test_zhongshan_rides_on_social_security_cards(day):
    kinds = Counter(r["card_kind"] for r in day.records if r["card"].startswith("31048705"))
    assert kinds.most_common(1)[0][0] == "social"
    assert kinds["social"] > 0.45 * kinds.total()
