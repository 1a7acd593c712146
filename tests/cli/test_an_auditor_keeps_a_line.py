"""One printed line, kept by somebody else, proves that nothing before it has been changed.

Who can write a book can change a row, and then make commit rows and journal say so too: then it is
whole, and another one. What was printed before says otherwise.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clearing.book import open_book
from clearing.book.schema import ENTRIES
from network.cards import abridge_card
from tests.book.beneath import change_rows
from tests.cli.conftest import Demo
from tests.cli.forger import forge
from tests.run.command import accepted, onecard, refused, shown

EXAMPLES = Path(__file__).parents[2] / "examples"
TAPS = sorted(EXAMPLES.glob("taps/*.csv"))
DAY = ["--window", "2024-11-25"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A book of three runs, and the line that each of them printed."""
    book = tmp_path_factory.mktemp("kept") / "book"
    network = ["--network", EXAMPLES / "network"]
    with open_book(str(book)):
        done = [accepted("clear", TAPS[0], *network, "--book", book),
                accepted("clear", TAPS[1], "--book", book),
                accepted("settle", *DAY, "--yes", "--book", book)]
    return book, [line for one in done for line in one.out.splitlines()
                  if line.startswith("chain of run ")]


def test_a_kept_line_leads_to_its_run(kept: tuple[Path, list[str]]) -> None:
    book, lines = kept
    forms = list[str]()
    for line in lines:
        short, whole = re.fullmatch(  # type: ignore[union-attr]
            r"chain of run \d: (\w{16}), in full (\w{64})", line).groups()
        assert whole.startswith(short)
        forms += [line, short, f" {whole.upper()}\n"]
    with open_book(str(book)):
        for run, form in enumerate(forms[::4], 1):      # each of another run
            done = accepted("verify", "--cards", "0", "--chain", form, "--book", book)
            assert done.code == 0
            assert (f"kept chain: it is run {run}'s; nothing up to there has been changed"
                    in done.out)
        done = onecard("verify", "--cards", "0", "--chain", "0" * 16, "--book", book)
        assert done.code == 1
        assert "kept chain: no run of this book has it" in done.out
        for wrong in (" ", "run 3", "abcdef", "g" * 64):
            assert "is no chain" in refused("verify", "--chain", wrong, "--book", book).err


def test_who_changes_everything_has_another_chain(kept: tuple[Path, list[str]]) -> None:
    """A refusal's bytes, commit rows, chain and journal: the book agrees, and the line does not."""
    book, lines = kept
    with open_book(str(book)) as opened:
        change_rows(opened, "stored_refusals", "UPDATE raw = 'another' WHERE run = 1")
        forge(opened, book)
        done = onecard("verify", "--all", "--chain", lines[-1], "--book", book)
        assert done.code == 1
        assert "every row is as its run stored it" in done.out
        assert "kept chain: no run of this book has it: something before it" in done.out


def test_a_ride_that_is_entered_twice_is_found(kept: tuple[Path, list[str]]) -> None:
    """Of one record two rides: card, counter and class name one record, whoever chained it all."""
    book, _ = kept
    with open_book(str(book)) as opened:
        columns = ", ".join(f"`{name}`" for name, _ in ENTRIES.columns)
        again = columns.replace("`started_at`", "started_at + 60")
        opened.store.run(f"INSERT INTO {ENTRIES.name} ({columns}) SELECT {again} FROM "
                         f"{ENTRIES.name} WHERE run = 1 ORDER BY card_lo LIMIT 1")
        forge(opened, book)
        twice = shown("rides", book)
        card = next(row for row in twice if sum(
            (one["card"], one["card_seq"]) == (row["card"], row["card_seq"]) for one in twice) > 1)
        done = onecard("verify", "--all", "--book", book)
    assert done.code == 1
    assert (f"does not add up: card {abridge_card(card['card'])} has two rides of one boarding, "
            f"counter {card['card_seq']}") in done.out


def test_samples_are_others_each_time(demo: Demo) -> None:
    """Nobody can know which cards are looked at next; and who is told can look at them again."""
    first, second = (accepted("verify", "--cards", "50", "--book", demo.book).out
                     for _ in range(2))
    assert first != second
    seed = re.search(r"--seed (\d+)", first)[1]     # type: ignore[index]
    assert accepted("verify", "--cards", "50", "--seed", seed, "--book", demo.book).out == first
    for wrong in ("-1", "some", str(1 << 64)):
        refused("verify", "--seed", wrong, "--book", demo.book)
