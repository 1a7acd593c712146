"""Ways of writing that have cost others money, each with what to write instead."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.tidy.source import PACKAGES, ROOT, list_files, name_of, text_of, tokens_of

Words = list[str]


class Ban(NamedTuple):
    """What is not written, where it is all the same, and what to write instead."""

    found: Callable[[Words, int], bool]     # do the tokens from this place on break the rule?
    instead: str
    allowed: tuple[str, ...] = ()           # paths, or folders with their slash


def sequence(*words: str) -> Callable[[Words, int], bool]:
    """These tokens, one after the other."""
    return lambda tokens, place: tuple(tokens[place:place + len(words)]) == words


def is_float(tokens: Words, place: int) -> bool:
    """A literal such as 0.5 or 1e9."""
    word = tokens[place].lower()
    return bool(re.fullmatch(r"(\d[\d_]*)?\.?\d[\d_]*\.?(e[+-]?\d+)?", word)
                and re.search(r"[.e]", word))


def is_module(name: str) -> Callable[[Words, int], bool]:
    """A module's attribute, where the module is not itself part of another."""
    return lambda tokens, place: (tokens[place:place + 2] == [name, "."]
                                  and (place == 0 or tokens[place - 1] != "."))


CLOCKS = ("clearing/cli/", "clearing/book/")
BANS = {
    "a float": Ban(sequence("float", "("), "whole minor units, or parts per million"),
    "a float literal": Ban(is_float, "whole minor units, or parts per million", (
        "clearing/book/folder.py",          # seconds to wait for a lock
        "clearing/book/server_lock.py",     # the same
        "clearing/book/snapshot.py",        # seconds between attempts
    )),
    "Decimal": Ban(sequence("Decimal", "("), "whole minor units, or fractions.Fraction"),
    "the clock, as now": Ban(sequence("datetime", ".", "now"), "a time that the caller brings",
                             CLOCKS),
    "the clock, as utcnow": Ban(sequence("utcnow"), "a time that the caller brings"),
    "the clock, as today": Ban(sequence("today", "(", ")"), "a time that the caller brings"),
    "the clock, as time": Ban(sequence("time", ".", "time", "(", ")"),
                              "a time that the caller brings", CLOCKS),
    "echo": Ban(sequence("click", ".", "echo"), "say() of clearing/cli/say.py, which a terminal "
                "shows and does not obey", ("clearing/cli/say.py",)),
    "chance": Ban(is_module("random"), "numpy.random.PCG64 with a seed that the caller brings"),
    "print": Ban(sequence("print", "("), "an exception, or say() in clearing/cli",
                 ("clearing/cli/",)),
    "overflowcheck": Ban(sequence("overflowcheck"), "ext/checked.pxd: it crashes without the GIL"),
    "cdivision": Ban(sequence("cdivision"), "Python's division: 1 // 0 kills the process"),
    "a bare except": Ban(sequence("except", ":"), "the exceptions that can be dealt with"),
    "except *": Ban(sequence("except", "*"), "an error value, such as `except -1`"),
    "DEF": Ban(sequence("DEF"), "an anonymous cdef enum"),
    "include": Ban(lambda tokens, place: tokens[place] == "include"
                   and tokens[place + 1:place + 2] != [] and tokens[place + 1][0] in "'\"",
                   "cimport"),
}


def places(path: Path, ban: Ban) -> list[int]:
    """The lines that break a rule; comments and texts do not count."""
    tokens = [token for token in tokens_of(path) if token.type != tokenize.COMMENT]
    words = [token.string for token in tokens]
    return [tokens[place].start[0] for place in range(len(words)) if ban.found(words, place)]


@pytest.mark.parametrize("what", BANS)
def test_a_banned_thing_is_not_written(what: str) -> None:
    ban = BANS[what]
    wrong = [f"{name_of(path)}:{line}" for path in list_files(*PACKAGES)
             if not name_of(path).startswith(ban.allowed or ("-",)) for line in places(path, ban)]
    assert not wrong, f"{what} in {', '.join(wrong)}: write {ban.instead}"


@pytest.mark.parametrize(("what", "allowed"), [
    (what, path) for what, ban in BANS.items() for path in ban.allowed if path.endswith(".py")])
def test_what_is_allowed_is_still_needed(what: str, allowed: str) -> None:
    """The list of exceptions may only shrink."""
    assert places(ROOT / allowed, BANS[what]), f"{allowed} has no {what} any more: leave it out"


@pytest.mark.parametrize(("what", "text", "breaks"), [
    ("a float", "x = float(y)", True),
    ("a float", "x: float = y", False),
    ("a float literal", "x = 0.5", True),
    ("a float literal", "x = 1e9", True),
    ("a float literal", "x = 0x1E9 + 10_000", False),
    ("a float literal", "x = 1.", True),
    ("the clock, as time", "x = datetime.time()", False),
    ("chance", "np.random.PCG64(1)", False),
    ("chance", "random.random()", True),
    ("a bare except", "try:\n    pass\nexcept:\n    pass", True),
    ("a bare except", "cdef f() noexcept: pass", False),
    ("except *", "cdef void f() except *: pass", True),
    ("print", "# print(x)", False),
    ("include", 'include "x.pxi"', True),
])
def test_the_rules_find_what_they_are_for(tmp_path: Path, what: str, text: str,
                                          breaks: bool) -> None:
    path = tmp_path / "some.pyx"
    path.write_text(text + "\n", "utf-8")
    assert bool(places(path, BANS[what])) == breaks


@pytest.mark.parametrize("path", list_files(), ids=name_of)
def test_nothing_is_left_for_later(path: Path) -> None:
    """What is not done stands in an issue, not in a comment; no file sets its own directives."""
    words = "|".join(("FIX" + "ME", "TO" + "DO", "XX" + "X", "HA" + "CK"))
    for place, line in enumerate(text_of(path).splitlines(), 1):
        assert not re.search(rf"\b({words})\b", line), f"line {place}: do it, or open an issue"
        assert not re.match(r"#\s*cython:", line), f"line {place}: directives are in setup.py"
