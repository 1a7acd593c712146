"""Metres and fares between stops, from a network's CSV files, whatever stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fare_tables.compile.distances import (
    UNREACHED,
    Tracks,
    edge_fares,
    fares_by_bands,
    narrow,
)
from fare_tables.compile.matrices import fares_by_stops
from fare_tables.model import Fare
from network.errors import TableError
from network.files import read_csv
from network.folder import NetworkFolder
from tests.kernels.ground import LINKS, STOPS

FAR = int(UNREACHED)


def metres_of(folder: Path, links: str, stops: Sequence[str] = STOPS) -> npt.NDArray[np.int64]:
    (folder / "links.csv").write_text(links, "utf-8")
    return Tracks(NetworkFolder(folder)).metres("links.csv", stops)


def fares_of(folder: Path, matrix: str, column: str = "amount") -> list[list[int]]:
    (folder / "od.csv").write_text(matrix)
    fare = Fare(rule="od", basis="od", matrix="od.csv", column=column)
    return fares_by_stops(NetworkFolder(folder), fare, ("a", "b")).tolist()


def test_the_shortest_way_counts(tmp_path: Path) -> None:
    metres = metres_of(tmp_path, LINKS)
    assert metres.tolist() == [
        [0,    1000, 3000, 2500, FAR],
        [1000, 0,    2000, 3500, FAR],
        [3000, 2000, 0,    3000, FAR],
        [2500, 3500, 3000, 0,    FAR],
        [FAR,  FAR,  FAR,  FAR,  0],
    ]


def test_the_shorter_of_two_links_counts_both_ways(tmp_path: Path) -> None:
    links = "from,to,metres\na,b,900\nb,a,700\na,b,800\n"
    assert metres_of(tmp_path, links, ("a", "b")).tolist() == [[0, 700], [700, 0]]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2_000_000_000)),
                max_size=14))
def test_no_detour_is_shorter(links: list[tuple[int, int, int]]) -> None:
    """The same as trying every way in turn."""
    import tempfile

    stops = [str(stop) for stop in range(6)]
    text = "from,to,metres\n" + "".join(f"{a},{b},{length}\n" for a, b, length in links)
    with tempfile.TemporaryDirectory() as folder:
        found = metres_of(Path(folder), text, stops)
    slow = {(a, b): 0 if a == b else FAR for a, b in product(range(6), repeat=2)}
    for _ in stops:
        for (a, b, length), here in product(links, range(6)):
            slow[here, b] = min(slow[here, b], slow[here, a] + length)
            slow[here, a] = min(slow[here, a], slow[here, b] + length)
    assert {pair: int(found[pair]) for pair in slow} == slow


@pytest.mark.parametrize(("text", "said"), [
    ("",                                    ":1: the header is missing, not from,to,metres"),
    ("from,to\n",                           ":1: the header is from,to, not from,to,metres"),
    ("from,to,metres\na,b\n",               ":2: 2 fields, not 3"),
    ("from,to,metres\na,b,1\na,x,1\n",      ":3: stop 'x' is not in the operator's stops"),
    ("from,to,metres\na,b,1.5\n",           ":2: '1.5' is not a whole number from 0 to 2000000000"),
    ("from,to,metres\na,b,-1\n",            ":2: '-1' is not a whole number"),
    ("from,to,metres\na,b,\n",              ":2: '' is not a whole number"),
    ("from,to,metres\na,b,２\n",            ":2: '２' is not a whole number"),
    ("from,to,metres\na,b,2000000001\n",    ":2: '2000000001' is not a whole number"),
    ("from,to,metres\na,b," + "9" * 5000 + "\n", ":2: '99999999999999999999' is not a whole"),
    ("from,to,metres\na,b," + "9" * 200_000 + "\n", ":1: cannot be read: field larger than"),
])
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TableError) as caught:
        metres_of(tmp_path, text)
    what, *remedy = str(caught.value).split("\n")
    assert what.startswith(f"{tmp_path}/links.csv{said}")
    assert remedy and all(remedy)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"cannot be read: .*No such file"):
        read_csv(tmp_path / "none.csv", ("a",))
    (tmp_path / "old.csv").write_bytes("站,名\n".encode("gb18030"))
    with pytest.raises(TableError, match=r"old\.csv:1: is not UTF-8: .* at byte"):
        read_csv(tmp_path / "old.csv", ("站", "名"))


# To 1 km 2.00, then 1.00 more per km begun to 3 km, then 0.50 more per 4 km to 9 km.
BANDS = [{"reached": 0, "to": 1000, "every": 0, "amount": 200, "add": 0},
         {"reached": 1000, "to": 3000, "every": 1000, "amount": 200, "add": 100},
         {"reached": 3000, "to": 9000, "every": 4000, "amount": 400, "add": 50}]


@pytest.mark.parametrize(("metres", "fare"), [
    (0, 200), (1000, 200), (1001, 300), (2000, 300), (2001, 400), (3000, 400), (3001, 450),
    (7000, 450), (7001, 500), (9000, 500), (9001, -1), (FAR, -1), (FAR + 5, -1),
])
def test_bands_reach_up_to_and_including_their_end(metres: int, fare: int) -> None:
    fares = fares_by_bands(np.array([[metres]]), BANDS, 0)
    assert fares.tolist() == [[fare]]


def test_a_band_without_end_reaches_every_stop_that_is_reached() -> None:
    bands = [BANDS[0], BANDS[1] | {"to": 2**63 - 1, "add": 1}]
    assert fares_by_bands(np.array([[999_999, FAR]]), bands, 0).tolist() == [[1199, -1]]


def test_a_matrix_is_what_the_file_says(tmp_path: Path) -> None:
    """A column for each sort of fare; a blank field is no fare."""
    text = "from,to,amount,child\na,b,300,150\nb,a,250,\nb,b,0,0\n"
    found = {column: fares_of(tmp_path, text, column)
             for column in ("amount", "child")}
    assert found == {"amount": [[-1, 300], [250, 0]], "child": [[-1, 150], [-1, 0]]}


@pytest.mark.parametrize(("line", "said"), [
    ("a,b,400", ":3: the fare from 'a' to 'b' is given twice"),
    ("a,x,400", ":3: stop 'x' is not in the operator's stops"),
    ("b,a,1e3", ":3: '1e3' is not a whole number"),
    ("b,a", ":3: 2 fields, not 3"),
])
def test_a_broken_matrix_is_refused_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(TableError) as caught:
        fares_of(tmp_path, f"from,to,amount\na,b,300\n{line}\n")
    what, *remedy = str(caught.value).split("\n")
    assert what.startswith(f"{tmp_path}/od.csv{said}")
    assert remedy and all(remedy)


@pytest.mark.parametrize(("header", "said"), [
    ("from,to,fare", "there is no column 'amount', only fare"),
    ("to,from,amount", "the header is to,from,amount"),
    ("from,to,amount,amount", "the header is from,to,amount,amount"),
])
def test_a_matrix_without_its_column_is_refused(tmp_path: Path, header: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        fares_of(tmp_path, f"{header}\n")


def test_a_fare_that_no_price_can_be_is_refused() -> None:
    assert narrow(np.array([2_000_000_000])).tolist() == [2_000_000_000]
    with pytest.raises(TableError, match="a fare of 2000000001 is more than 2000000000"):
        narrow(np.array([2_000_000_001]))


def test_edges_are_lowest_and_highest_as_way_in_and_as_way_out() -> None:
    fares = np.array([[0, 300, 500], [250, 0, -1], [-1, -1, 0]], dtype=np.int32)
    assert edge_fares(fares).tolist() == [[300, 500, 250, 250], [250, 250, 300, 300],
                                          [-1, -1, 500, 500]]
    assert edge_fares(np.zeros((0, 0), np.int32)).shape == (0, 4)
