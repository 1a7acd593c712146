"""Nettings that can be: one for each member, each below one root, with a centre to pass on."""

from __future__ import annotations

from collections.abc import Sequence

from network.errors import TableError
from network.language import Phrase, joined
from network.locations import KeyPath
from network.model import Netting, NetworkFile

RESERVED = "+"          # stands between the names of two that settle directly


def check_nettings(model: NetworkFile, members: set[str]) -> None:
    """Pass where every member has one netting, and each netting a way to every other.

    members: the codes of all. Raises TableError, whose key is of network.toml.
    """
    _check_limits(model, members)
    if not model.netting:
        return
    known = {"members": members, "cities": {one.code for one in model.city},
             "provinces": {one.code for one in model.province}}
    names = {one.netting for one in model.netting}
    taken: dict[tuple[str, str], str] = {}
    for index, one in enumerate(model.netting):
        here, what = ("netting", index), Phrase("netting {code!r}", code=one.netting)
        _check_names(one, known | {"directly": names - {one.netting}}, what, here)
        for key in ("members", "cities", "provinces"):
            for code in getattr(one, key) or ():
                before = taken.setdefault((key, code), one.netting)
                if before != one.netting:
                    raise TableError(Phrase("{what} is for {code!r}, and so is {before!r}",
                                            what=what, code=code, before=before),
                                     "leave it in one of the two",
                                     expected="one netting for each member", key=(*here, key))
        _check_centre(one, model, what, here)
    _check_roots(model.netting)


def _check_names(one: Netting, known: dict[str, set[str]], what: str, here: KeyPath) -> None:
    if RESERVED in one.netting:
        raise TableError(Phrase("{what} has a {reserved!r} in its name", what=what,
                                reserved=RESERVED), "call it otherwise",
                         key=(*here, "netting"))
    for key, codes in known.items():
        for code in getattr(one, key) or ():
            if code not in codes:
                raise TableError(Phrase("{what} names {code!r} in {key}", what=what, code=code,
                                        key=key), "correct the name, or add it",
                                 expected=", ".join(sorted(codes)) or "none",
                                 key=(*here, key))
    if sum(getattr(one, key) is not None for key in ("members", "cities", "provinces")) > 1:
        raise TableError(Phrase("{what} names members, cities and provinces at once", what=what),
                         "make a netting of each", expected="one of the three", key=here)
    if one.pay_from < 0:
        raise TableError(Phrase("{what} has pay_from {pay_from}", what=what,
                                pay_from=one.pay_from), "write 0 where all is paid",
                         expected="minor units, 0 or more", key=(*here, "pay_from"))


def _check_centre(one: Netting, model: NetworkFile, what: str, here: KeyPath) -> None:
    centres = [centre.code for centre in model.centre]
    if one.centre is not None and one.centre not in centres:
        raise TableError(Phrase("{what} has the centre {centre!r}, which network.toml does not "
                                "have", what=what, centre=one.centre),
                         "add the centre, or correct its code",
                         expected=", ".join(centres) or "a [[centre]]", key=(*here, "centre"))
    if one.centre is None and one.through is not None:
        raise TableError(Phrase("{what} has no centre that settles for it in {through!r}",
                                what=what, through=one.through),
                         "name one", expected="a centre's code", key=here)
    by_name = {other.netting: other for other in model.netting}
    for name in one.directly:
        if by_name[name].through != one.through:
            raise TableError(Phrase("{what} settles directly with {name!r}, which is not beside it",
                                    what=what, name=name),
                             Phrase("give both the same `through`, or take {name!r} out",
                                    name=name),
                             expected="a netting below the same one", key=(*here, "directly"))


def _check_roots(nettings: Sequence[Netting]) -> None:
    """All come to one netting, and one takes the members that no other names."""
    by_name = {one.netting: one for one in nettings}
    for index, one in enumerate(nettings):
        seen, above = {one.netting}, one.through
        while above is not None:
            if above not in by_name or above in seen:
                raise TableError(
                    Phrase("netting {netting!r} is below {above!r}, which is below it",
                           netting=one.netting, above=above) if above in seen else
                    Phrase("netting {netting!r} is below {above!r}, which network.toml does not "
                           "have", netting=one.netting, above=above),
                    "correct `through`", expected="the netting above",
                    key=("netting", index, "through"))
            seen.add(above)
            above = by_name[above].through
    for what, found, remedy in (
            (Phrase("the topmost"), [one for one in nettings if one.through is None],
             "have all others go `through` it"),
            (Phrase("for members that no other names"),
             [one for one in nettings if one.is_for_the_rest],
             "let one of them name no members, cities or provinces")):
        if len(found) != 1:
            names = joined(", ", (repr(one.netting) for one in found))
            raise TableError(Phrase("{names} are each {what}", names=names, what=what) if found
                             else Phrase("no netting is {what}", what=what), remedy,
                             expected=Phrase("one netting that is {what}",
                                             what=what), key=("netting",))


def _check_limits(model: NetworkFile, members: set[str]) -> None:
    seen: set[str] = set()
    for index, one in enumerate(model.debit_limit):
        here, what = ("debit_limit", index), Phrase("the debit limit of {code!r}", code=one.member)
        if one.member not in members:
            raise TableError(Phrase("{what} is of no member of the network",
                                    what=what), "correct the code",
                             expected=", ".join(sorted(members)), key=(*here, "member"))
        if one.member in seen:
            raise TableError(Phrase("{what} stands twice",
                                    what=what), "keep one of the two", key=here)
        seen.add(one.member)
        for key in ("debit_cap", "prefunded"):
            amount = getattr(one, key)
            if amount is not None and amount < 0:
                raise TableError(Phrase("{what} has {key} {amount}", what=what, key=key,
                                        amount=amount), "correct it",
                                 expected="minor units, 0 or more", key=(*here, key))
