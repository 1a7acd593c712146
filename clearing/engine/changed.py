"""Whose rides a changed network can price otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from clearing import __version__
from clearing.book import Book
from clearing.engine.context import ClearingContext
from clearing.engine.kept_networks import kept_network
from fare_tables.changed import Priced, changed_operators
from fare_tables.source import load_tables


def changed_since(context: ClearingContext, book: Book, made_by: Iterable[tuple[str, str]]
                  ) -> frozenset[int] | None:
    """The operators (member numbers) whose rides can cost otherwise; None: it can be anybody's.

    made_by: the networks that priced them, by digest, each with the version of the software.
    """
    now, changed = Priced(context.network, context.tables), frozenset[str]()
    for digest, version in made_by:
        if version != __version__:
            return None
        if digest == context.network.digest:
            continue
        with kept_network(book, digest) as network:
            operators = changed_operators(
                Priced(network, load_tables(network.folder.path)), now)
        if operators is None:
            return None
        changed |= operators
    return frozenset(context.names.number("member", code) for code in changed)
