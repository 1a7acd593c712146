"""The input files that a book keeps: the very bytes that an amount is from."""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from clearing.answers.session import Session
from clearing.book.queries import Given, Taken
from clearing.intake.kept import is_kept, place_of, read_kept
from network.errors import BookDamaged, OnecardError
from network.language import Phrase
from network.progress import Progress, no_progress

LEAST_DIGITS = 8        # of a digest, to tell files apart by


def kept_file(session: Session, which: str, folder: Path | None = None) -> Iterator[bytes]:
    """The bytes of a file that was cleared, in parts, as they came.

    which: its number, as `show files` has it, or its SHA-256 or how that begins.
    folder: where files are kept; None: where the book says.
    Raises OnecardError where there is no such file, or it is not kept, or damaged.
    """
    digest = _digest_of(session, which)
    return read_kept(folder or folder_of(session, digest), digest)


def folder_of(session: Session, digest: str, given: Given | None = None) -> Path:
    """The folder that keeps a file; where none does, the one that should.

    given: what the book says of it, where that was asked already.
    """
    if given is None:
        given = session.book.files_given({digest})[digest]
    # A file that the book had already may have been kept anew since, beside the book.
    folders = [*map(session.beside, given.folders), session.kept()]
    return next((folder for folder in folders if is_kept(folder, digest)), folders[0])


@dataclass(frozen=True)
class FilesChecked:
    """What was found of the input files that a book names."""

    whole: int              # kept, byte for byte as they came
    not_kept: int           # by --keep nothing
    faults: list[str]       # in words


def check_files(session: Session, numbers: Collection[int] | None, folder: Path | None = None,
                progress: Progress = no_progress) -> FilesChecked:
    """Hold the kept input files to their digests.

    numbers: of these files; None: of all. folder: where files are kept; None: where the book says.
    """
    whole, not_kept, faults = 0, 0, []
    digests = None if numbers is None else session.book.find_files(
        f"file IN ({', '.join(map(str, sorted(numbers)))})" if numbers else "0").values()
    files = session.book.files_given(digests)
    for done, (digest, given) in enumerate(files.items(), 1):
        progress("input files", done, len(files))
        place = folder or folder_of(session, digest, given)
        if not given.folders and not is_kept(place, digest):
            not_kept += 1
            continue
        fault = _fault_of(place, digest)
        if fault:
            faults.append(Phrase("file {number} ({name}, SHA-256 {digest}) {fault}",
                                 number=given.number, name=given.name, digest=digest, fault=fault))
        whole += not fault
    return FilesChecked(whole, not_kept, sorted(faults))


def _fault_of(folder: Path, digest: str) -> str:
    """What is wrong with a kept file, and what to do; "": nothing."""
    if not is_kept(folder, digest):
        what, more = "is missing", ", or name the folder that has it with --keep"
    else:
        try:
            next(read_kept(folder, digest), b"")
            return ""
        except BookDamaged:
            what, more = "is damaged", ""
    return (Phrase("{what}: {path}; restore it from a copy, or clear the same file again, "
                   "which keeps it anew{more}", what=what, path=place_of(folder, digest),
                   more=more))


@contextmanager
def refused_files(session: Session, folder: Path | None) -> Iterator[dict[Path, Taken]]:
    """The kept files of which records were refused when they were taken last, to be given again.

    Each with how it was read. folder: where files are kept; None: where the book
    says. Raises OnecardError where there is none, or one is not kept, or damaged.
    """
    refused = {digest: file for digest, file in session.book.files_taken().items() if file.refused}
    if not refused:
        raise OnecardError("no record is waiting to be taken", where=session.book.store.where,
                           expected="a file of which records were refused",
                           remedy="give files that were refused whole again by their names")
    given = session.book.files_given(refused)
    with TemporaryDirectory(prefix="onecard-retry-") as place:
        paths = {}
        for digest, file in sorted(refused.items()):
            # A folder for each: files of several runs may have the same name.
            path = Path(place, digest[:16], file.name)
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as out:
                out.writelines(read_kept(
                    folder or folder_of(session, digest, given[digest]), digest))
            paths[path] = file
        yield paths


def _digest_of(session: Session, which: str) -> str:
    found = list[str]()
    if which.isascii() and which.isdigit() and len(which) < LEAST_DIGITS:
        found = list(session.book.find_files(f"file = {int(which)}").values())
    elif len(which) >= LEAST_DIGITS and set(which.lower()) <= set(string.hexdigits):
        found = list(session.book.find_files(
            f"substring(sha256, 1, {len(which)}) = '{which.lower()}'").values())
    if len(found) != 1:
        raise OnecardError(
            Phrase("the book has {found} files {which!r}", found=len(found) or "no",
                   which=which), where=session.book.store.where,
            expected=Phrase("a file's number, or {least_digits} digits or more of its SHA-256",
                            least_digits=LEAST_DIGITS),
            remedy="look for it with `onecard show files --csv`")
    return found[0]
