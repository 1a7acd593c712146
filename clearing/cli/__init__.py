"""The command `onecard`: one file per command, imported when it is called."""

from __future__ import annotations

import importlib
import sys

import click

from clearing import __version__

# Commands in the order in which people meet them: name, module, what it does.
COMMANDS = {
    "demo": "clear and settle a day of a made-up network",
    "clear": "clear tap files into a book",
    "settle": "close a window: positions, instructions, statements",
    "show": "list rides, entries, postings, positions, runs, files, refusals, variances",
    "explain": "say why a ride costs what it costs, and who paid",
    "tables": "check or print the fare tables of a network",
    "verify": "add the books up again, and price rides again with the plain engine",
}
WRONG_USE = 2
REFUSED = 1


class LazyGroup(click.Group):
    """Commands that are imported only when they run, so that --help answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"clearing.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="onecard")
def onecard() -> None:
    """Clear transit taps: files in, a balanced ledger and net positions out.

    \b
    Example:
      onecard demo
      onecard clear taps/*.csv --network demo --book book
      onecard show positions --book book

    Exit codes: 0 all well, 1 records were refused or books do not agree, 2 wrong use.
    """


def main() -> None:
    """Run the command line; what went wrong is said in words, without a traceback."""
    from clearing.errors import OnecardError

    try:
        onecard(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(WRONG_USE)
    except click.Abort:
        click.echo("stopped; nothing of the unfinished run is in the book", err=True)
        sys.exit(130)
    except OnecardError as error:
        click.echo(f"onecard: {error}", err=True)
        sys.exit(WRONG_USE)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
