"""Files that are there when they are whole, and else not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write what gets its name in the end; nothing is left where it is not finished.

    Raises OSError, which names a file.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)      # it can be a link that somebody laid there
        yield unfinished
        unfinished.replace(path)
    except OSError as error:        # an open file that cannot be written names none
        error.filename = error.filename or str(path)
        raise
    finally:
        unfinished.unlink(missing_ok=True)
