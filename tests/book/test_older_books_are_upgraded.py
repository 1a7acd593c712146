"""A book of every version that `onecard book upgrade` knows becomes one of today's, as it was.

`old/schema-14.tar.xz` was made by the version that wrote schema 14, commit a4dbcf0: `1.csv` cleared
by the network of `tests/cli/small`, 2024-11-25 settled, `2.csv` to `34.csv` cleared, a run each, so
that the first runs are folded. `35.csv` is for the run after the upgrade. `old/schema-15.tar.xz` is
the book alone: the same up to `10.csv`, by commit a25166a; so is
`old/schema-16.tar.xz`, by 7bd2d2f, and `old/schema-17.tar.xz`, by fdd8a66.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clearing.book import SCHEMA_VERSION, open_book, upgrade
from clearing.book.closed import closings, find_changed_windows
from clearing.book.commit import OpenRun
from clearing.book.integrity import find_changed_rows
from clearing.book.schema import ADDED
from ext.codes import Cause
from network.errors import BookLocked, BookTooOld, DiskFull
from network.names import Names
from tests.book import workload
from tests.book.beneath import change_rows
from tests.book.workload import add_run, commit
from tests.run.command import REPOSITORY, accepted, refused, shown, write_csv
from tests.run.test_arrival_does_not_matter import COLUMNS, owed, rides_of, tap

OLD = Path(__file__).parent / "old" / "schema-14.tar.xz"
SMALL = REPOSITORY / "tests" / "cli" / "small"
DAY = "2024-11-25"
CREDIT = """
[[promotion]]
rule = "last-month"
carried_credit = { accumulator = "month-paid", percent = 50, used = "credit" }
funders = [{ funder = "finance" }]

"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with the old book and its files."""
    with tarfile.open(OLD) as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path


def version_of(book: str | Path) -> int:
    with open_book(str(book), read_only=True, may_be_old=True) as opened:
        return opened.version()


def clear(book: Path, *paths: Path) -> None:
    accepted("clear", *paths, "--network", SMALL, "--book", book,
             "--acknowledgements", book.parent / "answers")


def settle(book: Path, day: str) -> None:
    accepted("settle", "--yes", "--empty", "--window", day, "--book", book,
             "--out", book.parent / f"settled-{book.name}-{day}")


