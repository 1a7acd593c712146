"""The embedded store's library, loaded; and what around this process keeps it from that.

The library says little of it: "engine not found" where TZ is no time zone, the name of a folder
where TMPDIR cannot be written, or nothing, and it ends the process. So limits that are too low for
it are looked at before, and settings when it has failed.
"""

from __future__ import annotations

import os
import resource
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from network.errors import BookUnavailable
from network.language import Phrase

FILES_LEAST = 1024          # open at once: small runs need some 300, and 1024 is what most have
ADDRESSES_LEAST = 3 << 30   # that the library and its threads map, most of it never touched


def load_store() -> Any:
    """The library's module of sessions. Raises BookUnavailable."""
    _check_files()
    _check_addresses()
    try:
        from chdb import session
    except Exception as error:
        raise _unloaded(error) from error
    return session


def check_file_size() -> None:
    """Raise BookUnavailable where files may not grow: the store would cut them, and not say so."""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit != resource.RLIM_INFINITY:
        raise BookUnavailable(
            Phrase("files of this process may have {limit} bytes (`ulimit -f`): a store would lose "
                   "what is beyond", limit=limit), expected="no limit, where a book is written",
            remedy="run `ulimit -f unlimited` before; a quota of the disk bounds a book, too")


def _check_files() -> None:
    """Take as many open files as the store needs. Raises BookUnavailable."""
    least, (soft, hard) = FILES_LEAST, resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < least:
        with suppress(ValueError, OSError):     # beyond what an administrator has set
            resource.setrlimit(resource.RLIMIT_NOFILE, (least, hard))
            return
        raise BookUnavailable(
            Phrase("this process may have {number} files open, which is too few for a store",
                   number=soft), expected=Phrase("{least} at least", least=least),
            remedy=Phrase("run `ulimit -n {least}` before, or have who starts it raise the limit",
                          least=least))


def _check_addresses() -> None:
    """Raise BookUnavailable where the store would end the process for want of addresses."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < ADDRESSES_LEAST:
        raise BookUnavailable(
            Phrase("this process may map {limit} MB of memory (`ulimit -v`), which is too little "
                   "for a store", limit=limit >> 20),
            expected=Phrase("{least} MB at least; most of it is never touched",
                            least=ADDRESSES_LEAST >> 20),
            remedy="run `ulimit -v unlimited` before; what a run may take is said by --memory")


def _unloaded(error: Exception) -> BookUnavailable:
    """Why the library does not load, as far as it can be told from what is around it."""
    zone, temporary = os.environ.get("TZ", ""), os.environ.get("TMPDIR", "")
    found: str = Phrase("the embedded store's library does not load: {why}",
                        why=str(error).split("Stack trace:")[0].strip()[:300])
    expected, remedy = "", ("install the package again (pip install chdb); if it is there, see "
                            "whether memory, open files or threads are limited (ulimit -a)")
    if zone and not _is_zone(zone):
        found = Phrase("TZ is {zone!r}, with which the embedded store does not start", zone=zone)
        expected = "the name of a time zone that this machine knows, such as Asia/Shanghai"
        remedy = "unset TZ, or name such a zone; the networks' own clocks do not go by it"
    elif temporary and not _takes_files(temporary):
        found = Phrase("TMPDIR is {folder!r}, in which the embedded store can make no folder",
                       folder=temporary)
        remedy = "unset TMPDIR, or name a folder that may be written"
    return BookUnavailable(found, expected=expected, remedy=remedy)


def _is_zone(name: str) -> bool:
    """Whether the store takes it for a zone: a name or a file, and no rule such as CST-8."""
    return Path("/usr/share/zoneinfo", name.removeprefix(":")).is_file()


def _takes_files(folder: str) -> bool:
    try:
        with tempfile.TemporaryDirectory(dir=folder):
            return True
    except OSError:
        return False
