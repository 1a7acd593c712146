"""A fare table in words to be read aloud: what is due, what is taken off it, who pays that."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import NamedTuple

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
from network.language import Phrase, joined

STOPS_SHOWN = 6
ROUNDINGS = {"half_up": Phrase("half up"), "half_even": Phrase("half to even"),
             "down": Phrase("down"), "up": Phrase("up")}


class Line(NamedTuple):
    """One line of a description: how far it is indented, and what it says."""

    depth: int
    words: str


def describe(table: Table, unit: str) -> Iterator[Line]:
    """One version of a table, line by line. unit: what its amounts are a whole number of."""
    yield Line(0, f"{table.table}: {table.title}")
    first, last = table.in_force_from, table.in_force_until
    yield Line(1, Phrase("in force from {first} to {last}", first=first, last=last) if last
               else Phrase("in force from {first} on", first=first))
    yield Line(1, Phrase("held to its source on {day}", day=checked_day(table)))
    yield Line(1, Phrase("legal basis: {basis} ({source})", basis=table.legal_basis,
                         source=table.source))
    yield Line(1, Phrase(
        "prices rides of {operators}{modes}{lines}; home is city {city}; amounts in {unit}",
        operators=_list(table.operators), city=table.city, unit=unit,
        modes="" if table.modes is None else Phrase(", by {names}", names=_list(table.modes)),
        lines="" if table.lines is None else Phrase(", on lines {names}",
                                                    names=_some(table.lines))))
    for timeframe in table.timeframe:
        yield Line(1, Phrase("timeframe {name}: {when}", name=timeframe.timeframe,
                             when=timeframe_words(timeframe)))
    for name, stops in table.stop_sets.items():
        yield Line(1, Phrase("stop set {name}: {stops}", name=name, stops=_some(stops)))
    yield Line(1, Phrase("fare, by the first row that fits:"))
    for fare in table.fare:
        yield from fare_lines(fare)
    yield from _discount_lines(table)
    if table.counts_to:
        yield Line(1, Phrase("rides count to {names}", names=_list(table.counts_to)))
    if table.companion_within_s is not None:
        yield Line(1, Phrase("tapped again within {time}, a card pays for who rides along",
                             time=seconds_words(table.companion_within_s)))
    for assumption in table.assumed:
        yield Line(1, Phrase("assumed: {assumption}", assumption=assumption))


def _discount_lines(table: Table) -> Iterator[Line]:
    """The rows that take something off, in the order in which they are applied."""
    for kind in table.order:
        rows = discounts_of(table, kind)
        if not rows:
            continue
        which = (Phrase("every one that fits") if kind == "cap" else
                 Phrase("the one that costs least") if kind in table.best else
                 Phrase("the first that fits"))
        yield Line(1, Phrase("then {kind}, {which}:", kind=kind, which=which))
        for row in rows:
            yield Line(2, Phrase("{rule}: {words}", rule=row.rule, words=row_words(row)))


def timeframe_words(timeframe: Timeframe) -> str:
    """When a timeframe holds."""
    days = (Phrase("every day") if timeframe.days is None else
            _list([Phrase("{day_word}", day_word=day) for day in timeframe.days]))
    since = _clock(timeframe.since)
    if timeframe.until is None:
        return Phrase("{days}, {since} to the end of the day", days=days, since=since)
    until = _clock(timeframe.until)
    if timeframe.until <= timeframe.since:
        return Phrase("{days}, {since} to {until} of the next morning", days=days, since=since,
                      until=until)
    return Phrase("{days}, {since} to {until}", days=days, since=since, until=until)


def _clock(time: datetime.time) -> str:
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"


def seconds_words(seconds: int) -> str:
    """A duration in hours, minutes and seconds, as far as there are any."""
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    return joined(" ", [Phrase("{number} {unit}", number=number, unit=unit)
                        for number, unit in parts if number] or ["0 s"])


def fare_lines(fare: Fare) -> Iterator[Line]:
    """What a fare row says is due."""
    basis, for_whom = _basis_words(fare), [*condition_words(fare)]
    yield Line(2, Phrase("{rule}: {words}", rule=fare.rule, words=joined("; ", [basis, *for_whom])))
    reached = 0
    for band in fare.bands or ():
        yield Line(3, band_words(band, reached))
        reached = band.to_m or band.to_s or reached
    if fare.outside_chain:
        yield Line(3, Phrase("neither begins nor ends a transfer chain"))
    if fare.chain:
        yield Line(3, Phrase("of the transfer chain {name}", name=fare.chain))
    if fare.counts_to:
        yield Line(3, Phrase("counts to {names}, too", names=_list(fare.counts_to)))
    if fare.basis in ("flat", "none"):
        return
    yield Line(3, Phrase(
        "without a way in {way_in}; without a way out {way_out}; back at the same station {same}",
        way_in=_edge(fare.missing_in), way_out=_edge(fare.missing_out),
        same=_same_station(fare)))
    if fare.overtime_after_s is not None:
        time, amount = seconds_words(fare.overtime_after_s), fare.overtime_add
        yield Line(3, Phrase(
            "after {time} inside {amount} more, at least the dearest fare to that exit",
            time=time, amount=amount) if fare.overtime_dearest else
            Phrase("after {time} inside {amount} more", time=time, amount=amount))
    if fare.discounts_on_incomplete:
        yield Line(3, Phrase("discounts hold without a way in or out, too"))


def _basis_words(fare: Fare) -> str:
    column, matrix = fare.column, fare.matrix
    if fare.basis == "flat":
        return f"{fare.amount}"
    if fare.basis == "none":
        return Phrase("not priced, on purpose")
    if fare.basis == "od":
        return Phrase("by stops, {column} in {matrix}", column=column, matrix=matrix)
    if fare.basis == "zone":
        return Phrase("by zones of {zones}, {column} in {matrix}", zones=fare.zones,
                      column=column, matrix=matrix)
    if fare.basis == "time":
        return Phrase("by the time inside")
    if fare.basis == "validator":
        return Phrase("what the validator says")
    how = {"stops": Phrase("by the shortest way between the stops over {links}", links=fare.links)
           if fare.links else Phrase("by the shortest way between the stops"),
           "pairs": Phrase("by how far apart the stops are, {column} in {matrix}", column=column,
                           matrix=matrix),
           "line": Phrase("by how far apart the stops are on the line"),
           "tap": Phrase("by the distance that the validator says")}[fare.distance]
    return Phrase("{how}, less {grace_m} m", how=how, grace_m=fare.grace_m) if fare.grace_m else how


def band_words(band: Band, reached: int) -> str:
    """What a band costs, and from where to where it reaches."""
    end = band.to_m if band.to_s is None else band.to_s
    by_time = band.to_s is not None or band.every_s is not None
    unit = "s" if by_time else "m"
    parts = [Phrase("over {number} {unit}", number=reached, unit=unit) if reached
             else Phrase("at first")]
    if end is not None:
        parts.append(Phrase("up to {number} {unit}", number=end, unit=unit))
    cost = (f"{band.amount}" if band.amount is not None else
            Phrase("{amount} more for every {number} {unit} begun", amount=band.add, unit=unit,
                   number=band.every_s if by_time else band.every_m))
    return Phrase("{reach}: {cost}", reach=joined(", ", parts), cost=cost)


def _edge(value: int | str) -> str:
    return {"lowest": Phrase("the lowest fare of the stop"),
            "highest": Phrase("the highest fare of the stop"),
            "terminus": Phrase("the fare to the farther end of the line"),
            "fare": Phrase("the fare as it is"),
            "validator": Phrase("what the validator says")}.get(str(value), f"{value}")


def _same_station(fare: Fare) -> str:
    if not isinstance(fare.same_station, list):
        return _edge(fare.same_station)
    steps: list[SameStation] = fare.same_station
    return joined(", ", (
        Phrase("{fare} after that", fare=_edge(step.costs)) if step.within_s is None else
        Phrase("{fare} within {time}", fare=_edge(step.costs), time=seconds_words(step.within_s))
        for step in steps))


def condition_words(row: Row) -> Iterator[str]:
    """For whom, where and when a row holds; nothing where it always does."""
    yield from _named("for card kinds {names}", row.card_kinds,
                      "not for card kinds {names}", row.not_card_kinds)
    yield from _named("by {names}", row.media, "not by {names}", row.not_media)
    if row.cards != "any":
        yield (Phrase("cards of this city") if row.cards == "home" else
               Phrase("cards of other cities") if row.cards == "away" else
               Phrase("cards of cities {names}", names=_list(row.cards)))
    yield from _named("with {names}", row.operators, "not with {names}", row.not_operators)
    yield from _named("by {names}", row.modes, "not by {names}", row.not_modes)
    yield from _named("on lines of class {names}", row.line_classes,
                      "not on lines of class {names}", row.not_line_classes)
    yield from _named("from stops of {names}", row.from_stops,
                      "not from stops of {names}", row.not_from_stops)
    yield from _named("to stops of {names}", row.to_stops,
                      "not to stops of {names}", row.not_to_stops)
    entered, left = timeframes_of(row)
    if entered is not None:
        yield Phrase("entered in {names}", names=joined(" or ", entered))
    if left is not None:
        yield Phrase("left in {names}", names=joined(" or ", left))
    if row.age_from is not None or row.age_to is not None:
        yield (Phrase("aged {least} to {most}", least=row.age_from or 0, most=row.age_to)
               if row.age_to is not None else
               Phrase("aged {least} and older", least=row.age_from))
    if row.reviewed:
        yield Phrase("while the card's yearly review is valid")
    if not row.companions:
        yield Phrase("not for who rides along")


def _named(words: str, named: Sequence[str] | None, not_words: str,
           excluded: Sequence[str] | None) -> Iterator[str]:
    if named is not None:
        yield Phrase(words, names=_list(named))
    if excluded is not None:
        yield Phrase(not_words, names=_list(excluded))


def row_words(row: DiscountRow) -> str:
    """What a row takes off, for whom, and who pays for it."""
    parts = [_effect(row), *condition_words(row)]
    if row.counted is not None:
        parts.append(Phrase("{where}, this ride included", where=_bounds_words(row.counted)))
    if row.counted_before is not None:
        parts.append(Phrase("{where} in the period before",
                            where=_bounds_words(row.counted_before)))
    if row.quota is not None:
        parts.append(Phrase("{uses} of the {limit} that {accumulator} counts for each ride",
                            uses=row.quota.uses, limit=row.quota.limit,
                            accumulator=row.quota.accumulator))
    if row.unless:
        parts.append(Phrase("not where a {kinds} has applied before",
                            kinds=joined(" or ", (Phrase("{kind}", kind=kind)
                                                  for kind in row.unless))))
    if (row.rounding, row.unit) != ("half_up", 1):
        parts.append(Phrase("rounded {how} to {unit}", how=ROUNDINGS[row.rounding],
                            unit=row.unit))
    if row.pays_at_least is not None:
        parts.append(Phrase("pays {amount} at least", amount=row.pays_at_least))
    return joined("; ", [*parts, funder_words(row.funders)])


def funder_words(funders: Sequence[Share]) -> str:
    """Who pays what is taken off."""
    if len(funders) == 1:
        return Phrase("paid for by {names}", names=funders[0].funder)
    return Phrase("paid for by {names}", names=_list([
        f"{share.funder} {f'{share.percent} %' if share.percent is not None else share.weight or 1}"
        for share in funders]))


def _effect(row: DiscountRow) -> str:
    if isinstance(row, Tier) and row.bands is not None:
        return Phrase("pays {parts}", parts=joined(", ", (
            Phrase("{percent} % of the rest", percent=band.pays_percent) if band.to is None else
            Phrase("{percent} % until {accumulator} has counted {to}, this ride included",
                   percent=band.pays_percent, accumulator=row.accumulator, to=band.to)
            for band in row.bands)))
    if isinstance(row, Tier):
        return Phrase("pays {percent} % {where}", percent=row.pays_percent,
                      where=_bounds_words(row))
    if isinstance(row, Cap):
        return Phrase("no more than {amount} counted in {accumulator}", amount=row.amount,
                      accumulator=row.accumulator)
    if isinstance(row, Transfer):
        return joined(", ", [_transfer_effect(row), _transfer_words(row)])
    assert isinstance(row, Concession)
    if row.pays_fare is not None:
        return Phrase("pays what fare {fare} says", fare=row.pays_fare)
    if row.takes_off is not None:
        return Phrase("{amount} off", amount=row.takes_off)
    if row.carried_credit is not None:
        credit = row.carried_credit
        said = [Phrase("less by {percent} % of what {accumulator} counted beyond {over} in the "
                       "period before, as far as {used} has not used it", percent=credit.percent,
                       over=credit.over, accumulator=credit.accumulator, used=credit.used)]
        if credit.most is not None:
            said.append(Phrase("at most {amount}", amount=credit.most))
        return joined(", ", said)
    if row.bands is not None:
        return Phrase("pays {parts}", parts=joined(", ", (
            Phrase("{percent} % of the rest", percent=band.pays_percent) if band.to is None else
            Phrase("{percent} % of what is up to {to}", percent=band.pays_percent, to=band.to)
            for band in row.bands)))
    return _pays(row.pays_amount, row.pays_percent)


def _pays(amount: int | None, percent: int | str | None) -> str:
    if amount is None:
        return Phrase("pays {percent} %", percent=percent)
    return Phrase("pays {amount}", amount=amount) if amount else Phrase("free")


def _bounds_words(row: Tier | Counted) -> str:
    bounds = [Phrase("over {number}", number=row.over) if row.over is not None
              else Phrase("{number} or more", number=row.at_least)]
    if row.up_to is not None:
        bounds.append(Phrase("up to {number}", number=row.up_to))
    elif row.below is not None:
        bounds.append(Phrase("below {number}", number=row.below))
    return Phrase("where {accumulator} has counted {bounds}", accumulator=row.accumulator,
                  bounds=joined(" and ", bounds))


def _transfer_effect(row: Transfer) -> str:
    if row.credit is not None:
        return Phrase("{amount} off", amount=row.credit)
    if row.credit_up_to is not None:
        return Phrase("the first ride's fare off, up to {amount}", amount=row.credit_up_to)
    if row.pays_difference:
        return Phrase("pays what is above the rides before")
    if row.chain_pays is not None:
        return Phrase("all rides together cost {amount}", amount=row.chain_pays)
    if row.through:
        return Phrase("all rides together cost the fare from the first way in")
    return _pays(row.pays_amount, row.pays_percent)


def _transfer_words(row: Transfer) -> str:
    """From which rides, how soon, how often."""
    since = {"start": Phrase("the start of the ride before"),
             "end": Phrase("the end of the ride before"),
             "chain": Phrase("the start of the first ride")}[row.measured_from]
    time = seconds_words(row.within_s)
    said: list[str] = [
        Phrase("starting within {time} of {since}", time=time, since=since)
        if row.measured_to == "start" else
        Phrase("ending within {time} of {since}", time=time, since=since)]
    if row.renews:
        said.append(Phrase("which runs anew from each ride that paid"))
    said += _named("from {names}", row.from_modes, "not from {names}", row.not_from_modes)
    said += _named("from rides of {names}", row.from_operators,
                   "not from rides of {names}", row.not_from_operators)
    said += _named("from lines of class {names}", row.from_line_classes,
                   "not from lines of class {names}", row.not_from_line_classes)
    said += _named("left at stops of {names}", row.left_at,
                   "not left at stops of {names}", row.not_left_at)
    said += _named("the ride before begun at stops of {names}", row.began_at,
                   "the ride before not begun at stops of {names}", row.not_began_at)
    said += _named("begun at stops of {names}", row.chain_began_at,
                   "not begun at stops of {names}", row.not_chain_began_at)
    if row.first_due_from is not None:
        said.append(Phrase("where {amount} or more was due for the first ride",
                           amount=row.first_due_from))
    if row.first_due_to is not None:
        said.append(Phrase("where {amount} or less was due for the first ride",
                           amount=row.first_due_to))
    if row.returns:
        said.append(Phrase("back to where the first ride began"))
    said.append(Phrase("once") if row.max_transfers == 1 else
                Phrase("{times} times at most", times=row.max_transfers))
    if row.same_line_after_s is not None and not row.same_line:
        said.append(Phrase("the same line only after {time}",
                           time=seconds_words(row.same_line_after_s)))
    elif not row.same_line:
        said.append(Phrase("not to the same line"))
    if not row.same_vehicle:
        said.append(Phrase("not to the same vehicle"))
    return joined(", ", said)


def _list(names: Sequence[str]) -> str:
    if len(names) <= 1:
        return "".join(names)
    return joined(" and ", [joined(", ", names[:-1]), names[-1]])


def _some(names: Sequence[str]) -> str:
    if len(names) <= STOPS_SHOWN:
        return _list(names)
    return Phrase("{names} and {number} more", names=joined(", ", names[:STOPS_SHOWN]),
                  number=len(names) - STOPS_SHOWN)
