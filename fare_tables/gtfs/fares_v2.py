"""Fares v2 of a feed as a plan: leg rules, products, media, categories, transfers, joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fare_tables.gtfs.feed import Feed
from fare_tables.gtfs.plan import ANY, Join, Lines, Pair, Plan, Price, Rule, TransferRule, Zone
from fare_tables.gtfs.records import DurationLimitType, FareLegRule, FareTransferRule, Flag
from fare_tables.gtfs.zones import Ways, areas_of_stops, areas_of_zones, make_zones, pairs_within
from network.language import Phrase

RULES = "fare_leg_rules.txt"
TRANSFERS = "fare_transfer_rules.txt"
JOINS = "fare_leg_join_rules.txt"
OTHER_LINES = "other lines"
ORDINARY, OTHER_MEDIUM = "ordinary", "other"


def plan_v2(feed: Feed) -> Plan:
    """The plan of a feed with fares v2."""
    sets: dict[str, set[str]] = {}
    for row in feed.area_set_elements:
        sets.setdefault(row.area_set_id, set()).add(row.area_id)
    used = {area for rule in feed.fare_leg_rules for area in (rule.from_area_id, rule.to_area_id)}
    for rule in feed.fare_leg_rules:
        used |= sets.get(rule.contains_exactly_area_set_id, set())
    areas = areas_of_stops(feed, used - {ANY})
    zones = make_zones(feed, areas)
    resolver = _Resolver(feed, zones, areas_of_zones(zones, areas), sets)
    lines = _lines(feed)
    return Plan(
        rules_file=RULES, transfers_file=TRANSFERS, zones=zones, lines=lines,
        rules={one.name: resolver.rules_of(one.name) for one in lines},
        card_kinds=_card_kinds(feed), media=_media(feed),
        transfers=_transfers(feed, resolver.prices), joins=_joins(feed, lines))


def _card_kinds(feed: Feed) -> list[str]:
    """Rider categories, the default first."""
    rows = sorted(feed.rider_categories, key=lambda row: row.is_default_fare_category != Flag.YES)
    named = [row.rider_category_id for row in rows]
    named += [row.rider_category_id for row in feed.fare_products if row.rider_category_id]
    return list(dict.fromkeys(named)) or [ORDINARY]


def _media(feed: Feed) -> list[str]:
    """Fare media, and one for products that say none."""
    media = [row.fare_media_id for row in feed.fare_media]
    media += [row.fare_media_id for row in feed.fare_products if row.fare_media_id]
    media = list(dict.fromkeys(media))
    if not media or any(not row.fare_media_id for row in feed.fare_products):
        media.append(OTHER_MEDIUM if OTHER_MEDIUM not in media else "medium not said")
    return media


def _networks(feed: Feed) -> Mapping[str, str]:
    """The network of each route that is in one."""
    networks = {row.route_id: row.network_id for row in feed.route_networks}
    networks |= {row.route_id: row.network_id for row in feed.routes if row.network_id}
    return networks


def _lines(feed: Feed) -> list[Lines]:
    """A class for each network, and one for the lines of none."""
    networks = _networks(feed)
    together: dict[str, list[tuple[str, str]]] = {}
    names = {*networks.values(), *(row.network_id for row in feed.networks)}
    other = OTHER_LINES if OTHER_LINES not in names else "lines of no network"
    for row in feed.routes:
        network = networks.get(row.route_id, other)
        together.setdefault(network, []).append((row.agency_id, row.route_id))
    return [Lines(name, tuple(lines)) for name, lines in sorted(together.items())]


class _Resolver:
    """Leg rules for the lines of one network after the other."""

    def __init__(self, feed: Feed, zones: Sequence[Zone], inside: Sequence[frozenset[str]],
                 sets: Mapping[str, set[str]]) -> None:
        self.feed, self.inside, self.sets = feed, inside, sets
        self.every = frozenset(range(len(zones)))
        self.prices: dict[str, tuple[Price, ...]] = {}
        for row in feed.fare_products:
            price = Price(row.rider_category_id, row.fare_media_id, feed.amount(row.amount))
            self.prices[row.fare_product_id] = (*self.prices.get(row.fare_product_id, ()), price)
        self.ways = Ways(feed, zones)
        self.by_priority = "rule_priority" in feed.columns[RULES]
        self.listed = {row.network_id for row in feed.fare_leg_rules} - {ANY}
        self.timeframes = {row.timeframe_group_id for row in feed.timeframes}
        self.usable = {row.line for row in feed.fare_leg_rules if self._is_usable(row)}

    def rules_of(self, network: str) -> list[Rule]:
        """The rules for one network's lines.

        Without rule_priority, a blank area stands for those that no rule of these lines names.
        """
        fitting = [row for row in self.feed.fare_leg_rules if row.network_id == network or (
            row.network_id == ANY and (self.by_priority or network not in self.listed))]
        # A rule that cannot be taken over names its areas all the same.
        leaving = {row.from_area_id for row in fitting} - {ANY}
        arriving = {row.to_area_id for row in fitting} - {ANY}
        rules = []
        for row in fitting:
            if row.line not in self.usable:
                continue
            starts = self._zones(row.from_area_id, leaving)
            ends = self._zones(row.to_area_id, arriving)
            pairs: set[Pair] = {(start, end) for start in starts for end in ends}
            if row.contains_exactly_area_set_id:
                pairs &= self._pairs_of_set(row)
            rules.append(Rule(
                row.leg_group_id, int(row.rule_priority or 0), frozenset(pairs),
                row.from_timeframe_group_id, row.to_timeframe_group_id,
                self.prices[row.fare_product_id], row.fare_product_id, row.line))
        return rules

    def _zones(self, area: str, listed: set[str]) -> frozenset[int]:
        if area:
            return frozenset(one for one in self.every if area in self.inside[one])
        if self.by_priority or not listed:
            return self.every
        return frozenset(one for one in self.every if not self.inside[one] & listed)

    def _pairs_of_set(self, row: FareLegRule) -> set[Pair]:
        wanted = frozenset(self.sets[row.contains_exactly_area_set_id])
        pairs = pairs_within(wanted, self.inside, self.ways)
        if pairs is None:
            self.feed.notices.say("GTFS_CONTAINS", RULES, row.line,
                                  Phrase("area set {area_set!r} has more than"
                                         " two areas, and no stop_times.txt tells the way",
                                         area_set=row.contains_exactly_area_set_id))
            return set()
        if len(wanted) > 2:
            self.feed.notices.say("GTFS_WAY", RULES, row.line,
                                  Phrase("area set {area_set!r}: a ride "
                                         "passes the zones of the way with the fewest",
                                         area_set=row.contains_exactly_area_set_id))
        return pairs

    def _is_usable(self, row: FareLegRule) -> bool:
        say = self.feed.notices.say
        if row.transfer_only == Flag.YES:
            say("GTFS_EXTENSION", RULES, row.line,
                Phrase("transfer_only: {product!r} cannot be bought for this leg, so the "
                       "leg has no such fare here",
                       product=row.fare_product_id))
            return False
        for column in ("from_timeframe_group_id", "to_timeframe_group_id"):
            name = getattr(row, column)
            if name and name not in self.timeframes:
                say("GTFS_NEVER", RULES, row.line,
                    Phrase("{key} {name!r} has no row in timeframes.txt, so the rule never "
                           "holds",
                           key=column, name=name))
                return False
        prices = self.prices[row.fare_product_id]
        if min(price.amount for price in prices) < 0:
            say("GTFS_NEVER", RULES, row.line,
                Phrase("{product!r} has an amount below 0, and cannot price a leg",
                       product=row.fare_product_id))
            return False
        return True


def _transfers(
    feed: Feed, prices: Mapping[str, tuple[Price, ...]]
) -> list[TransferRule]:
    """The transfer rules; blank groups are those that no rule names in that place."""
    groups = {row.leg_group_id for row in feed.fare_leg_rules} - {ANY}
    leaving = {row.from_leg_group_id for row in feed.fare_transfer_rules} - {ANY}
    arriving = {row.to_leg_group_id for row in feed.fare_transfer_rules} - {ANY}
    rules = []
    for row in feed.fare_transfer_rules:
        starts = {row.from_leg_group_id} if row.from_leg_group_id else groups - leaving
        ends = {row.to_leg_group_id} if row.to_leg_group_id else groups - arriving
        _note_filter(feed, row, starts)
        same = row.from_leg_group_id == row.to_leg_group_id
        count = int(row.transfer_count or -1) if same else -1
        rules.append(TransferRule(
            frozenset(starts), frozenset(ends), int(row.fare_transfer_type),
            prices[row.fare_product_id] if row.fare_product_id else None,
            max(count, 0), row.duration_limit,
            int(row.duration_limit_type or DurationLimitType.START_TO_END),
            same, row.nonconsecutive_transfers_allowed == Flag.YES, row.line))
    if rules and any(not row.leg_group_id for row in feed.fare_leg_rules):
        feed.notices.say("GTFS_NO_GROUP", RULES, 0,
                         "rules without a leg_group_id take part in no transfer")
    return rules


def _note_filter(feed: Feed, row: FareTransferRule, starts: set[str]) -> None:
    """A filter that leaves out nothing of the group needs no word."""
    products = {leg.fare_product_id for leg in feed.fare_leg_rules if leg.leg_group_id in starts}
    if row.filter_fare_product_id and products != {row.filter_fare_product_id}:
        feed.notices.say("GTFS_EXTENSION", TRANSFERS, row.line,
                         Phrase("filter_fare_product_id {product!r} was not read: "
                                "the transfer holds after every product of its group",
                                product=row.filter_fare_product_id))


def _joins(feed: Feed, lines: Sequence[Lines]) -> list[Join]:
    platforms: dict[str, list[str]] = {}
    for stop in feed.stops:
        platforms.setdefault(stop.parent_station, []).append(stop.stop_id)
    names = {one.name for one in lines}
    joins = []
    for row in feed.fare_leg_join_rules:
        if not {row.from_network_id, row.to_network_id} <= names:
            feed.notices.say("GTFS_NEVER", JOINS, row.line, "one of the networks has no route")
            continue
        ends: list[tuple[str, ...] | None] = [
            (one, *platforms.get(one, ())) if one else None
            for one in (row.from_stop_id, row.to_stop_id)]
        if not row.from_stop_id:
            feed.notices.say("GTFS_JOIN_STATION", JOINS, row.line,
                             "legs are joined at one station in the feed; here wherever the "
                             "second begins in time")
        if any(rule.from_timeframe_group_id for rule in feed.fare_leg_rules):
            feed.notices.say("GTFS_JOIN", JOINS, row.line,
                             "joined legs are priced by the hour of their first entry in the feed; "
                             "here by that of the last leg's")
        joins.append(Join((row.from_network_id,), (row.to_network_id,), ends[0], ends[1],
                          None, False, 0, row.line))
    return joins
