"""onecard explain: why a ride costs what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from clearing.cli.options import book_option, network_option

if TYPE_CHECKING:
    from clearing.reference.pricing import Priced
    from clearing.reference.world import World as Plain
    from network.names import Names


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
    from clearing.answers.replay import entries_of_card, replay_card
    from clearing.cli.explanation import print_explanation
    from clearing.cli.session import explaining
    from network.cards import card_bits
    from network.errors import OnecardError

    card, _, counter = ride.rpartition("/")
    if not card or not (counter.isascii() and counter.isdigit()):
        raise OnecardError(f"{ride!r} does not name a ride", expected="CARD/COUNTER",
                           remedy="copy both from `onecard show rides`")
    with explaining(book, network) as (opened, names, plain):
        rows = entries_of_card(opened, *card_bits(card))
        found = [(row, priced) for row, priced in replay_card(rows, plain, names)
                 if row["card_seq"] == int(counter)]
        if not found:
            raise OnecardError(f"the book has no ride {ride}", where=book,
                               expected="a ride of a committed run",
                               remedy=f"list the card's rides: onecard show rides --card {card}")
        explained = [_explanation(row, priced, plain, names) for row, priced in found]
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(explained).decode())
    else:
        for one in explained:
            print_explanation(one, f"ride {one['card']}/{one['card_seq']}")
            _print_origin(one)


def _explanation(row: Any, priced: Priced, plain: Plain, names: Names) -> dict[str, Any]:
    """The ride as the ledger has it, with the steps by which the plain engine comes to it."""
    from clearing.answers.replay import legs_of
    from clearing.cli.explanation import explain
    from ext.codes import RideState

    offset_s = plain.civil_offset_s
    files = names.codes("file")
    return {"card": priced.ride.card, "card_seq": int(row["card_seq"])} | explain(
        plain, priced, offset_s) | {
        "state": RideState(int(row["state"])).name,
        "table": names.code("table", int(row["table"])),
        "rule": names.code("rule", int(row["rule"])),
        "due": int(row["due"]), "price": int(row["price"]), "paid": int(row["paid"]),
        "variance": int(row["variance"]),
        "legs": [dict(zip(("kind", "rule", "funder", "amount"), leg, strict=True))
                 for leg in legs_of(row, names)],
        "clearing_fee": int(row["clearing_fee"]), "issuer_fee": int(row["issuer_fee"]),
        "taps": [{"file_sha256": files[int(row[f"{way}_file"])], "line": int(row[f"{way}_line"])}
                 for way in ("in", "out") if row[f"{way}_line"]],
    }


def _print_origin(one: dict[str, Any]) -> None:
    """What clearing took of the ride, and the records that it is from."""
    from clearing.cli.output import yuan

    if one["clearing_fee"] or one["issuer_fee"]:
        click.echo(f"of that the operator pays {yuan(one['clearing_fee'])} clearing fee and "
                   f"{yuan(one['issuer_fee'])} issuer fee")
    for tap in one["taps"]:
        click.echo(f"tap: line {tap['line']} of the file {tap['file_sha256'][:16]}…")
