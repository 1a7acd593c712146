"""The project's own source files: their lines, tokens, functions and imports."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("clearing", "ext", "fare_tables", "network", "settlement")
FOLDERS = (*PACKAGES, "benchmarks", "tests")
SUFFIXES = (".py", ".pyi", ".pyx", ".pxd")
CYTHON = (".pyx", ".pxd")


class Import(NamedTuple):
    """One module that a file imports, and where."""

    module: str
    line: int
    typing: bool        # for type checkers only
    c: bool             # cimport


class Function(NamedTuple):
    """One function with its length from `def` to its last line."""

    name: str
    line: int
    lines: int


@cache
def list_files(*folders: str, suffixes: tuple[str, ...] = SUFFIXES) -> tuple[Path, ...]:
    """Source files of some folders, or of all and setup.py; by path."""
    found = [path for folder in folders or FOLDERS for path in (ROOT / folder).rglob("*")
             if path.suffix in suffixes and "__pycache__" not in path.parts]
    return tuple(sorted([*found, *([] if folders else [ROOT / "setup.py"])]))


def name_of(path: Path) -> str:
    """The path as a person writes it."""
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8")


@cache
def tokens_of(path: Path) -> tuple[tokenize.TokenInfo, ...]:
    """Tokens without line breaks; Cython reads like Python this far."""
    skipped = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    return tuple(token for token in tokenize.generate_tokens(io.StringIO(text_of(path)).readline)
                 if token.type not in skipped)


def module_of(path: Path) -> str:
    """The module that a file is; a .pxd is a thing of its own."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) + (".pxd" if path.suffix == ".pxd" else "")


def imports_of(path: Path) -> list[Import]:
    """Every import, from-import and cimport of a file."""
    return list(_cython_imports(path) if path.suffix in CYTHON else _python_imports(path))


def _python_imports(path: Path) -> Iterator[Import]:
    def visit(node: ast.AST, typing: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, typing, False)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: write the whole name"
                yield from _names(child.module or "", [alias.name for alias in child.names],
                                  child.lineno, typing, False)
            yield from visit(child, typing or (
                isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)))

    yield from visit(ast.parse(text_of(path)), False)


def _cython_imports(path: Path) -> Iterator[Import]:
    pattern = r"^[ \t]*(?:from\s+([\w.]+)\s+)?(c?import)\s+(\([^)]*\)|[^\n]+)"
    text = re.sub(r"#.*", "", text_of(path))
    for found in re.finditer(pattern, text, re.MULTILINE):
        origin, word, what = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        names = [name.split()[0] for name in what.strip("()\n ").split(",") if name.strip()]
        c = word == "cimport"
        if origin is None:
            for name in names:
                yield Import(name, line, False, c)
        else:
            yield from _names(origin, names, line, False, c)


def _names(origin: str, names: list[str], line: int, typing: bool, c: bool) -> Iterator[Import]:
    """`from package import module` is an import of the module, where there is one."""
    place = ROOT.joinpath(*origin.split("."))
    modules = [name for name in names if any((place / f"{name}{suffix}").is_file()
                                             for suffix in SUFFIXES) or (place / name).is_dir()]
    for name in modules:
        yield Import(f"{origin}.{name}", line, typing, c)
    if len(modules) < len(names):
        yield Import(origin, line, typing, c)


def functions_of(path: Path) -> list[Function]:
    """Every function of a file."""
    if path.suffix in CYTHON:
        return list(_cython_functions(path))
    return [Function(node.name, node.lineno, (node.end_lineno or 0) - node.lineno + 1)
            for node in ast.walk(ast.parse(text_of(path)))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _cython_functions(path: Path) -> Iterator[Function]:
    """By indentation: a function ends before the next line that is not deeper than its head."""
    lines = text_of(path).splitlines()
    for start, line in enumerate(lines):
        head = re.match(r"( *)(?:def|cdef|cpdef)\b[^=]*?(\w+)\(", line)
        if head is None:
            continue
        end = start
        while not re.sub(r"#.*", "", lines[end]).rstrip().endswith(":") and end + 1 < len(lines):
            end += 1
        if not re.search(r"\)[^()]*:\s*(#.*)?$", lines[end]):
            continue
        last = end
        for place in range(end + 1, len(lines)):
            if lines[place].strip():
                if len(lines[place]) - len(lines[place].lstrip()) <= len(head[1]):
                    break
                last = place
        yield Function(head[2], start + 1, last - start + 1)
