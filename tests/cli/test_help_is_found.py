"""Help is where somebody looks for it: behind any word order, as a manual page, after a slip."""

from __future__ import annotations

import re

import click
import pytest

from clearing.cli import COMMANDS, onecard
from tests.run.command import accepted, refused


def test_a_manual_page_has_every_command_and_option() -> None:
    page = accepted("man").out
    plain = page.replace(r"\-", "-")
    assert plain.startswith('.TH ONECARD 1 ""')
    for name in COMMANDS:
        assert f'.SH "onecard {name}"' in plain
        command = onecard.get_command(click.Context(onecard), name)     # type: ignore[arg-type]
        assert command is not None
        for option in command.params:
            assert option.opts[-1].removeprefix("--") in plain
    assert '.SH "onecard tables check"' in plain    # and those below
    requests = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".nf", ".fi"}
    assert "清分" in accepted("--lang", "zh", "man").out


@pytest.mark.parametrize("words", [
    ("--help", "--lang", "zh"), ("show", "--help", "--lang", "zh"),
    ("help", "show", "--lang", "zh"),
    ("--lang", "zh", "show", "--help"),
])
def test_the_language_can_stand_anywhere(words: tuple[str, ...]) -> None:
    assert re.match("用法: onecard", accepted(*words).out)


@pytest.mark.parametrize(("words", "told"), [
    (("shwo",), "there is no command 'shwo'; did you mean show?"),
    (("xyzzy",), "there is no command 'xyzzy'; `onecard --help` lists them"),
    (("show", "rids"), "to list; did you mean rides?"),
    (("show", "xyzzy"), "to list; look at `onecard show --help`"),
    (("--lang", "fr", "show"), "'fr' is not one of"),
    (("show", "rides", "--lang"), "--lang"),
])
def test_a_slip_is_told_what_was_meant(words: tuple[str, ...], told: str) -> None:
    assert told in refused(*words).err
