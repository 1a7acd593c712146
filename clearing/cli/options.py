"""Options that several commands share."""

from __future__ import annotations

import datetime
import functools
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from clearing.cli.say import printable_lines
from network.errors import OnecardError
from network.language import Phrase, translated

if TYPE_CHECKING:
    from clearing.answers.session import Session

Command = Callable[..., Any]

LEAST_MEMORY_BYTES = 1280 << 20

BOOK_HELP = "The ledger: a folder, or clickhouse[s]://[user[:password]@]host[:port]/database."


class InputFile(click.Path):
    """A file to read that is one: a pipe that nobody writes to would be waited for."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises BadParameter."""
        path = super().convert(value, param, ctx)
        if not Path(os.fsdecode(path)).is_file():
            raise click.BadParameter(
                Phrase("{path} is no regular file; copy what it holds to a file first",
                       path=os.fsdecode(path)), ctx, param)
        return path


def book_option(command: Command) -> Command:
    """--book, a folder or a server."""
    return click.option("--book", default="book", show_default=True, help=BOOK_HELP,
                        callback=_ask_password)(command)


def _ask_password(_: click.Context, __: click.Parameter, book: str) -> str:
    """The book, with its user's password where nothing says that and somebody can be asked."""
    from clearing.book.address import asks_password, with_password

    if not asks_password(book) or not sys.stdin.isatty():
        return book
    question = printable_lines(translated(Phrase("password for {book}", book=book)))
    return with_password(book, click.prompt(question, default="", show_default=False,
                                            hide_input=True, err=True))


def archive_option(command: Command) -> Command:
    """--archive, where windows that have left the book are: by default where the book says."""
    return click.option(
        "--archive", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
        help="Where the book's archived windows are by now: by default where they were archived.")(
            command)


def cards_option(command: Command) -> Command:
    """--cards, for documents: masked, or in full where the network allows it."""
    return click.option(
        "--cards", type=click.Choice(("masked", "full")), default="masked", show_default=True,
        help="How card numbers are written, where the network allows it.")(command)


def network_option(command: Command) -> Command:
    """--network, by default the one that the book was last cleared with."""
    return click.option(
        "--network", help="A shipped network by name, or a folder of your own. "
        "By default the one that the book was last cleared with.")(command)


def one_layout_option(command: Command) -> Command:
    """--layout, of one file."""
    return click.option("--layout", metavar="NAME|FILE.toml", help="A layout of the network, or "
                        "one by its path. By default the network's own; else it is guessed.")(
                            command)


def layout_network_option(command: Command) -> Command:
    """--network, where layouts are and by whose civil time files are read."""
    return click.option("--network", help="A shipped network by name, or a folder of your own: "
                        "its layouts and its civil time. By default `demo`.")(command)


def keep_option(command: Command) -> Command:
    """--keep, where input files are: by default in the book's folder; None: nowhere."""
    return click.option(
        "--keep", metavar="FOLDER", help="Where the input files themselves are kept, compressed: "
        "by default `kept` in the book's folder, or here for a book on a server. "
        "`--keep nothing` keeps none.")(command)


def keep_folder_option(command: Command) -> Command:
    """--keep, where input files are to be found: by default where the book says."""
    return click.option(
        "--keep", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
        help="Where input files are kept: by default where the book says.")(command)


def kept_in(keep: str | None, default: Path) -> Path | None:
    """The folder that --keep means."""
    if keep == "nothing":
        return None
    return default if keep is None else Path(keep)


def threads_option(command: Command) -> Command:
    """--threads, by default one per processor."""
    return click.option("--threads", type=click.IntRange(1, 256),
                        default=len(os.sched_getaffinity(0)), show_default="one per processor",
                        help="Threads to clear on; the outcome does not depend on it.")(command)


def parse_bytes(text: str) -> int:
    """A number of bytes, or of KiB, MiB or GiB.

    Raises ValueError.
    """
    match = re.fullmatch(r"(\d+) ?(|[KMG]iB)", text)
    if match is None:
        raise ValueError(Phrase("{text!r} is no size; write bytes, or as in 2GiB or 1536MiB",
                                text=text))
    return int(match[1]) << {"": 0, "KiB": 10, "MiB": 20, "GiB": 30}[match[2]]


