"""Whatever machine, disk and operator do wrong: exit code 2, words, and a whole book."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clearing.book import open_book
from network.errors import NotABook
from tests.run.command import (
    REPOSITORY,
    SCRIPT,
    accepted,
    contents,
    environment,
    onecard,
    process,
    refused,
    shown,
)

NETWORK = REPOSITORY / "examples" / "network"
TAPS = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))


@pytest.fixture
def cleared(tmp_path: Path) -> Path:
    """A book with one run."""
    book = tmp_path / "book"
    accepted("clear", TAPS[0], "--network", NETWORK, "--book", book)
    return book


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def locked(folder: Path) -> Path:
    path = folder / "secret.csv"
    path.write_bytes(TAPS[1].read_bytes())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read every file")
    return path


def long_name(folder: Path) -> Path:
    return folder / ("x" * 300)


def folder_itself(folder: Path) -> Path:
    return folder


def missing(folder: Path) -> Path:
    return folder / "nowhere" / "taps.csv"


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


@pytest.mark.parametrize("make", [pipe, locked, long_name, folder_itself, missing, loop],
                         ids=lambda make: make.__name__)
def test_what_is_no_file(make: Callable[[Path], Path], cleared: Path, tmp_path: Path) -> None:
    before = contents(cleared)
    path = make(tmp_path)
    done = refused("clear", TAPS[1], path, "--book", cleared)
    assert f"onecard: {path}: " in done.err
    assert contents(cleared) == before
    assert accepted("clear", TAPS[1], "--book", cleared).code == 0


def test_no_file_at_all(cleared: Path) -> None:
    assert "FILE" in refused("clear", "--book", cleared).err


@pytest.mark.parametrize(("memory", "words"), [
    ("1GiB", "1GiB is too little: 1280MiB at least"), ("2GB", "'2GB' is no size"),
    ("-1", "'-1' is no size"), ("", "nothing stands behind '--memory'")])
def test_memory_that_cannot_be_kept_to(memory: str, words: str, cleared: Path) -> None:
    assert words in refused("clear", TAPS[1], "--book", cleared, "--memory", memory).err


@pytest.mark.parametrize(("network", "words"), [
    ("nowhere", "no network 'nowhere'"), ("{}/empty", "no file"),
    ("{}/corrupt", "is not TOML"), ("{}/wrong", "unknown field"), ("{}/latin", "is not UTF-8"),
    ("{}/zone", "time zone"), ("{}/table", "is not TOML"), ("{}/folder", ""),
])
def test_a_network_that_cannot_be_used(network: str, words: str, tmp_path: Path) -> None:
    for name, file, content in (
            ("corrupt", "network.toml", b"network = \n"),
            ("wrong", "network.toml", b"colour = 1\n"),
            ("latin", "network.toml", b"network = \"\xff\"\n"),
            ("zone", "network.toml", b""), ("table", "haikou-bus.toml", b"[[[")):
        shutil.copytree(NETWORK, tmp_path / name)
        path = tmp_path / name / file
        if name == "zone":
            content = path.read_bytes().replace(b"Asia/Shanghai", b"Moon/Crater")
        path.write_bytes(content)
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder" / "network.toml").mkdir(parents=True)
    place = network.format(tmp_path)
    done = refused("clear", TAPS[0], "--network", place, "--book", tmp_path / "book")
    assert words in done.err
    with open_book(str(tmp_path / "book")) as opened:
        assert opened.runs() == []


def test_a_new_book_needs_a_network(tmp_path: Path) -> None:
    assert "--network" in refused("clear", TAPS[0], "--book", tmp_path / "book").err


def test_a_book_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no book")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").write_text("no book")
    for place, words in (("file", "this is a file"), ("full", "holds other things")):
        for command in (["clear", TAPS[0], "--network", NETWORK], ["show", "runs"], ["verify"],
                        ["settle", "--yes", "--window", "2024-11-25"], ["explain", "31/1"]):
            assert words in refused(*command, "--book", tmp_path / place).err
    assert (tmp_path / "file").read_text() == "no book"
    for command in (["show", "runs"], ["verify"], ["settle", "--yes", "--window", "2024-11-25"]):
        assert "there is no book here" in refused(*command, "--book", tmp_path / "none").err
    assert not (tmp_path / "none").exists()
    refused("show", "runs", "--book", "clickhouse://127.0.0.1:1/book")
    refused("show", "runs", "--book", "clickhouse://")


@pytest.mark.parametrize("words", [
    ("clear", "x.csv", "--network", "demo", "--book", ""), ("clear", "x.csv", "--book="),
    ("clear", "", "--network", "demo"), ("show", "runs", "--book", ""), ("",),
    ("settle", "--window", "2024-11-25", "--yes", "--out", "", "--book", "b"),
    ("clear", "x.csv", "--acknowledgements", ""), ("report", "day", "--html="),
])
def test_a_word_that_is_empty(words: tuple[str, ...], tmp_path: Path,
                              monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of a shell's script that was never set is not the folder that one stands in."""
    monkeypatch.chdir(tmp_path)
    done = refused(*words)
    assert "nothing stands behind" in done.err
    assert not list(tmp_path.iterdir())


