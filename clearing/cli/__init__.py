"""The command `onecard`: one file per command, imported when it is called."""

from __future__ import annotations

import errno
import importlib
import os
import resource
import sys
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, cast

import click

from clearing import __version__
from clearing.cli.pages import PageContext, in_pages, speak_for_click
from clearing.cli.say import Shown, say
from network.language import LANGUAGES, Phrase, joined, language_of, translated, use
from network.outcome import forget, say_outcome
from network.spelling import did_you_mean

# Commands in the order in which people meet them: name, module, what it does.
COMMANDS = {
    "demo": "clear and settle a day of a made-up network",
    "init": "write a county's network to begin with",
    "clear": "clear tap files into a book",
    "settle": "close a window: positions, instructions, statements",
    "pay": "pay what closed windows instruct: batches for banks, and their answers",
    "dispute": "dispute rides of closed windows: query, chargeback, exception, and their answers",
    "show": "list rides, entries, postings, positions, obligations, runs, files, refusals …",
    "held": "list what is held back from settlement; release or reject it",
    "report": "report a day, a month, variances, refusals or devices, as a page or a workbook",
    "statement": "write what members were owed and owed: workbook, page to sign, rides as CSV",
    "keys": "seal the keys by which cards' authentication codes are checked",
    "bill": "write what a funder is billed for a month, and the rides behind it",
    "compare": "hold an operator's own total to the ledger, line by line",
    "completeness": "say which records of a day should have come and did not",
    "trace": "follow a position down to its rides, or a ride up to its payment and its bytes",
    "kept": "print an input file as it came",
    "price": "say what one ride costs and why, without a book",
    "explain": "say why a ride costs what it costs, and who paid",
    "restate": "price closed days again by changed tables, and post what differs",
    "what-if": "say what riders and funders would have paid by other tables",
    "layouts": "check, show, try or guess how files of other formats are read",
    "describe": "say what a tap file holds",
    "convert": "print a file of any layout as onecard-taps/1",
    "tables": "check, print, compare or import fare tables",
    "book": "fold small runs of a book together",
    "sql": "ask a book in SQL, which only reads",
    "feed": "write what is new for a partner since a run: its entries and flows",
    "export": "write a book as text under a seal, for who audits it",
    "man": "print this help, of all commands, as a manual page",
    "verify": "add the books up again, and price rides again with the plain engine",
}
WRONG_USE = 2
REFUSED = 1
BEYOND = 3                  # variances that the network does not let pass
FAULT = 70                  # of ours: EX_SOFTWARE of sysexits.h
STOPPED = 128 + 2           # by Ctrl-C, as shells count it
ADDRESSES_LEAST = 256 << 20     # below, libraries end the process in words of their own
WANTING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
READER_GONE = 128 + 13      # whoever read our output ended first: `onecard show rides | head`


class LazyGroup(click.Group):
    """Commands that are imported only when they run, so that --help answers at once."""

    context_class = PageContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"clearing.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return in_pages(command)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`help X` is `X --help`; the language can stand anywhere, also behind --help."""
        for before, word in pairwise(["onecard", *args]):
            if not word or (word.startswith("--") and word.endswith("=")):
                # A path that is "" would be the folder that one stands in.
                ctx.fail(Phrase("nothing stands behind {before!r}, where a word is wanted; if a "
                                "variable of the shell stood there, it has no value",
                                before=word or before))
        args = [*args[1:], "--help"] if args[:1] == ["help"] else args
        return super().parse_args(ctx, language_first(args))

    def resolve_command(self, ctx: click.Context, args: list[str]
                        ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; a misspelt one is told what it is written most like."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(Phrase("there is no command {command!r}; {remedy}", command=args[0],
                            remedy=did_you_mean(args[0], COMMANDS,
                                                Phrase("`onecard --help` lists them"))))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):     # click's word
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what is left of its output is written here, where a fault is caught."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            raise _ReaderGone from None     # click would end with 1, which means refusals here


def language_first(args: list[str]) -> list[str]:
    """Arguments with --lang before all others: help is told as soon as click meets it."""
    ends = args.index("--") if "--" in args else len(args)
    if "--lang" in args[:ends - 1]:
        place = args.index("--lang")
        return [*args[place:place + 2], *args[:place], *args[place + 2:]]
    return args


class _ReaderGone(Exception):
    """Nobody reads what is printed any more."""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="onecard")
@click.option("--lang", type=click.Choice(LANGUAGES), is_eager=True, expose_value=False,
              callback=lambda _, __, chosen: use(chosen) if chosen else None,
              help="Say it in Chinese or English; by default as ONECARD_LANG, LC_ALL or LANG has "
              "it. What machines read stays as it is.")
