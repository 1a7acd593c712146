"""Everything that is said to people and can be said in Chinese, found where it is declared.

Help is found in the tree of commands, click's own sentences in click, the rest in the source: what
is given to whatever prints it as a literal, alone or as a Phrase.
"""

from __future__ import annotations

import ast
import inspect
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
from network import errors
from network.language import HEADING
from network.refusals import WORDS
from tests.language.values import VALUES
from tests.tidy.source import ROOT, imports_of, list_files, name_of, text_of

PACKAGES = ("clearing", "fare_tables", "network", "settlement")
CLICK = (core, decorators, exceptions, formatting, parser, termui, types)
GETTEXT = ("_", "ngettext")
ERRORS = tuple(name for name, one in vars(errors).items()
               if isinstance(one, type) and issubclass(one, errors.OnecardError))
# What says its arguments, and which of them: by place or name.
SAYING: dict[str, tuple[int | str, ...]] = {
    **dict.fromkeys(ERRORS, (0, 1, 2, 3, "expected", "remedy")), "UsageError": (0,),
    # Of a fare table or a file of a network: what, and the remedy.
    **dict.fromkeys(("Finding", "find_at"), (2, 3)), "refuse_row": (3, 4), "refuse": (0, 1),
    **dict.fromkeys(("BadParameter", "fail", "say", "Phrase", "joined", "print_table", "Listing"),
                    (0,)),
}
HEADED: dict[str, tuple[int | str, ...]] = {
    "print_table": (1,), "Listing": (1,), "Section": (1,),
}


SEPARATORS = (", ", "; ")     # of what is joined


class Message(NamedTuple):
    """One sentence or word of English."""

    context: str            # as network.language tells meanings apart
    text: str


def collect() -> dict[Message, list[str]]:
    """Every message, each with the places that say it."""
    found: dict[Message, list[str]] = {}
    for message, place in (*_of_commands(), *_of_click(), *_of_source(), *_of_values()):
        if any(map(str.isalpha, message.text)) or message.text in SEPARATORS:
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
        to_programmers = {one for call in _calls(tree) if _name(call) in ("TypeError", "warn")
                          for one in _calls(call)}
        for call in _calls(tree):
            if _name(call) in GETTEXT and call not in to_programmers:
                for text in call.args:
                    if isinstance(text, ast.Constant):
                        yield Message("", str(text.value)), module.__name__


def _of_source() -> Iterator[tuple[Message, str]]:
    for path in list_files(*PACKAGES, suffixes=(".py",)):
        tree = ast.parse(text_of(path))
        place = name_of(path)
        for call in _calls(tree):
            if _name(call) == "say" and not place.startswith("clearing/cli/"):
                continue        # others call other things so
            if _name(call) == "Section" and not place.startswith("clearing/answers/reports/"):
                continue        # documents of a member are in its language, see documents/words.py
            for argument in _arguments(call, SAYING):
                yield from ((Message("", text), place) for text in literals_of(argument))
            for argument in _arguments(call, HEADED):
                yield from ((Message(HEADING, text), place)
                            for text in _headings(argument, path))
            for value in call.keywords if _name(call) == "Phrase" else ():
                yield from ((Message(str(value.arg), text), place)
                            for text in literals_of(value.value))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    """The name that is called, without what stands before it."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _arguments(call: ast.Call, which: dict[str, tuple[int | str, ...]]) -> Iterator[ast.expr]:
    """The arguments of a call that are said."""
    wanted = which.get(_name(call), ())
    yield from (argument for place, argument in enumerate(call.args) if place in wanted)
    yield from (keyword.value for keyword in call.keywords if keyword.arg in wanted)


def literals_of(node: ast.expr) -> Iterator[str]:
    """The texts that an argument can be, as far as they stand there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*literals_of(node.body), *literals_of(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in literals_of(value))


def list_unsayable() -> Iterator[str]:
    """Places where words are formatted before they are said, so that nobody can look them up."""
    for path in list_files(*PACKAGES, suffixes=(".py",)):
        for call in _calls(ast.parse(text_of(path))):
            for argument in _arguments(call, SAYING):
                if isinstance(argument, ast.JoinedStr) and any(
                        isinstance(part, ast.Constant) and any(map(str.isalpha, part.value))
                        for part in argument.values):
                    yield f"{name_of(path)}:{argument.lineno}"


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
