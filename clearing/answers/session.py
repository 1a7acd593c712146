"""A book and the network that it is asked by: what every question to a ledger starts from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clearing.book import Book, open_book
from clearing.book.address import SCHEMES
from clearing.book.integrity import damaged
from clearing.engine.kept_networks import described_network, kept_network
from clearing.intake.kept import FOLDER as KEPT
from ext.clearing.register import CardRegister
from network.card_rows import card_rows
from network.errors import OnecardError
from network.language import Phrase
from network.names import Names
from network.network import Network, load_network
from network.numbering import NumberedNetwork, claim_book, number_members

if TYPE_CHECKING:
    from clearing.reference.world import World as Plain



@dataclass(frozen=True, slots=True)
class Session:
    """A book, and the network to ask it by: None for the one that it was last cleared with.

    Nothing is kept from one question to the next, as a run between them can change all of it.
    """

    book: Book
    network: str | None = None
    archive: Path | None = None     # where archived windows are by now; None: where the book says

    def locator(self) -> str:
        """What finds the network: a shipped one's name, or a folder.

        Raises OnecardError where none is named and the book is new.
        """
        if self.network is not None:
            return self.network
        last = self.book.last_run()
        if last is None:
            raise OnecardError("the book is new, and no network is named",
                               where=self.book.store.where,
                               expected="--network NAME or --network FOLDER",
                               remedy="name one, such as --network demo")
        return last.network

    def names(self) -> Names:
        """The book's dictionary."""
        return self.book.dictionary()

    def described(self) -> Network:
        """The network, of which only network.toml has been read: as the last run cleared by it.

        Its folder may have changed since, or be gone; one that is named is read as it is.
        Raises TableError, and OnecardError where the book is another network's.
        """
        last = self.book.last_run()
        if self.network is not None or last is None:
            network = load_network(self.locator())
            claim_book(network, self.names())
            return network
        return described_network(self.book, last.network_digest)

    def register(self) -> CardRegister:
        """The card register as the last run had it, or that of a network that is named.

        Raises TableError.
        """
        names, last = self.names(), self.book.last_run()
        if self.network is not None or last is None:
            return CardRegister(card_rows(load_network(self.locator()), names).cards)
        with kept_network(self.book, last.network_digest) as network:
            return CardRegister(card_rows(network, names).cards)

    def numbered(self) -> NumberedNetwork:
        """Its members in the book's numbers, and those that left it; no table is read.

        Raises TableError.
        """
        names = self.names()
        numbered = number_members(self.described(), names)
        members = {member.number: member for member in numbered.members}
        for digest in sorted(set(self.book.network_digests().values())):
            if len(members) + 1 >= names.count("member"):
                break
            with kept_network(self.book, digest) as network:
                for member in number_members(network, names).members:
                    members.setdefault(member.number, member)
        return replace(numbered, members=list(members.values()))

    def plain(self) -> Plain:
        """The network as the plain engine reads it, with its tables.

        Raises TableError and OnecardError.
        """
        from clearing.answers.plain import read_plain  # most questions need no second engine

        self.described()
        return read_plain(self.locator())

    def beside(self, *names: str) -> Path:
        """A path in the book's folder; in the working folder for a book on a server."""
        where = self.book.store.where
        return (Path() if where.startswith(SCHEMES) else Path(where)).joinpath(*names)

    def kept(self) -> Path:
        """Where input files are kept, unless somebody says otherwise."""
        return self.beside(KEPT)

    def called(self, folder: Path) -> str:
        """What the book calls a folder where files are kept, see BookFile.kept_in.

        A folder in the book's moves with it.
        """
        folder, own = folder.absolute(), self.beside().absolute()
        return str(folder.relative_to(own) if folder.is_relative_to(own) else folder)


@contextmanager
def open_session(location: str, network: str | None = None, *, read_only: bool = True,
                 create: bool = False, as_of: int | None = None, archive: Path | None = None
                 ) -> Iterator[Session]:
    """A book that is open for as long as it is asked; see clearing.book.open_book.

    as_of: it answers as after this run; archive: see Session. Raises OnecardError where there is
    none of that number.
    Where the book is not whole, what can be read is read, and BookDamaged says at the end what
    does not hold: nobody takes a part of a ledger for the whole.
    """
    with open_book(location, create=create, read_only=read_only) as book:
        try:
            _answer_as_of(book, as_of)
            yield Session(book, network, archive)
        except Exception as error:      # what is missing can end a question anywhere
            if book.breaks:
                raise damaged(book.breaks, book.store.where) from error
            raise
        if book.breaks:
            raise damaged(book.breaks, book.store.where)


def _answer_as_of(book: Book, as_of: int | None) -> None:
    """Have a book answer as after a run; None: after the last."""
    last = book.last_run()
    if as_of is not None and not 0 < as_of <= (last.run if last else 0):
        raise OnecardError(Phrase("there is no run {as_of}", as_of=as_of), where=book.store.where,
                           expected=Phrase("1 to {run}",
                                           run=last.run) if last else "a book with runs",
                           remedy="look for it with `onecard show runs`")
    book.as_of = as_of
