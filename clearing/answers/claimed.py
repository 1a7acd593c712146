"""A folder of answers is one book's: `run-1.ack.json` of another would take its place."""

from __future__ import annotations

from pathlib import Path

from clearing.answers.documents.unfinished import whole_file
from clearing.answers.session import Session
from clearing.book.folder import MARKER as BOOK_MARKER
from network.errors import OnecardError
from network.language import Phrase

MARK = ".onecard-book"      # holds the chain of the book's first run, which no other book has


def check_folder(session: Session, folder: Path) -> None:
    """Pass where nothing of another book is in a folder that answers are to be written to.

    Nor is it such a book's own. Raises OnecardError.
    """
    own = Path(session.book.store.where).resolve()
    around = next((one for one in (folder.resolve(), *folder.resolve().parents)
                   if one != own and (one / BOOK_MARKER).exists()), None)
    if around is not None:
        raise OnecardError(Phrase("the folder is of the book {book}", book=around),
                           where=str(folder), expected=Phrase(
                               "a folder of its own for {where}", where=session.book.store.where),
                           remedy="name another folder")
    mark = folder / MARK
    if mark.is_file() and mark.read_text("utf-8", "replace").strip() != name_of(session):
        raise OnecardError("the folder has the answers of another book", where=str(folder),
                           expected=Phrase("a folder of its own for {where}",
                                           where=session.book.store.where),
                           remedy="name another folder, or move away what is in this one")


def claim_folder(session: Session, folder: Path) -> None:
    """Make a folder, and say in it that it is this book's; a book without runs claims nothing.

    Raises OnecardError, and OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    check_folder(session, folder)
    name = name_of(session)
    if name and not (folder / MARK).exists():
        with whole_file(folder / MARK) as unfinished:   # whoever is stopped here claims nothing
            unfinished.write_text(f"{name}\n", "utf-8")


def name_of(session: Session) -> str:
    """What no other book has: the chain of its first run; "" before there is one."""
    first = session.book.find_run(1)
    return "" if first is None else first.chain
