"""Kills the command at every step of a run, runs it again, and compares the books.

    python -m tests.run.killer LOCATION FOLDER STRIDE --- COMMAND ... --- COMMAND ...

LOCATION: books' location, with {} for their number. The first commands make a book ready, the one
before the last is killed, and run again, and followed by the last one. STRIDE: 1 tries every step,
3 every third; of steps of one kind the first, the middle and the last. One book sees the command
killed at every step before its commit, one after the other: whatever a killed run leaves, the next
one meets. Every step from the commit on has a book of its own: a copy of one that was made ready,
where books are folders. Prints a JSON object: the steps, and what differed from a book where
nothing was killed. Forks before chdb is imported, never after.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from clearing.answers.claimed import MARK
from clearing.book import open_book
from tests.run.command import contents, onecard

_BOOK = re.compile(rb'"book": "[0-9a-f]{64}",')      # whose answers they are: each is another one
# Books that are not of one step, by number.
READY, COUNTED, SHARED, UNDISTURBED = range(10_000, 10_004)

STEPS = {
    "clearing.engine.run": ("read_files", "judge_files", "raw_records"),
    "clearing.intake.intake:Intake": ("number_codes", "gather"),
    "clearing.book.book:Book": ("begin", "load_state", "records_since", "rides_since",
                                "find_records", "find_refusals"),
    "clearing.book.leftovers:Leftovers": ("set_apart", "drop"),
    "clearing.book.commit:OpenRun": (
        "write_entries", "write_records", "write_refusals", "write_flows", "write_state",
        "write_names", "write_files", "write_window", "conclude", "commit", "_complete_state",
        "_check_rows", "_totals"),
    "clearing.book.writer:TableWriter": ("finish",),
    # Tables are begun when they get rows, the commit row's as the last; tests/book goes deeper.
    # How many blocks a table gets is left to threads: a step is what every try takes as often.
    "clearing.book.embedded:EmbeddedStore": ("insert", "close"),
    "clearing.book.server:ServerStore": ("insert", "close"),
    "clearing.answers.acknowledgements:Answers": ("acknowledge", "_reject", "acknowledge_again"),
    "clearing.answers.statements": ("write_settlement", "_write"),
}


class Steps:
    """Counts steps, and kills the process before one of them."""

    def __init__(self, last: int) -> None:
        self.taken, self.last = list[str](), last
        self._lock = threading.Lock()       # several tables are ended side by side

    def wrap(self, owner: Any, name: str) -> None:
        """Make a function or method a step."""
        method: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(method)
        def step(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                self.taken.append(name)
                if len(self.taken) == self.last:
                    os.kill(os.getpid(), signal.SIGKILL)
            return method(*arguments, **named)

        setattr(owner, name, step)


def wrap_all(steps: Steps) -> None:
    """Make steps of all that touches files and books."""
    for place, names in STEPS.items():
        module, _, owner = place.partition(":")
        found: Any = importlib.import_module(module)
        found = getattr(found, owner) if owner else found
        for name in names:
            steps.wrap(found, name)


def warm_up() -> None:
    """Do once what every command would do again: import, and parse the network's tables."""
    for place in STEPS:
        importlib.import_module(place.partition(":")[0])
    from clearing.engine.context import load_context
    from network.names import Names

    load_context("demo", Names())
    assert len(os.listdir("/proc/self/task")) == 1, "a process of several threads cannot be forked"


