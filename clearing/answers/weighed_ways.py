"""A table of revenue shares, made of the ways through a network, and its working."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from clearing.answers.documents.unfinished import whole_file
from network.errors import OnecardError
from network.language import Phrase
from network.revenue_shares import COLUMNS, read_links
from settlement.weighed_ways import Choice, Ways, parts_of

SHARES, WORKING = "shares.csv", "ways.csv"
WORKING_COLUMNS = ("from", "to", "way", "cost", "likelihood_ppm", "operator", "part_ppm")


class Weighed(NamedTuple):
    """What was written."""

    pairs: int              # of stops, each both ways
    ways: int
    files: tuple[Path, Path]


def weigh_ways(links: Path, choice: Choice, prices: Path | None, folder: Path) -> Weighed:
    """Write shares.csv, for a [[revenue_share]], and ways.csv, its working.

    links, prices: CSV files as network/revenue_shares.py reads them.
    Raises OnecardError where ways cannot be weighed or files not be written, and TableError.
    """
    alone = None if prices is None else {
        (min(row.from_stop, row.to_stop), max(row.from_stop, row.to_stop), row.operator):
        row.weight for row in read_links(prices)}
    ways, pairs, count = Ways(read_links(links), choice, alone), 0, 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            shares, working = (csv.writer(
                stack.enter_context(stack.enter_context(whole_file(folder / name)).open(
                    "w", encoding="utf-8", newline="")), lineterminator="\n")
                for name in (SHARES, WORKING))
            shares.writerow(COLUMNS)
            working.writerow(WORKING_COLUMNS)
            for start, end, weighed in ways.weigh():
                pairs, count = pairs + 1, count + len(weighed)
                parts = parts_of(weighed)
                shares.writerows((*pair, *part) for pair in ((start, end), (end, start))
                                 for part in parts.items())
                working.writerows((start, end, " ".join(one.way.stops), one.way.cost, one.ppm,
                                   *part) for one in weighed for part in one.parts.items())
    except OSError as error:
        raise OnecardError(Phrase("the files cannot be written: {strerror}",
                                  strerror=error.strerror), where=str(folder),
                           expected="a folder that can be written",
                           remedy="name another one with --out") from None
    return Weighed(pairs, count, (folder / SHARES, folder / WORKING))
