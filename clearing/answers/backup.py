"""Backups of a book, as people name one: a folder, and no address of a server."""

from __future__ import annotations

from pathlib import Path

from clearing.book import backup
from clearing.book.address import SCHEMES
from clearing.book.backup import Listed, Taken, check_backups, list_backups
from network.errors import NotABook
from network.progress import Progress, no_progress

__all__ = ["back_up", "check_backups", "list_backups", "restore"]


def back_up(book: str, folder: Path, progress: Progress = no_progress) -> Taken:
    """Back up; see clearing.book.backup. Raises OnecardError."""
    return backup.back_up(_path_of(book), folder, progress)


def restore(folder: Path, book: str, run: int | None, progress: Progress = no_progress
            ) -> Listed:
    """Restore; see clearing.book.backup. Raises OnecardError."""
    return backup.restore(folder, _path_of(book), run, progress)


def _path_of(book: str) -> Path:
    if book.startswith(SCHEMES):
        raise NotABook("a book on a server is no folder", where=book, expected="a folder",
                       remedy="ClickHouse backs its databases up itself: BACKUP DATABASE … TO …")
    return Path(book)
