"""How commands tell their help: in the language that is in use, whatever their decorators say.

Commands, options and arguments are declared in English; what is looked up is a paragraph of a
command's docstring, in one line, and the help of an option as it is written.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator

import click
from click import core, decorators, exceptions, formatting, parser, termui, types

from clearing.cli.say import width_of
from network.language import language, translated

KEPT = "\b\n"               # click's mark of a paragraph whose lines stay as they are
CLOSING = "，。、；：！？）》」』”’…"     # what no line begins with
LEAST_WIDTH = 20
# What wraps: a Chinese sign with what must not be parted from it, a word, the spaces between.
_PIECE = re.compile(rf"[（《「『“]?(?:[⺀-鿿豈-﫿＀-￯]|[^\s⺀-鿿豈-﫿＀-￯“]+)(?:\s*[{CLOSING}]+)*"
                    r"|“|\s+")


class PageFormatter(click.HelpFormatter):
    """Help in the language that is in use; click wraps English, and counts its columns."""

    def write_heading(self, heading: str) -> None:
        colon = ":" if language() == "en" else "："
        self.write(f"{'':{self.current_indent}}{translated(heading)}{colon}\n")

    def write_text(self, text: str) -> None:
        if language() == "en":
            super().write_text(text)
            return
        indent = " " * self.current_indent
        for number, paragraph in enumerate(paragraphs_of(text)):
            self.write("\n" * (number > 0))
            lines = (map(translated, paragraph.removeprefix(KEPT).split("\n"))
                     if paragraph.startswith(KEPT) else
                     wrap(translated(paragraph), self.width - self.current_indent))
            self.write("".join(f"{indent}{line}".rstrip() + "\n" for line in lines))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
                 ) -> None:
        if language() == "en":
            super().write_dl(rows, col_max, col_spacing)
            return
        rows = list(rows)
        column = min(max(width_of(first) for first, _ in rows), col_max) + col_spacing
        indent = " " * (self.current_indent + column)
        for first, second in rows:
            head = f"{'':{self.current_indent}}{first}"
            lines = list(wrap(_with_extra(second), self.width - len(indent)))
            if width_of(head) + col_spacing > len(indent):
                self.write(head + "\n")
            elif lines:
                self.write(head + " " * (len(indent) - width_of(head)) + lines.pop(0) + "\n")
            self.write("".join(f"{indent}{line}\n" for line in lines))


class PageContext(click.Context):
    """A context whose help is written so."""

    formatter_class = PageFormatter


def in_pages(command: click.Command) -> click.Command:
    """A command and those below it, whose help is written so, each named by its first sentence."""
    command.context_class = PageContext
    command.short_help = command.short_help or first_sentence(command.help or "")
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        in_pages(below)
    return command


def speak_for_click() -> None:
    """Have click say its own sentences as ours are said: it asks gettext, by these names."""
    def one_or_more(one: str, more: str, number: int) -> str:
        return translated(one if number == 1 else more)

    for module in (core, decorators, exceptions, formatting, parser, termui, types):
        for name, ours in (("_", translated), ("ngettext", one_or_more)):
            if hasattr(module, name):
                setattr(module, name, ours)


def first_sentence(text: str) -> str:
    """What a command is listed by: its first sentence, without the full stop."""
    paragraph = next(iter(paragraphs_of(inspect.cleandoc(text))), "")
    return paragraph.partition(". ")[0].removesuffix(".")


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of a docstring, each in one line; those with click's mark as they are."""
    return [one if one.startswith(KEPT) else " ".join(one.split())
            for one in text.split("\n\n")]


def _with_extra(text: str) -> str:
    """An option's help, behind it what click adds in brackets: whether it is required, a default.

    A default in round brackets is in words. A command's first sentence is looked up with its full
    stop, as its help has it.
    """
    said, gap, extra = text.rpartition("  [")
    if not gap:
        chinese = translated(f"{text}.").removesuffix("。")
        return translated(text) if chinese == f"{text}." else chinese
    worded = re.sub(r"\((.+)\)", lambda found: f"({translated(found[1])})", extra)
    return f"{translated(said)}{gap}{worded}"


def wrap(text: str, width: int) -> Iterator[str]:
    """Lines of at most so many columns; Chinese is parted between any two signs."""
    width, line = max(width, LEAST_WIDTH), ""
    for piece in _PIECE.findall(" ".join(text.split())):
        if line and width_of(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    if line:
        yield line.rstrip()
