"""Fares v1 of a feed as a plan: a fare fits a ride by its line and the zones of its ends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from fare_tables.gtfs.fares_v2 import ORDINARY
from fare_tables.gtfs.feed import Feed
from fare_tables.gtfs.plan import ANY, Join, Lines, Pair, Plan, Price, Rule, TransferRule, Zone
from fare_tables.gtfs.records import DurationLimitType, FareAttribute, FareTransferType, Flag
from fare_tables.gtfs.zones import (
    Ways,
    areas_of_zones,
    make_zones,
    pairs_within,
    zones_of_stops,
)
from network.language import Phrase, joined

RULES = "fare_rules.txt"
ATTRIBUTES = "fare_attributes.txt"
CARD = "card"
ADULTS = re.compile(r"\b(adult|regular|general|full|standard|ordinary)\b")

Line = tuple[str, str]                      # operator, line
Fitting = dict[Line, dict[str, set[Pair]]]  # line -> fare -> pairs of zones


# How a fare that names zones by contains_id is read: it is for rides that pass exactly these zones,
# or for rides that pass no other zone.
Contains = Literal["exactly", "covers"]

Prices = Mapping[str, tuple[Price, ...]]    # fare -> what it costs whom


def plan_v1(feed: Feed, contains: Contains) -> Plan:
    """The plan of a feed with fares v1. Of what fits a ride and its rider the cheapest counts."""
    used = {zone for row in feed.fare_rules
            for zone in (row.origin_id, row.destination_id, row.contains_id)} - {ANY}
    areas = zones_of_stops(feed, used)
    zones = make_zones(feed, areas)
    fitting = _fitting(feed, zones, areas_of_zones(zones, areas), contains)
    fares = {row.fare_id: row for row in feed.fare_attributes}
    prices = _prices(feed)
    lines, rules = _classes(fitting, fares, prices)
    transfers, joins = _transfers(feed, fares, lines, rules, len(zones))
    return Plan(rules_file=ATTRIBUTES, transfers_file=ATTRIBUTES, zones=zones, lines=lines,
                rules=rules, card_kinds=_card_kinds(feed, prices), media=[CARD],
                transfers=transfers, joins=joins)


def _prices(feed: Feed) -> Prices:
    """What each fare costs whom: everybody, the category that it names, and others by GTFS-plus."""
    named = _riders_by_name(feed)
    prices: dict[str, tuple[Price, ...]] = {
        row.fare_id: (Price(row.rider_category_id or named.get(row.fare_id, ANY), ANY,
                            feed.amount(row.price)),)
        for row in feed.fare_attributes}
    for row in feed.fare_rider_categories:
        prices[row.fare_id] += (Price(row.rider_category_id, ANY, feed.amount(row.price)),)
    return prices


def _riders_by_name(feed: Feed) -> dict[str, str]:
    """The category of fares that say theirs in their names alone, such as `bus_child`.

    That is a reading, and told: only where the feed has categories and links them to nothing.
    """
    if feed.fare_rider_categories or any(row.rider_category_id for row in feed.fare_attributes):
        return {}
    known = {row.rider_category_id.casefold(): row.rider_category_id
             for row in feed.rider_categories}
    found = {}
    for row in feed.fare_attributes:
        words = set(re.findall(r"[^\W_]+", row.fare_id.casefold())) | {row.fare_id.casefold()}
        own = sorted(known[word] for word in words & known.keys())
        if len(own) == 1:
            found[row.fare_id] = own[0]
    if found:
        feed.notices.say("GTFS_RIDERS", ATTRIBUTES, 0,
                         Phrase("fares are for the riders of rider_categories.txt that their names "
                                "name, as {some}", some=joined(", ", (
                                    Phrase("{fare!r} for {rider!r}", fare=fare, rider=kind)
                                    for fare, kind in sorted(found.items())[:3]))))
    return found


def _card_kinds(feed: Feed, prices: Prices) -> list[str]:
    """Who rides, first who is meant where nobody says: by the feed, by name, or who pays most."""
    amounts: dict[str, int] = {}
    for price in (price for several in prices.values() for price in several):
        amounts[price.card_kind] = max(price.amount, amounts.get(price.card_kind, 0))
    kinds = [kind for kind in amounts if kind != ANY]
    if not kinds:
        return [ORDINARY]
    rows = {row.rider_category_id: row for row in feed.rider_categories}

    def is_first(kind: str) -> bool:
        row = rows.get(kind)
        words = [kind, *([row.rider_category_name, row.rider_category_description] if row else [])]
        return bool(ADULTS.search(" ".join(words).casefold().replace("_", " ")))

    default = [kind for kind in kinds if kind in rows
               and rows[kind].is_default_fare_category == Flag.YES]
    first = (default or [kind for kind in kinds if is_first(kind)]
             or ([ORDINARY] if ANY in amounts else [max(kinds, key=lambda kind: amounts[kind])]))
    return list(dict.fromkeys([*first, *kinds]))


def _fitting(feed: Feed, zones: Sequence[Zone], inside: Sequence[frozenset[str]],
             contains: Contains) -> Fitting:
    """Between which zones each fare fits a ride of each line."""
    agencies = {row.fare_id: row.agency_id for row in feed.fare_attributes}
    every = frozenset(range(len(zones)))
    index_of = {area: index for index, areas in enumerate(inside) for area in areas}
    ways = Ways(feed, zones)
    fitting: Fitting = {(row.agency_id, row.route_id): {} for row in feed.routes}
    contained: dict[tuple[str, str, str, str], set[str]] = {}

    def add(fare: str, route: str, pairs: set[Pair]) -> None:
        for line, fares in fitting.items():
            if route in (ANY, line[1]) and agencies[fare] in (ANY, line[0]):
                fares.setdefault(fare, set()).update(pairs)

    for row in feed.fare_rules:
        unknown = {row.origin_id, row.destination_id} - {ANY} - index_of.keys()
        if contains == "exactly":
            unknown |= {row.contains_id} - {ANY} - index_of.keys()
        if unknown:
            feed.notices.say("GTFS_NEVER", RULES, row.line,
                             Phrase("no stop is in zone {zone!r}, so the rule never holds",
                                    zone=min(unknown)))
        if unknown and not row.contains_id:
            continue
        if row.contains_id:
            key = (row.fare_id, row.route_id, row.origin_id, row.destination_id)
            contained.setdefault(key, set()).add(row.contains_id)
            continue
        starts = {index_of[row.origin_id]} if row.origin_id in index_of else every
        ends = {index_of[row.destination_id]} if row.destination_id in index_of else every
        add(row.fare_id, row.route_id, {(start, end) for start in starts for end in ends})
    for (fare, route, origin, destination), wanted in contained.items():
        pairs = pairs_within(frozenset(wanted), inside, ways, just=contains == "exactly")
        code, words = (
            ("GTFS_CONTAINS", Phrase("and the feed has no stop_times.txt to tell the way"))
            if pairs is None else ("GTFS_WAY", Phrase("taken as those of the shortest way")))
        if len(wanted) > 2:
            feed.notices.say(code, RULES, 0, Phrase(
                "fare {fare!r} is for rides through zones {zones}, {words}", fare=fare,
                zones=", ".join(sorted(wanted)), words=words))
        add(fare, route, {(start, end) for start, end in pairs or ()
                          if (not origin or origin in inside[start])
                          and (not destination or destination in inside[end])})
    with_rules = {row.fare_id for row in feed.fare_rules}
    for fare in agencies:
        if fare not in with_rules:
            add(fare, ANY, {(start, end) for start in every for end in every})
    return fitting


def _classes(
    fitting: Fitting, fares: Mapping[str, FareAttribute], prices: Prices
) -> tuple[list[Lines], dict[str, list[Rule]]]:
    """Lines that the same fares fit between the same zones, as one class."""
    together: dict[tuple[tuple[str, frozenset[Pair]], ...], list[Line]] = {}
    for line, by_fare in fitting.items():
        same = tuple((fare, frozenset(pairs)) for fare, pairs in sorted(by_fare.items()))
        together.setdefault(same, []).append(line)
    lines, rules = [], {}
    for number, (same, members) in enumerate(together.items(), 1):
        name = members[0][1] if len(members) == 1 else f"lines {number}"
        lines.append(Lines(name, tuple(members)))
        rules[name] = [
            Rule(fare, 0, pairs, ANY, ANY, prices[fare], fare, fares[fare].line)
            for fare, pairs in same]
    return lines, rules


def _transfers(
    feed: Feed, fares: Mapping[str, FareAttribute], lines: Sequence[Lines],
    rules: Mapping[str, list[Rule]], zones: int,
) -> tuple[list[TransferRule], list[Join]]:
    """A fare that allows transfers covers the whole way, from the first entry to the last exit.

    Where it does not depend on zones, a ride after the first is free.
    """
    flat: dict[str, bool] = {}
    for of_line in rules.values():
        for rule in of_line:
            flat[rule.group] = flat.get(rule.group, True) and len(rule.pairs) == zones * zones
    transfers: list[TransferRule] = []
    terms: dict[tuple[bool, int, int | None], list[str]] = {}
    for fare, row in fares.items():
        if fare not in flat:
            continue
        count = 0 if row.transfers is None else int(row.transfers)
        allowed = row.transfers is None or count > 0
        # 0 seconds are no time to transfer in: taken as blank.
        within_s = int(row.transfer_duration or 0) or None
        if flat[fare]:
            if allowed:
                transfers.append(TransferRule(
                    frozenset({fare}), frozenset({fare}), int(FareTransferType.A_AB), None, count,
                    within_s, int(DurationLimitType.START_TO_START), True, False, row.line))
        else:
            terms.setdefault((allowed, count, within_s), []).append(fare)
    joins = []
    for (allowed, count, within_s), named in terms.items():
        if not allowed:
            continue
        if len(terms) > 1:
            feed.notices.say("GTFS_JOIN", ATTRIBUTES, fares[named[0]].line,
                             "fares by zone differ in the transfers that they allow, which is told "
                             "apart by line only")
        through = tuple(one.name for one in lines
                        if any(rule.group in named for rule in rules[one.name]))
        joins.append(Join(through, through, None, None, within_s, True, count,
                          fares[named[0]].line))
    return transfers, joins
