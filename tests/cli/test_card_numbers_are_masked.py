"""Lists show no card number in full unless they are asked to; rides of a card still join."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import stat
from pathlib import Path

import openpyxl
import pytest

from clearing.answers.masking import KEY_FILE, KEY_FILE_VARIABLE
from network.cards import abridge_card
from tests.cli.conftest import Demo
from tests.cli.terminal import on_terminal
from tests.run.command import REPOSITORY, WITH_CARDS, accepted, onecard, refused, shown

NUMBER = re.compile(r"31[0-9]{17}")
TAPS = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))


def masked(topic: str, book: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(
        accepted("show", topic, "--csv", "--book", book).out)))


@pytest.mark.parametrize("topic", WITH_CARDS)
def test_a_list_has_no_card_in_full(topic: str, demo: Demo) -> None:
    for form in ("--csv", "--json", None):
        done = onecard("show", topic, *([form] if form else []), "--book", demo.book)
        assert done.code == 0
        assert not NUMBER.search(done.out + done.err)       # which columns are left out
    assert not NUMBER.search(on_terminal("show", topic, "--wide", "--book", demo.book))
    if shown(topic, demo.book):
        assert NUMBER.search(onecard("show", topic, "--cards", "full", "--book", demo.book).out)


def test_pseudonyms_join_what_cards_join(demo: Demo) -> None:
    every = shown("rides", demo.book)
    rides = masked("rides", demo.book)
    assert [row["card"] for row in rides] == [abridge_card(row["card"]) for row in every]
    of_card = {row["card_id"]: one["card"] for row, one in zip(rides, every, strict=True)}
    assert len(of_card) == len({row["card"] for row in every})
    assert [of_card[row["card_id"]] for row in rides] == [row["card"] for row in every]
    assert {row["card_id"] for row in masked("postings", demo.book)} <= of_card.keys()
    path = Path(demo.book) / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_key_gives_others(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                  ) -> None:
    before = masked("rides", demo.book)[0]["card_id"]
    key = tmp_path / "key"
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(key))
    words = ("show", "rides", "--csv", "--book", demo.book)
    assert "No such file" in refused(*words).err
    key.write_bytes(b"short")
    assert "5 bytes" in refused(*words).err
    monkeypatch.setenv(KEY_FILE_VARIABLE, "/dev/zero")      # would be a key that anybody has
    assert "it is no regular file" in refused(*words).err
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(key))
    assert accepted(*words, "--columns", "card").code == 0
    key.write_bytes(bytes(range(32)))
    assert masked("rides", demo.book)[0]["card_id"] != before


def test_a_masked_ride_is_explained_and_traced_as_it_is_named(demo: Demo) -> None:
    ride = shown("rides", demo.book)[0]
    counter = ride["card_seq"]
    named, whole = (f"{card}/{counter}" for card in (abridge_card(ride["card"]), ride["card"]))
    for command in ("explain", "trace"):
        for form in ((), ("--json",)):
            done = onecard(command, named, *form, "--book", demo.book)
            assert done.code == 0, done
            assert not NUMBER.search(done.out)
    assert json.loads(accepted("explain", whole, "--json", "--book", demo.book).out)[0]["card"] == (
        ride["card"])
    done = refused("explain", f"3…/{counter}", "--book", demo.book)
    assert f"cards like 3… have a ride {counter}" in done.err
    assert "0 cards like 9…" in refused("trace", f"9…/{counter}", "--book", demo.book).err


def test_a_network_can_forbid_full_numbers(tmp_path: Path) -> None:
    network, book = tmp_path / "network", tmp_path / "book"
    shutil.copytree(REPOSITORY / "examples" / "network", network)
    path = network / "network.toml"
    path.write_text('card_numbers = "masked"\n' + path.read_text("utf-8"), "utf-8")
    accepted("clear", *TAPS, "--network", network, "--book", book)
    done = refused("show", "rides", "--cards", "full", "--book", book)
    assert "card numbers are not listed in full" in done.err
    assert done.out == ""
    assert not NUMBER.search(accepted("show", "rides", "--book", book).out)
    done = refused("show", "runs", "--cards", "full", "--book", book)
    assert "leave out --cards full" in done.err
    document = ("statement", "--window", "2024-11-25", "--book", book, "--out", tmp_path / "out")
    for option in ("--cards full", "--centre-files"):
        assert f"leave out {option}" in refused(*document, *option.split()).err
    assert not (tmp_path / "out").exists()


def test_documents_have_masked_numbers(tmp_path: Path) -> None:
    """Unless they are asked for in full: statements, and bills with the rides behind them."""
    book = tmp_path / "book"
    accepted("clear", *TAPS, "--network", REPOSITORY / "examples" / "network", "--book", book)
    for document in (("statement", "--member", "hk-bus", "--window", "2024-11-25"),
                     ("bill", "--funder", "hk-civil", "--month", "2024-11")):
        for in_full, options in ((False, ()), (True, ("--cards", "full"))):
            out = tmp_path / f"{document[0]}-{in_full}"
            accepted(*document, *options, "--out", out, "--book", book)
            [rides] = out.glob("*-rides.csv")
            [workbook] = out.glob("*.xlsx")
            sheets = openpyxl.load_workbook(workbook).worksheets
            cells = "\n".join(str(cell) for sheet in sheets for row in sheet.values for cell in row)
            for text in (rides.read_text("utf-8"), cells):
                assert bool(NUMBER.search(text)) == in_full
                assert ("310500…0043" in text) != in_full
    done = refused("statement", "--month", "2024-11", "--no-rides", "--cards", "full",
                   "--out", tmp_path / "none", "--book", book)
    assert "--no-rides" in done.err
