"""Prices rides of the ledger again, with the plain engine: for explanations and for auditors.

The ledger keeps rides, not what the validator said the fare was; where a table takes its fare from
the validator, the entry's own due is what it said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from clearing.answers.priced_by import Card
from clearing.reference.entries import enter
from clearing.reference.memory import Memory, count_own, together
from clearing.reference.pricing import Priced, price
from clearing.reference.results import COMPLETE, OVERTIME, Entry, Leg, Ride
from clearing.reference.taps import Tap
from clearing.reference.world import World
from ext.codes import Cause, Reason, RideState
from ext.records import RIDE_FLAGS, Records
from network.cards import card_text
from network.civil import day_of
from network.language import Phrase
from network.money import AMOUNT_MOST
from network.names import Names

# The order in which the engine prices a card's rides: a day's are in the order of time, or those
# with the flag come first, in the order of the card's counter. Where counters start again within a
# day, `PricedBy.in_order` has the last word.
PRICED_ORDER = (
    f"service_day, if(bitAnd(flags, {RIDE_FLAGS['RIDE_BY_COUNTER']}) != 0, 0, "
    "if(started_at = 0, ended_at, started_at)), card_seq, started_at = 0")


def replay_card(rows: Records, worlds: Iterable[World], names: Names
                ) -> Iterator[tuple[Any, Priced]]:
    """Each entry of a card that shares no totals beside the same ride priced by the plain engine.

    rows: in the order priced; worlds: the network that each was priced by.
    """
    memory = Memory()
    for row, world in zip(rows, worlds, strict=True):
        priced = price(world, ride_of(row, names), memory)
        memory = priced.after
        yield row, priced


def replay_owners(rows: Records, worlds: Sequence[World], names: Names, moments: Sequence[int],
                  owned: Sequence[tuple[Card, ...]]) -> Iterator[tuple[Any, Priced]]:
    """The same of cards that share totals, and of all that they share them with.

    rows: by card, each card's in the order priced; moments, owned: of each, see `Owners`.
    """
    memories = defaultdict[Card, Memory](Memory)
    cards: list[Card] = list(zip(rows["card_hi"].tolist(), rows["card_lo"].tolist(), strict=True))
    order = sorted(range(len(rows)), key=lambda place: (
        moments[place], owned[place].index(cards[place])))
    priced: dict[int, Priced] = {}
    for place in order:
        own = memories[cards[place]]
        one = priced[place] = price(
            worlds[place], ride_of(rows[place], names),
            together(own.chains, [memories[card] for card in owned[place]]))
        memories[cards[place]] = count_own(own, one.before, one.after)
    return ((row, priced[place]) for place, row in enumerate(rows))


def ride_of(row: Any, names: Names) -> Ride:
    """An entry's ride, as the plain engine's own."""
    state = RideState(int(row["state"])).name
    flags = int(row["flags"])
    operator = names.code("member", int(row["operator"]))
    line, vehicle = int(row["line"]), int(row["vehicle"])
    return Ride(
        card=card_text(int(row["card_hi"]), int(row["card_lo"])), card_seq=int(row["card_seq"]),
        state=COMPLETE if state == OVERTIME else state,
        started_at=int(row["started_at"]), ended_at=int(row["ended_at"]),
        service_day=day_of(int(row["service_day"])),
        from_stop=names.code("stop", int(row["from_stop"])),
        to_stop=names.code("stop", int(row["to_stop"])), operator=operator,
        mode=names.code("mode", int(row["mode"])), device=names.code("device", int(row["device"])),
        line=names.code("line", line), line_operator=names.scope("line", line),
        vehicle=names.code("vehicle", vehicle), vehicle_operator=names.scope("vehicle", vehicle),
        medium=names.code("medium", int(row["medium"])),
        card_kind=names.code("card_kind", int(row["card_kind"])),
        issuer=names.code("member", int(row["issuer"])),
        due=int(row["due"]) if flags & RIDE_FLAGS["RIDE_HAS_DUE"] else None,
        paid=int(row["paid"]) if flags & RIDE_FLAGS["PAID_BY_VALIDATOR"] else None,
        distance_m=(int(row["distance_m"]) if flags & RIDE_FLAGS["RIDE_HAS_DISTANCE"] else None),
        age=int(row["age"]) or None, reviewed=bool(flags & RIDE_FLAGS["REVIEWED"]),
        before_by_counter=bool(flags & RIDE_FLAGS["RIDE_BY_COUNTER"]),
        line_changed=bool(flags & RIDE_FLAGS["RIDE_LINE_CHANGED"]), taps=(_tap(row, operator),))


def _tap(row: Any, operator: str) -> Tap:
    """A stand-in for the ride's taps, of which only file, line and what was claimed matter.

    The ledger does not have what a card had: of a ride that is held, believe that it was too little
    where its table asks for that; nor does it have what a card's next record says.
    """
    is_held = int(row["flags"]) & RIDE_FLAGS["HELD"]
    return Tap(card="", card_seq=int(row["card_seq"]), tapped_at=0, operator=operator, device="",
               device_seq=0, mode="", kind="single", stop="", file=int(row["in_file"]),
               source_line=int(row["in_line"]),
               paid=AMOUNT_MOST if is_held else None, balance_before=-AMOUNT_MOST,
               is_unshown=Cause.GREY_RECORD in row["legs"]["cause"].tolist(),
               correction_reason=(
                   "released" if row["reason"] == Reason.CLAIM_RELEASED else ""))


def differences(row: Any, priced: Priced, plain: World, names: Names) -> list[str]:
    """Where an entry is not what the plain engine makes of its ride; none: they agree."""
    if priced.charge is None:
        return [Phrase("the plain engine has no fare for it ({code})", code=priced.code)]
    entry = enter(plain, priced.ride, priced.charge, None)
    expected = _told(entry)
    stored = _stored(row, names)
    return [Phrase("{name}: the ledger has {stored}, the plain engine {expected}", name=name,
                   stored=stored[name], expected=expected[name])
            for name in expected if stored[name] != expected[name]]


def _told(entry: Entry) -> dict[str, Any]:
    charge = entry.charge
    return {
        "due": charge.due, "price": charge.price, "paid": charge.paid, "variance": charge.variance,
        "uncollected": charge.uncollected,
        "legs": sorted(entry.legs), "held": charge.held,
        "table": charge.table, "rule": charge.rule, "state": entry.ride.state,
    }


def _stored(row: Any, names: Names) -> dict[str, Any]:
    return {
        "due": int(row["due"]), "price": int(row["price"]), "paid": int(row["paid"]),
        "variance": int(row["variance"]),
        "uncollected": int(row["uncollected"]), "legs": sorted(legs_of(row, names)),
        "held": bool(int(row["flags"]) & RIDE_FLAGS["HELD"]),
        "table": names.code("table", int(row["table"])),
        "rule": names.code("rule", int(row["rule"])),
        "state": RideState(int(row["state"])).name,
    }


def legs_of(row: Any, names: Names) -> list[Leg]:
    """The legs of an entry, as the plain engine has them."""
    legs = row["legs"]
    return [
        Leg(Cause(int(legs["cause"][leg])).name.lower(),
            names.code("rule", int(legs["rule"][leg])),
            names.code("member", int(legs["debtor"][leg])),
            names.code("member", int(legs["creditor"][leg])), int(legs["amount"][leg]))
        for leg in range(int(legs["count"]))]
