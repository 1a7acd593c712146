"""The pages people read, taken apart: fenced blocks, commands with their output, tables.

A block is ```LANGUAGE FILE: with a file's name it is written to that file. A console block has
commands after `$ ` and what each prints; `…` stands for anything, alone on a line for any lines.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from clearing.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT).as_posix()
               for path in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "ext/README.md",
                            *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLAIN = re.compile(r"onecard [^|&;<>()$`\\*?\[\]#~={}!\n]+")      # where a shell only parts words
_ENTER = "import sys; from clearing.cli import main; main()"


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    file: str           # "": none
    text: str
    line: int           # of the page


class Command(NamedTuple):
    """A command and what it prints, as a page shows them."""

    command: str
    output: list[str]
    line: int


def read_page(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page, or of a section of it."""
    return [Block(found[1], found[2] or "", found[3], text.count("\n", 0, found.start()) + 1)
            for found in _FENCE.finditer(text)]


def sections_of(text: str, level: int = 2) -> dict[str, str]:
    """The sections of a page by heading, each with what stands under it."""
    mark = "#" * level + " "
    outside = _FENCE.sub(lambda found: re.sub(r"^#", "\\\\#", found[0], flags=re.MULTILINE), text)
    parts = re.split(rf"^{re.escape(mark)}(.+)$", outside, flags=re.MULTILINE)
    return {parts[at].strip(): parts[at + 1].replace("\\#", "#")
            for at in range(1, len(parts), 2)}


def commands_of(block: Block) -> Iterator[Command]:
    """The commands of a console block; a line that ends with a backslash goes on."""
    lines = block.text.splitlines()
    at = 0
    while at < len(lines):
        assert lines[at].startswith("$ "), f"line {block.line + at + 1}: no command"
        start, command = at, lines[at][2:]
        while command.endswith("\\"):
            at += 1
            command = command[:-1] + lines[at].lstrip()
        at += 1
        output = at
        while at < len(lines) and not lines[at].startswith("$ "):
            at += 1
        yield Command(command, lines[output:at], block.line + start + 1)


def first_cells(text: str, start: str = "| `") -> list[list[str]]:
    """The rows of Markdown tables whose line begins so, cell by cell."""
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in text.splitlines() if line.startswith(start)]


def quoted(text: str) -> list[str]:
    """What stands between backquotes."""
    return re.findall(r"`([^`]+)`", text)


def says_so(shown: Sequence[str], printed: str) -> bool:
    """Whether a command printed what a page shows; how many spaces stand in a row is left open."""
    def pattern(line: str) -> str:
        return ".*".join(map(re.escape, " ".join(line.split()).split("…"))) + r"\n"

    wanted = "".join(r"(?:.*\n)*?" if line.strip() == "…" else pattern(line)
                     for line in shown if line.strip())
    found = "".join(" ".join(line.split()) + "\n" for line in printed.splitlines() if line.strip())
    return re.fullmatch(wanted, found) is not None


class Shell:
    """A folder in which the commands of a page run, with `onecard` and `python` at hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "here"
        self.folder.mkdir()
        tools = folder / "tools"
        tools.mkdir()
        for name, start in (("onecard", f"-c '{_ENTER}'"), ("python", "")):
            (tools / name).write_text(f'#!/bin/sh\nexec {sys.executable} {start} "$@"\n')
            (tools / name).chmod(0o755)
        self._environment = os.environ | {
            "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8",
            "COLUMNS": "200"}

    def write(self, name: str, text: str) -> None:
        """Make a file that a page shows."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def run(self, command: str) -> str:
        """What a command prints, errors among it.

        One that needs no shell is run in this process: half of what it takes is to start another.
        """
        if _PLAIN.fullmatch(command):
            return self._run_here(shlex.split(command))
        done = subprocess.run(["sh", "-c", command], cwd=self.folder, env=self._environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        return done.stdout.decode("utf-8")

    def _run_here(self, words: list[str]) -> str:
        printed = io.StringIO()
        with (contextlib.chdir(self.folder), mock.patch.dict(os.environ, self._environment),
              mock.patch.object(sys, "argv", words), open(os.devnull) as nothing,
              mock.patch.object(sys, "stdin", nothing), contextlib.redirect_stdout(printed),
              contextlib.redirect_stderr(printed), contextlib.suppress(SystemExit)):
            main()
        return printed.getvalue()

    def follow(self, blocks: Sequence[Block], page: str) -> None:
        """Write the files of these blocks and run their commands, in order, as a reader would."""
        for block in blocks:
            if block.file:
                self.write(block.file, block.text)
            elif block.language == "console":
                for command, shown, line in commands_of(block):
                    printed = self.run(command)
                    assert says_so(shown, printed), (
                        f"{page}:{line}: $ {command}\nshould print\n" + "\n".join(shown)
                        + f"\nand prints\n{printed}")
