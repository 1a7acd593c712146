"""A document as one page of HTML, to be printed and signed; it needs nothing but itself.

Pictures stand in it as SVG that browsers only show: no script of theirs would run.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Sequence
from html import escape
from pathlib import Path
from typing import Any

from clearing.answers.documents.document import (
    Bars,
    Document,
    Marked,
    Section,
    Streams,
    readable,
)
from clearing.answers.documents.unfinished import whole_file
from network.money import Currency

_COLUMNS_MOST = 6       # of a table whose text is as large as all other; a page is 174 mm wide
# Draws a picture as SVG.
Draw = Callable[[Bars | Streams, Currency], bytes]

_STYLE = """
body { font: 11pt/1.4 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif;
       margin: 2em auto; max-width: 60em; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5em; }
caption { text-align: left; font-weight: bold; padding: .3em 0; }
th, td { border: 1px solid #999; padding: .2em .6em; text-align: left; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.wide { font-size: 65%; }
.wide th, .wide td { padding: .2em .3em; }
tfoot td { font-weight: bold; }
.wrong { color: #c00; font-weight: bold; }
.wrong:empty::after { content: "␣"; }
img { display: block; width: 100%; margin: 0 0 1em; }
dl { display: grid; grid-template-columns: max-content auto; gap: .1em 1.5em; }
dd { margin: 0; }
.sign { display: flex; gap: 2em; margin-top: 4em; page-break-inside: avoid; }
.sign div { flex: 1; border-top: 1px solid #000; padding-top: .3em; }
@page { size: A4; margin: 18mm; }
"""


def write_page(path: Path, document: Document, draw: Draw | None = None) -> None:
    """Write the page; it gets its name when it is whole.

    draw: None: the document has no pictures.
    """
    title = escape(document.title)
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n"
                    for name, value in document.facts)
    sections = "".join(_section(one, document.currency, draw) for one in document.sections)
    signatures = "".join(f"<div>{escape(one)}</div>" for one in document.signatures)
    with whole_file(path) as unfinished:
        unfinished.write_text(
            f'<!DOCTYPE html>\n<html lang="{document.language}"><head><meta charset="utf-8">\n'
            f"<title>{title}</title><style>{_STYLE}</style></head><body>\n<h1>{title}</h1>\n"
            f'<dl>\n{facts}</dl>\n{sections}<div class="sign">{signatures}</div>\n'
            "</body></html>\n", "utf-8")


def _section(section: Section, currency: Currency, draw: Draw | None) -> str:
    picture = ""
    if section.picture is not None:
        assert draw is not None, "nobody draws the picture"
        drawn = base64.b64encode(draw(section.picture, currency)).decode()
        picture = (f'<img alt="{escape(section.title)}" '
                   f'src="data:image/svg+xml;base64,{drawn}">\n')
    numbers = {index for row in section.rows for index, value in enumerate(row)
               if isinstance(value, int)}
    head = "".join(f'<th class="n">{escape(name)}</th>' if index in numbers
                   else f"<th>{escape(name)}</th>" for index, name in enumerate(section.columns))
    rows = "".join(_row(row, section.money, currency) for row in section.rows)
    foot = "" if section.total is None else (
        f"<tfoot>{_row(section.total, section.money, currency)}</tfoot>")
    wide = ' class="wide"' if len(section.columns) > _COLUMNS_MOST else ""
    return (f"<table{wide}><caption>{escape(section.title)}</caption>\n"
            f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody>{foot}</table>\n{picture}")


def _row(row: Sequence[Any], money: Collection[int], currency: Currency) -> str:
    cells = []
    for index, value in enumerate(row):
        text = _text(readable(value, is_money=index in money, currency=currency))
        cells.append(f'<td class="n">{text}</td>' if isinstance(value, int)
                     else f"<td>{text}</td>")
    return f"<tr>{''.join(cells)}</tr>\n"


def _text(value: str) -> str:
    """A text, and in red what is wrong in it."""
    if not isinstance(value, Marked):
        return escape(value)
    before, wrong, behind = map(escape, value.parts)
    return f'{before}<span class="wrong">{wrong}</span>{behind}'
