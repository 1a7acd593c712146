"""Why a ride costs what it costs, as `onecard price` and `onecard explain` tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from clearing.cli.output import print_table, yuan
from clearing.reference.chains import is_companion
from clearing.reference.conditions import why_no_discount, why_not
from clearing.reference.memory import Memory
from clearing.reference.pricing import AccumulatorChange, Priced
from clearing.reference.state import Chain
from clearing.reference.world import World
from fare_tables.model import DISCOUNTS, Table, discounts_of, table_version
from network.civil import civil_text

Explanation = dict[str, Any]


def explain(world: World, priced: Priced, civil_offset_s: int) -> Explanation:
    """Everything there is to say of a ride, ready for JSON: fen, metres and civil times."""
    ride, charge = priced.ride, priced.charge
    named = {table_version(table): table for table in world.tables}
    table = None if charge is None else named[charge.table]
    one: Explanation = {
        "operator": ride.operator, "mode": ride.mode, "line": ride.line,
        "from_stop": ride.from_stop, "to_stop": ride.to_stop,
        "started_at": civil_text(ride.started_at, civil_offset_s),
        "ended_at": civil_text(ride.ended_at, civil_offset_s),
        "service_day": ride.service_day.isoformat(), "state": ride.state,
        "distance_m": ride.distance_m, "card_kind": ride.card_kind, "medium": ride.medium,
        "issuer": ride.issuer, "age": ride.age, "reviewed": ride.reviewed,
        "companion": table is not None and is_companion(table, ride, priced.before.chain),
        "currency": world.model.currency,
        "code": priced.code, "table": None, "title": None, "rule": None,
        "due": None, "price": None, "paid": None, "variance": None, "legs": [],
        # Tables of other operators were never candidates.
        "rows_tried": [step._asdict() for step in priced.trace
                       if step.kind != "table" or ride.operator in named[step.rule].operators],
        "accumulators": [_counted(world, counted) for counted in priced.counted],
        "tiers": [], "quotas": [], "caps": [],
        "transfer_chain_before": _chain(priced.before.chain, civil_offset_s),
        "transfer_chain_after": _chain(priced.after.chain, civil_offset_s),
    }
    if charge is not None and table is not None:
        one |= {"table": charge.table, "title": table.title, "rule": charge.rule,
                "due": charge.due, "price": charge.price, "paid": charge.paid,
                "variance": charge.variance, "legs": [leg._asdict() for leg in charge.legs],
                "tiers": _tiers(world, table, priced), "quotas": _quotas(world, table, priced),
                "caps": _caps(world, table, priced)}
    return one


def _counted(world: World, counted: AccumulatorChange) -> dict[str, Any]:
    return {"accumulator": counted.accumulator, "period": counted.period,
            "counts": world.accumulators[counted.accumulator].counts,
            "before": counted.before.amount, "after": counted.after.amount}


def _chain(chain: Chain | None, civil_offset_s: int) -> dict[str, Any] | None:
    """The chain with the ride that can be transferred from; None where there is none."""
    if chain is None:
        return None
    return {"transfers": chain.transfers, "prices": chain.prices, "first_due": chain.due,
            "started_at": civil_text(chain.started_at, civil_offset_s),
            "last_ended_at": civil_text(chain.last_ended_at, civil_offset_s),
            "last_operator": chain.last_operator, "last_mode": chain.last_mode,
            "last_line": chain.last_line[1]}


def _tiers(world: World, table: Table, priced: Priced) -> list[dict[str, Any]]:
    """Of each accumulator with tiers, the tier before this ride, and for the next one like it."""
    def reached(accumulator: str, memory: Memory) -> str | None:
        fitting = (row.rule for row in table.tier if row.accumulator == accumulator
                   and why_no_discount(world, table, row, priced.ride, memory, ()) is None)
        return next(fitting, None)

    return [{"accumulator": name, "before": reached(name, priced.before),
             "after": reached(name, priced.after)}
            for name in dict.fromkeys(row.accumulator for row in table.tier)]


def _quotas(world: World, table: Table, priced: Priced) -> list[dict[str, Any]]:
    """What each row for this rider has used of its quota."""
    counted = {one.accumulator: one for one in priced.counted}
    rows = [row for kind in DISCOUNTS for row in discounts_of(table, kind)]
    return [{"rule": row.rule, "accumulator": row.quota.accumulator, "limit": row.quota.limit,
             "takes": row.quota.uses, "before": counted[row.quota.accumulator].before.amount,
             "after": counted[row.quota.accumulator].after.amount}
            for row in rows if row.quota is not None
            and why_not(world, table, row, priced.ride, priced.before) is None]


def _caps(world: World, table: Table, priced: Priced) -> list[dict[str, Any]]:
    """What is left of each cap for this rider, in fen."""
    counted = {one.accumulator: one for one in priced.counted}
    return [{"rule": row.rule, "accumulator": row.accumulator, "amount": row.amount,
             "left_before": max(0, row.amount - counted[row.accumulator].before.amount),
             "left_after": max(0, row.amount - counted[row.accumulator].after.amount)}
            for row in table.cap
            if why_not(world, table, row, priced.ride, priced.before) is None]


def print_explanation(one: Explanation, head: str) -> None:
    """An explanation for people; money in the network's currency, with two decimals."""
    way = " ".join(word for word in (one["operator"], one["mode"], one["line"]) if word)
    click.echo(f"{head}  {way}  {one['from_stop'] or '?'} → {one['to_stop'] or '?'}  "
               f"{one['started_at'] or '?'} → {one['ended_at'] or '?'}  {one['state']}")
    about = [f"{one['card_kind'] or '(blank)'} card of {one['issuer']}, by "
             f"{one['medium'] or '(blank)'}"]
    about += [f"aged {one['age']}"] * (one["age"] is not None)
    about += ["on a card tapped for others, too"] * one["companion"]
    click.echo("; ".join(about))
    if one["table"] is not None:
        click.echo(f"table {one['table']}" + (f": {one['title']}" if one["title"] else ""))
    print_table("rows tried, in order", ("kind", "row", "", "why", "price before", "after"), (
        (step["kind"], step["rule"], "applies" if step["applied"] else "no", step["why"],
         _yuan(step["before"]), _yuan(step["after"]))
        for step in one["rows_tried"]), right=("price before", "after"))
    if one["due"] is None:
        return
    _print_payers(one)
    state = list(_list_state(one))
    if state:
        print_table("what the card carries", ("what", "which", "before", "after"), state,
                    right=("before", "after"))


