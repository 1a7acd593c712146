"""`settle` shows what it closes, and closes nothing without a yes, without records, or elsewhere.

A window that was closed by mistake cannot be opened again; a book that two networks wrote into
says nothing true of either.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.run.command import (
    REPOSITORY,
    SCRIPT,
    accepted,
    contents,
    environment,
    onecard,
    refused,
    shown,
    write_csv,
)

NETWORK = REPOSITORY / "examples" / "network"
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "paid", "due", "medium")
BUS = {"operator": "hk-bus", "mode": "bus", "kind": "single", "stop": "龙华总站", "line": "19",
       "device": "P1", "device_seq": 1, "card": "3105000020000000035"}
DAY = "2024-11-25"


def clear(book: Path, folder: Path, *rows: dict[str, object]) -> None:
    path = write_csv(folder / f"taps-{len(list(folder.glob('taps-*')))}.csv", rows, COLUMNS)
    assert accepted("clear", path, "--network", NETWORK, "--book", book).code == 0


def tap(seq: int, day: str, **more: object) -> dict[str, object]:
    return {**BUS, "card_seq": seq, "tapped_at": f"{day}T08:00:00", **more}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two operators a day, of which one is missing on the day to close."""
    folder = tmp_path_factory.mktemp("week")
    with open_book(str(folder / "book")):
        clear(folder / "book", folder, tap(1, "2024-11-22"), tap(2, "2024-11-22"),
              tap(9, "2024-11-22", operator="zs-bus", card="3105000020000000027", stop="",
                  line=""))
        accepted("settle", "--yes", "--window", "2024-11-22", "--book", folder / "book")
        clear(folder / "book", folder, tap(3, DAY),
              tap(4, DAY, paid=500, due=500, medium="card"))
    return folder / "book"


@pytest.fixture
def week(tmp_path: Path, made: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "book", symlinks=True))


def closed(book: Path) -> list[str]:
    return [row["kind"] for row in shown("runs", book)].count("close") * ["close"]


def test_a_machine_is_told_to_say_yes(week: Path) -> None:
    before = contents(week)
    done = onecard("settle", "--window", DAY, "--book", week)
    assert done.code == 2
    assert "--yes" in done.err
    assert "window 2024-11-25 closes" in done.out
    assert contents(week) == before
    assert not (week / "settlement" / DAY).exists()
    accepted("settle", "--window", DAY, "--book", week, "--yes")
    assert (week / "settlement" / DAY).is_dir()


def test_what_closes_is_shown(week: Path) -> None:
    out = accepted("settle", "--yes", "--window", DAY, "--book", week).out
    shown_ = " ".join(out.split())
    assert "2024-11-25 2 hk-bus" in shown_
    assert "sent records lately, and none of these days" in shown_
    assert "zs-bus 2024-11-22 1" in shown_
    assert "open rides that end without an exit 0" in shown_
    assert "variances: validator less table 1 3.30" in shown_
    assert "uncollected: no record says what the validator took 1 1.70" in shown_


def on_a_terminal(answer: bytes, *words: str) -> tuple[int, str]:
    """Run the command with somebody at its standard input who gives one answer."""
    master, slave = pty.openpty()
    with subprocess.Popen([sys.executable, *SCRIPT, *words], stdin=slave, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=environment(), text=True) as process:
        os.write(master, answer + b"\n")
        out, _ = process.communicate(timeout=60)
    os.close(master)
    os.close(slave)
    return process.returncode, out


def test_people_are_asked(week: Path) -> None:
    before = contents(week)
    words = "settle", "--window", DAY, "--book", str(week)
    code, out = on_a_terminal(b"n", *words)
    assert (code, "close window 2024-11-25? [y/N]" in out) == (130, True), out
    assert contents(week) == before
    code, out = on_a_terminal(b"y", *words)
    assert code == 0, out
    assert closed(week) == ["close"] * 2