def memory_option(command: Command) -> Command:
    """--memory, by default as much as the taps need."""
    def parse(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
        if text is None:
            return None
        try:
            size = parse_bytes(text)
        except ValueError as error:
            raise click.BadParameter(error.args[0]) from None
        if size < LEAST_MEMORY_BYTES:
            raise click.BadParameter(Phrase("{text} is too little: {least_memory_bytes}MiB at "
                                            "least", text=text,
                                            least_memory_bytes=LEAST_MEMORY_BYTES >> 20))
        return size

    return click.option(
        "--memory", callback=parse, metavar="SIZE", help="What the run may take, such as 2GiB; "
        "taps beyond it wait on the disk (in TMPDIR, or /var/tmp). By default all are held in "
        "memory: about 100 bytes each.")(command)


def check_folder(path: Path) -> None:
    """Raise OnecardError where there is no folder for a file that is to be written."""
    if not path.parent.is_dir():
        raise OnecardError("there is no such folder", where=str(path.parent),
                           remedy=Phrase("make it, or write {name} elsewhere", name=path.name))


Kind = Literal["json", "csv", "excel", "xlsx", "parquet", "arrow"]


class Form(NamedTuple):
    """How a list is printed, and which of its columns."""

    kind: Kind | None = None            # None: a table, for people
    columns: tuple[str, ...] = ()       # by name; (): all, or those that fit a terminal
    is_wide: bool = False               # all of them on a terminal, too
    has_cards: bool = False             # in full; else they are masked
    path: Path = Path()                 # of a file in a form that standard output does not get


def format_options(command: Command) -> Command:
    """--json or --csv, for machines; `form` says which."""
    @click.option("--json", "as_json", is_flag=True, help="Every row as a JSON list.")
    @click.option("--csv", "as_csv", is_flag=True, help="Every row as CSV.")
    @functools.wraps(command)
    def formed(*arguments: Any, as_json: bool, as_csv: bool, **more: Any) -> Any:
        if as_json and as_csv:
            raise click.UsageError("--json and --csv are two forms of one list; choose one")
        form = "json" if as_json else "csv" if as_csv else None
        return command(*arguments, form=form, **more)

    return formed


def list_options(command: Command) -> Command:
    """The same, and which columns; `form` is a Form."""
    @format_options
    @click.option("--excel", is_flag=True, help="Every row as CSV that Excel opens right, money in "
                  "the currency: > FILE.")
    @click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                  help="Every row in a workbook.")
    @click.option("--parquet", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                  help="Every row in a Parquet file, with typed columns.")
    @click.option("--arrow", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                  help="The same in an Arrow file (Feather).")
    @click.option("--columns", metavar="NAME,NAME…", help="Only these columns, in this order.")
    @click.option("--wide", "is_wide", is_flag=True,
                  help="Every column; by default a terminal gets those that fit, and a pipe "
                  "those that are not long digests and places.")
    @click.option("--cards", type=click.Choice(("masked", "full")), default="masked",
                  show_default=True, help="How card numbers are listed, where the network allows "
                  "it. Masked ones have a pseudonym, card_id, beside them in --csv and --json.")
    @functools.wraps(command)
    def formed(*arguments: Any, form: Kind | None, columns: str | None, is_wide: bool,
               cards: str, excel: bool, xlsx: Path | None, parquet: Path | None,
               arrow: Path | None, **more: Any) -> Any:
        kinds: dict[Kind, bool] = {
            "json": form == "json", "csv": form == "csv", "excel": excel, "xlsx": xlsx is not None,
            "parquet": parquet is not None, "arrow": arrow is not None}
        given = [one for one, is_given in kinds.items() if is_given]
        if len(given) > 1:
            raise click.UsageError(Phrase("--{given} and --{given_2} are two forms of one list; "
                                          "choose one", given=given[0], given_2=given[1]))
        kind = given[0] if given else None
        if is_wide and (kind or columns is not None):
            other = "--columns" if columns is not None else f"--{kind}"
            raise click.UsageError(Phrase("--wide does not apply with {other}, which says itself "
                                          "which columns there are; leave one of them out",
                                          other=other))
        names = () if columns is None else tuple(columns.split(","))
        return command(*arguments, **more, form=Form(
            kind, names, is_wide, cards == "full", xlsx or parquet or arrow or Path()))

    return formed


def civil_today(session: Session) -> datetime.date:
    """The civil day in the network's time zone."""
    from zoneinfo import ZoneInfo

    return datetime.datetime.now(ZoneInfo(session.described().model.time_zone)).date()
