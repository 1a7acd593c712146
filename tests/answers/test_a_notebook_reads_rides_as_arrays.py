"""`import clearing`: a book's rides as NumPy and as Arrow, and what else is public."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import clearing
from clearing.answers.show import show
from tests.answers.conftest import RECEIVED_AT, TODAY, Asked
from tests.run.command import environment


def book_of(asked: Asked) -> str:
    return str(asked.folder / "book")


def test_three_lines_give_rides(asked: Asked) -> None:
    with clearing.open_book(book_of(asked)) as book:
        rides = book.rides()
    assert isinstance(rides, np.recarray)
    listed = show(asked.session, "rides")
    # Lists have names and more behind what an array has.
    assert rides.dtype.names == listed.columns[:len(rides.dtype)]
    listed_values = zip(*listed.rows, strict=True)
    for name, values in zip(rides.dtype.names, listed_values, strict=False):
        told = rides[name].astype(str).tolist() if rides[name].dtype.kind == "M" else (
            rides[name].tolist())
        assert tuple("" if one == "NaT" else one for one in told) == values, name
    assert rides.paid.sum() == rides[rides["operator"] == "gz-metro"].paid.sum() + (
        rides[rides["operator"] != "gz-metro"].paid.sum())


def test_arrow_has_the_same(asked: Asked) -> None:
    pytest.importorskip("pyarrow")
    with clearing.open_book(book_of(asked)) as book:
        rides, table = book.rides(), book.rides(form="arrow")
        assert book.rides(card="1", form="arrow").schema.names == list(rides.dtype.names or ())
    assert table.schema.names == list(rides.dtype.names or ())
    assert table["paid"].to_pylist() == rides.paid.tolist()
    assert table["rule"].to_pylist() == rides.rule.tolist()
    assert table["from_stop"].to_pylist() == rides.from_stop.tolist()
    assert table["ended_at"].null_count == np.isnat(rides.ended_at).sum() > 0
    assert str(table.schema.field("operator").type).startswith("dictionary<values=string")


def test_without_pyarrow_it_is_said_in_words(asked: Asked) -> None:
    with (clearing.open_book(book_of(asked)) as book,
          mock.patch.dict(sys.modules, {"pyarrow": None}),
          pytest.raises(clearing.OnecardError, match=r"onecard-clearing\[arrow\]")):
        book.rides(form="arrow")


def test_rides_can_be_narrowed_to_none(asked: Asked) -> None:
    with clearing.open_book(book_of(asked)) as book:
        every = book.rides()
        own = book.rides(card=str(every.card[0]))
        assert set(own.card.tolist()) == {every.card[0]}
        none = book.rides(window="2020-01-01")
    assert len(none) == 0
    assert none.dtype.names == every.dtype.names


def test_one_object_answers_every_question(asked: Asked) -> None:
    with clearing.open_book(book_of(asked)) as book:
        card, counter = next(book.show("rides").rows)[:2]
        assert book.explain(f"{card}/{counter}")[0].card == card
        assert book.verify(cards=10).agrees
        assert int(book.query("SELECT count() AS rides FROM ledger")["rides"][0]) > 0
        with pytest.raises(clearing.OnecardError):
            book.clear([], received_at=RECEIVED_AT)
    with (clearing.open_book(book_of(asked), network="demo", read_only=False) as book,
          pytest.raises(clearing.OnecardError, match="closed already")):
        book.settle(asked.settled.window, today=TODAY)


def test_a_book_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(clearing.OnecardError), clearing.open_book(tmp_path / "boook"):
        pass
    assert not (tmp_path / "boook").exists()


def test_the_public_names_are_there() -> None:
    for name in clearing.__all__:
        assert getattr(clearing, name) is not None
        assert name in dir(clearing)
        assert name in (clearing.__doc__ or "") or name == "__version__"
    with pytest.raises(AttributeError, match="no attribute 'clere'"):
        clearing.clere      # noqa: B018


def test_importing_it_imports_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, clearing; print(*sorted(sys.modules))"],
        env=environment(), capture_output=True, text=True, check=True)
    ours = [name for name in done.stdout.split() if name.startswith(("clearing", "network"))]
    assert ours == ["clearing"]
    assert "numpy" not in done.stdout.split()
