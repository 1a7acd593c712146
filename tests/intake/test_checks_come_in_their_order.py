"""A record that is wrong in several ways has the code of the first check that it fails."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from network.network import Network, load_network
from tests.fares.folder import write
from tests.intake.sender import file_of, line_of, outcomes, read
from tests.properties.days import RIGHT_CODE
from tests.properties.test_proofs_decide import AnyKey

LISTED = b"card\n10001\n"
LISTS = 'terminals = "terminals.csv"\nunknown_terminals = "refused"\n'
TERMINALS = """operator,device,line,vehicle,in_force_from,in_force_until
bus,413100644822,1,,,
"""
NETWORK = f"""
[[admission]]
issuer = "gz-card"
in_force_from = 2024-11-26

[[deny_list]]
version = 1
on_validators_at = 2024-11-01T04:00:00
file = "1.csv"
sha256 = "{hashlib.sha256(LISTED).hexdigest()}"

[[ride_code_authority]]
index = 1
key = "02{'00' * 32}"

[[sender]]
sender = "bus-gateway"
operators = ["bus"]
devices = "own.csv"
"""
RIGHT = {"card": "10002", "issuer": "gz-card", "device": "413100644822", "paid": "5",
         "tapped_at": "20241126080000", "tac": RIGHT_CODE, "kind": "single"}
# What is asked of a record, in order: a value that fails, and the code.
CHECKS = [
    ({"kind": "test"},                  "TEST_RECORD"),
    ({"device": "413100644823"},        "FOREIGN_DEVICE"),
    ({"paid": "x"},                     "AMOUNT_INVALID"),
    ({"device": "413100644824"},        "UNKNOWN_TERMINAL"),
    ({"line": "2"},                     "TERMINAL_ELSEWHERE"),
    ({"tapped_at": "20241125080000"},   "ISSUER_NOT_ADMITTED"),
    ({"card": "10001"},                 "CARD_DENIED"),
    ({"tac": "01234567"},               "TAC_INVALID"),
    ({"ride_code": "81"},               "RIDE_CODE_MALFORMED"),
]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = tmp_path_factory.mktemp("network")
    (folder / "deny").mkdir()
    (folder / "deny" / "1.csv").write_bytes(LISTED)
    write(folder, network=NETWORK, files={
        "own.csv": "operator,device\nbus,413100644822\nbus,413100644824\n",
        "terminals.csv": TERMINALS})
    toml = folder / "network.toml"
    toml.write_text(LISTS + toml.read_text("utf-8"), "utf-8")
    return load_network(str(folder))


def test_the_first_check_that_fails_gives_the_code(tmp_path: Path, network: Network) -> None:
    """Each record fails one check less than the one before it; the last one none."""
    lines = []
    for first in range(len(CHECKS) + 1):
        wrong = {name: value for values, _ in reversed(CHECKS[first:])
                 for name, value in values.items()}
        lines.append(line_of(**{**RIGHT, **wrong, "card_seq": str(first)}))
    found = outcomes(read(tmp_path, file_of([lines[0] + ",more", *lines]), network=network,
                          keys=AnyKey(), senders="bus-gateway"))
    assert [code for code, _ in found] == ["COLUMN_COUNT", *(code for _, code in CHECKS), "OK"]
