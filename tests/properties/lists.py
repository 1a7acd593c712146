"""Random deny lists and admissions for the taps of a case, and what they stop."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from clearing.reference.calendar import service_day
from clearing.reference.deny import ListVersion, is_admitted, is_denied
from clearing.reference.results import Refusal
from clearing.reference.taps import Tap
from clearing.reference.world import World
from network.deny_lists import FOLDER, since_of
from network.model import Admission, DenyList
from tests.properties.choices import Choices

ADMITTED, DENIED = "ISSUER_NOT_ADMITTED", "CARD_DENIED"


def listing(draw: Choices, world: World, taps: Sequence[Tap]) -> World:
    """The network with lists that hold from moments of its taps, rather of exits than of others."""
    exits = [tap for tap in taps if tap.kind == "out"]
    found = draw.several([*taps, *exits * 3], 1, 2)
    moments = {tap.tapped_at - draw.pick([0, 0, 60]): tap.card for tap in found}
    versions = [_version(world, number, at, card)
                for number, (at, card) in enumerate(sorted(moments.items()), 1)]
    admissions = [_admission(draw, world, tap) for tap in draw.several([*taps, *exits], 0, 2)]
    if admissions:      # of the others' cards, too, or nothing would be left
        admissions += [Admission(issuer=one.code) for one in world.model.issuer[1:]]
    model = msgspec.structs.replace(world.model, deny_list=versions, admission=admissions)
    return World(model, world.folder, world.tables, listed=world.listed)


def _version(world: World, number: int, since: int, card: str) -> DenyList:
    civil = datetime.datetime.fromtimestamp(world.clock.civil(since), datetime.UTC)
    return DenyList(version=number, on_validators_at=civil.replace(tzinfo=None),
                    file=f"{card}.csv", sha256=hashlib.sha256(_text(card)).hexdigest())


def _text(card: str) -> bytes:
    return f"card\n{card}\n".encode()


def _admission(draw: Choices, world: World, tap: Tap) -> Admission:
    """Of the first issuer, up to the day of a tap or that before it."""
    day = service_day(world.model, tap.tapped_at) - datetime.timedelta(draw.pick([0, 1]))
    return Admission(issuer=world.model.issuer[0].code, in_force_until=day)


def write_lists(folder: Path, world: World) -> None:
    """Leave the files of the deny list in a network's folder."""
    for one in world.model.deny_list:
        (folder / FOLDER).mkdir(exist_ok=True)
        (folder / FOLDER / one.file).write_bytes(_text(Path(one.file).stem))


def stop(world: World, taps: Iterable[Tap]) -> tuple[list[Tap], list[Refusal]]:
    """Taps that get as far as their card's others, and the refusals of the rest."""
    passed, refusals = list[Tap](), list[Refusal]()
    versions = [ListVersion(since_of(one, world.clock), is_full=True,
                            added=frozenset({(Path(one.file).stem,) * 2}))
                for one in world.model.deny_list]
    for tap in taps:
        code = (ADMITTED if not is_admitted(world.model, tap) else
                DENIED if is_denied(versions, tap) else "")
        if code and tap.kind != "out":
            refusals.append(Refusal(code, *tap.place))
        else:
            passed.append(replace(tap, stopped=code))
    return passed, refusals
