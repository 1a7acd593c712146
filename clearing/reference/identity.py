"""The same record twice: which copy stays, and what the others are called (RULES.md §1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from clearing.reference.results import Refusal, Ride
from clearing.reference.state import End, Shown, State
from clearing.reference.taps import Identity, Tap
from clearing.reference.world import World


def sift(world: World, taps: Iterable[Tap], state: State) -> tuple[list[Tap], list[Refusal]]:
    """The taps that stay, and a refusal for every other."""
    groups: dict[Identity, list[Tap]] = defaultdict(list)
    for tap in taps:
        groups[tap.identity].append(tap)
    kept: list[Tap] = []
    refusals: list[Refusal] = []
    for identity, group in groups.items():
        first, *copies = sorted(group, key=lambda tap: tap.place)
        inside = state.open.get(first.card)
        if inside is not None and inside.identity == identity:
            refusals += [_repeats(tap.content == inside.content, tap) for tap in group]
        elif any(tap.content != first.content for tap in copies):
            refusals += [Refusal("CONFLICT", *tap.place) for tap in group]
        else:
            refusals += [Refusal("DUPLICATE", *tap.place) for tap in copies]
            if identity in state.accepted:
                same = matches(world, state.accepted[identity], first)
                refusals.append(_repeats(same, first))
            else:
                kept.append(first)
    return kept, refusals


def matches(world: World, shown: Shown | Tap, tap: Tap) -> bool:
    """Whether the ledger shows this very tap: an entry in part, an event whole."""
    if isinstance(shown, Tap):
        return shown.content == tap.content
    return (
        shown.ends == _ends(world, tap)
        and (shown.device is None or shown.device == (tap.operator, tap.device))
        and (shown.paid is None or shown.paid == tap.paid)
    )


def list_shown(world: World, ride: Ride) -> dict[Identity, Shown | Tap]:
    """What the entry of a ride shows of each of its taps."""
    last = ride.taps[-1]
    by_validator = world.charged_by_validator(ride.operator, ride.medium)
    return {
        tap.identity: Shown(
            ends=_ends(world, tap),
            device=(tap.operator, tap.device) if tap is last else None,
            paid=tap.paid if len(ride.taps) == 1 and by_validator else None,
        )
        for tap in ride.taps
    }


def _repeats(same: bool, tap: Tap) -> Refusal:
    return Refusal("DUPLICATE" if same else "CONFLICT", *tap.place)


def _ends(world: World, tap: Tap) -> tuple[End, ...]:
    """When and where a tap was; a ride record can have been at two places."""
    system = world.system_of(tap.operator)
    if tap.kind != "ride":
        return (End(tap.tapped_at, system, tap.stop),)
    way_in = End(tap.time, system, tap.in_stop)
    return (way_in, End(tap.tapped_at, system, tap.stop)) if tap.stop else (way_in,)
