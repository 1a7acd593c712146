"""A book of the demonstration day that the commands are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from clearing.book import open_book
from tests.run.command import Outcome, accepted


class Demo(NamedTuple):
    """What `onecard demo` printed, and the book that it left."""

    done: Outcome
    book: str


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    done = accepted("demo", "--taps", "20000", "--folder", folder)
    return Demo(done, str(folder / "book"))


@pytest.fixture
def demo(made: Demo) -> Iterator[Demo]:
    """A demonstration of 20,000 taps; its book stays open for the test."""
    with open_book(made.book):
        yield made
