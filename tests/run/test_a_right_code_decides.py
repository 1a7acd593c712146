"""Two operators claim one counter of a card: the one whose authentication code is right has it.

With the command, as a rival would use it: before, behind, and after the window is closed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from clearing.intake.keystore import seal_keys
from tests.fares.folder import BUS, METRO, head, write
from tests.intake.test_authentication_codes import ISSUER_CODE, KEYS_TOML, SECRETS, code_of
from tests.run.command import accepted, codes_of, onecard, refused, shown, write_csv
from tests.run.test_claims_have_limits import COLUMNS, DAY
from tests.run.test_files_belong_to_senders import TRAM

PASSPHRASE = "an orange bus at noon"
CARD, DEVICE = "1000000000000001", "360486600002"
RIDE = f"{CARD}/7"
DEBIT = "000000C8" "09" f"{DEVICE}00000046" "20241125073000"    # 2.00, the terminal's 70th


def record(**values: Any) -> dict[str, Any]:
    """What the bus saw of the card, without a code."""
    return {"card": CARD, "card_seq": 7, "tapped_at": f"{DAY}T07:30:00", "operator": "bus",
            "device": DEVICE, "device_seq": 70, "mode": "bus", "kind": "single", "stop": "x",
            "medium": "card", "paid": 200, **values}


def signed(**values: Any) -> dict[str, Any]:
    """The same with the card's code."""
    code = code_of("00", bytes.fromhex(SECRETS["00"]),
                   [bytes.fromhex(ISSUER_CODE), bytes.fromhex(CARD)], bytes.fromhex(DEBIT))
    return record(tac=code.hex(), key_version=1, algorithm="00", **values)


RIVAL = record(operator="tram", device="T1", paid=900)


class Place:
    """A book that has keys, and files for it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.book, self.keys = folder, folder / "book", folder / "keys.sealed"
        (folder / "network").mkdir()
        self.network = write(folder / "network", {
            one: head(one) + fares for one, fares in (
                ("bus", BUS), ("metro", METRO), ("tram", BUS))}, network=TRAM)
        source = folder / "keys.toml"
        source.write_text(KEYS_TOML.replace('"one"', '"gz-card"'), "utf-8")
        self.keys.write_bytes(seal_keys(source, PASSPHRASE))
        self._files = 0

    def clear(self, *rows: dict[str, Any], keys: bool = True) -> str:
        self._files += 1
        path = write_csv(self.folder / f"{self._files}.csv", rows,
                         (*COLUMNS, "tac", "key_version", "algorithm"))
        words = ("--keys", self.keys) if keys else ()
        return accepted("clear", path, "--network", self.network, "--book", self.book, *words).out

    def riders(self) -> list[str]:
        """The operator of every ride that stands."""
        return [row["operator"] for row in shown("rides", self.book)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("ONECARD_KEYS_PASSPHRASE", PASSPHRASE)
    place = Place(tmp_path)
    with open_book(str(place.book)):
        yield place


@pytest.mark.parametrize("rival_first", [False, True])
def test_a_rival_takes_nothing(place: Place, rival_first: bool) -> None:
    """Nor by corrections of any revision, when all is closed; and the book says why."""
    fixed = {"correction": "replace", "revision": 9, "reason": "other", "authorised_by": "tram"}
    rivals = [RIVAL, {**RIVAL, **fixed}]
    for row in ([*rivals, signed()] if rival_first else [signed(), *rivals]):
        place.clear(row)
        onecard("settle", "--yes", "--window", DAY, "--book", place.book)
    assert accepted("verify", "--all", "--book", place.book).code == 0
    assert place.riders() == ["bus"]
    nets = {row["member"]: row["position"] for row in shown("positions", place.book)}
    assert (nets["bus"], nets.get("tram", 0)) == (200, 0)
    told = accepted("explain", RIDE, "--book", place.book).out
    assert "its authentication code is right" in told
    [explained] = json.loads(accepted("explain", RIDE, "--book", place.book, "--json").out)
    assert {one["operator"] for one in explained["unproven"]} == {"tram"}
    assert "UNPROVEN_RECORD" in codes_of(place.book)
    assert f"tram, line {explained['unproven'][0]['line']} of the file" in told


def test_a_wrong_code_helps_nobody(place: Place) -> None:
    place.clear(record())
    place.clear(signed(operator="tram", paid=900))
    assert place.riders() == ["bus"]
    assert codes_of(place.book) == ["TAC_INVALID"]


def test_a_code_that_comes_later_ends_the_conflict(place: Place) -> None:
    place.clear(record(), RIVAL)
    assert (place.riders(), codes_of(place.book)) == ([], ["CONTESTED", "CONTESTED"])
    place.clear(signed())
    assert place.riders() == ["bus"]
    [told] = json.loads(accepted("explain", RIDE, "--book", place.book, "--json").out)
    assert [one["operator"] for one in told["unproven"]] == ["tram"]


def test_without_keys_a_code_is_no_proof(place: Place) -> None:
    """Anybody can write eight digits; the same record in a run with keys is proven then."""
    place.clear(signed(), RIVAL, keys=False)
    assert (place.riders(), codes_of(place.book)) == ([], ["CONTESTED", "CONTESTED"])
    [path] = place.folder.glob("1.csv")
    accepted("clear", path, "--network", place.network, "--book", place.book, "--keys", place.keys)
    assert place.riders() == ["bus"]


def test_nobody_is_asked_where_nobody_is(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from cron: what is piped in would be taken for the passphrase, and shown."""
    monkeypatch.delenv("ONECARD_KEYS_PASSPHRASE")
    assert "standard input is no terminal" in refused("keys", "list", place.keys).err
