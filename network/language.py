"""What is said to people, in English or Chinese: looked up when it is printed, and not before.

English is the source, and what machines read; Chinese is in zh.po, which is read when it is asked
for. What has no Chinese stays English. Codes, names and records are nobody's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
CATALOGUE = Path(__file__).with_name("zh.po")
# The contexts of what stands above a column of a table, and of one of numbers that is told apart.
HEADING, NUMBERS_HEADING = "heading", "heading of numbers"
# Where a language stands in the environment; the first that says anything decides.
VARIABLES = ("ONECARD_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

# As Babel writes an entry. What is marked as left over begins with #~.
_ENTRY = re.compile(r'^(?:msgctxt ((?:".*"\n)+))?msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)',
                    re.MULTILINE)
# What is counted in sentences, and what is said of it behind that: of one it is said otherwise.
COUNTED = (
    "agencies", "arguments", "bytes", "caps", "cards", "cells", "characters", "columns", "days",
    "decimals", "differences", "digits", "documents", "entries", "errors", "fares", "faults",
    "fields", "figures", "files", "funders", "issuers", "legs", "letters", "lines", "minutes",
    "numbers", "pairs", "parts", "payments", "records", "refusals", "rides", "rows", "sets",
    "sorts", "sources", "steps", "stops", "tables", "taps", "times", "transfers", "units",
    "values", "versions", "ways", "windows", "zones")
ONE_DOES = {" are": " is", " were": " was", " have": " has", " pay": " pays", " do": " does",
            " lead": " leads", " cost": " costs"}
_ESCAPED = {"n": "\n", "t": "\t"}
_FIELD = re.compile(r"\{(\w+)[^}]*\}")      # where a sentence has a value
_TOLD_LEAST = 8     # characters of a sentence beside its values: with fewer it could be any


class Phrase(str):
    """A sentence with its values, as English text; what prints it can say it in Chinese.

    template: as str.format has it, and as the catalogue lists it. Values are translated with it
    where they are phrases, or words that the catalogue has in the context of their name.
    """

    __slots__ = ("template", "values")
    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Phrase:
        """The English text of a template; a phrase is one already."""
        if isinstance(template, Phrase) and not values:
            return template
        english = template
        for name, value in values.items():
            if isinstance(value, Integral) and value == 1:
                english = _of_one(english, name)
        made = str.__new__(cls, english.format_map(values) if values else template)
        made.template, made.values = template, values
        return made


@cache
def _of_one(template: str, name: str) -> str:
    """The template as it is where that value is 1: "1 record is", and not "1 records are"."""
    def singular(found: re.Match[str]) -> str:
        number, between, noun, whose, verb = found.groups("")
        noun = f"{noun[:-3]}y" if noun.endswith("ies") else noun[:-1]
        return f"{number} {between}{noun}{whose}{ONE_DOES.get(verb, verb)}"

    return re.sub(rf"(\{{{name}(?::[^}}]*)?\}}) ((?:[a-z]+ ){{0,2}}?)({'|'.join(COUNTED)})\b"
                  rf"( of (?:[a-z]+ )*{{\w+}})?({'|'.join(ONE_DOES)})?", singular, template)


def joined(separator: str, parts: Iterable[str]) -> Phrase:
    """Phrases and other texts in a row; the separator can be another one in another language."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Phrase("{separator}".join(f"{{{name}}}" for name in values), **values,
                  separator=Phrase(separator))


class _Speaker:
    """The language of this process; one for all threads."""

    language: Language = "en"


def use(language: Language) -> None:
    """Say what is printed from now on in a language."""
    _Speaker.language = language


def language() -> Language:
    """The language that is in use."""
    return _Speaker.language


def language_of(environment: Mapping[str, str]) -> Language:
    """The language that an environment asks for; any that is not known is English."""
    said = next((value for name in VARIABLES if (value := environment.get(name))), "")
    return "zh" if said.lower().startswith("zh") else "en"


def translated(text: str, context: str = "") -> str:
    """A text or phrase in the language that is in use; as it is where the catalogue lacks it.

    context: tells a word's meanings apart: HEADING, or what it is a value of: the column of a
    table, the name in a phrase. A phrase has none.
    """
    if _Speaker.language == "en":
        return text
    catalogue = read_catalogue()
    if not isinstance(text, Phrase):
        return catalogue.get((context, text), text)
    template = catalogue.get(("", text.template), text.template)
    values = {name: translated(value, name) if isinstance(value, str) else value
              for name, value in text.values.items()}
    return template.format(**values) if values else template


def retold(text: str) -> str:
    """Sentences that were kept in English, as a book has them, in the language that is in use.

    They have "; " between them. What no sentence of the catalogue comes to stays as it is.
    """
    if _Speaker.language == "en" or not text:
        return text
    parts, told = text.split("; "), []
    while parts:        # a sentence can have that sign in it, too
        some = next((some for some in range(1, len(parts) + 1)
                     if _retold("; ".join(parts[:some])) is not None), 1)
        sentence = "; ".join(parts[:some])
        told.append(_retold(sentence) or sentence)
        del parts[:some]
    return translated(joined("; ", told))


def _retold(sentence: str) -> str | None:
    """A sentence of the catalogue in Chinese; the one of which most stands in it word by word."""
    catalogue = read_catalogue()
    if ("", sentence) in catalogue:
        return catalogue["", sentence]
    for english, pieces in _templates():
        if all(piece in sentence for piece in pieces) and (
                found := _pattern_of(english).fullmatch(sentence)) is not None:
            values = {name: catalogue.get((name, value)) or _retold(value) or value
                      for name, value in found.groupdict().items()}
            return _FIELD.sub(r"{\1}", catalogue["", english]).format_map(values)
    return None


@cache
def _templates() -> list[tuple[str, list[str]]]:
    """Sentences with values, each with what stands around these; the one with most of it first."""
    found = [(english, _FIELD.split(english)[::2]) for context, english in read_catalogue()
             if not context and _FIELD.search(english)]
    told = [(english, pieces) for english, pieces in found
            if sum(map(len, pieces)) >= _TOLD_LEAST]
    return sorted(told, key=lambda one: -sum(map(len, one[1])))


@cache
def _pattern_of(english: str) -> re.Pattern[str]:
    """What a sentence can be, with any values."""
    pieces, names = _FIELD.split(english)[::2], _FIELD.findall(english)
    written = re.escape(pieces[0])
    for place, (name, piece) in enumerate(zip(names, pieces[1:], strict=True)):
        written += rf"(?P={name})" if name in names[:place] else f"(?P<{name}>.+?)"
        written += re.escape(piece)
    return re.compile(written)


def in_chinese(text: str) -> str:
    """A text in Chinese, whatever language is in use; as it is where the catalogue lacks it."""
    return read_catalogue().get(("", text), text)


@cache
def read_catalogue() -> dict[tuple[str, str], str]:
    """Chinese by context ("": none) and English."""
    entries = _ENTRY.findall(CATALOGUE.read_text("utf-8"))     # the first one is about the file
    return {(_unquoted(context), _unquoted(english)): chinese
            for context, english, found in entries[1:] if (chinese := _unquoted(found))}


def _unquoted(lines: str) -> str:
    """A text as it is, which a catalogue has in quotes, line by line."""
    written = "".join(line[1:-1] for line in lines.splitlines())
    return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), written)
