"""Which arguments of which calls are said, and what stands there.

Errors and printers say theirs; so does a function of the same file that hands its own on to them,
and so does a local name that was given its words a line before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from network import errors
from tests.tidy.source import name_of, text_of

ERRORS = tuple(name for name, one in vars(errors).items()
               if isinstance(one, type) and issubclass(one, errors.OnecardError))
PARTS = (0, 1, 2, 3, "expected", "remedy", "where")
# What says its arguments, and which of them: by place or name.
SAYING: dict[str, tuple[int | str, ...]] = {
    **dict.fromkeys(ERRORS, PARTS), "UsageError": (0,),
    # Of a fare table or a file of a network: what, and the remedy.
    **dict.fromkeys(("Finding", "find_at"), (2, 3)), "refuse_row": (3, 4), "refuse": (0, 1),
    # Of a step of a dispute, and of a bank's answer.
    "Refused": (1, 2, 3), **dict.fromkeys(("FileRefused", "NotText"), (1,)),
    **dict.fromkeys(("BadLength", "HeaderInvalid"), (0,)), "hold": (2,),
    **dict.fromkeys(("_Unreadable", "Fault"), (1, 2)),
    **dict.fromkeys(("BadParameter", "fail", "say", "Phrase", "joined", "print_table", "Listing"),
                    (0,)),
}


class Said(NamedTuple):
    """An argument that is said, or a value in what is said."""

    context: str            # "", or the name of the value
    words: ast.expr


Arguments = dict[int | str, str]        # which, with their context


def calls_in(tree: ast.AST) -> Iterator[ast.Call]:
    """All calls in a piece of source."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_called(call: ast.Call) -> str:
    """The name that is called, without what stands before it."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def choices_of(node: ast.expr) -> Iterator[ast.expr]:
    """What an argument can be: both sides of an `if`, each of an `or`."""
    if isinstance(node, ast.IfExp):
        yield from (*choices_of(node.body), *choices_of(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from choices_of(value)
    else:
        yield node


@cache
def list_said(path: Path) -> tuple[Said, ...]:
    """All that a file says, in its calls and in the names that these are given."""
    tree = ast.parse(text_of(path))
    if not name_of(path).startswith("clearing/cli/"):
        known = {name: dict.fromkeys(which, "") for name, which in SAYING.items()}
        known["say"] = {3: ""}      # a notice: its code, file and row, and what it says
    else:
        known = {name: dict.fromkeys(which, "") for name, which in SAYING.items()}
    known |= _handing_on(tree, known)
    return tuple(said for function in [tree, *_functions(tree)]
                 for said in _said_by(function, known))


def _functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _said_by(scope: ast.AST, known: Mapping[str, Arguments]) -> Iterator[Said]:
    """What a module says in its calls; what a function says in those of its names."""
    given = _given(scope) if isinstance(scope, ast.FunctionDef) else {}
    for call in calls_in(scope):
        for context, argument in _arguments(call, known):
            for one in choices_of(argument):
                if isinstance(scope, ast.Module):
                    yield Said(context, one)
                elif isinstance(one, ast.Name):
                    yield from (Said(context, value) for words in given.get(one.id, ())
                                for value in choices_of(words))


def _arguments(call: ast.Call, known: Mapping[str, Arguments]) -> Iterator[tuple[str, ast.expr]]:
    """The arguments of a call that are said, with their context; of a Phrase its values, too."""
    wanted = known.get(name_called(call), {})
    yield from ((wanted[place], one) for place, one in enumerate(call.args) if place in wanted)
    for keyword in call.keywords:
        if keyword.arg in wanted:
            yield wanted[keyword.arg], keyword.value
        elif name_called(call) == "Phrase" and keyword.arg:
            yield keyword.arg, keyword.value


def _given(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """What a function gives its names, in an assignment or row by row in a loop."""
    found: dict[str, list[ast.expr]] = {}
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            pairs += [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AugAssign):
            pairs.append((node.target, node.value))
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            pairs += [(node.target, row) for row in node.iter.elts]
    while pairs:
        name, value = pairs.pop()
        if isinstance(name, ast.Name):
            found.setdefault(name.id, []).append(value)
        elif isinstance(name, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs += zip(name.elts, value.elts, strict=True)
    return found


def _handing_on(tree: ast.AST, known: Mapping[str, Arguments]) -> dict[str, Arguments]:
    """Functions of this file alone whose arguments come to what says them."""
    found: dict[str, Arguments] = {}
    functions = [one for one in _functions(tree)
                 if one.name.startswith("_") and not one.name.startswith("__")]
    while True:
        more = {one.name: said for one in functions
                if (said := _own(one, {**known, **found})) != found.get(one.name, {})}
        if not more:
            return found
        found |= more


def _own(function: ast.FunctionDef, known: Mapping[str, Arguments]) -> Arguments:
    """Which arguments of its own a function says."""
    places = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if places[:1] in (["self"], ["cls"]):
        places = places[1:]
    named = {*places, *(one.arg for one in function.args.kwonlyargs)}
    found: Arguments = {}
    for call in calls_in(function):
        for context, argument in _arguments(call, known):
            for one in choices_of(argument):
                if isinstance(one, ast.Name) and one.id in named:
                    found[one.id] = context
                    if one.id in places:
                        found[places.index(one.id)] = context
    return found
