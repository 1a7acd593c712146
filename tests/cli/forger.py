"""Somebody who can write a book, and makes it say that what it holds now is what it always held."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from clearing.book import Book, Run
from clearing.book.contents import Content, pack_contents, text_of_digest
from clearing.book.integrity import read_digests
from clearing.book.runs import chain_of
from clearing.book.schema import LEDGER


def forge(book: Book, folder: Path) -> None:
    """Commit rows, chain and journal anew, of the rows that a book in a folder has by now."""
    runs = _restated(book)
    book.store.run("TRUNCATE TABLE runs")
    for run in runs:
        book.store.run(f"INSERT INTO runs VALUES ({', '.join(map(repr, run))})")
    (folder / "journal").write_text("".join(f"{run.run:010d} {run.chain}\n" for run in runs))


def _restated(book: Book) -> list[Run]:
    stated: dict[int, dict[str, Content]] = defaultdict(dict)
    runs = book.runs()
    for table in LEDGER:
        digests = read_digests(book.store, table, "1")
        counted = book.store.columns(
            f"SELECT run, count() AS rows FROM {table.name} GROUP BY run")
        rows = dict(zip(np.asarray(counted["run"]).tolist(), np.asarray(counted["rows"]).tolist(),
                        strict=True))
        so_far = 0
        for run in runs:
            so_far += rows.get(run.run, 0)
            stated[run.run][table.name] = Content(
                rows.get(run.run, 0), text_of_digest(digests.get(run.run, 0)), so_far)
    forged = list[Run]()
    for run in runs:
        row = run._replace(contents=pack_contents(stated[run.run]))
        forged.append(row._replace(chain=chain_of(row, forged[-1] if forged else None)))
    return forged
