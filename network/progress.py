"""How far work has come, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]      # stage, done, of how many


def no_progress(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
