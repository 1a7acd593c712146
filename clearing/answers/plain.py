"""A network as the plain engine reads it, for prices and explanations at once."""

from __future__ import annotations

from clearing.reference.world import World, read_world
from network.folder import SHIPPED, find_folder


def read_plain(network: str) -> World:
    """The network with its tables; one's own folder only where it can be cleared by.

    Raises TableError and OnecardError.
    """
    folder = find_folder(network)
    if folder.parent != SHIPPED:
        # Compiling finds what is wrong with a table. Shipped ones were compiled by the tests.
        from clearing.engine.context import load_world
        from network.names import Names

        load_world(network, Names())
    return read_world(folder)
