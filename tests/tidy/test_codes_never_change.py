"""Numbers in ledgers and acknowledgements mean for ever what they meant on the first day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ext import codes
from ext.codes import Code
from network.refusals import WORDS

GOLDEN = Path(__file__).parent / "codes.txt"
STORED = ("Code", "TapKind", "RideState", "Cause", "Reason", "CorrectionKind",
          "CorrectionReason")


def test_numbers_are_those_that_were_given_out() -> None:
    """Never change or reuse one. A new one gets a line in codes.txt."""
    golden = GOLDEN.read_text("utf-8").split("\n")
    now = [f"{int(member):3} {name}.{member.name}"
           for name in STORED for member in getattr(codes, name)]
    assert sorted(now) == sorted(line for line in golden if line)


@pytest.mark.parametrize("name", STORED)
def test_each_number_is_one_thing(name: str) -> None:
    enum = getattr(codes, name)
    assert len(enum.__members__) == len({int(member) for member in enum})


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_every_code_says_what_it_means_and_what_to_do(code: Code) -> None:
    assert code in WORDS, f"{code.name} has no words in network/refusals.py"
    assert re.search(r"[;,] ", WORDS[code]), "say what it means; then what to do"
