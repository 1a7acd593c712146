"""A day is the same day whether its files are CSV or records of one length."""

from __future__ import annotations

from pathlib import Path

from clearing.book import open_book
from clearing.sample.day import write_day
from tests.run.command import accepted, contents, shown


def test_the_same_day(tmp_path: Path) -> None:
    found, refusals = [], []
    for layout in (None, "fixed"):
        book = tmp_path / f"book-{layout}"
        paths = write_day(tmp_path / f"day-{layout}", taps=2_000, seed=5, layout=layout)
        assert {path.suffix for path in paths} == {".txt" if layout else ".csv"}
        with open_book(str(book)):
            sent = ("--layout", layout) if layout else ()
            accepted("clear", *paths, "--network", "demo", "--book", book, *sent)
            found.append(contents(book, with_refusals=False))
            refusals.append(sorted((row["code"], row["column"]) for row in shown("refusals", book)))
    assert found[0] == found[1]
    assert refusals[0] == refusals[1]
    assert len({code for code, _ in refusals[0]}) > 5
