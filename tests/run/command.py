"""The command as its users call it, and what a book holds afterwards, as text to compare."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from clearing.book import open_book
from clearing.cli import main

REPOSITORY = Path(__file__).parents[2]
SCRIPT = ("-c", "from clearing.cli import main; main()")
SECONDS = 60
WITH_CARDS = ("rides", "entries", "postings", "refusals", "clock-conflicts")


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def onecard(*arguments: str | Path) -> Outcome:
    """Run the command in this process: a book is open only as long as the command runs."""
    out, err = io.StringIO(), io.StringIO()
    with (mock.patch.object(sys, "argv", ["onecard", *map(str, arguments)]),
          contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    assert isinstance(code, int)
    return Outcome(code, out.getvalue(), err.getvalue())


def environment(**more: str) -> dict[str, str]:
    """What a process of its own needs to find the command."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **more}


def process(*arguments: str | Path, python: Sequence[str] = (), **options: Any) -> Outcome:
    """Run the command in a process of its own, `python` being options of the interpreter."""
    done = subprocess.run([sys.executable, *python, *SCRIPT, *map(str, arguments)],
                          capture_output=True, text=True,
                          encoding="utf-8", timeout=SECONDS,
                          **{"env": environment(), **options})
    return Outcome(done.returncode, done.stdout, done.stderr)


def accepted(*arguments: str | Path) -> Outcome:
    """Run a command that must end in 0 or 1, without a word on standard error."""
    done = onecard(*arguments)
    assert done.code in (0, 1), done
    assert done.err == "", done
    return done


def refused(*arguments: str | Path, by: Any = onecard) -> Outcome:
    """Run a command that must be refused as wrong use, in words."""
    done: Outcome = by(*arguments)
    assert done.code == 2, done
    assert done.err.startswith(("onecard: ", "Usage: ")), done.err
    assert "Traceback" not in done.err
    assert done.err.count("\n") >= 2, f"what to do is missing: {done.err}"
    return done


def shown(what: str, book: str | Path, *arguments: str) -> list[dict[str, Any]]:
    """Every row that `onecard show` lists, card numbers in full."""
    cards = ("--cards", "full") if what in WITH_CARDS else ()
    done = onecard("show", what, "--json", "--book", book, *cards, *arguments)
    assert done.code == 0, done
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


def codes_of(book: str | Path, run: int | None = None) -> list[str]:
    """The code of every refusal of a book, or of a run, and KNOWN for every copy, in order."""
    words = () if run is None else ("--run", str(run))
    known = sum(row["known"] for row in shown("files", book, *words))
    return sorted([*(row["code"] for row in shown("refusals", book, *words)), *["KNOWN"] * known])


def contents(book: str | Path, *, with_refusals: bool = True) -> str:
    """What a book holds that any way to the same clearing must share."""
    ledger = io.BytesIO()
    with open_book(str(book), create=False, read_only=True) as opened:
        opened.export(ledger)
        runs = opened.runs()
        posted = opened.query(
            "SELECT window, debtor, creditor, cause, sum(amount) AS owed, sum(count) AS counted "
            "FROM flows WHERE run IN (SELECT run FROM runs) "
            "GROUP BY window, debtor, creditor, cause HAVING owed != 0 OR counted != 0 "
            "ORDER BY window, debtor, creditor, cause")
        parts = [ledger.getvalue().decode(),
                 str([list(map(int, column)) for column in posted.values()]),
                 str((runs[-1].closed_through,))]
        if with_refusals:
            found = opened.query(
                "SELECT run, file, line, offset, code, field, hex(raw) AS raw FROM refusals "
                "WHERE run IN (SELECT run FROM runs) ORDER BY run, file, offset, line, code")
            parts += [str([list(map(str, column)) for column in found.values()]),
                      # But for when they ran, which the chain speaks of, too.
                      str([run._replace(started_at=0, finished_at=0, chain="") for run in runs])]
    return "\n".join(parts)


def write_csv(path: Path, rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Path:
    """A file of the engine's own format without a trailer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path
