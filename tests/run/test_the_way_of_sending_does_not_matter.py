"""The same records split, ordered, shuffled and threaded in any way make the same ledger."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

import clearing.engine.run
import clearing.intake.reader
import clearing.intake.spill
from clearing.book import open_book
from clearing.book.queries import Queries
from clearing.book.recent import ENTRIES_MOST
from ext.records import RIDE_FLAGS
from tests.run.command import REPOSITORY, accepted, contents, shown
from tests.run.day import rewrite


@pytest.mark.parametrize(("files", "seed", "threads", "tiny"), [
    (1, None, 1, False), (7, 1, 2, False), (2, 2, 2, True), (11, 3, 1, True)])
def test_same_ledger(files: int, seed: int | None, threads: int, tiny: bool, tmp_path: Path,
                     two_days: list[list[Path]], undisturbed: list[str],
                     monkeypatch: pytest.MonkeyPatch) -> None:
    memory = []
    if tiny:        # blocks of a few lines, about a hundred partitions, most taps on the disk
        memory = ["--memory", "1280MiB"]
        monkeypatch.setattr(clearing.engine.run, "BESIDE_TAPS_BYTES", 1280 << 20)
        monkeypatch.setattr(clearing.intake.spill, "ARENA_BYTES", 1 << 16)
        monkeypatch.setattr(clearing.engine.run, "read_files", functools.partial(
            clearing.intake.reader.read_files, block_bytes=777))
        monkeypatch.setattr(clearing.intake.reader, "TAPS_PER_PARTITION", 16)
    book = tmp_path / "book"
    with open_book(str(book)):
        for day, (paths, expected) in enumerate(zip(two_days, undisturbed, strict=True)):
            sent = rewrite(paths, tmp_path / f"day-{day}", files, seed)
            accepted("clear", *sent[::-1], "--network", "demo", "--book", book,
                     "--threads", str(threads), *memory)
            assert contents(book, with_refusals=False) == expected


@pytest.mark.parametrize("remembered", [ENTRIES_MOST, 100])
def test_a_process_that_goes_on_makes_the_same_ledger(
        remembered: int, tmp_path: Path, two_days: list[list[Path]], undisturbed: list[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    """What late records take back it has written itself: where it remembers that, none is read."""
    read, rides_since = list[int](), Queries.rides_since

    def note(book: Queries, day: int, *arguments: Any, **named: Any) -> Any:
        read.append(day)
        return rides_since(book, day, *arguments, **named)

    book, sent = tmp_path / "book", rewrite(two_days[0], tmp_path / "day", 20, seed=5)
    with open_book(str(book)) as opened:
        monkeypatch.setattr(Queries, "rides_since", note)
        monkeypatch.setattr(opened.recent_entries, "most", remembered)
        for path in sent:
            clearing.engine.run.clear_files([path], "demo", opened, threads=2,
                                           received_at=1_732_700_000)
        assert bool(read) == (remembered == 100)
        back = opened.query("SELECT count() AS counted FROM entries "
                            f"WHERE bitAnd(flags, {RIDE_FLAGS['REVERSAL']}) != 0")
        assert int(back["counted"][0]) > 100
        assert contents(book, with_refusals=False) == undisturbed[0]


def test_a_server_keeps_the_same_ledger(book: str, two_days: list[list[Path]],
                                        undisturbed: list[str]) -> None:
    for paths, expected in zip(two_days, undisturbed, strict=True):
        accepted("clear", *paths, "--network", "demo", "--book", book)
        assert contents(book, with_refusals=False) == expected


def test_a_file_counts_once(book: str, tmp_path: Path, two_days: list[list[Path]]) -> None:
    first, *rest = two_days[0]
    twin = tmp_path / "other name.csv"
    twin.write_bytes(first.read_bytes())
    done = accepted("clear", first, twin, "--network", "demo", "--book", book)
    assert done.code == 1
    before, files = contents(book, with_refusals=False), shown("files", book)
    assert sorted((row["code"], row["accepted"] == 0) for row in files) == [
        ("DUPLICATE_FILE", True), ("OK", False)]
    assert len({row["records"] for row in files}) == 1
    refused, = {row["refused"] for row in files if row["code"] == "OK"}

    for again in ([first], [twin], [twin, first]):
        accepted("clear", *again, "--book", book)
        last = shown("runs", book)[-1]
        assert (last["accepted"], last["rides"], last["refused"]) == (0, 0, refused)
        assert last["accepted"] + last["known"] + last["refused"] == last["taps"]
        assert contents(book, with_refusals=False) == before
    accepted("clear", first, *rest, "--book", book)
    assert [row["code"] for row in shown("files", book, "--run", "5")] == ["OK"] * (1 + len(rest))


def test_a_file_of_which_all_is_accepted_is_known_as_a_whole(book: str, tmp_path: Path) -> None:
    path = tmp_path / "good.csv"
    path.write_bytes((REPOSITORY / "examples/taps/zs-bus-2024-11-25.csv").read_bytes())
    good = [line for line in path.read_text("utf-8").splitlines() if "E+" not in line]
    path.write_text("\n".join(good[:4]) + "\n", "utf-8")
    network = REPOSITORY / "examples/network"
    assert accepted("clear", path, "--network", network, "--book", book).code == 0
    done = accepted("clear", path, "--book", book)
    assert done.code == 0
    assert "nothing was taken: 3 records, 0 accepted, 3 known, 0 refused" in done.out
    assert "known: its content was cleared before, as good.csv in run 1" in done.out
    assert len(shown("runs", book)) == 1


def test_records_count_once_in_other_files_too(book: str, tmp_path: Path,
                                               two_days: list[list[Path]],
                                               undisturbed: list[str]) -> None:
    accepted("clear", *two_days[0], "--network", "demo", "--book", book)
    accepted_before = shown("runs", book)[0]["accepted"]
    again = rewrite(two_days[0], tmp_path / "again", 4, 9)
    accepted("clear", *again, "--book", book)
    first, second = shown("runs", book)
    assert (second["accepted"], second["rides"]) == (0, 0)
    assert second["taps"] == first["taps"] == second["known"] + second["refused"]
    assert second["known"] >= accepted_before
    assert contents(book, with_refusals=False) == undisturbed[0]
    accepted("clear", *two_days[1], "--book", book)
    assert contents(book, with_refusals=False) == undisturbed[1]
