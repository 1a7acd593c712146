"""A fare table in words to be read aloud: what is due, what is taken off it, who pays that."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from fare_tables.model import (
    Band,
    Cap,
    Concession,
    Counted,
    DiscountRow,
    Fare,
    Row,
    SameStation,
    Share,
    Table,
    Tier,
    Timeframe,
    Transfer,
    checked_day,
    discounts_of,
    timeframes_of,
)

STOPS_SHOWN = 6
ROUNDINGS = {"half_up": "half up", "half_even": "half to even", "down": "down", "up": "up"}


def describe(table: Table, unit: str) -> Iterator[str]:
    """One version of a table, line by line. unit: what its amounts are a whole number of."""
    until = f"to {table.in_force_until}" if table.in_force_until else "on"
    yield f"{table.table}: {table.title}"
    yield f"  in force from {table.in_force_from} {until}"
    yield f"  held to its source on {checked_day(table)}"
    yield f"  legal basis: {table.legal_basis} ({table.source})"
    yield (f"  prices rides of {_list(table.operators)}"
           + (f", by {_list(table.modes)}" if table.modes is not None else "")
           + (f", on lines {_some(table.lines)}" if table.lines is not None else "")
           + f"; home is city {table.city}; amounts in {unit}")
    for timeframe in table.timeframe:
        yield f"  timeframe {timeframe.timeframe}: {timeframe_words(timeframe)}"
    for name, stops in table.stop_sets.items():
        yield f"  stop set {name}: {_some(stops)}"
    yield "  fare, by the first row that fits:"
    for fare in table.fare:
        yield from (f"    {line}" for line in fare_lines(fare))
    yield from _discount_lines(table)
    if table.counts_to:
        yield f"  rides count to {_list(table.counts_to)}"
    if table.companion_within_s is not None:
        yield (f"  tapped again within {seconds_words(table.companion_within_s)}, a card pays for "
               "who rides along")
    for assumption in table.assumed:
        yield f"  assumed: {assumption}"


def _discount_lines(table: Table) -> Iterator[str]:
    """The rows that take something off, in the order in which they are applied."""
    for kind in table.order:
        rows = discounts_of(table, kind)
        if not rows:
            continue
        which = ("every one that fits" if kind == "cap" else
                 "the one that costs least" if kind in table.best else "the first that fits")
        yield f"  then {kind}, {which}:"
        for row in rows:
            yield f"    {row.rule}: {row_words(row)}"


def timeframe_words(timeframe: Timeframe) -> str:
    """When a timeframe holds."""
    days = "every day" if timeframe.days is None else _list(timeframe.days)
    until = "the end of the day" if timeframe.until is None else _clock(timeframe.until)
    past = timeframe.until is not None and timeframe.until <= timeframe.since
    return f"{days}, {_clock(timeframe.since)} to {until}{' of the next morning' if past else ''}"


def _clock(time: datetime.time) -> str:
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"


def seconds_words(seconds: int) -> str:
    """A duration in hours, minutes and seconds, as far as there are any."""
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def fare_lines(fare: Fare) -> Iterator[str]:
    """What a fare row says is due."""
    for_whom = "; ".join(condition_words(fare))
    yield f"{fare.rule}: {_basis_words(fare)}{f'; {for_whom}' if for_whom else ''}"
    reached = 0
    for band in fare.bands or ():
        yield f"  {band_words(band, reached)}"
        reached = band.to_m or band.to_s or reached
    if fare.outside_chain:
        yield "  neither begins nor ends a transfer chain"
    if fare.counts_to:
        yield f"  counts to {_list(fare.counts_to)}, too"
    if fare.basis in ("flat", "none"):
        return
    yield (f"  without a way in {_edge(fare.missing_in)}; without a way out "
           f"{_edge(fare.missing_out)}; back at the same station {_same_station(fare)}")
    if fare.overtime_after_s is not None:
        dearest = ", at least the dearest fare to that exit" if fare.overtime_dearest else ""
        yield (f"  after {seconds_words(fare.overtime_after_s)} inside {fare.overtime_add} "
               f"more{dearest}")
    if fare.discounts_on_incomplete:
        yield "  discounts hold without a way in or out, too"


def _basis_words(fare: Fare) -> str:
    if fare.basis == "flat":
        return f"{fare.amount}"
    if fare.basis == "none":
        return "not priced, on purpose"
    if fare.basis == "od":
        return f"by stops, {fare.column} in {fare.matrix}"
    if fare.basis == "zone":
        return f"by zones of {fare.zones}, {fare.column} in {fare.matrix}"
    if fare.basis == "time":
        return "by the time inside"
    if fare.basis == "validator":
        return "what the validator says"
    how = {"stops": "the shortest way between the stops"
           + (f" over {fare.links}" if fare.links else ""),
           "pairs": f"how far apart the stops are, {fare.column} in {fare.matrix}",
           "line": "how far apart the stops are on the line",
           "tap": "the distance that the validator says"}[fare.distance]
    return f"by {how}" + (f", less {fare.grace_m} m" if fare.grace_m else "")


def band_words(band: Band, reached: int) -> str:
    """What a band costs, and from where to where it reaches."""
    end = band.to_m if band.to_s is None else band.to_s
    by_time = band.to_s is not None or band.every_s is not None
    unit = "s" if by_time else "m"
    reach = f"over {reached} {unit}" if reached else "at first"
    to = "" if end is None else f", up to {end} {unit}"
    every = band.every_s if by_time else band.every_m
    cost = (f"{band.amount}" if band.amount is not None
            else f"{band.add} more for every {every} {unit} begun")
    return f"{reach}{to}: {cost}"


def _edge(value: int | str) -> str:
    return {"lowest": "the lowest fare of the stop", "highest": "the highest fare of the stop",
            "terminus": "the fare to the farther end of the line", "fare": "the fare as it is",
            "validator": "what the validator says"}.get(str(value), f"{value}")


def _same_station(fare: Fare) -> str:
    if not isinstance(fare.same_station, list):
        return _edge(fare.same_station)
    steps: list[SameStation] = fare.same_station
    return ", ".join(
        _edge(step.costs) + (f" within {seconds_words(step.within_s)}"
                             if step.within_s is not None else " after that") for step in steps)


def condition_words(row: Row) -> Iterator[str]:
    """For whom, where and when a row holds; nothing where it always does."""
    yield from _named("for card kinds", row.card_kinds, "not for card kinds", row.not_card_kinds)
    yield from _named("by", row.media, "not by", row.not_media)
    if row.cards != "any":
        yield ("cards of this city" if row.cards == "home" else "cards of other cities"
               if row.cards == "away" else f"cards of cities {_list(row.cards)}")
    yield from _named("with", row.operators, "not with", row.not_operators)
    yield from _named("by", row.modes, "not by", row.not_modes)
    yield from _named("on lines of class", row.line_classes,
                      "not on lines of class", row.not_line_classes)
    yield from _named("from stops of", row.from_stops, "not from stops of", row.not_from_stops)
    yield from _named("to stops of", row.to_stops, "not to stops of", row.not_to_stops)
    for moved, names in zip(("entered", "left"), timeframes_of(row), strict=True):
        if names is not None:
            yield f"{moved} in {' or '.join(names)}"
    if row.age_from is not None or row.age_to is not None:
        yield (f"aged {row.age_from or 0} to {row.age_to}" if row.age_to is not None
               else f"aged {row.age_from} and older")
    if row.reviewed:
        yield "while the card's yearly review is valid"
    if not row.companions:
        yield "not for who rides along"


def _named(words: str, named: Sequence[str] | None, not_words: str,
           excluded: Sequence[str] | None) -> Iterator[str]:
    if named is not None:
        yield f"{words} {_list(named)}"
    if excluded is not None:
        yield f"{not_words} {_list(excluded)}"


def row_words(row: DiscountRow) -> str:
    """What a row takes off, for whom, and who pays for it."""
    parts = [_effect(row), *condition_words(row)]
    if row.counted is not None:
        parts.append(f"{_bounds_words(row.counted)}, this ride included")
    if row.quota is not None:
        parts.append(f"{row.quota.uses} of the {row.quota.limit} that {row.quota.accumulator} "
                     "counts for each ride")
    if row.unless:
        parts.append(f"not where a {' or '.join(row.unless)} has applied before")
    if (row.rounding, row.unit) != ("half_up", 1):
        parts.append(f"rounded {ROUNDINGS[row.rounding]} to {row.unit}")
    if row.pays_at_least is not None:
        parts.append(f"pays {row.pays_at_least} at least")
    return f"{'; '.join(parts)}; {funder_words(row.funders)}"


def funder_words(funders: Sequence[Share]) -> str:
    """Who pays what is taken off."""
    if len(funders) == 1:
        return f"paid for by {funders[0].funder}"
    return "paid for by " + _list([
        f"{share.funder} {f'{share.percent} %' if share.percent is not None else share.weight or 1}"
        for share in funders])


def _effect(row: DiscountRow) -> str:
    if isinstance(row, Tier):
        return f"pays {row.pays_percent} % {_bounds_words(row)}"
    if isinstance(row, Cap):
        return f"no more than {row.amount} counted in {row.accumulator}"
    if isinstance(row, Transfer):
        return f"{_transfer_effect(row)}, {_transfer_words(row)}"
    assert isinstance(row, Concession)
    if row.pays_fare is not None:
        return f"pays what fare {row.pays_fare} says"
    if row.takes_off is not None:
        return f"{row.takes_off} off"
    if row.bands is not None:
        return "pays " + ", ".join(
            f"{band.pays_percent} % of "
            + (f"what is up to {band.to}" if band.to is not None else "the rest")
            for band in row.bands)
    return _pays(row.pays_amount, row.pays_percent)


def _pays(amount: int | None, percent: int | str | None) -> str:
    if amount is None:
        return f"pays {percent} %"
    return f"pays {amount}" if amount else "free"


def _bounds_words(row: Tier | Counted) -> str:
    low = f"over {row.over}" if row.over is not None else f"{row.at_least} or more"
    high = (f" and up to {row.up_to}" if row.up_to is not None
            else f" and below {row.below}" if row.below is not None else "")
    return f"where {row.accumulator} has counted {low}{high}"


def _transfer_effect(row: Transfer) -> str:
    if row.credit is not None:
        return f"{row.credit} off"
    if row.credit_up_to is not None:
        return f"the first ride's fare off, up to {row.credit_up_to}"
    if row.pays_difference:
        return "pays what is above the rides before"
    if row.chain_pays is not None:
        return f"all rides together cost {row.chain_pays}"
    if row.through:
        return "all rides together cost the fare from the first way in"
    return _pays(row.pays_amount, row.pays_percent)


def _transfer_words(row: Transfer) -> str:
    """From which rides, how soon, how often."""
    since = {"start": "the start of the ride before", "end": "the end of the ride before",
             "chain": "the start of the first ride"}[row.measured_from]
    said = [f"{row.measured_to}ing within {seconds_words(row.within_s)} of {since}"]
    if row.renews:
        said.append("which runs anew from each ride that paid")
    for words, named, excluded in (
            ("from", row.from_modes, row.not_from_modes),
            ("from rides of", row.from_operators, row.not_from_operators),
            ("from lines of class", row.from_line_classes, row.not_from_line_classes),
            ("left at stops of", row.left_at, row.not_left_at),
            ("begun at stops of", row.chain_began_at, row.not_chain_began_at)):
        said += _named(words, named, f"not {words}", excluded)
    if row.first_due_from is not None:
        said.append(f"where {row.first_due_from} or more was due for the first ride")
    if row.first_due_to is not None:
        said.append(f"where {row.first_due_to} or less was due for the first ride")
    if row.returns:
        said.append("back to where the first ride began")
    said.append("once" if row.max_transfers == 1 else f"{row.max_transfers} times at most")
    if row.same_line_after_s is not None and not row.same_line:
        said.append(f"the same line only after {seconds_words(row.same_line_after_s)}")
    elif not row.same_line:
        said.append("not to the same line")
    if not row.same_vehicle:
        said.append("not to the same vehicle")
    return ", ".join(said)


def _list(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _some(names: Sequence[str]) -> str:
    if len(names) <= STOPS_SHOWN:
        return _list(names)
    return f"{', '.join(names[:STOPS_SHOWN])} and {len(names) - STOPS_SHOWN} more"
