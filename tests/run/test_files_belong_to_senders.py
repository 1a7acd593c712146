"""A sender speaks for its own operators and devices: nobody can put records in another's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.fares.folder import write
from tests.run.command import accepted, codes_of, refused, shown, write_csv
from tests.run.test_claims_have_limits import COLUMNS, ride

TRAM = """
[[operator]]
code = "tram"
name = "Tram"
city = "gz"
modes = ["bus"]
charged_by = { default = "engine" }
"""
SENDERS = TRAM + """
[[sender]]
sender = "bus-gateway"
operators = ["bus"]
devices = "bus-devices.csv"
authorities = ["finance"]

[[sender]]
sender = "metro-gateway"
operators = ["metro", "tram"]
"""
DEVICES = "operator,device\nbus,D1\nbus,D2\n"
FIXED = {"correction": "replace", "revision": 1, "reason": "other"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder with a network that has senders, and a book."""
    (tmp_path / "network").mkdir()
    write(tmp_path / "network", network=SENDERS, files={"bus-devices.csv": DEVICES})
    with open_book(str(tmp_path / "book")):
        yield tmp_path


def clear(place: Path, *words: str | Path) -> str:
    return accepted("clear", *words, "--network", place / "network", "--book", place / "book").out


def test_a_folder_says_whose_its_files_are(place: Path) -> None:
    own = write_csv(place / "bus-gateway" / "1.csv", [
        ride(1), ride(2, device="D3"),
        ride(3, operator="metro", mode="metro", kind="in", stop="a"),
        ride(4, **FIXED, authorised_by="bus"), ride(5, **FIXED, authorised_by="finance"),
        ride(6, **FIXED, authorised_by="civil")], COLUMNS)
    other = write_csv(place / "metro-gateway" / "1.csv", [
        ride(7, operator="metro", mode="metro", kind="in", stop="a"), ride(8)], COLUMNS)
    clear(place, own, other)
    assert codes_of(place / "book") == ["FOREIGN_DEVICE", "FOREIGN_OPERATOR", "FOREIGN_OPERATOR",
                                        "UNKNOWN_AUTHORITY"]
    assert [file["sender"] for file in shown("files", place / "book")] in (
        ["bus-gateway", "metro-gateway"], ["metro-gateway", "bus-gateway"])


def test_nobody_spoils_what_is_another_operators(place: Path) -> None:
    """The same record, told otherwise by who may not: it is no conflict, whoever comes first."""
    forged = write_csv(place / "metro-gateway" / "1.csv", [ride(1, device="D9")], COLUMNS)
    true = write_csv(place / "bus-gateway" / "1.csv", [ride(1)], COLUMNS)
    clear(place, forged)
    clear(place, true)
    clear(place, write_csv(place / "metro-gateway" / "2.csv", [ride(1, device="D8")], COLUMNS))
    assert codes_of(place / "book") == ["FOREIGN_OPERATOR", "FOREIGN_OPERATOR"]
    [standing] = shown("rides", place / "book")
    assert standing["operator"] == "bus"


def test_who_claims_anothers_ride_never_has_it(place: Path) -> None:
    """Nor by corrections: a counter that two claim is apart until another says whose it is."""
    rivals = [ride(1, operator="tram", device="T1", paid=900),
              ride(1, operator="tram", device="T1", paid=900, **{**FIXED, "revision": 9},
                   authorised_by="tram")]
    clear(place, write_csv(place / "bus-gateway" / "1.csv", [ride(1), ride(2)], COLUMNS))
    for number, row in enumerate(rivals):
        clear(place, write_csv(place / "metro-gateway" / f"{number}.csv", [row], COLUMNS))
        assert [one["operator"] for one in shown("rides", place / "book")] == ["bus"]
    listed = shown("refusals", place / "book", "--reason", "CONTESTED")
    assert [one["file"] for one in listed] == ["1.csv", "0.csv", "1.csv"]
    forged = ride(1, operator="tram", paid=900, **FIXED, authorised_by="finance")
    clear(place, write_csv(place / "metro-gateway" / "3.csv", [forged], COLUMNS))
    assert "UNKNOWN_AUTHORITY" in codes_of(place / "book")
    clear(place, write_csv(place / "bus-gateway" / "2.csv", [
        ride(1, **FIXED, authorised_by="finance")], COLUMNS))
    assert [one["operator"] for one in shown("rides", place / "book")] == ["bus", "bus"]
    assert accepted("verify", "--all", "--book", place / "book").code == 0


