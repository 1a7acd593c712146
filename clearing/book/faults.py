"""The store's words for what went wrong, turned into the book's own errors."""

from __future__ import annotations

import re

from clearing.book.native import NativeError
from network.errors import (
    BookDamaged,
    BookError,
    BookReadOnly,
    BookUnavailable,
    DiskFull,
    QueryRefused,
)
from network.language import Phrase

_NO_SPACE = {243}                           # NOT_ENOUGH_SPACE
_READ_ONLY = {164, 242}
_DAMAGED = {33, 40, 117, 226, 228, 246, 271}    # short reads, checksums, broken marks and parts
# Syntax, unknown names, wrong types and arguments: the query's author can mend these.
_QUERY = {6, 8, 10, 16, 27, 35, 36, 41, 42, 43, 44, 46, 47, 48, 50, 51, 53, 58, 60, 62, 63, 70, 72,
          80, 81, 115, 179, 184, 190, 206, 207, 215, 291, 352, 386, 497}
# What those are most often, by the store's numbers of errors.
_ASKED = {
    **dict.fromkeys((10, 16, 47), Phrase("the question names a column that is not there")),
    **dict.fromkeys((60, 81), Phrase("the question names a table or view that is not there")),
    46: Phrase("the question names a function that the store does not have"),
    62: Phrase("the question is not written as SQL is"),
    **dict.fromkeys((43, 53, 386), Phrase("the question takes together what does not go together: "
                                          "numbers, text, days or times")),
    215: Phrase("a column of the answer is neither in GROUP BY nor in a function such as sum"),
    **dict.fromkeys((291, 497), Phrase("the question asks for what this user may not read")),
}
_NOT_UNDERSTOOD = Phrase("the store does not understand the question")


# What the system did not give this process: memory, threads, open files.
_WANTING = re.compile("Too many open files|bad_alloc|Cannot allocate memory|can't start new thread|"
                      "Resource temporarily unavailable")


# What no store raises: they would be told as its own, with whatever they say.
_OURS = (LookupError, TypeError, AttributeError, AssertionError, ArithmeticError)


def translate(error: Exception, where: str) -> BookError:
    """The book's error for one that a store raised. Raises what is a fault of ours as it is."""
    if isinstance(error, _OURS):
        raise error
    text = str(error)
    found = re.search(r"Code: (\d+)", text)
    code = int(getattr(error, "code", 0) or (found.group(1) if found else 0))
    words = _first_words(text)
    if code in _NO_SPACE or "No space left on device" in text or "NOT_ENOUGH_SPACE" in text:
        return DiskFull(
            "the disk of this book is full", where=where, expected=words,
            remedy="nothing of the run was committed; make room and run it again")
    if is_wanting(text):
        return BookUnavailable(
            "the system gives this process no more memory, threads or open files", where=where,
            expected=words,
            remedy="nothing of an open run was committed; raise the limit (`ulimit -a` lists them, "
            "and a container has its own), then run again")
    if code in _READ_ONLY:
        return BookReadOnly(
            "this book was opened for reading only", where=where,
            remedy="open it for writing, or ask for something that only reads")
    if code in _DAMAGED:
        return BookDamaged(
            "the store cannot read its own files", where=where, expected=words,
            remedy="restore the book from a copy, or clear the inputs into a new one")
    if isinstance(error, NativeError):
        return QueryRefused(Phrase("a column of the answer is of the type {type_}, which is not "
                                   "listed", type_=error.type_), where=where,
                            remedy="wrap it in toString()")
    if code in _QUERY:
        return QueryRefused(_ASKED.get(code, _NOT_UNDERSTOOD), where=where, expected=words)
    return BookUnavailable(
        "the store gave up", where=where, expected=words,
        remedy="nothing of an open run was committed; see the store's own log, then run again")


def is_wanting(text: str) -> bool:
    """Whether a store's words are the system's, who gives it no more memory, threads or files."""
    return _WANTING.search(text) is not None


def _first_words(text: str) -> str:
    """What a store says, without its stack trace and its prefixes."""
    text = text.split("Stack trace:")[0]
    text = re.sub(r"^.*?DB::Exception: ", "", text.replace("\n", " "))
    return re.sub(r"\.\.$", ".", text.strip())[:500]
