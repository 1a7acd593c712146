"""Limits and settings in which the embedded store cannot work: what is wanting, and what to do.

They are nobody's fault of ours, and not the book's: exit code 2, and the book is as it was.
"""

from __future__ import annotations

import resource
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from clearing import cli
from clearing.book import open_book
from clearing.book.faults import translate
from clearing.book.loading import load_store
from network.errors import BookUnavailable
from tests.run.command import REPOSITORY, environment, onecard, process, refused

NETWORK = REPOSITORY / "examples" / "network"
EXAMPLES = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))


def limited(monkeypatch: pytest.MonkeyPatch, which: int, soft: int, hard: int) -> list[Any]:
    """Let this process seem to have a limit; what it then sets."""
    real, found = resource.getrlimit, list[Any]()

    def set_limit(one: int, limits: tuple[int, int]) -> None:
        if limits[0] > hard:
            raise ValueError("not allowed to raise maximum limit")
        found.append((one, limits))

    monkeypatch.setattr(resource, "getrlimit",
                        lambda one: (soft, hard) if one == which else real(one))
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    return found


def test_few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, resource.RLIMIT_NOFILE, 40, 40)
    with pytest.raises(BookUnavailable, match=r"40 files open.*\n1024 at least\n.*ulimit -n 1024"):
        load_store()


def test_a_limit_that_may_be_raised_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found = limited(monkeypatch, resource.RLIMIT_NOFILE, 40, 4096)
    load_store()
    assert found == [(resource.RLIMIT_NOFILE, (1024, 4096))]


@pytest.mark.parametrize("limit", [1024, 524_288, resource.RLIM_INFINITY])
def test_enough_files(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    assert limited(monkeypatch, resource.RLIMIT_NOFILE, limit, limit) == []
    load_store()


def test_few_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, resource.RLIMIT_AS, 2 << 30, 2 << 30)
    with pytest.raises(BookUnavailable, match=r"2048 MB.*\n3072 MB at least.*\n.*unlimited"):
        load_store()


def test_no_command_begins_in_less_than_the_libraries_need(monkeypatch: pytest.MonkeyPatch
                                                           ) -> None:
    """They would end the process, with a code that means something else."""
    limited(monkeypatch, resource.RLIMIT_AS, 100 << 20, 100 << 20)
    told = onecard("tables", "list")
    assert (told.code, told.out) == (2, "")
    assert "may map 100 MB" in told.err
    assert "ulimit -v unlimited" in told.err


@pytest.mark.parametrize(("variable", "value", "found"), [
    ("TZ", "Nonsense/Zone", "TZ is 'Nonsense/Zone'"), ("TZ", "CST-8", "TZ is 'CST-8'"),
    ("TMPDIR", "/proc", "TMPDIR is '/proc'"), ("TZ", ":Asia/Shanghai", "does not load: import of"),
])
def test_settings_with_which_the_library_fails(monkeypatch: pytest.MonkeyPatch, variable: str,
                                               value: str, found: str) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)
    monkeypatch.setenv(variable, value)
    with pytest.raises(BookUnavailable, match=found) as told:
        load_store()
    assert told.value.remedy


def test_the_library_does_fail_with_them(tmp_path: Path) -> None:
    """And the command that met it says so."""
    told = refused("clear", *EXAMPLES, "--network", NETWORK, "--book", tmp_path / "book",
                   by=partial(process, env=environment(TZ="Nonsense/Zone", LANG="C")))
    assert "TZ is 'Nonsense/Zone'" in told.err


@pytest.mark.parametrize("words", [
    "Code: 573. DB::ErrnoException: Cannot open epoll descriptor: , errno: 24, strerror: Too many "
    "open files. (EPOLL_ERROR)",
    "Code: 1001. DB::Exception: std::exception. Code: 1001, type: std::bad_alloc",
    "Code: 439. DB::Exception: Cannot schedule a task: can't start new thread",
])
def test_what_the_store_lacks_later(words: str) -> None:
    told = translate(RuntimeError(words), "book")
    assert isinstance(told, BookUnavailable)
    assert "no more memory, threads or open files" in str(told)
    assert "ulimit -a" in str(told)


@pytest.mark.parametrize("error", [
    MemoryError(), OSError(24, "Too many open files"), OSError(11, "Resource temporarily "
                                                               "unavailable", "/tmp/x"),
    RuntimeError("can't start new thread"),
])
def test_what_the_command_lacks(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is met: it is told as what it is, and not as a fault of the program."""
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(cli.LazyGroup, "resolve_command", fail)
    told = onecard("show", "runs")
    assert told.code == 2
    assert "gets no more of what it asks for" in told.err
    assert "ulimit -a" in told.err


def test_files_that_may_not_grow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The store would write what fits, report success, and lose the run."""
    limited(monkeypatch, resource.RLIMIT_FSIZE, 65_536, 65_536)
    with pytest.raises(BookUnavailable, match="65536 bytes"):
        open_book(str(tmp_path / "book"))
    assert not (tmp_path / "book").exists()
