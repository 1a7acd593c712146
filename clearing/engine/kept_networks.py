"""Networks as runs cleared by them: the book keeps their files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from clearing.book import Book
from clearing.book.known import Known
from network.errors import BookDamaged
from network.folder import Contents, digest_of, stray_paths, write_contents
from network.language import Phrase
from network.network import Network, load_network

# Of books that are open: what was read last of such a network, from which contents.
_LAST: WeakKeyDictionary[Known, tuple[Contents, Network]] = WeakKeyDictionary()


def described_network(book: Book, digest: str) -> Network:
    """The network that has a digest, of which only network.toml has been read.

    Raises BookDamaged, see kept_network.
    """
    contents = book.network_contents(digest)
    found, network = _LAST.get(book.known, (None, None))
    if network is None or found is not contents:
        with kept_network(book, digest) as network:
            _LAST[book.known] = contents, network
    return network


@contextmanager
def kept_network(book: Book, digest: str) -> Iterator[Network]:
    """The network that has a digest; its files can be read inside of `with`.

    Raises BookDamaged where the book has other files than runs cleared by.
    """
    contents = book.network_contents(digest)
    if strays := stray_paths(contents):
        raise BookDamaged(
            Phrase("the tables with the digest {digest}… have a file {path!r}",
                   digest=digest[:16], path=strays[0]),
            where=book.store.where, expected="files of a network's folder",
            remedy="do not use this book: whoever made it wanted files written elsewhere")
    if digest_of(contents) != digest:
        raise BookDamaged(
            Phrase("the tables with the digest {digest}… are not what was written",
                   digest=digest[:16]),
            where=book.store.where, expected="the files that runs cleared by",
            remedy="restore the book from a backup; or name the folder that has them with "
                   "--network, to ask by it")
    with tempfile.TemporaryDirectory(prefix="onecard-") as folder:
        write_contents(contents, Path(folder))
        yield load_network(folder)
