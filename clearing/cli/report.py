"""onecard report: what a day or a month came to, and what somebody should look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import archive_option, book_option, check_folder, network_option
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.documents.document import Document, Section
    from clearing.answers.session import Session

WHATS = ("day", "month", "variances", "refusals", "devices")


@click.command("report")
@click.argument("what", type=click.Choice(WHATS))
@click.option("--window", metavar="DAY", help="Of what closing this day closed, or will close.")
@click.option("--month", metavar="YYYY-MM", help="Of a month's windows.")
@click.option("--run", type=int, metavar="NUMBER", help="Refusals of this run. By default of all.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write one page with pictures, which needs nothing but itself. Needs the extra "
                   "`picture`.")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write a workbook.")
@book_option
@archive_option
@network_option
def command(what: str, window: str | None, month: str | None, run: int | None, html: Path | None,
            xlsx: Path | None, book: str, archive: Path | None, network: str | None) -> None:
    """Report a day or a month: on the terminal, as a page to look at, or as a workbook.

    WHAT is day (with --window), month (with --month), variances or devices (with either), or
    refusals.

    \b
    Example:
      onecard report day --window 2024-11-25 --html day.html --book book
      onecard report variances --month 2024-11 --book book
      onecard report refusals --run 3 --xlsx refusals.xlsx --book book
    """
    from clearing.answers.session import open_session
    from clearing.cli.output import say_snapshot

    _check_asked(what, window, month, run)
    for path in (html, xlsx):       # before the work, not after it
        if path is not None:
            check_folder(path)
    if html is not None:
        from clearing.cli.picture import check_can_draw

        check_can_draw()
    with open_session(book, network, archive=archive) as session:
        say_snapshot(session.book)
        document = _document(session, what, window, month, run)
    _write(document, html, xlsx)
    if html is None and xlsx is None:
        _print(document)


def _check_asked(what: str, window: str | None, month: str | None, run: int | None) -> None:
    """Refuse what is not asked as a report of this is."""
    wanted = {"day": ("--window DAY",), "month": ("--month YYYY-MM",), "refusals": ()}.get(
        what, ("--window DAY", "--month YYYY-MM"))
    given = {"--window DAY": window, "--month YYYY-MM": month}
    named = [option for option, value in given.items() if value is not None]
    if (run is not None and what != "refusals") or any(one not in wanted for one in named) or (
            len(named) != bool(wanted)):
        how = " or ".join(wanted) or "--run NUMBER, or nothing for all runs"
        raise click.UsageError(Phrase("`report {what}` is asked with {how}; give that, and "
                                      "nothing else of --window, --month and --run", what=what,
                                      how=how))


def _document(session: Session, what: str, window: str | None, month: str | None,
              run: int | None) -> Document:
    from clearing.answers.periods import month_period, window_period
    from clearing.answers.reports.devices import report_devices, report_variances
    from clearing.answers.reports.period import report_period
    from clearing.answers.reports.refusals import report_refusals

    if what == "refusals":
        return report_refusals(session, run)
    period = (month_period(session, month) if month is not None
              else window_period(session, str(window)))
    make = {"variances": report_variances, "devices": report_devices}.get(what, report_period)
    return make(session, period)


def _write(document: Document, html: Path | None, xlsx: Path | None) -> None:
    document = document.said()
    if html is not None:
        from clearing.answers.documents.page import write_page
        from clearing.cli.picture import draw_svg

        write_page(html, document, draw_svg)
        say(Phrase("written: {path}", path=html))
    if xlsx is not None:
        from clearing.answers.documents.workbook import open_workbook

        with open_workbook(xlsx, document):
            pass        # a report has no rows behind it
        say(Phrase("written: {path}", path=xlsx))


def _print(document: Document) -> None:
    from clearing.answers.documents.document import readable
    from clearing.cli.output import print_table

    say(document.title, bold=True)
    for name, value in document.facts:
        say(Phrase(" {name}: {value}", name=name, value=value))
    say()
    for section in document.sections:
        rows = [*section.rows, *([section.total] if section.total is not None else [])]
        print_table(section.title, section.columns, [
            [readable(value, is_money=index in section.money, currency=document.currency)
             for index, value in enumerate(row)] for row in rows], right=_numbers(section))


def _numbers(section: Section) -> list[str]:
    """The columns of numbers."""
    return [name for index, name in enumerate(section.columns)
            if any(isinstance(row[index], int) for row in section.rows)]
