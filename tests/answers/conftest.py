"""A small day that is cleared into a book without the command, and the book, open."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from clearing.answers.clear import Clearing, clear
from clearing.answers.session import Session, open_session
from clearing.answers.settle import Settlement, settle
from clearing.sample.day import DAY, write_day

RECEIVED_AT = 1_732_700_000         # two days later
TODAY = datetime.date(2024, 11, 27)


class Made(NamedTuple):
    """What clearing and settling answered."""

    cleared: Clearing
    settled: Settlement
    folder: Path


class Asked(NamedTuple):
    """The same, with the session to ask more."""

    session: Session
    cleared: Clearing
    settled: Settlement
    folder: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A day of 5,000 taps, cleared and settled."""
    folder = tmp_path_factory.mktemp("asked")
    files = write_day(folder / "taps", taps=5_000, seed=3, threads=1)
    with open_session(str(folder / "book"), "demo", read_only=False, create=True) as session:
        cleared = clear(session, files, received_at=RECEIVED_AT)
        return Made(cleared, settle(session, DAY.isoformat(), today=TODAY), folder)


@pytest.fixture
def asked(made: Made) -> Iterator[Asked]:
    """Its book, open for the test: a process has one folder open at a time."""
    with open_session(str(made.folder / "book"), "demo", read_only=False) as session:
        yield Asked(session, *made)
