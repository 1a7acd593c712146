"""onecard clear: tap files into a book."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from clearing.cli import BEYOND, REFUSED
from clearing.cli.keys import unlock
from clearing.cli.options import (
    InputFile,
    book_option,
    keep_option,
    kept_in,
    memory_option,
    network_option,
    threads_option,
)
from clearing.cli.say import say
from network.language import Phrase, joined, retold

if TYPE_CHECKING:
    from clearing.answers.clear import Clearing
    from clearing.answers.dry_run import DryRun
    from clearing.answers.session import Session
    from clearing.engine.run import Report
    from clearing.intake.reader import Layouts
    from clearing.intake.senders import Senders
    from ext.codes import Code

    class How(TypedDict):
        """How files are read."""

        layout: Layouts
        senders: Senders


@click.command("clear")
@click.argument("files", nargs=-1, metavar="FILE...")
@book_option
@network_option
@click.option("--layout", "layouts", multiple=True, metavar="NAME[:GLOB]",
              help="The input layout of files that are not onecard-taps/1, by name; of those only "
              "that GLOB fits, such as 'szt:*.json'. By default the network's own.")
@click.option("--sender", help="Who handed the files in; by default the folder that each is in "
              "says it by its name, where the network has senders.")
@click.option("--acknowledgements", type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Where acknowledgements and reject files go: by default "
              "`acknowledgements` in the book's folder, or here for a book on a server.")
@click.option("--json", "as_json", is_flag=True, help="Print the acknowledgement as JSON.")
@click.option("--dry-run", is_flag=True, help="Say what that would come to, and keep nothing of "
              "it, nor a new book.")
@click.option("--retry", is_flag=True, help="Instead of FILE...: all files again of which records "
              "were refused, as they are kept.")
@click.option("--keys", type=InputFile(),
              metavar="FILE", help="A sealed keystore (onecard keys), or what names a hardware "
              "module: authentication codes are checked by it. What opens it is asked for, or in "
              "ONECARD_KEYS_PASSPHRASE, or ONECARD_KEYS_PIN.")
@keep_option
@memory_option
@threads_option
def command(files: tuple[str, ...], book: str, network: str | None, layouts: tuple[str, ...],
            sender: str | None, acknowledgements: Path | None, as_json: bool, dry_run: bool,
            retry: bool, keys: Path | None, keep: str | None, memory: int | None,
            threads: int) -> None:
    """Check, pair, price and post tap files: all of them in one run, or nothing.

    \b
    Example:
      onecard clear gz-metro-*.csv gz-bus-*.csv --network demo --book book
      onecard clear --retry --book book

    What is given again is known where it was accepted, and taken where it was refused and its
    cause is mended. Exit code 0: every record was accepted or known, and every claim believed; 1:
    some were refused, see the reject files, or held, see `onecard held list`; 3: an operator's
    variances of a window come to more than the network lets pass, whatever else there was.
    """
    from clearing.answers.clear import clear, takes_something
    from clearing.answers.dry_run import dry_run as try_files
    from clearing.answers.session import open_session
    from clearing.cli.progress import progress_bar
    from clearing.engine.run import always

    if bool(files) == retry:
        raise click.UsageError("name either FILE..., or --retry")
    keystore = None if keys is None else unlock(keys)
    with (open_session(book, network, read_only=False, create=not retry) as session,
          progress_bar() as progress,
          _inputs(session, files, keep, layouts, sender) as (paths, how)):
        received_at = int(time.time())
        if dry_run:
            tried = try_files(session, paths, threads=threads, received_at=received_at,
                              memory_bytes=memory, progress=progress, keys=keystore, **how)
        else:
            cleared = clear(session, paths, threads=threads, received_at=received_at,
                            memory_bytes=memory, folder=acknowledgements,
                            keep=kept_in(keep, session.kept()), progress=progress,
                            decide=takes_something if retry else always, keys=keystore,
                            **how)
        report = tried.report if dry_run else cleared.report
        hints = [] if layouts or as_json else _list_hints(report, paths, session.locator())
    warning = tried.warning if dry_run else cleared.warning
    if warning is not None:
        say(Phrase("warning: {warning}", warning=warning), err=True)
    if dry_run:
        _tell_dry_run(tried, as_json=as_json)
    else:
        _tell(cleared, as_json=as_json)
    for hint in hints:
        say(hint)
    if not dry_run:
        _end_beyond(cleared)
    sys.exit(0 if report.is_all_accepted and not report.held else REFUSED)


def _list_hints(report: Report, paths: Sequence[Path], network: str) -> list[Phrase]:
    """By which layouts of the network files would be read that are not onecard-taps/1."""
    from clearing.answers.layouts import fitting_layouts
    from ext.codes import Code

    hints = []
    for file, path in zip(report.files, paths, strict=True):
        if file.code not in (Code.HEADER_INVALID, Code.FILE_ENCODING):
            continue
        names = fitting_layouts(path, network)
        if names:
            hints.append(Phrase("{file}: the layout {names} reads it: add --layout {name}",
                                file=file.name, names=joined(" or ", names), name=names[0]))
        else:
            hints.append(Phrase("{file}: no layout of the network reads it: `onecard layouts "
                                "guess` writes one", file=file.name))
    return hints


def _end_beyond(cleared: Clearing) -> None:
    """Say whose variances come to more than they may; there is an exit code for that."""
    text, currency = cleared.currency.text, cleared.currency.name
    for one in cleared.beyond:
        say(Phrase("variances of {operator} in window {window}: {total} {currency}, and at most "
                   "{most} are let pass; look at them with `onecard report variances`",
                   operator=one.operator, window=one.window, total=text(one.total),
                   currency=currency, most=text(one.most)), err=True)
    if cleared.beyond:
        sys.exit(BEYOND)


@contextmanager
def _inputs(session: Session, files: tuple[str, ...], keep: str | None, layouts: tuple[str, ...],
            sender: str | None) -> Iterator[tuple[list[Path], How]]:
    """The files that are named; where none is, the kept ones of which records were refused.

    With the layouts to read them by, and who handed them in.
    """
    from clearing.answers.kept import refused_files
    from clearing.intake.formats.canonical import FORMAT

    if files:
        paths = [Path(file) for file in files]
        yield paths, {"layout": _by_path(layouts, paths), "senders": sender}
        return
    if sender is not None:
        raise click.UsageError("--retry gives each file again as its own sender's; leave --sender "
                               "out")
    if keep == "nothing":
        raise click.UsageError("--retry needs the files that --keep nothing does not keep")
    with refused_files(session, None if keep is None else Path(keep)) as found:
        read_by = {path: "" if file.layout == FORMAT else file.layout
                   for path, file in found.items()}
        yield list(found), {"layout": {**read_by, **_by_path(layouts, list(found))},
                            "senders": {path: file.sender for path, file in found.items()}}


def _by_path(layouts: Sequence[str], paths: Sequence[Path]) -> dict[Path, str]:
    """The layout of each file that --layout means: the first whose GLOB fits, then one without."""
    chosen: dict[Path, str] = {}
    for given in sorted(layouts if paths else (), key=lambda one: ":" not in one):
        name, colon, glob = given.partition(":")
        fitting = [path for path in paths if not colon or path.match(glob)]
        if not name or not fitting:
            raise click.UsageError(
                Phrase("--layout {given!r} fits none of {paths} files; expected NAME, or "
                       "NAME:GLOB of files such as {name!r}", given=given, paths=len(paths),
                       name=paths[0].name))
        for path in fitting:
            chosen.setdefault(path, name)
    return chosen


def _tell(cleared: Clearing, *, as_json: bool) -> None:
    from clearing.cli.output import print_chain

    report = cleared.report
    if as_json:
        sys.stdout.write(cleared.acknowledgement.read_text("utf-8"))
        return
    _print_report(report, Phrase("run {run}", run=report.run.run) if report.is_committed
                  else Phrase("nothing was taken"))
    if report.is_committed and (report.run.variance or report.held):
        variance = Phrase("variance, validators less tables: {variance} {currency}",
                          variance=cleared.currency.text(report.run.variance),
                          currency=cleared.currency.name)
        say(joined("; ", [variance, *_held(report)]))
    if len(report.carried):
        say(Phrase("records of earlier runs' files, refused by now: {records:,}; for each file's "
                   "sender there is a reject file beside the acknowledgement",
                   records=len(report.carried)))
    for earlier in cleared.earlier:
        say(Phrase("acknowledgement of an earlier run, which was missing: {earlier}",
                   earlier=earlier))
    say(Phrase("acknowledgement: {acknowledgement}", acknowledgement=cleared.acknowledgement))
    if report.is_committed:
        print_chain(report.run)


def _tell_dry_run(tried: DryRun, *, as_json: bool) -> None:
    from clearing.answers.dry_run import AGELESS, MOVED, TABLE_SUMS
    from clearing.cli.output import print_object, print_table

    if as_json:
        print_object(tried.as_json())
        return
    _print_report(tried.report, Phrase("dry run, of which nothing is kept"))
    for held in _held(tried.report):
        say(held)
    text, currency = tried.currency.text, tried.currency.name
    for title, sums in (
            (Phrase("variances: validator less table"), tried.variances),
            (Phrase("uncollected: no record says what was taken"), tried.uncollected)):
        print_table(Phrase("{title}, in {currency}", title=title, currency=currency), TABLE_SUMS,
                    ((*row[:2], f"{row.rides:,}", text(row.total)) for row in sums),
                    right=TABLE_SUMS[2:])
    print_table("without a birth date, of kinds whose fares depend on age", AGELESS,
                ((*row[:2], f"{row.rides:,}") for row in tried.ageless), right=AGELESS[2:])
    print_table("posted in another window than their day's, which is closed", MOVED,
                ((*row[:2], f"{row.entries:,}") for row in tried.moved), right=MOVED[2:])


def _held(report: Report) -> list[Phrase]:
    """How many entries a run brings that are not settled until somebody has decided, if any."""
    if not report.held:
        return []
    return [Phrase("entries held: {held:,}, see `onecard held list`", held=report.held)]


def _print_report(report: Report, what: Phrase) -> None:
    from clearing.cli.output import print_table

    run = report.run
    counts = [Phrase("{taps:,} records", taps=run.taps),
              Phrase("{accepted:,} accepted", accepted=run.accepted),
              *[Phrase("{known:,} known", known=run.known)] * bool(run.known),
              Phrase("{refused:,} refused", refused=run.refused),
              Phrase("{rides:,} rides", rides=run.rides),
              Phrase("{open_rides:,} open rides", open_rides=run.open_rides),
              *[Phrase("{reversed:,} entries taken back", reversed=run.reversed)]
              * bool(run.reversed)]
    print_table(
        Phrase("{what}: {counts}", what=what, counts=joined(", ", counts)),
        ("file", "records", "accepted", "known", "refused", "outcome"),
        ((file.name, *(f"{count:,}" for count in (file.records, file.accepted, file.known,
                                                  file.refused)),
          retold(file.message) or Phrase("taken")) for file in report.files),
        right=("records", "accepted", "known", "refused"))
    if report.refusals:
        print_refusals(report.refusals)


def print_refusals(counts: Mapping[Code, int]) -> None:
    """Refusals by code, with what each means."""
    from clearing.cli.output import print_table
    from network.refusals import WORDS

    print_table("refusals", ("code", "records", "what it means and what to do"),
                ((code.name, f"{count:,}", WORDS[code])
                 for code, count in sorted(counts.items())), right=("records",))
