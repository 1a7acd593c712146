"""Gives numbers of a book's dictionary to what a network names; later steps only look them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ext.records import CHAIN_OF_NONE
from network.errors import OnecardError
from network.folder import LineStops
from network.language import Phrase
from network.members import Member, Role
from network.model import Approver, Centre, Funder, Issuer, Operator
from network.names import Names
from network.network import Network

BITS = 64           # modes, media and card kinds have one bit each in a row's conditions
ROOM = {"mode": BITS, "medium": BITS, "card_kind": BITS, "member": 65_534,
        "chain": CHAIN_OF_NONE}


@dataclass(frozen=True)
class NumberedNetwork:
    """A network in a book's numbers: enough to read what the book holds."""

    network: Network
    names: Names
    members: Sequence[Member]


def claim_book(network: Network, names: Names) -> None:
    """Enter the network in a book's dictionary, or make sure that the book is its own.

    A book belongs to the network of this code, wherever its folder is and whatever its tables say:
    in another one the same code of an operator or a stop can mean something else.
    Raises OnecardError.
    """
    owners = names.codes("network")[1:]
    if owners and owners != [network.model.network]:
        raise OnecardError(
            Phrase("this is the network {network}",
                   network=network.model.network), where=network.locator,
            expected=Phrase("the network {owners}: the book belongs to it (`network` in its "
                            "network.toml)", owners=owners[0]),
            remedy="leave --network out or name a folder of that network, or use another --book")
    names.number("network", network.model.network)


def number_members(network: Network, names: Names) -> NumberedNetwork:
    """Number every member; a company that both runs and issues is two members."""
    model = network.model
    groups: tuple[tuple[Role, Sequence[Operator | Issuer | Funder | Centre | Approver]], ...] = (
        ("operator", model.operator), ("issuer", model.issuer), ("funder", model.funder),
        ("centre", model.centre), ("approver", model.approver))
    members = []
    for role, group in groups:
        for one in group:
            city, province = getattr(one, "city", None), getattr(one, "province", None)
            if city is not None:
                province = network.provinces[city]
            members.append(Member(one.code, names.number("member", one.code), role, one.name,
                                  city, province, getattr(one, "language", "zh")))
    return NumberedNetwork(network, names, members)


def number_network(network: Network, names: Names) -> NumberedNetwork:
    """Every member, mode, medium, card kind, accumulator, agreement, listed stop and line.

    Raises OnecardError where a book has no room for them, TableError for a file of stops or lines
    that cannot be taken.
    """
    model = network.model
    numbered = number_members(network, names)
    for kind, codes in (("mode", model.modes), ("medium", model.media),
                        ("card_kind", model.card_kinds), ("accumulator", network.accumulators)):
        for code in codes:
            names.number(kind, code)
    for agreement in model.agreement:
        names.number("rule", agreement.agreement)
    check_room(names)
    for operator in network.operators:
        system = network.system_of(operator)
        names.number_all("stop", [(system, stop) for stop in network.stops_of(operator) or ()])
    for share in model.revenue_share:
        network.shares_of(share)        # read when it is first cleared by, not when windows close
    for lines in network.line_classes.values():
        names.number_all("line", sorted(lines))
    for operator in network.operators:
        number_line_stops(network, names, operator, network.line_stops_of(operator))
    return numbered


def check_room(names: Names) -> None:
    """Pass where no kind has more names than there are numbers for. Raises OnecardError."""
    for kind, room in ROOM.items():
        if names.count(kind) > room:
            raise OnecardError(Phrase("the book's dictionary has {count} of kind {kind}",
                                      count=names.count(kind) - 1, kind=kind),
                               expected=Phrase("at most {room}", room=room - 1),
                               remedy="use a book of its own for this network")


def number_line_stops(network: Network, names: Names, operator: str, lines: LineStops) -> None:
    """Number lines of an operator, and the stops along them."""
    names.number_all("line", [(operator, line) for line in lines])
    names.number_all("stop", [(network.system_of(operator), stop) for along in lines.values()
                              for stop in along])
