"""onecard explain: why a ride costs what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from clearing.cli.options import book_option, network_option

if TYPE_CHECKING:
    from clearing.reference.pricing import Priced
    from clearing.world import World


@click.command("explain")
@click.argument("ride", metavar="CARD/COUNTER")
@book_option
@network_option
@click.option("--json", "as_json", is_flag=True, help="For machines; money in fen.")
def command(ride: str, book: str, network: str | None, as_json: bool) -> None:
    """Say why a ride costs what it costs: the rows tried, the one that won, and who paid what.

    A ride is named by its card and the counter of its first tap, as `onecard show rides` lists
    them.

    \b
    Example:
      onecard explain 3105810000000012345/71231 --book book
    """
    from clearing.cards import card_bits
    from clearing.cli.session import reading
    from clearing.errors import OnecardError
    from clearing.replay import entries_of_card, plain_world, replay_card

    card, _, counter = ride.rpartition("/")
    if not card or not (counter.isascii() and counter.isdigit()):
        raise OnecardError(f"{ride!r} does not name a ride", expected="CARD/COUNTER",
                           remedy="copy both from `onecard show rides`")
    with reading(book, network) as (opened, world):
        rows = entries_of_card(opened, *card_bits(card))
        found = [(row, priced) for row, priced in
                 replay_card(rows, plain_world(world), world.names)
                 if row["card_seq"] == int(counter)]
        if not found:
            raise OnecardError(f"the book has no ride {ride}", where=book,
                               expected="a ride of a committed run",
                               remedy=f"list the card's rides: onecard show rides --card {card}")
        explained = [_explanation(row, priced, world) for row, priced in found]
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(explained).decode())
    else:
        for one in explained:
            _print(one)


def _explanation(row: Any, priced: Priced, world: World) -> dict[str, Any]:
    """Everything there is to say of one ride."""
    from clearing.civil import civil_text
    from clearing.replay import legs_of
    from ext.codes import RideState

    names = world.names
    files = names.codes("file")
    return {
        "card": priced.ride.card, "card_seq": int(row["card_seq"]),
        "started_at": civil_text(int(row["started_at"]), world.civil_offset_s),
        "ended_at": civil_text(int(row["ended_at"]), world.civil_offset_s),
        "operator": priced.ride.operator, "mode": priced.ride.mode, "line": priced.ride.line,
        "from_stop": priced.ride.from_stop, "to_stop": priced.ride.to_stop,
        "state": RideState(int(row["state"])).name,
        "card_kind": priced.ride.card_kind, "medium": priced.ride.medium,
        "issuer": priced.ride.issuer,
        "table": names.code("table", int(row["table"])),
        "due": int(row["due"]), "price": int(row["price"]), "paid": int(row["paid"]),
        "variance": int(row["variance"]),
        "legs": [dict(zip(("kind", "rule", "funder", "amount"), leg, strict=True))
                 for leg in legs_of(row, names)],
        "clearing_fee": int(row["clearing_fee"]), "issuer_fee": int(row["issuer_fee"]),
        "taps": [{"file_sha256": files[int(row[f"{way}_file"])], "line": int(row[f"{way}_line"])}
                 for way in ("in", "out") if row[f"{way}_line"]],
        "rows_tried": [
            {"kind": step.kind, "rule": step.rule, "applied": step.applied, "why": step.why,
             "before": step.before, "after": step.after} for step in priced.steps],
        "spent_before": _spent(priced.before), "spent_after": _spent(priced.after),
        "transfer_chain_before": _chain(priced.before),
        "transfer_chain_after": _chain(priced.after),
    }


def _spent(memory: Any) -> dict[str, int]:
    return {f"{name} {period}": spent.amount
            for (name, period), spent in sorted(memory.spent.items())}


def _chain(memory: Any) -> int | None:
    """Transfers used since the chain began; None where there is no ride to transfer from."""
    return None if memory.chain is None else int(memory.chain.transfers)


def _print(one: dict[str, Any]) -> None:
    from clearing.cli.output import print_table, yuan

    click.echo(f"ride {one['card']}/{one['card_seq']}  {one['operator']} {one['mode']} "
               f"{one['line']}  {one['from_stop'] or '?'} → {one['to_stop'] or '?'}  "
               f"{one['started_at'] or '?'} → {one['ended_at'] or '?'}  {one['state']}")
    click.echo(f"{one['card_kind']} card of {one['issuer']}, by {one['medium']}; "
               f"table {one['table']}")
    print_table("rows tried, in order", ("kind", "row", "", "why", "price before", "after"), (
        (step["kind"], step["rule"], "applies" if step["applied"] else "no", step["why"],
         "" if step["before"] is None else yuan(step["before"]),
         "" if step["after"] is None else yuan(step["after"]))
        for step in one["rows_tried"]), right=("price before", "after"))
    legs = [(f"{leg['kind']} {leg['rule']}", leg["funder"], yuan(leg["amount"]))
            for leg in one["legs"]]
    rows = [("paid by the rider", one["issuer"], yuan(one["paid"])), *legs]
    if one["variance"]:
        rows.append(("variance: the validator charged other than the price", one["operator"],
                     yuan(-one["variance"])))
    rows.append(("due", "", yuan(one["due"])))
    print_table("who paid", ("what", "who", "yuan"), rows, right=("yuan",))
    if one["clearing_fee"] or one["issuer_fee"]:
        click.echo(f"of that the operator pays {yuan(one['clearing_fee'])} clearing fee and "
                   f"{yuan(one['issuer_fee'])} issuer fee")
    for name, amount in one["spent_after"].items():
        click.echo(f"spent in {name}: {yuan(one['spent_before'].get(name, 0))} before, "
                   f"{yuan(amount)} after")
    for tap in one["taps"]:
        click.echo(f"tap: line {tap['line']} of the file {tap['file_sha256'][:16]}…")