def _print_payers(one: Explanation) -> None:
    """Who pays what: the rider, the funders of the legs, and together what is due."""
    rows = [("the rider", one["issuer"], yuan(one["paid"]))]
    rows += [(f"{leg['kind']} {leg['rule']}", leg["funder"], yuan(leg["amount"]))
             for leg in one["legs"]]
    if one["variance"]:
        rows.append(("variance: the validator charged other than the price", one["operator"],
                     yuan(-one["variance"])))
    together = one["paid"] + sum(leg["amount"] for leg in one["legs"]) - one["variance"]
    said = "together, as is due" if together == one["due"] else (
        f"together, which is not the {yuan(one['due'])} that is due: onecard verify")
    rows.append((said, "", yuan(together)))
    currency = one["currency"]
    print_table(f"who pays, in {currency}", ("for", "who", currency), rows, right=(currency,))


def _list_state(one: Explanation) -> Iterator[tuple[str, str, str, str]]:
    """What the card carried before the ride and carries after it, a line for each part."""
    counts = {row["accumulator"]: row["counts"] for row in one["accumulators"]}
    for row in one["accumulators"]:
        what = ("rides counted" if row["counts"] == "rides"
                else f"{one['currency']} {row['counts']}")
        yield (what, f"{row['accumulator']} {row['period']}",
               _amount(row["before"], row["counts"]), _amount(row["after"], row["counts"]))
    for row in one["tiers"]:
        yield "tier", row["accumulator"], row["before"] or "none", row["after"] or "none"
    for row in one["quotas"]:
        before, after, limit = (_amount(row[name], counts[row["accumulator"]])
                                for name in ("before", "after", "limit"))
        yield (f"quota: this ride takes {row['takes']}", row["rule"], f"{before} of {limit}",
               f"{after} of {limit}")
    for row in one["caps"]:
        yield (f"left of {yuan(row['amount'])}", row["rule"], yuan(row["left_before"]),
               yuan(row["left_after"]))
    before, after = one["transfer_chain_before"], one["transfer_chain_after"]
    if before or after:
        yield ("transfers used", "chain", _of_chain(before, "transfers"),
               _of_chain(after, "transfers"))
        yield "its prices so far", "chain", _of_chain(before, "prices"), _of_chain(after, "prices")


def _of_chain(chain: dict[str, Any] | None, name: str) -> str:
    if chain is None:
        return "no chain"
    return yuan(chain[name]) if name == "prices" else str(chain[name])


def _amount(value: int, counts: str) -> str:
    return str(value) if counts == "rides" else yuan(value)


def _yuan(fen: int | None) -> str:
    return "" if fen is None else yuan(fen)
