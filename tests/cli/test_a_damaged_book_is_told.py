"""A damaged book ends no command with 0: whoever reads its answers would take a part for the whole.

What happened once: ten bytes cut off one file of `runs`, and the next run made 600 rides to 1; a
lost part of the card state, and the same taps were paid twice. Exit code 0, both times.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.run.command import onecard

EXAMPLES = Path(__file__).parents[2] / "examples"
ZS, HK = (sorted(EXAMPLES.glob(f"taps/{who}-*.csv")) for who in ("zs", "hk"))
DAY = ["--window", "2024-11-25"]


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert onecard("clear", *ZS, "--network", EXAMPLES / "network", "--book", "book").code in (0, 1)
    assert onecard("settle", *DAY, "--yes", "--book", "book").code == 0
    return tmp_path / "book"


def assert_told(*words: str) -> None:
    """Every command ends with 2 and says what is wrong; nothing is removed."""
    for command in (["clear", *HK], ["settle", *DAY, "--yes"], ["show", "rides"],
                    ["show", "positions"], ["verify"]):
        done = onecard(*command, "--book", "book")
        assert done.code == 2, (command, done)
        for word in (*words, "copy of the book"):
            assert word in done.err, (command, done)


def test_a_commit_row_is_cut_off(book: Path) -> None:
    with open_book(str(book)) as opened:
        paths = [str(path) for path in opened.store.columns(
            "SELECT path FROM system.parts WHERE table = 'runs' AND active")["path"]]
        before = int(opened.query("SELECT count() AS n FROM ledger")["n"][0])
    data = Path(sorted(paths)[0]) / "data.bin"
    shutil.copytree(book, "copy", symlinks=True)
    data.write_bytes(data.read_bytes()[:-10])
    assert_told("runs", "run 1")
    with open_book(str(book), read_only=True) as opened:
        assert int(opened.store.columns("SELECT count() AS n FROM entries")["n"][0]) == before > 0
    # The remedy.
    shutil.rmtree(book)
    shutil.move("copy", book)
    assert onecard("clear", *HK, "--book", "book").code in (0, 1)
    assert onecard("verify", "--all", "--book", "book").code == 0


def test_a_part_of_the_card_state_is_lost(book: Path) -> None:
    with open_book(str(book)) as opened:
        opened.store.run("ALTER TABLE stored_cards DROP PARTITION 2")
    assert_told("stored_cards", "run 2")
