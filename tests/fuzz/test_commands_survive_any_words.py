"""Whatever is typed: a command answers, or says in words what is wrong, and prints nothing evil."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clearing.cli import COMMANDS, FAULT, LazyGroup
from clearing.cli import onecard as group
from tests.cli.test_strangers_text_is_only_shown import EVIL, obeyed
from tests.fuzz.kept import CORPUS
from tests.run.command import onecard

# `make` runs these few; more are asked for by ONECARD_FUZZ.
FUZZ = settings(max_examples=int(os.environ.get("ONECARD_FUZZ", "200")), deadline=None,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
# These make a day of a million taps, or listen.
LEFT_OUT = {"demo", "serve"}
VALUES = st.sampled_from([
    "", " ", "-", "--", ".", "..", "/", "/dev/null", "/dev/zero", "0", "-1", "1", str(2**63),
    "9" * 400, "nan", "1e9", "2024-11-25", "2024-02-30", "0000-00-00", "9999-12-31", "demo", "x",
    "x" * 5000, "3105000020000000043/62", "3105/", "/1", "=1+1", "%s", "{0}", "$(id)", "`id`", "'",
    '"', "\\", "站", EVIL, "clickhouse://", "clickhouse://a:b/c@d/e", "x:*.csv",
    "2GiB", "cn:1", "*", "a=b", "taps.csv", "network", "book",
]) | st.binary(max_size=8).map(lambda word: os.fsdecode(word.replace(b"\0", b"")))


def commands_of(one: click.Command, words: tuple[str, ...] = ()
                ) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    if not isinstance(one, click.Group):
        yield words, one
        return
    context = click.Context(one)
    for name in one.list_commands(context):
        if name not in LEFT_OUT:
            below = one.get_command(context, name)
            assert below is not None
            yield from commands_of(below, (*words, name))


ALL = list(commands_of(group))


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A command with some of its options and any values, or with what is none of them."""
    words, one = draw(st.sampled_from(ALL))
    line = list(words)
    for option in one.params:
        if isinstance(option, click.Argument):
            line += draw(st.lists(VALUES, max_size=2))
        elif isinstance(option, click.Option) and draw(st.integers(0, 2)) == 0:
            line.append(draw(st.sampled_from(option.opts)))
            line += [] if option.is_flag else [draw(VALUES)]
    if draw(st.integers(0, 3)) == 0:
        line.insert(draw(st.integers(0, len(line))), draw(VALUES))
    return line


def test_every_command_is_tried() -> None:
    assert isinstance(group, LazyGroup)
    assert {words[0] for words, _ in ALL} == COMMANDS.keys() - LEFT_OUT


@FUZZ
@given(line=lines())
def test_any_words(line: list[str]) -> None:
    check(line)


@pytest.mark.parametrize("line", (CORPUS / "words.txt").read_text("utf-8").splitlines())
def test_words_that_are_kept(line: str) -> None:
    check(line.split())


def check(line: list[str]) -> None:
    """Give a command, which ends in words."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("taps.csv").write_text("card,card_seq\n", "utf-8")
        Path("network").mkdir()
        done = onecard(*line)
    assert done.code != FAULT, done.err
    assert done.code in (0, 1, 2), done
    assert "Traceback" not in done.err
    assert obeyed(done.out + done.err) == []
    assert done.code != 2 or done.err
