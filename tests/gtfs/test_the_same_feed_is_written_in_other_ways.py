"""A feed says the same with a byte-order mark, quotes, other columns' orders: so do its tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gtfs.riders import BASE, Files, bring_in, write_feed

FARES = {
    "fare_products.txt": "fare_product_id,rider_category_id,amount,currency\n"
                         "p,,2.50,EUR\np,child,1.20,EUR\nq,,3,EUR",
    "rider_categories.txt": "rider_category_id,rider_category_name,is_default_fare_category\n"
                            "adult,Adult,1\nchild,\"Child, to 14\",0",
    "areas.txt": "area_id\nX", "stop_areas.txt": "area_id,stop_id\nX,P\nX,Q",
    "fare_leg_rules.txt": "leg_group_id,from_area_id,to_area_id,fare_product_id\n"
                          "near,X,X,p\nfar,,,q",
    "fare_transfer_rules.txt": "from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,"
                               "duration_limit_type,fare_transfer_type\nnear,near,1,3600,1,0",
}
WAYS: dict[str, Callable[[list[list[str]]], list[list[str]]]] = {
    "backwards": lambda rows: [row[::-1] for row in rows],
    "more columns": lambda rows: [[*rows[0], "x_note", "x_blank"],
                                  *([*row, 'a, "b"', ""] for row in rows[1:])],
    "spaces": lambda rows: [[f" {cell} " if cell else "" for cell in row] for row in rows],
    "as it is": lambda rows: rows,
}


def written(text: str, way: str, **how: str | int) -> str:
    """A file's rows, told in another way."""
    rows = list(csv.reader(io.StringIO(text.strip(), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out, quoting=int(how.get("quoting", csv.QUOTE_MINIMAL)),
               lineterminator=str(how.get("lineterminator", "\n"))).writerows(WAYS[way](rows))
    return str(how.get("before", "")) + out.getvalue()


def made(folder: Path, files: Files) -> dict[str, str]:
    """What an import writes of tables, by file."""
    imported = bring_in(write_feed(folder / "feed", files), folder)
    return {path.name: path.read_text("utf-8") for path in imported.folder.iterdir()
            if path.suffix in (".toml", ".csv")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return made(tmp_path_factory.mktemp("plain"), {**BASE, **FARES})


@pytest.mark.parametrize(("way", "how"), [
    ("as it is", {"before": "\ufeff"}), ("as it is", {"quoting": csv.QUOTE_ALL}),
    ("as it is", {"before": "\ufeff", "quoting": csv.QUOTE_ALL}),
    ("as it is", {"lineterminator": "\r\n"}), ("backwards", {}), ("more columns", {}),
    ("spaces", {}),
])
def test_its_tables_are_the_same(plain: dict[str, str], way: str, how: dict[str, str | int],
                                 tmp_path: Path) -> None:
    files = {name: written(text, way, **how) for name, text in {**BASE, **FARES}.items()}
    assert made(tmp_path, files) == plain