def in_child(work: Callable[[], None]) -> int:
    """Do the work in a process of its own; how it ended, as os.waitpid says it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(9)
        os._exit(0)
    return os.waitpid(child, 0)[1]


class Trial:
    """The commands, and books to try them on."""

    def __init__(self, location: str, folder: Path, commands: list[list[str]]) -> None:
        self.location, self.folder = location, folder
        *self.before, self.killed, self.after = commands

    def run(self, command: list[str], number: int) -> None:
        """Run a command on a book; it must not be refused."""
        done = onecard(*command, *self._places(command, number))
        assert done.code in (0, 1), done

    def _places(self, command: list[str], number: int) -> list[str]:
        out = "--out" if command[0] == "settle" else "--acknowledgements"
        return ["--book", self.location.format(number), out, str(self.files(number))]

    def files(self, number: int) -> Path:
        """Where a book's acknowledgements or statements go."""
        return self.folder / f"files-{number}"

    def make_ready(self, number: int) -> None:
        """Do what comes before the command that is killed: on a book, or on one to copy."""
        if self.location.startswith("clickhouse://"):
            self._run_before(number)
            return
        if not self.before:
            return      # it makes the book itself
        if not self.files(READY).exists():
            self._run_before(READY)
        for ready, copy in ((self.location.format(READY), self.location.format(number)),
                            (self.files(READY), self.files(number))):
            shutil.copytree(ready, copy, symlinks=True)

    def _run_before(self, number: int) -> None:
        for command in self.before:
            self.run(command, number)

    def kill(self, book: int, step: int, *, fresh: bool) -> int:
        """Kill the command at this step, on a book that is made ready where it is fresh."""
        if fresh:
            assert in_child(lambda: self.make_ready(book)) == 0

        def work() -> None:
            steps = Steps(step)
            wrap_all(steps)
            self.run(self.killed, book)
            (self.folder / "steps").write_text(json.dumps(steps.taken))
        return in_child(work)

    def steps(self, book: int) -> list[str]:
        """The names of all steps, in order."""
        assert self.kill(book, 0, fresh=True) == 0
        names: list[str] = json.loads((self.folder / "steps").read_text())
        return names

    def outcome(self, number: int, *, killed: bool) -> list[str]:
        """What a book and its answer files hold after the same command and the next one."""
        if not killed:
            self.make_ready(number)
        # Open meanwhile: the embedded engine is slow to start and to stop.
        with open_book(self.location.format(number)):
            return self._outcome(number, killed)

    def _outcome(self, number: int, killed: bool) -> list[str]:
        done = onecard(*self.killed, *self._places(self.killed, number))
        committed = (done.code == 2 and "closed already" in done.err) or (
            "records, 0 accepted, " in done.out)
        assert done.code in (0, 1) or (committed and killed), done
        # A run that was committed before the kill leaves another one that took nothing.
        whole, again = not committed, f"run-{len(self.before) + 2}."
        first = contents(self.location.format(number), with_refusals=whole)
        answers = sorted(
            (path.name, _BOOK.sub(b"", path.read_bytes())) for path in self.files(number).iterdir()
            if not path.name.startswith((again, "nothing-", MARK)) and path.suffix != ".unfinished")
        self.run(self.after, number)
        second = contents(self.location.format(number), with_refusals=whole)
        return [first.split("\n[")[0], second.split("\n[")[0], str(answers),
                first if whole else "", second if whole else ""]


def main() -> None:
    """Kill, run again, compare."""
    location, folder, stride, *rest = sys.argv[1:]
    commands: list[list[str]] = []
    for word in rest:
        if word == "---":
            commands.append([])
        else:
            commands[-1].append(word)
    trial = Trial(location, Path(folder), commands)
    warm_up()
    print(json.dumps(try_all(trial, int(stride))))


def try_all(trial: Trial, stride: int) -> dict[str, Any]:
    """Kill, run again, compare."""
    names = trial.steps(COUNTED)
    # With the table that is begun as the last, the commit row is stored.
    committed = len(names) - names[::-1].index("insert") + 1
    early = _differing(names[:committed - 1])[::stride]
    # Of many files in a row the first and the last, since each needs a book of its own.
    late = [step for step in range(committed, len(names) + 1)
            if len({names[step - 1], *names[step - 2:step - 1], *names[step:step + 1]}) > 1
            ][::stride]
    ended = [trial.kill(SHARED, step, fresh=place == 0) for place, step in enumerate(early)]
    ended += [trial.kill(step, step, fresh=True) for step in late]
    faults = [f"step {step} ({names[step - 1]}) did not kill"
              for step, how in zip([*early, *late], ended, strict=True) if how != signal.SIGKILL]
    expected = trial.outcome(UNDISTURBED, killed=False)
    for book in [SHARED, *late]:
        where = f"after a kill before step {names[book - 1]}" if book in late else "after kills"
        try:
            found = trial.outcome(book, killed=True)
        except Exception as error:
            faults.append(f"{where}: {error!r}"[:1000])
            continue
        for name, one, other in zip(
                ("ledger", "next ledger", "answers", "book", "next book"), expected, found,
                strict=True):
            if other and one != other:
                faults.append(f"{where}: the {name} is another: {_first_difference(one, other)}")
    return {"steps": len(names), "committed": committed, "faults": faults}


def _differing(names: list[str]) -> list[int]:
    """Steps from 1 on, of a kind that comes again and again the first, the middle and the last."""
    places: dict[str, list[int]] = {}
    for step, name in enumerate(names, 1):
        places.setdefault(name, []).append(step)
    return sorted({own[place] for own in places.values()
                   for place in (0, len(own) // 2, len(own) - 1)})


def _first_difference(one: str, other: str) -> str:
    at = next((place for place, (left, right) in enumerate(zip(one, other, strict=False))
               if left != right), min(len(one), len(other)))
    return f"{one[max(0, at - 200):at + 100]!r} became {other[max(0, at - 200):at + 100]!r}"


if __name__ == "__main__":
    main()
