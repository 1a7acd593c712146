"""What strangers wrote is shown: no terminal obeys it, no spreadsheet carries it out."""

from __future__ import annotations

import csv
import io
import os
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from clearing.book.address import parse_address
from clearing.cli import FAULT
from clearing.cli.output import print_csv
from clearing.cli.say import printable_lines
from network.cells import FORMULAS
from network.errors import NotABook
from tests.run.command import onecard, process, refused

# Writes to the clipboard (OSC 52), clears the screen, turns text around.
EVIL = "\x1b]52;c;Zm9v\x07\x1b[2J\u202e\x9b31m"


def obeyed(text: str) -> list[str]:
    return [sign for sign in text if not sign.isprintable() and sign != "\n"]


@pytest.mark.parametrize("words", [
    ("clear", f"a{EVIL}.csv", "--network", "demo", "--book", "book"),
    ("clear", "x.csv", "--network", f"no{EVIL}", "--book", "book"),
    ("clear", "x.csv", "--network", "demo", "--book", f"b{EVIL}/c"),
    ("explain", f"3105{EVIL}/1", "--book", "nothing"), (f"cl{EVIL}ear",), ("show", f"r{EVIL}"),
    ("clear", f"--{EVIL}"), ("tables", "check", f"n{EVIL}"), ("import-gtfs", EVIL),
    ("price", "--network", "demo", "--mode", EVIL), ("book", "restore", f"f{EVIL}"),
    ("settle", "--window", EVIL, "--book", "book"), ("held", "release", EVIL, "--by", EVIL),
])
def test_what_was_typed_is_not_obeyed(words: tuple[str, ...], tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = onecard(*words)
    assert done.code == 2, done
    assert obeyed(done.out + done.err) == []


def test_files_names_are_not_obeyed(tmp_path: Path) -> None:
    path = tmp_path / f"a{EVIL}.csv".replace("/", "")
    path.write_text("nothing\n")
    done = onecard("clear", path, "--network", "demo", "--book", tmp_path / "book")
    assert done.code == 1
    assert obeyed(done.out + done.err) == []
    assert "\\x1b]52;c;Zm9v" in done.out


def test_every_other_text_stays() -> None:
    text = "一 – 二\n3,00 ¥ 'x'"
    assert printable_lines(text) == text


@pytest.mark.parametrize("begin", [*FORMULAS, " =", "  @"])
def test_no_cell_begins_a_formula(begin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO(newline="")
    monkeypatch.setattr(sys, "stdout", out)
    print_csv(("code", "amount"), [(f"{begin}HYPERLINK(1)", -250), ("x", "a=b")])
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    [cell, amount], plain = rows[1:]
    assert (amount, plain) == ("-250", ["x", "a=b"])
    assert cell[0] in "'\\"
    assert cell.endswith("HYPERLINK(1)")


def test_a_fault_of_ours_says_what_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise KeyError("card 3105000020000000043 of li.wei2, 31050 00020 00000 0043, "
                       "ABCDEFGHIJKLMNOP, b'\\x31\\x05', 310-500-002, 李伟, code 7")

    monkeypatch.setattr("clearing.answers.session.open_session", fail)
    done = onecard("show", "runs", "--book", "x")
    assert done.code == FAULT == 70
    assert "send these lines to the maintainers" in done.err
    assert "KeyError" in done.err
    assert "code 7" in done.err
    assert "test_strangers_text_is_only_shown.py:" in done.err
    for secret in ("310500", "00020", "li.wei2", "ABCDEFG", "x31", "310-", "李伟"):
        assert secret not in done.err


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full"])
def test_what_never_ends_is_not_read(path: str, tmp_path: Path) -> None:
    for words in (("clear", path, "--network", "demo", "--book", tmp_path / "book"),
                  ("tables", "import-gtfs", path, tmp_path / "out")):
        done = process(*words)
        assert done.code in (1, 2), done
        assert "Traceback" not in done.err


@pytest.mark.parametrize("words", [
    ("describe", "{}"), ("convert", "{}"), ("layouts", "guess", "{}"), ("layouts", "try", "{}"),
    ("pay", "answer", "{}"), ("dispute", "read", "{}"), ("keys", "list", "{}"),
    ("keys", "seal", "{}", "sealed"), ("clear", "{}", "--keys", "{}"),
], ids=lambda words: " ".join(words[:2]))
def test_no_pipe_is_waited_for(words: tuple[str, ...], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = refused(*(word.format(tmp_path / "pipe") for word in words))
    assert "is no regular file; copy what it holds to a file first" in done.err


@pytest.mark.parametrize("words", [
    ("show", "runs"), ("book", "backup", "backups"), ("book", "restore", "{}"),
    ("book", "upgrade"), ("verify",), ("clear", "x.csv", "--network", "demo")])
@pytest.mark.parametrize("address", [
    "clickhouse://clerk:S3cr3t@127.0.0.1:1/x", "clickhouse://clerk:S3/cr3t@127.0.0.1:1/x",
    "clickhouse://clerk:S3@cr3t@127.0.0.1:1/x", "clickhouses://:S3cr3t@127.0.0.1:1/x",
    "clickhouse://clerk@127.0.0.1:1/x?password=S3cr3t"])
def test_no_password_of_an_address_is_printed(words: tuple[str, ...], address: str,
                                              tmp_path: Path) -> None:
    """Whichever command it was given to: also those that want a folder."""
    done = refused(*(word.format(tmp_path) for word in words), "--book", address)
    assert "cr3t" not in done.out + done.err


@pytest.mark.parametrize(("address", "terminal", "asked"), [
    ("clickhouse://clerk@127.0.0.1:1/x", True, True), ("clickhouse://127.0.0.1:1/x", True, False),
    ("clickhouse://clerk:own@127.0.0.1:1/x", True, False), ("book", True, False),
    ("clickhouse://clerk@127.0.0.1:1/x", False, False)])
def test_a_password_is_asked_for_where_somebody_can_be(
        address: str, terminal: bool, asked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []

    def record(book: str, *_: Any, **__: Any) -> None:
        given.append(book)
        raise NotABook("stopped here", where=book, remedy="say a word")

    monkeypatch.setattr("clearing.answers.session.open_session", record)
    monkeypatch.setattr("sys.stdin", mock.Mock(isatty=lambda: terminal))
    monkeypatch.setattr("click.prompt", lambda *_, **__: "S3/cr3t@")
    done = refused("show", "runs", "--book", address)
    assert ("S3" in given[0], "cr3t" in done.out + done.err) == (asked, False)
    if asked:
        assert parse_address(given[0]).password == "S3/cr3t@"


def test_a_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "the folder in which this was called is gone" in refused("show", "runs").err
