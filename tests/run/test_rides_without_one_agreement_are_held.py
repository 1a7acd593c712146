"""A ride without an agreement, or with two, is held where the network wants that, never guessed at.

Whoever runs the network finds such rides before there are any; the clerk sees why one is held, and
once the agreements are mended it is settled like any other.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.run.command import REPOSITORY, accepted, onecard, refused, shown, write_csv

DAY = "2024-11-25"
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "medium")
# Of Haikou cards by QR code: one at home, one in Zhongshan, where `nationwide` holds.
RIDES = [
    {"card": "3105000020000000035", "card_seq": 1, "tapped_at": f"{DAY}T08:00:00",
     "operator": "hk-bus", "device": "P1", "device_seq": 1, "mode": "bus", "kind": "single",
     "stop": "龙华总站", "line": "19", "medium": "qr"},
    {"card": "3105000020000000043", "card_seq": 1, "tapped_at": f"{DAY}T09:00:00",
     "operator": "zs-bus", "device": "P2", "device_seq": 1, "mode": "bus", "kind": "single",
     "stop": "", "line": "12", "medium": "qr"},
]
AT_HOME = '\n[[agreement]]\nagreement = "at-home"\nbetween = "city"\nissuer_per_ride = 2\n'
APPROVER = '\n[[approver]]\ncode = "li.wei"\nname = "李伟"\n'
QR = '\n[[agreement]]\nagreement = "qr"\nmedia = ["qr"]\nissuer_ppm = 1000\n'


def network_with(folder: Path, keys: str, agreements: str = "") -> Path:
    """The example network with these keys, and these agreements behind its own."""
    network = folder / "network"
    if not network.exists():
        shutil.copytree(REPOSITORY / "examples" / "network", network)
    own = (REPOSITORY / "examples" / "network" / "network.toml").read_text("utf-8")
    (network / "network.toml").write_text(f"{keys}\n{own}{agreements}", "utf-8")
    return network


def clear(folder: Path, network: Path, rows: list[dict[str, object]] = RIDES) -> Path:
    taps = write_csv(folder / f"taps-{len(rows)}.csv", rows, COLUMNS)
    accepted("clear", taps, "--network", network, "--book", folder / "book")
    return folder / "book"


def held(book: Path) -> dict[str, tuple[bool, str]]:
    """By operator, whether its ride is held, and the words of its second leg."""
    return {row["operator"]: (bool(row["held"]), row["leg2_cause"])
            for row in shown("entries", book) if row["paid"] >= 0}


def test_no_agreement_is_no_fee_where_nobody_says_otherwise(tmp_path: Path) -> None:
    network = network_with(tmp_path, "")
    assert onecard("tables", "check", network).code == 0
    assert {one for one, _ in held(clear(tmp_path, network)).values()} == {False}


def test_a_ride_without_an_agreement_is_found_held_and_settled_once_there_is_one(
        tmp_path: Path) -> None:
    network = network_with(tmp_path, 'no_agreement = "hold"')
    checked = onecard("tables", "check", network)
    assert checked.code == 1
    assert "NO_AGREEMENT" in checked.out
    found = " ".join(checked.out.split())
    assert "rides with hk-bus (bus) of hk-card (ordinary, by card), from 2024-10-01 on" in found
    assert "of zs-card (ordinary, by card)" in found
    assert "rides with hk-bus (bus) of zs-card" not in found
    book = clear(tmp_path, network)
    assert held(book) == {"hk-bus": (True, "no_agreement"), "zs-bus": (False, "clearing_fee")}
    assert not [row for row in shown("positions", book) if row["member"] == "hk-bus"]
    assert "held, not settled: no agreement holds for it" in accepted(
        "explain", "3105000020000000035/1", "--book", book).out
    assert accepted("verify", "--all", "--book", book).code == 0
    assert [(row["ride"], row["why"]) for row in json.loads(
        accepted("held", "list", "--json", "--cards", "full", "--book", book).out)] == [
        ("3105000020000000035/1", "no agreement")]
    network_with(tmp_path, 'no_agreement = "hold"', APPROVER)
    said = refused("held", "release", "3105000020000000035/1", "--by", "li.wei", "--book", book,
                   "--network", network).err
    assert "held for another reason: no agreement" in said
    assert "mend the agreements in network.toml" in said

    network_with(tmp_path, 'no_agreement = "hold"', AT_HOME)
    assert onecard("tables", "check", network).code == 0
    clear(tmp_path, network, [{**RIDES[1], "card_seq": 2, "tapped_at": f"{DAY}T10:00:00"}])
    [net] = [row["position"] for row in shown("positions", book) if row["member"] == "hk-bus"]
    assert net == 198
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_ride_with_two_agreements_is_found_held_and_settled_once_there_is_one(
        tmp_path: Path) -> None:
    network = network_with(tmp_path, 'agreements_overlap = "hold"', QR)
    checked = " ".join(onecard("tables", "check", network).out.split())
    assert "AGREEMENTS_OVERLAP" in checked
    assert "it holds beside 'nationwide' for rides with" in checked
    book = clear(tmp_path, network)
    assert held(book) == {"hk-bus": (False, ""), "zs-bus": (True, "agreements_overlap")}
    assert "the agreements nationwide and qr both hold for it" in accepted(
        "explain", "3105000020000000043/1", "--book", book).out
    assert accepted("verify", "--all", "--book", book).code == 0


def test_of_very_many_parties_the_first_are_named_and_the_others_counted(tmp_path: Path) -> None:
    issuers = "".join(f'[[issuer]]\ncode = "i{number}"\nname = ""\ncity = "6410"\n'
                      for number in range(120))
    checked = onecard("tables", "check", network_with(tmp_path, 'no_agreement = "hold"', issuers))
    assert checked.out.count("NO_AGREEMENT") == 100
    # Each of 121 issuers of Haikou with its own city's bus, and one of Zhongshan with its own.
    assert "; and for 22 more issuers with operators" in checked.out


@pytest.mark.parametrize(("keys", "found"), [
    ('no_agreement = "refuse"', "refuse"), ("agreements_overlap = true", "agreements_overlap")])
def test_a_word_that_means_nothing_here_is_refused(tmp_path: Path, keys: str, found: str) -> None:
    done = onecard("tables", "check", network_with(tmp_path, keys))
    assert done.code in (1, 2)
    assert found in done.out + done.err
