"""Terms of disputes: which cannot be, and which hold for a ride."""

from __future__ import annotations

import datetime

from network.dates import check_dates, holds_on
from network.errors import TableError
from network.language import Phrase
from network.model import DisputeTerms, NetworkFile

DAYS_MOST = 250                 # bank days: a year of them
WEIGHT_MOST = 1_000_000
ROLES = ("operator", "claimant")    # of a dispute; other bearers are members by their codes


def find_terms(model: NetworkFile, claimant: str, operator: str, day: datetime.date
               ) -> DisputeTerms | None:
    """The terms of a ride of a service day: the first that hold; None where none do."""
    return next((one for one in model.dispute_terms
                 if (one.claimants is None or claimant in one.claimants)
                 and (one.operators is None or operator in one.operators)
                 and holds_on(one, day)), None)


def check_dispute_terms(model: NetworkFile, members: set[str]) -> None:
    """Pass where terms name members, and say by when and who bears what.

    members: the codes of all. Raises TableError, whose key is of network.toml.
    """
    centres = [one.code for one in model.centre]
    for index, one in enumerate(model.dispute_terms):
        here = ("dispute_terms", index)
        what = Phrase("dispute terms {code!r}", code=one.dispute_terms)
        if one.centre not in centres:
            raise TableError(Phrase("{what} name the centre {centre!r}, which network.toml does "
                                    "not have", what=what,
                                    centre=one.centre), "add the centre, or correct its code",
                             expected=", ".join(centres) or "a [[centre]]", key=(*here, "centre"))
        for key in ("claimants", "operators"):
            for code in getattr(one, key) or ():
                if code not in members:
                    raise TableError(Phrase("{what} name {code!r}, which is no member of the "
                                            "network", what=what, code=code),
                                     "add it, or correct the name", expected="a member's code",
                                     key=(*here, key))
        for key in ("open_days", "answer_days"):
            if not 1 <= getattr(one, key) <= DAYS_MOST:
                raise TableError(Phrase("{what} have {key} {one}", what=what, key=key,
                                        one=getattr(one, key)), "correct it",
                                 expected=Phrase("bank days, 1 to {days_most}",
                                                 days_most=DAYS_MOST), key=(*here, key))
        _check_bearers(one, members, what, index)
        check_dates(one.in_force_from, one.in_force_until, what, here)


def _check_bearers(one: DisputeTerms, members: set[str], what: str, index: int) -> None:
    here = ("dispute_terms", index, "borne_by")
    named = [bearer.bearer for bearer in one.borne_by]
    if not named or len({*named}) != len(named):
        raise TableError(Phrase("{what} name a bearer twice", what=what) if named
                         else Phrase("{what} name nobody who bears it", what=what),
                         "name each once", expected="operator, claimant, or members' codes",
                         key=here)
    for number, bearer in enumerate(one.borne_by):
        if bearer.bearer not in members and bearer.bearer not in ROLES:
            raise TableError(Phrase("{what} are borne by {bearer!r}", what=what,
                                    bearer=bearer.bearer),
                             "correct it, or add the member",
                             expected="operator, claimant, or a member's code",
                             key=(*here, number, "bearer"))
        if not 1 <= bearer.weight <= WEIGHT_MOST:
            raise TableError(Phrase("{what} give {bearer!r} the weight {weight}", what=what,
                                    bearer=bearer.bearer, weight=bearer.weight),
                             "correct it, or leave the bearer out",
                             expected=Phrase("1 to {weight_most}",
                                             weight_most=WEIGHT_MOST),
                                 key=(*here, number, "weight"))
