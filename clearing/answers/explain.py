"""Why a ride of the book costs what it costs, and which records it is from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clearing.answers.brought import reach
from clearing.answers.explanation import ExplainedLeg, Explanation, explain
from clearing.answers.kept import folder_of
from clearing.answers.named_ride import find_ride
from clearing.answers.owners import Owners, moments_of
from clearing.answers.priced_by import priced_by
from clearing.answers.replay import PRICED_ORDER, legs_of, replay_owners
from clearing.answers.session import Session
from clearing.intake.kept import is_kept, place_of
from clearing.reference.pricing import Priced
from clearing.reference.world import World
from ext.codes import CorrectionReason, RideState
from ext.records import TAP, TAP_BLANKS
from network.civil import Clock
from network.errors import OnecardError
from network.language import Phrase
from network.names import Names


@dataclass(frozen=True)
class TapOrigin:
    """Where a tap came from; of a correction, why, and who authorised it."""

    file_sha256: str
    line: int
    kept: str               # the path of the kept file; "": it is not there
    revision: int           # 0: as the validator sent it
    reason: str
    authorised_by: str
    is_proven: bool         # its authentication code is what its issuer's key makes


@dataclass(frozen=True)
class UnprovenRecord:
    """What another operator says of a counter of the ride, without a right code."""

    operator: str
    file_sha256: str
    line: int


@dataclass(frozen=True, kw_only=True)
class RideExplanation(Explanation):
    """A ride with the figures of its ledger entry."""

    card: str               # as it was named: masked, or in full
    card_seq: int
    taps: list[TapOrigin]
    unproven: list[UnprovenRecord]  # are refused, as a tap of the ride is proven
    has_changed: bool       # the network's folder has other tables by now, or is gone


def explain_ride(session: Session, ride: str) -> list[RideExplanation]:
    """Each entry of a ride, which is named CARD/COUNTER, with how its price comes about.

    Raises OnecardError where that names no ride of a committed run.
    """
    reach(session)      # all that the card has counted
    named, names = find_ride(session, ride), session.names()
    if not any(map(len, session.book.rides(named.sql))):
        raise OnecardError(Phrase("the book has no ride {ride}",
                                  ride=ride), where=session.book.store.where,
                           expected="a ride of a committed run",
                           remedy=Phrase("list the card's rides: onecard show rides --card {card}",
                                         card=named.card))
    with priced_by(session) as networks:
        owners = Owners(networks, names)
        rows = owners.rides_of(session.book, [named.bits], PRICED_ORDER)
        digests, worlds = networks.digests(rows), networks.worlds(rows)
        replayed = replay_owners(rows, worlds, names, moments_of(session.book, rows, worlds),
                                 owners.of(rows))
        return [_explanation(row, priced, world, names, _recorded(session, row),
                             session, networks.has_changed(digest), named.card)
                for digest, world, (row, priced) in zip(digests, worlds, replayed, strict=True)
                if (int(row["card_hi"]), int(row["card_lo"])) == named.bits
                and row["card_seq"] == named.card_seq]


def _recorded(session: Session, row: Any) -> dict[tuple[int, int], Any]:
    """All that anybody recorded of the counters of an entry, by file and line."""
    wanted = np.zeros(2, TAP)
    wanted["card_hi"], wanted["card_lo"] = row["card_hi"], row["card_lo"]
    wanted["card_seq"] = row["card_seq"], row["out_seq"]
    return {(int(tap["source_file"]), int(tap["source_line"])): tap
            for tap in session.book.find_records(wanted)}


def _origins(session: Session, row: Any, recorded: dict[tuple[int, int], Any], names: Names
             ) -> list[TapOrigin]:
    """Where the taps of an entry came from."""
    files = session.book.find_files(f"file IN ({int(row['in_file'])}, {int(row['out_file'])})")
    origins = []
    for way in ("in", "out"):
        place = int(row[f"{way}_file"]), int(row[f"{way}_line"])
        if place[1]:
            tap = recorded[place]
            revision = int(tap["revision"])
            digest = files[place[0]]
            folder = folder_of(session, digest)
            origins.append(TapOrigin(
                digest, place[1],
                str(place_of(folder, digest)) if is_kept(folder, digest) else "", revision,
                CorrectionReason(int(tap["correction_reason"])).name.lower() if revision else "",
                names.code("member", int(tap["authority"])),
                bool(tap["blanks"] & TAP_BLANKS["PROVEN"])))
    return origins


def _unproven(session: Session, recorded: dict[tuple[int, int], Any], names: Names
              ) -> list[UnprovenRecord]:
    """Of the records of an entry's counters, those that were refused for want of a right code."""
    provers = {int(tap["operator"]) for tap in recorded.values()
               if tap["blanks"] & TAP_BLANKS["PROVEN"]}
    if len(provers) != 1:
        return []
    others = {place for place, tap in recorded.items() if int(tap["operator"]) not in provers}
    places = sorted(session.book.find_refusals(others))
    files = session.book.find_files(f"file IN ({', '.join(str(file) for file, _ in places)})"
                                    if places else "0")
    return [UnprovenRecord(names.code("member", int(recorded[place]["operator"])),
                           files[place[0]], place[1]) for place in places]


def _explanation(row: Any, priced: Priced, plain: World, names: Names,
                 recorded: dict[tuple[int, int], Any], session: Session, has_changed: bool,
                 card: str) -> RideExplanation:
    """The ride as the ledger has it, with the trace by which the plain engine comes to it."""
    clock = Clock(plain.model.time_zone, plain.model.taps_from)
    replayed = replace(
        explain(plain, priced, clock), state=RideState(int(row["state"])).name,
        table=names.code("table", int(row["table"])), rule=names.code("rule", int(row["rule"])),
        due=int(row["due"]), price=int(row["price"]), paid=int(row["paid"]),
        variance=int(row["variance"]), uncollected=int(row["uncollected"]),
        legs=[ExplainedLeg(*leg) for leg in legs_of(row, names)])
    return RideExplanation(
        **vars(replayed), card=card, card_seq=int(row["card_seq"]),
        taps=_origins(session, row, recorded, names), unproven=_unproven(session, recorded, names),
        has_changed=has_changed)