@pytest.fixture(scope="module")
def anew(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a book of today's says that had the same files, in fewer runs."""
    folder = tmp_path_factory.mktemp("anew")
    with tarfile.open(OLD) as packed:
        packed.extractall(folder, filter="data")
    book = folder / "anew"
    with open_book(str(book)):
        clear(book, folder / "1.csv")
        settle(book, DAY)
        clear(book, *(folder / f"{number}.csv" for number in range(2, 36)))
        return {"said": said_by(book), "root": root_of(book)}


def said_by(book: Path) -> tuple[Any, Any]:
    """What stands, whichever window it was posted in, and who owes whom."""
    return rides_of(book), owed(book)


def root_of(book: Path) -> str:
    return next(row["root"] for row in shown("windows", book) if row["window"] == DAY)


def test_it_says_what_it_said_and_goes_on(old: Path, anew: dict[str, Any]) -> None:
    book = old / "book"
    said = refused("show", "runs", "--book", book).err
    assert "an older version wrote this book: its schema is 14" in said
    assert "onecard book upgrade" in said
    before = accepted("book", "upgrade", "--book", book).out
    assert before == (f"the book had schema 14, and has schema {SCHEMA_VERSION}; as it was, it is "
                      f"in {book}-schema-14\n")
    assert accepted("verify", "--all", "--book", book).code == 0
    assert root_of(book) == anew["root"]
    *_, last, upgraded = shown("runs", book)
    assert (last["run"], upgraded["run"], upgraded["kind"]) == (35, 36, "upgrade")
    clear(book, old / "35.csv")
    assert said_by(book) == anew["said"]
    assert accepted("verify", "--all", "--book", book).code == 0
    assert "there is nothing to do" in accepted("book", "upgrade", "--book", book).out
    # The copy is the old book: it comes back as it was, and can be upgraded itself.
    accepted("book", "check", f"{book}-schema-14")
    again = old / "again"
    accepted("book", "restore", f"{book}-schema-14", "--book", again)
    assert version_of(again) == 14
    accepted("book", "upgrade", "--book", again, "--copy", old / "elsewhere")
    assert [row["chain"] for row in shown("runs", again)][:35] == [
        row["chain"] for row in shown("runs", book)][:35]


def test_a_full_disk_costs_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = old / "book"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        assert "make room" in refused("book", "upgrade", "--book", book).err
    with monkeypatch.context() as patched:
        patched.setattr(OpenRun, "write_roots", lambda *_: (_ for _ in ()).throw(
            DiskFull("the disk of this book is full", remedy="make room and run it again")))
        assert "make room" in refused("book", "upgrade", "--book", book).err
    assert version_of(book) == 14
    accepted("book", "upgrade", "--book", book)
    assert accepted("verify", "--book", book).code == 0


@pytest.mark.parametrize("change", ["entries UPDATE paid = paid + 1", "runs UPDATE paid = 1"])
def test_a_damaged_book_is_not_upgraded(old: Path, change: str) -> None:
    book, (table, _, how) = old / "book", change.partition(" ")
    with open_book(str(book), may_be_old=True) as opened:
        name = table if table == "runs" else f"stored_{table}"
        change_rows(opened, name, f"{how} WHERE run = 34")
    said = refused("book", "upgrade", "--book", book).err
    assert "run 34" in said
    assert "nothing was upgraded" in said
    assert version_of(book) == 14
    assert not Path(f"{book}-schema-14").exists()


@pytest.mark.parametrize("version", [15, 16, 17])
def test_a_later_one_is_upgraded(tmp_path: Path, version: int) -> None:
    """Also where nothing came since it was upgraded itself: that copy was of an older one."""
    with tarfile.open(OLD.with_name(f"schema-{version}.tar.xz")) as packed:
        packed.extractall(tmp_path, filter="data")
    book = tmp_path / "book"
    with (open_book(str(book), may_be_old=True) as opened,
          opened.begin(digest="as from schema 14", kind="upgrade") as run):
        commit(run)
    assert f"the book had schema {version}" in accepted("book", "upgrade", "--book", book).out
    with open_book(str(book)) as opened:
        causes = opened.query("SELECT toInt64(max(toInt8(cause))) AS most FROM postings")
        assert max(Cause) >= int(causes["most"][0]) > 0
        chains = opened.query("SELECT toInt64(max(chain)) AS most FROM card_states")
        assert int(chains["most"][0]) == 0
        assert opened.archives() == []
        assert [run.kind for run in opened.runs()] == ["clear", "close", *["clear"] * 9,
                                                       "upgrade"]
        assert list(find_changed_rows(opened)) == []


def test_what_cards_had_paid_is_a_credit_afterwards(tmp_path: Path) -> None:
    """What was counted before the upgrade is carried into the month that comes after it."""
    with tarfile.open(OLD.with_name("schema-17.tar.xz")) as packed:
        packed.extractall(tmp_path, filter="data")
    book, network = tmp_path / "book", tmp_path / "network"
    shutil.copytree(SMALL, network)
    for name, old, new in (
            ("network.toml", "accumulator = [",
             'accumulator = [{ accumulator = "credit", counts = "credit" },'),
            ("bus-a.toml", "[[transfer]]", CREDIT + "[[transfer]]")):
        text = (network / name).read_text("utf-8")
        (network / name).write_text(text.replace(old, new, 1), "utf-8")
    accepted("book", "upgrade", "--book", book)
    paid = Counter[str]()
    for row in rides_of(book):
        paid[row["card"]] += row["paid"]
    card, most = paid.most_common(1)[0]
    assert most > 400
    row = {"card": card, **tap(99, "30 08:00", "bus-a")}
    row["tapped_at"] = "2024-12-02T08:00:00"
    accepted("clear", write_csv(tmp_path / "later.csv", [row], COLUMNS), "--network", network,
             "--book", book, "--acknowledgements", tmp_path / "answers")
    last = max(rides_of(book), key=lambda one: str(one["started_at"]))
    assert (last["card"], last["price"]) == (card, 0)
    said = accepted("explain", f"{card}/99", "--book", book).out
    assert f"{most // 200}.{most // 2 % 100:02} left of a credit" in said


def test_another_cause_is_another_schema() -> None:
    """The view `postings` names them all, and a book is refused whose view is another one."""
    assert {18: Cause.ACQUIRER_FEE}[SCHEMA_VERSION] == max(Cause)


def make_older(location: str, runs: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A book of so many runs as schema 14 had it; the chains of these."""
    with monkeypatch.context() as patched, open_book(location) as book:
        patched.setattr(OpenRun, "write_roots", lambda *_: None)
        patched.setattr(workload, "TOLD", [one for one in workload.TOLD if all(
            one.name not in names for names in ADDED.values())])
        chains = [add_run(book).chain for _ in range(runs)]
        for name in reversed([*ADDED[15], *ADDED[16], *ADDED[17]]):
            book.store.drop_table(name)
        book.store.run("TRUNCATE TABLE book")
        book.store.run("INSERT INTO book SELECT 14, 'onecard-clearing'")
    return chains


def assert_upgraded(location: str, chains: list[str]) -> None:
    """One run more than there were, and a root for every window that was closed."""
    with open_book(location) as book:
        *before, last = book.runs()
        assert [run.chain for run in before] == chains
        assert last.kind == "upgrade"
        assert list(find_changed_rows(book)) == []
        assert list(find_changed_windows(book, Names(book.names()), closings(book))) == []


def test_in_a_folder_and_on_a_server(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chains = make_older(location, 4, monkeypatch)
    with pytest.raises(BookTooOld, match="onecard book upgrade"):
        open_book(location)
    done = upgrade.upgrade(location)
    assert_upgraded(location, chains)
    assert upgrade.upgrade(location) == (SCHEMA_VERSION, "")
    if location.startswith("clickhouse"):
        with open_book(location) as book:
            for table in ("stored_entries", "stored_windows", "runs", "journal", "book"):
                copied, own = (book.store.columns(
                    f"SELECT count() AS rows FROM {name}")["rows"][0] for name in (
                        f"`{done.copy}`.{table}", table))
                assert int(copied) == int(own) - {
                    "runs": 1, "journal": 1, "book": SCHEMA_VERSION - 14}.get(table, 0)


@pytest.mark.parametrize("location", ["folder"], indirect=True)
def test_killed_at_every_step_it_goes_on(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chains = make_older(location, 2, monkeypatch)
    done = subprocess.run([sys.executable, "-m", "tests.book.killed_upgrade", location],
                          cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 2, "what was left to do for the last one"
    assert_upgraded(location, chains)
    again = f"{location}-again"
    accepted("book", "restore", f"{location}-schema-14", "--book", again)
    assert version_of(again) == 14


def test_a_run_that_came_meanwhile_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                            ) -> None:
    location = str(tmp_path / "book")
    make_older(location, 1, monkeypatch)

    def back_up(*_: object) -> None:
        with (open_book(location, may_be_old=True) as book,
              book.begin(digest="meanwhile", kind="clear") as run):
            commit(run)

    monkeypatch.setattr(upgrade, "back_up", back_up)
    with pytest.raises(BookLocked, match="a run was committed while the book was copied"):
        upgrade.upgrade(location)
    assert version_of(location) == 14
