"""What can be wrong with a table by itself: its funders, its tiers, what it never uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from fare_tables.bands import walk_bands
from fare_tables.check.atoms import (
    BEFORE_KEYS,
    BEGAN_KEYS,
    LEFT_KEYS,
    LINE_KEYS,
    LINE_KEYS_BEFORE,
    STOP_KEYS,
    TableRow,
    accumulators_of,
    before_asked,
    counted_by,
    rows_of,
)
from fare_tables.check.findings import Finding, find_at
from fare_tables.check.services import last_day
from fare_tables.model import (
    Cap,
    DiscountRow,
    Row,
    Share,
    Tier,
    bounds_of,
    timeframes_of,
)
from fare_tables.source import TableSource
from network.calendars import mainland_years
from network.errors import TableError
from network.language import Phrase
from network.money import PPM, percent_ppm
from network.network import Network

SORTS_OF_DAYS = {"workday", "restday", "holiday"}
BOUNDS = ("rule", "over", "at_least", "up_to", "below", "pays_percent", "bands", "funders",
          "rounding", "unit")


def check_rows(sources: Sequence[TableSource], network: Network) -> list[Finding]:
    """Every finding about single tables, and about what no table uses."""
    findings = [
        finding for one in sources
        for check in (check_funders, _falling_bands, _tier_gaps, _unused_parts, _late_unless)
        for finding in check(one)]
    findings += [finding for one in sources for finding in _unknown_years(one, network)]
    return findings + list(_not_counted(sources)) + list(_unused_in_network(sources, network))


def check_funders(source: TableSource) -> Iterator[Finding]:
    """Percents are of the whole discount: they add up to it."""
    for one in rows_of(source.table):
        shares: Sequence[Share] = one.row.funders if isinstance(one.row, DiscountRow) else ()
        percents = [share.percent for share in shares if share.percent is not None]
        try:
            total = sum(percent_ppm(percent) for percent in percents)
        except TableError:      # it is not compiled: that says which of them is no percent
            continue
        if not percents:
            continue
        if len(percents) < len(shares) or total != PPM:
            yield find_at(
                source, "FUNDERS",
                Phrase("its funders pay {percent} % of the discount, {by_percent} of {shares} by "
                       "percent", percent=_percent_words(total), by_percent=len(percents),
                       shares=len(shares)),
                "write percents that add up to 100, or weights for all",
                one.kind, one.row.rule, "funders")


def _percent_words(ppm: int) -> str:
    whole, part = divmod(ppm, PPM // 100)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".")


def _falling_bands(source: TableSource) -> Iterator[Finding]:
    """A band with an amount below the fare at the end of the band before."""
    for fare in source.table.fare:
        for number, (band, _, so_far) in enumerate(walk_bands(fare.bands or ()), 1):
            if band.amount is not None and band.amount < so_far:
                yield find_at(
                    source, "NOT_MONOTONE",
                    Phrase("band {number} costs {amount}, the one before ends at {so_far}",
                           number=number, amount=band.amount, so_far=so_far),
                    "correct the amount, or leave it where a longer ride does cost less",
                    "fare", fare.rule, "bands", number - 1)


def _tier_gaps(source: TableSource) -> Iterator[Finding]:
    """Tiers for the same rides, with an amount between them that neither has."""
    groups: dict[bytes, list[Tier]] = {}
    for tier in source.table.tier:
        conditions = {name: getattr(tier, name) for name in tier.__struct_fields__
                      if name not in BOUNDS}
        groups.setdefault(msgspec.json.encode(conditions), []).append(tier)
    for tiers in groups.values():
        for lower, upper in pairwise(sorted(tiers, key=lambda tier: bounds_of(tier)[0])):
            high, low = bounds_of(lower)[1], bounds_of(upper)[0]
            if high is not None and low > high + 1:
                amounts = f"{low - 1}" if low == high + 2 else Phrase(
                    "{first} to {last}", first=high + 1, last=low - 1)
                yield find_at(
                    source, "TIER_GAP",
                    Phrase("{amounts} counted is between {rule} and this row, and in neither",
                           amounts=amounts, rule=lower.rule),
                    "let one of the two reach to the other", "tier", upper.rule)


def _unused_parts(source: TableSource) -> Iterator[Finding]:
    """Timeframes and sets of stops that no row points to."""
    table = source.table
    rows = [one.row for one in rows_of(table)]
    timeframes = _timeframes_asked(rows)
    sets = _names_in(rows, (*STOP_KEYS, *LEFT_KEYS, *BEGAN_KEYS, *BEFORE_KEYS))
    for timeframe in table.timeframe:
        if timeframe.timeframe not in timeframes:
            yield find_at(source, "UNUSED",
                          Phrase("no row holds in timeframe {timeframe!r}",
                                 timeframe=timeframe.timeframe),
                          "name it in a row's timeframes, or leave it out",
                          "timeframe", timeframe.timeframe)
    for name in table.stop_sets:
        if name not in sets:
            yield find_at(source, "UNUSED",
                          Phrase("no row names the stop set {stop_set!r}", stop_set=name),
                          "name it in a row's from_stops, to_stops or left_at, or leave it out",
                          "stop_sets", name)


def _timeframes_asked(rows: Sequence[Row]) -> set[str]:
    return {name for row in rows for names in timeframes_of(row) for name in names or ()}


def _names_in(rows: Sequence[Row], keys: Sequence[str]) -> set[str]:
    """What rows name in some of their keys."""
    return {name for row in rows for key in keys for name in getattr(row, key, None) or ()}


def _late_unless(source: TableSource) -> Iterator[Finding]:
    """A row that gives way to a kind that is applied after it gives way to nothing.

    A cap can give way to the caps above it, which are all applied.
    """
    order = list(source.table.order)
    for one in rows_of(source.table):
        for kind in one.row.unless if isinstance(one.row, DiscountRow) else ():
            before = order[:order.index(one.kind) if one.kind in order else 0]
            if kind not in before and not kind == one.kind == "cap":
                yield find_at(
                    source, "UNUSED",
                    Phrase("it does not hold where a {kind} has applied, and order has no {kind} "
                           "before {before}", kind=kind, before=one.kind),
                    Phrase("put {kind} before {before} in order, or leave it out of unless",
                           kind=kind, before=one.kind),
                    one.kind, one.row.rule, "unless")


def _unknown_years(source: TableSource, network: Network) -> Iterator[Finding]:
    """Days in force whose holidays are not published, where rows ask for holidays."""
    table = source.table
    asked = _timeframes_asked([one.row for one in rows_of(table)])
    asking = [timeframe.timeframe for timeframe in table.timeframe
              if timeframe.timeframe in asked and SORTS_OF_DAYS & set(timeframe.days or ())]
    if network.model.calendar != "mainland" or not asking:
        return
    known = mainland_years()
    if last_day(table).year >= known.stop:
        yield find_at(
            source, "CALENDAR",
            Phrase("it asks for workdays or holidays, and those of {year} are not known: taps of "
                   "{year} will be refused", year=known.stop),
            Phrase("install a newer chinesecalendar when the holidays of {year} are published",
                   year=known.stop),
            "timeframe", asking[0])
    if table.in_force_from.year < known.start:
        yield find_at(
            source, "CALENDAR",
            Phrase("it asks for workdays or holidays, and those before {year} are not known",
                   year=known.start),
            Phrase("let the table begin in {year}, or later", year=known.start),
            "timeframe", asking[0])


def _not_counted(sources: Sequence[TableSource]) -> Iterator[Finding]:
    """Tiers and caps by what nothing counts."""
    counted = _counted_to(sources)
    for one in sources:
        counted |= {row.row.quota.accumulator for row in rows_of(one.table)
                    if isinstance(row.row, DiscountRow) and row.row.quota is not None}
    for one in sources:
        asking: list[tuple[TableRow, str, tuple[str, ...]]] = [
            (row, row.row.accumulator, ("accumulator",)) for row in rows_of(one.table)
            if isinstance(row.row, Tier | Cap)]
        asking += [(row, counted_one.accumulator, ("counted", "accumulator"))
                   for row in rows_of(one.table)
                   if (counted_one := counted_by(row.row)) is not None]
        asking += [(row, name, key) for row in rows_of(one.table)
                   for name, key in before_asked(row.row)]
        for row, name, key in asking:
            if name not in counted:
                yield find_at(
                    one, "NOT_COUNTED",
                    Phrase("no table counts to {accumulator!r}, which is always 0",
                           accumulator=name),
                    "name the accumulator in the counts_to of the tables, or fare rows, whose "
                    "rides count", row.kind, row.row.rule, *key)


def _counted_to(sources: Sequence[TableSource]) -> set[str]:
    """The accumulators that tables and fare rows feed."""
    fed = [one.table.counts_to for one in sources]
    fed += [fare.counts_to for one in sources for fare in one.table.fare]
    return {name for names in fed for name in names}


def _unused_in_network(sources: Sequence[TableSource], network: Network) -> Iterator[Finding]:
    """Accumulators and line classes that no table has to do with."""
    rows: list[TableRow] = [row for one in sources for row in rows_of(one.table)]
    accumulators = _counted_to(sources)
    for kind_and_row in rows:
        row = kind_and_row.row
        accumulators |= set(accumulators_of(row))
        accumulators |= {row.accumulator} if isinstance(row, Cap) else set()
        accumulators |= {name for name, _ in before_asked(row)}
        credit = getattr(row, "carried_credit", None)
        accumulators |= set() if credit is None else {credit.used}
        counted = counted_by(row)
        accumulators |= set() if counted is None else {counted.accumulator}
    classes = _names_in([one.row for one in rows], (*LINE_KEYS, *LINE_KEYS_BEFORE))
    for key, names, used, use in (
            ("accumulator", list(network.accumulators), accumulators,
             Phrase("counts_to, a tier, a cap, a quota or counted")),
            ("line_class", list(network.line_classes), classes, Phrase("a row's line_classes"))):
        for index, name in enumerate(names):
            if name not in used:
                yield Finding("UNUSED", f"{key} {name}", "no table uses it",
                              Phrase("name it in {use}, or leave it out of network.toml", use=use),
                              network.folder.network_toml.location((key, index, key)))
