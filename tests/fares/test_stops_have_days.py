"""A stop that opens or closes needs a fare in the tables of its own days, and changes no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing.answers.check_tables import check_network
from tests.fares.folder import MATRIX, head, write

NEW = "from,to,amount\n" + "".join(
    f"{start},{end},400\n" for start in "abce" for end in "abce" if start != end)
ROW = '\n[[fare]]\nrule = "pairs"\nbasis = "od"\nmatrix = "{matrix}"\nsame_station = 200\n'

ALONG = """
[[fare]]
rule = "along"
basis = "distance"
distance = "line"
bands = [{ to_m = 4000, amount = 200 }, { every_m = 4000, add = 100 }]
"""


def write_two_versions(folder: Path, stops: str) -> None:
    """Until 2026 stops a to d, with a fare each; from then on e for d."""
    write(folder)
    (folder / "stops.csv").write_text(stops, "utf-8")
    (folder / "new.csv").write_text(NEW, "utf-8")
    (folder / "metro.toml").write_text(
        head("metro") + "in_force_until = 2025-12-31\n" + ROW.format(matrix="old.csv"), "utf-8")
    (folder / "old.csv").write_text(MATRIX, "utf-8")
    (folder / "metro-2026.toml").write_text(
        head("metro", "2026-01-01") + ROW.format(matrix="new.csv"), "utf-8")


def codes(folder: Path) -> set[str]:
    return {one.code for one in check_network(str(folder)).errors}


DAYS = """stop,name,in_force_from,in_force_until
a,A,,
b,B,,
c,C,2020-01-01,
d,D,,2025-12-31
e,E,2026-01-01,
"""


def test_a_stop_needs_no_fare_before_it_opens_and_after_it_closes(tmp_path: Path) -> None:
    write_two_versions(tmp_path, DAYS)
    assert codes(tmp_path) == set()


@pytest.mark.parametrize("stops", [
    DAYS.replace("2025-12-31", "2026-01-01"),       # a day on which it has no fare
    DAYS.replace("2026-01-01", "2025-12-31"),
    "".join(",".join(line.split(",")[:2]) + "\n" for line in DAYS.splitlines()),
])
def test_on_its_days_it_does(tmp_path: Path, stops: str) -> None:
    write_two_versions(tmp_path, stops)
    assert codes(tmp_path) == {"MATRIX_HOLE", "EDGE_FARE_MISSING"}


@pytest.mark.parametrize(("line", "said"), [
    ("d,D,2025-13-01,", "2025-13-01,  are no days"),
    ("d,D,2026-01-02,2026-01-01", "stop 'd' ends before it begins"),
])
def test_days_that_are_none(tmp_path: Path, line: str, said: str) -> None:
    write_two_versions(tmp_path, DAYS.replace("d,D,,2025-12-31", line))
    [found] = check_network(str(tmp_path)).errors
    assert said in found.what
    assert found.location is not None and found.location.excerpt == line


def test_along_a_line_too(tmp_path: Path) -> None:
    """The line of 2026 has no stop d any more, and its metres are of all that were ever on it."""
    write(tmp_path, {
        "metro": head("metro", more="in_force_until = 2025-12-31") + ALONG,
        "metro-2026": head("metro", "2026-01-01") + ALONG}, files={
            "stops.csv": DAYS, "links.csv": "from,to,metres\na,b,1000\nb,c,2000\nc,d,3000\nc,e,9\n",
            "line-stops.csv": "line,stop,metres\n1,a,0\n1,b,1000\n1,c,3000\n1,d,6000\n1,e,7000\n"})
    assert codes(tmp_path) == set()
