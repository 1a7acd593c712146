"""Rides for which no agreement holds, or several do: found before there is one.

What rides differ in, as far as agreements ask, is who issues, who runs, mode, medium, card kind and
day. So every ride that there can be is looked at.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import NamedTuple

from network.civil import LAST_TAP_DAY
from network.language import Phrase
from network.members import Member
from network.model import Agreement, NetworkFile
from settlement.agreements import list_pairs

ONE_DAY = datetime.timedelta(days=1)


class Rides(NamedTuple):
    """Rides that have something in common, from a day on."""

    issuer: str
    operator: str
    mode: str
    medium: str
    card_kind: str
    first_day: datetime.date

    def text(self) -> Phrase:
        """In words."""
        return Phrase("rides with {operator} ({mode}) of {issuer} ({card_kind}, by {medium}), "
                      "from {day} on", operator=self.operator, mode=self.mode, issuer=self.issuer,
                      card_kind=self.card_kind, medium=self.medium, day=self.first_day)


class Overlap(NamedTuple):
    """Two agreements that hold for the same rides."""

    one: int                # index among the agreements
    other: int
    rides: Rides


class Coverage(NamedTuple):
    """Where there is not one agreement for a ride: an example of each two parties, each overlap."""

    uncovered: list[Rides]
    overlaps: list[Overlap]


class _Terms(NamedTuple):
    """What an agreement asks of a ride besides its parties."""

    modes: frozenset[str]
    media: frozenset[str]
    card_kinds: frozenset[str]
    first_day: datetime.date
    last_day: datetime.date


_Example = tuple[str, str, str, datetime.date]     # mode, medium, card kind, first day


def cover(model: NetworkFile, members: Sequence[Member]) -> Coverage:
    """Look at every ride that a network can have."""
    operators = {one.code: one for one in model.operator}
    every = [_terms_of(one, model) for one in model.agreement]
    uncovered: list[Rides] = []
    overlaps: dict[tuple[int, int], Overlap] = {}
    # Parties that have the same agreements have the same rides without one.
    missing: dict[tuple[tuple[int, ...], tuple[str, ...], datetime.date], _Example | None] = {}
    for issuer, operator, holding in list_pairs(model.agreement, members):
        modes = tuple(operators[operator.code].modes)
        first_day = operators[operator.code].runs_from or model.taps_from
        key = holding, modes, first_day
        terms = [every[index] for index in holding]
        if key not in missing:
            missing[key] = next(_list_uncovered(terms, modes, model, first_day), None)
        example = missing[key]
        if example is not None:
            uncovered.append(Rides(issuer.code, operator.code, *example))
        for one, other in combinations(holding, 2):
            common = _common(every[one], every[other], modes, first_day)
            if common is not None and (one, other) not in overlaps:
                overlaps[one, other] = Overlap(
                    one, other, Rides(issuer.code, operator.code, *common))
    return Coverage(uncovered, list(overlaps.values()))


def _terms_of(one: Agreement, model: NetworkFile) -> _Terms:
    def asked(codes: Sequence[str] | None, every: Sequence[str]) -> frozenset[str]:
        return frozenset(every if codes is None else codes)

    return _Terms(asked(one.modes, model.modes), asked(one.media, model.media),
                  asked(one.card_kinds, model.card_kinds),
                  one.in_force_from or model.taps_from, one.in_force_until or LAST_TAP_DAY)


def _list_uncovered(terms: Sequence[_Terms], modes: Sequence[str], model: NetworkFile,
                    first_day: datetime.date) -> Iterator[_Example]:
    """The first day without an agreement of each mode, medium and card kind that has one."""
    for mode, medium, kind in product(_tell_apart(modes, (one.modes for one in terms)),
                                      _tell_apart(model.media, (one.media for one in terms)),
                                      _tell_apart(model.card_kinds,
                                                  (one.card_kinds for one in terms))):
        day = first_day
        for since, until in sorted((one.first_day, one.last_day) for one in terms
                                   if mode in one.modes and medium in one.media
                                   and kind in one.card_kinds):
            if since <= day <= until:
                day = until + ONE_DAY
        if day <= LAST_TAP_DAY:
            yield mode, medium, kind, day


def _tell_apart(values: Iterable[str], named: Iterable[Collection[str]]) -> list[str]:
    """One of all values that are in the same of these collections, the first."""
    asked = list(named)
    first: dict[tuple[bool, ...], str] = {}
    for value in values:
        first.setdefault(tuple(value in one for one in asked), value)
    return list(first.values())


def _common(one: _Terms, other: _Terms, modes: Sequence[str], first_day: datetime.date
            ) -> _Example | None:
    """A ride that both hold for, or None."""
    found = [sorted(one.modes & other.modes & {*modes}), sorted(one.media & other.media),
             sorted(one.card_kinds & other.card_kinds)]
    day = max(one.first_day, other.first_day, first_day)
    if not all(found) or day > min(one.last_day, other.last_day):
        return None
    mode, medium, kind = (names[0] for names in found)
    return mode, medium, kind, day
