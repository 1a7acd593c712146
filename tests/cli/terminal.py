"""A command as a person calls it, who looks at its output on a terminal."""

from __future__ import annotations

import contextlib
import io
import sys
from unittest import mock

from clearing.cli import main


class Terminal(io.StringIO):
    """Output that a person looks at."""

    def isatty(self) -> bool:
        return True


def on_terminal(*arguments: str) -> str:
    """What a command prints on a terminal; its width is by COLUMNS in the environment."""
    out = Terminal()
    with (mock.patch.object(sys, "argv", ["onecard", *arguments]),
          contextlib.redirect_stdout(out), contextlib.suppress(SystemExit)):
        main()
    return out.getvalue()