@pytest.mark.parametrize("day", ["2024-11-24", "2024-11-26"])
def test_a_day_without_records_is_named_as_empty(day: str, week: Path) -> None:
    """Also the one after the last record, whose files have not come yet."""
    done = refused("settle", "--yes", "--window", day, "--book", week)
    assert "the last one that has some is 2024-11-25" in done.err
    assert closed(week) == ["close"]
    accepted("settle", "--yes", "--empty", "--window", day, "--book", week)
    assert closed(week) == ["close"] * 2


def test_files_of_a_closed_window_are_written_again_without_a_question(week: Path) -> None:
    accepted("settle", "--yes", "--window", DAY, "--book", week)
    shutil.rmtree(week / "settlement")
    accepted("settle", "--window", DAY, "--book", week)
    assert (week / "settlement" / DAY / "positions.csv").is_file()


def other(folder: Path, code: str) -> Path:
    """The network under another code, in another folder."""
    shutil.copytree(NETWORK, folder)
    text = (folder / "network.toml").read_text("utf-8")
    own = next(line for line in text.splitlines() if line.startswith("network = "))
    (folder / "network.toml").write_text(text.replace(own, f'network = "{code}"'), "utf-8")
    return folder


@pytest.mark.parametrize("command", [["clear", "FILE"], ["settle", "--yes", "--window", DAY],
                                     ["show", "positions"], ["verify"],
                                     ["explain", "3105000020000000035/1"]], ids=lambda one: one[0])
def test_a_book_belongs_to_one_network(command: list[str], week: Path, tmp_path: Path) -> None:
    before = contents(week)
    path = write_csv(tmp_path / "more.csv", [tap(7, DAY)], COLUMNS)
    words = [str(path) if word == "FILE" else word for word in command]
    done = refused(*words, "--book", week, "--network", other(tmp_path / "other", "elsewhere"))
    assert "the network elsewhere" in done.err
    assert "belongs to it" in done.err
    assert contents(week) == before


def test_a_networks_folder_may_move(week: Path, tmp_path: Path) -> None:
    """And its tables may change: it is the same network by its own code."""
    moved = shutil.copytree(NETWORK, tmp_path / "moved")
    accepted("settle", "--yes", "--window", DAY, "--book", week, "--network", moved)
    assert closed(week) == ["close"] * 2


def test_a_run_of_which_no_file_is_taken_leaves_only_its_answer(week: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("no,header\n1,2\n")
    before, files = contents(week), shown("files", week)
    done = accepted("clear", bad, "--book", week)
    assert done.code == 1
    assert "nothing was taken: 1 record, 0 accepted" in done.out
    assert (contents(week), shown("files", week)) == (before, files)
    answer, = (week / "acknowledgements").glob("nothing-*.ack.json")
    assert '"run": null' in answer.read_text()
    assert '"HEADER_INVALID"' in answer.read_text()
    assert accepted("verify", "--all", "--book", week).code == 0


@pytest.mark.parametrize("location", ["folder", "server"])
def test_a_new_book_of_which_nothing_came_is_none(
        location: str, tmp_path: Path, request: pytest.FixtureRequest,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    book = str(tmp_path / "new" / "book")
    if location == "server":
        book = request.getfixturevalue("clickhouse_server").location("came_to_nothing")
    bad = tmp_path / "bad.csv"
    bad.write_text("no,header\n1,2\n")
    assert accepted("clear", bad, "--network", NETWORK, "--book", book).code == 1
    words = refused("show", "runs", "--book", book).err
    assert "there is no book here" in words or "the server has no database" in words
    refused("clear", bad, "--network", tmp_path / "nowhere", "--book", book)
    good = write_csv(tmp_path / "good.csv", [tap(1, DAY)], COLUMNS)
    assert accepted("clear", good, "--network", NETWORK, "--book", book).code == 0
    assert len(shown("runs", book)) == 1
    if location == "folder":        # the answer to the first one is still there
        assert len(list(Path(book, "acknowledgements").glob("*.ack.json"))) == 2