def test_a_file_given_again_is_its_senders_still(place: Path) -> None:
    path = write_csv(place / "anywhere.csv", [ride(1), ride(3, operator="tram")], COLUMNS)
    clear(place, path, "--sender", "metro-gateway")
    assert codes_of(place / "book") == ["FOREIGN_OPERATOR", "NO_FARE"]
    accepted("clear", "--retry", "--book", place / "book")
    assert {file["sender"] for file in shown("files", place / "book")} == {"metro-gateway"}


def test_a_run_says_by_its_digest_who_spoke(place: Path) -> None:
    path = write_csv(place / "anywhere.csv", [ride(1, kind="nothing")], COLUMNS)
    for sender in ("bus-gateway", "metro-gateway"):
        clear(place, path, "--sender", sender)
    digests = [run["digest"] for run in shown("runs", place / "book")]
    assert len(digests) == len(set(digests)) == 2


@pytest.mark.parametrize(("words", "said"), [
    ((), "no sender 'elsewhere'"), (("--sender", "x"), "no sender 'x'"),
    (("--sender", " "), "bus-gateway, metro-gateway")])
def test_a_file_is_somebodys(place: Path, words: tuple[str, ...], said: str) -> None:
    path = write_csv(place / "elsewhere" / "1.csv", [ride(1)], COLUMNS)
    done = refused("clear", path, *words, "--network", place / "network", "--book", place / "book")
    assert said in done.err
    assert "--sender" in done.err


def test_no_sender_makes_a_folder_of_anothers(place: Path) -> None:
    """What it puts there would be believed as the other's, where all of an inbox is cleared."""
    path = write_csv(place / "metro-gateway" / "new" / "bus-gateway" / "1.csv", [ride(1)], COLUMNS)
    names = ("--network", place / "network", "--book", place / "book")
    done = refused("clear", path, *names)
    assert "in a folder of bus-gateway within one of metro-gateway" in done.err
    clear(place, path, "--sender", "metro-gateway")
    assert codes_of(place / "book") == ["FOREIGN_OPERATOR"]


def test_two_senders_are_two_folders(place: Path) -> None:
    model = place / "network" / "network.toml"
    model.write_text(model.read_text("utf-8").replace('"metro-gateway"', '"Bus-Gateway"'), "utf-8")
    path = write_csv(place / "bus-gateway" / "1.csv", [ride(1)], COLUMNS)
    done = refused("clear", path, "--network", place / "network", "--book", place / "book")
    assert "'bus-gateway' and 'Bus-Gateway', which are one folder" in done.err


@pytest.mark.parametrize(("sender", "devices", "said"), [
    ('operators = ["boat"]',                          "",            "speaks for 'boat'"),
    ('operators = ["bus"]\nauthorities = ["boat"]',   "",            "speaks for 'boat'"),
    ('operators = ["bus"]\ndevices = "../x.csv"',     "",            "no CSV file"),
    ('operators = ["bus"]\ndevices = "d.csv"',        "metro,D1\n",  "does not speak for"),
    ('operators = ["bus"]\ndevices = "d.csv"',        "bus,\n",      "has 0 bytes"),
])
def test_a_sender_is_data_that_can_be(tmp_path: Path, sender: str, devices: str, said: str) -> None:
    (tmp_path / "network").mkdir()
    write(tmp_path / "network", network=f'\n[[sender]]\nsender = "s"\n{sender}\n',
          files={"d.csv": f"operator,device\n{devices}"})
    path = write_csv(tmp_path / "1.csv", [ride(1)], COLUMNS)
    done = refused("clear", path, "--sender", "s", "--network", tmp_path / "network",
                   "--book", tmp_path / "book")
    assert said in done.err


def test_a_network_without_senders_has_none(tmp_path: Path) -> None:
    (tmp_path / "network").mkdir()
    path = write_csv(tmp_path / "1.csv", [ride(1)], COLUMNS)
    done = refused("clear", path, "--sender", "s", "--network", write(tmp_path / "network"),
                   "--book", tmp_path / "book")
    assert "none: it has no [[sender]]" in done.err
