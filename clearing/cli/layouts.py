"""onecard layouts: check, show, try and guess how files of other formats are read."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED
from clearing.cli.options import InputFile, layout_network_option, one_layout_option
from clearing.cli.say import say
from network.language import Phrase, translated

if TYPE_CHECKING:
    from clearing.answers.layouts import Tried
    from clearing.intake.layout_model import FieldSource, Layout, Place

FILE = InputFile()


@click.group("layouts")
def command() -> None:
    """Check, show, try or guess layouts: how files that are not onecard-taps/1 are read.

    \b
    Example:
      onecard layouts guess export.xlsx > town/layouts/export.toml
      onecard layouts try export.xlsx --layout town/layouts/export.toml
    """


@command.command("check")
@click.argument("targets", nargs=-1, required=True, metavar="NETWORK|shipped|FILE.toml...")
def check(targets: tuple[str, ...]) -> None:
    """Say what is wrong with layouts, with file and line.

    \b
    Example:
      onecard layouts check town town/layouts/new.toml
    """
    from clearing.answers.layouts import check_layouts

    wrong = 0
    for target in targets:
        found = check_layouts(target)
        if not found:
            say(Phrase("{target}: no layouts", target=target))
        for one in found:
            wrong += one.error is not None
            if one.layout is None:
                assert one.error is not None
                say(one.error.said())
            else:
                say(f"{one.path}: {one.layout.format}, {one.layout.title}")
    sys.exit(REFUSED if wrong else 0)


@command.command("show")
@click.argument("target", metavar="NETWORK|shipped|FILE.toml")
@click.argument("name", required=False)
def show(target: str, name: str | None) -> None:
    """Print a network's layouts, or what each column of one comes from.

    \b
    Example:
      onecard layouts show shipped
      onecard layouts show shenzhen szt
    """
    from clearing.answers.layouts import check_layouts
    from clearing.cli.output import print_table
    from network.errors import OnecardError

    found = [one.layout for one in check_layouts(target) if one.layout is not None]
    if name is None and not target.endswith(".toml"):
        print_table(Phrase("layouts of {target}", target=target), ("layout", "format", "title"),
                    ((one.name, one.format, one.title) for one in found))
        return
    layout = next((one for one in found if name in (None, one.name)), None)
    if layout is None:
        raise OnecardError(Phrase("{target} has no layout {name!r} that can be read",
                                  target=target, name=name),
                           expected=", ".join(one.name for one in found) or "none",
                           remedy=Phrase("see `onecard layouts check {target}`", target=target))
    print_table(f"{layout.title} ({layout.format})", ("column", "comes from", "and then"),
                _rows_of(layout))


def _rows_of(layout: Layout) -> list[tuple[str, str, str]]:
    if layout.is_canonical:
        return [(name, f"bytes {_bytes_of(place)}", "") for name, place in layout.columns.items()]
    return [(column if index == 0 else "or", _origin(source), _changes(source))
            for column in layout.fields for index, source in enumerate(layout.list_sources(column))]


def _origin(source: FieldSource) -> str:
    if source.from_time:
        return "the tap's second"
    return repr(source.constant) if source.constant is not None else " + ".join(source.reads())


def _changes(source: FieldSource) -> str:
    import msgspec

    given = {name: value for name, value in msgspec.structs.asdict(source).items()
             if value not in (None, "", [], {}, False)
             and name not in ("column", "columns", "constant", "from_time")}
    return ", ".join(f"{name} {value}" if value is not True else name
                     for name, value in given.items())


@command.command("try")
@click.argument("file", type=FILE)
@one_layout_option
@layout_network_option
@click.option("--rows", type=click.IntRange(1, 1000), default=2, show_default=True,
              help="How many records.")
@click.option("--whole-cards", is_flag=True, help="Print card numbers as they are.")
def try_file(file: Path, layout: str | None, network: str | None, rows: int, whole_cards: bool
             ) -> None:
    """Show the first records of FILE field by field, as they stand and as they are read.

    With --network, what would become of each is said, too.

    \b
    Example:
      onecard layouts try export.csv --layout bars --network town
    """
    from clearing.answers.layouts import DEFAULT_NETWORK, layout_for, try_layout
    from network.network import load_network

    found = load_network(network or DEFAULT_NETWORK)
    with layout_for(file, layout, found) as (chosen, assumed):
        for said in assumed:
            say(Phrase("assumed: {said}", said=said))
        tried = try_layout(file, chosen, found, rows, int(time.time()),
                           judged=network is not None)
    for one in tried:
        _print_tried(one, chosen, whole_cards=whole_cards)


def _print_tried(tried: Tried, layout: Layout | None, *, whole_cards: bool) -> None:
    from clearing.cli.output import print_table
    from ext.codes import Code
    from network.cards import mask_card
    from network.refusals import WORDS

    record = tried.record
    card = record.values.get("card", "")
    title = Phrase("line {line}, {bytes} bytes at byte {offset}", line=record.line,
                   bytes=len(record.raw), offset=record.offset)
    if tried.code != Code.OK:
        title = Phrase("{title}: {code}: {words}", title=title, code=", ".join(
            part for part in (tried.code.name, tried.column) if part),
            words=Phrase(WORDS[tried.code]))
    masked = mask_card(card)

    def shown(text: str) -> str:
        return text if whole_cards or not card else text.replace(card, masked)

    if not record.written:
        say(title)
        say()
        return
    places = {} if layout is None else layout.columns
    read = (set(record.written) if layout is None or layout.is_canonical
            else set(layout.sources()))        # what nobody reads may be somebody's number
    print_table(title, ("column of the file", "bytes", "as it stands"),
                ((name, _bytes_of(places.get(name)), repr(shown(value)))
                 for name, value in record.written.items() if name in read))
    print_table("is read as", ("column", "value"),
                ((name, shown(value)) for name, value in record.values.items() if value))


def _bytes_of(place: Place | None) -> str:
    return "" if place is None else f"{place.start} to {place.start + place.width - 1}"


@command.command("guess")
@click.argument("file", type=FILE)
def guess(file: Path) -> None:
    """Write a layout for FILE, guessed from how it begins, with what was assumed.

    Header words are known in Chinese and English; amounts, times and encodings are told by the
    values. Look at each `# assumed` line before the layout is used.

    \b
    Example:
      onecard layouts guess export.csv > town/layouts/export.toml
    """
    from clearing.answers.layouts import guess as guess_file

    found = guess_file(file)
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")    # as TOML is, whatever the locale
    for one in found.assumed:
        told = translated(Phrase("assumed: {said}", said=one))
        say(f"# {' '.join(told.splitlines())}")
    say()
    say(found.toml, nl=False)
