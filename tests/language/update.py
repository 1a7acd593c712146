"""Bring network/zh.po up to what is said: `python -m tests.language.update`.

What is new comes in without Chinese, what nobody says any more goes, the rest stays.
"""

from __future__ import annotations

import datetime

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from network.language import CATALOGUE
from tests.language.messages import collect

HEADER = "# What onecard says, in Chinese; brought up to date by python -m tests.language.update."
COLUMNS = 100
SINCE = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)


def read_catalogue() -> Catalog:
    """The catalogue as it stands."""
    with CATALOGUE.open("rb") as stream:
        return read_po(stream, locale="zh")


def bring_up_to_date(known: Catalog) -> Catalog:
    """The catalogue of what is said, with the Chinese that is known."""
    made = Catalog(locale="zh", header_comment=HEADER, project="onecard", version="0",
                   msgid_bugs_address="", last_translator="", language_team="", fuzzy=False,
                   creation_date=SINCE, revision_date=SINCE)
    for message, places in sorted(collect().items()):
        context = message.context or None
        before = known.get(message.text, context)
        made.add(message.text, before.string if before else "", context=context,
                 auto_comments=sorted(set(places)))
    return made


def write(catalogue: Catalog) -> None:
    """Write a catalogue, the same one as the same bytes."""
    with CATALOGUE.open("wb") as stream:
        write_po(stream, catalogue, width=COLUMNS, omit_header=False, sort_output=False)


if __name__ == "__main__":
    write(bring_up_to_date(read_catalogue()))
