"""What is left out of a list is told; what does not apply, or is misspelt, is refused in words."""

from __future__ import annotations

import csv
import io

import pytest

from clearing.cli.say import width_of
from clearing.cli.show import TOPICS
from tests.cli.conftest import Demo
from tests.cli.terminal import on_terminal
from tests.run.command import accepted, environment, onecard, process, refused, shown

WIDTH = 80
MATTERS = {"rides": ("card", "card_seq", "paid", "variance", "late", "window"),
           "refusals": ("line", "code"), "bills": ("funder", "billed", "difference")}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_narrow_terminal_has_the_columns_that_matter(
        topic: str, demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    _, _, head, rule, *rows = on_terminal("show", topic, "--book", demo.book).splitlines()
    assert max(map(width_of, (head, rule))) <= WIDTH
    assert set(MATTERS.get(topic, ())) <= set(head.split())
    left_out, = [row for row in rows if row.startswith("not shown: ")] or [""]
    named = left_out.removeprefix("not shown: ").partition("; --wide")[0]
    every = accepted("show", topic, "--csv", "--book", demo.book).out.splitlines()[0].split(",")
    assert sorted([*head.split(), *filter(None, named.split(", "))]) == sorted(
        name for name in every if name != "card_id")


def test_every_column_is_shown_where_it_is_asked_for(demo: Demo, monkeypatch: pytest.MonkeyPatch
                                                     ) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    piped = accepted("show", "rides", "--book", demo.book).out.splitlines()
    wide = on_terminal("show", "rides", "--wide", "--book", demo.book)
    assert "not shown" not in wide
    assert wide.splitlines()[2].split() == piped[2].split()
    named = on_terminal("show", "rides", "--columns", "paid,card", "--book", demo.book)
    assert "not shown" not in named
    assert named.splitlines()[2].split() == ["paid", "card"]
    rows = list(csv.reader(io.StringIO(accepted(
        "show", "rides", "--csv", "--columns", "paid,card", "--cards", "full",
        "--book", demo.book).out)))
    assert rows[1:] == [[str(row["paid"]), row["card"]] for row in shown("rides", demo.book)]
    assert list(shown("rides", demo.book, "--columns", "window")[0]) == ["window"]


def test_a_pager_is_named_where_there_is_one(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "most")
    assert on_terminal("show", "rides", "--book", demo.book).endswith("a pager: | most\n")
    monkeypatch.delenv("PAGER")
    monkeypatch.setenv("PATH", "")
    assert on_terminal("show", "rides", "--book", demo.book).endswith("to a file: > FILE\n")


@pytest.mark.parametrize(("arguments", "words"), [
    (("show", "rides", "--columns", "piad"), "did you mean paid?"),
    (("show", "rides", "--columns", ","), "there is no column ''"),
    (("show", "rides", "--wide", "--csv"), "--wide does not apply with --csv"),
    (("show", "rides", "--wide", "--columns", "card"), "--wide does not apply with --columns"),
    (("show", "rids"), "did you mean rides?"),
    (("show", "secrets"), "expected one of rides, entries"),
    (("trace", "3104870503571386317/1", "--wide"), "apply where rides are listed"),
    (("shwo", "rides"), "did you mean show?"),
    (("help", "shwo"), "did you mean show?"),
    (("pay", "mak"), "No such command 'mak'"),
])
def test_what_is_misspelt_or_does_not_apply_is_refused(
        demo: Demo, arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(*arguments, "--book", demo.book).err


def test_help_and_version_are_found_where_they_are_looked_for() -> None:
    assert onecard("help", "pay", "make").out == onecard("pay", "make", "--help").out
    assert onecard("help").out == onecard("--help").out
    assert onecard("-V").out == onecard("--version").out


def test_a_shell_completes_words() -> None:
    for typed, number, word in (("onecard sh", 1, "show"), ("onecard show obl", 2, "obligations"),
                                ("onecard show rides --ca", 3, "--card")):
        done = process(env=environment(_ONECARD_COMPLETE="bash_complete", COMP_WORDS=typed,
                                       COMP_CWORD=str(number)))
        assert f"plain,{word}" in done.out.splitlines()


@pytest.mark.parametrize(("topic", "aside"), [
    ("runs", ["digest", "chain"]), ("files", ["sha256", "layout", "sender", "kept_in"]),
    ("refusals", ["offset", "reason"]), ("windows", ["completeness", "root"])])
def test_wide_columns_of_what_is_piped_are_told_beside_it(topic: str, aside: list[str], demo: Demo
                                                          ) -> None:
    whole = accepted("show", topic, "--wide", "--book", demo.book)
    done = onecard("show", topic, "--book", demo.book)
    columns, every = (told.out.splitlines()[2].split() for told in (done, whole))
    assert [name for name in every if name not in aside] == columns
    assert set(aside) <= set(every)
    assert len(done.out.splitlines()) == len(whole.out.splitlines())
    assert (done.err, whole.err) == (f"not shown: {', '.join(aside)}; --wide shows every column, "
                                     "--columns those named\n", "")
    assert max(map(width_of, done.out.splitlines())) < max(map(width_of, whole.out.splitlines()))
