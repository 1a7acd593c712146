"""A network as the plain engine reads it, for prices and explanations at once."""

from __future__ import annotations

from clearing.reference.world import World, world_of
from fare_tables.source import read_sources
from network.folder import SHIPPED
from network.network import load_network


def read_plain(network: str) -> World:
    """The network with its tables; one's own folder only where it can be cleared by.

    Raises TableError and OnecardError.
    """
    loaded = load_network(network)
    sources = read_sources(loaded.folder.path)
    if loaded.folder.path.parent != SHIPPED:
        # Compiling finds what is wrong with a table. Shipped ones were compiled by the tests.
        from clearing.engine.context import make_context
        from network.names import Names

        make_context(loaded, sources, Names())
    return world_of(loaded, [source.table for source in sources])
