"""Which shapes of rules decided a ride: what a property test must have met to say anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from clearing.reference.results import Entry, Ride
from clearing.reference.world import World
from fare_tables.model import Cap, DiscountRow, Fare, Row, Table, Tier, Transfer, table_version
from tests.properties.rows import KINDS

CONDITIONS = ("card_kinds", "media", "modes", "line_classes", "from_stops", "to_stops",
              "timeframes", "exit_timeframes", "age_from", "age_to", "operators",
              "not_card_kinds", "not_media", "not_modes", "not_line_classes", "not_from_stops",
              "not_to_stops", "not_operators")
BEFORE = ("from_modes", "from_operators", "from_line_classes", "left_at", "chain_began_at",
          "began_at", "not_began_at",
          "not_from_modes", "not_from_operators", "not_from_line_classes", "not_left_at",
          "not_chain_began_at", "first_due_from", "first_due_to", "same_line",
          "same_line_after_s", "renews", "returns")
EFFECTS = {
    "concession": ("pays_percent", "bands", "pays_amount", "takes_off", "pays_fare",
                   "carried_credit"),
    "transfer": ("credit", "credit_up_to", "pays_amount", "pays_percent", "pays_difference",
                 "chain_pays", "through"),
    "tier": ("pays_percent", "bands"),
    "cap": ("amount",),
}
EFFECTS["promotion"] = EFFECTS["concession"]
EVERY = {
    *(f"basis {basis}" for basis in ("flat", "distance stops", "distance pairs",
                                     "distance tap", "distance line", "time", "od", "zone",
                                     "validator")),
    *(f"{state} {word}" for state in ("MISSING_IN", "MISSING_OUT")
      for word in ("amount", "lowest", "highest", "terminus", "validator")),
    *(f"SAME_STATION {word}" for word in ("amount", "fare", "lowest", "highest", "validator",
                                          "steps")),
    "overtime add", "overtime dearest", "grace", "band add", "band amount", "second fare row",
    *(f"{kind} {effect}" for kind, effects in EFFECTS.items() for effect in effects),
    *(f"{kind} best" for kind in KINDS if kind != "cap"),
    *(f"if {name}" for name in CONDITIONS), "if cards home", "if cards away", "if cards of cities",
    "if timeframe at exit", "if reviewed", "if holder", "quota", "unless",
    *(f"rounding {way}" for way in ("half_up", "half_even", "down", "up")), "unit",
    "links of a row", "line stops of a row", "unit of an amount", "pays at least",
    "outside chain", "of a named chain", "transfer in a named chain", "counted before", "counted",
    "fare counts", "cap unless cap",
    "one funder", "two funders", "by percent", "by weight",
    *(f"counts {counts}" for counts in ("paid", "due", "rides")),
    *(f"period {period}" for period in ("day", "week", "month", "year", "days")),
    *(f"measured from {start}" for start in ("start", "end", "chain")), "measured to end",
    *(f"transfer {name}" for name in BEFORE), "transfer other vehicle",
}


def count_shapes(world: World, entries: list[Entry], met: Counter[str]) -> None:
    """Add what decided each entry: its fare row, and every discount row that has a leg."""
    tables = {table_version(table): table for table in world.tables}
    for entry in entries:
        table = tables[entry.charge.table]
        fares = [row.rule for row in table.fare]
        row = table.fare[fares.index(entry.charge.rule)]
        met.update(set(_fare_shapes(row, entry.ride)) | set(_row_shapes(row)))
        met.update(["second fare row"] * (row is not table.fare[0]))
        for kind, rule in {(leg.cause, leg.rule) for leg in entry.charge.legs[1:]}:
            met.update(["transfer in a named chain"] * (
                kind == "transfer" and row.chain is not None))
            rows: list[DiscountRow] = getattr(table, kind)
            met.update(set(_discount_shapes(
                world, table, kind, next(one for one in rows if one.rule == rule))))


def _fare_shapes(row: Fare, ride: Ride) -> Iterator[str]:
    if ride.incomplete and row.basis != "flat":
        word = row.missing_in if ride.state == "MISSING_IN" else row.missing_out
        yield f"{ride.state} {'amount' if isinstance(word, int) else word}"
    elif ride.state == "SAME_STATION" and row.basis != "flat":
        word = row.same_station
        yield "SAME_STATION " + ("steps" if isinstance(word, list) else
                                 "amount" if isinstance(word, int) else word)
    else:
        yield f"basis {row.basis}" + (f" {row.distance}" if row.basis == "distance" else "")
        for band in row.bands or ():
            yield "band amount" if band.add is None else "band add"
        if row.links is not None:
            yield "links of a row"
        if row.line_stops is not None:
            yield "line stops of a row"
        if row.basis == "distance" and row.grace_m:
            yield "grace"
    if row.outside_chain:
        yield "outside chain"
    if row.chain:
        yield "of a named chain"
    if row.counts_to:
        yield "fare counts"
    if ride.state == "OVERTIME":
        yield "overtime dearest" if row.overtime_dearest else "overtime add"


def _row_shapes(row: Row) -> Iterator[str]:
    for name in CONDITIONS:
        if getattr(row, name) is not None:
            yield f"if {name}"
    if row.cards != "any":
        yield f"if cards {row.cards if isinstance(row.cards, str) else 'of cities'}"
    if row.timeframes is not None and row.timeframe_at == "exit":
        yield "if timeframe at exit"
    if row.reviewed:
        yield "if reviewed"
    if not row.companions:
        yield "if holder"


def _discount_shapes(world: World, table: Table, kind: str, row: DiscountRow) -> Iterator[str]:
    yield from _row_shapes(row)
    written = {name: getattr(row, name) for name in EFFECTS[kind]}
    effect = next(name for name, value in written.items()
                  if value is not None and value is not False)
    yield f"{kind} {effect}"
    if kind in table.best:
        yield f"{kind} best"
    if effect in ("pays_percent", "bands"):
        yield f"rounding {row.rounding}"
    if row.unit > 1:
        yield "unit" if effect in ("pays_percent", "bands") else "unit of an amount"
    if row.pays_at_least is not None:
        yield "pays at least"
    if row.counted is not None:
        yield "counted"
    if row.counted_before is not None:
        yield "counted before"
    if kind == "cap" and "cap" in row.unless:
        yield "cap unless cap"
    if row.quota is not None:
        yield "quota"
    if row.unless:
        yield "unless"
    yield "one funder" if len(row.funders) == 1 else "two funders"
    yield "by weight" if row.funders[0].percent is None else "by percent"
    if kind in ("tier", "cap"):
        assert isinstance(row, Tier | Cap)
        spec = world.accumulators[row.accumulator]
        yield f"counts {spec.counts}"
        yield f"period {spec.period}"
    if isinstance(row, Transfer):
        yield from _transfer_shapes(row)


def _transfer_shapes(row: Transfer) -> Iterator[str]:
    yield f"measured from {row.measured_from}"
    if row.measured_to == "end":
        yield "measured to end"
    for name in BEFORE:
        if getattr(row, name):
            yield f"transfer {name}"
    if not row.same_vehicle:
        yield "transfer other vehicle"
