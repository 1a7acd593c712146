"""onecard man: the help of all commands as a manual page, made of the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

from clearing import __version__
from clearing.cli.pages import first_sentence
from clearing.cli.say import say
from network.language import translated


@click.command("man")
@click.pass_context
def command(context: click.Context) -> None:
    """Print a manual page of onecard and all of its commands, in the language that is in use.

    \b
    Example:
      onecard man > onecard.1 && man -l onecard.1
    """
    root = context.find_root()
    say("\n".join(_page(root)))


def _page(root: click.Context) -> Iterator[str]:
    """The lines of the page, in the language of man pages: roff."""
    yield f'.TH ONECARD 1 "" "onecard {__version__}"'
    yield f".SH {_heading('NAME')}"
    yield rf"onecard \- {_text(translated(first_sentence(root.command.help or '') + '.'))}"
    for name, context in _commands(root):
        yield f".SH {_heading(name)}"
        yield ".nf"
        yield from map(_text, context.get_help().splitlines())
        yield ".fi"


def _commands(context: click.Context, name: str = "onecard") -> Iterator[tuple[str, click.Context]]:
    """A command and all below it, by the names that are typed."""
    yield name, context
    if isinstance(context.command, click.Group):
        for below in context.command.list_commands(context):
            command_below = context.command.get_command(context, below)
            assert command_below is not None
            yield from _commands(command_below.context_class(
                command_below, parent=context, info_name=below), f"{name} {below}")


def _heading(text: str) -> str:
    return f'"{translated(text)}"'


def _text(line: str) -> str:
    r"""A line of text: a backslash is \e, and a point or quote at its beginning is no request."""
    escaped = line.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped[:1] in (".", "'") else escaped
