"""Where rows lie: which partition of its table a run's rows are in, and which of them count.

A run's rows are written into a partition of its own, so that what it leaves behind when it is not
committed is set apart as a whole. A file every five minutes for years would make hundreds of
thousands of such partitions; so the rows of small committed runs are folded together, some runs at
a time (folding.py): copied into a partition of many runs, and then, when the row in `folds` says
so, their own partitions are dropped. In between rows lie in both places, and count in one.
"""

from __future__ import annotations

from typing import NamedTuple

# A partition's number: a small run's own one has the run's number.
ALONE = 1 << 30     # more than that: of a large run, which stays in a partition of its own
FOLDED = 1 << 31    # and from here on of many small ones
BROUGHT = FOLDED - 1    # of rows that a reader has brought back from an archive, of whatever runs
LARGE_RUN = 1 << 18             # records; folding them would cost more than it saves
# How many are folded at a time: so many wait at most, and as many that were folded stay meanwhile.
# Each is some 50 files that every command opens; a fold takes half a second of a processor.
RUNS_OF_A_FOLD = 8
RUNS_OF_A_PARTITION = 1 << 15   # at most, of those that are folded


def part_of(run: int, *, is_large: bool) -> int:
    """The partition that a run is written into."""
    assert run < ALONE
    return run + ALONE * is_large


def own_rows(run: int) -> str:
    """A condition on rows: a run's, before it is folded, whether it counts or not."""
    return f"part IN ({', '.join(str(part_of(run, is_large=large)) for large in (False, True))})"


def folded_part(run: int) -> int:
    """The partition that a small run is folded into."""
    return FOLDED + (run - 1) // RUNS_OF_A_PARTITION


def run_of(part: int) -> int | None:
    """The only run that a partition is of; None: it is of many."""
    return None if part >= FOLDED else part % ALONE


class Span(NamedTuple):
    """The runs that count: from the first up to `last`, of which `folded` are folded."""

    last: int
    folded: int

    @property
    def sql(self) -> str:
        """A condition on rows."""
        return counted(str(self.last), str(self.folded), str(min(self.last, self.folded)))


def counted(last: str, folded: str, folded_last: str) -> str:
    """A condition on rows: they are of runs up to `last`, and lie where those are read."""
    return (f"(((part > {folded}) AND (part <= {last})) "
            f"OR ((part > {ALONE}) AND (part < {FOLDED}) AND (run <= {last})) "
            f"OR ((part >= {FOLDED}) AND (run <= {folded_last})))")
