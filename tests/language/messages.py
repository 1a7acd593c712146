"""Everything that is said to people and can be said in Chinese, found where it is declared.

Help is found in the tree of commands, click's own sentences in click, the rest in the source: what
is given to whatever prints it as a literal, alone or as a Phrase.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
from click import core, decorators, exceptions, formatting, parser, termui, types

from clearing.cli import COMMANDS, onecard
from clearing.cli.init import QUESTIONS
from clearing.cli.pages import KEPT, first_sentence, paragraphs_of
from clearing.cli.tables import ELSEWHERE
from network.language import HEADING
from network.refusals import WORDS
from tests.language.sayers import calls_in, list_said, name_called
from tests.language.values import VALUES
from tests.tidy.source import ROOT, imports_of, list_files, name_of, text_of

PACKAGES = ("clearing", "fare_tables", "network", "settlement")
CLICK = (core, decorators, exceptions, formatting, parser, termui, types)
GETTEXT = ("_", "ngettext")
HEADED: dict[str, tuple[int | str, ...]] = {
    "print_table": (1,), "Listing": (1,), "Section": (1,),
}


SEPARATORS = (", ", "; ", ": ")     # of what is joined
KEYS = ("key", "table", "part", "pager", "list",
        "runs")        # values that are written as files have them
REPORTS = "clearing/answers/reports/"


class Message(NamedTuple):
    """One sentence or word of English."""

    context: str            # as network.language tells meanings apart
    text: str


def collect() -> dict[Message, list[str]]:
    """Every message, each with the places that say it."""
    found: dict[Message, list[str]] = {}
    for message, place in (*_of_commands(), *_of_click(), *_of_source(), *_of_values()):
        words = re.sub(r"^--[a-z-]+$", "", message.text)
        if (message.context not in KEYS and any(map(str.isalpha, words))) or words in SEPARATORS:
            found.setdefault(message, []).append(place)
    return found


def _of_commands() -> Iterator[tuple[Message, str]]:
    for text in (*COMMANDS.values(), *QUESTIONS.values(),
                 *(said for _, said in ELSEWHERE.values())):
        yield Message("", text), "clearing/cli/__init__.py"
    for name, command in walk(onecard, "onecard"):
        for text in _of_help(inspect.cleandoc(command.help or "")):
            yield Message("", text), name
        if name != "onecard":
            yield Message("", f"{first_sentence(command.help or '')}."), name
        for option in command.params:
            if isinstance(option, click.Option):
                yield Message("", option.help or ""), name
                if isinstance(option.show_default, str):
                    yield Message("", option.show_default), name


def _of_values() -> Iterator[tuple[Message, str]]:
    """Reasons of refusals, and the words that columns and phrases can have as values."""
    yield from ((Message("", text), "network/refusals.py") for text in WORDS.values())
    for context, words in VALUES.items():
        yield from ((Message(context, word), "tests/language/values.py") for word in words)


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, by what people write."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from walk(found, f"{name} {below}")


def _of_help(text: str) -> Iterator[str]:
    """Paragraphs; of what stays as it is only lines that are no example."""
    for paragraph in paragraphs_of(text):
        if paragraph.startswith(KEPT):
            lines = paragraph.removeprefix(KEPT).split("\n")
            yield from (line for line in lines if not line.startswith(" "))
        else:
            yield paragraph


def _of_click() -> Iterator[tuple[Message, str]]:
    for module in CLICK:
        tree = ast.parse(inspect.getsource(module))
        to_programmers = {one for call in calls_in(tree) if name_called(call) in ("TypeError",
                                                                                  "warn")
                          for one in calls_in(call)}
        for call in calls_in(tree):
            if name_called(call) in GETTEXT and call not in to_programmers:
                for text in call.args:
                    if isinstance(text, ast.Constant):
                        yield Message("", str(text.value)), module.__name__


def _of_source() -> Iterator[tuple[Message, str]]:
    for path in list_files(*PACKAGES, suffixes=(".py",)):
        place = name_of(path)
        for said in list_said(path):
            if isinstance(said.words, ast.Constant) and isinstance(said.words.value, str):
                yield Message(said.context, said.words.value), place
        for call in calls_in(ast.parse(text_of(path))):
            if name_called(call) == "Section" and not place.startswith(REPORTS):
                continue        # documents of a member are in its language, see documents/words.py
            yield from ((Message(HEADING, text), place)
                        for argument in _headed(call) for text in _headings(argument, path))


def _headed(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that stand above columns."""
    wanted = HEADED.get(name_called(call), ())
    yield from (argument for place, argument in enumerate(call.args) if place in wanted)
    yield from (keyword.value for keyword in call.keywords if keyword.arg in wanted)


def list_unsayable() -> Iterator[str]:
    """Places where words are formatted before they are said, so that nobody can look them up."""
    for path in list_files(*PACKAGES, suffixes=(".py",)):
        for said in list_said(path):
            if isinstance(said.words, ast.JoinedStr | ast.BinOp) and _has_words(said.words):
                yield f"{name_of(path)}:{said.words.lineno}"


def _has_words(node: ast.AST) -> bool:
    """Whether words are put together here: more than options, and than a key with its value."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and (_has_words(node.left) or _has_words(node.right))
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = (str(part.value) for part in parts if isinstance(part, ast.Constant))
    return re.search("[a-z]", re.sub(r"--[a-z-]*|\w+ = ", "", "".join(texts))) is not None


def _headings(node: ast.expr, path: Path) -> Iterator[str]:
    """The columns of a table: as they stand, by a constant's name, or the fields of a class."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Tuple | ast.List):
        for one in node.elts:
            yield from _headings(one, path)
    elif isinstance(node, ast.Starred | ast.Subscript):
        yield from _headings(node.value, path)
    elif isinstance(node, ast.Name | ast.Attribute):
        yield from _headings_by_name(node, path)


def _headings_by_name(node: ast.Name | ast.Attribute, path: Path) -> Iterator[str]:
    """Those of a tuple with a name, of this file or of one that it imports."""
    if isinstance(node, ast.Attribute) and node.attr == "_fields":
        yield from _fields()[ast.unparse(node.value).rpartition(".")[2]]
        return
    name = node.id if isinstance(node, ast.Name) else node.attr
    home = next((one for one in (path, *_imported(path)) if name in _tuples(one)), None)
    for value in _tuples(home)[name] if home else ():
        yield from _headings(value, home or path)


@cache
def _tuples(path: Path) -> dict[str, list[ast.expr]]:
    """What names of a file are given that are tuples, inside functions or not."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(ast.parse(text_of(path))):
        if (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                and isinstance(node.value, ast.Tuple)):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return found


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """The files of ours that a file imports."""
    places = (ROOT / f"{one.module.replace('.', '/')}.py" for one in imports_of(path))
    return tuple(dict.fromkeys(place for place in places if place.exists()))


@cache
def _fields() -> dict[str, list[str]]:
    """The fields of every class, by its name."""
    return {node.name: [one.target.id for one in node.body if isinstance(one, ast.AnnAssign)
                        and isinstance(one.target, ast.Name)]
            for path in list_files(*PACKAGES, suffixes=(".py",))
            for node in ast.walk(ast.parse(text_of(path))) if isinstance(node, ast.ClassDef)}
