"""The one printer: whatever a command says to people goes through here.

Codes, names and records are strangers' text; a terminal must show it, and never obey it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TextIO

import click

from network.language import translated


def say(text: str = "", *, err: bool = False, bold: bool = False, nl: bool = True) -> None:
    """Print lines, on standard error where `err`; control characters are spelt out.

    text: one that the catalogue has is said in the language that is in use.
    """
    shown = printable_lines(translated(text))
    click.echo(click.style(shown, bold=True) if bold else shown, err=err, nl=nl)


# A password of an address, and what it may have behind a question mark.
_PASSWORD = re.compile(r"(://[^\s:/@]*):\S*@")
_AFTER = re.compile(r"(clickhouses?://[^\s?]*\?)[^\s:]+")


class Shown:
    """A stream to which others write for people: what they write is printed as `say` does."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text with its control characters spelt out."""
        return self._stream.write(printable_lines(text))

    def flush(self) -> None:
        """Write what is left."""
        self._stream.flush()


def printable_lines(text: str) -> str:
    """Lines that a terminal only shows; passwords in addresses are left out."""
    if "://" in text:
        text = _AFTER.sub(r"\1…", _PASSWORD.sub(r"\1:…@", text))
    return "\n".join(map(printable, text.split("\n")))


def printable(text: str) -> str:
    """Text that a terminal only shows: control characters, as records may hold, are spelt out."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode()
                   for sign in text)


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(sign)
               else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
