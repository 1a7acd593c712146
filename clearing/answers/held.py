"""What is held back from settlement, and what a named person decides about it.

A decision is a correction of the ride's records, which says the same and that it is believed, or
that nobody knows what was paid: so a ledger stays a function of its records. Only this module has
such records taken (RULES.md §4, Claims); the file that they come in is kept as any other.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from clearing.answers.approvers import check_approver
from clearing.answers.clear import Clearing, clear
from clearing.answers.listings import RIDE_COLUMNS
from clearing.answers.named_ride import find_ride
from clearing.answers.session import Session
from clearing.answers.show import Listing, lister
from clearing.book.native import join_records
from clearing.engine.which import identities
from clearing.intake.formats.canonical import COLUMNS
from ext.codes import Cause, CorrectionReason, TapKind
from ext.records import ENTRY, RIDE_FLAGS, TAP, TAP_BLANKS, TAP_FLAGS, Records
from network.cards import card_text
from network.civil import day_of, utc_text
from network.errors import OnecardError
from network.language import Phrase, joined
from network.names import Names

HELD_COLUMNS = ("ride", "started_at", "operator", "mode", "medium", "table", "due", "price", "paid",
                "variance", "window", "why")
HELD = f"bitAnd(flags, {RIDE_FLAGS['HELD']}) != 0"
CLAIM, GREY = "claim", "grey record"      # what a person decides about
BORN_FROM = datetime.date(1900, 1, 1)       # Tap.born_day counts from here
REVISION_MOST = 255

Row = dict[str, str]


def list_held(session: Session) -> Listing:
    """Entries that stand and are not settled yet."""
    return Listing("held", HELD_COLUMNS, _held_rows(session), (),
                   ("due", "price", "paid", "variance"), session.described().model.money)


def _held_rows(session: Session) -> Iterator[tuple[Any, ...]]:
    own = lister(session)
    for rows in session.book.rides(HELD):
        for row, why in zip(own.rides_of(rows), _list_whys(rows, own.names), strict=True):
            ride = dict(zip(RIDE_COLUMNS, row, strict=True))
            ride |= {"ride": f"{ride['card']}/{ride['card_seq']}", "why": why}
            yield tuple(ride[name] for name in HELD_COLUMNS)


def _list_whys(rows: Records, names: Names) -> Iterator[str]:
    """Why entries are held: as legs of 0 say, or for what they claim."""
    legs = rows["legs"]
    for causes, rules in zip(legs["cause"].tolist(), legs["rule"].tolist(), strict=True):
        both = [names.code("rule", rule) for cause, rule in zip(causes, rules, strict=True)
                if cause == Cause.AGREEMENTS_OVERLAP]
        yield (GREY if Cause.GREY_RECORD in causes else
               Phrase("no agreement") if Cause.NO_AGREEMENT in causes else
               Phrase("agreements {names}", names=joined(" and ", both)) if both else CLAIM)


def decide(session: Session, rides: Sequence[str], by: str, reason: CorrectionReason, *,
           received_at: int, threads: int) -> Clearing:
    """Release held rides (CARD/COUNTER), or reject what their records say was paid.

    reason: RELEASED or REJECTED. by: an approver of the network.
    Raises OnecardError where the network has no such person, or a ride is not held.
    """
    check_approver(session, by)
    records = [record for ride in dict.fromkeys(rides) for record in _records_of(session, ride)]
    names = session.names()
    with TemporaryDirectory(prefix="onecard-held-") as folder:
        path = Path(folder, f"{reason.name.lower()}-by-{by}.csv")
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(_decision(same, names, by, reason) for same in records)
        return clear(session, [path], received_at=received_at, threads=threads,
                     keep=session.kept(), senders={}, decides_claims=True)


def _records_of(session: Session, ride: str) -> list[Records]:
    """What came of each tap of a held ride: the reports that count. Raises OnecardError."""
    named = find_ride(session, ride, listed_by="onecard held list")
    found = join_records([*session.book.rides(f"{named.sql} AND {HELD}")], ENTRY)
    if len(found) == 0:
        raise OnecardError(Phrase("the book holds no ride {ride} back",
                                  ride=ride), where=session.book.store.where,
                           expected="a ride that stands in the ledger and is held",
                           remedy="list them with `onecard held list`")
    for why in _list_whys(found, session.names()):
        if why not in (CLAIM, GREY):
            raise OnecardError(Phrase("it is held for another reason: {why}", why=why), where=ride,
                               expected="a ride that is held for what its records claim",
                               remedy="mend the agreements in network.toml: the next run takes "
                                      "them, and `onecard restate` for windows that are closed")
    places = {(int(row[f"{way}_file"]), int(row[f"{way}_line"])) for row in found
              for way in ("in", "out")}
    wanted = np.zeros(2 * len(found), TAP)
    for name in ("card_hi", "card_lo"):
        wanted[name] = found[name].repeat(2)
    wanted["card_seq"] = np.stack([found["card_seq"], found["out_seq"]], axis=1).ravel()
    records = session.book.find_records(wanted)
    session.register().stamp(records)       # an older chip may have counted to the same number
    own = [place in places for place in zip(records["source_file"].tolist(),
                                            records["source_line"].tolist(), strict=True)]
    # Whoever else claims the counter has no say in it.
    taps = np.rec.fromarrays([identities(records), records["operator"]])
    counting = [records[taps == tap] for tap in np.unique(taps[own])]
    return [same[same["revision"] == same["revision"].max()] for same in counting]


def _decision(same: Records, names: Names, by: str, reason: CorrectionReason) -> Row:
    """A record that says what all reports of one tap say together, and what was decided."""
    row: Row = {}
    for tap in same:
        row |= {column: text for column, text in _row_of(tap, names).items()
                if not row.get(column)}
    revision = int(same["revision"][0]) + 1
    if revision > REVISION_MOST:
        raise OnecardError(Phrase("the record has been corrected {revision_most} times",
                                  revision_most=REVISION_MOST),
                           where=f"{row['card']}/{row['card_seq']}",
                           expected="one that can be corrected once more",
                           remedy="have its operator send the ride under another counter")
    if reason == CorrectionReason.REJECTED:
        row["paid"] = ""
    return row | {"correction": "replace", "revision": str(revision),
                  "reason": reason.name.lower(), "authorised_by": by}


def _row_of(tap: Any, names: Names) -> Row:
    """A record as canonical CSV has it; what it left blank is blank."""
    def code(kind: str, column: str) -> str:
        return names.code(kind, int(tap[column]))

    def said(column: str, flag: str) -> str:
        return str(int(tap[column])) if tap["flags"] & TAP_FLAGS[flag] else ""

    def unless(blank: str, text: str) -> str:
        return "" if tap["blanks"] & TAP_BLANKS[blank] else text

    born, review = int(tap["born_day"]), int(tap["review_day"])
    return {
        "card": card_text(int(tap["card_hi"]), int(tap["card_lo"])),
        "card_seq": str(tap["card_seq"]), "kind": TapKind(int(tap["kind"])).name.lower(),
        "operator": code("member", "operator"), "mode": code("mode", "mode"),
        "tapped_at": utc_text(int(tap["tapped_at"])),
        "in_at": utc_text(int(tap["in_at"])),
        "stop": code("stop", "stop"), "in_stop": code("stop", "in_stop"),
        "line": code("line", "line"), "vehicle": code("vehicle", "vehicle"),
        "direction": ("", "up", "down")[int(tap["direction"])],
        "device": code("device", "device"), "device_seq": str(tap["device_seq"]),
        "medium": unless("BLANK_MEDIUM", code("medium", "medium")),
        "card_kind": unless("BLANK_CARD_KIND", code("card_kind", "card_kind")),
        "issuer": unless("BLANK_ISSUER", code("member", "issuer")),
        "due": said("due", "HAS_DUE"), "paid": said("paid", "HAS_PAID"),
        "balance_before": said("balance_before", "HAS_BALANCE"),
        "distance_m": said("distance_m", "HAS_DISTANCE"),
        "tac": f"{int(tap['tac']):08X}" if tap["flags"] & TAP_FLAGS["HAS_TAC"] else "",
        "key_version": unless("BLANK_KEY_VERSION", str(tap["key_version"])),
        "algorithm": unless("BLANK_ALGORITHM", str(tap["algorithm"])),
        "born_on": (BORN_FROM + datetime.timedelta(born)).isoformat() if born else "",
        "reviewed_until": day_of(review).isoformat() if review else "",
    }
