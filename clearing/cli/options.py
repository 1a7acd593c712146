"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]

BOOK_HELP = "The ledger: a folder, or clickhouse://[user[:password]@]host[:port]/database."


def book_option(command: Command) -> Command:
    """--book, a folder or a server."""
    return click.option("--book", default="book", show_default=True, help=BOOK_HELP)(command)


def network_option(command: Command) -> Command:
    """--network, by default the one that the book was last cleared with."""
    return click.option(
        "--network", help="A shipped network by name, or a folder of your own. "
        "By default the one that the book was last cleared with.")(command)


def threads_option(command: Command) -> Command:
    """--threads, by default one per processor."""
    return click.option("--threads", type=click.IntRange(1, 256),
                        default=len(os.sched_getaffinity(0)), show_default="one per processor",
                        help="Threads to clear on; the outcome does not depend on it.")(command)


def format_options(command: Command) -> Command:
    """--json and --csv, for machines."""
    command = click.option("--csv", "form", flag_value="csv", help="Every row as CSV.")(command)
    return click.option("--json", "form", flag_value="json",
                        help="Every row as a JSON list.")(command)
