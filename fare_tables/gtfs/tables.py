"""A feed to the tables of its network, one for each period."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from fare_tables.gtfs.days import Period, sort_days
from fare_tables.gtfs.drafts import Draft
from fare_tables.gtfs.fare_rows import make_fares, products_left_out
from fare_tables.gtfs.fares_v1 import Contains, plan_v1
from fare_tables.gtfs.fares_v2 import plan_v2
from fare_tables.gtfs.feed import Feed, first_and_last_day, read_feed
from fare_tables.gtfs.grid import Grid
from fare_tables.gtfs.hours import sort_hours
from fare_tables.gtfs.notices import ASSUMED, Notice, Notices
from fare_tables.gtfs.plan import Plan
from fare_tables.gtfs.transfer_rows import make_transfers
from fare_tables.gtfs.writing import Folder, legal_basis, network_code, operator_code, source_of
from fare_tables.model import Fare, Table

READINGS = (
    "The fares hold on after {last}, the last day that the feed is for, until a newer one is "
    "imported.",
    "Of several products for one ride, the cheapest is charged: one ride at a time, no passes.",
    "A ride without entry or exit costs the highest fare of the stop that is known.",
    "Hours of exit are looked up on the day of the entry.",
)
BLANK_AREAS = ("Without rule_priority, a blank area of a leg rule is every area that no rule for "
               "the same network names.")
CONTAINS = {
    "exactly": "A fare (v1) that names zones by contains_id is for rides that pass exactly these.",
    "covers": "A fare (v1) that names zones by contains_id is for rides that pass no other zone.",
}
CHEAPEST_FARE = "Of several fares (v1) for one ride, the cheapest is charged."


class Made(NamedTuple):
    """A network that is ready to be written."""

    network: str
    tables: list[Table]
    folder: Folder
    notices: list[Notice]


def make_tables(source: Path, contains: Contains = "exactly") -> Made:
    """The network of a feed.

    Raises FeedRefused.
    """
    notices = Notices()
    feed = read_feed(source, notices)
    plan = plan_v2(feed) if feed.is_v2 else plan_v1(feed, contains)
    groups = plan.timeframes()
    days = sort_days(feed, [row.service_id for row in feed.timeframes
                            if row.timeframe_group_id in groups])
    matrices: dict[tuple[tuple[str, str, int], ...], str] = {}
    tables: list[Table] = []
    for period in days.periods:
        grid = Grid(plan, sort_hours(feed, groups, period))
        draft = Draft(plan, grid.hours, matrices)
        products_left_out(grid, notices)
        table = _make_table(feed, plan, period, grid, draft, notices)
        if table is not None:
            tables.append(table)
    if not tables:
        notices.say("GTFS_NO_FARES", plan.rules_file, 0, "no rule of it can be expressed")
        notices.refuse_where_faulty(str(source))
    tables[-1].in_force_until = None
    folder = Folder(feed, plan, days)
    folder.add_network()
    said = notices.listed()
    for table in tables:
        table.assumed = [*_readings(feed, contains), *sorted({
            f"{notice.file}: {notice.reason}" for notice in said if notice.code in ASSUMED})]
    folder.add_tables(tables)
    folder.add_matrices(matrices)
    folder.add_sources(said, _readings(feed, contains))
    return Made(network_code(feed), tables, folder, said)


def _make_table(
    feed: Feed, plan: Plan, period: Period, grid: Grid, draft: Draft, notices: Notices
) -> Table | None:
    """The table of a period; None where nothing has a fare in it."""
    fares, has_holes = make_fares(grid, draft, notices)
    if not fares:
        return None
    code = network_code(feed)
    transfers = make_transfers(grid, draft, notices)
    return Table(
        table=f"{code}-fares", title=f"Fares of {code}, from GTFS", city=code,
        operators=[operator_code(agency.agency_id, feed) for agency in feed.agency],
        legal_basis=legal_basis(feed), source=source_of(feed),
        in_force_from=period.first, in_force_until=period.last, fare=fares, transfer=transfers,
        no_fare_elsewhere=has_holes or any(map(_is_for_some, fares)),
        stop_sets=dict(sorted(draft.stop_sets.items())),
        timeframe=list(draft.timeframes.values()))


def _is_for_some(fare: Fare) -> bool:
    """Whether a ride of no line that the feed has, or without a way in by the clock, has none."""
    return bool(fare.line_classes or fare.timeframes or fare.exit_timeframes)


def _readings(feed: Feed, contains: Contains) -> list[str]:
    """How the feed is read where it leaves a choice."""
    _, last = first_and_last_day(feed)
    readings = [words.format(last=last) for words in READINGS]
    if not feed.is_v2:
        by_way = any(row.contains_id for row in feed.fare_rules)
        return [*readings, CHEAPEST_FARE, *([CONTAINS[contains]] if by_way else [])]
    by_priority = any(rule.rule_priority is not None for rule in feed.fare_leg_rules)
    return readings if by_priority else [*readings, BLANK_AREAS]
