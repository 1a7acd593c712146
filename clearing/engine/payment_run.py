"""A run that clears nothing and leaves every ride: of payments, disputes or an archive."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from clearing import __version__
from clearing.book import Book, Counts, OpenRun, Run
from clearing.engine.run import check_parent


@contextmanager
def payment_run(book: Book, last: Run, inputs: Sequence[object],
                kind: Literal["pay", "dispute", "archive"] = "pay") -> Iterator[OpenRun]:
    """A run to write rows of one of these into; committed where nothing is raised.

    last: the run that the caller has decided by, the book's last; inputs: what else decided.
    Raises OnecardError where another one was committed since.
    """
    what = [kind, __version__, last.digest, *inputs]
    digest = hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()
    with book.begin(digest=digest, kind=kind) as run:
        check_parent(run, last)
        yield run
        # By what open windows were cleared has not changed: see changed_since.
        run.commit(run.conclude(
            version=last.version, network=last.network, network_digest=last.network_digest,
            tables=json.loads(last.tables), counts=Counts()))
