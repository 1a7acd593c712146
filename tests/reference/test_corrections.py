"""Of a record and its corrections the highest revision counts, whichever came first."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from clearing.reference.identity import sift
from clearing.reference.taps import Tap
from tests.reference.town import make_tap

TAP = replace(make_tap("single", "05-04 08:00:00", seq=7), source_line=2)
LATER = replace(TAP, tapped_at=TAP.tapped_at + 60, source_line=3)


def fixed(line: int, revision: int = 1, correction: str = "replace", later: int = 0) -> Tap:
    """A correction of the tap, by so many seconds."""
    return replace(TAP, correction=correction, revision=revision, correction_reason="wrong_time",
                   authority="bus", tapped_at=TAP.tapped_at + later, source_line=line)


@pytest.mark.parametrize(("taps", "kept", "codes"), [
    # what there is                                         lines kept  codes by line
    ([TAP, fixed(4)],                                       [4],        {2: "CORRECTED"}),
    ([TAP, LATER, fixed(4)],                [4],        {2: "CORRECTED", 3: "CORRECTED"}),
    ([TAP, fixed(4), fixed(5, 2)],          [5],        {2: "CORRECTED", 4: "CORRECTED"}),
    ([TAP, fixed(4), fixed(5, later=9)],
     [],        {2: "CORRECTED", 4: "CONFLICT", 5: "CONFLICT"}),
    ([TAP, fixed(4, correction="cancel")],                  [],         {2: "CORRECTED"}),
    ([fixed(4, correction="cancel")],                       [],         {}),
    ([fixed(4, correction="cancel"), fixed(5)], [],     {4: "CONFLICT", 5: "CONFLICT"}),
    ([fixed(4, correction="cancel"), fixed(5, 2)],          [5],        {4: "CORRECTED"}),
    ([fixed(4), fixed(5)],                                  [4],        {5: "DUPLICATE"}),
])
def test_which_record_counts(taps: list[Tap], kept: list[int], codes: dict[int, str]) -> None:
    for turn in itertools.permutations(taps):
        for runs in range(len(turn) + 1):       # so many of them came in an earlier run
            found, refusals = sift(turn[:runs], turn[runs:])
            if "DUPLICATE" not in codes.values():
                assert [tap.source_line for tap in found] == kept
            assert len(found) == len(kept)
            if runs == len(turn):   # what the book has was not said before it came
                continue
            told = {refusal.line: refusal.code for refusal in refusals}
            quiet = {tap.source_line for tap in turn[:runs]}
            if "DUPLICATE" not in codes.values():
                assert told == {line: code for line, code in codes.items()
                                if code != "CORRECTED" or line not in quiet}
            else:
                assert list(told.values()) == ["DUPLICATE"]
