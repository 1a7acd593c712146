"""What tests ask of the plain engine: the network of a folder, and one card's rides priced."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clearing.reference.engine import list_rides, price_cards
from clearing.reference.identity import sift
from clearing.reference.pricing import Priced
from clearing.reference.state import State
from clearing.reference.taps import Tap
from clearing.reference.world import World
from fare_tables.source import load_tables
from network.files import TomlFile
from network.folder import NetworkFolder
from network.model import NetworkFile


def read_world(folder: Path) -> World:
    """The network of a folder with its tables. Raises TableError."""
    return World(TomlFile(folder / "network.toml").convert(NetworkFile), NetworkFolder(folder),
                 load_tables(folder))


def explain_card(world: World, taps: Iterable[Tap], state: State, card: str) -> list[Priced]:
    """Every ride that a run makes of one card's taps, in the order priced, with its trace."""
    kept, _ = sift(state.received, taps)
    owned = world.cards_of_owner(card)
    listed = list_rides(world, [tap for tap in kept if tap.card in owned], state.closed_through)
    return [priced for one in price_cards(world, listed.rides, state.opening) if one.card == card
            for priced in one.priced]
