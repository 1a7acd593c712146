"""onecard explain: why a ride costs what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import archive_option, book_option, network_option
from clearing.cli.say import say
from network.language import Phrase, joined

if TYPE_CHECKING:
    from clearing.answers.explain import RideExplanation


@click.command("explain")
@click.argument("ride", metavar="CARD/COUNTER")
@book_option
@archive_option
@network_option
@click.option("--json", "as_json", is_flag=True, help="For machines; money in minor units.")
def command(ride: str, book: str, archive: Path | None, network: str | None, as_json: bool) -> None:
    """Say why a ride costs what it costs: the rows tried, the one that won, and who paid what.

    A ride is named by its card and the counter of its first tap, as `onecard show rides` lists
    them.

    \b
    Example:
      onecard explain 3105810000000012345/71231 --book book
    """
    from clearing.answers.explain import explain_ride
    from clearing.answers.session import open_session
    from clearing.cli.explanation import print_explanation
    from clearing.cli.output import print_object, say_snapshot

    with open_session(book, network, archive=archive) as session:
        say_snapshot(session.book)
        explained = explain_ride(session, ride)
    if as_json:
        print_object(explained)
        return
    for one in explained:
        print_explanation(one, Phrase("ride {ride}", ride=f"{one.card}/{one.card_seq}"))
        _print_origin(one)


def _print_origin(one: RideExplanation) -> None:
    """What clearing took of the ride, and the records that it is from."""
    from clearing.cli.explanation import FEES, WHY_HELD

    if one.has_changed:
        say("priced by the tables as they were then: their folder has others by now")
    text = one.money.text
    for leg in one.legs:
        if leg.cause in FEES:
            say(Phrase("of that the operator pays {amount} {cause} to {creditor}, by {rule}",
                       amount=text(leg.amount), cause=leg.cause.replace("_", " "),
                       creditor=leg.creditor, rule=leg.rule))
    held_for = [leg for leg in one.legs if leg.cause in WHY_HELD]
    if any(leg.cause == "grey_record" for leg in held_for):
        say("held, not settled: the card was gone before it gave its authentication code (all F), "
            "and no record that it has next that day shows that it paid")
    elif held_for:
        named = [leg.rule for leg in held_for if leg.rule]
        say(Phrase("held, not settled: the agreements {named} both hold for it",
                   named=joined(" and ", named)) if named
            else Phrase("held, not settled: no agreement holds for it"))
    for tap in one.taps:
        told = [Phrase("tap: line {line} of the file {sha256}…", line=tap.line,
                       sha256=tap.file_sha256[:16])]
        if tap.revision:
            told.append(Phrase("correction {revision}: {reason}, authorised by {authorised_by}",
                               revision=tap.revision, reason=tap.reason,
                               authorised_by=tap.authorised_by))
        if tap.is_proven:
            told.append(Phrase("its authentication code is right"))
        told.append(Phrase("kept as {kept}", kept=tap.kept) if tap.kept
                    else Phrase("which is not kept"))
        say(joined(", ", told))
    for other in one.unproven:
        say(Phrase("refused, as its operator has no right code for this counter: {operator}, line "
                   "{line} of the file {sha256}…", operator=other.operator, line=other.line,
                   sha256=other.file_sha256[:16]))
