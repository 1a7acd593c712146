"""The same record twice, or corrected: which one stays, what others are called (RULES.md §1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce

from clearing.reference.results import Refusal
from clearing.reference.taps import Identity, Tap

ALWAYS_SAID = ("tapped_at", "operator", "device", "device_seq", "mode", "kind", "correction",
               "revision", "correction_reason", "authority")
MAYBE_SAID = ("stop", "in_stop", "in_at", "line", "vehicle", "direction", "medium", "card_kind",
              "issuer", "due", "paid", "balance_before", "distance_m", "born_on", "reviewed_until",
              "tac", "key_version", "algorithm")

# Whether it came now, and the record; those of one identity in the order in which they came.
Group = Sequence[tuple[bool, Tap]]


def sift(received: Iterable[Tap], taps: Iterable[Tap]) -> tuple[list[Tap], list[Refusal]]:
    """The records that rides are made of, and refunds; a refusal for every other that is neither.

    received: what came in earlier runs, but for duplicates; taps: what came now. Who came first
    decides only which of two says nothing new, and whether one that is corrected is told.
    """
    groups: dict[Identity, list[tuple[bool, Tap]]] = defaultdict(list)
    for tap in received:
        groups[tap.identity].append((False, tap))
    for tap in taps:
        groups[tap.identity].append((True, tap))
    kept: list[Tap] = []
    refusals: list[Refusal] = []
    for group in groups.values():
        _judge(sorted(group, key=lambda one: (one[0], one[1].place)), kept, refusals)
    return kept, refusals


def _judge(group: Group, kept: list[Tap], refusals: list[Refusal]) -> None:
    """What becomes of the records of one identity."""
    provers = {tap.operator for _, tap in group if tap.is_proven}
    if len(provers) == 1:
        refusals += _refuse("UNPROVEN_RECORD", [one for one in group
                                                if one[1].operator not in provers])
        group = [one for one in group if one[1].operator in provers]
    owners = _owners(group)
    if len(owners) != 1:
        refusals += _refuse("CONTESTED", group)
        return
    own = [one for one in group if one[1].operator in owners]
    refusals += _refuse("FOREIGN_RECORD", [one for one in group if one not in own])
    highest = max(tap.revision for _, tap in own)
    refusals += _correct([one for one in own if one[1].revision < highest])
    counting = [one for one in own if one[1].revision == highest]
    charges = [one for one in counting
               if not one[1].gives_back and not one[1].charges_nothing]
    if not charges:     # nothing that a record of 0 could take back
        charges = [one for one in counting if not one[1].gives_back]
    backs = [one for one in counting if one not in charges]
    if _agree(charges) and _agree(backs) and _takes_back_a_part(charges, backs):
        refusals += _refuse("GIVEN_BACK_IN_PART", backs)
        backs = []
    if not (_agree(charges) and _agree(backs) and _takes_back(charges, backs)):
        refusals += _refuse("CONFLICT", counting)
    elif backs:
        merged, duplicates = _merge(backs)
        refusals += _correct(charges) + duplicates
        kept += [merged] * (not charges and merged.correction != "cancel")      # a refund
    else:
        merged, duplicates = _merge(charges)
        kept += [merged] * (merged.correction != "cancel")
        refusals += duplicates


def _owners(group: Group) -> set[str]:
    """Whose the identity is: one operator; several, or none, where it is contested."""
    taps = [tap for _, tap in group]
    owners = {tap.operator for tap in taps if tap.revision == min(one.revision for one in taps)}
    if len(owners) == 1:
        return owners
    awards = [tap for tap in taps if tap.authority not in ("", tap.operator)]
    return {tap.operator for tap in awards
            if tap.revision == max(one.revision for one in awards)}


def _refuse(code: str, group: Group) -> list[Refusal]:
    return [Refusal(code, *tap.place) for _, tap in group]


def _correct(group: Group) -> list[Refusal]:
    """To a record of an earlier run nothing is told."""
    return _refuse("CORRECTED", [one for one in group if one[0]])


def _agree(group: Group) -> bool:
    """Whether no two of them say different things. A blank says nothing."""
    taps = [tap for _, tap in group]
    return (all(len({getattr(tap, name) for tap in taps}) <= 1 for name in ALWAYS_SAID)
            and len({tap.tapped_at if tap.in_at is None else tap.in_at for tap in taps}) <= 1
            and all(len({tap.said(name) for tap in taps} - {None}) <= 1 for name in MAYBE_SAID))


def _takes_back(charges: Group, backs: Group) -> bool:
    """Whether what was given back is what was charged, as far as that is known."""
    if not charges or not backs:
        return True
    charge, back = _together(charges), _together(backs)
    if back.paid == 0:      # the same record, but for amounts
        return _agree([(True, replace(charge, due=None, paid=None)),
                       (True, replace(back, due=None, paid=None))])
    assert back.paid is not None
    return ((charge.operator, charge.mode) == (back.operator, back.mode)
            and charge.paid in (None, -back.paid))


def _takes_back_a_part(charges: Group, backs: Group) -> bool:
    """Whether less was given back than was charged."""
    if not charges or not backs:
        return False
    charge, back = _together(charges), _together(backs)
    return (charge.paid is not None and back.paid is not None and charge.paid > -back.paid > 0
            and (charge.operator, charge.mode) == (back.operator, back.mode))


def _together(group: Group) -> Tap:
    """The first of them with what all of them say."""
    return reduce(_fill, (tap for _, tap in group))


def _fill(tap: Tap, other: Tap) -> Tap:
    more = {name: getattr(other, name) for name in MAYBE_SAID
            if tap.said(name) is None and other.said(name) is not None}
    return replace(tap, blanks=tap.blanks - more.keys(),
                   is_proven=tap.is_proven or other.is_proven, **more)


def _merge(group: Group) -> tuple[Tap, list[Refusal]]:
    """The record that they are, and a refusal for each new one that adds nothing to it."""
    (_, merged), *others = group
    duplicates: list[Refusal] = []
    for is_new, tap in others:
        fuller = _fill(merged, tap)
        if is_new and fuller == merged:
            duplicates += _refuse("DUPLICATE", [(is_new, tap)])
        else:
            merged = replace(fuller, beside=(*fuller.beside, tap.place))
    return merged, duplicates
