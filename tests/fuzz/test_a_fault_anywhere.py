"""Whichever of our functions fails: the exit code says whose fault it is, and no card is printed.

The same book goes through all of it, and is sound whenever somebody looks.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from clearing.cli import FAULT
from tests.run.command import REPOSITORY, Outcome, accepted, onecard

# `make` tries these few; more are asked for by ONECARD_FUZZ.
FAULTS = int(os.environ.get("ONECARD_FUZZ", "8"))
EXAMPLES = REPOSITORY / "examples"
CARD = "3104870500000000025"
OURS = tuple(f"{REPOSITORY / package}{os.sep}"
             for package in ("clearing", "fare_tables", "settlement", "network"))
# Who tells of a fault cannot tell of its own.
TELLERS = tuple(str(REPOSITORY / file) for file in (
    "clearing/cli/__init__.py", "clearing/cli/say.py", "network/language.py",
    "network/outcome.py"))
CLEAR = ("clear", *sorted(EXAMPLES.glob("taps/zs-*.csv")), "--network", EXAMPLES / "network")


class Planted:
    """Counts calls of our functions, and fails in one of them."""

    def __init__(self, at: int | None) -> None:
        self.calls, self._at = 0, at

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """As sys.setprofile wants it."""
        name = frame.f_code.co_filename
        if event != "call" or not name.startswith(OURS) or name in TELLERS:
            return
        self.calls += 1
        if self.calls == self._at:
            sys.setprofile(None)
            raise KeyError(f"card {CARD}, the key of {CARD}/44")


def call(planted: Planted, *words: str | Path) -> Outcome:
    """A command with a fault planted in it."""
    sys.setprofile(planted)
    try:
        return onecard(*words)
    finally:
        sys.setprofile(None)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "book"
    accepted(*CLEAR, "--book", path)
    return path


@pytest.mark.parametrize("words", [
    CLEAR, ("show", "rides", "--json"), ("verify",), ("explain", f"{CARD}/44")],
    ids=lambda words: words[0])
def test_a_fault_anywhere(words: tuple[str | Path, ...], book: Path) -> None:
    counted = Planted(None)
    call(counted, *words, "--book", book)
    assert counted.calls > 100
    codes = []
    for at in random.Random(words[0]).choices(range(1, counted.calls), k=FAULTS):
        done = call(Planted(at), *words, "--book", book)
        codes.append(done.code)
        assert done.code in (0, 1, 2, FAULT), (at, done)        # some are expected, and dealt with
        assert "Traceback" not in done.err, at
        assert CARD not in done.err, (at, done.err)
        assert done.code != FAULT or "send these lines to the maintainers" in done.err
    assert codes.count(FAULT) > FAULTS // 2
    accepted("verify", "--all", "--book", book)
