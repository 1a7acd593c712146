"""An issuer's cards ride on the service days that one of its admissions is in force on."""

from __future__ import annotations

from pathlib import Path

import pytest

from network.errors import TableError
from network.network import load_network
from tests.fares.folder import write
from tests.intake.sender import file_of, line_of, outcomes, read

TWICE = """
[[admission]]
issuer = "gz-card"
in_force_until = 2024-11-24

[[admission]]
issuer = "gz-card"
in_force_from = 2024-11-26
in_force_until = 2024-11-27
"""
CARD = {"card": "10001", "issuer": "gz-card"}
RECORDS = [
    # what the record says                                              its code
    ({"tapped_at": "20241125025959"},                                   "OK"),  # days begin at 3
    ({"tapped_at": "20241125030000"},                                   "ISSUER_NOT_ADMITTED"),
    ({"tapped_at": "20241126025959"},                                   "ISSUER_NOT_ADMITTED"),
    ({"tapped_at": "20241126030000"},                                   "OK"),
    ({"tapped_at": "20241128025959"},                                   "OK"),
    ({"tapped_at": "20241128030000"},                                   "ISSUER_NOT_ADMITTED"),
    ({"tapped_at": "20241125080000", "paid": "-5"},                     "OK"),  # gives back
    ({"tapped_at": "20241125080000", "paid": "5"},                      "ISSUER_NOT_ADMITTED"),
    ({"tapped_at": "20241125080000", "kind": "top_up"},                 "OK"),
    ({"tapped_at": "20241125080000", "card": "20001", "issuer": ""},    "ISSUER_NOT_ADMITTED"),
    ({"tapped_at": "20241125080000", "device": "", "kind": "single"},   "MISSING_VALUE"),
]


def test_the_service_day_decides(tmp_path: Path) -> None:
    """Of an issuer that is never admitted, too; whatever else is wrong with a record is told."""
    network = load_network(str(write(tmp_path, network=TWICE)))
    lines = [line_of(**{**CARD, "card_seq": str(seq), **values})
             for seq, (values, _) in enumerate(RECORDS)]
    found = outcomes(read(tmp_path, file_of(lines), network=network))
    assert [code for code, _ in found] == [code for _, code in RECORDS]


@pytest.mark.parametrize(("text", "said"), [
    ('issuer = "nobody"', "which network.toml does not have"),
    ('issuer = "gz-card"\nin_force_from = 2024-11-02\nin_force_until = 2024-11-01',
     "is in force from 2024-11-02 until 2024-11-01"),
])
def test_an_admission_that_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        load_network(str(write(tmp_path, network=f"\n[[admission]]\n{text}\n")))
