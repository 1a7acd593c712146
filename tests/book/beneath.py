"""Rows changed beneath a book, as somebody would who can write to its store."""

from __future__ import annotations

from clearing.book import Book


def change_rows(book: Book, table: str, change: str) -> None:
    """Carry out an UPDATE or DELETE, and wait for it: a store changes rows as it merges parts."""
    book.store.let_merge()
    book.store.run(f"ALTER TABLE {table} {change} SETTINGS mutations_sync = 2")
