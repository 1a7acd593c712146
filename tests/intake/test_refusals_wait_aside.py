"""What is refused waits on the disk where it is much, and comes back as it was.

A folder of files of nothing but newlines, 100 KB each, once took 24 times its size of memory.
"""

from __future__ import annotations

import errno
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clearing.intake import spill
from clearing.intake.intake import Intake
from clearing.intake.spill import Aside
from network.errors import OnecardError
from tests.fuzz.test_intake_survives_any_bytes import OLD, OLD_LINE
from tests.intake.sender import file_of, line_of, outcomes, read
from tests.intake.test_authentication_codes import CASES, KEYS

BAD = ["", "x", line_of(operator="站"), line_of(), line_of(card="?" * 2000), line_of(paid="-")]
FILES: dict[str, dict[str, Any]] = {
    "lines": {"content": file_of(BAD * 40)},
    "codes": {"content": file_of([text for text, _ in CASES]), "keys": KEYS},
    "a layout": {"content": OLD + (OLD_LINE + b";;\n") * 40, "layout": "old"},
}


def told(intake: Intake) -> list[Any]:
    refusals = intake.refusals(0)
    return [outcomes(intake), refusals.records.tolist(),
            [refusals.raw(index) for index in range(len(refusals))]]


@pytest.mark.parametrize("name", FILES)
def test_it_comes_back_as_it_was(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                 ) -> None:
    how = {"block_bytes": 99, **FILES[name]}
    content = how.pop("content")
    held = told(read(tmp_path, content, **how))
    monkeypatch.setattr(spill, "ASIDE_BYTES", 60)
    for memory_bytes in (None, 1):      # taps of the same files are in the file, too
        intake = read(tmp_path, content, memory_bytes=memory_bytes, **how)
        assert any(isinstance(chunk.aside, Aside) for chunk in intake.chunks)
        assert all(len(chunk.refusals) == len(chunk.raw) == 0 for chunk in intake.chunks)
        assert told(intake) == held
        intake.close()


def test_a_file_of_too_many_says_the_first_of_each_kind(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clearing.intake.chunks.REFUSALS_MOST", 20)
    monkeypatch.setattr(spill, "ASIDE_BYTES", 0)
    with closing(read(tmp_path, file_of(BAD * 40), block_bytes=99)) as intake:
        reason = intake.files[0].reason
    assert reason.endswith("line 2 EMPTY_RECORD, line 3 COLUMN_COUNT, line 4 UNKNOWN_OPERATOR, "
                           "line 6 CARD_INVALID, line 7 AMOUNT_INVALID")


def test_a_disk_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(spill, "ASIDE_BYTES", 0)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OnecardError, match="cannot be written: No space left on device"):
        read(tmp_path, file_of(BAD))