def onecard() -> None:
    """Clear transit taps: files in, a balanced ledger and net positions out.

    \b
    Example:
      onecard demo
      onecard clear taps/*.csv --network demo --book book
      onecard show positions --book book

    Exit codes: 0 all well, 1 records were refused, claims are held or books do not agree, 2 wrong
    use, or what it is called in (files, disk, limits, settings) keeps it from its work, 3 an
    operator's variances are beyond their limit, 70 a fault of the program itself.
    """


def main() -> None:
    """Run the command line; what went wrong is said in words, without a traceback."""
    sys.exit(_run())


def _run() -> int:
    """The exit code of the command line."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):     # names and records may hold what it cannot print
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    speak_for_click()
    use(language_of(os.environ))
    forget()
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if 0 <= limit < ADDRESSES_LEAST:
        say(Phrase("onecard: this process may map {limit} MB of memory (`ulimit -v`)\n"
                   "{least} MB at least\nrun `ulimit -v unlimited` before", limit=limit >> 20,
                   least=ADDRESSES_LEAST >> 20), err=True)
        return WRONG_USE
    try:
        return onecard(standalone_mode=False, prog_name="onecard") or 0
    except click.ClickException as error:
        vars(error).update(message=translated(error.message))   # which is final, click says
        error.show(cast(IO[str], Shown(sys.stderr)))    # it quotes what was typed
    except click.Abort:
        say(Phrase("stopped; {left}", left=say_outcome()), err=True)
        return STOPPED
    except _ReaderGone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except Exception as error:
        message = _message_of(error)
        if message is None:
            say(_report_of(error), err=True)
            return FAULT
        say(Phrase("onecard: {message}", message=message), err=True)
    return WRONG_USE


def _open_closed_streams() -> None:
    """Read and write nowhere where a stream was closed, as `>&-` does it.

    A file of the book would get its number else, and with it what the store prints.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))    # noqa: SIM115


def _report_of(fault: Exception) -> str:
    """What to send to the maintainers of a fault: where it is, and nothing of records or people."""
    import platform
    import re
    import traceback

    frames = traceback.extract_tb(fault.__traceback__)
    places = [f"  {Path(one.filename).name}:{one.lineno} {one.name}" for one in frames]
    # A word can be a card, a file or somebody's name, but for short ones and plain small letters;
    # and groups of digits can be a card's.
    said = re.sub(r"[^\s\"'(),:=]+", lambda word: word[0]
                  if re.fullmatch("[!-~]{1,5}|[A-Za-z]?[a-z_]+[.;]?", word[0]) else "…", str(fault))
    said = re.sub(r"\d+(?:\W{1,3}\d+)+", lambda digits: digits[0]
                  if len(digits[0]) < 12 else "…", said)
    return joined("\n", [
        Phrase("onecard: this is a fault of the program, not of your files; {left}",
               left=say_outcome()),
        Phrase("send these lines to the maintainers (docs/security.md says how):"),
        f"  onecard {__version__}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}", *places, f"  {type(fault).__name__}: {said}"])


def _is_wanting(error: Exception) -> bool:
    """Whether the system gives this process no more memory, files or threads."""
    return (isinstance(error, MemoryError)
            or (isinstance(error, OSError) and error.errno in WANTING)
            or (type(error) is RuntimeError and str(error) == "can't start new thread"))


def _message_of(error: Exception) -> str | None:
    """What to tell people of an error; None where it is a fault of the program itself."""
    from network.errors import OnecardError

    if isinstance(error, OnecardError):
        return error.said()
    if isinstance(error, OSError) and error.filename is None and error.errno in DISK_FAULTS:
        import tempfile

        return Phrase("{error}; {left}\nmake room or mend the disk: where the files are, where the "
                      "output goes, or in {folder} (TMPDIR names another)", error=error.strerror,
                      left=say_outcome(), folder=tempfile.gettempdir())
    if _is_wanting(error):
        return Phrase("this process gets no more of what it asks for: {error}; {left}\nraise the "
                      "limit (`ulimit -a` lists them, and a container has its own), or give it "
                      "less at once: --memory, fewer files, fewer --threads",
                      error=str(error) or "memory", left=say_outcome())
    if isinstance(error, FileNotFoundError) and error.filename is None:     # by os.getcwd
        return Phrase("the folder in which this was called is gone\nchange to one that is there")
    if isinstance(error, OSError) and error.filename is not None:
        return Phrase("{path}: {error}\ncheck the path, its owner and the disk",
                      path=os.fsdecode(error.filename), error=error.strerror)
    if isinstance(error, ImportError) and (error.name or "").split(".")[0] == "ext":
        return Phrase("the compiled kernels are missing or older than the rest ({error})\n"
                      "build them: pip install --editable . in the source folder, or install a "
                      "wheel", error=error)
    return None
