"""Every sender has its answer: the first one too, and where it was lost, or the command stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.run.command import accepted, environment, onecard, refused, write_csv
from tests.run.test_records_are_judged_over_runs import COLUMNS, FS, bus

GOOD = bus(1, "2024-11-25T08:00:00")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """A new book, open meanwhile."""
    with open_book(str(tmp_path / "book")):
        yield tmp_path / "book"


def clear(book: Path, name: str, *rows: dict[str, object]) -> str:
    path = write_csv(book.parent / name, rows, COLUMNS)
    return accepted("clear", path, "--network", "demo", "--book", book).out


def answers(book: Path) -> dict[str, bytes]:
    """Every file that senders get back, by its name."""
    return {path.name: path.read_bytes() for path in (book / "acknowledgements").iterdir()
            if not path.name.startswith(".")}


def test_a_first_sender_is_told_what_came_of_its_record(book: Path) -> None:
    """A conflict in a later run is of both files: each sender gets its own record back."""
    clear(book, "first.csv", bus(7, "2024-11-25T07:00:00", card=FS), GOOD)
    out = clear(book, "later.csv", {**GOOD, "device": "B2"})
    assert "records of earlier runs' files, refused by now: 1;" in out
    told = json.loads(answers(book)["run-2.ack.json"])
    earlier, = told["earlier_files"]
    assert (earlier["name"], earlier["run"], earlier["refused"]) == ("first.csv", 1, 1)
    assert told["refusals"] == {"CONFLICT": 2}
    header, record = answers(book)[earlier["reject_file"]].decode().splitlines()
    assert header.endswith(",x_code,x_reason")
    assert record.startswith(",".join(str(GOOD.get(name, "")) for name in COLUMNS) + ",CONFLICT,")
    assert "line 3: " in record
    path = book / "acknowledgements" / earlier["reject_file"]
    given_again = onecard("clear", path, "--book", book)
    assert "1 record, 0 accepted, 1 refused" in given_again.out       # by now it is no news
    assert json.loads(answers(book)["run-3.ack.json"])["earlier_files"] == []


def test_answers_that_were_lost_are_written_again_without_the_files(book: Path) -> None:
    clear(book, "first.csv", GOOD, bus(2, "never"))
    clear(book, "later.csv", {**GOOD, "device": "B2"}, bus(3, "never"))
    for path in book.parent.glob("*.csv"):
        path.unlink()
    before = answers(book)
    assert len(before) == 5                 # two acknowledgements, and three reject files
    again = ("book", "acknowledge", "--book", book)
    assert accepted(*again).out == "no acknowledgement is missing\n"
    for name in before:
        (book / "acknowledgements" / name).unlink()
    assert accepted(*again).out.count("acknowledgement: ") == 2
    assert answers(book) == before
    (book / "acknowledgements" / "run-2.ack.json").unlink()
    assert "run-2.ack.json" in accepted(*again, "--run", "2").out
    assert answers(book) == before
    assert "no run 3 has cleared files" in refused(*again, "--run", "3").err


@pytest.mark.parametrize(("stopped_in", "told"), [
    ("clearing.answers.acknowledgements.claim_folder", "stopped; run 1 is committed and stays so"),
    ("clearing.engine.run._finish", "stopped; nothing of the unfinished run is in the book"),
])
def test_ctrl_c_says_what_is_in_the_book(tmp_path: Path, stopped_in: str, told: str) -> None:
    module, _, name = stopped_in.rpartition(".")
    script = (f"import signal, {module} as module\n"
              f"def stop(*arguments):\n    signal.raise_signal(signal.SIGINT)\n"
              f"module.{name} = stop\nfrom clearing.cli import main; main()")
    path = write_csv(tmp_path / "first.csv", [GOOD], COLUMNS)
    done = subprocess.run([sys.executable, "-c", script, "clear", path, "--network", "demo",
                           "--book", tmp_path / "book"], env=environment(), capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 128 + signal.SIGINT, done
    assert done.stderr.strip() == told
