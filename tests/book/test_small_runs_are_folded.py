"""Small runs are folded together: nobody sees a row twice, or not at all, whoever is stopped."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clearing.book import Book, folding, open_book, parts
from clearing.book.embedded import EmbeddedStore
from clearing.book.folding import Folding
from clearing.book.integrity import find_breaks, find_changed_rows
from clearing.book.schema import LEDGER
from network.errors import BookDamaged
from tests.book.beneath import change_rows
from tests.book.checks import assert_holds
from tests.book.workload import add_run, commit, write

_ROOT = Path(__file__).parents[2]
GROUP = 2


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "RUNS_OF_A_FOLD", GROUP)


@pytest.fixture
def book(location: str) -> Iterator[Book]:
    with open_book(location) as opened:
        yield opened


def _add(book: Book, runs: int) -> None:
    for _ in range(runs):
        add_run(book)


def _own(book: Book) -> set[int]:
    """The runs that still have partitions of their own."""
    found = book.store.columns(
        "SELECT DISTINCT partition FROM system.parts WHERE active AND table IN "
        f"({', '.join(repr(table.name) for table in LEDGER)}) AND database = currentDatabase()")
    return {run for text in found["partition"] if (run := parts.run_of(int(text))) is not None}


def test_the_oldest_runs_are_folded_and_the_newest_are_not(book: Book) -> None:
    _add(book, GROUP)
    assert book.span().folded == 0
    _add(book, 1)
    assert book.span().folded == GROUP
    assert _own(book) == set(range(1, GROUP + 2))   # for questions that were begun before
    assert_holds(book, GROUP + 1)
    _add(book, GROUP)
    assert book.span().folded == 2 * GROUP
    assert _own(book) == set(range(GROUP + 1, 2 * GROUP + 2))
    assert_holds(book, 2 * GROUP + 1)
    assert find_breaks(book) == []
    assert list(find_changed_rows(book)) == []


def test_all_but_the_last_few_are_folded_on_demand(book: Book) -> None:
    _add(book, 2 * GROUP - 1)
    assert book.fold() == GROUP
    assert book.fold() == GROUP
    assert_holds(book, 2 * GROUP - 1)


def test_a_question_is_answered_as_of_a_folded_run(book: Book) -> None:
    _add(book, 2 * GROUP + 1)
    for last in (1, 2, 3):
        book.as_of = last
        assert book.runs_with_entries() == list(range(1, last + 1))
        assert book.closed_windows() == [20_000 + run for run in range(2, last + 1, 2)]
    book.as_of = None


def test_a_large_run_keeps_a_partition_of_its_own(book: Book) -> None:
    for number in range(1, 8):
        large = number in (2, 5)
        with book.begin(digest=f"run {number}", kind="clear",
                        records=parts.LARGE_RUN if large else 0) as run:
            write(run, number)
            commit(run)
        assert_holds(book, number)
        assert find_breaks(book) == []
    book.fold()
    _add(book, GROUP)
    assert {2, 5} <= _own(book)
    assert list(find_changed_rows(book)) == []


class _Stopped(BaseException):
    pass


def test_stopped_at_every_kind_of_step(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is stopped while he folds, the next one goes on from there, and is stopped later."""
    left: list[int | None] = [None]     # steps until none is taken any more; None: all are

    def stopping(method: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            if left[0] is not None:
                left[0] -= 1
                if left[0] < 1:     # nor by other threads
                    raise _Stopped
            return method(*arguments, **named)
        return step

    for name in ("run", "insert", "drop_table", "merge"):
        monkeypatch.setattr(book.store, name, stopping(getattr(book.store, name)))
    stopped = 0
    # The second time partitions are dropped, too; the steps on a server are the same.
    for fold in (1, 2) if isinstance(book.store, EmbeddedStore) else (1,):
        _add(book, GROUP)
        for steps in range(fold, 100):
            with contextlib.suppress(_Stopped):
                book.store.lock_writer()
                left[0] = steps
                if Folding(book).is_due():
                    Folding(book).fold()
                left[0] = None
                book.store.unlock_writer()
                break
            left[0] = None
            book.store.unlock_writer()
            stopped += 1
            assert find_breaks(book) == []
            assert_holds(book, fold * GROUP)
        assert book.span().folded == fold * GROUP
        assert_holds(book, fold * GROUP)
    assert stopped > 10
    assert list(find_changed_rows(book)) == []


@pytest.mark.parametrize("step", [12, 27, 41])
def test_killed_while_folding(location: str, step: int) -> None:
    with open_book(location) as book:
        _add(book, GROUP)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.book.killed_writer", location, str(step), str(GROUP)],
        cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL, ended
    with open_book(location) as book:
        assert_holds(book, GROUP)
        _add(book, 1)
        assert book.span().folded == GROUP
        assert_holds(book, GROUP + 1)


def test_rows_that_are_not_what_was_stored_are_not_folded(tmp_path: Path) -> None:
    with open_book(str(tmp_path / "book")) as book:
        _add(book, GROUP)
        change_rows(book, "stored_entries", "UPDATE paid = paid + 1 WHERE run = 2")
        with pytest.raises(BookDamaged, match="table stored_entries: the rows of run 2"):
            _add(book, 1)
        assert book.span().folded == 0


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of seven runs, of which six are folded."""
    folder = tmp_path_factory.mktemp("folded") / "book"
    with pytest.MonkeyPatch.context() as patch, open_book(str(folder)) as book:
        patch.setattr(parts, "RUNS_OF_A_FOLD", GROUP)
        _add(book, 3 * GROUP + 1)
        assert book.fold() == 3 * GROUP
    return folder


#    statement                                            words
@pytest.mark.parametrize(("statement", "words"), [
    ("TRUNCATE TABLE folds", "stored_entries has"),
    (f"ALTER TABLE stored_flows DROP PARTITION {parts.FOLDED}", "stored_flows has 0 rows of run 1"),
    ("INSERT INTO folds SELECT 7", "stored_entries has 0 rows of run"),
    ("ALTER TABLE stored_files DROP PARTITION 7", "stored_files has 0 rows of run 7"),
    ("DROP TABLE folds", "table folds is missing"),
], ids=lambda text: text[:30])
def test_what_is_lost_of_folds_is_named(tmp_path: Path, folded: Path, statement: str, words: str
                                        ) -> None:
    location = str(shutil.copytree(folded, tmp_path / "book", symlinks=True))
    with open_book(location) as book:
        book.store.run(statement)
    with pytest.raises(BookDamaged, match=words):
        open_book(location)


def test_parts_of_folds_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder by whoever folds: a process may end before the store comes to it."""
    monkeypatch.setattr(parts, "RUNS_OF_A_FOLD", 1)
    monkeypatch.setattr(folding, "MERGED", 3)
    with open_book(str(tmp_path / "book")) as book:
        _add(book, 12)
        assert book.fold() == 12
        found = book.store.columns(
            "SELECT table, count() AS parts FROM system.parts WHERE active AND partition = "
            f"'{parts.FOLDED}' AND database = currentDatabase() GROUP BY table")
        merged = dict(zip(found["table"], map(int, found["parts"]), strict=True))
        assert merged["stored_entries"] < 8
        left = book.store.columns("SELECT table FROM system.parts WHERE NOT active AND table IN "
                                  "('runs', 'folds') AND database = currentDatabase()")
        assert list(left["table"]) == []    # nobody opens what was merged
        assert_holds(book, 12)
        assert list(find_changed_rows(book)) == []


def test_parts_are_merged_when_it_is_worth_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                             ) -> None:
    """They wait for others of their size, until they are a large one together; that one stays.

    Or a run that folds would write again what a hundred thousand runs before it wrote.
    """
    monkeypatch.setattr(parts, "RUNS_OF_A_FOLD", 1)
    monkeypatch.setattr(folding, "MERGED", 1)
    monkeypatch.setattr(folding, "_BYTES_OF_OPENING", 1)
    merged = list[str]()
    with open_book(str(tmp_path / "book")) as book:
        _add(book, 3)
        monkeypatch.setattr(book.store, "merge", merged.append)
        book.fold()
        assert "stored_entries" not in merged
        found = book.store.columns(
            "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active "
            "AND table = 'stored_entries' AND database = currentDatabase() "
            f"AND partition = '{parts.FOLDED}'")
        monkeypatch.setattr(folding, "LARGE_PART_BYTES", int(found["bytes"][0]))
        Folding(book).merge()
        assert "stored_entries" in merged
        merged.clear()
        monkeypatch.setattr(folding, "LARGE_PART_BYTES", 1)
        Folding(book).merge()
        assert merged == []