def test_a_book_without_a_place() -> None:
    with pytest.raises(NotABook, match="left blank"):
        open_book("")


def test_a_book_of_a_newer_version(cleared: Path) -> None:
    with open_book(str(cleared)) as opened:
        opened.store.run("INSERT INTO book VALUES (99, 'onecard-clearing')")
    done = refused("clear", TAPS[1], "--book", cleared)
    assert "a newer version wrote this book: its schema is 99" in done.err
    assert "upgrade" in done.err


def test_a_second_process_is_kept_out(cleared: Path) -> None:
    with open_book(str(cleared)):
        done = refused("clear", TAPS[1], "--book", cleared, by=process)
        assert f"another process (number {os.getpid()}) has this book open" in done.err
        assert "wait until it ends" in done.err
    assert accepted("clear", TAPS[1], "--book", cleared).code == 0


def test_a_second_process_reads_what_is_committed(cleared: Path) -> None:
    with open_book(str(cleared)) as book:
        done = process("show", "runs", "--csv", "--book", cleared)
        assert len(done.out.splitlines()) == 1 + len(book.runs())
    assert "another process has this book open: it is read as after run 1" in done.err


def test_a_file_that_grows_while_it_is_read(cleared: Path, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    from clearing.intake import reader

    before, path = contents(cleared), tmp_path / "growing.csv"
    path.write_bytes(TAPS[1].read_bytes())
    detect = reader.detect_format

    def grow(*arguments: object) -> object:
        with path.open("ab") as file:
            file.write(b"more\n")
        return detect(*arguments)       # type: ignore[arg-type]

    monkeypatch.setattr(reader, "detect_format", grow)
    done = refused("clear", path, "--book", cleared)
    assert "changed while it was read" in done.err
    assert contents(cleared) == before


@pytest.mark.parametrize("window", ["yesterday", "2024-13-01", "9999-12-31", "1969-01-01",
                                    "2100-01-01", ""])
def test_a_window_that_is_none(window: str, cleared: Path) -> None:
    refused("settle", "--yes", "--window", window, "--book", cleared)
    assert [run["kind"] for run in shown("runs", cleared)] == ["clear"]


@pytest.mark.parametrize("ride", ["", "/", "31", "31/", "31/x", "31/²", "/1", "%/1", "31/1",
                                  "31/99999999999999999999"])
def test_a_ride_that_is_none(ride: str, cleared: Path) -> None:
    refused("explain", ride, "--book", cleared)


def test_options_that_are_none(cleared: Path) -> None:
    for arguments in (["show", "secrets"], ["show", "rides", "--card", "'; DROP TABLE runs"],
                      ["show", "rides", "--window", "1 OR 1"], ["clear", TAPS[1], "--threads", "0"],
                      ["clear", TAPS[1], "--layout", "../network"], ["verify", "--cards", "-1"],
                      ["shew"], ["show", "rides", "--run", "1; DROP TABLE runs"]):
        refused(*arguments, "--book", cleared)
    assert len(shown("runs", cleared)) == 1


def test_acknowledgements_that_cannot_be_written_are_written_the_next_time(
        cleared: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = refused("clear", TAPS[1], "--book", cleared, "--acknowledgements",
                   tmp_path / "file" / "folder")
    assert "run 2 is committed and stays so" in done.err
    acknowledgements = tmp_path / "acknowledgements"
    done = accepted("clear", TAPS[1], "--book", cleared, "--acknowledgements", acknowledgements)
    assert "acknowledgement of an earlier run" in done.out
    assert {path.name.split("-")[0] for path in acknowledgements.glob("*.ack.json")} == {
        "run", "nothing"}
    done = refused("settle", "--yes", "--window", "2024-11-25", "--book", cleared,
                   "--out", tmp_path / "file" / "folder")
    assert "is closed and stays so" in done.err
    out = tmp_path / "out"
    assert accepted("settle", "--window", "2024-11-25", "--book", cleared, "--out", out).code == 0
    assert (out / "positions.csv").exists()


def test_a_name_that_is_no_text(cleared: Path, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/taps \xff\x1b[31m\n" + b"x" * 200 + b".csv"
    Path(os.fsdecode(path)).write_bytes(TAPS[1].read_bytes())
    done = accepted("clear", os.fsdecode(path), "--book", cleared)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert shown("files", cleared)[-1]["name"].startswith("taps \\xff")


def test_ctrl_c_leaves_nothing_of_the_run(cleared: Path, tmp_path: Path) -> None:
    before = contents(cleared)
    script = ("import os, signal, clearing.engine.run as run; finish = run._finish\n"
              "def stop(*arguments):\n    os.kill(os.getpid(), signal.SIGINT)\n"
              "    return finish(*arguments)\n"
              "run._finish = stop\nfrom clearing.cli import main; main()")
    words = "clear", str(TAPS[1]), "--book", str(cleared)
    done = subprocess.run([sys.executable, "-c", script, *words],
                          env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 128 + signal.SIGINT, done
    assert done.stderr.strip() == "stopped; nothing of the unfinished run is in the book"
    assert contents(cleared) == before


def test_nobody_reads_on(cleared: Path) -> None:
    for command in (["show", "rides", "--csv"], ["show", "rides"], ["verify"]):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as gone:
            words = *command, "--book", str(cleared)
            done = subprocess.run([sys.executable, *SCRIPT, *words], env=environment(),
                                  stdout=gone, stderr=subprocess.PIPE, timeout=60)
        assert done.stderr == b""
        assert done.returncode == 128 + signal.SIGPIPE


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], capture_output=True,
        check=False).returncode == 0
    if not mounted:
        pytest.skip("mounting a small disk needs root, and a machine that allows it")
    yield place
    deadline = time.monotonic() + 10
    while subprocess.run(["umount", place], capture_output=True, check=False).returncode \
            and time.monotonic() < deadline:
        time.sleep(0.1)


def test_a_full_disk(small_disk: Path, two_days: list[list[Path]], undisturbed: list[str]) -> None:
    book, rest = small_disk / "book", small_disk / "rest"
    first, second = two_days
    done = process("clear", *first, "--network", "demo", "--book", book)
    assert done.code == 1, done
    before = contents(book)
    free = shutil.disk_usage(small_disk).free
    with rest.open("wb") as file:
        file.write(bytes(max(0, free - 60_000)))
    done = refused("clear", *second, "--book", book, by=process)
    assert "full" in done.err, done.err
    assert "make room" in done.err
    rest.unlink()
    assert contents(book) == before
    assert accepted("clear", *second, "--book", book).code == 1
    assert contents(book, with_refusals=False) == undisturbed[1]


def test_no_kernels(tmp_path: Path) -> None:
    for package in ("clearing", "fare_tables", "network", "settlement", "ext"):
        shutil.copytree(REPOSITORY / package, tmp_path / package,
                        ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    # Without `site`, whose hooks would find the kernels of an editable install all the same.
    packages = os.pathsep.join([str(tmp_path), *(path for path in sys.path if "site-" in path)])
    done = refused("clear", TAPS[0], "--network", NETWORK, "--book", tmp_path / "book",
                   by=lambda *words: process(*words, cwd=tmp_path, python=("-S",),
                                             env=environment(PYTHONPATH=packages)))
    assert "compiled kernels are missing" in done.err
    assert "build them" in done.err


def test_help_comes_before_everything(tmp_path: Path) -> None:
    assert onecard("--help").code == 0
    assert onecard("clear", "--help").code == 0
    assert "0.1" in onecard("--version").out
