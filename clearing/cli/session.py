"""A book and the network it is cleared by, opened for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clearing.book import Book, open_book
from network.errors import OnecardError
from network.names import Names

if TYPE_CHECKING:
    from clearing.reference.world import World as Plain
    from network.numbering import NumberedNetwork


def network_of(book: Book, network: str | None) -> str:
    """The network to clear by: the one named, or the one that the book was last cleared with.

    Raises OnecardError where there is neither.
    """
    if network is not None:
        return network
    last = book.last_run()
    if last is None:
        raise OnecardError("the book is new, and no network is named", where=book.store.where,
                           expected="--network NAME or --network FOLDER",
                           remedy="name one, such as --network demo")
    return last.network


@contextmanager
def reading(book: str, network: str | None) -> Iterator[tuple[Book, NumberedNetwork]]:
    """A book to read from, and its network, whose tables are not compiled for that."""
    from network.network import load_network
    from network.numbering import number_members

    with open_book(book, create=False, read_only=True) as opened:
        yield opened, number_members(load_network(network_of(opened, network)),
                                     Names(opened.names()))


@contextmanager
def explaining(book: str, network: str | None) -> Iterator[tuple[Book, Names, Plain]]:
    """A book to read from, its dictionary, and its network as the plain engine reads it.

    A shipped network is not compiled for that: an answer is wanted at once.
    """
    from clearing.cli.price import read_plain

    with open_book(book, create=False, read_only=True) as opened:
        yield opened, Names(opened.names()), read_plain(network_of(opened, network))


@contextmanager
def writing(book: str, network: str | None, *, create: bool = True) -> Iterator[tuple[Book, str]]:
    """A book to write to, and the name of the network to clear by."""
    with open_book(book, create=create) as opened:
        yield opened, network_of(opened, network)
