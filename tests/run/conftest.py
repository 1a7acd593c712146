"""Books to run on, in a folder and on a server, and days to clear."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.clickhouse import Server
from clearing.book import open_book
from tests.run.command import accepted, contents
from tests.run.day import rewrite, write_days

_numbers = itertools.count(1)


@pytest.fixture(params=["folder", "server"])
def book(request: pytest.FixtureRequest, tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new book, which stays open meanwhile: the embedded engine is slow to start and to stop."""
    monkeypatch.chdir(tmp_path)         # acknowledgements for a book on a server go here
    if request.param == "folder":
        location = str(tmp_path / "book")
    else:
        server: Server = request.getfixturevalue("clickhouse_server")
        location = server.location(f"run_{next(_numbers)}")
    with open_book(location):
        yield location


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Path]:
    """A new book in a folder, which stays open meanwhile, too: no other can be used beside it."""
    with open_book(str(tmp_path / "book")):
        yield tmp_path / "book"


@pytest.fixture(scope="session")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> list[list[Path]]:
    """Two days of 1,000 taps of the same cards, spoilt records among them, in three files each."""
    folder = tmp_path_factory.mktemp("days")
    return [rewrite(paths, folder / f"day-{number}", 3)
            for number, paths in enumerate(write_days(folder / "sent", 1_000), 1)]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory,
                two_days: list[list[Path]]) -> list[str]:
    """What a book holds after each day, where nothing goes wrong."""
    book = tmp_path_factory.mktemp("undisturbed") / "book"
    after = []
    with open_book(str(book)):
        for paths in two_days:
            accepted("clear", *paths, "--network", "demo", "--book", book)
            after.append(contents(book, with_refusals=False))
    return after
